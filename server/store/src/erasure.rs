//! What was erased by law: gone from everything that is held, and kept from coming back.

use async_trait::async_trait;

use crate::{Basis, Cursor, Hash, Id, StoreError};

/// An erasure on its way into the store.
#[derive(Debug, Clone, Default)]
pub struct Erasure {
    /// The document.
    pub document: Id,
    /// Its kind.
    pub kind: i64,
    /// Names the erasure's place in the log.
    pub hash: Hash,
    /// The signed tombstone.
    pub tombstone: Vec<u8>,
    /// The scopes whose readers are told.
    pub scopes: Vec<String>,
    /// Frames in place of those that are held: (session, number, what is left of the bytes).
    pub frames: Vec<(Id, i64, Vec<u8>)>,
    /// The same for frames of second branches: (session, the frame's hash, what is left of the bytes).
    pub branches: Vec<(Id, Hash, Vec<u8>)>,
    /// What the frames were chosen on.
    pub basis: Basis,
}

/// A tombstone as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TombstoneRow {
    /// The document.
    pub document: Id,
    /// Where the erasure stands in this node's log.
    pub position: i64,
    /// The signed tombstone.
    pub bytes: Vec<u8>,
}

/// Erasing.
#[async_trait]
pub trait Erasures {
    /// Takes a document out of the log, its scopes, their sums, the quarantine and the frames, and keeps the tombstone, in
    /// one transaction. The views follow with the projection. One that is erased already stays as it is. Returns the log's
    /// end.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the basis no longer holds.
    async fn erase(&self, erasure: &Erasure) -> Result<Cursor, StoreError>;
    /// The tombstones of these documents, those that have one.
    async fn tombstones(&self, documents: &[Id]) -> Result<Vec<TombstoneRow>, StoreError>;
    /// Leaves nothing of what was erased in the store's own files, as far as nobody is reading it just now.
    async fn scrub(&self) -> Result<(), StoreError>;
    /// Every tombstone, in the order of the log.
    async fn all_tombstones(&self) -> Result<Vec<TombstoneRow>, StoreError>;
}
