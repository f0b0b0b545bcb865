//! Which tablets have been heard of, with what, and what of theirs is kept aside.

use std::collections::BTreeMap;

use mpp_store::{Id, Store, StoreError};
use mpp_sync::ids::DeviceId;
use serde_json::{Value, json};

/// Rows of the quarantine shown at most.
const QUARANTINE_MAX: i64 = 500;

/// One row for every tablet on a day; of one day, or of all.
///
/// # Errors
/// [`StoreError`].
pub async fn tablets(store: &dyn Store, day: Option<Id>) -> Result<Vec<Value>, StoreError> {
    let people = super::people(store).await?;
    let chains = store.all_chains().await?;
    let aside: BTreeMap<Id, i64> = store.quarantine_counts().await?.into_iter().collect();
    let releases = store.releases().await?;
    let mut found = Vec::new();
    let mut grants = store.grants().await?;
    grants.sort_by(|one, two| (one.day, &one.label).cmp(&(two.day, &two.label)));
    for grant in grants {
        if day.is_some_and(|day| day != grant.day) {
            continue;
        }
        let Some(device) = store.device(grant.device).await? else { continue };
        let own: Vec<_> = chains
            .iter()
            .filter(|chain| chain.device == grant.device && chain.day == Some(grant.day))
            .collect();
        let mut officers: Vec<&str> = own.iter().map(|chain| chain.officer.as_str()).collect();
        officers.push(&grant.username);
        officers.sort_unstable();
        officers.dedup();
        let covered = store.covered_chains_of(grant.device).await?;
        let of_day = covered.iter().filter(|chain| own.iter().any(|one| one.session == chain.session));
        let released = releases.iter().find(|row| row.device == grant.device).map(|row| {
            let by = people.get(&row.username).unwrap_or(&row.username);
            json!({ "at": row.at, "by": by, "reason": row.reason })
        });
        let names: Vec<&str> =
            officers.iter().map(|name| people.get(*name).map_or(*name, String::as_str)).collect();
        found.push(json!({
            "device": hex::encode(device.id),
            "name": device.name,
            "label": grant.label,
            "day": hex::encode(grant.day),
            "officer_names": names,
            "last_seen_at": own.iter().map(|chain| chain.last_at).max(),
            "frames_held": own.iter().map(|chain| chain.frames).sum::<i64>(),
            "frames_backed_up": of_day.map(|chain| chain.backed_up).sum::<i64>(),
            "released": released,
            "changes_held": own.iter().map(|chain| chain.changes).sum::<i64>(),
            "quarantined": own.iter().filter_map(|chain| aside.get(&chain.session)).sum::<i64>(),
            "sessions": own.len(),
            "revoked": device.revoked_at.is_some(),
        }));
    }
    Ok(found)
}

/// What is kept aside, with where it came from.
///
/// # Errors
/// [`StoreError`].
pub async fn quarantine(store: &dyn Store, office: DeviceId) -> Result<Vec<Value>, StoreError> {
    let chains: BTreeMap<Id, _> =
        store.all_chains().await?.into_iter().map(|chain| (chain.session, chain)).collect();
    let grants = store.grants().await?;
    let rows = store.quarantined(QUARANTINE_MAX).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let chain = chains.get(&row.session);
            let label = chain.and_then(|chain| {
                if chain.device == office.0 {
                    return Some(crate::authoring::OFFICE);
                }
                let grant = grants.iter().find(|grant| {
                    grant.device == chain.device && chain.day.is_none_or(|day| day == grant.day)
                });
                grant.map(|grant| grant.label.as_str())
            });
            json!({
                "document": hex::encode(row.document),
                "hash": hex::encode(row.hash),
                "kind": row.kind,
                "code": row.code,
                "session": hex::encode(row.session),
                "device": chain.map(|chain| hex::encode(chain.device)),
                "label": label,
                "received_at": row.received_at,
            })
        })
        .collect())
}
