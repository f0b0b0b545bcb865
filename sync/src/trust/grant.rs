//! A grant: the office lets a device work on a day, and any node can verify it without the office.

use p256::ecdsa::SigningKey;

use super::certificate::Certificate;
use super::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES, TrustError, public_key_of, sign_hash};
use crate::ids::{DeviceId, DocumentId, sha256};
use crate::limits::{SCOPE_BYTES_MAX, SCOPES_MAX, SHORT_TEXT_BYTES_MAX};
use crate::wire::{Reader, WireError, put_bytes, put_count, put_varint};

const VERSION: u8 = 1;

/// What a grant says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The device's public key: SEC1, uncompressed.
    pub public_key: [u8; PUBLIC_KEY_BYTES],
    /// What people call the device.
    pub device_name: String,
    /// The service day.
    pub day: DocumentId,
    /// The letter of its tickets on that day; `hub` for a hub.
    pub label: String,
    /// Username of who prepared it; empty for a hub.
    pub officer: String,
    /// What it may read.
    pub scopes: Vec<String>,
    /// Unix seconds; of two grants for one day the later one counts.
    pub issued_at: u64,
    /// Unix seconds until which it may *read*. What a known device wrote is taken for ever.
    pub lease_until: u64,
}

/// A grant with the signature of a node of the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it says.
    pub granted: Granted,
    /// The node that signed.
    pub signer: DeviceId,
    /// r ‖ s by that node.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Granted {
    /// The device's id.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId::of_key(&self.public_key)
    }

    /// Signs with the key of the office's node.
    #[must_use]
    pub fn sign(self, node: &SigningKey) -> Grant {
        let signer = DeviceId::of_key(&public_key_of(node));
        let signature = sign_hash(node, &hash(&self.encode(&signer)));
        Grant { granted: self, signer, signature }
    }

    fn encode(&self, signer: &DeviceId) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.public_key);
        put_bytes(&mut out, self.device_name.as_bytes());
        out.extend_from_slice(&self.day.0);
        put_bytes(&mut out, self.label.as_bytes());
        put_bytes(&mut out, self.officer.as_bytes());
        put_count(&mut out, self.scopes.len());
        for scope in &self.scopes {
            put_bytes(&mut out, scope.as_bytes());
        }
        put_varint(&mut out, self.issued_at);
        put_varint(&mut out, self.lease_until);
        out.extend_from_slice(&signer.0);
        out
    }
}

fn hash(body: &[u8]) -> [u8; 32] {
    sha256(&[b"mpp.grant.1", body])
}

impl Grant {
    /// The bytes, signature at the end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.granted.encode(&self.signer);
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads what [`Grant::encode`] wrote. Nothing is verified yet.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(WireError::Version);
        }
        let public_key = reader.array()?;
        let device_name = reader.text(SHORT_TEXT_BYTES_MAX, "device name")?;
        let day = DocumentId(reader.array()?);
        let label = reader.text(SHORT_TEXT_BYTES_MAX, "label")?;
        let officer = reader.text(SHORT_TEXT_BYTES_MAX, "officer")?;
        let count = reader.count(SCOPES_MAX, "scopes")?;
        let scopes = (0..count).map(|_| reader.text(SCOPE_BYTES_MAX, "scope")).collect::<Result<_, _>>()?;
        let granted = Granted {
            public_key,
            device_name,
            day,
            label,
            officer,
            scopes,
            issued_at: reader.varint()?,
            lease_until: reader.varint()?,
        };
        let grant = Self { granted, signer: DeviceId(reader.array()?), signature: reader.array()? };
        if !reader.rest().is_empty() {
            return Err(WireError::Malformed("bytes after the grant"));
        }
        Ok(grant)
    }

    /// Whether the node of this certificate, which is the office's, signed it. That the certificate is the
    /// root's is for the caller to have verified.
    ///
    /// # Errors
    /// [`TrustError::Role`], [`TrustError::Signer`] or [`TrustError::Signature`].
    pub fn verify(&self, office: &Certificate) -> Result<(), TrustError> {
        let hash = hash(&self.granted.encode(&self.signer));
        office.signed_as_office(&self.signer, &hash, &self.signature)
    }

    /// Whether the device may still read at `now` (Unix seconds).
    #[must_use]
    pub fn may_read_at(&self, now: u64) -> bool {
        now < self.granted.lease_until
    }
}
