//! What the statements in `../../store-sql` are compiled with here.

use mpp_store::{Id, StoreError};
use sqlx::{AssertSqlSafe, PgPool, Transaction};

pub use crate::PostgresStore as Backend;
use crate::convert::{failed, ids as array_of};
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

    /// The rows of a statement that ends with a column of ids, for these ids; in no order.
    pub(crate) async fn with_ids<T>(
        &self,
        statement: &str,
        ids: &[Id],
        read: impl Fn(&BackendRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let statement = AssertSqlSafe(format!("{statement} = ANY($1)"));
        let rows = sqlx::query(statement).bind(array_of(ids)).fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }
}
