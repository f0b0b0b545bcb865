//! Correcting a record: setting flat keys. Setting one of the values of a conflict settles it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{ActionError, Context, MadeSave, SaveMaker};
use crate::document::{Document, Edits, Value};
use crate::ids::Kind;
use crate::rules::person::Person;

/// Sets keys of a resident, visit or application.
///
/// # Errors
/// [`ActionError::Key`] for a key that people do not edit: ids, events, decisions.
pub fn edit_document(
    context: &Context,
    document: &mut Document,
    edits: &Edits,
) -> Result<MadeSave, ActionError> {
    if let Some((key, _)) = edits.iter().find(|(key, _)| !editable(document.kind(), key)) {
        return Err(ActionError::Key(key.clone()));
    }
    let mut maker = SaveMaker::new(context);
    maker.change(document, edits)?;
    maker.finish()
}

/// Turns JSON values into edits: text, yes/no, whole numbers; null removes the key.
///
/// # Errors
/// [`ActionError::Key`] for any other value.
pub fn json_edits(set: &BTreeMap<String, Json>) -> Result<Edits, ActionError> {
    set.iter()
        .map(|(key, value)| {
            let value = match value {
                Json::Null => None,
                Json::Bool(yes) => Some(Value::Bool(*yes)),
                Json::String(text) if text.trim().is_empty() => None,
                Json::String(text) => Some(Value::Text(text.trim().to_owned())),
                Json::Number(number) => {
                    Some(Value::Int(number.as_i64().ok_or_else(|| ActionError::Key(key.clone()))?))
                }
                _ => return Err(ActionError::Key(key.clone())),
            };
            Ok((key.clone(), value))
        })
        .collect()
}

fn editable(kind: Kind, key: &str) -> bool {
    let is_person_field = |name: &str| Person::default().field_mut(name).is_some();
    match kind {
        Kind::Resident => is_person_field(key),
        Kind::Visit => matches!(key, "priority" | "notes"),
        Kind::Application => {
            let of_person = key.split_once('.').is_some_and(|(who, name)| {
                matches!(who, "applicant" | "subject" | "representative") && is_person_field(name)
            });
            of_person || key == "notes" || key.starts_with("field.") || key.starts_with("check/")
        }
        Kind::ServiceDay | Kind::Catalogue | Kind::Unknown(_) => false,
    }
}
