//! Who may write on which day: the days of a device, its letters there, and the rosters.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::{GrantRow, Id, Store, StoreError};
use mpp_sync::check::GrantedDay;
use mpp_sync::document::Refusal;
use mpp_sync::ids::DocumentId;
use mpp_sync::trust::Grant;
use mpp_sync::view::View;
use serde_json::Value;

use crate::projection::views;
use crate::rot;

/// What is tried again when rights change.
pub const BY_RIGHTS: [Refusal; 3] =
    [Refusal::DayNotGranted, Refusal::AuthorNotOnRoster, Refusal::LabelNotOwn];

/// Usernames by day.
pub type Rosters = BTreeMap<DocumentId, BTreeSet<String>>;

/// Whether a change kept aside for this reason may pass when rights change.
#[must_use]
pub fn waits_for_rights(code: &str) -> bool {
    BY_RIGHTS.iter().any(|refusal| refusal.code() == code)
}

/// The days of a device with its letters. Who prepared it stands on the roster, for that is what the office saw when it
/// put the device on the day, whether this node holds the day or not.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn granted_to(
    store: &dyn Store,
    device: Id,
    grants: Vec<GrantRow>,
) -> Result<Vec<GrantedDay>, StoreError> {
    let mut relabelled = false;
    let mut days: Vec<GrantedDay> = Vec::with_capacity(grants.len());
    for grant in grants {
        relabelled |= grant.label.contains('/');
        days.push(GrantedDay {
            day: DocumentId(grant.day),
            labels: vec![grant.label],
            roster: BTreeSet::from([grant.username]),
        });
    }
    if relabelled {
        // Its letter was another tablet's here: what it writes carries the one of its signed grant.
        for row in store.signed_grants(&[device]).await? {
            let grant = Grant::decode(&row.bytes).map_err(|_| StoreError::Corrupt("grant"))?.granted;
            if let Some(day) = days.iter_mut().find(|day| day.day == grant.day) {
                day.labels.push(grant.label);
            }
        }
    }
    Ok(days)
}

/// The rosters as the views have them, which may be behind; those of `exact` from the log itself.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn rosters_of(
    store: &dyn Store,
    days: &BTreeSet<Id>,
    exact: &BTreeSet<DocumentId>,
) -> Result<Rosters, StoreError> {
    let mut rosters = Rosters::new();
    let quick: Vec<Id> = days.iter().filter(|day| !exact.contains(&DocumentId(**day))).copied().collect();
    for row in store.views(&quick).await? {
        let day: Value = serde_json::from_str(&row.view).map_err(|_| StoreError::Corrupt("view"))?;
        let officers = day.get("officers").and_then(Value::as_object);
        let names = officers.map(|officers| officers.keys().cloned().collect());
        rosters.insert(DocumentId(row.document), names.unwrap_or_default());
    }
    let exact: Vec<Id> = exact.iter().map(|day| day.0).collect();
    for view in views(rot::changes_of(store, &exact).await?) {
        if let View::ServiceDay(day) = view {
            rosters.insert(day.id, day.officers.into_keys().collect());
        }
    }
    Ok(rosters)
}

/// The day of a day's scope.
#[must_use]
pub(super) fn day_in_scope(scope: &str) -> Option<Id> {
    Some(scope.strip_prefix("day/")?.parse::<DocumentId>().ok()?.0)
}
