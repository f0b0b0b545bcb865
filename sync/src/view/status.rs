//! The status of an application, computed from its events.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::read::Read;
use crate::document::{Author, ChangeMeta, Document, Value};
use crate::rules::status::Status;

/// Where events stand in the document.
pub(crate) const PREFIX: &str = "event/";

/// An event as it stands in the document, under `event/<id>`; writer and time are the change's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    /// The status.
    #[serde(rename = "s")]
    pub(crate) status: Status,
    /// Why, where a reason is needed.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The events the writer saw: what this one follows.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) after: Vec<String>,
}

/// One event: what, who, when, where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusEvent {
    /// Id within the application.
    pub id: String,
    /// The status it set.
    pub status: Status,
    /// Who, where, when.
    #[serde(flatten)]
    pub author: Author,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The events it follows.
    pub after: Vec<String>,
}

/// The status of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// The status that counts; in a conflict the one further along, until a person decides.
    pub current: Status,
    /// The events that no other follows.
    pub heads: Vec<String>,
    /// Whether two heads exclude each other.
    pub conflict: bool,
    /// All events, each after those it follows.
    pub events: Vec<StatusEvent>,
}

impl StatusView {
    /// Reads the status of an application; `None` when the document has no change.
    #[must_use]
    pub fn of_document(document: &Document) -> Option<Self> {
        Some(Self::of(&Read::of(document)?))
    }

    pub(super) fn of(read: &Read<'_>) -> Self {
        let events = in_causal_order(events(read));
        let followed: BTreeSet<&String> = events.iter().flat_map(|event| &event.after).collect();
        let heads: Vec<&StatusEvent> = events.iter().filter(|event| !followed.contains(&event.id)).collect();
        let conflict = heads.iter().any(|one| heads.iter().any(|two| one.status.excludes(two.status)));
        let current = heads.iter().map(|event| event.status).max_by_key(|status| status.rank());
        Self {
            current: current.unwrap_or(Status::Received),
            heads: heads.iter().map(|event| event.id.clone()).collect(),
            conflict,
            events,
        }
    }
}

fn events(read: &Read<'_>) -> Vec<StatusEvent> {
    let parse = |(id, value, change): (&str, &Value, &ChangeMeta)| {
        let stored: StoredEvent = serde_json::from_str(value.text()?).ok()?;
        let (id, author) = (id.to_owned(), change.author.clone());
        Some(StatusEvent { id, status: stored.status, author, reason: stored.reason, after: stored.after })
    };
    read.entries(PREFIX).filter_map(parse).collect()
}

/// By depth, then time, then id. A circle, which only a broken writer makes, ends the search.
fn in_causal_order(mut events: Vec<StatusEvent>) -> Vec<StatusEvent> {
    let mut depths: BTreeMap<String, usize> = events.iter().map(|event| (event.id.clone(), 0)).collect();
    for _ in 0..events.len() {
        let mut moved = false;
        for event in &events {
            let above = event.after.iter().filter_map(|id| depths.get(id)).max();
            let depth = above.map_or(0, |above| above + 1).min(events.len());
            moved |= depths.insert(event.id.clone(), depth) != Some(depth);
        }
        if !moved {
            break;
        }
    }
    events.sort_by(|one, two| {
        let key = |event: &StatusEvent| (depths.get(&event.id).copied(), event.author.at);
        key(one).cmp(&key(two)).then_with(|| one.id.cmp(&two.id))
    });
    events
}
