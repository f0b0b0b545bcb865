//! [`crate::Node`].

use crate::{Store, StoreError};

/// A value is what was set last.
pub async fn values_are_kept_and_replaced(store: &dyn Store) -> Result<(), StoreError> {
    assert_eq!(store.value("log_id").await?, None);
    store.set_value("log_id", "00").await?;
    store.set_value("log_id", "ff").await?;
    assert_eq!(store.value("log_id").await?.as_deref(), Some("ff"));
    Ok(())
}

/// Migrations run once.
pub async fn migrating_twice_changes_nothing(store: &dyn Store) -> Result<(), StoreError> {
    store.set_value("log_id", "ab").await?;
    store.migrate().await?;
    assert_eq!(store.value("log_id").await?.as_deref(), Some("ab"));
    store.close().await;
    Ok(())
}
