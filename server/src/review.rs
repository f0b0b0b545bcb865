//! What the office and the public read: only views and rows, never documents, except for the history of one record.

pub mod applications;
pub mod published;
pub mod quarantine;
pub mod record;
pub mod standing;
pub mod tablets;
pub mod tracking;

use std::collections::BTreeMap;

use mpp_store::{Store, StoreError};

/// Display names by username.
///
/// # Errors
/// [`StoreError`].
pub async fn people(store: &dyn Store) -> Result<BTreeMap<String, String>, StoreError> {
    let accounts = store.accounts().await?;
    Ok(accounts.into_iter().map(|account| (account.username, account.display_name)).collect())
}
