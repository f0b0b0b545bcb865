//! A save: everything one press of *Simpan* wrote, hash-linked to the save before it.

use crate::document::{chunk_of, contents_of, session_of};
use crate::ids::{ChangeHash, DocumentId, Kind, SaveHash, SessionId, sha256};
use crate::limits::CHANGE_BYTES_MAX;
use crate::wire::{Reader, WireError, put_bytes, put_varint};

/// Marks an entry whose document id is derived from its counter and is not sent.
const DERIVED: u8 = 0x80;
/// Stands in place of the kind of a change that was erased: only its name is left.
const ERASED: Kind = Kind::Unknown(0x7f);

/// One change of one document. Only the pair (document, hash) names it: two documents may have
/// changes with identical bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The document.
    pub document: DocumentId,
    /// Its kind.
    pub kind: Kind,
    /// The session's document counter, when this change creates the document.
    pub counter: Option<u32>,
    /// The change.
    pub hash: ChangeHash,
    /// The raw change chunk.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// What names the change: nothing else does.
    #[must_use]
    pub fn name(&self) -> (&DocumentId, &ChangeHash) {
        (&self.document, &self.hash)
    }

    /// What stays of the change when it is erased: its name, so that the chain it stands in can still be verified.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self { kind: ERASED, counter: None, bytes: Vec::new(), ..*self }
    }

    /// Whether only the name is left.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.kind == ERASED && self.bytes.is_empty()
    }

    /// Writes kind, id (or counter) and the contents of the change; hashes are never sent, but of what was erased.
    pub fn put(&self, out: &mut Vec<u8>) {
        if self.is_erased() {
            out.push(ERASED.number());
            out.extend_from_slice(&self.document.0);
            out.extend_from_slice(&self.hash.0);
            return;
        }
        if let Some(counter) = self.counter {
            out.push(self.kind.number() | DERIVED);
            put_varint(out, u64::from(counter));
        } else {
            out.push(self.kind.number());
            out.extend_from_slice(&self.document.0);
        }
        put_bytes(out, contents_of(&self.bytes).unwrap_or_default());
    }

    /// Reads an entry and rebuilds the chunk, its hash and a derived id.
    ///
    /// # Errors
    /// [`WireError`]; what the change says is not looked at here.
    pub fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Self::take_of(reader, None)
    }

    /// As [`Entry::take`], in a frame of `session`: a change whose actor cannot be read, because a later version
    /// writes it otherwise, is taken for the session's own, so that the frame can still be carried.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn take_of(reader: &mut Reader<'_>, frame_of: Option<&SessionId>) -> Result<Self, WireError> {
        let tag = reader.byte()?;
        if tag == ERASED.number() {
            let (document, hash) = (DocumentId(reader.array()?), ChangeHash(reader.array()?));
            return Ok(Self { document, kind: ERASED, counter: None, hash, bytes: Vec::new() });
        }
        let kind = Kind::of(tag & !DERIVED);
        let (counter, explicit) = if tag & DERIVED == 0 {
            (None, Some(DocumentId(reader.array()?)))
        } else {
            let counter = reader.varint()?;
            (Some(u32::try_from(counter).map_err(|_| WireError::Malformed("counter"))?), None)
        };
        let contents = reader.bytes(CHANGE_BYTES_MAX, "change")?;
        let (bytes, hash) = chunk_of(contents);
        let document = match (explicit, counter) {
            (Some(id), _) => id,
            (None, counter) => {
                let session = session_of(contents).or_else(|| frame_of.copied());
                let session = session.ok_or(WireError::Malformed("actor"))?;
                DocumentId::derive(kind, &session, counter.unwrap_or_default())
            }
        };
        Ok(Self { document, kind, counter, hash, bytes })
    }
}

/// Everything one press of *Simpan* wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// Number within the session, from 0.
    pub number: u64,
    /// Links it to the save before.
    pub hash: SaveHash,
    /// Its changes; at most one of each document.
    pub entries: Vec<Entry>,
}

/// The hash of a save:
/// SHA-256(domain ‖ session ‖ number ‖ previous ‖ (document ‖ change hash)*).
#[must_use]
pub fn link(session: &SessionId, number: u64, previous: &SaveHash, entries: &[Entry]) -> SaveHash {
    let mut bytes = Vec::with_capacity(80 + entries.len() * 48);
    bytes.extend_from_slice(b"mpp.save.1");
    bytes.extend_from_slice(&session.0);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(&previous.0);
    for entry in entries {
        bytes.extend_from_slice(&entry.document.0);
        bytes.extend_from_slice(&entry.hash.0);
    }
    SaveHash(sha256(&[&bytes]))
}
