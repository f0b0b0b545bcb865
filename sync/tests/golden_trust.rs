//! Certificates, grants and revocations that were once signed must be believed for ever: their bytes do not change.
//!
//! `MPP_GOLDEN=write cargo test -p mpp-sync --test golden_trust` writes files that do not exist yet.

#![cfg(test)]

use std::path::PathBuf;

use mpp_sync::ids::{DeviceId, DocumentId};
use mpp_sync::trust::{
    Certificate, CertificateRole, Grant, Granted, Revocations, Revoked, Subject, public_key_of,
};
use p256::ecdsa::SigningKey;

fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/v1").join(name);
    if !path.exists() && std::env::var("MPP_GOLDEN").as_deref() == Ok("write") {
        std::fs::write(&path, bytes).unwrap();
    }
    let stored = std::fs::read(&path).unwrap_or_else(|_| panic!("{name} is missing"));
    assert!(stored == bytes, "{name}: this version writes other bytes than the released one");
    stored
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn subject(role: CertificateRole, of: &SigningKey, name: &str, not_after: u64) -> Subject {
    Subject {
        role,
        public_key: public_key_of(of),
        name: name.to_owned(),
        serial: 2,
        not_before: 1_800_000_000,
        not_after,
    }
}

#[test]
fn what_was_signed_once_is_written_and_believed_as_released() {
    let (root, node, hub, device) = (key(0x61), key(0x62), key(0x63), key(0x64));
    let root_key = public_key_of(&root);
    let office = subject(CertificateRole::Office, &node, "Kantor", 0).sign(&root);
    let office = Certificate::decode(&golden("certificate-office.bin", &office.encode())).unwrap();
    assert_eq!(office.verify(&root_key), Ok(()));
    let hub = subject(CertificateRole::Hub, &hub, "Mobil 1", 1_807_776_000).sign(&root);
    let hub = Certificate::decode(&golden("certificate-hub.bin", &hub.encode())).unwrap();
    assert_eq!(hub.verify(&root_key), Ok(()));
    let granted = Granted {
        public_key: public_key_of(&device),
        device_name: "Tablet 3".to_owned(),
        day: DocumentId([0x22; 16]),
        label: "A".to_owned(),
        officer: "rina".to_owned(),
        scopes: vec!["everyone".to_owned(), "village/16.04.12.2025".to_owned()],
        issued_at: 1_800_000_001,
        lease_until: 1_801_209_600,
    };
    let grant = Grant::decode(&golden("grant.bin", &granted.sign(&node).encode())).unwrap();
    assert_eq!(grant.verify(&office), Ok(()));
    let revoked = vec![Revoked { device: DeviceId([0x33; 16]), at: 1_800_000_002 }];
    let list = Revocations::sign(1_800_000_003, revoked, &node);
    let list = Revocations::decode(&golden("revocations.bin", &list.encode())).unwrap();
    assert_eq!(list.verify(&office), Ok(()));
}
