use p256::ecdsa::SigningKey;
use proptest::prelude::*;

use super::*;
use crate::ids::{DeviceId, DocumentId, Kind};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn subject(role: CertificateRole, of: &SigningKey) -> Subject {
    Subject {
        role,
        public_key: public_key_of(of),
        name: "Kantor".to_owned(),
        serial: 3,
        not_before: 100,
        not_after: 200,
    }
}

fn granted() -> Granted {
    Granted {
        public_key: public_key_of(&key(9)),
        device_name: "Tablet 3".to_owned(),
        day: DocumentId([5; 16]),
        label: "A".to_owned(),
        officer: "rina".to_owned(),
        scopes: vec!["everyone".to_owned(), "village/16.04.12.2025".to_owned()],
        issued_at: 110,
        lease_until: 150,
    }
}

fn erased() -> Erased {
    Erased {
        document: DocumentId([6; 16]),
        kind: Kind::Resident,
        changes: 3,
        scopes: vec!["day/05050505050505050505050505050505".to_owned(), "village/16.04.12.2025".to_owned()],
        at: 120,
        by: "sari".to_owned(),
        reason: "Permintaan 12/PDP/2026".to_owned(),
    }
}

#[test]
fn a_tombstone_is_believed_from_the_office_only() {
    let tombstone = erased().sign(&key(2));
    let read = Tombstone::decode(&tombstone.encode()).unwrap();
    assert_eq!((&read, read.hash()), (&tombstone, tombstone.hash()));
    let of = |role, node| subject(role, &key(node)).sign(&key(1));
    assert_eq!(read.verify(&of(CertificateRole::Office, 2)), Ok(()));
    assert_eq!(read.verify(&of(CertificateRole::Office, 3)), Err(TrustError::Signer));
    assert_eq!(read.verify(&of(CertificateRole::Hub, 2)), Err(TrustError::Role));
}

#[test]
fn a_certificate_is_believed_only_under_the_root_that_signed_it() {
    let certificate = subject(CertificateRole::Office, &key(2)).sign(&key(1));
    let read = Certificate::decode(&certificate.encode()).unwrap();
    assert_eq!(read, certificate);
    assert_eq!(read.node(), DeviceId::of_key(&public_key_of(&key(2))));
    assert_eq!(read.verify(&public_key_of(&key(1))), Ok(()));
    assert_eq!(read.verify(&public_key_of(&key(3))), Err(TrustError::Signature));
    assert_eq!(read.verify(&[]), Err(TrustError::Signature));
}

#[test]
fn a_certificate_holds_from_its_first_second_to_before_its_last_and_zero_is_no_end() {
    let mut subject = subject(CertificateRole::Hub, &key(2));
    let certificate = subject.clone().sign(&key(1));
    assert_eq!([99, 100, 199, 200].map(|now| certificate.holds_at(now)), [false, true, true, false]);
    subject.not_after = 0;
    assert!(subject.sign(&key(1)).holds_at(u64::MAX));
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let root = public_key_of(&key(1));
    let certificate = subject(CertificateRole::Office, &key(2)).sign(&key(1));
    let believed = |bytes: &[u8]| Certificate::decode(bytes).is_ok_and(|read| read.verify(&root).is_ok());
    let grant = granted().sign(&key(2));
    let list = Revocations::sign(7, vec![Revoked { device: DeviceId([4; 16]), at: 6 }], &key(2));
    let tombstone = erased().sign(&key(2));
    assert!(believed(&certificate.encode()));
    for (bytes, believed) in [
        (certificate.encode(), &believed as &dyn Fn(&[u8]) -> bool),
        (grant.encode(), &|bytes| Grant::decode(bytes).is_ok_and(|read| read.verify(&certificate).is_ok())),
        (tombstone.encode(), &|bytes| {
            Tombstone::decode(bytes).is_ok_and(|read| read.verify(&certificate).is_ok())
        }),
        (list.encode(), &|bytes| {
            Revocations::decode(bytes).is_ok_and(|read| read.verify(&certificate).is_ok())
        }),
    ] {
        assert!(believed(&bytes));
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(!believed(&changed), "byte {index}");
        }
        for length in 0..bytes.len() {
            assert!(!believed(&bytes[..length]), "cut to {length}");
        }
        assert!(!believed(&[bytes.as_slice(), &[0]].concat()), "a byte more");
    }
}

#[test]
fn a_new_root_is_followed_only_when_the_old_one_certified_it() {
    let roots = [public_key_of(&key(1)), public_key_of(&key(2)), public_key_of(&key(3))];
    let to_second = subject(CertificateRole::Root, &key(2)).sign(&key(1));
    let to_third = subject(CertificateRole::Root, &key(3)).sign(&key(2));
    let chain = [to_third.clone(), to_second.clone()];
    assert_eq!(follow_root(roots[0], &chain), roots[2]);
    assert_eq!(follow_root(roots[1], &chain), roots[2]);
    assert_eq!(follow_root(roots[0], &[to_third]), roots[0]);
    // A node's certificate makes no root, and a circle of roots ends.
    let node = subject(CertificateRole::Office, &key(4)).sign(&key(1));
    assert_eq!(follow_root(roots[0], &[node]), roots[0]);
    let back = subject(CertificateRole::Root, &key(1)).sign(&key(2));
    let _ = follow_root(roots[0], &[to_second, back]);
}

#[test]
fn a_grant_is_believed_only_from_the_office_that_signed_it() {
    let office = subject(CertificateRole::Office, &key(2)).sign(&key(1));
    let hub = subject(CertificateRole::Hub, &key(2)).sign(&key(1));
    let other = subject(CertificateRole::Office, &key(3)).sign(&key(1));
    let grant = granted().sign(&key(2));
    let read = Grant::decode(&grant.encode()).unwrap();
    assert_eq!(read, grant);
    assert_eq!(read.granted.device(), DeviceId::of_key(&public_key_of(&key(9))));
    assert_eq!(read.verify(&office), Ok(()));
    assert_eq!(read.verify(&hub), Err(TrustError::Role));
    assert_eq!(read.verify(&other), Err(TrustError::Signer));
    let lied = Grant { signer: office.node(), ..granted().sign(&key(3)) };
    assert_eq!(lied.verify(&office), Err(TrustError::Signature));
    assert!(read.may_read_at(149) && !read.may_read_at(150));
}

#[test]
fn a_list_of_revocations_names_who_is_on_it_and_only_the_office_signs_it() {
    let office = subject(CertificateRole::Office, &key(2)).sign(&key(1));
    let hub = subject(CertificateRole::Hub, &key(2)).sign(&key(1));
    let of = |n: u8| Revoked { device: DeviceId([n; 16]), at: u64::from(n) };
    let list = Revocations::sign(7, vec![of(9), of(4)], &key(2));
    let read = Revocations::decode(&list.encode()).unwrap();
    assert_eq!(read.revoked, [of(4), of(9)]);
    assert!(read.names(&DeviceId([4; 16])) && !read.names(&DeviceId([5; 16])));
    assert_eq!(read.verify(&office), Ok(()));
    assert_eq!(read.verify(&hub), Err(TrustError::Role));
}

#[test]
fn entering_is_signed_for_one_log_and_one_nonce() {
    let bytes = enter_bytes(&LogId([1; 16]), b"nonce");
    let signature = sign_hash(&key(9), &bytes);
    let public = public_key_of(&key(9));
    assert!(hash_is_signed(&public, &bytes, &signature));
    assert!(!hash_is_signed(&public, &enter_bytes(&LogId([2; 16]), b"nonce"), &signature));
    assert!(!hash_is_signed(&public, &enter_bytes(&LogId([1; 16]), b"other"), &signature));
    assert!(!hash_is_signed(&public, &bytes, &signature[..63]));
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes: Vec<u8>) {
        let _ = Certificate::decode(&bytes);
        let _ = Grant::decode(&bytes);
        let _ = Revocations::decode(&bytes);
        let _ = hash_is_signed(&bytes, &[0; 32], &bytes);
    }

    #[test]
    fn whatever_is_granted_reads_back(name in ".{0,40}", scopes in proptest::collection::vec("[a-z/.0-9]{0,40}", 0..20), at: u64) {
        let grant = Granted { device_name: name, scopes, issued_at: at, ..granted() }.sign(&key(2));
        prop_assert_eq!(Grant::decode(&grant.encode()), Ok(grant));
    }
}
