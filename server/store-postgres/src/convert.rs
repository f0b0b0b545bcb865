//! Between SQL's values and the rows' types.

use std::borrow::Cow;

use mpp_store::{Id, StoreError};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row};

/// `disk_full`.
const FULL: &str = "53100";

/// `serialization_failure`, `deadlock_detected`: nothing is wrong with what was asked.
const GAVE_WAY: [&str; 2] = ["40001", "40P01"];

/// What sqlx reported, as a store error.
#[expect(clippy::needless_pass_by_value, reason = "it is the function given to map_err")]
pub fn failed(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) if database.code().as_deref() == Some(FULL) => StoreError::Full,
        sqlx::Error::Database(database) if database.code().is_some_and(|code| GAVE_WAY.contains(&&*code)) => {
            StoreError::Stale("two transactions were in each other's way")
        }
        sqlx::Error::Database(database) if database.is_unique_violation() => {
            StoreError::Conflict("a row with this key")
        }
        _ => StoreError::Backend(error.to_string()),
    }
}

/// A column of exactly `N` bytes.
pub fn array<const N: usize>(row: &PgRow, column: &'static str) -> Result<[u8; N], StoreError> {
    let bytes: Vec<u8> = row.try_get(column).map_err(failed)?;
    bytes.try_into().map_err(|_| StoreError::Corrupt(column))
}

/// A column of exactly `N` bytes, or NULL.
pub fn maybe_array<const N: usize>(row: &PgRow, column: &'static str) -> Result<Option<[u8; N]>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get(column).map_err(failed)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| StoreError::Corrupt(column))).transpose()
}

/// Any other column.
pub fn get<'r, T>(row: &'r PgRow, column: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    row.try_get(column).map_err(failed)
}

/// A text without U+0000, which `PostgreSQL` cannot hold and a tablet may well send.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// The same for a text that may be missing.
pub fn maybe_plain(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| plain(text))
}

/// An array parameter from a field of many rows.
pub fn column<'r, R, T>(rows: &'r [R], field: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
}

/// Ids as an array parameter.
pub fn ids<'a>(ids: impl IntoIterator<Item = &'a Id>) -> Vec<&'a [u8]> {
    ids.into_iter().map(|id| &id[..]).collect()
}
