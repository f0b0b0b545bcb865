//! What traffic is measured against: one deflate-9 stream of the raw missing changes, in the order sent.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use mpp_sync::frame::Frame;

use crate::tablet::record::Record;

/// Raw changes in the order sent, and how small one deflate stream makes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reference {
    /// How many changes.
    pub changes: u64,
    /// Raw bytes.
    pub raw: u64,
    /// Bytes of the deflate stream.
    pub deflated: u64,
}

/// Of the changes in the frames that were cut in these journal records.
///
/// # Errors
/// [`io::Error`] for a frame that cannot be read.
pub fn sent(records: &[Record]) -> io::Result<Reference> {
    let mut changes = Vec::new();
    for record in records {
        if let Record::Frame { bytes, .. } = record {
            let frame = Frame::decode(bytes).map_err(io::Error::other)?;
            changes.extend(frame.entries().map(|entry| entry.bytes.clone()));
        }
    }
    deflated(&changes)
}

/// Of the changes that came down in these journal records.
///
/// # Errors
/// [`io::Error`].
pub fn received(records: &[Record]) -> io::Result<Reference> {
    let mut changes = Vec::new();
    for record in records {
        if let Record::Received { entries, .. } = record {
            changes.extend(entries.iter().map(|entry| entry.bytes.clone()));
        }
    }
    deflated(&changes)
}

/// Of these changes.
///
/// # Errors
/// [`io::Error`].
pub fn deflated(changes: &[Vec<u8>]) -> io::Result<Reference> {
    if changes.is_empty() {
        return Ok(Reference::default());
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    for change in changes {
        encoder.write_all(change)?;
    }
    Ok(Reference {
        changes: changes.len() as u64,
        raw: changes.iter().map(|change| change.len() as u64).sum(),
        deflated: encoder.finish()?.len() as u64,
    })
}
