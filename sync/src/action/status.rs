//! The next status of an application.

use super::{ActionError, Context, MadeSave, SaveMaker, entry_id};
use crate::document::{Document, Value};
use crate::rules::Finding;
use crate::rules::status::Status;
use crate::view::{STATUS_PREFIX, StatusView, StoredEvent};

/// Adds a status event that follows `after`: the events that the person saw.
///
/// With `None` it follows every event there is; with all heads of a conflict it settles it.
///
/// # Errors
/// [`ActionError::Input`] when a reason is needed and missing.
pub fn add_status(
    context: &Context,
    application: &mut Document,
    status: Status,
    reason: Option<&str>,
    after: Option<&[String]>,
) -> Result<MadeSave, ActionError> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    if status.needs_reason() && reason.is_none() {
        return Err(ActionError::Input(vec![Finding::error("reason", "reason_missing")]));
    }
    let after = match after {
        Some(seen) => seen.to_vec(),
        None => StatusView::of_document(application).map(|view| view.heads).unwrap_or_default(),
    };
    let event = StoredEvent { status, reason: reason.map(str::to_owned), after };
    let key = format!("{STATUS_PREFIX}{}", entry_id(context));
    let value = Value::from(serde_json::to_string(&event).unwrap_or_default());
    let mut maker = SaveMaker::new(context);
    maker.change(application, &vec![(key, Some(value))])?;
    maker.finish()
}
