//! The caller's half of an exchange, as decisions: what a page adds to what was listed, whether both sides hold the
//! same, what to repair, what to give back, where to go on in another log.
//!
//! Plain data in and out. A tablet keeps its tables as it likes; what it does next is decided here, so that the
//! browser's tablet and the headless one decide the same. What was listed is kept as a set for each log: a page that
//! comes twice adds nothing. [`Book`] and [`Batches`] are such tables in memory, for tablets that are no browser.

use serde::{Deserialize, Serialize};

pub use batches::{Batches, Kept, Signed};
pub use book::{Book, Page};
pub use chains::{ClaimedChain, Naming, Said, Tiers, chains_to_name, tiers};
pub use compare::{Compared, SCOPE_DIFFERS, compare, repair_answer, repair_begin};
pub use keep::{KeptBatch, Offering, Outdated, batches_arrived, batches_outdated, offers_to_make};
pub use lineage::{Adopted, Place, adopt};
pub use page::{Listing, NodeHolds, OwnFrame, PageRefused, listings_of, take_page};

use crate::document::{contents_of, time_of};
use crate::ids::{ChangeHash, DocumentId};
use crate::save::Entry;

mod batches;
mod book;
mod chains;
mod compare;
mod keep;
mod lineage;
mod page;

/// A change as the comparison of a scope names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// The document.
    pub document: DocumentId,
    /// The change.
    pub hash: ChangeHash,
    /// Unix seconds that the writer's clock showed.
    pub time: u64,
}

impl Name {
    /// The name of a change.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let time = contents_of(&entry.bytes).map_or(0, time_of);
        Self { document: entry.document, hash: entry.hash, time }
    }
}

#[cfg(test)]
mod tests;
