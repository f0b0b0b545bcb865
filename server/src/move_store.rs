//! Everything from one backend to another, proved equal row by row before it counts.

use async_trait::async_trait;
use mpp_store::archive::{ArchiveDigest, Batch, Digester, Sink, Source, TABLES};
use mpp_store::{Store, StoreError};
use tokio::sync::mpsc;

use crate::digest::{Digest, digest};

/// Batches between the two stores.
const AHEAD: usize = 4;

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The log's end with its running hash, and the digest of every table.
    pub rows: ArchiveDigest,
    /// The records as people see them.
    pub records: Digest,
}

/// Why nothing counts as moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The target holds something already.
    #[error("tujuan tidak kosong; pindahkan ke penyimpanan yang baru")]
    NotEmpty,
    /// The source went on while it was read: stop the office first.
    #[error("kantor masih menulis selama pemindahan; hentikan mpp serve, kosongkan tujuan, lalu ulangi")]
    StillWriting,
    /// The rows of the two stores differ.
    #[error("isi tujuan tidak sama dengan asalnya; jangan dipakai")]
    Different,
    /// A store failed.
    #[error("basis data: {0}")]
    Store(#[from] StoreError),
}

/// Copies everything of `from` into the empty store `to`, reads both again and compares.
///
/// # Errors
/// [`MoveError`]. A target that refused or failed stays empty.
pub async fn move_store(from: &dyn Store, to: &dyn Store) -> Result<Moved, MoveError> {
    let (send, receive) = mpsc::channel(AHEAD);
    let export = async move {
        let mut sink = ToOther { send, digester: Digester::default() };
        let tables: Vec<_> = TABLES.iter().collect();
        from.export(&tables, &mut sink).await?;
        // A target that has failed says so itself.
        sink.send.send(None).await.ok();
        sink.digester.finish()
    };
    // Owns its end of the channel: a target that refuses ends the export too.
    let import = async move { to.import(&mut FromOther { receive }).await };
    let (exported, imported) = tokio::join!(export, import);
    match imported {
        Err(StoreError::Conflict(_)) => return Err(MoveError::NotEmpty),
        other => other?,
    }
    let rows = exported?;
    if digest_of(to).await? != rows {
        return Err(MoveError::Different);
    }
    if digest_of(from).await? != rows {
        return Err(MoveError::StillWriting);
    }
    let records = digest(from).await?;
    if digest(to).await? != records {
        return Err(MoveError::Different);
    }
    Ok(Moved { rows, records })
}

async fn digest_of(store: &dyn Store) -> Result<ArchiveDigest, StoreError> {
    let mut only = OnlyDigest(Digester::default());
    let tables: Vec<_> = TABLES.iter().collect();
    store.export(&tables, &mut only).await?;
    only.0.finish()
}

struct ToOther {
    send: mpsc::Sender<Option<Batch>>,
    digester: Digester,
}

#[async_trait]
impl Sink for ToOther {
    async fn take(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.digester.add(&batch)?;
        self.send.send(Some(batch)).await.map_err(|_| StoreError::Copy("the target ended".to_owned()))
    }
}

struct FromOther {
    receive: mpsc::Receiver<Option<Batch>>,
}

#[async_trait]
impl Source for FromOther {
    async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        self.receive.recv().await.ok_or_else(|| StoreError::Copy("the source ended early".to_owned()))
    }
}

struct OnlyDigest(Digester);

#[async_trait]
impl Sink for OnlyDigest {
    async fn take(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.0.add(&batch)
    }
}
