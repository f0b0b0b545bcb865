//! Reading one raw change before Automerge's document sees it.

use std::panic::catch_unwind;

use automerge::Change;
use automerge::legacy::{Key, ObjectId, OpType};

use crate::document::{Value, columns};
use crate::ids::{ChangeHash, SessionId, sha256};
use crate::limits::{CHANGE_BYTES_MAX, CHANGE_OPS_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::wire::{Reader, WireError, put_varint};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Chunk type of an uncompressed change; a compressed one has the same hash and other bytes.
const CHUNK_CHANGE: u8 = 1;

/// Why a change is not part of a document. The codes are stable and travel to the tablet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.code())]
pub enum Refusal {
    /// Not a well-formed raw change chunk, or its checksum is wrong.
    Malformed,
    /// Over the limit of bytes, operations, keys or values.
    TooLarge,
    /// Something else than scalars at root keys, or it replaces what does not exist.
    Shape,
    /// No author, or an author footer, which is not ours.
    Author,
    /// The actor is not the session of the frame.
    NotOwnSession,
    /// A change it depends on is not here yet.
    DepsMissing,
    /// An earlier change of the same session in this document is not here yet.
    SeqMissing,
    /// A different change of the same session with this number is already here.
    SeqReused,
    /// Operation counters that Automerge 0.12 cannot survive.
    OpCounter,
    /// The document has reached its number of changes.
    DocumentFull,
    /// The document is not here yet, so nobody can say whose it is.
    DocumentUnknown,
    /// A kind of document that a later version knows.
    KindUnknown,
    /// The document is of another kind.
    KindMismatch,
    /// This writer may not write documents of this kind.
    KindNotAllowed,
    /// The service day is not one this tablet was prepared for.
    DayNotGranted,
    /// A tablet may add events and edit fields, but not replace events or decide about residents.
    EditNotAllowed,
    /// The document engine refused or failed.
    ApplyFailed,
    /// Its author is not on the roster of the service day.
    AuthorNotOnRoster,
    /// It carries the letter of another tablet.
    LabelNotOwn,
    /// The device was taken out of service: a person decides about what still came from it.
    DeviceRevoked,
    /// It stands in the second of two branches of one session: a person decides.
    ChainForked,
}

impl Refusal {
    /// Every refusal, for tables and tests.
    pub const ALL: [Self; 21] = [
        Self::Malformed,
        Self::TooLarge,
        Self::Shape,
        Self::Author,
        Self::NotOwnSession,
        Self::DepsMissing,
        Self::SeqMissing,
        Self::SeqReused,
        Self::OpCounter,
        Self::DocumentFull,
        Self::DocumentUnknown,
        Self::KindUnknown,
        Self::KindMismatch,
        Self::KindNotAllowed,
        Self::DayNotGranted,
        Self::EditNotAllowed,
        Self::ApplyFailed,
        Self::AuthorNotOnRoster,
        Self::LabelNotOwn,
        Self::DeviceRevoked,
        Self::ChainForked,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "change_malformed",
            Self::TooLarge => "change_too_large",
            Self::Shape => "change_shape",
            Self::Author => "change_author",
            Self::NotOwnSession => "change_not_own_session",
            Self::DepsMissing => "deps_missing",
            Self::SeqMissing => "seq_missing",
            Self::SeqReused => "seq_reused",
            Self::OpCounter => "op_counter",
            Self::DocumentFull => "document_full",
            Self::DocumentUnknown => "document_unknown",
            Self::KindUnknown => "kind_unknown",
            Self::KindMismatch => "kind_mismatch",
            Self::KindNotAllowed => "kind_not_allowed",
            Self::DayNotGranted => "day_not_granted",
            Self::EditNotAllowed => "edit_not_allowed",
            Self::AuthorNotOnRoster => "author_not_on_roster",
            Self::LabelNotOwn => "label_not_own",
            Self::DeviceRevoked => "device_revoked",
            Self::ApplyFailed => "apply_failed",
            Self::ChainForked => "chain_forked",
        }
    }

    /// Reads a stable code back.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }

    /// Whether the same change may be accepted once something else has arrived or was granted.
    #[must_use]
    pub fn may_pass_later(self) -> bool {
        matches!(
            self,
            Self::DepsMissing
                | Self::SeqMissing
                | Self::DocumentUnknown
                | Self::DayNotGranted
                | Self::AuthorNotOnRoster
                | Self::LabelNotOwn
                | Self::KindUnknown
        )
    }
}

/// Who wrote a change, on which device, when by that device's clock.
///
/// In the change it stands as the commit message `officer@device`, so it is covered by the hash.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Author {
    /// Username of the account; immutable.
    pub officer: String,
    /// The tablet's letter on that day, or `kantor`.
    pub device: String,
    /// Unix seconds by the device's clock; never decides anything.
    pub at: i64,
}

impl Author {
    pub(super) fn message(&self) -> String {
        format!("{}@{}", self.officer, self.device)
    }

    fn parse(message: &str, at: i64) -> Option<Self> {
        let (officer, device) = message.rsplit_once('@')?;
        let short = |text: &str| !text.is_empty() && text.len() <= 100;
        (short(officer) && short(device)).then(|| Self {
            officer: officer.to_owned(),
            device: device.to_owned(),
            at,
        })
    }
}

/// One operation of a change: a root key set to a value, or removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// The root key.
    pub key: String,
    /// The value; `None` removes the key.
    pub value: Option<Value>,
    /// The operations it replaces: session and operation counter.
    pub replaces: Vec<(SessionId, u64)>,
}

/// What a change says, without its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeMeta {
    /// SHA-256 of the chunk without its first eight bytes.
    pub hash: ChangeHash,
    /// The session that made it: its Automerge actor.
    pub session: SessionId,
    /// Number of the change among those of its session in this document, from 1.
    pub seq: u64,
    /// Counter of the first operation.
    pub start_op: u64,
    /// Counter of the last operation.
    pub max_op: u64,
    /// The changes it builds on.
    pub deps: Vec<ChangeHash>,
    /// Who, where, when.
    pub author: Author,
    /// What it sets, in order.
    pub sets: Vec<Set>,
}

impl ChangeMeta {
    /// Reads a raw change chunk without a document.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::TooLarge`], [`Refusal::Shape`] or [`Refusal::Author`].
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        parse(bytes).map(|(_, meta)| meta)
    }

    pub(super) fn of(change: &Change) -> Result<Self, Refusal> {
        let session = SessionId::from_slice(change.actor_id().to_bytes()).map_err(|_| Refusal::Shape)?;
        if change.is_empty() || change.len() > CHANGE_OPS_MAX {
            return Err(Refusal::TooLarge);
        }
        if change.author().is_some() || !change.extra_bytes().is_empty() {
            return Err(Refusal::Author);
        }
        let message = change.message().ok_or(Refusal::Author)?;
        let author = Author::parse(message, change.timestamp()).ok_or(Refusal::Author)?;
        let hash = |hash: &automerge::ChangeHash| ChangeHash(hash.0);
        Ok(Self {
            hash: hash(&change.hash()),
            session,
            seq: change.seq(),
            start_op: change.start_op().get(),
            max_op: change.max_op(),
            deps: change.deps().iter().map(hash).collect(),
            author,
            sets: sets(change)?,
        })
    }
}

/// Whether the bytes are exactly what the engine itself would write for this content.
///
/// Automerge 0.12 reads other encodings too, and some of them make the saved document unreadable.
fn is_canonical(change: &Change, bytes: &[u8]) -> bool {
    Change::from(change.decode()).raw_bytes() == bytes
}

/// Reads a raw change chunk.
///
/// # Errors
/// [`Refusal::Malformed`], [`Refusal::TooLarge`], [`Refusal::Shape`] or [`Refusal::Author`].
pub(super) fn parse(bytes: &[u8]) -> Result<(Change, ChangeMeta), Refusal> {
    if bytes.len() > CHANGE_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    let contents = contents_of(bytes).ok_or(Refusal::Malformed)?;
    // Only the canonical header is taken: the same hash must never stand for two byte strings.
    if chunk_of(contents).0 != bytes {
        return Err(Refusal::Malformed);
    }
    columns::bounded(contents)?;
    catch_unwind(|| read(bytes)).unwrap_or(Err(Refusal::Malformed))
}

/// Automerge 0.12 panics on some columns that its own checks let pass (an operation that names an actor which
/// the change does not list, a number beyond its type): such bytes are malformed. Nothing is shared that a
/// panic could leave half done. Where panics abort, the host discards the instance.
fn read(bytes: &[u8]) -> Result<(Change, ChangeMeta), Refusal> {
    let change = Change::try_from(bytes).map_err(|_| Refusal::Malformed)?;
    if change.hash().0 != sha256(&[&bytes[8..]]) {
        return Err(Refusal::Malformed);
    }
    let meta = ChangeMeta::of(&change)?;
    if !is_canonical(&change, bytes) {
        return Err(Refusal::Malformed);
    }
    Ok((change, meta))
}

/// The contents of a raw change chunk: what travels. `None` when it is not one.
#[must_use]
pub fn contents_of(chunk: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(chunk.get(8..)?);
    if chunk[..4] != MAGIC || reader.byte().ok()? != CHUNK_CHANGE {
        return None;
    }
    let length = usize::try_from(reader.varint().ok()?).ok()?;
    (reader.rest().len() == length).then_some(reader.rest())
}

/// Rebuilds the raw chunk and its hash from the contents: magic and checksum are never sent.
#[must_use]
pub fn chunk_of(contents: &[u8]) -> (Vec<u8>, ChangeHash) {
    let mut tail = vec![CHUNK_CHANGE];
    put_varint(&mut tail, contents.len() as u64);
    tail.extend_from_slice(contents);
    let hash = sha256(&[&tail]);
    let mut chunk = Vec::with_capacity(tail.len() + 8);
    chunk.extend_from_slice(&MAGIC);
    chunk.extend_from_slice(&hash[..4]);
    chunk.append(&mut tail);
    (chunk, ChangeHash(hash))
}

/// Whether a stored chunk is still what its hash says, bit for bit.
#[must_use]
pub fn is_whole(chunk: &[u8], hash: &ChangeHash) -> bool {
    contents_of(chunk).map(chunk_of).is_some_and(|(bytes, name)| name == *hash && bytes == chunk)
}

/// The session that wrote the change with these contents: its actor, read without parsing the rest.
#[must_use]
pub fn session_of(contents: &[u8]) -> Option<SessionId> {
    let mut reader = Reader::new(contents);
    let deps = reader.count(CHANGE_BYTES_MAX / 32, "deps").ok()?;
    reader.take(deps * 32).ok()?;
    SessionId::from_slice(reader.bytes(16, "actor").ok()?).ok()
}

/// Unix seconds that the writer's clock showed, read without parsing the rest; 0 for what cannot be read.
#[must_use]
pub fn time_of(contents: &[u8]) -> u64 {
    let read = || -> Result<u64, WireError> {
        let mut reader = Reader::new(contents);
        let deps = reader.count(CHANGE_BYTES_MAX / 32, "deps")?;
        reader.take(deps * 32)?;
        reader.bytes(16, "actor")?;
        reader.varint()?;
        reader.varint()?;
        reader.signed()
    };
    read().unwrap_or(0)
}

fn sets(change: &Change) -> Result<Vec<Set>, Refusal> {
    let mut sets = Vec::with_capacity(change.len());
    for op in change.decode().operations {
        let (ObjectId::Root, Key::Map(key), false) = (&op.obj, &op.key, op.insert) else {
            return Err(Refusal::Shape);
        };
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
        let value = match &op.action {
            OpType::Put(scalar) => Some(Value::from_scalar(scalar).ok_or(Refusal::Shape)?),
            OpType::Delete => None,
            _ => return Err(Refusal::Shape),
        };
        if value.as_ref().is_some_and(|value| value.size() > VALUE_BYTES_MAX) {
            return Err(Refusal::TooLarge);
        }
        let mut replaces = Vec::new();
        for pred in op.pred.iter() {
            let session = SessionId::from_slice(pred.1.to_bytes()).map_err(|_| Refusal::Shape)?;
            replaces.push((session, pred.0));
        }
        if value.is_none() && replaces.is_empty() {
            return Err(Refusal::Shape);
        }
        sets.push(Set { key: key.to_string(), value, replaces });
    }
    Ok(sets)
}
