//! The office's list of devices and hubs that are no longer believed. Whole each time: a regency revokes
//! a few a year.

use p256::ecdsa::SigningKey;

use super::certificate::Certificate;
use super::{SIGNATURE_BYTES, TrustError, public_key_of, sign_hash};
use crate::ids::{DeviceId, sha256};
use crate::limits::REVOCATIONS_MAX;
use crate::wire::{Reader, WireError, put_count, put_varint};

const VERSION: u8 = 1;

/// One that is no longer believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revoked {
    /// The device or hub.
    pub device: DeviceId,
    /// Unix seconds.
    pub at: u64,
}

/// The list with the signature of a node of the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocations {
    /// Unix seconds; of two lists the later one counts.
    pub issued_at: u64,
    /// All of them, by device.
    pub revoked: Vec<Revoked>,
    /// The node that signed.
    pub signer: DeviceId,
    /// r ‖ s by that node.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Revocations {
    /// Signs a list with the key of the office's node.
    #[must_use]
    pub fn sign(issued_at: u64, mut revoked: Vec<Revoked>, node: &SigningKey) -> Self {
        revoked.sort_unstable();
        let signer = DeviceId::of_key(&public_key_of(node));
        let body = encode(issued_at, &revoked, &signer);
        let signature = sign_hash(node, &hash(&body));
        Self { issued_at, revoked, signer, signature }
    }

    /// Whether the list names the device.
    #[must_use]
    pub fn names(&self, device: &DeviceId) -> bool {
        self.revoked.iter().any(|revoked| revoked.device == *device)
    }

    /// The bytes, signature at the end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = encode(self.issued_at, &self.revoked, &self.signer);
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads what [`Revocations::encode`] wrote. Nothing is verified yet.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(WireError::Version);
        }
        let issued_at = reader.varint()?;
        let count = reader.count(REVOCATIONS_MAX, "revocations")?;
        let revoked = (0..count)
            .map(|_| Ok(Revoked { device: DeviceId(reader.array()?), at: reader.varint()? }))
            .collect::<Result<_, WireError>>()?;
        let list = Self { issued_at, revoked, signer: DeviceId(reader.array()?), signature: reader.array()? };
        if !reader.rest().is_empty() {
            return Err(WireError::Malformed("bytes after the revocations"));
        }
        Ok(list)
    }

    /// Whether the node of this certificate, which is the office's, signed the list.
    ///
    /// # Errors
    /// [`TrustError::Role`], [`TrustError::Signer`] or [`TrustError::Signature`].
    pub fn verify(&self, office: &Certificate) -> Result<(), TrustError> {
        let hash = hash(&encode(self.issued_at, &self.revoked, &self.signer));
        office.signed_as_office(&self.signer, &hash, &self.signature)
    }
}

fn encode(issued_at: u64, revoked: &[Revoked], signer: &DeviceId) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_varint(&mut out, issued_at);
    put_count(&mut out, revoked.len());
    for one in revoked {
        out.extend_from_slice(&one.device.0);
        put_varint(&mut out, one.at);
    }
    out.extend_from_slice(&signer.0);
    out
}

fn hash(body: &[u8]) -> [u8; 32] {
    sha256(&[b"mpp.revocations.1", body])
}
