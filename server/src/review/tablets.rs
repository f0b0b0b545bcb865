//! Which tablets have been heard of, with what, and what of theirs is still missing.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::{ChainRow, DeviceEventRow, Id, Store, StoreError};
use serde_json::{Value, json};

use super::standing::Standing;
use crate::contacts::contact;

/// One row for every tablet on a day; of one day, or of all.
///
/// # Errors
/// [`StoreError`].
pub async fn tablets(store: &dyn Store, day: Option<Id>) -> Result<Vec<Value>, StoreError> {
    let people = super::people(store).await?;
    let aside: BTreeMap<Id, i64> = store.quarantine_counts().await?.into_iter().collect();
    let let_go = store.releases().await?;
    let name_of = |username: &str| people.get(username).map_or(username, String::as_str).to_owned();
    let mut found = Vec::new();
    let events = store.device_events().await?;
    let mut grants = match day {
        Some(day) => store.grants_on(day).await?,
        None => store.grants().await?,
    };
    grants.sort_by(|one, two| (one.day, &one.label).cmp(&(two.day, &two.label)));
    let devices: BTreeSet<Id> = grants.iter().map(|grant| grant.device).collect();
    let chains = store.chains_of(&devices.into_iter().collect::<Vec<_>>()).await?;
    let mut by_device: BTreeMap<Id, Vec<&ChainRow>> = BTreeMap::new();
    for chain in &chains {
        by_device.entry(chain.device).or_default().push(chain);
    }
    for grant in grants {
        let Some(device) = store.device(grant.device).await? else { continue };
        let of_device = by_device.get(&grant.device).cloned().unwrap_or_default();
        let own: Vec<_> = of_device.iter().filter(|chain| chain.day == Some(grant.day)).collect();
        let covered = store.covered_chains_of(grant.device).await?;
        let of_day = covered.iter().filter(|chain| own.iter().any(|one| one.session == chain.session));
        let said = contact(store, grant.device).await?;
        let mut standing = Standing::of(&of_device, &covered, said.as_ref());
        let noticed =
            |kind: &str| events.iter().any(|event| event.device == grant.device && event.kind == kind);
        standing.rolled_back |= noticed("rolled_back");
        standing.forked |= noticed("forked");
        let mut officers: Vec<&str> = own.iter().map(|chain| chain.officer.as_str()).collect();
        officers.push(&grant.username);
        officers.retain(|name| !name.is_empty());
        officers.sort_unstable();
        officers.dedup();
        let names: Vec<String> = officers.into_iter().map(name_of).collect();
        let released = let_go
            .iter()
            .find(|row| row.device == grant.device)
            .map(|row| json!({ "at": row.at, "by": name_of(&row.username), "reason": row.reason }));
        let arrived = own.iter().map(|chain| chain.last_at).max();
        found.push(json!({
            "device": hex::encode(device.id),
            "name": device.name,
            "label": grant.label,
            "day": hex::encode(grant.day),
            "officer_names": names,
            "last_seen_at": said.as_ref().map(|said| said.at).max(arrived),
            "frames_held": own.iter().map(|chain| chain.frames).sum::<i64>(),
            "frames_backed_up": of_day.map(|chain| chain.backed_up).sum::<i64>(),
            "changes_held": own.iter().map(|chain| chain.changes).sum::<i64>(),
            "missing_frames": standing.missing_frames,
            "missing_sessions": standing.missing_sessions,
            "rolled_back": standing.rolled_back,
            "forked": standing.forked,
            "safe": standing.is_safe(),
            "quarantined": own.iter().filter_map(|chain| aside.get(&chain.session)).sum::<i64>(),
            "sessions": own.len(),
            "revoked": device.revoked_at.is_some(),
            "released": released,
            "events": events_of(&events, device.id),
        }));
    }
    Ok(found)
}

/// What a device's chains gave away about it: `rolled_back` (its storage went back), `forked` (there are two of it).
fn events_of(events: &[DeviceEventRow], device: Id) -> Vec<Value> {
    let own = events.iter().filter(|event| event.device == device);
    own.map(|event| {
        json!({
            "kind": event.kind,
            "session": hex::encode(event.session),
            "claimed": event.claimed,
            "held": event.held,
            "at": event.at,
        })
    })
    .collect()
}
