//! Between SQL's values and the rows' types.

use mpp_store::StoreError;
use sqlx::{QueryBuilder, Sqlite};

/// `SQLITE_FULL`.
const FULL: &str = "13";

/// What sqlx reported, as a store error.
#[expect(clippy::needless_pass_by_value, reason = "it is the function given to map_err")]
pub fn failed(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) if database.code().as_deref() == Some(FULL) => StoreError::Full,
        sqlx::Error::Database(database) if database.is_unique_violation() => {
            StoreError::Conflict("a row with this key")
        }
        _ => StoreError::Backend(error.to_string()),
    }
}

/// Appends `(value, value, …)`.
pub fn push_list<T>(query: &mut QueryBuilder<Sqlite>, values: impl IntoIterator<Item = T>)
where
    T: for<'q> sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite> + Send,
{
    query.push("(");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}

/// Parameters in one statement stay below the limit of 32766 of `SQLite`, and statements of a size worth caching.
pub const CHUNK: usize = 400;
