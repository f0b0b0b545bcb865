//! Who wrote what, where and when: the changes of a document as a person reads them.

use serde::{Deserialize, Serialize};

use crate::document::{Author, Document};
use crate::ids::{ChangeHash, DocumentId, SessionId};

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The change.
    pub hash: ChangeHash,
    /// The document.
    pub document: DocumentId,
    /// Who, where, when.
    #[serde(flatten)]
    pub author: Author,
    /// The session, for evidence.
    pub session: SessionId,
    /// What it set.
    pub sets: Vec<HistorySet>,
}

/// One key that a change set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistorySet {
    /// The key.
    pub key: String,
    /// The value as text; missing when the key was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// The changes of a document, each after those it builds on.
#[must_use]
pub fn history(document: &Document) -> Vec<HistoryEntry> {
    let mut changes: Vec<_> = document.changes().iter().collect();
    changes.sort_by_key(|change| (change.start_op, change.hash));
    changes
        .into_iter()
        .map(|change| HistoryEntry {
            hash: change.hash,
            document: document.id(),
            author: change.author.clone(),
            session: change.session,
            sets: change
                .sets
                .iter()
                .map(|set| HistorySet {
                    key: set.key.clone(),
                    value: set.value.as_ref().map(crate::document::Value::display),
                })
                .collect(),
        })
        .collect()
}
