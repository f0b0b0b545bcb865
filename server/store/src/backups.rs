//! Backups that were tried, and how far the good ones cover the chains.

use async_trait::async_trait;

use crate::{Id, StoreError};

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackupRow {
    /// Counts from 1.
    pub number: i64,
    /// Unix seconds.
    pub started_at: i64,
    /// Unix seconds; none while it runs, or when the machine died meanwhile.
    pub finished_at: Option<i64>,
    /// The log's position that it holds.
    pub position: Option<i64>,
    /// Bytes of the file.
    pub bytes: Option<i64>,
    /// Where it lies.
    pub file: Option<String>,
    /// Why it is no good.
    pub error: Option<String>,
}

impl BackupRow {
    /// Written, read back and found equal.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.finished_at.is_some() && self.error.is_none()
    }
}

/// Backups.
#[async_trait]
pub trait Backups {
    /// Notes that a backup begins and gives its number; none when another one began after `stale_before` (unix seconds)
    /// and has not finished.
    async fn begin_backup(&self, started_at: i64, stale_before: i64) -> Result<Option<i64>, StoreError>;
    /// Notes how the backup of this number ended. When it is good, in the same transaction: the chains `covered`
    /// (session, frames) are backed up so far, never less than before, and [`Backups::marks`] grows.
    async fn finish_backup(&self, row: &BackupRow, covered: &[(Id, i64)]) -> Result<(), StoreError>;
    /// The last tries, newest first.
    async fn backups(&self, limit: i64) -> Result<Vec<BackupRow>, StoreError>;
    /// The newest good one.
    async fn last_good_backup(&self) -> Result<Option<BackupRow>, StoreError>;
    /// A number that grows whenever a receipt of this node could now say more than before, without new frames.
    async fn marks(&self) -> Result<i64, StoreError>;
}
