//! [`crate::Mending`].

use super::samples::{accepted, aside, change, hash, id};
use crate::{Append, Store, StoreError};

/// The bytes are the new ones, and nothing else is.
pub async fn rotted_bytes_are_put_right(store: &dyn Store) -> Result<(), StoreError> {
    let batch = accepted(vec![change(7, 1, &["a"]), change(7, 2, &["a"])]);
    let head = store.append(&batch).await?;
    let before = store.changes_of(&[id(7)]).await?;
    let kept = aside(8, 3, "day_not_granted");
    store.append(&Append { quarantined: vec![kept.clone()], ..Append::default() }).await?;
    let right = b"as it was".to_vec();
    let mended = [
        (id(7), before.first().map_or(hash(1), |change| change.hash), right.clone()),
        (id(8), kept.hash, right.clone()),
        (id(9), hash(9), right.clone()),
    ];
    store.mend(&mended).await?;
    let after = store.changes_of(&[id(7), id(9)]).await?;
    assert_eq!(after.iter().map(|change| &change.bytes).collect::<Vec<_>>(), vec![&right, &before[1].bytes]);
    assert_eq!(after[0].position, before[0].position);
    assert_eq!(store.quarantined_of(&[id(8)]).await?[0].bytes, right);
    assert_eq!(store.head().await?, head, "nothing is new");
    assert!(store.sum_again().await?.is_empty());
    Ok(())
}
