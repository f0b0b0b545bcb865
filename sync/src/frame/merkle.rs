//! The Merkle root over (document, change hash): a proof of one change needs no other body.

use crate::ids::sha256;
use crate::save::Entry;

/// The root over the entries in order; a node without a partner moves up unchanged.
pub(super) fn root<'a>(entries: impl Iterator<Item = &'a Entry>) -> [u8; 32] {
    let mut level: Vec<[u8; 32]> =
        entries.map(|entry| sha256(&[b"mpp.leaf.1", &entry.document.0, &entry.hash.0])).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => sha256(&[b"mpp.node.1", left, right]),
                [single] => *single,
                _ => [0; 32],
            })
            .collect();
    }
    level.first().copied().unwrap_or([0; 32])
}
