//! Bundle files: what a tablet has to send, as one file for the office, when no link is left to send it by.
//!
//! A bundle seals one request of the exchange, byte for byte what the tablet would have posted: only the office's
//! bundle key opens it, the device's key signs it, and a hash at its end shows at once, to anybody, whether it is
//! whole. It travels as text, so that every share sheet, mail and chat takes it. `docs/bundle.md` describes the format.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdh::diffie_hellman;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use sha2::Sha256;

use crate::exchange::{RequestReader, RequestRecord};
use crate::frame::SIGNATURE_BYTES;
use crate::ids::{DeviceId, sha256};
use crate::limits::BUNDLE_CHARS_MAX;
use crate::wire::{Reader, put_varint};

/// The first line of the file, for the person who opens it.
pub const TITLE: &str = "Berkas data MPP Bergerak, hanya untuk kantor. Jangan diubah.";
const MAGIC: &[u8; 4] = b"MPPB";
const VERSION: u8 = 1;
/// Bytes of a public key: SEC1, uncompressed.
pub const KEY_BYTES: usize = 65;
const RECIPIENT_BYTES: usize = 8;
const HASH_BYTES: usize = 32;
/// Characters of a line: what old mail programs leave alone.
const LINE: usize = 76;

/// Why a file is refused. Nothing of it is taken then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Some other file.
    #[error("not a bundle file")]
    NotABundle,
    /// A later version wrote it.
    #[error("the bundle is of a later version")]
    Version,
    /// A part is missing, or was changed on the way.
    #[error("the bundle is cut off or was changed")]
    Damaged,
    /// Sealed for another office's key.
    #[error("the bundle is for another office")]
    OtherOffice,
    /// A key, or the random bytes for one, that is none.
    #[error("not a key")]
    Key,
}

impl BundleError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotABundle => "BUNDLE_UNKNOWN",
            Self::Version => "BUNDLE_VERSION",
            Self::Damaged => "BUNDLE_DAMAGED",
            Self::OtherOffice => "BUNDLE_OTHER_OFFICE",
            Self::Key => "BUNDLE_KEY",
        }
    }
}

/// A bundle that waits for the device's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBundle {
    payload: Vec<u8>,
}

/// Seals the body of a request for the office.
///
/// `office` and `device` are public keys, `ephemeral` is 32 random bytes that are used for nothing else.
///
/// # Errors
/// [`BundleError::Key`] when one of them is no key, [`BundleError::Damaged`] when the body is not a whole request.
pub fn seal(
    office: &[u8],
    ephemeral: &[u8; 32],
    device: &[u8; KEY_BYTES],
    body: &[u8],
) -> Result<SealedBundle, BundleError> {
    let records = records_of(body)?;
    let office_key = PublicKey::from_sec1_bytes(office).map_err(|_| BundleError::Key)?;
    let secret = SecretKey::from_slice(ephemeral).map_err(|_| BundleError::Key)?;
    let mut payload = MAGIC.to_vec();
    payload.push(VERSION);
    payload.extend_from_slice(&recipient(office));
    payload.extend_from_slice(secret.public_key().to_sec1_point(false).as_bytes());
    payload.extend_from_slice(device);
    put_varint(&mut payload, frames_in(&records));
    let (cipher, nonce) = cipher(&secret, &office_key, &payload)?;
    let sealed = Payload { msg: body, aad: &payload };
    let ciphertext = cipher.encrypt(&nonce, sealed).map_err(|_| BundleError::Key)?;
    payload.extend_from_slice(&ciphertext);
    Ok(SealedBundle { payload })
}

impl SealedBundle {
    /// Takes up a bundle between sealing and signing.
    #[must_use]
    pub fn of(payload: Vec<u8>) -> Self {
        Self { payload }
    }

    /// The bytes without signature and final hash.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What the device signs (ECDSA P-256 over SHA-256 of it, r ‖ s).
    #[must_use]
    pub fn signing(&self) -> [u8; 32] {
        signing(&self.payload)
    }

    /// The text of the file.
    #[must_use]
    pub fn finish(self, signature: &[u8; SIGNATURE_BYTES]) -> String {
        let mut bytes = self.payload;
        bytes.extend_from_slice(signature);
        let end = sha256(&[&bytes]);
        bytes.extend_from_slice(&end);
        let mut text = format!("{TITLE}\n");
        let encoded = STANDARD.encode(bytes);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(LINE));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text
    }
}

/// A bundle whose hash and signature hold. Only the office can look inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeBundle {
    /// The key that signed it.
    pub device_key: [u8; KEY_BYTES],
    /// How many frames it says are in it.
    pub frames: u64,
    recipient: [u8; RECIPIENT_BYTES],
    ephemeral: [u8; KEY_BYTES],
    header: Vec<u8>,
    ciphertext: Vec<u8>,
}

/// Reads the text of a file, however its lines were broken on the way.
///
/// # Errors
/// [`BundleError`] other than `OtherOffice`.
pub fn read(text: &str) -> Result<WholeBundle, BundleError> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let Some(encoded) = text.strip_prefix(TITLE) else {
        // The beginning of the first line is ours: the rest was cut off.
        let cut = !text.is_empty() && TITLE.starts_with(text.trim_end());
        return Err(if cut { BundleError::Damaged } else { BundleError::NotABundle });
    };
    if encoded.len() > BUNDLE_CHARS_MAX {
        return Err(BundleError::Damaged);
    }
    let encoded: Vec<u8> = encoded.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(encoded).map_err(|_| BundleError::Damaged)?;
    whole(&bytes)
}

fn whole(bytes: &[u8]) -> Result<WholeBundle, BundleError> {
    let end = bytes.len().checked_sub(HASH_BYTES).ok_or(BundleError::Damaged)?;
    let (signed, hash) = bytes.split_at(end);
    if sha256(&[signed]) != *hash {
        return Err(BundleError::Damaged);
    }
    let signature_at = signed.len().checked_sub(SIGNATURE_BYTES).ok_or(BundleError::Damaged)?;
    let (payload, signature) = signed.split_at(signature_at);
    let mut reader = Reader::new(payload);
    if reader.take(MAGIC.len()).ok() != Some(MAGIC) {
        return Err(BundleError::Damaged);
    }
    if reader.byte().ok() != Some(VERSION) {
        return Err(BundleError::Version);
    }
    let damaged = |_| BundleError::Damaged;
    let recipient = reader.array().map_err(damaged)?;
    let ephemeral = reader.array().map_err(damaged)?;
    let device_key: [u8; KEY_BYTES] = reader.array().map_err(damaged)?;
    let frames = reader.varint().map_err(damaged)?;
    let ciphertext = reader.rest().to_vec();
    let header = payload.strip_suffix(reader.rest()).unwrap_or(payload).to_vec();
    let key = VerifyingKey::from_sec1_bytes(&device_key).map_err(|_| BundleError::Damaged)?;
    let signature = Signature::from_slice(signature).map_err(|_| BundleError::Damaged)?;
    key.verify(&signing(payload), &signature).map_err(|_| BundleError::Damaged)?;
    Ok(WholeBundle { device_key, frames, recipient, ephemeral, header, ciphertext })
}

impl WholeBundle {
    /// The device that wrote it.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId::of_key(&self.device_key)
    }

    /// The records of the request inside.
    ///
    /// # Errors
    /// [`BundleError::OtherOffice`], or [`BundleError::Damaged`] when what is inside is not the whole request that the
    /// header speaks of, or of another device.
    pub fn open(&self, office: &SecretKey) -> Result<Vec<RequestRecord>, BundleError> {
        let own = office.public_key().to_sec1_point(false);
        if recipient(own.as_bytes()) != self.recipient {
            return Err(BundleError::OtherOffice);
        }
        let ephemeral = PublicKey::from_sec1_bytes(&self.ephemeral).map_err(|_| BundleError::Damaged)?;
        let (cipher, nonce) = cipher(office, &ephemeral, &self.header)?;
        let sealed = Payload { msg: &self.ciphertext, aad: &self.header };
        let body = cipher.decrypt(&nonce, sealed).map_err(|_| BundleError::Damaged)?;
        let records = records_of(&body)?;
        let own_device =
            matches!(records.first(), Some(RequestRecord::Hello(hello)) if hello.device == self.device());
        if !own_device || frames_in(&records) != self.frames {
            return Err(BundleError::Damaged);
        }
        Ok(records)
    }
}

fn records_of(body: &[u8]) -> Result<Vec<RequestRecord>, BundleError> {
    let records = RequestReader::default().push(body).map_err(|_| BundleError::Damaged)?;
    match records.last() {
        Some(RequestRecord::End) => Ok(records),
        _ => Err(BundleError::Damaged),
    }
}

fn frames_in(records: &[RequestRecord]) -> u64 {
    records.iter().filter(|record| matches!(record, RequestRecord::Frame(_))).count() as u64
}

fn recipient(office: &[u8]) -> [u8; RECIPIENT_BYTES] {
    let mut first = [0; RECIPIENT_BYTES];
    first.copy_from_slice(&sha256(&[b"mpp.bundle.key.1", office])[..RECIPIENT_BYTES]);
    first
}

fn signing(payload: &[u8]) -> [u8; 32] {
    sha256(&[b"mpp.bundle.1", payload])
}

/// The cipher that both sides derive. The ephemeral key is used once, so the nonce may be derived with the key.
fn cipher(
    own: &SecretKey,
    other: &PublicKey,
    header: &[u8],
) -> Result<(Aes256Gcm, Nonce<aes_gcm::aead::consts::U12>), BundleError> {
    let shared = diffie_hellman(own.to_nonzero_scalar(), other.as_affine());
    let mut material = [0_u8; 44];
    let derived = shared.extract::<Sha256>(Some(b"mpp.bundle.1"));
    derived.expand(header, &mut material).map_err(|_| BundleError::Key)?;
    let (key, nonce) = material.split_at(32);
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| BundleError::Key)?;
    let nonce = Nonce::try_from(nonce).map_err(|_| BundleError::Key)?;
    Ok((cipher, nonce))
}

#[cfg(test)]
mod tests;
