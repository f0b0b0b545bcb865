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
    /// Reserved for digests at a log position.
    Digest = 0x17,
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
            Self::Welcome,
            Self::Holds,
            Self::Refused,
            Self::Notice,
            Self::Changes,
            Self::Receipt,
            Self::Digest,
            Self::End,
        ];
        all.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Records with their payloads, and how many bytes they take.
pub type WholeRecords<'a> = (Vec<(RecordKind, &'a [u8])>, usize);

/// The whole records at the front of inflated bytes, and how many bytes they take.
///
/// # Errors
/// [`WireError`] when what stands there can never become a record.
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
                    None => return Err(WireError::Version),
                }
                reader = ahead;
            }
            Err(WireError::Truncated) => return Ok((records, bytes.len() - reader.rest().len())),
            Err(error) => return Err(error),
        }
    }
}
