//! Certificates, grants, revocations and receipts: what is read is written back byte for byte, and no altered paper is
//! believed.

use std::sync::OnceLock;

use mpp_sync::exchange::{ChainFrames, Receipt, ReceiptChain, ReceiptHeads};
use mpp_sync::ids::{DeviceId, FrameHash, LogId, SessionId};
use mpp_sync::trust::{
    Certificate, CertificateRole, Grant, Granted, Revocations, Revoked, Subject, public_key_of,
};
use p256::ecdsa::SigningKey;

use super::items::{Item, pack, unpack};
use super::{mutate, sample};
use crate::rng::Rng;

const CERTIFICATE: u8 = 0;
const GRANT: u8 = 1;
const REVOCATIONS: u8 = 2;
const RECEIPT: u8 = 3;

/// Signing takes longer than everything else here.
static GENUINE: OnceLock<Vec<Item>> = OnceLock::new();

const SESSION: SessionId = SessionId([2; 16]);

pub fn run(bytes: &[u8]) {
    for item in unpack(bytes) {
        let genuine = GENUINE.get_or_init(papers).contains(&item);
        let believed = match item.tag {
            CERTIFICATE => certificate(&item.bytes),
            GRANT => grant(&item.bytes),
            REVOCATIONS => revocations(&item.bytes),
            _ => receipt(&item.bytes),
        };
        assert!(!believed || genuine, "an altered paper is believed");
    }
}

fn certificate(bytes: &[u8]) -> bool {
    let Ok(read) = Certificate::decode(bytes) else { return false };
    assert_eq!(read.encode(), bytes, "a certificate is written in another way than it was read");
    read.verify(&public_key_of(&root())).is_ok()
}

fn grant(bytes: &[u8]) -> bool {
    let Ok(read) = Grant::decode(bytes) else { return false };
    assert_eq!(read.encode(), bytes, "a grant is written in another way than it was read");
    read.verify(&office()).is_ok()
}

fn revocations(bytes: &[u8]) -> bool {
    let Ok(read) = Revocations::decode(bytes) else { return false };
    assert_eq!(read.encode(), bytes, "a list is written in another way than it was read");
    read.verify(&office()).is_ok()
}

fn receipt(bytes: &[u8]) -> bool {
    let Ok(read) = Receipt::decode(bytes) else { return false };
    assert_eq!(Receipt::decode(&read.encode()), Ok(read.clone()), "a receipt does not read back");
    let own = [ChainFrames { session: SESSION, frames: vec![FrameHash([1; 32]), FrameHash([2; 32])] }];
    // A receipt's later fields belong to later versions: what counts is what it says.
    read.verify(&public_key_of(&node()), &own).is_ok() && read.encode() == bytes
}

fn root() -> SigningKey {
    sample::key(20)
}

fn node() -> SigningKey {
    sample::key(21)
}

fn office() -> Certificate {
    let subject = Subject {
        role: CertificateRole::Office,
        public_key: public_key_of(&node()),
        name: "Kantor".to_owned(),
        serial: 1,
        not_before: 0,
        not_after: 0,
    };
    subject.sign(&root())
}

/// One of each.
fn papers() -> Vec<Item> {
    let granted = Granted {
        public_key: public_key_of(&sample::key(7)),
        device_name: "Tablet 1".to_owned(),
        day: sample::DAY,
        label: "A".to_owned(),
        officer: "rina".to_owned(),
        scopes: vec!["everyone".to_owned(), "village/16.04.10.2001".to_owned()],
        issued_at: 1_800_000_000,
        lease_until: 1_900_000_000,
    };
    let revoked = vec![Revoked { device: DeviceId([3; 16]), at: 9 }];
    let said = ReceiptChain { session: SESSION, frames: 2, backed_up: 1 };
    let heads = ReceiptHeads { head: FrameHash([2; 32]), backed_up: FrameHash([1; 32]) };
    vec![
        Item::new(CERTIFICATE, office().encode()),
        Item::new(GRANT, granted.sign(&node()).encode()),
        Item::new(REVOCATIONS, Revocations::sign(9, revoked, &node()).encode()),
        Item::new(RECEIPT, Receipt::sign(&node(), LogId([1; 16]), 9, vec![(said, heads)]).encode()),
    ]
}

pub fn seeds() -> Vec<Vec<u8>> {
    let papers = papers();
    let mut seeds: Vec<Vec<u8>> = papers.iter().map(|paper| pack(std::slice::from_ref(paper))).collect();
    seeds.push(pack(&papers));
    seeds
}

pub fn mutate(rng: &mut Rng, input: &[u8]) -> Vec<u8> {
    mutate::items(rng, input, |rng, item| {
        let tag = if rng.chance(5) { rng.byte() % 4 } else { item.tag };
        Item::new(tag, mutate::bytes(rng, &item.bytes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_signed_is_believed() {
        let papers = papers();
        let believed = papers.iter().map(|paper| match paper.tag {
            CERTIFICATE => certificate(&paper.bytes),
            GRANT => grant(&paper.bytes),
            REVOCATIONS => revocations(&paper.bytes),
            _ => receipt(&paper.bytes),
        });
        assert!(believed.collect::<Vec<_>>() == [true; 4]);
    }
}
