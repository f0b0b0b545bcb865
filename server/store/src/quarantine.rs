//! Changes that are authentic but could not be accepted. They are kept, with the reason, and tried again.

use async_trait::async_trait;

use crate::{Hash, Id, StoreError};

/// A change kept aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// The document it says it belongs to.
    pub document: Id,
    /// Its hash.
    pub hash: Hash,
    /// The document's kind.
    pub kind: i64,
    /// The session's document counter, on a document's first change.
    pub counter: Option<i64>,
    /// The chain it came in.
    pub session: Id,
    /// The frame it came in.
    pub frame: i64,
    /// Its bytes as they came.
    pub bytes: Vec<u8>,
    /// Why: a stable code of `mpp-sync`.
    pub code: String,
    /// Unix seconds of its arrival.
    pub received_at: i64,
    /// How often it was tried again.
    pub retried: i64,
}

/// What is kept aside. Rows enter and leave by [`crate::ChangeLog::append`] only.
#[async_trait]
pub trait Quarantine {
    /// Everything kept aside, newest arrival first, at most `limit`.
    async fn quarantined(&self, limit: i64) -> Result<Vec<QuarantineRow>, StoreError>;
    /// What is kept aside of the given documents, in order of arrival.
    async fn quarantined_of(&self, documents: &[Id]) -> Result<Vec<QuarantineRow>, StoreError>;
    /// What is kept aside of the given sessions, in order of arrival.
    async fn quarantined_from(&self, sessions: &[Id]) -> Result<Vec<QuarantineRow>, StoreError>;
    /// What is kept aside for one of `codes`, in order of arrival, at most `limit`.
    async fn quarantined_for(&self, codes: &[&str], limit: i64) -> Result<Vec<QuarantineRow>, StoreError>;
    /// How many changes are kept aside, by session.
    async fn quarantine_counts(&self) -> Result<Vec<(Id, i64)>, StoreError>;
}
