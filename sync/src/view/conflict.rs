//! Values of one field that were written without knowing of each other.

use serde::{Deserialize, Serialize};

use super::read::Read;
use crate::document::{Value, Written};
use crate::text::same_writing;

/// One field with more than one value; nothing is chosen by a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The key, for example `applicant.name`.
    pub key: String,
    /// The values, each with its writer; the last one counts until a person chooses.
    pub values: Vec<ConflictValue>,
}

/// One of the values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictValue {
    /// The value as text.
    pub value: String,
    /// Who typed it.
    pub officer: String,
    /// On which tablet.
    pub device: String,
    /// When, by that tablet's clock.
    pub at: i64,
}

/// The fields of a document that wait for a person. Differences of case, spacing and punctuation
/// are none; links between documents are no fields.
pub(super) fn conflicts(read: &Read<'_>) -> Vec<Conflict> {
    read.fields
        .iter()
        .filter(|(_, values)| differ(values))
        .map(|(key, values)| Conflict { key: key.clone(), values: values.iter().map(describe).collect() })
        .collect()
}

fn differ(values: &[Written<'_>]) -> bool {
    let Some((last, rest)) = values.split_last() else { return false };
    rest.iter().any(|other| match (&other.value, &last.value) {
        (Value::Text(one), Value::Text(two)) => !same_writing(one, two),
        (Value::Bytes(_), Value::Bytes(_)) => false,
        (one, two) => one != two,
    })
}

fn describe(written: &Written<'_>) -> ConflictValue {
    let author = &written.change.author;
    ConflictValue {
        value: written.value.display(),
        officer: author.officer.clone(),
        device: author.device.clone(),
        at: author.at,
    }
}
