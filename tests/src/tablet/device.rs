//! The device key, and what the office said when the tablet was prepared: small files that are
//! written whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use mpp_sync::ids::{DeviceId, DocumentId};
use p256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};

use super::TabletError;
use super::journal::sync_folder;

const KEY: &str = "device-key";
const PREPARED: &str = "prepared.json";

/// What the office said when it prepared the tablet for a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// This device, as the office knows it.
    pub device: DeviceId,
    /// The tablet's letter on that day.
    pub letter: String,
    /// The day.
    pub day: DocumentId,
    /// What to download.
    pub scopes: Vec<String>,
    /// The signed grant, base64url; empty from an office before grants.
    #[serde(default)]
    pub grant: String,
    /// The certificate of the office that signed it, base64url.
    #[serde(default)]
    pub certificate: String,
    /// The root key, base64url: pinned.
    #[serde(default)]
    pub root: String,
}

/// The key that signs frames; made at the first start and kept in the folder.
///
/// # Errors
/// [`TabletError::Io`]; [`TabletError::Damaged`] for a file that is no key.
pub fn key(folder: &Path) -> Result<SigningKey, TabletError> {
    let path = folder.join(KEY);
    let damaged = |_| TabletError::Damaged("device key");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let bytes = hex::decode(text.trim()).map_err(|_| TabletError::Damaged("device key"))?;
            SigningKey::from_slice(&bytes).map_err(damaged)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let bytes = super::random::<32>()?;
            let key = SigningKey::from_slice(&bytes).map_err(damaged)?;
            write_whole(&path, hex::encode(bytes).as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error.into()),
    }
}

/// The uncompressed public key, 65 bytes.
#[must_use]
pub fn public_key(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// Reads what was kept of the preparation, if there was one.
///
/// # Errors
/// [`TabletError`].
pub fn prepared(folder: &Path) -> Result<Option<Prepared>, TabletError> {
    match std::fs::read(folder.join(PREPARED)) {
        Ok(bytes) => {
            Ok(Some(serde_json::from_slice(&bytes).map_err(|_| TabletError::Damaged("prepared.json"))?))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Keeps what the office said.
///
/// # Errors
/// [`TabletError::Io`].
pub fn keep_prepared(folder: &Path, prepared: &Prepared) -> Result<(), TabletError> {
    let text = serde_json::to_vec_pretty(prepared).map_err(std::io::Error::from)?;
    write_whole(&folder.join(PREPARED), &text)
}

/// A new file beside the old one, made durable, then renamed over it.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TabletError> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    Ok(sync_folder(path)?)
}
