//! The store traits on `SQLite`: one folder, one database file, one writer.
//!
//! The writer is a pool of one connection: `SQLite` takes one writer anyway, and waiting in our queue is cheaper than
//! its busy loop. Readers see the last commit (WAL). `synchronous=FULL`: an acknowledged change survives a power cut.
//!
//! Same file names and the same order of methods as every other backend. Statements that every backend understands lie
//! in `../store-sql`; nothing but this crate has SQL that only `SQLite` understands.

mod append;
mod applications;
mod archive;
mod backend;
mod change_log;
mod convert;
mod node;
mod pull;
mod together;
mod views;

// Statements that every database here understands: one source, compiled by each backend.
#[path = "../../store-sql/accounts.rs"]
mod accounts;
#[path = "../../store-sql/backups.rs"]
mod backups;
#[path = "../../store-sql/branches.rs"]
mod branches;
#[path = "../../store-sql/columns.rs"]
mod columns;
#[path = "../../store-sql/devices.rs"]
mod devices;
#[path = "../../store-sql/digest.rs"]
mod digest;
#[path = "../../store-sql/erasure.rs"]
mod erasure;
#[path = "../../store-sql/hubs.rs"]
mod hubs;
#[path = "../../store-sql/mending.rs"]
mod mending;
#[path = "../../store-sql/places.rs"]
mod places;
#[path = "../../store-sql/quarantine.rs"]
mod quarantine;
#[path = "../../store-sql/reading.rs"]
mod reading;
#[path = "../../store-sql/receipts.rs"]
mod receipts;
#[path = "../../store-sql/text.rs"]
mod text;
#[path = "../../store-sql/trust.rs"]
mod trust;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use mpp_store::StoreError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqlitePool};

use crate::convert::failed;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// How long a statement waits for another process (a backup, `mpp admin`) to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read. Pages and lists are short; more would only cost memory.
const READERS: u32 = 4;

/// Makes the file, readable by nobody else: `SQLite` gives its WAL the same mode.
fn private(file: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().append(true).create(true).mode(0o600).open(file);
    made.map(drop).map_err(|error| StoreError::Backend(error.to_string()))
}

/// How to open a database.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Refuse to grow beyond this many pages of 4096 bytes (how tests fill the disk).
    pub max_pages: Option<u32>,
}

/// A database file that is open.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl SqliteStore {
    /// Opens (or makes) the file and checks that it answers. Migrations are run by [`mpp_store::Node::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Backend`] when the file cannot be opened or is no database.
    pub async fn open(file: &Path, options: Options) -> Result<Self, StoreError> {
        private(file)?;
        let connect = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        // What is erased is overwritten, not only forgotten.
        let write = connect.clone().pragma("secure_delete", "1");
        let write = match options.max_pages {
            Some(pages) => write.pragma("max_page_count", pages.to_string()),
            None => write,
        };
        // A full disk makes SQLite roll back by itself, which sqlx does not notice: such a connection would refuse
        // every later transaction, so it is not used again.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(write)
            .await
            .map_err(failed)?;
        let read = connect.create_if_missing(false).pragma("query_only", "1");
        let reader =
            SqlitePoolOptions::new().max_connections(READERS).connect_with(read).await.map_err(failed)?;
        Ok(Self { writer, reader })
    }

    /// Changes how far the file may grow, in pages of 4096 bytes. For tests that fill the disk and make room again.
    ///
    /// # Errors
    /// [`StoreError::Backend`] when the database does not answer.
    pub async fn set_max_pages(&self, pages: u32) -> Result<(), StoreError> {
        let pragma = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(pragma).execute(&self.writer).await.map_err(failed)?;
        Ok(())
    }

    /// How many pages of 4096 bytes the file has.
    ///
    /// # Errors
    /// [`StoreError::Backend`] when the database does not answer.
    pub async fn pages(&self) -> Result<u32, StoreError> {
        sqlx::query_scalar("PRAGMA page_count").fetch_one(&self.writer).await.map_err(failed)
    }
}
