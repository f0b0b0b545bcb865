//! Writing one backup while the office works on.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use age::x25519::{Identity, Recipient};
use async_trait::async_trait;
use mpp_store::archive::{ArchiveDigest, Batch, Sink, TABLES, Value};
use mpp_store::{BackupRow, Id, StoreError};
use tokio::sync::mpsc;

use super::archive::{ArchiveReader, ArchiveWriter, Header, Item};
use super::place::{Place, file_name};
use super::room::Draft;
use super::{BackupError, seal};
use crate::app::Node;
use crate::calendar;
use crate::config::Config;
use crate::node_key::NodeKey;

/// Backups that are kept.
pub const KEEP: usize = 14;
/// Seconds after which a backup that never ended is taken for dead.
const STALE: i64 = 6 * 3600;
/// Batches between the store and the file: what is held in memory.
const AHEAD: usize = 4;
/// Facts that belong to the storage and not to what it holds.
const NOT_KEPT: [&str; 2] = ["log_id", "projected_upto"];
/// Files beside the database that belong to what it holds.
const FILES: [&str; 1] = [crate::backup::TOMBSTONES];

/// A backup that was read back and found good.
#[derive(Debug, Clone)]
pub struct Made {
    /// Where it lies.
    pub file: String,
    /// Its bytes.
    pub bytes: u64,
    /// What it holds.
    pub digest: ArchiveDigest,
}

/// Writes a backup of the node that was opened with `config` to `place`, reads it back, and notes in the store how it went. Of the
/// good ones `keep` are kept.
///
/// # Errors
/// [`BackupError`]; what went wrong is noted in the store, and no file of it stays.
pub async fn back_up(node: &Node, config: &Config, place: &Place, keep: usize) -> Result<Made, BackupError> {
    let recipient = seal::recipient(config.key_folder())?;
    let begun = begin(node).await?;
    match attempt(node, &config.data, place, &recipient, begun.started_at).await {
        Ok((made, covered)) => {
            let row = BackupRow {
                finished_at: Some(node.env.now()),
                position: Some(made.digest.head.position),
                bytes: i64::try_from(made.bytes).ok(),
                file: Some(made.file.clone()),
                ..begun
            };
            node.store.finish_backup(&row, &covered).await?;
            if let Err(error) = place.prune(keep).await {
                tracing::warn!(code = "BACKUP_NOT_PRUNED", %error, "old backups could not be removed");
            }
            tracing::info!(position = row.position, bytes = made.bytes, "backup verified");
            Ok(made)
        }
        Err(error) => failed(node, begun, error).await,
    }
}

/// The place of the backups cannot be used: notes it as a backup that failed, for those who look at the office's page.
///
/// # Errors
/// The error itself, always.
pub async fn no_place(node: &Node, error: BackupError) -> Result<(), BackupError> {
    failed(node, begin(node).await?, error).await
}

async fn begin(node: &Node) -> Result<BackupRow, BackupError> {
    let started_at = node.env.now();
    let number = node.store.begin_backup(started_at, started_at - STALE).await?;
    let number = number.ok_or(BackupError::Running)?;
    Ok(BackupRow { number, started_at, ..BackupRow::default() })
}

async fn failed<T>(node: &Node, begun: BackupRow, error: BackupError) -> Result<T, BackupError> {
    tracing::error!(code = "BACKUP_FAILED", %error);
    let row = BackupRow { finished_at: Some(node.env.now()), error: Some(error.to_string()), ..begun };
    node.store.finish_backup(&row, &[]).await?;
    Err(error)
}

/// Frames of each chain, by what was read back.
type Covered = Vec<(Id, i64)>;

async fn attempt(
    node: &Node,
    data: &Path,
    place: &Place,
    recipient: &Recipient,
    now: i64,
) -> Result<(Made, Covered), BackupError> {
    let day = stamp(now);
    place.prepare().await?;
    let draft = place.draft(&day);
    // The machine cannot read its own backups. To verify this one it gives itself a key that nobody keeps.
    let once = Identity::generate();
    let written = write(node, data, &draft, [recipient.clone(), once.to_public()]).await;
    let stored = match written {
        Ok(digest) => {
            let name = file_name(&day, digest.head.position);
            let verified = verify(place, &draft, &name, digest, once).await;
            if verified.is_err()
                && let Err(error) = place.take_back(&name).await
            {
                // Never leave a file that looks like a backup and is none.
                tracing::warn!(code = "BACKUP_NOT_TAKEN_BACK", %error, "what is not good could not be removed");
            }
            verified
        }
        Err(error) => Err(draft.reason(error)),
    };
    if draft.file.exists() {
        fs::remove_file(&draft.file)?;
    }
    stored
}

/// `20261122T170000Z`
fn stamp(unix: i64) -> String {
    let second = unix.rem_euclid(86_400);
    let date = calendar::date(unix, 0, 0).replace('-', "");
    format!("{date}T{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

async fn verify(
    place: &Place,
    draft: &Draft,
    name: &str,
    written: ArchiveDigest,
    once: Identity,
) -> Result<(Made, Covered), BackupError> {
    let bytes = fs::metadata(&draft.file)?.len();
    place.put(draft, name).await?;
    let (digest, covered) = place.read_with(name, move |stored| read_back(stored, &once)).await?;
    if digest != written {
        return Err(BackupError::Different);
    }
    place.verified()?;
    Ok((Made { file: place.describe(name), bytes, digest }, covered))
}

async fn write(
    node: &Node,
    data: &Path,
    draft: &Draft,
    readers: [Recipient; 2],
) -> Result<ArchiveDigest, BackupError> {
    let key = node.key.clone();
    let header = Header::new(node.env.now(), node.log.to_string(), &key.public(), nik_check(&key));
    let (send, receive) = mpsc::channel(AHEAD);
    let (draft, data) = (draft.clone(), data.to_owned());
    let writer =
        tokio::task::spawn_blocking(move || write_file(&draft, &data, &readers, &header, &key, receive));
    let tables: Vec<_> = TABLES.iter().filter(|table| table.in_backup).collect();
    let exported = node.store.export(&tables, &mut ToWriter { send: send.clone() }).await;
    if exported.is_ok() {
        // A writer that has failed says so itself.
        send.send(None).await.ok();
    }
    drop(send);
    let written = writer.await.map_err(|_| BackupError::Different)?;
    match (exported, written) {
        (Ok(()), written) => written,
        // The writer ended first, and knows why.
        (Err(StoreError::Copy(_)), Err(error)) => Err(error),
        (Err(error), _) => Err(error.into()),
    }
}

/// A value that only the holder of the NIK key makes, and that gives nothing of it away.
#[must_use]
pub fn nik_check(key: &NodeKey) -> String {
    hex::encode(key.nik_key("mpp.nik.check"))
}

struct ToWriter {
    send: mpsc::Sender<Option<Batch>>,
}

#[async_trait]
impl Sink for ToWriter {
    async fn take(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        if batch.table.name == "node" {
            let kept = |row: &Vec<Value>| !matches!(row.first(), Some(Value::Text(key)) if NOT_KEPT.contains(&key.as_str()));
            batch.rows.retain(kept);
        }
        self.send.send(Some(batch)).await.map_err(|_| StoreError::Copy("the writer ended".to_owned()))
    }
}

fn write_file(
    draft: &Draft,
    data: &Path,
    readers: &[Recipient; 2],
    header: &Header,
    key: &NodeKey,
    mut receive: mpsc::Receiver<Option<Batch>>,
) -> Result<ArchiveDigest, BackupError> {
    draft.has_room()?;
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft.file)?;
    let sealed = seal::seal(file, &[&readers[0], &readers[1]])?;
    let mut archive = ArchiveWriter::begin(sealed, header)?;
    while let Some(batch) = receive.blocking_recv() {
        let Some(batch) = batch else {
            for name in FILES {
                if data.join(name).exists() {
                    archive.file(name, &fs::read(data.join(name))?)?;
                }
            }
            let (sealed, digest) = archive.finish(key.signing())?;
            seal::finish(sealed)?;
            return Ok(digest);
        };
        archive.batch(&batch)?;
        draft.has_room()?;
    }
    Err(StoreError::Copy("the export ended early".to_owned()).into())
}

fn read_back(stored: impl Read, key: &Identity) -> Result<(ArchiveDigest, Covered), BackupError> {
    let mut archive = ArchiveReader::open(seal::open(stored, key)?)?;
    let mut covered = Covered::new();
    while let Some(item) = archive.read_item()? {
        if let Item::Rows(batch) = item {
            covered.extend(chains_in(&batch));
        }
    }
    let digest = archive.digest().cloned().ok_or(BackupError::Damaged("digest"))?;
    Ok((digest, covered))
}

/// The chains among these rows, and how many frames each has.
pub(super) fn chains_in(batch: &Batch) -> Covered {
    let at = |name: &str| batch.columns.iter().position(|column| column.name == name);
    let (Some(session), Some(frames)) = (at("session"), at("frames")) else { return Vec::new() };
    if batch.table.name != "chain" {
        return Vec::new();
    }
    let chain = |row: &Vec<Value>| match (row.get(session), row.get(frames)) {
        (Some(Value::Bytes(session)), Some(Value::Integer(frames))) => {
            Some((session.as_slice().try_into().ok()?, *frames))
        }
        _ => None,
    };
    batch.rows.iter().filter_map(chain).collect()
}
