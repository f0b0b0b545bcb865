//! The tablet's storage: one file that only grows. A record is on the disk before anything is answered.
//!
//! Each record is a length, eight bytes of SHA-256 and the payload. What a power cut or `kill -9` left
//! half written at the end is found by that and cut off at the next start; a record broken anywhere
//! else is damage, and nothing is thrown away.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mpp_sync::ids::sha256;

use super::TabletError;
use super::record::Record;

const MAGIC: &[u8; 6] = b"MPPJ1\n";
const HEAD: usize = 12;

/// The open file.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    length: u64,
}

/// What a journal held when it was opened.
#[derive(Debug)]
pub struct Opened {
    /// Ready to append to.
    pub journal: Journal,
    /// The whole records in order.
    pub records: Vec<Record>,
    /// Bytes of a torn last record that were cut off.
    pub torn: u64,
}

impl Journal {
    /// Opens or creates the journal and reads it. Only one process may hold it.
    ///
    /// # Errors
    /// [`TabletError::Io`]; [`TabletError::Damaged`] when it is broken before its end.
    pub fn open(path: &Path) -> Result<Opened, TabletError> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        file.try_lock().map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        let bytes = std::fs::read(path)?;
        if bytes.len() < MAGIC.len() && MAGIC.starts_with(&bytes) {
            file.set_len(0)?;
            file.write_all(MAGIC)?;
            file.sync_all()?;
            sync_folder(path)?;
            let journal = Self { file, path: path.to_owned(), length: MAGIC.len() as u64 };
            return Ok(Opened { journal, records: Vec::new(), torn: bytes.len() as u64 });
        }
        let (records, whole) = read(&bytes)?;
        let torn = (bytes.len() - whole) as u64;
        if torn > 0 {
            file.set_len(whole as u64)?;
            file.sync_all()?;
        }
        let journal = Self { file, path: path.to_owned(), length: whole as u64 };
        Ok(Opened { journal, records, torn })
    }

    /// Writes records; they are durable when this returns. Nothing is written when it fails.
    ///
    /// # Errors
    /// [`TabletError::Io`], for example when the disk is full.
    pub fn append(&mut self, records: &[Record]) -> Result<(), TabletError> {
        let bytes = packed(records)?;
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What half arrived would stand in the way of the next record.
            self.file.set_len(self.length)?;
            return Err(error.into());
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Everything in it.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn records(&self) -> Result<Vec<Record>, TabletError> {
        Ok(read(&std::fs::read(&self.path)?)?.0)
    }

    /// Puts other records in place of all of them: the old file stays until the new one is whole.
    ///
    /// # Errors
    /// [`TabletError::Io`]; the old ones stay then.
    pub fn rewrite(&mut self, records: &[Record]) -> Result<(), TabletError> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(packed(records)?);
        let beside = self.path.with_extension("new");
        File::create(&beside)?.set_len(0)?;
        let mut file = OpenOptions::new().read(true).append(true).open(&beside)?;
        file.try_lock().map_err(|error| io::Error::other(format!("{}: {error}", beside.display())))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        sync_folder(&self.path)?;
        (self.file, self.length) = (file, bytes.len() as u64);
        Ok(())
    }

    /// Bytes so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The bytes of records, one after the other.
fn packed(records: &[Record]) -> Result<Vec<u8>, TabletError> {
    let mut bytes = Vec::new();
    for record in records {
        let payload = record.encode();
        let length = u32::try_from(payload.len()).map_err(|_| TabletError::Damaged("record too long"))?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&sha256(&[&payload])[..8]);
        bytes.extend_from_slice(&payload);
    }
    Ok(bytes)
}

/// The records that were appended after the journal had `from` bytes; for measuring.
///
/// # Errors
/// As [`Journal::open`]; a torn end is passed over.
pub fn records_from(path: &Path, from: u64) -> Result<Vec<Record>, TabletError> {
    let bytes = std::fs::read(path)?;
    let from = usize::try_from(from).unwrap_or(usize::MAX).clamp(MAGIC.len(), bytes.len());
    let mut rest = MAGIC.to_vec();
    rest.extend_from_slice(&bytes[from..]);
    Ok(read(&rest)?.0)
}

/// The whole records, and where the last of them ends.
fn read(bytes: &[u8]) -> Result<(Vec<Record>, usize), TabletError> {
    if !bytes.starts_with(MAGIC) {
        return Err(TabletError::Damaged("not a journal"));
    }
    let mut records = Vec::new();
    let mut at = MAGIC.len();
    while let Some((checksum, payload)) = next(&bytes[at..]) {
        let end = at + HEAD + payload.len();
        if sha256(&[payload])[..8] != *checksum {
            // The last record may have got its length and not its content.
            return if end == bytes.len() {
                Ok((records, at))
            } else {
                Err(TabletError::Damaged("checksum"))
            };
        }
        records.push(Record::decode(payload)?);
        at = end;
    }
    Ok((records, at))
}

/// Checksum and payload of the record at the front, if all of it is there.
fn next(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_at_checked(8)?;
    Some((checksum, rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?))
}

/// Makes the name of a new file durable.
///
/// # Errors
/// [`io::Error`].
pub fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests;
