//! In what a tablet and a node differ, and whether there is a reason for it.

use std::collections::BTreeSet;

use mpp_sync::ids::DocumentId;

use super::{World, sends_again};
use crate::sim::store::Key;

impl World {
    /// What one side lists of these scopes and the other does not, without what the node keeps aside with a reason: a
    /// document of which a change is aside is listed elsewhere than it would be.
    pub(in crate::sim) fn differing(&self, tablet: usize, node: usize, scopes: &[String]) -> Vec<String> {
        let (node, tablet) = (&self.nodes[node], &self.tablets[tablet]);
        let Some(book) = tablet.state.books.get(&node.log) else { return Vec::new() };
        let mut found = Vec::new();
        for scope in scopes {
            let ours: BTreeSet<Key> =
                book.items(scope).iter().map(|name| (name.document.0, name.hash.0)).collect();
            let theirs = node.store.read(|tables| tables.listed(std::slice::from_ref(scope)));
            for key in ours.symmetric_difference(&theirs) {
                let aside = node.store.read(|tables| tables.quarantine.keys().any(|name| name.0 == key.0));
                // A hub that was restored has what the tablets it meets wrote, and hears of nothing else.
                let from_nobody = !node.store.read(|tables| tables.has(key.0, key.1))
                    && !self.tablets.iter().any(|other| sends_again(other, &other.state, key));
                if aside || (node.identity.is_hub() && from_nobody) {
                    continue;
                }
                let side = if ours.contains(key) { "the tablet" } else { "the node" };
                let there = node.store.read(|tables| tables.has(key.0, key.1));
                let (document, name) = (DocumentId(key.0), hex::encode(&key.1[..4]));
                let (here, own) = (tablet.state.has(key), tablet.state.written.contains_key(key));
                found.push(format!(
                    "only {side} lists {name} of {document} in {scope} (here {here}, own {own}, there {there})"
                ));
            }
        }
        found
    }
}
