//! [`crate::Devices`].

use super::samples::id;
use crate::{DeviceRow, GrantRow, Store, StoreError};

fn device(n: u8) -> DeviceRow {
    DeviceRow {
        id: id(n),
        public_key: vec![n; 65],
        name: "Tablet".into(),
        created_at: i64::from(n),
        revoked_at: None,
    }
}

fn grant(device: u8, label: &str) -> GrantRow {
    GrantRow {
        device: id(device),
        day: id(100),
        label: label.into(),
        username: "rina".into(),
        granted_at: i64::from(device),
    }
}

/// The name may change; another key is refused.
pub async fn a_device_keeps_its_key(store: &dyn Store) -> Result<(), StoreError> {
    store.put_device(&device(1)).await?;
    store.put_device(&DeviceRow { name: "Tablet 3".into(), created_at: 99, ..device(1) }).await?;
    assert_eq!(store.device(id(1)).await?, Some(DeviceRow { name: "Tablet 3".into(), ..device(1) }));
    let other = DeviceRow { public_key: vec![9; 65], ..device(1) };
    assert!(matches!(store.put_device(&other).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.device(id(2)).await?, None);
    assert_eq!(store.devices().await?.len(), 1);
    Ok(())
}

/// The first revocation stays, also when the device is prepared again.
pub async fn a_revoked_device_says_so(store: &dyn Store) -> Result<(), StoreError> {
    store.put_device(&device(1)).await?;
    store.revoke_device(id(1), 50).await?;
    store.revoke_device(id(1), 60).await?;
    store.put_device(&device(1)).await?;
    assert_eq!(store.device(id(1)).await?.and_then(|d| d.revoked_at), Some(50));
    Ok(())
}

/// Preparing the same tablet twice keeps its letter.
pub async fn a_grant_is_given_once(store: &dyn Store) -> Result<(), StoreError> {
    store.put_device(&device(1)).await?;
    assert_eq!(store.grant(&grant(1, "A")).await?, grant(1, "A"));
    assert_eq!(store.grant(&grant(1, "B")).await?, grant(1, "A"));
    assert_eq!(store.grants_of(id(1)).await?, vec![grant(1, "A")]);
    assert!(store.grants_of(id(2)).await?.is_empty());
    assert_eq!(store.grants().await?, vec![grant(1, "A")]);
    Ok(())
}

/// Two tablets never share a letter on a day.
pub async fn a_label_is_given_once_a_day(store: &dyn Store) -> Result<(), StoreError> {
    store.put_device(&device(1)).await?;
    store.put_device(&device(2)).await?;
    store.grant(&grant(1, "A")).await?;
    assert!(matches!(store.grant(&grant(2, "A")).await, Err(StoreError::Conflict(_))));
    store.grant(&grant(2, "B")).await?;
    let labels: Vec<_> = store.grants_on(id(100)).await?.into_iter().map(|g| g.label).collect();
    assert_eq!(labels, vec!["A", "B"]);
    let other_day = GrantRow { day: id(101), ..grant(2, "A") };
    assert_eq!(store.grant(&other_day).await?, other_day);
    Ok(())
}
