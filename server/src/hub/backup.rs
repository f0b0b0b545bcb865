//! What the office says of its backups, kept for the tablets that meet only this hub.

use mpp_store::{Store, StoreError};
use mpp_sync::exchange::BackupState;

use crate::backup::standing::{state_of, word};

/// Where it is kept.
const KEY: &str = "upstream_backup";

/// How the office's backups stand, as it said at the last contact.
///
/// # Errors
/// [`StoreError`].
pub async fn backup_of_office(store: &dyn Store) -> Result<BackupState, StoreError> {
    Ok(store.value(KEY).await?.map_or(BackupState::None, |word| state_of(&word)))
}

pub(super) async fn keep_backup_of_office(store: &dyn Store, state: BackupState) -> Result<(), StoreError> {
    if backup_of_office(store).await? == state {
        return Ok(());
    }
    store.set_value(KEY, word(state)).await
}
