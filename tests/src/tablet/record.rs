//! What the journal holds: everything that a tablet must still know after a power cut.

use mpp_sync::caller::{Listing, Name, Page, Signed};
use mpp_sync::digest::ScopeSum;
use mpp_sync::exchange::{Ancestor, Cursor};
use mpp_sync::frame::SessionHeader;
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, FrameHash, LogId, SaveHash, SessionId};
use mpp_sync::save::{Entry, Save};
use mpp_sync::wire::{Reader, WireError, put_bytes, put_count, put_option, put_varint};
use serde::{Deserialize, Serialize};

/// Bytes of one record's variable parts at most: a received batch is the largest.
const PART_MAX: usize = 64 * 1024 * 1024;

/// Something small that was learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "learnt", rename_all = "snake_case")]
pub enum Learnt {
    /// A log goes on from one that was read: what that one listed counts as listed here.
    Adopted {
        /// The new log.
        log: LogId,
        /// The one before.
        from: LogId,
        /// The cursors in the new one.
        cursors: Vec<Cursor>,
        /// All that the new one goes on from.
        ancestors: Vec<Ancestor>,
    },
    /// A node's signed word on our chains. It was verified.
    Receipt {
        /// Whether the office signed it; else a hub.
        office: bool,
        /// Its bytes as hex.
        receipt: String,
    },
    /// The office lets this tablet be wiped without a backup.
    Released {
        /// Unix seconds.
        at: u64,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A document was erased by law, as a node of this log said. It was verified.
    Erased {
        /// The log, which lists it no longer.
        log: LogId,
        /// The tombstone's bytes as hex.
        tombstone: String,
    },
    /// Every chain below the top tier was named when a log's marks were these.
    Marks {
        /// The log.
        log: LogId,
        /// The marks.
        marks: u64,
    },
    /// Batches that need not be kept.
    Dropped {
        /// Their numbers.
        batches: Vec<u64>,
    },
    /// Batches that another log has too.
    Placed {
        /// Their numbers.
        batches: Vec<u64>,
        /// The log.
        log: LogId,
        /// Up to where.
        position: u64,
    },
}

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A session began: written with its first save.
    Session {
        /// Its id.
        session: SessionId,
        /// What its first frame will say of it.
        header: SessionHeader,
    },
    /// Saves that belong together: a ticket and the application taken with it.
    Saves {
        /// The session that made them.
        session: SessionId,
        /// Counter of the next document that the session creates.
        next_counter: u32,
        /// The saves in order.
        saves: Vec<Save>,
    },
    /// A frame was cut; never cut again.
    Frame {
        /// Its session.
        session: SessionId,
        /// Its number.
        number: u64,
        /// Its hash.
        hash: FrameHash,
        /// How many of the session's oldest saves it took.
        saves: u64,
        /// Signature included.
        bytes: Vec<u8>,
    },
    /// Changes that came down, and how far the log was read with them.
    Received {
        /// The log.
        log: LogId,
        /// The changes.
        entries: Vec<Entry>,
        /// The cursors after them.
        cursors: Vec<Cursor>,
        /// What the page says beside them.
        page: Page,
    },
    /// A change of ours that the office keeps and does not accept; an empty code takes that back.
    Notice {
        /// The document.
        document: DocumentId,
        /// The change.
        hash: ChangeHash,
        /// The stable code.
        code: String,
    },
    /// The office said how many frames of a session it holds.
    Held {
        /// The log that said so.
        log: LogId,
        /// The session.
        session: SessionId,
        /// Frames.
        frames: u64,
    },
    /// Something small.
    Learnt(Learnt),
}

impl Record {
    /// The bytes of the record.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Session { session, header } => {
                out.push(1);
                out.extend_from_slice(&session.0);
                out.extend_from_slice(&header.encode());
            }
            Self::Saves { session, next_counter, saves } => {
                out.push(2);
                out.extend_from_slice(&session.0);
                put_varint(&mut out, u64::from(*next_counter));
                put_count(&mut out, saves.len());
                for save in saves {
                    put_varint(&mut out, save.number);
                    out.extend_from_slice(&save.hash.0);
                    put_entries(&mut out, &save.entries);
                }
            }
            Self::Frame { session, number, hash, saves, bytes } => {
                out.push(3);
                out.extend_from_slice(&session.0);
                put_varint(&mut out, *number);
                out.extend_from_slice(&hash.0);
                put_varint(&mut out, *saves);
                put_bytes(&mut out, bytes);
            }
            Self::Received { log, entries, cursors, page } => {
                out.push(4);
                out.extend_from_slice(&log.0);
                put_entries(&mut out, entries);
                put_bytes(&mut out, &serde_json::to_vec(cursors).unwrap_or_default());
                put_page(&mut out, page);
            }
            Self::Learnt(learnt) => {
                out.push(7);
                out.extend_from_slice(&serde_json::to_vec(learnt).unwrap_or_default());
            }
            Self::Notice { document, hash, code } => {
                out.push(5);
                out.extend_from_slice(&document.0);
                out.extend_from_slice(&hash.0);
                put_bytes(&mut out, code.as_bytes());
            }
            Self::Held { log, session, frames } => {
                out.push(6);
                out.extend_from_slice(&log.0);
                out.extend_from_slice(&session.0);
                put_varint(&mut out, *frames);
            }
        }
        out
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// [`WireError`] for bytes that no version of this program wrote.
    pub fn decode(payload: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        Ok(match reader.byte()? {
            1 => Self::Session {
                session: SessionId(reader.array()?),
                header: SessionHeader::decode(reader.rest())?,
            },
            2 => decode_saves(&mut reader)?,
            3 => Self::Frame {
                session: SessionId(reader.array()?),
                number: reader.varint()?,
                hash: FrameHash(reader.array()?),
                saves: reader.varint()?,
                bytes: reader.bytes(PART_MAX, "frame")?.to_vec(),
            },
            4 => Self::Received {
                log: LogId(reader.array()?),
                entries: take_entries(&mut reader)?,
                cursors: serde_json::from_slice(reader.bytes(PART_MAX, "cursors")?)
                    .map_err(|_| WireError::Malformed("cursors"))?,
                page: take_page(&mut reader)?,
            },
            5 => Self::Notice {
                document: DocumentId(reader.array()?),
                hash: ChangeHash(reader.array()?),
                code: reader.text(PART_MAX, "code")?,
            },
            6 => Self::Held {
                log: LogId(reader.array()?),
                session: SessionId(reader.array()?),
                frames: reader.varint()?,
            },
            7 => Self::Learnt(
                serde_json::from_slice(reader.rest()).map_err(|_| WireError::Malformed("learnt"))?,
            ),
            _ => return Err(WireError::Version),
        })
    }
}

/// A page scope by scope, each with its sum after it.
fn put_page(out: &mut Vec<u8>, page: &Page) {
    put_count(out, page.sums.len());
    for (scope, sum) in &page.sums {
        put_bytes(out, scope.as_bytes());
        out.extend_from_slice(&sum.sum);
        put_varint(out, sum.count);
        let names = || page.listings.iter().filter(|listing| listing.scope == *scope);
        put_count(out, names().count());
        for Listing { name, .. } in names() {
            out.extend_from_slice(&name.document.0);
            out.extend_from_slice(&name.hash.0);
            put_varint(out, name.time);
        }
    }
    put_option(out, page.signed.as_ref(), |out, signed| {
        out.extend_from_slice(&signed.node.0);
        out.extend_from_slice(&signed.signature);
    });
}

fn take_page(reader: &mut Reader<'_>) -> Result<Page, WireError> {
    let mut page = Page::default();
    for _ in 0..reader.count(PART_MAX, "scopes")? {
        let scope = reader.text(PART_MAX, "scope")?;
        let sum = ScopeSum { sum: reader.array()?, count: reader.varint()? };
        for _ in 0..reader.count(PART_MAX, "names")? {
            let (document, hash) = (DocumentId(reader.array()?), ChangeHash(reader.array()?));
            let name = Name { document, hash, time: reader.varint()? };
            page.listings.push(Listing { scope: scope.clone(), name });
        }
        page.sums.push((scope, sum));
    }
    page.signed =
        reader.option(|reader| Ok(Signed { node: DeviceId(reader.array()?), signature: reader.array()? }))?;
    Ok(page)
}

fn decode_saves(reader: &mut Reader<'_>) -> Result<Record, WireError> {
    let session = SessionId(reader.array()?);
    let next_counter = u32::try_from(reader.varint()?).map_err(|_| WireError::Malformed("counter"))?;
    let count = reader.count(PART_MAX, "saves")?;
    let saves = (0..count)
        .map(|_| {
            let number = reader.varint()?;
            let hash = SaveHash(reader.array()?);
            Ok(Save { number, hash, entries: take_entries(reader)? })
        })
        .collect::<Result<_, WireError>>()?;
    Ok(Record::Saves { session, next_counter, saves })
}

fn put_entries(out: &mut Vec<u8>, entries: &[Entry]) {
    put_count(out, entries.len());
    for entry in entries {
        entry.put(out);
    }
}

fn take_entries(reader: &mut Reader<'_>) -> Result<Vec<Entry>, WireError> {
    let count = reader.count(PART_MAX, "entries")?;
    (0..count).map(|_| Entry::take(reader)).collect()
}
