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

/// Of two that begin at the same time, one gives the name.
pub async fn the_first_value_stays(store: &dyn Store) -> Result<(), StoreError> {
    assert_eq!(store.value_or("log_id", "00").await?, "00");
    assert_eq!(store.value_or("log_id", "ff").await?, "00");
    assert_eq!(store.value("log_id").await?.as_deref(), Some("00"));
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
