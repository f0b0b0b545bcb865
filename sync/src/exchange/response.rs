//! What comes down: what the node holds, what it did not take, what is missing.

use serde::{Deserialize, Serialize};

use super::body::BodyWriter;
use super::receipt::Receipt;
use super::record::RecordKind;
use super::request::Cursor;
use crate::ids::{ChangeHash, DocumentId, FramePrefix, LogId, SessionId};
use crate::limits::{CHAINS_MAX, SCOPES_MAX, SHORT_TEXT_BYTES_MAX};
use crate::save::Entry;
use crate::wire::{Reader, WireError, put_bytes, put_count, put_varint};

/// What a node holds of one chain, durably, at the moment of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldChain {
    /// The session.
    pub session: SessionId,
    /// Number of frames without a gap.
    pub frames: u64,
    /// The last frame; no frame at all counts as zeros.
    pub head: FramePrefix,
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseRecord {
    /// Which log answers, and the node's time in Unix seconds, for showing a wrong clock.
    Welcome {
        /// The node's storage.
        log: LogId,
        /// Unix seconds.
        time: u64,
    },
    /// What the node holds of the caller's chains.
    Holds(Vec<HeldChain>),
    /// A frame that was not stored, with a stable code.
    Refused {
        /// The session.
        session: SessionId,
        /// The frame.
        number: u64,
        /// Why.
        code: String,
    },
    /// A change of the caller that is kept but not accepted, with a stable code.
    Notice {
        /// The document.
        document: DocumentId,
        /// The change.
        hash: ChangeHash,
        /// Why; empty when it was accepted after all.
        code: String,
    },
    /// Changes, and how far the caller has read when it has stored them.
    Changes {
        /// The changes in the order of the log.
        entries: Vec<Entry>,
        /// The cursors after them.
        cursors: Vec<Cursor>,
    },
    /// What a node signed for this device; a hub also relays the office's.
    Receipt(Receipt),
    /// The answer is whole.
    End {
        /// Whether there is more to ask for.
        more: bool,
    },
}

/// Writes an answer record by record.
#[derive(Default)]
pub struct ResponseWriter {
    body: BodyWriter,
}

impl ResponseWriter {
    /// Adds a record and makes it readable at once.
    pub fn record(&mut self, record: &ResponseRecord) {
        let (kind, payload) = encode(record);
        self.body.record(kind, &payload);
        if matches!(record, ResponseRecord::Changes { .. }) {
            self.body.flush();
        }
    }

    /// Takes the bytes so far, to send them.
    pub fn take(&mut self) -> Vec<u8> {
        self.body.take()
    }

    /// Writes the last record and returns the bytes that were not taken.
    #[must_use]
    pub fn finish(mut self, more: bool) -> Vec<u8> {
        self.record(&ResponseRecord::End { more });
        self.body.finish()
    }
}

fn encode(record: &ResponseRecord) -> (RecordKind, Vec<u8>) {
    let mut out = Vec::new();
    let kind = match record {
        ResponseRecord::Welcome { log, time } => {
            out.extend_from_slice(&log.0);
            put_varint(&mut out, *time);
            RecordKind::Welcome
        }
        ResponseRecord::Holds(chains) => {
            put_count(&mut out, chains.len());
            for chain in chains {
                out.extend_from_slice(&chain.session.0);
                put_varint(&mut out, chain.frames);
                out.extend_from_slice(&chain.head.0);
            }
            RecordKind::Holds
        }
        ResponseRecord::Refused { session, number, code } => {
            out.extend_from_slice(&session.0);
            put_varint(&mut out, *number);
            put_bytes(&mut out, code.as_bytes());
            RecordKind::Refused
        }
        ResponseRecord::Notice { document, hash, code } => {
            out.extend_from_slice(&document.0);
            out.extend_from_slice(&hash.0);
            put_bytes(&mut out, code.as_bytes());
            RecordKind::Notice
        }
        ResponseRecord::Changes { entries, cursors } => {
            put_count(&mut out, entries.len());
            for entry in entries {
                entry.put(&mut out);
            }
            put_count(&mut out, cursors.len());
            for cursor in cursors {
                cursor.put(&mut out);
            }
            RecordKind::Changes
        }
        ResponseRecord::Receipt(receipt) => {
            out = receipt.encode();
            RecordKind::Receipt
        }
        ResponseRecord::End { more } => {
            out.push(u8::from(*more));
            RecordKind::End
        }
    };
    (kind, out)
}

/// Reads one record of an answer; `None` for a type that a later version gives a meaning.
///
/// Bytes after the known fields belong to a later version and are ignored.
///
/// # Errors
/// [`WireError`].
pub fn decode_record(kind: RecordKind, payload: &[u8]) -> Result<Option<ResponseRecord>, WireError> {
    let mut reader = Reader::new(payload);
    Ok(Some(match kind {
        RecordKind::Welcome => {
            ResponseRecord::Welcome { log: LogId(reader.array()?), time: reader.varint()? }
        }
        RecordKind::Holds => {
            let count = reader.count(CHAINS_MAX, "chains")?;
            let chain = |reader: &mut Reader<'_>| {
                let session = SessionId(reader.array()?);
                Ok(HeldChain { session, frames: reader.varint()?, head: FramePrefix(reader.array()?) })
            };
            ResponseRecord::Holds((0..count).map(|_| chain(&mut reader)).collect::<Result<_, WireError>>()?)
        }
        RecordKind::Refused => ResponseRecord::Refused {
            session: SessionId(reader.array()?),
            number: reader.varint()?,
            code: reader.text(SHORT_TEXT_BYTES_MAX, "code")?,
        },
        RecordKind::Notice => ResponseRecord::Notice {
            document: DocumentId(reader.array()?),
            hash: ChangeHash(reader.array()?),
            code: reader.text(SHORT_TEXT_BYTES_MAX, "code")?,
        },
        RecordKind::Changes => {
            let count = reader.count(payload.len(), "changes")?;
            let entries = (0..count).map(|_| Entry::take(&mut reader)).collect::<Result<_, _>>()?;
            let count = reader.count(SCOPES_MAX, "cursors")?;
            let cursors = (0..count).map(|_| Cursor::take(&mut reader)).collect::<Result<_, _>>()?;
            ResponseRecord::Changes { entries, cursors }
        }
        RecordKind::End => ResponseRecord::End { more: reader.byte()? != 0 },
        RecordKind::Hello | RecordKind::Frame | RecordKind::Grant => {
            return Err(WireError::Malformed("record order"));
        }
        RecordKind::Receipt => ResponseRecord::Receipt(Receipt::decode(payload)?),
        RecordKind::Digest => return Ok(None),
    }))
}
