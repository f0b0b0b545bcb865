//! What a tablet holds, as one number: equal records give equal digests wherever they were made.

use mpp_sync::ids::sha256;
use mpp_sync::view::{View, canonical};

use super::state::State;

/// Count and hash of the records.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Digest {
    /// How many records.
    pub count: usize,
    /// SHA-256, as hex, over the sorted canonical JSON of the records, joined by newlines.
    pub sha256: String,
}

/// The residents, visits and applications as canonical JSON, sorted.
#[must_use]
pub fn records(state: &State) -> Vec<String> {
    let mut lines: Vec<String> = state
        .views()
        .values()
        .filter(|view| is_record(view))
        .map(|view| canonical(&view.to_json()))
        .collect();
    lines.sort_unstable();
    lines
}

/// The digest of sorted lines.
#[must_use]
pub fn digest(lines: &[String]) -> Digest {
    Digest { count: lines.len(), sha256: hex::encode(sha256(&[lines.join("\n").as_bytes()])) }
}

fn is_record(view: &View) -> bool {
    matches!(view, View::Resident(_) | View::Visit(_) | View::Application(_))
}
