//! The records by which a caller and a node find out in which changes of a scope they differ.

use crate::ids::Fold;
use crate::limits::{RECORD_BYTES_MAX, SCOPE_BYTES_MAX};
use crate::wire::{Reader, WireError, put_bytes, put_count, put_varint};

/// Up: one step. The first one has no message: the node begins, so that no list of names goes up for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairRequest {
    /// The scope.
    pub scope: String,
    /// Up to which position of the node's log the caller has read it.
    pub position: u64,
    /// The fold of this one scope as the caller holds it: a node that holds the same says nothing more.
    pub fold: Fold,
    /// The caller's answer to the node's last step.
    pub message: Vec<u8>,
}

impl RepairRequest {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_bytes(&mut out, self.scope.as_bytes());
        put_varint(&mut out, self.position);
        out.extend_from_slice(&self.fold.0);
        put_bytes(&mut out, &self.message);
        out
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            scope: reader.text(SCOPE_BYTES_MAX, "scope")?,
            position: reader.varint()?,
            fold: Fold(reader.array()?),
            message: reader.bytes(RECORD_BYTES_MAX, "message")?.to_vec(),
        })
    }
}

/// Down: the node's next step. No message means that nothing is left to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairStep {
    /// The scope.
    pub scope: String,
    /// The position compared at; the caller names it again.
    pub position: u64,
    /// The node's message.
    pub message: Vec<u8>,
}

impl RepairStep {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.scope.as_bytes());
        put_varint(out, self.position);
        put_bytes(out, &self.message);
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            scope: reader.text(SCOPE_BYTES_MAX, "scope")?,
            position: reader.varint()?,
            message: reader.bytes(RECORD_BYTES_MAX, "message")?.to_vec(),
        })
    }
}

/// Down: what the node lacks of a scope, by their [`crate::repair::item_id`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The scope.
    pub scope: String,
    /// The changes.
    pub ids: Vec<[u8; 32]>,
}

impl Want {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.scope.as_bytes());
        put_count(out, self.ids.len());
        self.ids.iter().for_each(|id| out.extend_from_slice(id));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let scope = reader.text(SCOPE_BYTES_MAX, "scope")?;
        let count = reader.count(reader.rest().len() / 32, "ids")?;
        Ok(Self { scope, ids: (0..count).map(|_| reader.array()).collect::<Result<_, _>>()? })
    }
}
