//! A node's certificate: the root key says whose key this is and what the node may do.

use p256::ecdsa::SigningKey;

use super::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES, TrustError, hash_is_signed, sign_hash};
use crate::ids::{DeviceId, sha256};
use crate::limits::SHORT_TEXT_BYTES_MAX;
use crate::wire::{Reader, WireError, put_bytes, put_varint};

const VERSION: u8 = 1;
/// Root keys one after the other that a reader follows; a regency changes its root once in years.
const ROOTS_MAX: usize = 32;

/// What a node may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CertificateRole {
    /// The office: signs grants and revocations, and what it accepted is accepted.
    Office = 1,
    /// A hub: keeps and passes on. Its word counts for *held in the van*, and for nothing else.
    Hub = 2,
    /// The next root key, certified by the one before it.
    Root = 3,
}

impl CertificateRole {
    fn of(number: u8) -> Result<Self, WireError> {
        match number {
            1 => Ok(Self::Office),
            2 => Ok(Self::Hub),
            3 => Ok(Self::Root),
            _ => Err(WireError::Malformed("certificate role")),
        }
    }

    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Hub => "hub",
            Self::Root => "root",
        }
    }
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What the node may do.
    pub role: CertificateRole,
    /// Its public key: SEC1, uncompressed.
    pub public_key: [u8; PUBLIC_KEY_BYTES],
    /// What people call it (*Kantor*, *Mobil 1*).
    pub name: String,
    /// Grows with every certificate of this root: of two of one node the higher one counts.
    pub serial: u64,
    /// Unix seconds.
    pub not_before: u64,
    /// Unix seconds; 0 for no end.
    pub not_after: u64,
}

/// A subject with the root's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What it says.
    pub subject: Subject,
    /// r ‖ s by the root key.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Subject {
    /// Signs with the root key.
    #[must_use]
    pub fn sign(self, root: &SigningKey) -> Certificate {
        let signature = sign_hash(root, &self.hash());
        Certificate { subject: self, signature }
    }

    fn hash(&self) -> [u8; 32] {
        sha256(&[b"mpp.certificate.1", &self.encode()])
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.role as u8];
        out.extend_from_slice(&self.public_key);
        put_bytes(&mut out, self.name.as_bytes());
        put_varint(&mut out, self.serial);
        put_varint(&mut out, self.not_before);
        put_varint(&mut out, self.not_after);
        out
    }
}

impl Certificate {
    /// The node's id.
    #[must_use]
    pub fn node(&self) -> DeviceId {
        DeviceId::of_key(&self.subject.public_key)
    }

    /// The bytes, signature at the end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.subject.encode();
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads what [`Certificate::encode`] wrote. Nothing is verified yet.
    ///
    /// # Errors
    /// [`WireError`]; bytes after the signature are refused, since they would be signed by nobody.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(WireError::Version);
        }
        let subject = Subject {
            role: CertificateRole::of(reader.byte()?)?,
            public_key: reader.array()?,
            name: reader.text(SHORT_TEXT_BYTES_MAX, "certificate name")?,
            serial: reader.varint()?,
            not_before: reader.varint()?,
            not_after: reader.varint()?,
        };
        let signature = reader.array()?;
        if !reader.rest().is_empty() {
            return Err(WireError::Malformed("bytes after the certificate"));
        }
        Ok(Self { subject, signature })
    }

    /// Whether this node, which must be the office's, signed the hash as the `signer` that the paper names.
    pub(super) fn signed_as_office(
        &self,
        signer: &DeviceId,
        hash: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), TrustError> {
        if self.subject.role != CertificateRole::Office {
            return Err(TrustError::Role);
        }
        if self.node() != *signer {
            return Err(TrustError::Signer);
        }
        if hash_is_signed(&self.subject.public_key, hash, signature) {
            Ok(())
        } else {
            Err(TrustError::Signature)
        }
    }

    /// Whether the root key signed it. Whether it holds today is [`Certificate::holds_at`]: a tablet's
    /// clock may be wrong by years, so who asks decides whether its clock counts.
    ///
    /// # Errors
    /// [`TrustError::Signature`].
    pub fn verify(&self, root: &[u8]) -> Result<(), TrustError> {
        if hash_is_signed(root, &self.subject.hash(), &self.signature) {
            Ok(())
        } else {
            Err(TrustError::Signature)
        }
    }

    /// Whether it holds at `now` (Unix seconds).
    #[must_use]
    pub fn holds_at(&self, now: u64) -> bool {
        let Subject { not_before, not_after, .. } = self.subject;
        not_before <= now && (not_after == 0 || now < not_after)
    }
}

/// The root key that stands at the end of the chain of root keys that begins with `pinned`: each was
/// certified by the one before it. Certificates that do not fit are passed over.
#[must_use]
pub fn follow_root(pinned: [u8; PUBLIC_KEY_BYTES], successors: &[Certificate]) -> [u8; PUBLIC_KEY_BYTES] {
    let mut root = pinned;
    for _ in 0..ROOTS_MAX {
        let next = successors.iter().find(|next| {
            next.subject.role == CertificateRole::Root
                && next.subject.public_key != root
                && next.verify(&root).is_ok()
        });
        match next {
            Some(next) => root = next.subject.public_key,
            None => return root,
        }
    }
    root
}
