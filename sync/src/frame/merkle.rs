//! The Merkle root over (document, change hash): a proof of one change needs no other body.

use crate::ids::{ChangeHash, DocumentId, sha256};

/// The root over the entries in order; a node without a partner moves up unchanged.
pub(crate) fn root<'a>(names: impl Iterator<Item = (&'a DocumentId, &'a ChangeHash)>) -> [u8; 32] {
    let mut level: Vec<[u8; 32]> =
        names.map(|(document, hash)| sha256(&[b"mpp.leaf.1", &document.0, &hash.0])).collect();
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
