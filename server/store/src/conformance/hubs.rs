//! [`crate::Hubs`].

use super::samples::{chain, frame, id};
use crate::{Append, ChainRow, HubCodeRow, HubRow, Id, RelayedRow, Store, StoreError};

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
    let held = |n: u8, log: u8, frames: i64| RelayedRow { session: id(n), log: id(log), frames };
    store.set_relayed(&[held(1, 50, 1), held(2, 50, 1)]).await?;
    assert_eq!(waiting(store, id(50)).await?, vec![(id(2), 1)]);
    assert_eq!(waiting(store, id(51)).await?, vec![(id(2), 0), (id(1), 0)]);
    store.set_relayed(&[held(2, 50, 2)]).await?;
    assert!(waiting(store, id(50)).await?.is_empty());
    assert_eq!(store.chains_to_relay(id(51), 1).await?.len(), 1);
    Ok(())
}
