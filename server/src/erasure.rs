//! Erasing by law: what holds a document, what is left of it, and the tombstone that stays.
//!
//! A backup brings nobody back: beside the backups lie all tombstones, and a restore applies them again.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use mpp_store::{Basis, Cursor, Erasure, Id, Store, StoreError};
use mpp_sync::check::day_scope;
use mpp_sync::frame::Frame;
use mpp_sync::ids::{DocumentId, Kind};
use mpp_sync::trust::{Certificate, Erased, Tombstone, TrustError};
use p256::ecdsa::SigningKey;

/// How often an erasure is tried again because the document changed meanwhile.
const ATTEMPTS: usize = 20;
/// The file of tombstones beside the backups: one in hexadecimal on each line.
pub const FILE: &str = "mpp-tombstones.txt";
/// Names of all such files begin and end so. A store that cannot add to a file has one for each tombstone.
pub const START: &str = "mpp-tombstones";
const END: &str = ".txt";

/// Who erases, why and when.
#[derive(Debug, Clone)]
pub struct Order {
    /// Username.
    pub by: String,
    /// Why; no names.
    pub reason: String,
    /// Unix seconds.
    pub at: i64,
}

/// What there is of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its kind.
    pub kind: Kind,
    /// Changes in the log and in the quarantine.
    pub changes: usize,
    /// The scopes whose readers may have it.
    pub scopes: BTreeSet<String>,
}

/// What there is of a document; none when nothing is.
///
/// # Errors
/// [`StoreError`].
pub async fn holding(store: &dyn Store, document: DocumentId) -> Result<Option<Holding>, StoreError> {
    let changes = store.changes_of(&[document.0]).await?;
    let aside = store.quarantined_of(&[document.0]).await?;
    let kind = changes.first().map(|change| change.kind).or(aside.first().map(|row| row.kind));
    let Some(kind) = kind else { return Ok(None) };
    let kind = Kind::of(u8::try_from(kind).map_err(|_| StoreError::Corrupt("kind"))?);
    let mut scopes: BTreeSet<String> = store.scopes_of(document.0).await?.into_iter().collect();
    // What is kept aside is in no scope; the tablet that wrote it reads its own day.
    let sessions: Vec<Id> = aside.iter().map(|row| row.session).collect();
    for chain in store.chains(&sessions).await? {
        scopes.extend(chain.day.map(|day| day_scope(&DocumentId(day))));
    }
    Ok(Some(Holding { kind, changes: changes.len() + aside.len(), scopes }))
}

/// Signs a tombstone for a document that is held, and applies it.
///
/// # Errors
/// [`StoreError`].
pub async fn erase(
    store: &dyn Store,
    key: &SigningKey,
    document: DocumentId,
    order: &Order,
) -> Result<Option<Tombstone>, StoreError> {
    let Some(holding) = holding(store, document).await? else { return Ok(None) };
    let erased = Erased {
        document,
        kind: holding.kind,
        changes: holding.changes as u64,
        scopes: holding.scopes.into_iter().collect(),
        at: u64::try_from(order.at).unwrap_or(0),
        by: order.by.clone(),
        reason: order.reason.clone(),
    };
    let tombstone = erased.sign(key);
    apply(store, &tombstone).await?;
    tracing::info!(code = "ERASED", document = %document, changes = holding.changes, "erased");
    Ok(Some(tombstone))
}

/// Erases what a tombstone names. Its signature is for the caller to have verified. Returns the log's end.
///
/// # Errors
/// [`StoreError`].
pub async fn apply(store: &dyn Store, tombstone: &Tombstone) -> Result<Cursor, StoreError> {
    let mut result = once(store, tombstone).await;
    for _ in 1..ATTEMPTS {
        let Err(StoreError::Stale(_)) = &result else { break };
        result = once(store, tombstone).await;
    }
    result
}

async fn once(store: &dyn Store, tombstone: &Tombstone) -> Result<Cursor, StoreError> {
    let document = tombstone.erased.document;
    let position = store.head().await?.position;
    let changes = store.changes_of(&[document.0]).await?;
    let aside = store.quarantined_of(&[document.0]).await?;
    let mut scopes: BTreeSet<String> = store.scopes_of(document.0).await?.into_iter().collect();
    scopes.extend(tombstone.erased.scopes.iter().cloned());
    let logged = changes.iter().map(|change| (change.session, change.frame));
    let places: BTreeSet<(Id, i64)> =
        logged.chain(aside.iter().map(|row| (row.session, row.frame))).collect();
    let sessions: BTreeSet<Id> = places.iter().map(|(session, _)| *session).collect();
    let (mut frames, mut branches) = (Vec::new(), Vec::new());
    for (session, number) in places {
        let row = if number < 0 { None } else { store.frame(session, number).await? };
        frames.extend(row.and_then(|row| Some((session, number, left_of(&row.bytes, document)?))));
    }
    for row in store.branch_frames(&sessions.into_iter().collect::<Vec<_>>()).await? {
        branches.extend(left_of(&row.bytes, document).map(|left| (row.session, row.hash, left)));
    }
    let aside = aside.iter().map(|row| (row.document, row.hash)).collect();
    let erasure = Erasure {
        document: document.0,
        kind: i64::from(tombstone.erased.kind.number()),
        hash: tombstone.hash(),
        tombstone: tombstone.encode(),
        scopes: scopes.into_iter().collect(),
        frames,
        branches,
        basis: Basis { position, documents: vec![document.0], aside },
    };
    store.erase(&erasure).await
}

fn left_of(frame: &[u8], document: DocumentId) -> Option<Vec<u8>> {
    Some(Frame::decode(frame).ok()?.without(|other| *other == document)?.encode())
}

/// Whether a node of the office signed it whose certificate is kept here.
///
/// # Errors
/// [`TrustError::Signer`] when the signer's certificate is not here; else as [`Tombstone::verify`].
pub fn verify(certificates: &[Certificate], tombstone: &Tombstone) -> Result<(), TrustError> {
    let signer = certificates.iter().find(|certificate| certificate.node() == tombstone.signer);
    tombstone.verify(signer.ok_or(TrustError::Signer)?)
}

/// A tombstone as a line of a file.
#[must_use]
pub fn line(tombstone: &Tombstone) -> String {
    format!("{}\n", hex::encode(tombstone.encode()))
}

/// The name of a file for one tombstone alone, where nothing can be added to a file.
#[must_use]
pub fn file_of(tombstone: &Tombstone) -> String {
    format!("{START}-{}{END}", hex::encode(&tombstone.hash()[..16]))
}

/// Whether a file of this name beside the backups holds tombstones.
#[must_use]
pub fn is_file(name: &str) -> bool {
    name.strip_prefix(START)
        .and_then(|rest| rest.strip_suffix(END))
        .is_some_and(|rest| rest.chars().all(|c| c == '-' || c.is_ascii_hexdigit()))
}

/// Adds a tombstone to the file beside the backups, durably; one that is there stays.
///
/// # Errors
/// When the file cannot be read or written.
pub fn note(folder: &Path, tombstone: &Tombstone) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(FILE);
    let line = line(tombstone);
    if path.exists() && fs::read_to_string(&path)?.contains(&line) {
        return Ok(());
    }
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// The tombstones beside the backups, of all their files; none when there is no such file.
///
/// # Errors
/// When a file cannot be read, or a line is no tombstone: a person has to look then, before anybody is raised.
pub fn noted(folder: &Path) -> io::Result<Vec<Tombstone>> {
    let mut noted = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_file) {
            noted.extend(tombstones_in(&fs::read_to_string(entry.path())?)?);
        }
    }
    Ok(noted)
}

fn tombstones_in(text: &str) -> io::Result<Vec<Tombstone>> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, FILE);
    let read = text.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let bytes = hex::decode(line.trim()).map_err(|_| broken())?;
        Tombstone::decode(&bytes).map_err(|_| broken())
    });
    read.collect()
}
