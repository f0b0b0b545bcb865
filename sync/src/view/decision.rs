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
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) from: Vec<DocumentId>,
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
    /// For a split: the residents on the other side; with none, all of `with` differ from each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<DocumentId>,
    /// The decision that is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Who, where, when.
    #[serde(flatten)]
    pub author: Author,
    /// The decisions that its writer saw and it replaces.
    pub after: Vec<String>,
    /// Whether it was taken back.
    pub undone: bool,
}

/// All decisions in a document in the order of their time.
pub(super) fn decisions(read: &Read<'_>) -> Vec<Decision> {
    let parse = |(id, value, change): (&str, &Value, &ChangeMeta)| {
        let stored: StoredDecision = serde_json::from_str(value.text()?).ok()?;
        Some(Decision {
            id: id.to_owned(),
            decision: stored.decision,
            field: stored.field,
            value: stored.value,
            with: stored.with,
            from: stored.from,
            of: stored.of,
            author: change.author.clone(),
            after: stored.after,
            undone: false,
        })
    };
    let mut all: Vec<Decision> = read.entries(PREFIX).filter_map(parse).collect();
    all.sort_by(|one, two| (one.author.at, &one.id).cmp(&(two.author.at, &two.id)));
    let undone: BTreeSet<String> = all.iter().filter_map(|decision| decision.of.clone()).collect();
    for decision in &mut all {
        decision.undone = undone.contains(&decision.id);
    }
    all
}

impl Decision {
    /// Whether it still counts by itself: no undoing, and not taken back.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.decision != DecisionKind::Undo && !self.undone
    }

    /// Whether it says of two residents that they are, or are not, one person.
    #[must_use]
    pub fn covers(&self, one: &DocumentId, two: &DocumentId) -> bool {
        match self.decision {
            DecisionKind::Join => self.with.contains(one) && self.with.contains(two),
            DecisionKind::Split if self.from.is_empty() => self.with.contains(one) && self.with.contains(two),
            DecisionKind::Split => {
                let across = |one, two| self.with.contains(one) && self.from.contains(two);
                across(one, two) || across(two, one)
            }
            DecisionKind::Spelling | DecisionKind::Undo => false,
        }
    }
}

/// The decisions that no other of them replaces. More than one is a disagreement.
pub(super) fn heads<'a>(decisions: &[&'a Decision]) -> Vec<&'a Decision> {
    let replaced: BTreeSet<&String> = decisions.iter().flat_map(|decision| &decision.after).collect();
    decisions.iter().filter(|decision| !replaced.contains(&decision.id)).copied().collect()
}
