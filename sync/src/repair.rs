//! Finding out in which changes of a scope two sides differ, when their sums do.
//!
//! Range-based set reconciliation (negentropy): what really gets lost is contiguous in time, so a few fingerprints of
//! ranges find it. The node begins and learns both what the caller lacks and what it lacks itself; it keeps nothing between
//! two steps. The sum is compared again afterwards and decides.

use negentropy::{Id, Negentropy, NegentropyStorageVector};

use crate::ids::{ChangeHash, DocumentId, sha256};

/// Messages that cannot be read, or a set with one item named twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scope could not be compared: {0}")]
pub struct RepairError(String);

impl From<negentropy::Error> for RepairError {
    fn from(error: negentropy::Error) -> Self {
        Self(error.to_string())
    }
}

/// What stands for a change in a comparison: SHA-256(`mpp.item.1` ‖ document ‖ hash).
#[must_use]
pub fn item_id(document: &DocumentId, hash: &ChangeHash) -> [u8; 32] {
    sha256(&[b"mpp.item.1", &document.0, &hash.0])
}

/// What one side lists of a scope.
#[derive(Debug)]
pub struct Items(NegentropyStorageVector);

/// What a node learnt from a caller's message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Learnt {
    /// The next message; none when everything is known.
    pub message: Option<Vec<u8>>,
    /// Items that the caller lacks.
    pub caller_lacks: Vec<[u8; 32]>,
    /// Items that the node lacks.
    pub node_lacks: Vec<[u8; 32]>,
}

impl Items {
    /// The items of (Unix seconds of the change, document, hash), in any order, each once.
    ///
    /// # Errors
    /// [`RepairError`] when one is named twice.
    pub fn new<'a>(
        changes: impl IntoIterator<Item = (u64, &'a DocumentId, &'a ChangeHash)>,
    ) -> Result<Self, RepairError> {
        let mut storage = NegentropyStorageVector::new();
        for (time, document, hash) in changes {
            // The largest number stands for "after everything" in the messages.
            storage.insert(time.min(u64::MAX - 1), Id::from_byte_array(item_id(document, hash)))?;
        }
        storage.seal()?;
        Ok(Self(storage))
    }

    /// A first message: the caller's, which saves a round trip, or the node's when the caller sent none.
    ///
    /// # Errors
    /// [`RepairError`].
    pub fn begin(&self) -> Result<Vec<u8>, RepairError> {
        Ok(Negentropy::borrowed(&self.0, 0)?.initiate()?)
    }

    /// The caller's answer to a message of the node.
    ///
    /// # Errors
    /// [`RepairError`].
    pub fn answer(&self, message: &[u8]) -> Result<Vec<u8>, RepairError> {
        Ok(Negentropy::borrowed(&self.0, 0)?.reconcile(message)?)
    }

    /// What the node learns from the caller's first message or answer.
    ///
    /// # Errors
    /// [`RepairError`].
    pub fn learn(&self, answer: &[u8]) -> Result<Learnt, RepairError> {
        let mut node = Negentropy::borrowed(&self.0, 0)?;
        node.set_initiator();
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let message = node.reconcile_with_ids(answer, &mut have, &mut need)?;
        let bytes = |ids: Vec<Id>| ids.into_iter().map(Id::to_bytes).collect();
        Ok(Learnt { message, caller_lacks: bytes(have), node_lacks: bytes(need) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    type Name = (u64, DocumentId, ChangeHash);

    fn name(n: u32) -> Name {
        let digest = sha256(&[&n.to_be_bytes()]);
        let mut document = [0; 16];
        document.copy_from_slice(&digest[..16]);
        // A service day: a change every few seconds.
        (1_790_000_000 + u64::from(n) * 7, DocumentId(document), ChangeHash(digest))
    }

    fn items(names: &[Name]) -> Items {
        Items::new(names.iter().map(|(time, document, hash)| (*time, document, hash))).unwrap()
    }

    /// Round trips, bytes of all messages, what the caller lacks and what the node lacks.
    fn compared(node: &Items, caller: &Items) -> (usize, usize, usize, usize) {
        let (mut trips, mut bytes, mut lacks, mut wants) = (0, 0, 0, 0);
        let mut up = caller.begin().unwrap();
        loop {
            trips += 1;
            let learnt = node.learn(&up).unwrap();
            bytes += up.len() + learnt.message.as_ref().map_or(0, Vec::len);
            lacks += learnt.caller_lacks.len();
            wants += learnt.node_lacks.len();
            let Some(message) = learnt.message else { return (trips, bytes, lacks, wants) };
            up = caller.answer(&message).unwrap();
        }
    }

    #[test]
    fn a_thousand_contiguous_changes_among_a_hundred_thousand_cost_three_round_trips_and_twenty_kilobytes() {
        let all: Vec<Name> = (0..100_000).map(name).collect();
        let missing = [&all[..41_234], &all[42_234..]].concat();
        let (trips, bytes, lacks, wants) = compared(&items(&all), &items(&missing));
        assert_eq!((lacks, wants), (1_000, 0));
        assert!(trips <= 3 && bytes <= 20 * 1024, "{trips} round trips, {bytes} bytes");
        // The other way round, a node that lost them: here the names of a thousand changes, 32 bytes each, are sent too.
        let (trips, bytes, lacks, wants) = compared(&items(&missing), &items(&all));
        assert_eq!((lacks, wants), (0, 1_000));
        assert!(trips <= 4 && bytes <= 36 * 1024, "{trips} round trips, {bytes} bytes");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
        #[test]
        fn both_sides_learn_exactly_what_differs(node: BTreeSet<u16>, caller: BTreeSet<u16>) {
            let names = |set: &BTreeSet<u16>| -> Vec<Name> { set.iter().map(|n| name(u32::from(*n) % 500)).collect() };
            let unique = |names: Vec<Name>| names.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
            let (node, caller) = (unique(names(&node)), unique(names(&caller)));
            let (_, _, lacks, wants) = compared(&items(&node), &items(&caller));
            proptest::prop_assert_eq!(lacks, node.iter().filter(|name| !caller.contains(name)).count());
            proptest::prop_assert_eq!(wants, caller.iter().filter(|name| !node.contains(name)).count());
        }

        #[test]
        fn garbage_is_an_error_and_never_a_panic(bytes: Vec<u8>) {
            let own = items(&(0..40).map(name).collect::<Vec<_>>());
            let _ = own.answer(&bytes);
            let _ = own.learn(&bytes);
        }
    }
}
