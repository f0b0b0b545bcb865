//! Between SQL's values and the rows' types.

use mpp_store::{Id, StoreError};

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

/// An array parameter from a field of many rows.
pub fn column<'r, R, T>(rows: &'r [R], field: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
}

/// Ids as an array parameter.
pub fn ids<'a>(ids: impl IntoIterator<Item = &'a Id>) -> Vec<&'a [u8]> {
    ids.into_iter().map(|id| &id[..]).collect()
}
