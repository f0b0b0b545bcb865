//! [`crate::Trust`].

use super::samples::id;
use crate::{CertificateRow, DeviceRow, DeviceSessionRow, RevocationRow, SignedGrantRow, Store, StoreError};

fn certificate(node: u8, serial: i64) -> CertificateRow {
    CertificateRow { node: id(node), role: 1, serial, bytes: vec![node, u8::try_from(serial).unwrap_or(0)] }
}

fn session(n: u8, device: u8, nonce: u8, created_at: i64) -> DeviceSessionRow {
    DeviceSessionRow {
        token_hash: [n; 32],
        device: id(device),
        hub: device == 9,
        nonce: vec![nonce; 4],
        created_at,
        expires_at: created_at + 100,
    }
}

/// Of two certificates of a node the higher serial stays.
pub async fn the_newest_certificate_of_a_node_is_kept(store: &dyn Store) -> Result<(), StoreError> {
    store.put_certificate(&certificate(2, 3)).await?;
    store.put_certificate(&certificate(1, 2)).await?;
    store.put_certificate(&certificate(2, 1)).await?;
    store.put_certificate(&certificate(1, 5)).await?;
    assert_eq!(store.certificates().await?, vec![certificate(2, 3), certificate(1, 5)]);
    Ok(())
}

/// Of two grants of a device for a day the later one stays.
pub async fn the_latest_grant_of_a_day_is_kept(store: &dyn Store) -> Result<(), StoreError> {
    let grant = |device: u8, day: u8, issued_at: i64| SignedGrantRow {
        device: id(device),
        day: id(day),
        bytes: vec![u8::try_from(issued_at).unwrap_or(0)],
        issued_at,
    };
    for row in [grant(1, 100, 5), grant(1, 100, 4), grant(1, 101, 4), grant(2, 100, 9)] {
        store.put_signed_grant(&row).await?;
    }
    assert_eq!(store.signed_grants(&[id(1)]).await?, vec![grant(1, 100, 5), grant(1, 101, 4)]);
    assert_eq!(store.signed_grants(&[id(2), id(1)]).await?.len(), 3);
    assert!(store.signed_grants(&[]).await?.is_empty());
    Ok(())
}

/// A device may be revoked before it is known; the first time stays; its sessions end.
pub async fn a_revocation_ends_sessions_and_stays(store: &dyn Store) -> Result<(), StoreError> {
    let device = DeviceRow {
        id: id(1),
        public_key: vec![1; 65],
        name: "Tablet".into(),
        created_at: 1,
        revoked_at: None,
    };
    store.put_device(&device).await?;
    store.add_device_session(&session(1, 1, 1, 10)).await?;
    store.add_device_session(&session(2, 2, 2, 10)).await?;
    for (device, at) in [(1, 50), (1, 60), (7, 55)] {
        store.revoke(RevocationRow { device: id(device), at }).await?;
    }
    let revoked = vec![RevocationRow { device: id(1), at: 50 }, RevocationRow { device: id(7), at: 55 }];
    assert_eq!(store.revocations().await?, revoked);
    assert_eq!(store.device(id(1)).await?.and_then(|row| row.revoked_at), Some(50));
    assert_eq!(store.device_session([1; 32], 20).await?, None);
    assert_eq!(store.device_session([2; 32], 20).await?, Some(session(2, 2, 2, 10)));
    Ok(())
}

/// A session holds until its end, and a nonce opens one.
pub async fn a_nonce_enters_once(store: &dyn Store) -> Result<(), StoreError> {
    store.add_device_session(&session(1, 9, 1, 10)).await?;
    let again = store.add_device_session(&session(2, 9, 1, 11)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    assert_eq!(store.device_session([1; 32], 109).await?, Some(session(1, 9, 1, 10)));
    assert_eq!(store.device_session([1; 32], 110).await?, None);
    assert_eq!(store.device_session([2; 32], 20).await?, None);
    Ok(())
}
