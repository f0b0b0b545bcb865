//! Databases for tests: each has its own, made from nothing and dropped at the end.

use std::str::FromStr as _;

use mpp_store::StoreError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::convert::failed;

/// Where the server's address stands: any database of a server on which tests may make databases.
pub const VARIABLE: &str = "MPP_TEST_POSTGRES";

/// An empty database. Dropped with this value, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Makes one on the server that [`VARIABLE`] names.
    ///
    /// # Errors
    /// [`StoreError::Backend`] when the variable is missing, saying what to do, or the server does not do it.
    pub async fn create() -> Result<Self, StoreError> {
        let server = std::env::var(VARIABLE).map_err(|_| {
            let hint = "is not set: run the tests with scripts/test, or through scripts/with-postgres";
            StoreError::Backend(format!("{VARIABLE} {hint}"))
        })?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| StoreError::Backend(error.to_string()))?;
        let name = format!("mpp_test_{}", hex::encode(random));
        run(&server, format!("CREATE DATABASE {name}")).await?;
        Ok(Self { server, name })
    }

    /// Its address, for [`crate::PostgresStore::open`] or `mpp --database`.
    ///
    /// # Errors
    /// [`StoreError::Backend`] when the server's address is none.
    pub fn url(&self) -> Result<String, StoreError> {
        let options = PgConnectOptions::from_str(&self.server).map_err(failed)?;
        Ok(options.database(&self.name).to_url_lossy().to_string())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, drop) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // A runtime of its own: this one may be ending, and a value that is dropped cannot wait.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(run(&server, drop)))
        });
        // A database that stays is in nobody's way; the server of scripts/test goes with all of them.
        let _ = dropped.join();
    }
}

async fn run(server: &str, statement: String) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect(server).await.map_err(failed)?;
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(failed)
}
