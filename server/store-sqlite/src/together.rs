//! [`Together`]: one process serves a file, so it is always its turn, and nobody else has news.

use async_trait::async_trait;
use mpp_store::{StoreError, Together, Turn, Work};

use crate::SqliteStore;

/// Nothing to give back.
struct Alone;

#[async_trait]
impl Turn for Alone {
    async fn end(self: Box<Self>) {}
}

#[async_trait]
impl Together for SqliteStore {
    async fn turn(&self, _work: Work) -> Result<Option<Box<dyn Turn>>, StoreError> {
        Ok(Some(Box::new(Alone)))
    }

    async fn news(&self) {
        std::future::pending::<()>().await;
    }
}
