//! A tracking code: the status of its application, and nothing of anybody.

use mpp_store::{Store, StoreError};
use serde_json::{Value, json};

use super::published::{Catalogue, json_of, text};

/// What the code stands for; `None` when the office does not know it (yet). `code` is in its stored form.
///
/// # Errors
/// [`StoreError`].
pub async fn tracked(store: &dyn Store, code: &str) -> Result<Option<Value>, StoreError> {
    let applications = store.applications_tracked(code).await?;
    let first = applications.into_iter().min_by_key(|row| (row.created_at, row.document));
    if let Some(row) = first {
        let Some(view) = store.view(row.document).await? else { return Ok(None) };
        let view = json_of(&view)?;
        let catalogue = Catalogue::read(store).await?;
        let standard = catalogue.standard(&row.service, Some(row.standard));
        let standard = standard.or_else(|| catalogue.standard(&row.service, None));
        return Ok(Some(json!({
            "tracking": code,
            "state": "application",
            "service": row.service,
            "service_name": standard.map_or(row.service.as_str(), |standard| text(standard, "name")),
            "day": day(store, row.day).await?,
            "ticket": row.ticket,
            "status": status(&view),
        })));
    }
    let Some(visit) = store.visits_tracked(code).await?.into_iter().next() else { return Ok(None) };
    Ok(Some(json!({
        "tracking": code,
        "state": "ticket",
        "day": day(store, visit.day).await?,
        "ticket": visit.ticket,
    })))
}

async fn day(store: &dyn Store, day: Option<[u8; 16]>) -> Result<Value, StoreError> {
    let view = match day {
        Some(day) => store.view(day).await?,
        None => None,
    };
    let Some(view) = view else { return Ok(json!({ "date": "", "place": "" })) };
    let view = json_of(&view)?;
    Ok(json!({ "date": view["date"], "place": view["place"] }))
}

/// The statuses with their times: no officer, no device, no reason.
fn status(view: &Value) -> Value {
    let current = view.pointer("/status/current").cloned().unwrap_or_default();
    let events = view.pointer("/status/events").and_then(Value::as_array);
    let steps: Vec<Value> = events
        .into_iter()
        .flatten()
        .map(|event| json!({ "status": event["status"], "at": event["at"] }))
        .collect();
    let at = steps
        .iter()
        .rev()
        .find(|step| step["status"] == current)
        .or(steps.last())
        .map(|step| step["at"].clone());
    json!({ "current": current, "at": at, "steps": steps })
}
