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

    /// The rows of a statement that ends with a column of ids, for these ids; in no order.
    pub(crate) async fn with_ids<T>(
        &self,
        statement: &str,
        ids: &[Id],
        read: impl Fn(&BackendRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        for chunk in ids.chunks(CHUNK) {
            let mut query = QueryBuilder::new(statement);
            query.push(" IN ");
            push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
            for row in &query.build().fetch_all(&self.reader).await.map_err(failed)? {
                found.push(read(row)?);
            }
        }
        Ok(found)
    }
}
