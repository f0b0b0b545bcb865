//! The outside of a backup: compressed, then encrypted in the age format, which `age -d` reads too if this program is
//! ever gone.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::str::FromStr as _;

use age::x25519::{Identity, Recipient};
use age::{Decryptor, Encryptor};
use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::{BackupError, RECIPIENT};
use crate::node_key::write_secret;

/// Who may read backups, from the data folder.
///
/// # Errors
/// [`BackupError::NotSetUp`]; [`BackupError::Place`] for a file that holds no recipient.
pub fn recipient(folder: &Path) -> Result<Recipient, BackupError> {
    match std::fs::read_to_string(folder.join(RECIPIENT)) {
        Ok(text) => Recipient::from_str(text.trim()).map_err(|why| BackupError::Place(why.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(BackupError::NotSetUp),
        Err(error) => Err(error.into()),
    }
}

/// Keeps who may read backups.
///
/// # Errors
/// [`BackupError::Io`].
pub fn keep_recipient(folder: &Path, recipient: &Recipient) -> Result<(), BackupError> {
    Ok(write_secret(&folder.join(RECIPIENT), &recipient.to_string())?)
}

/// A file being written. Nothing is readable before [`Sealed::finish`].
pub type Sealed = DeflateEncoder<age::stream::StreamWriter<BufWriter<File>>>;

/// Begins a file that each of `readers` can open.
///
/// # Errors
/// [`BackupError::Io`].
pub fn seal(file: File, readers: &[&Recipient]) -> Result<Sealed, BackupError> {
    let readers = readers.iter().map(|reader| *reader as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(readers).map_err(std::io::Error::other)?;
    let out = encryptor.wrap_output(BufWriter::new(file))?;
    Ok(DeflateEncoder::new(out, Compression::new(6)))
}

/// Ends the file and makes it durable.
///
/// # Errors
/// [`BackupError::Io`].
pub fn finish(sealed: Sealed) -> Result<(), BackupError> {
    let mut buffered = sealed.finish()?.finish()?;
    buffered.flush()?;
    Ok(buffered.get_ref().sync_all()?)
}

/// Opens what was sealed with a key.
///
/// # Errors
/// [`BackupError::Damaged`], [`BackupError::WrongEnvelope`].
pub fn open<R: Read>(input: R, identity: &Identity) -> Result<impl Read + use<R>, BackupError> {
    let decryptor =
        Decryptor::new_buffered(BufReader::new(input)).map_err(|_| BackupError::Damaged("encryption"))?;
    let identities = std::iter::once(identity as &dyn age::Identity);
    let opened = decryptor.decrypt(identities).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => BackupError::WrongEnvelope("kunci pemulihan lain"),
        _ => BackupError::Damaged("encryption"),
    })?;
    Ok(Whole { inner: DeflateDecoder::new(BufReader::new(opened)) })
}

/// Reads to the very end: the decoder alone would stop before the last piece of the encryption was checked.
struct Whole<R: Read> {
    inner: DeflateDecoder<BufReader<R>>,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(into)?;
        if count == 0 && !into.is_empty() {
            let behind = self.inner.get_mut().read(&mut [0])?;
            if behind != 0 {
                return Err(std::io::Error::other("bytes behind the end"));
            }
        }
        Ok(count)
    }
}
