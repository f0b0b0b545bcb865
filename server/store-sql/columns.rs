//! From columns to the fields of rows.

use mpp_store::StoreError;
use sqlx::Row as _;

use crate::backend::{BackendRow, Database};
use crate::convert::failed;

/// A column of exactly `N` bytes.
pub fn array<const N: usize>(row: &BackendRow, column: &'static str) -> Result<[u8; N], StoreError> {
    let bytes: Vec<u8> = row.try_get(column).map_err(failed)?;
    bytes.try_into().map_err(|_| StoreError::Corrupt(column))
}

/// A column of exactly `N` bytes, or NULL.
pub fn maybe_array<const N: usize>(
    row: &BackendRow,
    column: &'static str,
) -> Result<Option<[u8; N]>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get(column).map_err(failed)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| StoreError::Corrupt(column))).transpose()
}

/// Any other column.
pub fn get<'r, T>(row: &'r BackendRow, column: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, Database> + sqlx::Type<Database>,
{
    row.try_get(column).map_err(failed)
}
