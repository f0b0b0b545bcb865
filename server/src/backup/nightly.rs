//! The backup of every night, by itself.

use std::sync::Arc;
use std::time::Duration;

use super::BackupError;
use super::place::Place;
use super::run::{KEEP, back_up, no_place};
use crate::app::App;
use crate::calendar;

/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_mins(5);
/// Seconds to wait after one that failed.
const AGAIN: i64 = 3600;
/// The hour of the regency's clock when nobody works.
const HOUR: i64 = 1;
const DAY: i64 = 86_400;

/// Backs up every night, and at once when the last night's is missing, for as long as the office runs.
pub async fn nightly(app: Arc<App>) {
    if app.config.backup_to.is_none() {
        return;
    }
    loop {
        // Any other failure is noted and logged where it happened.
        if let Err(BackupError::NotSetUp) = look(&app).await {
            tracing::warn!(code = "BACKUP_NOT_SET_UP", "no recovery key yet: mpp backup init");
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn look(app: &App) -> Result<(), BackupError> {
    let now = app.env().now();
    let zone = calendar::zone_hours(&app.config.regency);
    let last_good = app.store().last_good_backup().await?.map(|row| row.started_at);
    let last_try = app.store().backups(1).await?.first().map(|row| row.started_at);
    if !is_due(now, zone, last_good, last_try) {
        return Ok(());
    }
    // Read again each night: whoever changes the key of a store need not start the office again.
    let place = match Place::of(&app.config) {
        Ok(Some(place)) => place,
        Ok(None) => return Ok(()),
        Err(error) => return no_place(&app.node, error).await,
    };
    if place.is_on_the_disk_of(&app.config.data) {
        tracing::warn!(
            code = "BACKUP_SAME_DISK",
            "backups lie on the disk they are of and would be lost with it"
        );
    }
    back_up(&app.node, &app.config, &place, app.config.backup_keep.unwrap_or(KEEP)).await.map(drop)
}

/// Whether last night's is missing, and was not tried within the last hour.
fn is_due(now: i64, zone_hours: i64, last_good: Option<i64>, last_try: Option<i64>) -> bool {
    let local = now + zone_hours * 3600;
    let night = (local - HOUR * 3600).div_euclid(DAY) * DAY + HOUR * 3600 - zone_hours * 3600;
    let missing = last_good.is_none_or(|at| at < night);
    let tried = last_try.is_some_and(|at| now - at < AGAIN && last_good != Some(at));
    missing && !tried
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22, 20:00 in Lahat.
    const EVENING: i64 = 1_795_352_400;
    const NIGHT: i64 = EVENING + 5 * 3600;

    #[test]
    fn a_backup_is_due_every_night_and_when_there_is_none() {
        assert!(is_due(EVENING, 7, None, None), "the first one at once");
        assert!(!is_due(EVENING, 7, Some(NIGHT - DAY), Some(NIGHT - DAY)));
        assert!(!is_due(NIGHT - 1, 7, Some(NIGHT - DAY), Some(NIGHT - DAY)));
        assert!(is_due(NIGHT, 7, Some(NIGHT - DAY), Some(NIGHT - DAY)));
        assert!(!is_due(NIGHT + 300, 7, Some(NIGHT), Some(NIGHT)));
        assert!(is_due(EVENING, 7, Some(NIGHT - 2 * DAY), Some(NIGHT - 2 * DAY)), "the machine was off");
    }

    #[test]
    fn one_that_failed_is_tried_again_after_an_hour() {
        assert!(!is_due(NIGHT + 300, 7, Some(NIGHT - DAY), Some(NIGHT)));
        assert!(is_due(NIGHT + AGAIN, 7, Some(NIGHT - DAY), Some(NIGHT)));
    }
}
