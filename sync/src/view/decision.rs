//! Signed decisions about residents: which spelling counts, who is the same person, and undoing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::read::Read;
use crate::document::{Author, ChangeMeta, Value};
use crate::ids::DocumentId;

/// Where decisions stand in the document.
pub(crate) const PREFIX: &str = "decision/";

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Which spelling of a field counts.
    Spelling,
    /// These residents are one person.
    Join,
    /// These residents are different people.
    Split,
    /// An earlier decision no longer counts.
    Undo,
}

/// A decision as it stands in the document, under `decision/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredDecision {
    #[serde(rename = "d")]
    pub(crate) decision: DecisionKind,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) with: Vec<DocumentId>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<String>,
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) after: Vec<String>,
}

/// A decision with its writer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Id within the resident.
    pub id: String,
    /// What is decided.
    pub decision: DecisionKind,
    /// The field a spelling is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The spelling that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The residents it is about.
    pub with: Vec<DocumentId>,
    /// The decision that is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Who, where, when.
    #[serde(flatten)]
    pub author: Author,
    /// The decisions it replaces.
    pub after: Vec<String>,
    /// Whether it counts: neither undone nor replaced by one that counts.
    pub active: bool,
}

/// All decisions in a document, the ones that count marked.
pub(super) fn decisions(read: &Read<'_>) -> Vec<Decision> {
    let parse = |(id, value, change): (&str, &Value, &ChangeMeta)| {
        let stored: StoredDecision = serde_json::from_str(value.text()?).ok()?;
        Some(Decision {
            id: id.to_owned(),
            decision: stored.decision,
            field: stored.field,
            value: stored.value,
            with: stored.with,
            of: stored.of,
            author: change.author.clone(),
            after: stored.after,
            active: false,
        })
    };
    let mut all: Vec<Decision> = read.entries(PREFIX).filter_map(parse).collect();
    all.sort_by(|one, two| (one.author.at, &one.id).cmp(&(two.author.at, &two.id)));
    mark_active(&mut all);
    all
}

fn mark_active(all: &mut [Decision]) {
    let undone: BTreeSet<String> = all.iter().filter_map(|decision| decision.of.clone()).collect();
    let counts =
        |decision: &Decision| decision.decision != DecisionKind::Undo && !undone.contains(&decision.id);
    let replaced: BTreeSet<String> =
        all.iter().filter(|decision| counts(decision)).flat_map(|decision| decision.after.clone()).collect();
    for decision in all {
        decision.active = counts(decision) && !replaced.contains(&decision.id);
    }
}
