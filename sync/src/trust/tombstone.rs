//! What was erased by law: which document, by whom, why, signed by a node of the office. The changes are gone; their
//! names stay in the frames' skeletons, so that chains can still be verified.

use p256::ecdsa::SigningKey;

use super::certificate::Certificate;
use super::{SIGNATURE_BYTES, TrustError, public_key_of, sign_hash};
use crate::ids::{DeviceId, DocumentId, Kind, sha256};
use crate::limits::{SCOPE_BYTES_MAX, SCOPES_MAX, SHORT_TEXT_BYTES_MAX};
use crate::wire::{Reader, WireError, put_bytes, put_count, put_varint};

const VERSION: u8 = 1;

/// What was erased. It says nothing about the person whose data it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The document.
    pub document: DocumentId,
    /// Its kind.
    pub kind: Kind,
    /// How many changes of it the office held.
    pub changes: u64,
    /// The scopes that listed it: whoever reads one of them is told.
    pub scopes: Vec<String>,
    /// Unix seconds.
    pub at: u64,
    /// Username of who erased it.
    pub by: String,
    /// Why, for example the number of the request; no names.
    pub reason: String,
}

/// The same with the signature of a node of the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// What it says.
    pub erased: Erased,
    /// The node that signed.
    pub signer: DeviceId,
    /// r ‖ s by that node.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Erased {
    /// Signs it with the key of the office's node.
    #[must_use]
    pub fn sign(self, node: &SigningKey) -> Tombstone {
        let signer = DeviceId::of_key(&public_key_of(node));
        let signature = sign_hash(node, &hash(&self.encode(&signer)));
        Tombstone { erased: self, signer, signature }
    }

    fn encode(&self, signer: &DeviceId) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.document.0);
        out.push(self.kind.number());
        put_varint(&mut out, self.changes);
        put_count(&mut out, self.scopes.len());
        for scope in &self.scopes {
            put_bytes(&mut out, scope.as_bytes());
        }
        put_varint(&mut out, self.at);
        put_bytes(&mut out, self.by.as_bytes());
        put_bytes(&mut out, self.reason.as_bytes());
        out.extend_from_slice(&signer.0);
        out
    }
}

fn hash(body: &[u8]) -> [u8; 32] {
    sha256(&[b"mpp.tombstone.1", body])
}

impl Tombstone {
    /// What is signed; it also names the place in the log where the erasure stands.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.erased.encode(&self.signer))
    }

    /// The bytes, signature at the end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.erased.encode(&self.signer);
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads what [`Tombstone::encode`] wrote. Nothing is verified yet.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(WireError::Version);
        }
        let document = DocumentId(reader.array()?);
        let kind = Kind::of(reader.byte()?);
        let changes = reader.varint()?;
        let count = reader.count(SCOPES_MAX, "scopes")?;
        let scopes = (0..count).map(|_| reader.text(SCOPE_BYTES_MAX, "scope")).collect::<Result<_, _>>()?;
        let erased = Erased {
            document,
            kind,
            changes,
            scopes,
            at: reader.varint()?,
            by: reader.text(SHORT_TEXT_BYTES_MAX, "officer")?,
            reason: reader.text(SHORT_TEXT_BYTES_MAX, "reason")?,
        };
        let tombstone = Self { erased, signer: DeviceId(reader.array()?), signature: reader.array()? };
        if !reader.rest().is_empty() {
            return Err(WireError::Malformed("bytes after the tombstone"));
        }
        Ok(tombstone)
    }

    /// Whether the node of this certificate, which is the office's, signed it. That the certificate is the root's is for
    /// the caller to have verified.
    ///
    /// # Errors
    /// [`TrustError::Role`], [`TrustError::Signer`] or [`TrustError::Signature`].
    pub fn verify(&self, office: &Certificate) -> Result<(), TrustError> {
        office.signed_as_office(&self.signer, &self.hash(), &self.signature)
    }
}
