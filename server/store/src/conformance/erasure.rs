//! [`crate::Erasures`].

use super::samples::{accepted, application, aside, chain, change, frame, hash, id, resident, view};
use crate::{Append, Basis, Erasure, Projected, PullGroup, PullQuery, Store, StoreError, TombstoneRow};

/// Erases document 7 of frame 0 of session 1.
fn erasure(position: i64) -> Erasure {
    Erasure {
        document: id(7),
        kind: 1,
        hash: hash(99),
        tombstone: vec![42; 60],
        scopes: vec!["day/x".into(), "village/1".into()],
        frames: vec![(id(1), 0, vec![8; 3])],
        branches: Vec::new(),
        basis: Basis { position, documents: vec![id(7)], aside: vec![(id(7), hash(5))] },
    }
}

/// Documents 7 and 8 in scopes, frames and views; a change of 7 kept aside.
async fn filled(store: &dyn Store) -> Result<(), StoreError> {
    let batch = Append {
        chains: vec![chain(1, 2)],
        frames: vec![frame(1, 0), frame(1, 1)],
        quarantined: vec![aside(7, 5, "deps_missing"), aside(8, 6, "deps_missing")],
        ..accepted(vec![
            change(7, 1, &["day/x", "village/1"]),
            change(8, 2, &["day/x"]),
            change(7, 3, &["day/x", "village/1"]),
        ])
    };
    store.append(&batch).await?;
    let step = Projected {
        documents: vec![view(7, 1, "{}"), view(8, 1, "{}")],
        residents: vec![resident(7, Some(1), &[]), resident(8, Some(1), &[7])],
        applications: vec![application(7, 1)],
        upto: 3,
        ..Projected::default()
    };
    store.project(&step).await?;
    store.set_group_flags(&[(id(7), false, false), (id(8), false, false)], 3).await
}

/// Log, scopes, sums, quarantine, frames and views; the rest stays.
pub async fn an_erased_document_leaves_everything_but_its_name(store: &dyn Store) -> Result<(), StoreError> {
    filled(store).await?;
    let head = store.erase(&erasure(3)).await?;
    assert_eq!(head.position, 4);
    assert_eq!(store.head().await?, head);
    assert!(store.changes_of(&[id(7)]).await?.is_empty());
    assert_eq!(store.changes_of(&[id(7), id(8)]).await?.len(), 1);
    assert!(store.scopes_of(id(7)).await?.is_empty());
    assert!(store.listed("village/1", 9).await?.is_empty());
    assert_eq!(store.listed("day/x", 9).await?.len(), 1);
    assert!(store.sum_again().await?.is_empty(), "the sums were right already");
    assert_eq!(store.quarantined(9).await?, vec![aside(8, 6, "deps_missing")]);
    assert_eq!(store.frame(id(1), 0).await?.map(|frame| frame.bytes), Some(vec![8; 3]));
    assert_eq!(store.frame(id(1), 1).await?, Some(frame(1, 1)));
    let row = TombstoneRow { document: id(7), position: 4, bytes: vec![42; 60] };
    assert_eq!(store.tombstones(&[id(7), id(8)]).await?, vec![row.clone()]);
    assert_eq!(store.all_tombstones().await?, vec![row]);
    let touched = store.touched_after(3, 9).await?;
    assert_eq!(touched.iter().map(|touched| touched.document).collect::<Vec<_>>(), vec![id(7)]);
    store.project(&Projected { erased: vec![id(7)], upto: 4, ..Projected::default() }).await?;
    store.scrub().await?;
    assert_eq!(store.view(id(7)).await?, None);
    assert!(store.view(id(8)).await?.is_some());
    assert!(store.applications_tracked("CODE7").await?.is_empty());
    assert_eq!(store.residents_to_regroup(9).await?, vec![id(8)], "who was grouped with it");
    Ok(())
}

/// With the page whose cursors pass it, whatever the number of scopes.
pub async fn who_reads_a_scope_learns_of_it_once(store: &dyn Store) -> Result<(), StoreError> {
    filled(store).await?;
    let before = store.head().await?;
    let head = store.erase(&erasure(3)).await?;
    let asked = |cursor, scopes: &[&str]| PullQuery {
        groups: vec![PullGroup { cursor, scopes: scopes.iter().map(ToString::to_string).collect() }],
        max_bytes: 1_000_000,
        ..PullQuery::default()
    };
    let page = store.pull(&asked(before, &["day/x", "village/1"])).await?;
    assert_eq!((page.tombstones, page.changes.len(), page.more), (vec![vec![42; 60]], 0, false));
    assert_eq!(page.groups.first().map(|group| group.cursor), Some(head));
    assert!(store.pull(&asked(head, &["day/x"])).await?.tombstones.is_empty());
    assert!(store.pull(&asked(before, &["everyone"])).await?.tombstones.is_empty());
    Ok(())
}

/// What the frames were chosen on must still be so; twice changes nothing.
pub async fn what_changed_meanwhile_is_not_erased_by_mistake(store: &dyn Store) -> Result<(), StoreError> {
    filled(store).await?;
    assert!(matches!(store.erase(&erasure(2)).await, Err(StoreError::Stale(_))));
    assert_eq!(store.changes_of(&[id(7)]).await?.len(), 2);
    assert!(store.tombstones(&[id(7)]).await?.is_empty());
    let head = store.erase(&erasure(3)).await?;
    assert_eq!(store.erase(&erasure(3)).await?, head);
    assert_eq!(store.all_tombstones().await?.len(), 1);
    Ok(())
}
