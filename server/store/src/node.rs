//! Facts about this storage folder.

use async_trait::async_trait;

use crate::StoreError;

/// A few named values of this storage: `log_id`, `created_at`, `session_previous` and the like.
#[async_trait]
pub trait Node {
    /// Runs the migrations that are missing. Safe to repeat.
    async fn migrate(&self) -> Result<(), StoreError>;
    /// The value kept under `key`, if any.
    async fn value(&self, key: &str) -> Result<Option<String>, StoreError>;
    /// Keeps `value` under `key`, replacing what was there.
    async fn set_value(&self, key: &str, value: &str) -> Result<(), StoreError>;
    /// Keeps `value` under `key` unless there is a value already, and returns the one that is kept.
    async fn value_or(&self, key: &str, value: &str) -> Result<String, StoreError>;
    /// Flushes what is written and lets go of the files. Further calls fail.
    async fn close(&self);
}
