//! What comes down: what the node holds, what it did not take, what is missing.

use serde::{Deserialize, Serialize};

use super::body::BodyWriter;
use super::chains::FoldsDiffer;
use super::changes::Changes;
use super::receipt::Receipt;
use super::record::RecordKind;
use super::repair::{RepairStep, Want};
use crate::digest::{ScopeSum, put_sum};
use crate::ids::{ChangeHash, DeviceId, DocumentId, Fold, FramePrefix, LogId, Rolling, SessionId};
use crate::limits::{ANCESTORS_MAX, CHAINS_MAX, SCOPE_BYTES_MAX, SCOPES_MAX, SHORT_TEXT_BYTES_MAX};
use crate::wire::{Reader, WireError, put_bytes, put_count, put_option, put_varint};

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

/// Whether the node's backups are in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// Nobody has set them up.
    #[default]
    None,
    /// The newest verified one is young enough.
    Good,
    /// The newest verified one is older than 48 hours.
    Old,
}

impl BackupState {
    fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Good => 1,
            Self::Old => 2,
        }
    }

    fn of(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Good,
            // What a later version says beside these two is no good news.
            _ => Self::Old,
        }
    }
}

/// A log that the node's log goes on from: an office that was restored from a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// Its id.
    pub log: LogId,
    /// The last position that both have.
    pub position: u64,
    /// The rolling hash there.
    pub rolling: Rolling,
}

/// Which log answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Welcome {
    /// The node's storage.
    pub log: LogId,
    /// The node's time in Unix seconds, for showing a wrong clock.
    pub time: u64,
    /// The version that this answer is in; 0 is the one before digests, whose welcome ended here.
    pub protocol: u64,
    /// Grows whenever a receipt of this node could say more than before.
    pub marks: u64,
    /// Log position that the newest verified backup covers.
    pub backed_up: u64,
    /// Whether the backups are in order.
    pub backup: BackupState,
    /// The node that signs batches.
    pub node: Option<DeviceId>,
    /// What this log goes on from, the nearest last; named to a caller that stands in another log.
    pub ancestors: Vec<Ancestor>,
}

/// The sums of the scopes asked for, at the log's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// All of them as one value.
    pub fold: Fold,
    /// Each of them, when the caller wanted that.
    pub scopes: Vec<(String, ScopeSum)>,
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseRecord {
    /// Which log answers.
    Welcome(Welcome),
    /// What the node holds of the caller's chains. A session that was continued in two ways is named once for
    /// each way.
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
    Changes(Changes),
    /// What a node signed for this device; a hub also relays the office's.
    Receipt(Receipt),
    /// What the scopes list at the log's end.
    Digest(Digest),
    /// The next step of comparing a scope.
    Repair(RepairStep),
    /// Changes that the node lacks.
    Want(Want),
    /// What was erased, as it was signed.
    Tombstone(Vec<u8>),
    /// Who the node is, as it was signed.
    Certificate(Vec<u8>),
    /// Where the node's folds of chains are others than the caller expected.
    Folds(FoldsDiffer),
    /// Somebody at the office let this tablet be wiped although no backup covers it.
    Released {
        /// Unix seconds.
        at: u64,
        /// Username of who did.
        by: String,
        /// Why.
        reason: String,
    },
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
        ResponseRecord::Welcome(welcome) => {
            welcome.put(&mut out);
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
        ResponseRecord::Changes(changes) => {
            changes.put(&mut out);
            RecordKind::Changes
        }
        ResponseRecord::Digest(digest) => {
            out.extend_from_slice(&digest.fold.0);
            put_count(&mut out, digest.scopes.len());
            digest.scopes.iter().for_each(|(scope, sum)| put_sum(&mut out, scope, sum));
            RecordKind::Digest
        }
        ResponseRecord::Repair(step) => {
            step.put(&mut out);
            RecordKind::RepairStep
        }
        ResponseRecord::Want(want) => {
            want.put(&mut out);
            RecordKind::Want
        }
        ResponseRecord::Receipt(receipt) => return (RecordKind::Receipt, receipt.encode()),
        ResponseRecord::Tombstone(bytes) => return (RecordKind::Tombstone, bytes.clone()),
        ResponseRecord::Certificate(bytes) => return (RecordKind::Certificate, bytes.clone()),
        ResponseRecord::Folds(differ) => return (RecordKind::ChainFoldsDiffer, differ.encode()),
        ResponseRecord::Released { at, by, reason } => {
            put_varint(&mut out, *at);
            put_bytes(&mut out, by.as_bytes());
            put_bytes(&mut out, reason.as_bytes());
            RecordKind::Released
        }
        ResponseRecord::End { more } => {
            out.push(u8::from(*more));
            RecordKind::End
        }
    };
    (kind, out)
}

impl Welcome {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.log.0);
        put_varint(out, self.time);
        if self.protocol == 0 {
            return;
        }
        put_varint(out, self.protocol);
        put_varint(out, self.marks);
        put_varint(out, self.backed_up);
        out.push(self.backup.number());
        put_option(out, self.node.as_ref(), |out, node| out.extend_from_slice(&node.0));
        if self.ancestors.is_empty() {
            return;
        }
        put_count(out, self.ancestors.len());
        for ancestor in &self.ancestors {
            out.extend_from_slice(&ancestor.log.0);
            put_varint(out, ancestor.position);
            out.extend_from_slice(&ancestor.rolling.0);
        }
    }

    fn take_ancestors(reader: &mut Reader<'_>) -> Result<Vec<Ancestor>, WireError> {
        if reader.rest().is_empty() {
            return Ok(Vec::new());
        }
        let count = reader.count(ANCESTORS_MAX, "ancestors")?;
        let ancestor = |reader: &mut Reader<'_>| {
            let (log, position) = (LogId(reader.array()?), reader.varint()?);
            Ok(Ancestor { log, position, rolling: Rolling(reader.array()?) })
        };
        (0..count).map(|_| ancestor(reader)).collect()
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (log, time) = (LogId(reader.array()?), reader.varint()?);
        if reader.rest().is_empty() {
            return Ok(Self { log, time, ..Self::default() });
        }
        Ok(Self {
            log,
            time,
            protocol: reader.varint()?,
            marks: reader.varint()?,
            backed_up: reader.varint()?,
            backup: BackupState::of(reader.byte()?),
            node: reader.option(|reader| reader.array().map(DeviceId))?,
            ancestors: Self::take_ancestors(reader)?,
        })
    }
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
        RecordKind::Welcome => ResponseRecord::Welcome(Welcome::take(&mut reader)?),
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
        RecordKind::Changes => ResponseRecord::Changes(Changes::take(payload)?),
        RecordKind::Digest => {
            let fold = Fold(reader.array()?);
            let count = reader.count(SCOPES_MAX, "scopes")?;
            let sum = |reader: &mut Reader<'_>| {
                let scope = reader.text(SCOPE_BYTES_MAX, "scope")?;
                Ok((scope, ScopeSum { sum: reader.array()?, count: reader.varint()? }))
            };
            let scopes = (0..count).map(|_| sum(&mut reader)).collect::<Result<_, WireError>>()?;
            ResponseRecord::Digest(Digest { fold, scopes })
        }
        RecordKind::RepairStep => ResponseRecord::Repair(RepairStep::take(&mut reader)?),
        RecordKind::Want => ResponseRecord::Want(Want::take(&mut reader)?),
        RecordKind::Released => ResponseRecord::Released {
            at: reader.varint()?,
            by: reader.text(SHORT_TEXT_BYTES_MAX, "username")?,
            reason: reader.text(SHORT_TEXT_BYTES_MAX, "reason")?,
        },
        RecordKind::Receipt => ResponseRecord::Receipt(Receipt::decode(payload)?),
        RecordKind::Tombstone => ResponseRecord::Tombstone(payload.to_vec()),
        RecordKind::Certificate => ResponseRecord::Certificate(payload.to_vec()),
        RecordKind::ChainFoldsDiffer => ResponseRecord::Folds(FoldsDiffer::decode(payload)?),
        RecordKind::End => ResponseRecord::End { more: reader.byte()? != 0 },
        RecordKind::Hello
        | RecordKind::Frame
        | RecordKind::Grant
        | RecordKind::Offer
        | RecordKind::Repair
        | RecordKind::ChainFoldsAsked => return Err(WireError::Malformed("record order")),
    }))
}
