//! Whom this node believes and what it signs: the root key, certificates, grants, revocations.
//!
//! At the office the root key lies beside the database and certifies this node and its hubs. A hub has no root key: it
//! was given its certificate and the root's public key when it joined, and gets newer ones at each contact.

mod admit;
mod issue;
mod root_key;

use std::sync::{PoisonError, RwLock};

use mpp_store::{CertificateRow, Store, StoreError};
use mpp_sync::ids::DeviceId;
use mpp_sync::trust::{
    Certificate, CertificateRole, Grant, PUBLIC_KEY_BYTES, Revocations, Revoked, TrustError, follow_root,
    public_key_of,
};

use crate::app::StartError;
use crate::clock::Env;
use crate::config::Config;
use crate::node_key::NodeKey;

pub use admit::{AdmitError, admit};
pub use issue::{LEASE_SECONDS, TabletGrant, grant_for_tablet, grants_for_hub, hub_certificate, lease_end};
pub use root_key::{RootKey, lose_root, rotate_node, rotate_root};

/// Where the public half of the root key is kept, so that a node knows it without the key.
const ROOT_PUBLIC: &str = "root_public";
/// Where a hub keeps the address of its office.
pub const UPSTREAM: &str = "upstream";
/// Where a hub keeps the office's list of revocations as it came.
pub const REVOCATIONS: &str = "revocations";

/// What a stored value of trust that cannot be read is called.
const CORRUPT: StoreError = StoreError::Corrupt("certificate");

/// What is known now.
#[derive(Debug, Clone)]
pub struct Known {
    /// The root key's public half.
    pub root: [u8; PUBLIC_KEY_BYTES],
    /// The certificate of this node.
    pub own: Certificate,
    /// The newest certificate of the office; this node's own at the office.
    pub office: Certificate,
    /// Certificates of later root keys, for who pinned an earlier one.
    pub roots: Vec<Certificate>,
}

/// Whom this node believes.
pub struct Trust {
    known: RwLock<Known>,
    root_key: Option<RootKey>,
}

impl Trust {
    /// At the office: reads the root key or makes it, and certifies this node when it is not, or not for long.
    /// On a hub: reads what it was given when it joined.
    ///
    /// # Errors
    /// [`StartError`]; [`StartError::NotEnrolled`] for a hub that has not joined.
    pub async fn open(
        config: &Config,
        store: &dyn Store,
        key: &NodeKey,
        env: &dyn Env,
    ) -> Result<Self, StartError> {
        if config.upstream.is_some() || store.value(UPSTREAM).await?.is_some() {
            let known = known(store, key).await?.ok_or(StartError::NotEnrolled)?;
            return Ok(Self { known: RwLock::new(known), root_key: None });
        }
        let root_key = issue::open_office(config, store, key, env).await?;
        let known = known(store, key).await?.ok_or(CORRUPT)?;
        Ok(Self { known: RwLock::new(known), root_key })
    }

    /// What is known now.
    #[must_use]
    pub fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The root key, where it lies here.
    #[must_use]
    pub fn root_key(&self) -> Option<&RootKey> {
        self.root_key.as_ref()
    }

    /// Whether this node is a hub.
    #[must_use]
    pub fn is_hub(&self) -> bool {
        self.known().own.subject.role == CertificateRole::Hub
    }

    /// Reads what is known again, after something was kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refresh(&self, store: &dyn Store, key: &NodeKey) -> Result<(), StoreError> {
        if let Some(fresh) = known(store, key).await? {
            *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }
}

/// What the store knows of trust; none before this node was certified.
async fn known(store: &dyn Store, key: &NodeKey) -> Result<Option<Known>, StoreError> {
    let Some(pinned) = root_public(store).await? else { return Ok(None) };
    let certificates = certificates(store).await?;
    let of_role = |role: CertificateRole| {
        certificates.iter().filter(move |certificate| certificate.subject.role == role)
    };
    let roots: Vec<Certificate> = of_role(CertificateRole::Root).cloned().collect();
    let root = follow_root(pinned, &roots);
    let own = certificates.iter().find(|certificate| certificate.node() == key.device()).cloned();
    let Some(own) = own else { return Ok(None) };
    let office = match own.subject.role {
        CertificateRole::Office => Some(own.clone()),
        _ => of_role(CertificateRole::Office).next_back().cloned(),
    };
    Ok(office.map(|office| Known { root, own, office, roots }))
}

/// The root key's public half as it was pinned.
///
/// # Errors
/// [`StoreError`].
pub async fn root_public(store: &dyn Store) -> Result<Option<[u8; PUBLIC_KEY_BYTES]>, StoreError> {
    let Some(text) = store.value(ROOT_PUBLIC).await? else { return Ok(None) };
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Some).ok_or(StoreError::Corrupt("root_public"))
}

/// Pins a root key.
///
/// # Errors
/// [`StoreError`].
pub async fn pin_root(store: &dyn Store, root: &[u8; PUBLIC_KEY_BYTES]) -> Result<(), StoreError> {
    store.set_value(ROOT_PUBLIC, &hex::encode(root)).await
}

/// All certificates that are kept, by serial.
///
/// # Errors
/// [`StoreError`].
pub async fn certificates(store: &dyn Store) -> Result<Vec<Certificate>, StoreError> {
    let rows = store.certificates().await?;
    rows.iter().map(|row| Certificate::decode(&row.bytes).map_err(|_| CORRUPT)).collect()
}

/// Keeps a certificate that was verified.
///
/// # Errors
/// [`StoreError`].
pub async fn keep_certificate(store: &dyn Store, certificate: &Certificate) -> Result<(), StoreError> {
    store
        .put_certificate(&CertificateRow {
            node: certificate.node().0,
            role: i64::from(certificate.subject.role as u8),
            serial: i64::try_from(certificate.subject.serial).unwrap_or(i64::MAX),
            bytes: certificate.encode(),
        })
        .await
}

/// Whether a certificate was signed by the root key as it is now, or by one of those before it.
///
/// # Errors
/// [`TrustError::Signature`].
pub fn verify_certificate(known: &Known, pinned: &[u8], certificate: &Certificate) -> Result<(), TrustError> {
    let earlier = known.roots.iter().map(|root| root.subject.public_key);
    if earlier.chain([known.root]).any(|root| certificate.verify(&root).is_ok()) {
        return Ok(());
    }
    certificate.verify(pinned)
}

/// Whether a grant was signed by a node of the office whose certificate is kept here.
///
/// # Errors
/// [`TrustError::Signer`] when the signer's certificate is not here; else as [`Grant::verify`].
pub fn verify_grant(certificates: &[Certificate], grant: &Grant) -> Result<(), TrustError> {
    let signer = certificates.iter().find(|certificate| certificate.node() == grant.signer);
    grant.verify(signer.ok_or(TrustError::Signer)?)
}

/// The list of everything revoked: signed here at the office, as it came on a hub.
///
/// # Errors
/// [`StoreError`].
pub async fn revocation_list(
    trust: &Trust,
    store: &dyn Store,
    key: &NodeKey,
) -> Result<Option<Vec<u8>>, StoreError> {
    if trust.is_hub() {
        let kept = store.value(REVOCATIONS).await?;
        return kept
            .map(|text| hex::decode(text).map_err(|_| StoreError::Corrupt("revocations")))
            .transpose();
    }
    let rows = store.revocations().await?;
    let unsigned = |at: i64| u64::try_from(at).unwrap_or(0);
    // The time of the last one, so that the same list has the same bytes.
    let issued_at = rows.iter().map(|row| unsigned(row.at)).max().unwrap_or(0);
    let revoked = rows.iter().map(|row| Revoked { device: DeviceId(row.device), at: unsigned(row.at) });
    Ok(Some(Revocations::sign(issued_at, revoked.collect(), key.signing()).encode()))
}

/// The fingerprint of a root key for people to compare: eight letters and digits.
#[must_use]
pub fn fingerprint(root: &[u8]) -> String {
    let digest = mpp_sync::ids::sha256(&[b"mpp.root.1", root]);
    hex::encode_upper(&digest[..4])
}

/// The public half of a signing key.
#[must_use]
pub fn public_half(key: &p256::ecdsa::SigningKey) -> [u8; PUBLIC_KEY_BYTES] {
    public_key_of(key)
}
