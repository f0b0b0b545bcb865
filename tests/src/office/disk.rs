//! A disk of the office's own, to fill.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::Office;

impl Office {
    /// The data as the running server sees it.
    #[must_use]
    pub fn visible_data(&self) -> PathBuf {
        match (self.own_disk, self.process()) {
            (Some(_), Some(id)) => {
                let root = PathBuf::from(format!("/proc/{id}/root"));
                root.join(self.data().strip_prefix("/").unwrap_or(&self.data()))
            }
            _ => self.data(),
        }
    }

    /// Fills the disk of the data to its last byte.
    ///
    /// # Errors
    /// [`io::Error`] when the data has no disk of its own, or for anything but a full disk.
    pub fn fill_disk(&self) -> io::Result<()> {
        if self.own_disk.is_none() {
            return Err(io::Error::other("this office has no disk of its own"));
        }
        let mut file = File::create(self.ballast())?;
        let zeros = vec![0; 64 * 1024];
        // By and by in smaller pieces, so that no byte is left.
        for size in [zeros.len(), 4096, 1] {
            loop {
                match file.write_all(&zeros[..size]) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Gives the disk its room back.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn empty_disk(&self) -> io::Result<()> {
        std::fs::remove_file(self.ballast())
    }

    fn ballast(&self) -> PathBuf {
        self.visible_data().join("ballast")
    }
}
