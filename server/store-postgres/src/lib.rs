//! The store traits on `PostgreSQL`: one database, and as many processes as a balancer likes.
//!
//! Positions are handed out under a row lock that is held until the commit, so that they become visible in their order
//! and a reader that goes by cursor skips nothing. Reading takes no lock. A commit is acknowledged when it is on the
//! disk: `synchronous_commit` is never off in our sessions.
//!
//! Same file names and the same order of methods as every other backend. Statements that every backend understands lie
//! in `../store-sql`; nothing but this crate has SQL that only `PostgreSQL` understands. Arrays are bound
//! (`unnest`) where rows are many: each statement is a trip to another machine.

mod append;
mod applications;
mod archive;
mod backend;
mod change_log;
mod convert;
mod node;
mod pull;
#[cfg(feature = "testing")]
pub mod testing;
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

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use mpp_store::StoreError;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::convert::failed;
use crate::together::Ears;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// A transaction in which every statement sees the same moment.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Connections of one process. `PostgreSQL` serves 100 by default, so that several processes fit.
const CONNECTIONS: u32 = 12;
/// A process whose machine went away is noticed after a minute: its locks and its turn go to the others.
const KEEPALIVE: [(&str, &str); 3] =
    [("tcp_keepalives_idle", "30"), ("tcp_keepalives_interval", "10"), ("tcp_keepalives_count", "3")];
/// How long a request waits for one of them, or for the server, before it fails.
const PATIENCE: Duration = Duration::from_secs(15);

/// A database that is open.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    /// Names this opened store among the processes of the database.
    instance: String,
    ears: Arc<Ears>,
}

impl PostgresStore {
    /// Connects to `postgres://user:password@host/database` (or `?host=/run/postgresql` for a socket) and checks that
    /// it answers. Migrations are run by [`mpp_store::Node::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Backend`] when the address is none, or nobody answers there.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let connect =
            PgConnectOptions::from_str(url).map_err(failed)?.application_name("mpp").options(KEEPALIVE);
        let mut instance = [0; 8];
        getrandom::fill(&mut instance).map_err(|error| StoreError::Backend(error.to_string()))?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // What was acknowledged survives a power cut, however the server is set up.
                    let strict = "SELECT set_config('synchronous_commit', 'on', false) \
                                  WHERE current_setting('synchronous_commit') = 'off'";
                    sqlx::query(strict).execute(connection).await?;
                    Ok(())
                })
            })
            .connect_with(connect)
            .await
            .map_err(failed)?;
        Ok(Self { pool, instance: hex::encode(instance), ears: Arc::default() })
    }
}
