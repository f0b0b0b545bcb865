//! Whether the disk has room for a draft.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::BackupError;

/// Bytes that a draft leaves on the disk that the office itself writes to.
pub const RESERVE: u64 = 256 * 1024 * 1024;

/// A file being written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The file.
    pub file: PathBuf,
    /// Bytes that stay free on its disk.
    pub reserve: u64,
}

impl Draft {
    /// Whether more may be written.
    ///
    /// # Errors
    /// [`BackupError::NoRoom`].
    pub fn has_room(&self) -> Result<(), BackupError> {
        let folder = self.file.parent().unwrap_or_else(|| Path::new("/"));
        let disk = statvfs(folder).map_err(io::Error::from)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < self.reserve {
            return Err(BackupError::NoRoom(folder.to_owned()));
        }
        Ok(())
    }

    /// The sentence for a disk that is full, else what it was.
    #[must_use]
    pub fn reason(&self, error: BackupError) -> BackupError {
        match error {
            BackupError::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                BackupError::NoRoom(self.file.parent().unwrap_or_else(|| Path::new("/")).to_owned())
            }
            error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_leaves_the_office_room_to_work() {
        let folder = tempfile::tempdir().unwrap();
        let draft = |reserve| Draft { file: folder.path().join("draft"), reserve };
        draft(0).has_room().unwrap();
        let refused = draft(u64::MAX).has_room().unwrap_err();
        assert!(matches!(&refused, BackupError::NoRoom(at) if at == folder.path()), "{refused}");
    }

    #[test]
    fn a_full_disk_is_called_so() {
        let draft = Draft { file: PathBuf::from("/srv/mpp/backup.draft"), reserve: 0 };
        let reason = draft.reason(io::Error::from(io::ErrorKind::StorageFull).into()).to_string();
        assert!(reason.contains("/srv/mpp") && reason.contains("penuh"), "{reason}");
        let other = draft.reason(io::Error::from(io::ErrorKind::NotFound).into());
        assert!(matches!(other, BackupError::Io(_)));
    }
}
