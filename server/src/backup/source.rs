//! Where a restore takes its backup from: a file, the newest in a folder, or one of a bucket, which is fetched first.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::BackupError;
use super::place::{Place, is_ours};
use super::restore::{check_empty, folder_beside};
use super::room::Draft;
use super::s3::settings::{S3Settings, is_s3};

/// A backup on this machine, with the tombstones in the same folder.
#[derive(Debug)]
pub struct Found {
    /// The file.
    pub file: PathBuf,
    /// Where it came from, for people.
    pub shown: String,
    /// The folder it was fetched to.
    fetched: Option<PathBuf>,
}

impl Found {
    /// A file on this machine.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self { file: path.to_owned(), shown: path.display().to_string(), fetched: None }
    }

    /// Finds the backup that `text` names (a file, a folder, `s3://bucket/prefix` or `s3://bucket/prefix/file`; of several
    /// the newest) for a restore into the new folder `data`. What was fetched lies beside it until [`Found::discard`].
    ///
    /// # Errors
    /// [`BackupError::None`] when there is none, [`BackupError::NotEmpty`].
    pub async fn find(text: &str, settings: &S3Settings, data: &Path) -> Result<Self, BackupError> {
        check_empty(data)?;
        if !is_s3(text) && !Path::new(text).is_dir() {
            return Ok(Self::file(Path::new(text)));
        }
        let (at, name) = match text.rsplit_once('/') {
            Some((at, name)) if is_ours(name) => (at, Some(name.to_owned())),
            _ => (text, None),
        };
        let place = Place::read(at, settings, Path::new(""))?;
        let name = match name {
            Some(name) => name,
            None => place.backups().await?.pop().ok_or_else(|| BackupError::None(place.describe("")))?,
        };
        if let Place::Folder(folder) = &place {
            return Ok(Self::file(&folder.join(name)));
        }
        let folder = folder_beside(data, "unduhan")?;
        let found = Self { file: folder.join(&name), shown: place.describe(&name), fetched: Some(folder) };
        match found.fetch(&place, &name).await {
            Ok(()) => Ok(found),
            Err(error) => {
                found.discard()?;
                Err(error)
            }
        }
    }

    async fn fetch(&self, place: &Place, name: &str) -> Result<(), BackupError> {
        let folder = self.file.parent().unwrap_or_else(|| Path::new("."));
        for name in place.notes().await?.iter().map(String::as_str).chain([name]) {
            let draft = Draft { file: folder.join(name), reserve: 0 };
            let path = draft.file.clone();
            let copied = place.read_with(name, move |mut stored| {
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
                io::copy(&mut stored, &mut file)?;
                Ok(file.sync_all()?)
            });
            copied.await.map_err(|error| draft.reason(error))?;
        }
        Ok(())
    }

    /// Removes what was fetched.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    pub fn discard(&self) -> Result<(), BackupError> {
        match &self.fetched {
            Some(folder) => Ok(fs::remove_dir_all(folder)?),
            None => Ok(()),
        }
    }
}
