//! What receipts are made of: how far chains are held and backed up, what the office said of them, and tablets that a
//! person released.

use async_trait::async_trait;

use crate::{Hash, Id, StoreError};

/// How far a chain is held, and how far a good backup covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredChain {
    /// The session.
    pub session: Id,
    /// The device whose key signs.
    pub device: Id,
    /// Frames held.
    pub frames: i64,
    /// Hash of the last one; zeros for none.
    pub head: Hash,
    /// Frames in a good backup.
    pub backed_up: i64,
    /// Hash of the last one of those; zeros for none.
    pub backed_up_head: Hash,
}

/// What the office said of a chain, as a hub keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeReceiptRow {
    /// The session.
    pub session: Id,
    /// Which way of it: zeros for the chain that is held here, else the hash of the first frame that is not in it.
    pub way: Hash,
    /// Frames that the office holds.
    pub frames: i64,
    /// Frames in the office's backup.
    pub backed_up: i64,
    /// The receipt as it came; may speak of other sessions of the device too.
    pub receipt: Vec<u8>,
}

/// A tablet that may be wiped although no backup covers it: somebody took that upon themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// The device.
    pub device: Id,
    /// Unix seconds.
    pub at: i64,
    /// Who.
    pub username: String,
    /// Why.
    pub reason: String,
}

/// Receipts and releases.
#[async_trait]
pub trait Receipts {
    /// The chains that are held among `sessions`, by session.
    async fn covered_chains(&self, sessions: &[Id]) -> Result<Vec<CoveredChain>, StoreError>;
    /// The chains of a device, by session.
    async fn covered_chains_of(&self, device: Id) -> Result<Vec<CoveredChain>, StoreError>;
    /// The hashes of a chain's frames, from 0 on.
    async fn frame_hashes(&self, session: Id) -> Result<Vec<Hash>, StoreError>;
    /// Keeps what the office said, unless it said more of this way of the session before. [`crate::Backups::marks`] grows, in the
    /// same transaction, when something was kept.
    async fn put_office_receipts(&self, rows: &[OfficeReceiptRow]) -> Result<(), StoreError>;
    /// What the office said of these sessions, by session and way.
    async fn office_receipts(&self, sessions: &[Id]) -> Result<Vec<OfficeReceiptRow>, StoreError>;
    /// Notes a release; [`crate::Backups::marks`] grows, so that the tablet asks.
    async fn release(&self, row: &ReleaseRow) -> Result<(), StoreError>;
    /// Every release, the newest first.
    async fn releases(&self) -> Result<Vec<ReleaseRow>, StoreError>;
}
