//! What the office signs: its own certificate, its hubs', and grants.

use mpp_store::{Store, StoreError};
use mpp_sync::ids::DocumentId;
use mpp_sync::trust::{Certificate, CertificateRole, Granted, PUBLIC_KEY_BYTES, Subject};

use super::root_key::RootKey;
use super::{certificates, keep_certificate, pin_root, root_public, verify_certificate};
use crate::app::StartError;
use crate::clock::Env;
use crate::config::Config;
use crate::node_key::NodeKey;

/// Seconds that the office's certificate holds. It is renewed at a start, so it has to outlive the longest run.
const OFFICE_SECONDS: i64 = 3 * 365 * 86_400;
/// Renewed at a start that finds less than this left.
const OFFICE_RENEW: i64 = 365 * 86_400;
/// Seconds that a hub's certificate holds: a stolen hub is worth this long at most to who never meets the office.
const HUB_SECONDS: i64 = 120 * 86_400;
/// Renewed at a contact that finds less than this left.
const HUB_RENEW: i64 = 90 * 86_400;
/// A clock may have been ahead when it signed.
const BACKDATED: i64 = 3_600;
/// Seconds after the service day that its tablets may read.
pub const LEASE_SECONDS: i64 = 14 * 86_400;
/// What stands for a letter in a hub's grant.
const HUB_LABEL: &str = "hub";

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The serial of the next certificate.
pub(super) async fn next_serial(store: &dyn Store) -> Result<u64, StoreError> {
    let rows = store.certificates().await?;
    Ok(unsigned(rows.iter().map(|row| row.serial).max().unwrap_or(0) + 1))
}

/// Reads or makes the root key, and certifies this node if that is due. The root key is not needed for a start while
/// the certificate is good: it may be kept elsewhere.
pub(super) async fn open_office(
    config: &Config,
    store: &dyn Store,
    key: &NodeKey,
    env: &dyn Env,
) -> Result<Option<RootKey>, StartError> {
    let failed = |error| StartError::File(config.key_folder().to_path_buf(), error);
    let own = certificates(store).await?.into_iter().find(|one| one.node() == key.device());
    let pinned = root_public(store).await?;
    let found = RootKey::read(config.key_folder()).map_err(failed)?;
    let root = match (found, &own) {
        (None, Some(own)) if own.holds_at(unsigned(env.now())) => {
            tracing::warn!(
                code = "ROOT_KEY_ABSENT",
                "no hub can join and no certificate be renewed without root.key"
            );
            return Ok(None);
        }
        (Some(root), _) => root,
        (None, _) => {
            if pinned.is_some() {
                tracing::warn!(
                    code = "ROOT_KEY_NEW",
                    "root.key is gone: prepare every tablet and join every hub again"
                );
            }
            RootKey::make(config.key_folder(), env).map_err(failed)?
        }
    };
    let follows = match super::known(store, key).await? {
        Some(known) => known.root == root.public(),
        None => false,
    };
    if !follows {
        // A first start, a restored database that knows an older root, or a root that was lost.
        pin_root(store, &root.public()).await?;
    }
    let renew = unsigned(env.now() + OFFICE_RENEW);
    let good = own.is_some_and(|own| own.verify(&root.public()).is_ok() && own.holds_at(renew));
    if !good {
        certify_office(store, &root, &key.public_array(), env).await?;
    }
    Ok(Some(root))
}

/// Certifies a key of the office.
pub(super) async fn certify_office(
    store: &dyn Store,
    root: &RootKey,
    public_key: &[u8; PUBLIC_KEY_BYTES],
    env: &dyn Env,
) -> Result<Certificate, StartError> {
    let subject = Subject {
        role: CertificateRole::Office,
        public_key: *public_key,
        name: "Kantor".to_owned(),
        serial: next_serial(store).await?,
        not_before: unsigned(env.now() - BACKDATED),
        not_after: unsigned(env.now() + OFFICE_SECONDS),
    };
    let certificate = subject.sign(root.signing());
    keep_certificate(store, &certificate).await?;
    tracing::info!(code = "NODE_CERTIFIED", node = %certificate.node(), serial = certificate.subject.serial);
    Ok(certificate)
}

/// The certificate of a hub: the one it has, or a new one when that ends soon or an earlier root signed it. None when
/// one is due and the root key is not here.
///
/// # Errors
/// [`StoreError`].
pub async fn hub_certificate(
    trust: &super::Trust,
    store: &dyn Store,
    env: &dyn Env,
    public_key: &[u8; PUBLIC_KEY_BYTES],
    name: &str,
) -> Result<Option<Certificate>, StoreError> {
    let known = trust.known();
    let mut kept = certificates(store).await?.into_iter().filter(|one| one.subject.public_key == *public_key);
    let current = kept.next().filter(|one| one.subject.role == CertificateRole::Hub);
    let renew = unsigned(env.now() + HUB_RENEW);
    if let Some(current) = &current
        && current.verify(&known.root).is_ok()
        && current.holds_at(renew)
        && current.subject.name == name
    {
        return Ok(Some(current.clone()));
    }
    let Some(root) = trust.root_key() else {
        let good = |one: &Certificate| verify_certificate(&known, &known.root, one).is_ok();
        return Ok(current.filter(good));
    };
    let subject = Subject {
        role: CertificateRole::Hub,
        public_key: *public_key,
        name: name.to_owned(),
        serial: next_serial(store).await?,
        not_before: unsigned(env.now() - BACKDATED),
        not_after: unsigned(env.now() + HUB_SECONDS),
    };
    let certificate = subject.sign(root.signing());
    keep_certificate(store, &certificate).await?;
    Ok(Some(certificate))
}

/// Unix seconds until which a tablet of a day (`YYYY-MM-DD`) may read: two weeks after the day, or from now.
#[must_use]
pub fn lease_end(date: &str, now: i64) -> i64 {
    let day = crate::calendar::unix_of(date).unwrap_or(now);
    day.max(now) + LEASE_SECONDS
}

/// What a tablet is given for a day.
#[derive(Debug)]
pub struct TabletGrant<'a> {
    /// Its key.
    pub public_key: [u8; PUBLIC_KEY_BYTES],
    /// Its name.
    pub device_name: &'a str,
    /// The day.
    pub day: DocumentId,
    /// `YYYY-MM-DD`.
    pub date: &'a str,
    /// Its letter.
    pub label: &'a str,
    /// Who prepared it.
    pub officer: &'a str,
    /// What it may read.
    pub scopes: Vec<String>,
}

/// Signs a tablet's grant.
#[must_use]
pub fn grant_for_tablet(key: &NodeKey, given: TabletGrant<'_>, now: i64) -> mpp_sync::trust::Grant {
    Granted {
        public_key: given.public_key,
        device_name: given.device_name.to_owned(),
        day: given.day,
        label: given.label.to_owned(),
        officer: given.officer.to_owned(),
        scopes: given.scopes,
        issued_at: unsigned(now),
        lease_until: unsigned(lease_end(given.date, now)),
    }
    .sign(key.signing())
}

/// Signs a hub's grant for a day: what it may hold.
#[must_use]
pub fn grants_for_hub(
    key: &NodeKey,
    certificate: &Certificate,
    day: DocumentId,
    date: &str,
    scopes: Vec<String>,
    now: i64,
) -> mpp_sync::trust::Grant {
    Granted {
        public_key: certificate.subject.public_key,
        device_name: certificate.subject.name.clone(),
        day,
        label: HUB_LABEL.to_owned(),
        officer: String::new(),
        scopes,
        issued_at: unsigned(now),
        lease_until: unsigned(lease_end(date, now)),
    }
    .sign(key.signing())
}
