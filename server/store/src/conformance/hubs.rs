//! [`crate::Hubs`].

use super::samples::{chain, frame, hash, id};
use crate::{
    Append, BranchFrameRow, ChainRow, ChainToRelay, HubCodeRow, HubRow, Id, OfficeNoticeRow,
    OfficeReceiptRow, RelayedRow, Store, StoreError,
};

fn code(n: u8, expires_at: i64) -> HubCodeRow {
    HubCodeRow { code_hash: [n; 32], name: "Mobil 1".into(), created_by: "admin".into(), expires_at }
}

fn hub(n: u8) -> HubRow {
    HubRow {
        device: id(n),
        name: format!("Mobil {n}"),
        enrolled_by: "admin".into(),
        enrolled_at: i64::from(n),
        last_at: None,
        state: String::new(),
    }
}

/// A code lets one in, before its end.
pub async fn a_code_is_good_once_and_not_for_long(store: &dyn Store) -> Result<(), StoreError> {
    store.add_hub_code(&code(1, 100), 0).await?;
    store.add_hub_code(&code(2, 100), 0).await?;
    assert_eq!(store.take_hub_code([1; 32], 99).await?, Some(code(1, 100)));
    assert_eq!(store.take_hub_code([1; 32], 99).await?, None);
    assert_eq!(store.take_hub_code([2; 32], 100).await?, None);
    assert_eq!(store.take_hub_code([3; 32], 0).await?, None);
    Ok(())
}

/// A hub keeps its days when it joins again.
pub async fn a_hub_is_listed_with_its_days_and_contacts(store: &dyn Store) -> Result<(), StoreError> {
    store.put_hub(&hub(2)).await?;
    store.put_hub(&hub(1)).await?;
    for day in [101, 100, 100] {
        store.add_hub_day(id(1), id(day)).await?;
    }
    store.hub_seen(id(1), 77, "{\"version\":\"1\"}").await?;
    store.put_hub(&HubRow { name: "Mobil baru".into(), ..hub(1) }).await?;
    let seen = HubRow {
        name: "Mobil baru".into(),
        last_at: Some(77),
        state: "{\"version\":\"1\"}".into(),
        ..hub(1)
    };
    assert_eq!(store.hubs().await?, vec![seen.clone(), hub(2)]);
    assert_eq!(store.hub(id(1)).await?, Some(seen));
    assert_eq!(store.hub(id(3)).await?, None);
    assert_eq!(store.hub_days(id(1)).await?, vec![id(100), id(101)]);
    assert!(store.hub_days(id(2)).await?.is_empty());
    Ok(())
}

async fn waiting(store: &dyn Store, log: Id) -> Result<Vec<(Id, i64)>, StoreError> {
    let found = store.chains_to_relay(log, 10).await?;
    Ok(found.into_iter().map(|row| (row.chain.session, row.relayed)).collect())
}

/// Chains wait until that log holds every frame; another log starts anew.
pub async fn chains_wait_until_the_office_holds_them(store: &dyn Store) -> Result<(), StoreError> {
    let at = |n: u8, frames: i64, last_at: i64| ChainRow { last_at, ..chain(n, frames) };
    let batch = Append {
        chains: vec![at(1, 1, 20), at(2, 2, 10)],
        frames: vec![frame(1, 0), frame(2, 0), frame(2, 1)],
        ..Append::default()
    };
    store.append(&batch).await?;
    assert_eq!(waiting(store, id(50)).await?, vec![(id(2), 0), (id(1), 0)]);
    let held = |n: u8, log: u8, frames: i64| RelayedRow {
        session: id(n),
        log: id(log),
        frames,
        branches: Vec::new(),
    };
    store.set_relayed(&[held(1, 50, 1), held(2, 50, 1)]).await?;
    assert_eq!(waiting(store, id(50)).await?, vec![(id(2), 1)]);
    assert_eq!(waiting(store, id(51)).await?, vec![(id(2), 0), (id(1), 0)]);
    store.set_relayed(&[held(2, 50, 2)]).await?;
    assert!(waiting(store, id(50)).await?.is_empty());
    assert_eq!(store.chains_to_relay(id(51), 1).await?.len(), 1);
    Ok(())
}

/// The frames of a second way wait beside the chain, each until the log is known to hold it.
pub async fn second_ways_wait_too(store: &dyn Store) -> Result<(), StoreError> {
    let beside = |number: u8| BranchFrameRow {
        session: id(1),
        hash: hash(number),
        number: i64::from(number),
        saves: 1,
        last_save: hash(9),
        bytes: vec![number],
        received_at: 5,
    };
    let batch = Append {
        chains: vec![chain(1, 1), chain(2, 1)],
        frames: vec![frame(1, 0), frame(2, 0)],
        branches: vec![beside(2), beside(1)],
        ..Append::default()
    };
    store.append(&batch).await?;
    let held = |frames: i64, branches: &[u8]| RelayedRow {
        session: id(1),
        log: id(50),
        frames,
        branches: branches.iter().map(|n| hash(*n)).collect(),
    };
    let other = RelayedRow { session: id(2), branches: Vec::new(), ..held(1, &[]) };
    store.set_relayed(&[held(1, &[1]), other]).await?;
    let found = store.chains_to_relay(id(50), 10).await?;
    let counts: Vec<(Id, i64, i64)> =
        found.iter().map(|row| (row.chain.session, row.branches, row.waiting())).collect();
    assert_eq!(counts, vec![(id(1), 1, 1)]);
    assert_eq!(store.branches_to_relay(id(50), id(1)).await?, vec![beside(2)]);
    assert_eq!(store.branches_to_relay(id(51), id(1)).await?, vec![beside(1), beside(2)]);
    store.set_relayed(&[held(1, &[1, 2])]).await?;
    assert!(store.chains_to_relay(id(50), 10).await?.is_empty());
    assert_eq!(store.chains_to_relay(id(51), 10).await?.iter().map(ChainToRelay::waiting).sum::<i64>(), 4);
    store.set_relayed(&[held(1, &[])]).await?;
    assert_eq!(store.branches_to_relay(id(50), id(1)).await?.len(), 2, "an office may hold less than before");
    Ok(())
}

/// Page by page, those that are not safe yet.
pub async fn chains_are_asked_about_in_pages(store: &dyn Store) -> Result<(), StoreError> {
    let batch = Append {
        chains: (1..=5).map(|n| chain(n, 1)).collect(),
        frames: (1..=5).map(|n| frame(n, 0)).collect(),
        ..Append::default()
    };
    store.append(&batch).await?;
    let said = |n: u8, backed_up: i64| OfficeReceiptRow {
        session: id(n),
        way: [0; 32],
        frames: 1,
        backed_up,
        receipt: vec![n],
    };
    store.put_office_receipts(&[said(2, 1), said(3, 0)]).await?;
    let mut pages = Vec::new();
    let mut after = Id::default();
    loop {
        let page: Vec<Id> = store.chains_to_ask(after, 2).await?.iter().map(|row| row.session).collect();
        let Some(last) = page.last() else { break };
        after = *last;
        pages.push(page);
    }
    assert_eq!(pages, vec![vec![id(1), id(3)], vec![id(4), id(5)]]);
    Ok(())
}

/// What the office keeps aside is handed on to whose work it is, and taken back.
pub async fn what_the_office_keeps_aside_is_kept_to_be_handed_on(
    store: &dyn Store,
) -> Result<(), StoreError> {
    let (one, other) = (chain(1, 1), ChainRow { device: id(201), ..chain(2, 1) });
    let device = one.device;
    store
        .append(&Append {
            chains: vec![one, other],
            frames: vec![frame(1, 0), frame(2, 0)],
            ..Append::default()
        })
        .await?;
    let said = |document: u8, session: u8, code: &str| OfficeNoticeRow {
        document: id(document),
        hash: hash(document),
        session: id(session),
        code: code.to_owned(),
    };
    store.put_office_notices(&[said(8, 1, "b"), said(7, 1, "a"), said(9, 2, "c")]).await?;
    assert_eq!(store.marks().await?, 1);
    assert_eq!(store.office_notices_of(device).await?, vec![said(7, 1, "a"), said(8, 1, "b")]);
    store.put_office_notices(&[said(7, 1, "a")]).await?;
    assert_eq!(store.marks().await?, 1, "no news");
    store.put_office_notices(&[said(7, 1, ""), said(8, 1, "d")]).await?;
    assert_eq!(store.marks().await?, 2);
    assert_eq!(store.office_notices_of(device).await?, vec![said(7, 1, ""), said(8, 1, "d")]);
    assert_eq!(store.open_office_notices().await?, vec![said(8, 1, "d"), said(9, 2, "c")]);
    Ok(())
}
