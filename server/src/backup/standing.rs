//! How the backups stand: what the tablets are told, and what the office's page shows in red.

use std::path::Path;

use mpp_store::{BackupRow, Store, StoreError};
use mpp_sync::exchange::BackupState;
use serde_json::{Value, json};

use super::RECIPIENT;

/// Seconds after which a backup counts as old.
pub const OLD: i64 = 48 * 3600;
/// Tries that are listed.
const LISTED: i64 = 10;

/// The stable word of a state.
#[must_use]
pub fn word(state: BackupState) -> &'static str {
    match state {
        BackupState::None => "none",
        BackupState::Good => "good",
        BackupState::Old => "old",
    }
}

/// The state of a stable word; a word of a later version is no good news.
#[must_use]
pub fn state_of(word: &str) -> BackupState {
    match word {
        "none" => BackupState::None,
        "good" => BackupState::Good,
        _ => BackupState::Old,
    }
}

/// How the backups stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether there is a good one.
    pub state: BackupState,
    /// The newest good one.
    pub last_good: Option<BackupRow>,
}

impl Standing {
    /// The log's position that the newest good backup covers; 0 without any.
    #[must_use]
    pub fn position(&self) -> u64 {
        let position = self.last_good.as_ref().and_then(|row| row.position);
        position.and_then(|position| u64::try_from(position).ok()).unwrap_or(0)
    }
}

/// Reads how the backups of the node on `folder` stand at `now` (unix seconds).
///
/// # Errors
/// [`StoreError`].
pub async fn standing(store: &dyn Store, folder: &Path, now: i64) -> Result<Standing, StoreError> {
    let last_good = store.last_good_backup().await?;
    let state = match &last_good {
        Some(row) if now - row.started_at <= OLD => BackupState::Good,
        Some(_) => BackupState::Old,
        None if folder.join(RECIPIENT).exists() => BackupState::Old,
        None => BackupState::None,
    };
    Ok(Standing { state, last_good })
}

/// For the office's page. `place` is where the nightly backup goes, if anywhere.
///
/// # Errors
/// [`StoreError`].
pub async fn report(
    store: &dyn Store,
    folder: &Path,
    place: Option<&str>,
    now: i64,
) -> Result<Value, StoreError> {
    let standing = standing(store, folder, now).await?;
    let tries = store.backups(LISTED).await?;
    let behind = u64::try_from(store.head().await?.position).unwrap_or(0).saturating_sub(standing.position());
    // An error counts until a later try was good.
    let failed = tries.iter().take_while(|row| !row.is_good()).find(|row| row.error.is_some());
    Ok(json!({
        "state": word(standing.state),
        "last_good_at": standing.last_good.as_ref().map(|row| row.started_at),
        "last_good_position": standing.last_good.as_ref().and_then(|row| row.position),
        "changes_since": behind,
        "last_error": failed.and_then(|row| row.error.clone()),
        "last_error_at": failed.and_then(|row| row.finished_at),
        "recovery_key": folder.join(RECIPIENT).exists(),
        "place": place,
        "tries": tries.iter().map(row).collect::<Vec<_>>(),
    }))
}

fn row(row: &BackupRow) -> Value {
    json!({
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "position": row.position,
        "bytes": row.bytes,
        "file": row.file,
        "verified": row.is_good(),
        "error": row.error,
    })
}
