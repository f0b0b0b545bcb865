//! The keys of this node: the P-256 key that signs what the office writes, the P-256 key that opens bundle files, and
//! the key of the NIK index.
//!
//! They lie beside the database with mode 0600 and are made when they are missing. They are not in the database, so
//! that a copy of it gives away none.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use mpp_sync::ids::DeviceId;
use p256::SecretKey;
use p256::ecdsa::SigningKey;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use sha2::Sha256;

use crate::clock::{Env, random};

/// What the node signs and indexes with.
#[derive(Clone)]
pub struct NodeKey {
    signing: SigningKey,
    bundle: SecretKey,
    nik: [u8; 32],
}

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeKey").field("device", &self.device()).finish_non_exhaustive()
    }
}

impl NodeKey {
    /// Reads `node.key`, `bundle.key` and `nik.key` in the folder, or makes them.
    ///
    /// # Errors
    /// When a file cannot be read or written, or does not hold a key.
    pub fn open(folder: &Path, env: &dyn Env) -> io::Result<Self> {
        let signing = key_file(&folder.join("node.key"), env, |bytes| SigningKey::from_slice(bytes).is_ok())?;
        let signing = SigningKey::from_slice(&signing).map_err(|_| broken("node.key"))?;
        let bundle = key_file(&folder.join("bundle.key"), env, |bytes| SecretKey::from_slice(bytes).is_ok())?;
        let bundle = SecretKey::from_slice(&bundle).map_err(|_| broken("bundle.key"))?;
        let nik = key_file(&folder.join("nik.key"), env, |_| true)?;
        Ok(Self { signing, bundle, nik })
    }

    /// Keys that lie in no folder.
    #[must_use]
    pub fn new(signing: SigningKey, bundle: SecretKey, nik: [u8; 32]) -> Self {
        Self { signing, bundle, nik }
    }

    /// The key that opens bundle files.
    #[must_use]
    pub fn bundle(&self) -> &SecretKey {
        &self.bundle
    }

    /// Its public half, for which tablets seal: SEC1, uncompressed, 65 bytes.
    #[must_use]
    pub fn bundle_public(&self) -> Vec<u8> {
        self.bundle.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// The key that signs frames.
    #[must_use]
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The public half: SEC1, uncompressed, 65 bytes.
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        self.signing.verifying_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// The public half as certificates carry it.
    #[must_use]
    pub fn public_array(&self) -> [u8; mpp_sync::trust::PUBLIC_KEY_BYTES] {
        mpp_sync::trust::public_key_of(&self.signing)
    }

    /// Keyed hash of what this node asks a device to sign: only this node can have made it.
    #[must_use]
    pub fn challenge_mac(&self, challenge: &[u8]) -> [u8; 32] {
        let secret = mpp_sync::ids::sha256(&[b"mpp.challenge.1", &self.signing.to_bytes()]);
        Hmac::<Sha256>::new_from_slice(&secret)
            .map(|mac| mac.chain_update(challenge).finalize().into_bytes().into())
            .unwrap_or_default()
    }

    /// The office as a device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId::of_key(&self.public())
    }

    /// Names the keys without giving them away: two processes with the same fingerprint sign and index alike.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(mpp_sync::ids::sha256(&[self.device().0.as_slice(), &self.nik_key("")]))
    }

    /// HMAC-SHA256 of a NIK: groups residents in an index that does not hold the number.
    #[must_use]
    pub fn nik_key(&self, nik: &str) -> Vec<u8> {
        // A key of any length is fine for HMAC; an empty result would only put no resident into a group.
        Hmac::<Sha256>::new_from_slice(&self.nik)
            .map(|mac| mac.chain_update(nik).finalize().into_bytes().to_vec())
            .unwrap_or_default()
    }
}

fn broken(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name} does not hold a key"))
}

/// Reads 32 bytes in hex from a file, or makes them until they fit.
///
/// # Errors
/// When the file cannot be read or written, or holds something else.
pub fn key_file(path: &Path, env: &dyn Env, fits: impl Fn(&[u8]) -> bool) -> io::Result<[u8; 32]> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let bytes = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| broken(&path.display().to_string()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes: [u8; 32] = random(env).map_err(io::Error::other)?;
            while !fits(&bytes) {
                bytes = random(env).map_err(io::Error::other)?;
            }
            write_secret(path, &hex::encode(bytes))?;
            Ok(bytes)
        }
        Err(error) => Err(error),
    }
}

/// Writes a file that only its owner reads, durably, and whole or not at all.
///
/// # Errors
/// When the folder does not take it.
pub fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::clock::SystemEnv;

    #[test]
    fn keys_are_made_once_and_only_their_owner_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let first = NodeKey::open(folder.path(), &SystemEnv).unwrap();
        let again = NodeKey::open(folder.path(), &SystemEnv).unwrap();
        assert_eq!(first.device(), again.device());
        assert_eq!(first.nik_key("1604"), again.nik_key("1604"));
        assert_ne!(first.nik_key("1604"), first.nik_key("1605"));
        assert_eq!(first.public().len(), 65);
        assert_eq!(first.bundle_public(), again.bundle_public());
        for name in ["node.key", "bundle.key", "nik.key"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_damaged_key_is_an_error_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("node.key"), "00").unwrap();
        assert!(NodeKey::open(folder.path(), &SystemEnv).is_err());
        assert_eq!(fs::read_to_string(folder.path().join("node.key")).unwrap(), "00");
    }
}
