//! Where backups lie: a folder, best on another disk. A file there is whole or not there.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::BackupError;

/// Where backups lie.
#[derive(Debug)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
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

fn is_ours(name: &str) -> bool {
    name.strip_prefix(START).and_then(|rest| rest.strip_suffix(END)).is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

impl Place {
    /// Reads `DIR`.
    ///
    /// # Errors
    /// [`BackupError::Place`].
    pub fn read(text: &str) -> Result<Self, BackupError> {
        if text.is_empty() || text.contains("://") {
            return Err(BackupError::Place(text.to_owned()));
        }
        Ok(Self::Folder(PathBuf::from(text)))
    }

    /// Where a new file is written first: in the folder itself.
    ///
    /// # Errors
    /// [`BackupError::Io`] when the folder cannot be made.
    pub fn draft(&self, name: &str) -> Result<PathBuf, BackupError> {
        match self {
            Self::Folder(folder) => {
                fs::create_dir_all(folder)?;
                Ok(folder.join(format!("{name}.partial")))
            }
        }
    }

    /// Puts a finished draft in its place, durably, and gives the file to read back from there.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn put(&self, draft: &Path, name: &str) -> Result<PathBuf, BackupError> {
        match self {
            Self::Folder(folder) => {
                let file = folder.join(name);
                fs::rename(draft, &file)?;
                File::open(folder)?.sync_all()?;
                Ok(file)
            }
        }
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn remove(&self, name: &str) -> Result<(), BackupError> {
        match self {
            Self::Folder(folder) => match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            },
        }
    }

    /// Keeps the newest `keep` backups, at least one, and removes those before them. Call it only after a good one.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn prune(&self, keep: usize) -> Result<(), BackupError> {
        let mut names: Vec<String> = match self {
            Self::Folder(folder) => {
                let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
                entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect()
            }
        };
        names.retain(|name| is_ours(name));
        names.sort_unstable();
        let old = names.len().saturating_sub(keep.max(1));
        for name in names.iter().take(old) {
            self.remove(name)?;
        }
        Ok(())
    }

    /// Where the file of this name lies, for people.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
        }
    }

    /// Whether the backups lie on the disk that they are of: then they do not survive it.
    #[must_use]
    pub fn is_on_the_disk_of(&self, data: &Path) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let disk = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
        match self {
            Self::Folder(folder) => disk(folder).is_some() && disk(folder) == disk(data),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_oldest_of_our_own_files_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::read(folder.path().to_str().unwrap()).unwrap();
        let dates = ["20261120T170000Z", "20261121T170000Z", "20261122T170000Z"];
        for (position, date) in (1..).zip(dates) {
            fs::write(folder.path().join(file_name(date, position)), "x").unwrap();
        }
        for other in ["mpp-notes.txt", "foto.jpg", "mpp-.backup.age", "mpp-a.backup.age"] {
            fs::write(folder.path().join(other), "x").unwrap();
        }
        place.prune(2).unwrap();
        assert!(!folder.path().join(file_name(dates[0], 1)).exists());
        place.prune(0).unwrap();
        assert!(!folder.path().join(file_name(dates[1], 2)).exists());
        assert!(folder.path().join(file_name(dates[2], 3)).exists(), "one always stays");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    }
}
