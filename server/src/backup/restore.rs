//! From a backup and the envelope to a data folder that works.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use mpp_store::archive::{ArchiveDigest, Batch, Digester, Sink, Source, TABLES};
use mpp_store::{BackupRow, Cursor, Id, Store, StoreError};
use mpp_sync::ids::LogId;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::archive::{ArchiveReader, Header, Item, digest_json};
use super::envelope::Envelope;
use super::run::{chains_in, nik_check};
use super::source::Found;
use super::{BackupError, seal};
use crate::app::{LOG_ID, Node, open_store};
use crate::clock::{Env, random};
use crate::config::Config;
use crate::digest::{Digest, digest};
use crate::erasure;
use crate::node_key::{NodeKey, write_secret};
use crate::trust::certificates;

/// Where a restored log keeps which logs it goes on from: JSON `[{log, position, rolling}]`, the oldest first.
pub const LINEAGE: &str = "lineage";
/// Batches between the file and the store.
const AHEAD: usize = 4;

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The log's end.
    pub head: Cursor,
    /// The new log.
    pub log: LogId,
    /// When the backup was made, Unix seconds.
    pub made_at: i64,
    /// The records, folded again from the log.
    pub records: Digest,
    /// Documents that were erased after the backup was made, and now again.
    pub erased: usize,
}

/// Restores the backup `found` into the new folder `data`. The file is read whole and proved before anything is written,
/// and the folder appears whole or not at all.
///
/// # Errors
/// [`BackupError`].
pub async fn restore(
    found: &Found,
    data: &Path,
    envelope: &Envelope,
    env: Arc<dyn Env>,
) -> Result<Restored, BackupError> {
    check_empty(data)?;
    let proved = {
        let (from, recovery) = (found.file.clone(), envelope.recovery.clone());
        tokio::task::spawn_blocking(move || prove(&from, &recovery)).await.map_err(stopped)??
    };
    let draft = folder_beside(data, "partial")?;
    let restored = fill(found, &draft, &proved, envelope, env).await;
    match restored {
        Ok(restored) => {
            if data.exists() {
                fs::remove_dir(data)?;
            }
            fs::rename(&draft, data)?;
            Ok(restored)
        }
        Err(error) => {
            fs::remove_dir_all(&draft)?;
            Err(error)
        }
    }
}

fn stopped(_: tokio::task::JoinError) -> BackupError {
    BackupError::Damaged("reader")
}

/// A restore never writes into a folder that holds something.
pub(super) fn check_empty(data: &Path) -> Result<(), BackupError> {
    if fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some()) || data.is_file() {
        return Err(BackupError::NotEmpty(data.to_owned()));
    }
    Ok(())
}

/// A new folder beside `data`, with its name and this ending.
pub(super) fn folder_beside(data: &Path, ending: &str) -> Result<PathBuf, BackupError> {
    let name = data.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let parent = match data.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let draft = parent.join(format!("{}.{ending}", name.to_string_lossy()));
    if draft.exists() {
        // Of a restore that was interrupted.
        fs::remove_dir_all(&draft)?;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&draft)?;
    Ok(draft)
}

/// A file that was read to its end.
struct Proved {
    header: Header,
    digest: ArchiveDigest,
    covered: Vec<(Id, i64)>,
    files: Vec<(String, Vec<u8>)>,
    /// Written by a version with the same columns: the restored rows must have the same digest.
    same_shape: bool,
}

fn prove(from: &Path, recovery: &age::x25519::Identity) -> Result<Proved, BackupError> {
    let mut archive = ArchiveReader::open(seal::open(File::open(from)?, recovery)?)?;
    let (mut covered, mut files, mut same_shape) = (Vec::new(), Vec::new(), true);
    while let Some(item) = archive.read_item()? {
        match item {
            Item::Rows(batch) => {
                covered.extend(chains_in(&batch));
                same_shape &= batch.columns.iter().copied().eq(batch.table.columns.iter());
            }
            Item::File(name, bytes) => files.push((name, bytes)),
        }
    }
    let digest = archive.digest().cloned().ok_or(BackupError::Damaged("digest"))?;
    Ok(Proved { header: archive.header().clone(), digest, covered, files, same_shape })
}

async fn fill(
    found: &Found,
    draft: &Path,
    proved: &Proved,
    envelope: &Envelope,
    env: Arc<dyn Env>,
) -> Result<Restored, BackupError> {
    write_keys(draft, proved, envelope, env.as_ref())?;
    let config = Config::new(draft.to_owned());
    let store = open_store(&config).await?;
    let imported = import(&found.file, store.as_ref(), proved, envelope).await;
    let log = match imported {
        Ok(()) => rename_log(store.as_ref(), proved, env.as_ref(), found).await,
        Err(error) => Err(error),
    };
    store.close().await;
    let log = log?;
    let node = Node::open(&config, env).await.map_err(|error| BackupError::Open(error.to_string()))?;
    let finished = finish(&node, &found.file).await;
    node.store.close().await;
    let (head, records, erased) = finished?;
    Ok(Restored { head, log, made_at: proved.header.made_at, records, erased })
}

/// Erases again what was erased since, and folds the log: its end, the records, how many were erased.
async fn finish(node: &Node, from: &Path) -> Result<(Cursor, Digest, usize), BackupError> {
    let erased = erase_again(node, from).await?;
    node.projector().catch_up().await?;
    Ok((node.store.head().await?, digest(node.store.as_ref()).await?, erased))
}

/// Applies the tombstones that lie beside the backup: what was erased after it was made is not raised from the dead.
/// Returns how many.
async fn erase_again(node: &Node, from: &Path) -> Result<usize, BackupError> {
    let beside = from.parent().filter(|folder| !folder.as_os_str().is_empty());
    let beside = beside.unwrap_or_else(|| Path::new("."));
    let certificates = certificates(node.store.as_ref()).await?;
    let mut erased = 0;
    for tombstone in erasure::noted(beside)? {
        let known = node.store.tombstones(&[tombstone.erased.document.0]).await?;
        if known.is_empty() && erasure::verify(&certificates, &tombstone).is_ok() {
            erasure::apply(node.store.as_ref(), &tombstone).await?;
            erased += 1;
        }
    }
    Ok(erased)
}

/// The keys of the envelope, which must be those the backup was made with.
fn write_keys(draft: &Path, proved: &Proved, envelope: &Envelope, env: &dyn Env) -> Result<(), BackupError> {
    write_secret(&draft.join("node.key"), &hex::encode(envelope.node))?;
    write_secret(&draft.join("nik.key"), &hex::encode(envelope.nik))?;
    if let Some(root) = &envelope.root {
        write_secret(&draft.join("root.key"), &hex::encode(root))?;
    }
    let key = NodeKey::open(draft, env)?;
    if hex::encode(key.public()) != proved.header.node {
        return Err(BackupError::WrongEnvelope("kunci node lain"));
    }
    if nik_check(&key) != proved.header.nik_check {
        return Err(BackupError::WrongEnvelope("kunci indeks NIK lain"));
    }
    seal::keep_recipient(draft, &envelope.recovery.to_public())?;
    for (name, bytes) in &proved.files {
        let plain = Path::new(name).file_name().is_some_and(|file| file == name.as_str());
        if !plain {
            return Err(BackupError::Damaged("file"));
        }
        fs::write(draft.join(name), bytes)?;
    }
    Ok(())
}

async fn import(
    from: &Path,
    store: &dyn Store,
    proved: &Proved,
    envelope: &Envelope,
) -> Result<(), BackupError> {
    let (send, receive) = mpsc::channel(AHEAD);
    let (from, recovery) = (from.to_owned(), envelope.recovery.clone());
    let reader = tokio::task::spawn_blocking(move || read_rows(&from, &recovery, &send));
    let imported = store.import(&mut FromReader { receive }).await;
    reader.await.map_err(stopped)??;
    imported?;
    if proved.same_shape {
        let mut again = Again(Digester::default());
        let tables: Vec<_> = TABLES.iter().filter(|table| table.in_backup).collect();
        store.export(&tables, &mut again).await?;
        if digest_json(&again.0.finish()?) != digest_json(&proved.digest) {
            return Err(BackupError::Different);
        }
    }
    Ok(())
}

/// The second reading. Whoever altered the file since the first one shows at its end.
fn read_rows(
    from: &Path,
    recovery: &age::x25519::Identity,
    send: &mpsc::Sender<Option<Batch>>,
) -> Result<(), BackupError> {
    let mut archive = ArchiveReader::open(seal::open(File::open(from)?, recovery)?)?;
    while let Some(item) = archive.read_item()? {
        if let Item::Rows(batch) = item
            && send.blocking_send(Some(batch)).is_err()
        {
            // The store has refused, and says why.
            return Ok(());
        }
    }
    send.blocking_send(None).ok();
    Ok(())
}

struct FromReader {
    receive: mpsc::Receiver<Option<Batch>>,
}

#[async_trait]
impl Source for FromReader {
    async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        self.receive.recv().await.ok_or_else(|| StoreError::Copy("the backup ended early".to_owned()))
    }
}

struct Again(Digester);

#[async_trait]
impl Sink for Again {
    async fn take(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.0.add(&batch)
    }
}

/// A new log that remembers the one it goes on from; everything in it is, by this very file, backed up.
async fn rename_log(
    store: &dyn Store,
    proved: &Proved,
    env: &dyn Env,
    found: &Found,
) -> Result<LogId, BackupError> {
    let head = proved.digest.head;
    let before = store.value(LINEAGE).await?;
    let mut lineage: Vec<Json> = before.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    lineage.push(json!({
        "log": proved.header.log,
        "position": head.position,
        "rolling": hex::encode(head.rolling),
    }));
    store.set_value(LINEAGE, &Json::from(lineage).to_string()).await?;
    let log = LogId(random(env).map_err(io::Error::other)?);
    store.set_value(LOG_ID, &log.to_string()).await?;
    let now = env.now();
    // The backup's own row was unfinished when it was written.
    let own = store.backups(1).await?.into_iter().find(|row| row.finished_at.is_none());
    let row = BackupRow {
        number: own.map_or(0, |row| row.number),
        started_at: proved.header.made_at,
        finished_at: Some(now),
        position: Some(head.position),
        bytes: fs::metadata(&found.file).ok().and_then(|file| i64::try_from(file.len()).ok()),
        file: Some(found.shown.clone()),
        error: None,
    };
    store.finish_backup(&row, &proved.covered).await?;
    Ok(log)
}
