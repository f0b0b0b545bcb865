//! What is kept aside: what it is, from whom, and why.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::{Id, QuarantineRow, Store, StoreError};
use mpp_sync::document::Refusal;
use mpp_sync::ids::DeviceId;
use serde_json::{Value, json};

use super::published::{json_of, text};

/// Rows shown at most.
const ROWS_MAX: i64 = 500;

/// What is kept aside, newest arrival first.
///
/// # Errors
/// [`StoreError`].
pub async fn quarantine(store: &dyn Store, office: DeviceId) -> Result<Vec<Value>, StoreError> {
    let people = super::people(store).await?;
    let rows = store.quarantined(ROWS_MAX).await?;
    let sessions: BTreeSet<Id> = rows.iter().map(|row| row.session).collect();
    let chains = store.chains(&sessions.into_iter().collect::<Vec<_>>()).await?;
    let chains: BTreeMap<Id, _> = chains.into_iter().map(|chain| (chain.session, chain)).collect();
    let devices: BTreeMap<Id, String> =
        store.devices().await?.into_iter().map(|device| (device.id, device.name)).collect();
    let grants = store.grants().await?;
    let mut found = Vec::new();
    for row in rows {
        let chain = chains.get(&row.session);
        let label = chain.and_then(|chain| {
            if chain.device == office.0 {
                return Some(crate::authoring::OFFICE);
            }
            let grant = grants
                .iter()
                .find(|grant| grant.device == chain.device && chain.day.is_none_or(|day| day == grant.day));
            grant.map(|grant| grant.label.as_str())
        });
        let officer = chain.map(|chain| people.get(&chain.officer).unwrap_or(&chain.officer));
        let (ticket, name) = about(store, &row).await?;
        let waits = Refusal::from_code(&row.code).is_some_and(Refusal::may_pass_later);
        found.push(json!({
            "document": hex::encode(row.document),
            "hash": hex::encode(row.hash),
            "kind": row.kind,
            "code": row.code,
            "session": hex::encode(row.session),
            "device": chain.map(|chain| hex::encode(chain.device)),
            "device_name": chain.and_then(|chain| devices.get(&chain.device)),
            "officer_name": officer,
            "label": label,
            "ticket": ticket,
            "name": name,
            "waits": waits,
            "received_at": row.received_at,
            "retried": row.retried,
        }));
    }
    Ok(found)
}

/// Ticket and name of the record that the change belongs to, when the office has it.
async fn about(
    store: &dyn Store,
    row: &QuarantineRow,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let Some(view) = store.view(row.document).await? else { return Ok((None, None)) };
    let view = json_of(&view)?;
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let person = view.get("applicant").or_else(|| view.get("person"));
    Ok((filled(text(&view, "ticket")), person.and_then(|person| filled(text(person, "name")))))
}
