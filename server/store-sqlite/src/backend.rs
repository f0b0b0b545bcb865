//! What the statements in `../../store-sql` are compiled with here.

use mpp_store::{Id, StoreError};
use sqlx::{QueryBuilder, SqlitePool, Transaction};

pub use crate::SqliteStore as Backend;
use crate::convert::{CHUNK, failed, push_list};
pub use sqlx::Sqlite as Database;
pub use sqlx::SqliteConnection as Connection;
pub use sqlx::sqlite::SqliteRow as BackendRow;

impl Backend {
    pub(crate) fn read(&self) -> &SqlitePool {
        &self.reader
    }

    pub(crate) fn write(&self) -> &SqlitePool {
        &self.writer
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Database>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)
    }

    /// A transaction in which nobody else writes to a table: here every one that writes is alone.
    pub(crate) async fn begin_alone_with(
        &self,
        _table: &'static str,
    ) -> Result<Transaction<'static, Database>, StoreError> {
        self.begin().await
    }

    /// A transaction that appends to the log.
    pub(crate) async fn begin_to_append(&self) -> Result<Transaction<'static, Database>, StoreError> {
        self.begin().await
    }
}

/// What is deleted is overwritten in the database (`secure_delete`); the file written ahead is emptied.
pub const SCRUB: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Raises how far the chains are backed up.
pub async fn cover(
    transaction: &mut Transaction<'_, Database>,
    covered: &[(Id, i64)],
) -> Result<(), StoreError> {
    for (session, frames) in covered {
        sqlx::query("UPDATE chain SET backed_up = $2 WHERE session = $1 AND backed_up < $2")
            .bind(&session[..])
            .bind(frames)
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// The rows of a statement that ends with a column of ids, for these ids; in no order.
pub async fn with_ids<T>(
    connection: &mut Connection,
    statement: &str,
    ids: &[Id],
    read: impl Fn(&BackendRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    among(connection, statement, ids, |id| id.to_vec(), read).await
}

/// The rows of a statement that ends with a column of texts, for these texts; in no order.
pub async fn with_texts<T>(
    connection: &mut Connection,
    statement: &str,
    texts: &[&String],
    read: impl Fn(&BackendRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    among(connection, statement, texts, |text| (*text).clone(), read).await
}

async fn among<V, P, T>(
    connection: &mut Connection,
    statement: &str,
    values: &[V],
    parameter: impl Fn(&V) -> P,
    read: impl Fn(&BackendRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError>
where
    P: for<'q> sqlx::Encode<'q, Database> + sqlx::Type<Database> + Send,
{
    let mut found = Vec::new();
    for chunk in values.chunks(CHUNK) {
        let mut query = QueryBuilder::new(statement);
        query.push(" IN ");
        push_list(&mut query, chunk.iter().map(&parameter));
        for row in &query.build().fetch_all(&mut *connection).await.map_err(failed)? {
            found.push(read(row)?);
        }
    }
    Ok(found)
}
