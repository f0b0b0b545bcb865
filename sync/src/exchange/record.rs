//! Records: a type byte, a length and a payload.

use crate::limits::RECORD_BYTES_MAX;
use crate::wire::{Reader, WireError};

/// The record types of version 1. A reader skips a type it does not know below `0x80`; from there
/// on it must refuse the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// Up: who asks, what it keeps, what it wants.
    Hello = 0x01,
    /// Up: one frame.
    Frame = 0x02,
    /// Up: a grant, before the frames of its device: a node that does not know the device learns it.
    Grant = 0x03,
    /// Up: changes that came down before, given back with the node's signature over them.
    Offer = 0x04,
    /// Up: one step of comparing what a scope lists.
    Repair = 0x05,
    /// Up: what a node expects the other's folds of chains to be.
    ChainFoldsAsked = 0x06,
    /// Down: which log answers.
    Welcome = 0x11,
    /// Down: what the node holds of the caller's chains, now.
    Holds = 0x12,
    /// Down: a frame that was not stored.
    Refused = 0x13,
    /// Down: a change that is kept but not accepted.
    Notice = 0x14,
    /// Down: changes with the cursors after them.
    Changes = 0x15,
    /// Down: how much a node holds, and has in its backup, of the caller's chains, signed.
    Receipt = 0x16,
    /// Down: the sums of the scopes at the log's end.
    Digest = 0x17,
    /// Down: the next step of comparing what a scope lists.
    RepairStep = 0x18,
    /// Down: changes of a scope that the node lacks.
    Want = 0x19,
    /// Down: what was erased by law, signed.
    Tombstone = 0x1a,
    /// Down: who the node is, signed by the root key.
    Certificate = 0x1b,
    /// Down: where folds of chains differ.
    ChainFoldsDiffer = 0x1c,
    /// Down: somebody at the office let this tablet be wiped without a backup.
    Released = 0x1d,
    /// Both ways: the last record.
    End = 0x1f,
}

impl RecordKind {
    /// The type of that number, if this version knows it.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        let all = [
            Self::Hello,
            Self::Frame,
            Self::Grant,
            Self::Offer,
            Self::Repair,
            Self::ChainFoldsAsked,
            Self::Welcome,
            Self::Holds,
            Self::Refused,
            Self::Notice,
            Self::Changes,
            Self::Receipt,
            Self::Digest,
            Self::RepairStep,
            Self::Want,
            Self::Tombstone,
            Self::Certificate,
            Self::ChainFoldsDiffer,
            Self::Released,
            Self::End,
        ];
        all.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Records with their payloads, and how many bytes they take.
pub type WholeRecords<'a> = (Vec<(RecordKind, &'a [u8])>, usize);

/// The whole records at the front of inflated bytes, and how many bytes they take. What comes before
/// something that can never become a record is handed out; that is then the front of what is left.
///
/// # Errors
/// [`WireError`] when what stands at the front can never become a record.
pub fn records_in(bytes: &[u8]) -> Result<WholeRecords<'_>, WireError> {
    let mut records = Vec::new();
    let mut reader = Reader::new(bytes);
    loop {
        let mut ahead = reader.clone();
        let record = ahead.byte().and_then(|number| {
            let payload = ahead.bytes(RECORD_BYTES_MAX, "record")?;
            Ok((number, payload))
        });
        match record {
            Ok((number, payload)) => {
                match RecordKind::of(number) {
                    Some(kind) => records.push((kind, payload)),
                    None if number < 0x80 => {}
                    None if records.is_empty() => return Err(WireError::Version),
                    None => return Ok((records, bytes.len() - reader.rest().len())),
                }
                reader = ahead;
            }
            Err(error) if error != WireError::Truncated && records.is_empty() => return Err(error),
            Err(_) => return Ok((records, bytes.len() - reader.rest().len())),
        }
    }
}
