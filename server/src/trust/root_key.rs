//! The root key: a file beside the database, in no backup, and how it and the node's key are replaced.

use std::io;
use std::path::{Path, PathBuf};

use mpp_store::Store;
use mpp_sync::ids::DeviceId;
use mpp_sync::trust::{Certificate, CertificateRole, PUBLIC_KEY_BYTES, Subject, public_key_of};
use p256::ecdsa::SigningKey;

use super::issue::{certify_office, next_serial};
use super::{keep_certificate, pin_root};
use crate::app::{KEYS, StartError};
use crate::clock::Env;
use crate::node_key::{NodeKey, key_file, write_secret};

/// The file in the data folder.
const FILE: &str = "root.key";

/// What signs certificates.
#[derive(Clone)]
pub struct RootKey(SigningKey);

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RootKey").field("id", &DeviceId::of_key(&self.public())).finish_non_exhaustive()
    }
}

impl RootKey {
    /// Reads the key, if its file is there: somebody may keep it elsewhere while no hub joins.
    ///
    /// # Errors
    /// When the file cannot be read or holds no key.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        if !file(folder).try_exists()? {
            return Ok(None);
        }
        let bytes = key_file(&file(folder), &NoDice, |_| true)?;
        SigningKey::from_slice(&bytes).map(|key| Some(Self(key))).map_err(io::Error::other)
    }

    /// Makes the key and its file.
    ///
    /// # Errors
    /// When the folder does not take it.
    pub fn make(folder: &Path, env: &dyn Env) -> io::Result<Self> {
        let bytes = key_file(&file(folder), env, |bytes| SigningKey::from_slice(bytes).is_ok())?;
        SigningKey::from_slice(&bytes).map(Self).map_err(io::Error::other)
    }

    /// The key.
    #[must_use]
    pub fn signing(&self) -> &SigningKey {
        &self.0
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; PUBLIC_KEY_BYTES] {
        public_key_of(&self.0)
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// For reading a file that is there: nothing is made up.
struct NoDice;

impl Env for NoDice {
    fn now(&self) -> i64 {
        0
    }

    fn fill(&self, _: &mut [u8]) -> Result<(), crate::clock::NoRandomness> {
        Err(crate::clock::NoRandomness)
    }
}

/// Gives this node a new key, certified by the root; the old one's certificate stays, so that what it signed still
/// counts. Returns the new certificate.
///
/// # Errors
/// [`StartError::NoRootKey`] without the root key; else when the folder or the store fails.
pub async fn rotate_node(folder: &Path, store: &dyn Store, env: &dyn Env) -> Result<Certificate, StartError> {
    let failed = |error| StartError::File(folder.to_path_buf(), error);
    let root = RootKey::read(folder).map_err(failed)?.ok_or(StartError::NoRootKey)?;
    keep_aside(folder, "node.key", env).map_err(failed)?;
    let key = NodeKey::open(folder, env).map_err(failed)?;
    store.set_value(KEYS, &key.fingerprint()).await?;
    certify_office(store, &root, &key.public_array(), env).await
}

/// Gives the office a new root key that the old one certifies, so that tablets and hubs follow; this node is certified
/// by it. Returns the certificate of the new root.
///
/// # Errors
/// [`StartError::NoRootKey`] without the old root key; else when the folder or the store fails.
pub async fn rotate_root(folder: &Path, store: &dyn Store, env: &dyn Env) -> Result<Certificate, StartError> {
    let failed = |error| StartError::File(folder.to_path_buf(), error);
    let old = RootKey::read(folder).map_err(failed)?.ok_or(StartError::NoRootKey)?;
    let key = NodeKey::open(folder, env).map_err(failed)?;
    keep_aside(folder, FILE, env).map_err(failed)?;
    let new = RootKey::make(folder, env).map_err(failed)?;
    let successor = Subject {
        role: CertificateRole::Root,
        public_key: new.public(),
        name: "Kantor".to_owned(),
        serial: next_serial(store).await?,
        not_before: u64::try_from(env.now()).unwrap_or(0),
        not_after: 0,
    }
    .sign(old.signing());
    keep_certificate(store, &successor).await?;
    certify_office(store, &new, &key.public_array(), env).await?;
    Ok(successor)
}

/// Begins anew with a root key that nothing certifies, after the old one was lost or given away: every tablet has to be
/// prepared again and every hub has to join again. Returns the public half.
///
/// # Errors
/// When the folder or the store fails.
pub async fn lose_root(
    folder: &Path,
    store: &dyn Store,
    env: &dyn Env,
) -> Result<[u8; PUBLIC_KEY_BYTES], StartError> {
    let failed = |error| StartError::File(folder.to_path_buf(), error);
    if file(folder).try_exists().map_err(failed)? {
        keep_aside(folder, FILE, env).map_err(failed)?;
    }
    let key = NodeKey::open(folder, env).map_err(failed)?;
    let root = RootKey::make(folder, env).map_err(failed)?;
    pin_root(store, &root.public()).await?;
    certify_office(store, &root, &key.public_array(), env).await?;
    Ok(root.public())
}

/// Moves a key out of the way under the time's name: a mistake can be taken back by hand.
fn keep_aside(folder: &Path, name: &str, env: &dyn Env) -> io::Result<()> {
    let from = folder.join(name);
    let text = std::fs::read_to_string(&from)?;
    write_secret(&folder.join(format!("{name}-until-{}", env.now())), text.trim())?;
    std::fs::remove_file(&from)
}
