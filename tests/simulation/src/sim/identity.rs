//! Who the nodes are: the same keys in every schedule, because making them costs more than a schedule's exchanges.

use std::sync::OnceLock;

use mpp_server::node_key::NodeKey;
use mpp_sync::ids::DeviceId;
use mpp_sync::trust::{Certificate, CertificateRole, PUBLIC_KEY_BYTES, Subject, public_key_of};
use p256::SecretKey;
use p256::ecdsa::SigningKey;

use crate::rng::Rng;

/// Hubs that a schedule has at most.
pub const HUBS_MAX: usize = 2;

/// A node's key, and what proves it.
pub struct Identity {
    /// What people call it.
    pub name: &'static str,
    /// Its key.
    pub key: NodeKey,
    /// The public half of the root key.
    pub root: [u8; PUBLIC_KEY_BYTES],
    /// The certificates that it keeps: its own and the office's; at the office all.
    pub certificates: Vec<Certificate>,
    /// At the office: the hubs that joined.
    pub hubs: Vec<DeviceId>,
}

impl Identity {
    /// Whether it is a hub's.
    #[must_use]
    pub fn is_hub(&self) -> bool {
        self.certificates.first().is_some_and(|own| own.subject.role == CertificateRole::Hub)
    }
}

/// A signing key from the dice.
pub fn key(rng: &mut Rng) -> SigningKey {
    loop {
        if let Ok(key) = SigningKey::from_slice(&rng.bytes::<32>()) {
            return key;
        }
    }
}

/// The office first, then the hubs.
pub fn identities() -> &'static [Identity] {
    static IDENTITIES: OnceLock<Vec<Identity>> = OnceLock::new();
    IDENTITIES.get_or_init(make)
}

fn make() -> Vec<Identity> {
    let mut rng = Rng::new(0);
    let root = key(&mut rng);
    let names = ["Kantor", "Hub 1", "Hub 2"];
    let keys: Vec<SigningKey> = (0..=HUBS_MAX).map(|_| key(&mut rng)).collect();
    let certificates: Vec<Certificate> = keys
        .iter()
        .zip(names)
        .zip(1..)
        .map(|((key, name), serial)| {
            let subject = Subject {
                role: if serial == 1 { CertificateRole::Office } else { CertificateRole::Hub },
                public_key: public_key_of(key),
                name: name.to_owned(),
                serial,
                not_before: 0,
                not_after: 0,
            };
            subject.sign(&root)
        })
        .collect();
    let hubs: Vec<DeviceId> = certificates.iter().skip(1).map(Certificate::node).collect();
    let identity = |(number, key): (usize, SigningKey)| {
        let own = certificates.get(number).cloned();
        let others = certificates.iter().enumerate().filter(|(other, _)| number != *other);
        let kept = others.filter(|(other, _)| number == 0 || *other == 0).map(|(_, one)| one.clone());
        Identity {
            name: names.get(number).copied().unwrap_or_default(),
            certificates: own.into_iter().chain(kept).collect(),
            root: public_key_of(&root),
            hubs: if number == 0 { hubs.clone() } else { Vec::new() },
            key: NodeKey::new(key.clone(), SecretKey::from(&key), [7; 32]),
        }
    };
    keys.into_iter().enumerate().map(identity).collect()
}
