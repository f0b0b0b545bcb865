//! Hubs: at the office, which there are and what they may hold; on a hub, what the office has of its chains.

use async_trait::async_trait;

use crate::{BranchFrameRow, ChainRow, Hash, Id, StoreError};

/// A code that lets one hub join, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubCodeRow {
    /// SHA-256 of the code.
    pub code_hash: Hash,
    /// What the hub will be called.
    pub name: String,
    /// Username of who made it.
    pub created_by: String,
    /// Unix seconds.
    pub expires_at: i64,
}

/// A hub that joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubRow {
    /// Its id, from its key.
    pub device: Id,
    /// What people call it.
    pub name: String,
    /// Username of who let it join.
    pub enrolled_by: String,
    /// Unix seconds.
    pub enrolled_at: i64,
    /// Unix seconds of its last contact.
    pub last_at: Option<i64>,
    /// What it said of itself then, as JSON; empty before.
    pub state: String,
}

/// A chain that the office may lack frames of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainToRelay {
    /// The chain as held here.
    pub chain: ChainRow,
    /// Frames of it that the office said it holds.
    pub relayed: i64,
    /// Frames of its second ways that the office did not say it holds.
    pub branches: i64,
}

impl ChainToRelay {
    /// Frames that wait, of every way.
    #[must_use]
    pub fn waiting(&self) -> i64 {
        (self.chain.frames - self.relayed).max(0) + self.branches
    }
}

/// What the office holds of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayedRow {
    /// The chain.
    pub session: Id,
    /// The office's log that said so: another one is another office's word.
    pub log: Id,
    /// Frames.
    pub frames: i64,
    /// The frames of second ways.
    pub branches: Vec<Hash>,
}

/// A change of a chain that came through here, and what the office says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeNoticeRow {
    /// The document.
    pub document: Id,
    /// The change.
    pub hash: Hash,
    /// The chain.
    pub session: Id,
    /// Why the office keeps it aside: a stable code; empty when it was accepted after all.
    pub code: String,
}

/// Hubs, from both sides.
#[async_trait]
pub trait Hubs {
    /// Keeps a code, and forgets those that ended before `now`.
    async fn add_hub_code(&self, code: &HubCodeRow, now: i64) -> Result<(), StoreError>;
    /// Uses a code up, if it is there and holds at `now`.
    async fn take_hub_code(&self, code_hash: Hash, now: i64) -> Result<Option<HubCodeRow>, StoreError>;
    /// Adds a hub; one that joins again keeps its days and gets its new name.
    async fn put_hub(&self, hub: &HubRow) -> Result<(), StoreError>;
    /// Every hub, by age.
    async fn hubs(&self) -> Result<Vec<HubRow>, StoreError>;
    /// One hub.
    async fn hub(&self, device: Id) -> Result<Option<HubRow>, StoreError>;
    /// Remembers a contact and what the hub said of itself.
    async fn hub_seen(&self, device: Id, at: i64, state: &str) -> Result<(), StoreError>;
    /// Lets a hub hold a day. Repetition does nothing.
    async fn add_hub_day(&self, hub: Id, day: Id) -> Result<(), StoreError>;
    /// The days a hub may hold, sorted.
    async fn hub_days(&self, hub: Id) -> Result<Vec<Id>, StoreError>;
    /// Remembers what the office holds of these chains, in place of what was known before.
    async fn set_relayed(&self, rows: &[RelayedRow]) -> Result<(), StoreError>;
    /// Chains of which that log is not known to hold every frame, longest waiting first, at most `limit`.
    async fn chains_to_relay(&self, log: Id, limit: i64) -> Result<Vec<ChainToRelay>, StoreError>;
    /// The frames of second ways of a session that that log is not known to hold, in the order of their numbers.
    async fn branches_to_relay(&self, log: Id, session: Id) -> Result<Vec<BranchFrameRow>, StoreError>;
    /// Chains, by session, behind this one, of which the office did not say yet that all is in its backup; at most `limit`.
    async fn chains_to_ask(&self, after: Id, limit: i64) -> Result<Vec<ChainRow>, StoreError>;
    /// Keeps what the office says of changes. [`crate::Backups::marks`] grows, in the same transaction, when it is news.
    async fn put_office_notices(&self, rows: &[OfficeNoticeRow]) -> Result<(), StoreError>;
    /// What the office says of changes of a device, by document and hash.
    async fn office_notices_of(&self, device: Id) -> Result<Vec<OfficeNoticeRow>, StoreError>;
    /// What the office keeps aside now, by document and hash.
    async fn open_office_notices(&self) -> Result<Vec<OfficeNoticeRow>, StoreError>;
}
