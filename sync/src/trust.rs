//! Who may speak for the office, and what a device was given: certificates, grants, revocations.
//!
//! The office's *root key* signs one [`Certificate`] for each node (the office, its hubs); a node of the
//! office signs a [`Grant`] for each tablet and day. A tablet pins the root key when it is prepared, and a
//! hub when it is enrolled; from then on both tell a real node from a false one without asking anybody.
//! Every signature is ECDSA P-256 over SHA-256 of a 32-byte hash, r ‖ s, as for frames.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

pub use certificate::{Certificate, CertificateRole, Subject, follow_root};
pub use grant::{Grant, Granted};
pub use revocation::{Revocations, Revoked};
pub use tombstone::{Erased, Tombstone};

use crate::ids::{LogId, sha256};
use crate::wire::WireError;

mod certificate;
mod grant;
mod revocation;
mod tombstone;

/// Bytes of an uncompressed SEC1 public key.
pub const PUBLIC_KEY_BYTES: usize = 65;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// Why something signed is not believed. The code is stable and travels in answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The bytes are not what the protocol says.
    #[error("unreadable: {0}")]
    Wire(#[from] WireError),
    /// The signature is not that of the key it must be of.
    #[error("the signature does not match")]
    Signature,
    /// It was signed by another node than the one whose certificate is given.
    #[error("another node signed it")]
    Signer,
    /// The certificate is of a node that may not sign this.
    #[error("the node has another role")]
    Role,
}

impl TrustError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Wire(error) => error.code(),
            Self::Signature => "TRUST_SIGNATURE",
            Self::Signer => "TRUST_SIGNER",
            Self::Role => "TRUST_ROLE",
        }
    }
}

/// What a device (or a hub) signs to enter: it proves to *this* log that it has the key, and the node's
/// `nonce` keeps the signature from being used twice.
#[must_use]
pub fn enter_bytes(log: &LogId, nonce: &[u8]) -> [u8; 32] {
    sha256(&[b"mpp.enter.1", &log.0, nonce])
}

/// Signs a hash as every signature of the protocol is made; deterministic (RFC 6979).
#[must_use]
pub fn sign_hash(key: &SigningKey, hash: &[u8; 32]) -> [u8; SIGNATURE_BYTES] {
    let signature: Signature = key.sign(hash);
    signature.to_bytes().into()
}

/// Whether the signature over the hash is that of the public key. A key or signature that is none is no.
#[must_use]
pub fn hash_is_signed(public_key: &[u8], hash: &[u8; 32], signature: &[u8]) -> bool {
    let Ok(key) = VerifyingKey::from_sec1_bytes(public_key) else { return false };
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    key.verify(hash, &signature).is_ok()
}

/// The uncompressed public half of a key.
#[must_use]
pub fn public_key_of(key: &SigningKey) -> [u8; PUBLIC_KEY_BYTES] {
    let mut out = [0; PUBLIC_KEY_BYTES];
    // The uncompressed form of P-256 has exactly this length.
    out.copy_from_slice(key.verifying_key().to_sec1_point(false).as_bytes());
    out
}

#[cfg(test)]
mod tests;
