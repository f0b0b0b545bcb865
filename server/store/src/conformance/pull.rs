//! [`crate::ChangeLog::pull`].

use std::collections::BTreeSet;

use mpp_sync::ids::{DocumentId, Kind};

use super::samples::{accepted, change, id};
use crate::{Accepted, Append, Cursor, PullGroup, PullQuery, Store, StoreError};

fn query(cursor: Cursor, scopes: &[&str]) -> PullQuery {
    PullQuery { groups: vec![group(cursor, scopes)], max_bytes: 1_000_000, ..PullQuery::default() }
}

fn group(cursor: Cursor, scopes: &[&str]) -> PullGroup {
    PullGroup { cursor, scopes: scopes.iter().map(ToString::to_string).collect() }
}

/// Two scopes that hold the same change, at the same and at different cursors.
pub async fn a_pull_gives_each_change_once(store: &dyn Store) -> Result<(), StoreError> {
    let head = store.append(&accepted(vec![change(7, 1, &["a", "b"]), change(8, 2, &["b"])])).await?;
    let page = store.pull(&query(Cursor::default(), &["a", "b"])).await?;
    assert_eq!(page.changes.iter().map(|c| c.position).collect::<Vec<_>>(), vec![1, 2]);
    assert!(!page.more);
    let groups = vec![group(Cursor::default(), &["a"]), group(Cursor::default(), &["b"])];
    let page = store.pull(&PullQuery { groups, max_bytes: 1_000_000, ..PullQuery::default() }).await?;
    assert_eq!(page.changes.len(), 2);
    assert_eq!(page.groups.len(), 1, "groups that arrive at one place are one");
    assert_eq!(page.groups.first().map(|g| g.cursor), Some(head));
    let nothing = store.pull(&query(head, &["a", "b"])).await?;
    assert!(nothing.changes.is_empty());
    Ok(())
}

/// Scopes not asked for stay out, and the cursor still moves to the end.
pub async fn a_pull_leaves_out_other_scopes(store: &dyn Store) -> Result<(), StoreError> {
    let head = store.append(&accepted(vec![change(7, 1, &["a"]), change(8, 2, &["b"])])).await?;
    let page = store.pull(&query(Cursor::default(), &["a"])).await?;
    assert_eq!(page.changes.iter().map(|c| c.document).collect::<Vec<_>>(), vec![id(7)]);
    assert_eq!(page.groups.first().map(|g| g.cursor), Some(head));
    let none = store.pull(&PullQuery { max_bytes: 1, ..PullQuery::default() }).await?;
    assert!(none.changes.is_empty() && none.groups.is_empty());
    Ok(())
}

/// Only as many frames as the caller says it keeps.
pub async fn a_pull_leaves_out_what_the_caller_wrote(store: &dyn Store) -> Result<(), StoreError> {
    let mut later = change(8, 2, &["a"]);
    later.frame = 1;
    store.append(&accepted(vec![change(7, 1, &["a"]), later])).await?;
    let held = PullQuery { held: vec![(id(1), 1)], ..query(Cursor::default(), &["a"]) };
    let page = store.pull(&held).await?;
    assert_eq!(page.changes.iter().map(|c| c.document).collect::<Vec<_>>(), vec![id(8)]);
    Ok(())
}

/// Pages follow each other without a gap, and the last one says so.
pub async fn a_bounded_pull_continues_where_it_stopped(store: &dyn Store) -> Result<(), StoreError> {
    let changes = (1..=20).map(|n| change(n, n, &[if n % 2 == 0 { "a" } else { "b" }])).collect();
    let head = store.append(&accepted(changes)).await?;
    let mut asked = PullQuery { max_bytes: 250, ..query(Cursor::default(), &["a"]) };
    asked.groups.push(group(Cursor::default(), &["b"]));
    let mut seen = vec![];
    for _ in 0..30 {
        let page = store.pull(&asked).await?;
        assert!(page.changes.len() <= 3, "a page is bounded");
        seen.extend(page.changes.iter().map(|c| c.position));
        asked.groups =
            page.groups.into_iter().map(|g| PullGroup { cursor: g.cursor, scopes: g.scopes }).collect();
        if !page.more {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
    assert!(asked.groups.iter().all(|g| g.cursor == head));
    Ok(())
}

/// After a restore the same position may be another change.
pub async fn a_cursor_of_another_log_starts_at_the_beginning(store: &dyn Store) -> Result<(), StoreError> {
    let head = store.append(&accepted(vec![change(7, 1, &["a"]), change(8, 2, &["a"])])).await?;
    let foreign = Cursor { rolling: [9; 8], ..head };
    assert_eq!(store.pull(&query(foreign, &["a"])).await?.changes.len(), 2);
    let beyond = Cursor { position: 99, ..head };
    assert_eq!(store.pull(&query(beyond, &["a"])).await?.changes.len(), 2);
    Ok(())
}

/// A caller that was past the old changes gets them when the document enters its scope.
pub async fn a_document_that_enters_a_scope_late_brings_its_past(
    store: &dyn Store,
) -> Result<(), StoreError> {
    let before = store.append(&accepted(vec![change(7, 1, &["a"]), change(7, 2, &["a"])])).await?;
    store.append(&accepted(vec![change(7, 3, &["b"])])).await?;
    let page = store.pull(&query(before, &["b"])).await?;
    assert_eq!(page.changes.iter().map(|c| c.seq).collect::<Vec<_>>(), vec![1, 2, 3]);
    let tight = PullQuery { max_bytes: 1, ..query(before, &["b"]) };
    assert_eq!(store.pull(&tight).await?.changes.len(), 3, "a position is never cut in two");
    Ok(())
}

/// Nothing of it is new, and yet every caller of the new scope gets it, once.
pub async fn a_document_enters_a_scope_without_a_new_change(store: &dyn Store) -> Result<(), StoreError> {
    let before = store.append(&accepted(vec![change(7, 1, &["a"]), change(7, 2, &["a"])])).await?;
    let (document, kind) = (DocumentId(id(7)), Kind::Resident);
    let entering = Accepted::entering(&document, kind, BTreeSet::from(["b".to_owned()]), 9);
    let batch = Append { accepted: vec![entering], ..Append::default() };
    let head = store.append(&batch).await?;
    assert_eq!(head.position, before.position + 1);
    let page = store.pull(&query(before, &["a", "b"])).await?;
    assert_eq!(page.changes.iter().map(|c| c.seq).collect::<Vec<_>>(), vec![1, 2]);
    assert_eq!(page.groups.first().map(|g| g.cursor), Some(head));
    assert!(store.pull(&query(head, &["a", "b"])).await?.changes.is_empty());
    assert_eq!(store.listed("b", head.position).await?.len(), 2);
    assert_eq!(store.changes_of(&[id(7)]).await?.len(), 2);
    assert_eq!(store.append(&batch).await?, head, "it is there");
    assert!(store.sum_again().await?.is_empty());
    Ok(())
}

/// Who held a document goes on receiving it.
pub async fn a_document_that_moves_stays_in_its_old_scope(store: &dyn Store) -> Result<(), StoreError> {
    let before = store.append(&accepted(vec![change(7, 1, &["a"])])).await?;
    store.append(&accepted(vec![change(7, 2, &["b"])])).await?;
    let page = store.pull(&query(before, &["a"])).await?;
    assert_eq!(page.changes.iter().map(|c| c.seq).collect::<Vec<_>>(), vec![2]);
    Ok(())
}
