//! The sums of scopes, and what stands beside the log.

use mpp_sync::digest::ScopeSum;
use mpp_sync::ids::{ChangeHash, DocumentId};

use super::samples::{accepted, change, hash, id};
use crate::{Append, BranchFrameRow, Cursor, DeviceEventRow, PullGroup, PullQuery, Store, StoreError};

fn query(cursor: Cursor, scopes: &[&str]) -> PullQuery {
    let scopes = scopes.iter().map(ToString::to_string).collect();
    PullQuery { groups: vec![PullGroup { cursor, scopes }], max_bytes: 1_000_000, ..PullQuery::default() }
}

fn sum(names: &[(u8, u8)]) -> ScopeSum {
    let mut sum = ScopeSum::default();
    for (document, change) in names {
        sum.add(&DocumentId(id(*document)), &ChangeHash(hash(*change)));
    }
    sum
}

/// A page that reaches the end says the sums; a change named twice and one that enters late are counted once.
pub async fn sums_follow_what_scopes_list(store: &dyn Store) -> Result<(), StoreError> {
    store.append(&accepted(vec![change(7, 1, &["a", "b"]), change(8, 2, &["b"])])).await?;
    store.append(&accepted(vec![change(7, 1, &["a", "b"]), change(8, 3, &["b", "c"])])).await?;
    let page = store.pull(&query(Cursor::default(), &["a", "b", "c", "d"])).await?;
    let expected = [
        ("a", sum(&[(7, 1)])),
        ("b", sum(&[(7, 1), (8, 2), (8, 3)])),
        ("c", sum(&[(8, 2), (8, 3)])),
        ("d", sum(&[])),
    ];
    assert_eq!(page.sums, expected.map(|(scope, sum)| (scope.to_owned(), sum)));
    assert!(store.sum_again().await?.is_empty(), "made again, they are the same");
    let bounded = PullQuery { max_bytes: 1, ..query(Cursor::default(), &["b"]) };
    let page = store.pull(&bounded).await?;
    assert!(page.more && page.sums.is_empty(), "not before the end");
    Ok(())
}

/// The scopes of each change add up, page by page, to the sums.
pub async fn membership_adds_up_over_pages(store: &dyn Store) -> Result<(), StoreError> {
    for n in 0..30 {
        let scopes: &[&str] = if n % 3 == 0 { &["a", "b"] } else { &["b"] };
        store.append(&accepted(vec![change(n % 7, n, scopes)])).await?;
    }
    store.append(&accepted(vec![change(1, 99, &["a"])])).await?;
    let mut asked = PullQuery { max_bytes: 250, ..query(Cursor::default(), &["a"]) };
    asked.groups.push(PullGroup { cursor: Cursor::default(), scopes: vec!["b".to_owned()] });
    let mut sums = std::collections::BTreeMap::<String, ScopeSum>::new();
    loop {
        let page = store.pull(&asked).await?;
        assert_eq!(page.changes.len(), page.listed.len());
        for (change, listed) in page.changes.iter().zip(&page.listed) {
            for scope in listed {
                sums.entry(scope.clone())
                    .or_default()
                    .add(&DocumentId(change.document), &ChangeHash(change.hash));
            }
        }
        if !page.more {
            assert_eq!(page.sums, sums.into_iter().collect::<Vec<_>>());
            return Ok(());
        }
        let groups = page.groups.into_iter();
        asked.groups = groups.map(|g| PullGroup { cursor: g.cursor, scopes: g.scopes }).collect();
    }
}

/// The caller's own changes are named with their scopes when it wants that.
pub async fn own_changes_are_named(store: &dyn Store) -> Result<(), StoreError> {
    let mut offered = change(9, 3, &["a"]);
    offered.frame = -1;
    store.append(&accepted(vec![change(7, 1, &["a", "b"]), change(8, 2, &["c"]), offered])).await?;
    let asked = PullQuery { held: vec![(id(1), 1)], name_own: true, ..query(Cursor::default(), &["a", "b"]) };
    let page = store.pull(&asked).await?;
    assert_eq!(
        page.changes.iter().map(|c| c.document).collect::<Vec<_>>(),
        vec![id(9)],
        "it came without a frame"
    );
    assert_eq!(page.own.iter().map(|own| own.document).collect::<Vec<_>>(), vec![id(7)]);
    assert!(page.own.iter().all(|own| own.listed.iter().eq(["a", "b"])));
    store.append(&Append { framed: vec![(id(9), hash(3), 0)], ..Append::default() }).await?;
    assert_eq!(store.pull(&asked).await?.own.len(), 2, "now it has a frame");
    Ok(())
}

/// What a scope lists up to a position.
pub async fn a_scope_is_listed_up_to_a_position(store: &dyn Store) -> Result<(), StoreError> {
    store.append(&accepted(vec![change(7, 1, &["a"]), change(8, 2, &["b"])])).await?;
    let head = store.append(&accepted(vec![change(7, 3, &["b"])])).await?;
    let listed = store.listed("a", 1).await?;
    assert_eq!(listed.iter().map(|c| c.hash).collect::<Vec<_>>(), vec![hash(1)]);
    assert_eq!(store.listed("a", head.position).await?.len(), 2);
    assert_eq!(store.listed("b", head.position).await?.len(), 3);
    Ok(())
}

/// Branches and events are written with the batch; what is there already stays.
pub async fn branches_and_events_are_kept(store: &dyn Store) -> Result<(), StoreError> {
    let frame = BranchFrameRow {
        session: id(1),
        hash: hash(5),
        number: 2,
        saves: 9,
        last_save: hash(6),
        bytes: vec![1, 2],
        received_at: 50,
    };
    let event = DeviceEventRow {
        device: id(2),
        session: id(1),
        kind: "forked".to_owned(),
        claimed: 2,
        held: 4,
        at: 50,
    };
    let batch = Append { branches: vec![frame.clone()], events: vec![event.clone()], ..Append::default() };
    store.append(&batch).await?;
    let later = DeviceEventRow { at: 60, ..event.clone() };
    store.append(&Append { branches: vec![frame.clone()], events: vec![later], ..Append::default() }).await?;
    assert_eq!(store.branch_frames(&[id(1), id(3)]).await?, [frame]);
    assert!(store.branch_frames(&[id(3)]).await?.is_empty());
    assert_eq!(store.device_events().await?, [event]);
    Ok(())
}
