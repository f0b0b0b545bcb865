//! [`crate::ChangeLog`] without the pull.

use mpp_sync::exchange::chains::ChainSum;
use mpp_sync::ids::{FrameHash, SessionId};

use super::samples::{accepted, aside, chain, chain_begun, change, frame, hash, id};
use crate::{Append, Basis, Cursor, Store, StoreError, Touched};

/// Frames, chain, changes and scopes of one batch.
pub async fn an_appended_batch_is_all_there(store: &dyn Store) -> Result<(), StoreError> {
    let batch = Append {
        chains: vec![chain(1, 2)],
        frames: vec![frame(1, 0), frame(1, 1)],
        quarantined: vec![aside(8, 3, "deps_missing")],
        ..accepted(vec![change(7, 1, &["day/x"]), change(7, 2, &["day/x", "everyone"])])
    };
    let head = store.append(&batch).await?;
    assert_eq!(head.position, 2);
    assert_eq!(store.head().await?, head);
    assert_eq!(store.chains(&[id(1), id(2)]).await?, vec![chain(1, 2)]);
    assert_eq!(store.all_chains().await?, vec![chain(1, 2)]);
    assert_eq!(store.chains_of(&[id(199), id(200)]).await?, vec![chain(1, 2)]);
    assert!(store.chains_of(&[id(199)]).await?.is_empty());
    assert_eq!(store.frame(id(1), 1).await?, Some(frame(1, 1)));
    assert_eq!(store.frame(id(1), 2).await?, None);
    assert_eq!(store.frames(id(1), 1, 10).await?, vec![frame(1, 1)]);
    assert_eq!(store.scopes_of(id(7)).await?, vec!["day/x".to_owned(), "everyone".to_owned()]);
    let logged = store.changes_of(&[id(7)]).await?;
    assert_eq!(logged.len(), 2);
    assert_eq!(logged.first().map(|c| (c.position, c.hash, c.seq)), Some((1, hash(1), 1)));
    assert_eq!(logged.get(1).map(|c| c.bytes.clone()), Some(vec![2; 100]));
    Ok(())
}

/// The pair (document, hash) is unique; the same hash in two documents is two changes.
pub async fn a_change_named_twice_is_logged_once(store: &dyn Store) -> Result<(), StoreError> {
    let first = store.append(&accepted(vec![change(7, 1, &["everyone"])])).await?;
    let again = store.append(&accepted(vec![change(7, 1, &["everyone"])])).await?;
    assert_eq!(first, again);
    let other = store.append(&accepted(vec![change(8, 1, &["everyone"])])).await?;
    assert_eq!(other.position, 2);
    Ok(())
}

/// The whole batch is refused.
pub async fn a_frame_number_held_already_is_refused_and_nothing_is_kept(
    store: &dyn Store,
) -> Result<(), StoreError> {
    let batch = Append { chains: vec![chain(1, 1)], frames: vec![frame(1, 0)], ..Append::default() };
    store.append(&batch).await?;
    let again = Append { accepted: accepted(vec![change(7, 1, &["everyone"])]).accepted, ..batch };
    assert!(matches!(store.append(&again).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.head().await?, Cursor::default());
    assert!(store.changes_of(&[id(7)]).await?.is_empty());
    Ok(())
}

/// A chain row is replaced by the longer one.
pub async fn a_chain_grows(store: &dyn Store) -> Result<(), StoreError> {
    for n in 1..=3 {
        let batch = Append { chains: vec![chain(1, n)], frames: vec![frame(1, n - 1)], ..Append::default() };
        store.append(&batch).await?;
    }
    assert_eq!(store.chains(&[id(1)]).await?, vec![chain(1, 3)]);
    assert!(store.chains(&[]).await?.is_empty());
    Ok(())
}

/// The projection asks what changed.
pub async fn touched_documents_in_order(store: &dyn Store) -> Result<(), StoreError> {
    store.append(&accepted(vec![change(7, 1, &[]), change(8, 2, &[]), change(7, 3, &[])])).await?;
    let touched = store.touched_after(1, 10).await?;
    assert_eq!(
        touched,
        vec![
            Touched { position: 2, document: id(8), kind: 3 },
            Touched { position: 3, document: id(7), kind: 3 }
        ]
    );
    assert_eq!(store.touched_after(0, 1).await?.len(), 1);
    Ok(())
}

/// The head's rolling hash is what [`Cursor::after`] says, whatever the batches.
pub async fn the_rolling_hash_follows_the_log(store: &dyn Store) -> Result<(), StoreError> {
    store.append(&accepted(vec![change(7, 1, &[])])).await?;
    let head = store.append(&accepted(vec![change(8, 2, &[]), change(7, 1, &[])])).await?;
    let expected = Cursor::default().after(&id(7), &hash(1)).after(&id(8), &hash(2));
    assert_eq!(head, expected);
    Ok(())
}

/// What was judged beside another process is judged again, unless the documents stayed as they were.
pub async fn a_batch_judged_on_what_is_no_longer_so_is_refused(store: &dyn Store) -> Result<(), StoreError> {
    store.append(&accepted(vec![change(7, 1, &["everyone"]), change(8, 2, &["everyone"])])).await?;
    let judged = |document: u8, n: u8, position: i64, aside: &[u8]| Append {
        basis: Some(Basis {
            position,
            documents: vec![id(document)],
            aside: aside.iter().map(|n| (id(document), hash(*n))).collect(),
        }),
        ..accepted(vec![change(document, n, &["everyone"])])
    };
    assert!(matches!(store.append(&judged(8, 3, 1, &[])).await, Err(StoreError::Stale(_))));
    assert_eq!(store.append(&judged(7, 4, 1, &[])).await?.position, 3, "document 8 is none of its business");
    assert!(matches!(store.append(&judged(7, 5, 2, &[])).await, Err(StoreError::Stale(_))));
    assert_eq!(store.append(&judged(7, 5, 3, &[])).await?.position, 4);
    store.append(&Append { quarantined: vec![aside(9, 6, "deps_missing")], ..Append::default() }).await?;
    assert!(matches!(store.append(&judged(9, 7, 4, &[])).await, Err(StoreError::Stale(_))));
    assert!(matches!(store.append(&judged(9, 7, 4, &[5])).await, Err(StoreError::Stale(_))));
    assert_eq!(store.append(&judged(9, 7, 4, &[6])).await?.position, 5);
    assert_eq!(store.changes_of(&[id(9)]).await?.len(), 1);
    Ok(())
}

/// One sum per device and month; a chain that grows is counted once, with its newest head.
pub async fn chains_fold_by_device_and_month(store: &dyn Store) -> Result<(), StoreError> {
    const MONTH: u64 = 30 * 86_400;
    let grown = chain_begun(1, 2, 9, 5 * MONTH);
    let batches = [
        vec![chain_begun(1, 1, 9, 5 * MONTH), chain_begun(2, 1, 9, 5 * MONTH + 9)],
        vec![grown.clone(), chain_begun(3, 1, 9, 6 * MONTH), chain_begun(4, 4, 8, 5 * MONTH)],
    ];
    for chains in batches {
        store.append(&Append { chains, ..Append::default() }).await?;
    }
    let sum = |chains: &[(u8, u64)]| {
        let mut sum = ChainSum::default();
        for (session, frames) in chains {
            let head = FrameHash(hash(u8::try_from(*frames).unwrap_or(0)));
            sum.add(&SessionId(id(*session)), *frames, &head);
        }
        sum
    };
    let folds = store.chain_folds(0, 100).await?;
    let found: Vec<_> = folds.iter().map(|row| (row.month, row.device, row.sum)).collect();
    assert_eq!(
        found,
        vec![(5, id(8), sum(&[(4, 4)])), (5, id(9), sum(&[(1, 2), (2, 1)])), (6, id(9), sum(&[(3, 1)]))]
    );
    assert_eq!(store.chain_folds(6, 6).await?.len(), 1);
    let listed = store.chains_of_month(id(9), 5, 10).await?;
    assert_eq!(listed, vec![grown, chain_begun(2, 1, 9, 5 * MONTH + 9)]);
    assert_eq!(store.chains_of_month(id(9), 5, 1).await?.len(), 1);
    Ok(())
}
