//! What the statements in `../../store-sql` are compiled with here.

use mpp_store::{Id, StoreError};
use sqlx::{AssertSqlSafe, PgPool, Transaction};

pub use crate::PostgresStore as Backend;
use crate::convert::{failed, ids as array_of};
use crate::together::tell;
pub use sqlx::PgConnection as Connection;
pub use sqlx::Postgres as Database;
pub use sqlx::postgres::PgRow as BackendRow;

impl Backend {
    pub(crate) fn read(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn write(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Database>, StoreError> {
        self.pool.begin().await.map_err(failed)
    }

    /// A transaction that appends to the log: the other processes hear of it when it commits.
    pub(crate) async fn begin_to_append(&self) -> Result<Transaction<'static, Database>, StoreError> {
        let mut transaction = self.begin().await?;
        tell(self, &mut transaction).await?;
        Ok(transaction)
    }

    /// [`with_ids`] on a connection of the pool.
    pub(crate) async fn with_ids<T>(
        &self,
        statement: &str,
        ids: &[Id],
        read: impl Fn(&BackendRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        with_ids(&mut *self.pool.acquire().await.map_err(failed)?, statement, ids, read).await
    }
}

/// The rows as they were stay in the tables' files until somebody cleans up.
pub const SCRUB: &str = "VACUUM change_log, frame, branch_frame, quarantine, document_view, resident_row, \
     resident_link, visit_row, application_row";

/// The rows of a statement that ends with a column of ids, for these ids; in no order.
pub async fn with_ids<T>(
    connection: &mut Connection,
    statement: &str,
    ids: &[Id],
    read: impl Fn(&BackendRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let statement = AssertSqlSafe(format!("{statement} = ANY($1)"));
    let rows = sqlx::query(statement).bind(array_of(ids)).fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

/// The rows of a statement that ends with a column of texts, for these texts; in no order.
pub async fn with_texts<T>(
    connection: &mut Connection,
    statement: &str,
    texts: &[&String],
    read: impl Fn(&BackendRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let statement = AssertSqlSafe(format!("{statement} = ANY($1)"));
    let texts: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
    let rows = sqlx::query(statement).bind(texts).fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(read).collect()
}
