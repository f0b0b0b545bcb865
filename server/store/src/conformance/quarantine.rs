//! [`crate::Quarantine`].

use super::samples::{accepted, aside, change, id};
use crate::{Append, QuarantineRow, Store, StoreError};

fn set_aside(rows: Vec<QuarantineRow>) -> Append {
    Append { quarantined: rows, ..Append::default() }
}

/// By document, by reason, and all.
pub async fn a_quarantined_change_is_listed(store: &dyn Store) -> Result<(), StoreError> {
    store.append(&set_aside(vec![aside(7, 1, "deps_missing"), aside(8, 2, "day_not_granted")])).await?;
    assert_eq!(store.quarantined(10).await?.first().map(|q| q.document), Some(id(8)), "newest first");
    assert_eq!(store.quarantined_of(&[id(7)]).await?, vec![aside(7, 1, "deps_missing")]);
    assert!(store.quarantined_of(&[]).await?.is_empty());
    assert_eq!(store.quarantined_from(&[id(1), id(2)]).await?.len(), 2);
    assert!(store.quarantined_from(&[id(2)]).await?.is_empty());
    let granted = store.quarantined_for(&["day_not_granted", "other"], 10).await?;
    assert_eq!(granted, vec![aside(8, 2, "day_not_granted")]);
    assert!(store.quarantined_for(&[], 10).await?.is_empty());
    assert_eq!(store.quarantine_counts().await?, vec![(id(1), 2)]);
    Ok(())
}

/// One transaction moves it into the log.
pub async fn an_accepted_change_leaves_quarantine(store: &dyn Store) -> Result<(), StoreError> {
    store.append(&set_aside(vec![aside(7, 1, "deps_missing")])).await?;
    store.append(&accepted(vec![change(7, 1, &["a"])])).await?;
    assert!(store.quarantined(10).await?.is_empty());
    assert_eq!(store.changes_of(&[id(7)]).await?.len(), 1);
    Ok(())
}

/// The newest reason stands.
pub async fn a_second_refusal_counts_as_a_retry(store: &dyn Store) -> Result<(), StoreError> {
    store.append(&set_aside(vec![aside(7, 1, "deps_missing")])).await?;
    store.append(&set_aside(vec![aside(7, 1, "apply_failed")])).await?;
    let rows = store.quarantined(10).await?;
    assert_eq!(rows, vec![QuarantineRow { retried: 1, ..aside(7, 1, "apply_failed") }]);
    Ok(())
}
