//! Where backups lie: a folder, best on another disk, or a bucket of an S3 store. A file there is whole or not there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mpp_sync::trust::Tombstone;

use super::BackupError;
use super::room::{Draft, RESERVE};
use super::s3::S3;
use super::s3::settings::{Address, S3Settings, is_s3};
use crate::clock::{Env, SystemEnv};
use crate::config::Config;
use crate::erasure;

/// Where backups lie.
#[derive(Debug)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A prefix in a bucket.
    S3(Box<S3>),
}

/// Names of our files begin and end so; nothing else in the place is touched.
const START: &str = "mpp-";
const END: &str = ".backup.age";

/// The name of a backup begun at `date` (`20261122T170000Z`) that holds the log up to `position`. Sorted by name they
/// are sorted by time.
#[must_use]
pub fn file_name(date: &str, position: i64) -> String {
    format!("{START}{date}-{position}{END}")
}

pub(super) fn is_ours(name: &str) -> bool {
    name.strip_prefix(START).and_then(|rest| rest.strip_suffix(END)).is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

/// The place as it may be shown: an address that cannot be read may have a key in it.
#[must_use]
pub fn shown(text: &str) -> Option<String> {
    if is_s3(text) {
        Address::read(text).ok().map(|address| address.describe(""))
    } else {
        Some(text.to_owned())
    }
}

impl Place {
    /// Reads `DIR` or `s3://BUCKET/PREFIX`. `work` is the folder of this machine for what is on its way.
    ///
    /// # Errors
    /// [`BackupError::Place`], [`BackupError::S3`].
    pub fn read(text: &str, settings: &S3Settings, work: &Path) -> Result<Self, BackupError> {
        Self::at(text, settings, work, Arc::new(SystemEnv))
    }

    /// As [`Place::read`], with another clock than the machine's.
    ///
    /// # Errors
    /// As [`Place::read`].
    pub fn at(
        text: &str,
        settings: &S3Settings,
        work: &Path,
        clock: Arc<dyn Env>,
    ) -> Result<Self, BackupError> {
        if is_s3(text) {
            return Ok(Self::S3(Box::new(S3::new(Address::read(text)?, settings, work, clock)?)));
        }
        if text.is_empty() || text.contains("://") {
            return Err(BackupError::Place(text.to_owned()));
        }
        Ok(Self::Folder(PathBuf::from(text)))
    }

    /// Where the backups of `config` go; none when nowhere.
    ///
    /// # Errors
    /// As [`Place::read`].
    pub fn of(config: &Config) -> Result<Option<Self>, BackupError> {
        config.backup_to.as_ref().map(|text| Self::read(text, &config.s3, &config.data)).transpose()
    }

    /// Makes ready for a new file: the place can be reached, and nothing unfinished is left there.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn prepare(&self) -> Result<(), BackupError> {
        match self {
            Self::Folder(folder) => Ok(fs::create_dir_all(folder)?),
            Self::S3(s3) => {
                s3.names(START).await?;
                s3.take_back().await
            }
        }
    }

    /// Where a new file is written first: in the folder itself, or on this machine.
    #[must_use]
    pub fn draft(&self, name: &str) -> Draft {
        match self {
            Self::Folder(folder) => Draft { file: folder.join(format!("{name}.partial")), reserve: 0 },
            Self::S3(s3) => Draft { file: s3.draft(), reserve: RESERVE },
        }
    }

    /// Puts a finished draft in its place, durably.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn put(&self, draft: &Draft, name: &str) -> Result<(), BackupError> {
        match self {
            Self::Folder(folder) => {
                fs::rename(&draft.file, folder.join(name))?;
                Ok(File::open(folder)?.sync_all()?)
            }
            Self::S3(s3) => s3.put_file(&draft.file, name).await,
        }
    }

    /// Lets `look` read what lies there, from its beginning, on a thread of its own.
    ///
    /// # Errors
    /// [`BackupError`], also of `look`.
    pub async fn read_with<T: Send + 'static>(
        &self,
        name: &str,
        look: impl FnOnce(Box<dyn Read + Send>) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        match self {
            Self::Folder(folder) => {
                let file = folder.join(name);
                tokio::task::spawn_blocking(move || look(Box::new(File::open(file)?)))
                    .await
                    .map_err(|_| BackupError::Different)?
            }
            Self::S3(s3) => s3.read_with(name, look).await,
        }
    }

    /// What was put there last was read back and is good.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    pub fn verified(&self) -> Result<(), BackupError> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::S3(s3) => s3.verified(),
        }
    }

    /// Takes back what was put there and is not good. What cannot be taken back now is before the next backup.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn take_back(&self, name: &str) -> Result<(), BackupError> {
        match self {
            Self::Folder(_) => self.remove(name).await,
            Self::S3(s3) => s3.take_back().await,
        }
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn remove(&self, name: &str) -> Result<(), BackupError> {
        match self {
            Self::Folder(folder) => match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            },
            Self::S3(s3) => Ok(s3.remove(name).await?),
        }
    }

    /// The backups that lie there, the oldest first.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn backups(&self) -> Result<Vec<String>, BackupError> {
        let mut names = match self {
            Self::Folder(folder) => names_in(folder)?,
            Self::S3(s3) => s3.names(START).await?,
        };
        names.retain(|name| is_ours(name));
        names.sort_unstable();
        Ok(names)
    }

    /// Keeps the newest `keep` backups, at least one, and removes those before them. Call it only after a good one.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn prune(&self, keep: usize) -> Result<(), BackupError> {
        let names = self.backups().await?;
        for name in names.iter().take(names.len().saturating_sub(keep.max(1))) {
            self.remove(name).await?;
        }
        Ok(())
    }

    /// Keeps a tombstone beside the backups: a restore must not bring back what is erased. Twice is once.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn note(&self, tombstone: &Tombstone) -> Result<(), BackupError> {
        match self {
            Self::Folder(folder) => Ok(erasure::note(folder, tombstone)?),
            Self::S3(s3) => {
                let line = erasure::line(tombstone);
                Ok(s3.put_bytes(&erasure::file_of(tombstone), line.into_bytes()).await?)
            }
        }
    }

    /// The files of tombstones beside the backups.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn notes(&self) -> Result<Vec<String>, BackupError> {
        let mut names = match self {
            Self::Folder(folder) => names_in(folder)?,
            Self::S3(s3) => s3.names(erasure::START).await?,
        };
        names.retain(|name| erasure::is_file(name));
        Ok(names)
    }

    /// Where the file of this name lies, for people.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            Self::S3(s3) => s3.describe(name),
        }
    }

    /// Whether the backups lie on the disk that they are of: then they do not survive it.
    #[must_use]
    pub fn is_on_the_disk_of(&self, data: &Path) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let disk = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
        match self {
            Self::Folder(folder) => disk(folder).is_some() && disk(folder) == disk(data),
            Self::S3(_) => false,
        }
    }
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    Ok(entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_oldest_of_our_own_files_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let dates = ["20261120T170000Z", "20261121T170000Z", "20261122T170000Z"];
        for (position, date) in (1..).zip(dates) {
            fs::write(folder.path().join(file_name(date, position)), "x").unwrap();
        }
        for other in ["mpp-notes.txt", "foto.jpg", "mpp-.backup.age", "mpp-a.backup.age"] {
            fs::write(folder.path().join(other), "x").unwrap();
        }
        place.prune(2).await.unwrap();
        assert!(!folder.path().join(file_name(dates[0], 1)).exists());
        place.prune(0).await.unwrap();
        assert!(!folder.path().join(file_name(dates[1], 2)).exists());
        assert!(folder.path().join(file_name(dates[2], 3)).exists(), "one always stays");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    }

    #[test]
    fn an_address_with_a_key_in_it_is_not_shown() {
        assert_eq!(shown("/mnt/disk2").as_deref(), Some("/mnt/disk2"));
        assert_eq!(shown("s3://cadangan/lahat").as_deref(), Some("s3://cadangan/lahat/"));
        assert_eq!(shown("s3://AKIA:rahasia@cadangan/lahat"), None);
        let wrong = Place::read("s3://AKIA:rahasia@cadangan", &S3Settings::default(), Path::new("/"));
        assert!(!wrong.unwrap_err().to_string().contains("rahasia"));
    }
}
