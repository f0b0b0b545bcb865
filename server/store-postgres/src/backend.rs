//! What the statements in `../../store-sql` are compiled with here.

use mpp_store::{Id, StoreError};
use sqlx::{AssertSqlSafe, PgPool, Transaction};

pub use crate::PostgresStore as Backend;
use crate::convert::{column, failed, ids as array_of};
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

    /// A transaction in which nobody else writes to a table: neither here nor in another process.
    pub(crate) async fn begin_alone_with(
        &self,
        table: &'static str,
    ) -> Result<Transaction<'static, Database>, StoreError> {
        let mut transaction = self.begin().await?;
        let lock = AssertSqlSafe(format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"));
        sqlx::query(lock).execute(&mut *transaction).await.map_err(failed)?;
        Ok(transaction)
    }

    /// A transaction that appends to the log: the other processes hear of it when it commits.
    pub(crate) async fn begin_to_append(&self) -> Result<Transaction<'static, Database>, StoreError> {
        let mut transaction = self.begin().await?;
        tell(self, &mut transaction).await?;
        Ok(transaction)
    }
}

/// The rows as they were stay in the tables' files until somebody cleans up.
pub const SCRUB: &str = "VACUUM change_log, frame, branch_frame, quarantine, document_view, resident_row, \
     resident_link, visit_row, application_row";

/// Raises how far the chains are backed up. They are locked in their order, as [`crate::append`] does.
pub async fn cover(
    transaction: &mut Transaction<'_, Database>,
    covered: &[(Id, i64)],
) -> Result<(), StoreError> {
    sqlx::query("SELECT 1 FROM chain WHERE session = ANY($1) ORDER BY session FOR UPDATE")
        .bind(column(covered, |(session, _)| &session[..]))
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    sqlx::query(
        "UPDATE chain SET backed_up = covered.frames FROM unnest($1::bytea[], $2::bigint[]) \
         AS covered (session, frames) WHERE chain.session = covered.session AND backed_up < covered.frames",
    )
    .bind(column(covered, |(session, _)| &session[..]))
    .bind(column(covered, |(_, frames)| *frames))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

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
