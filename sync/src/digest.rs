//! What stands in a scope, as one sum: compared after an exchange, never adopted from the peer.
//!
//! The sum is additive, so it moves on with each change and does not depend on the order; it is no defence
//! against somebody who may choose change hashes freely, which signed frames and certificates keep out.

use serde::{Deserialize, Serialize};

use crate::ids::{ChangeHash, DocumentId, Fold, sha256};
use crate::wire::{put_bytes, put_varint};

/// Sum mod 2^256 of SHA-256(`mpp.digest.1` ‖ document ‖ change hash) over the changes that a scope lists, and
/// their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeSum {
    /// Big end first.
    pub sum: [u8; 32],
    /// Changes.
    pub count: u64,
}

impl ScopeSum {
    /// Counts a change in.
    pub fn add(&mut self, document: &DocumentId, hash: &ChangeHash) {
        let mut carry = 0_u16;
        for (byte, more) in self.sum.iter_mut().zip(term(document, hash)).rev() {
            let total = u16::from(*byte) + u16::from(more) + carry;
            [_, *byte] = total.to_be_bytes();
            carry = total >> 8;
        }
        self.count = self.count.wrapping_add(1);
    }

    /// Counts a change out again, because it was erased.
    pub fn subtract(&mut self, document: &DocumentId, hash: &ChangeHash) {
        let mut borrow = 0_u16;
        for (byte, less) in self.sum.iter_mut().zip(term(document, hash)).rev() {
            let total = 0x100 + u16::from(*byte) - u16::from(less) - borrow;
            [_, *byte] = total.to_be_bytes();
            borrow = u16::from(total < 0x100);
        }
        self.count = self.count.wrapping_sub(1);
    }
}

fn term(document: &DocumentId, hash: &ChangeHash) -> [u8; 32] {
    sha256(&[b"mpp.digest.1", &document.0, &hash.0])
}

/// One value for several scopes: the first eight bytes of
/// SHA-256(`mpp.fold.1` ‖ for each scope, sorted: text ‖ sum ‖ count(8)).
#[must_use]
pub fn fold(scopes: &[(String, ScopeSum)]) -> Fold {
    let mut sorted: Vec<&(String, ScopeSum)> = scopes.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut bytes = b"mpp.fold.1".to_vec();
    for (scope, sum) in sorted {
        put_bytes(&mut bytes, scope.as_bytes());
        bytes.extend_from_slice(&sum.sum);
        bytes.extend_from_slice(&sum.count.to_be_bytes());
    }
    let digest = sha256(&[&bytes]);
    let mut out = [0; 8];
    out.copy_from_slice(&digest[..8]);
    Fold(out)
}

/// A scope's name with its sum, as calls give it in and out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSum {
    /// The scope.
    pub scope: String,
    /// 64 hex digits.
    pub sum: String,
    /// Changes.
    pub count: u64,
}

impl NamedSum {
    /// In the form of calls.
    #[must_use]
    pub fn new(scope: &str, sum: &ScopeSum) -> Self {
        Self { scope: scope.to_owned(), sum: hex::encode(sum.sum), count: sum.count }
    }

    /// Back from the form of calls; `None` when the sum is not 64 hex digits.
    #[must_use]
    pub fn read(&self) -> Option<ScopeSum> {
        let sum = hex::decode(&self.sum).ok()?.try_into().ok()?;
        Some(ScopeSum { sum, count: self.count })
    }
}

pub(crate) fn put_sum(out: &mut Vec<u8>, scope: &str, sum: &ScopeSum) {
    put_bytes(out, scope.as_bytes());
    out.extend_from_slice(&sum.sum);
    put_varint(out, sum.count);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(n: u8) -> (DocumentId, ChangeHash) {
        (DocumentId([n; 16]), ChangeHash([n.wrapping_mul(7); 32]))
    }

    proptest::proptest! {
        #[test]
        fn the_order_does_not_matter_and_everything_can_be_taken_out_again(mut list: Vec<u8>) {
            let mut forth = ScopeSum::default();
            for n in &list {
                let (document, hash) = named(*n);
                forth.add(&document, &hash);
            }
            list.sort_unstable();
            let mut sorted = ScopeSum::default();
            for n in &list {
                let (document, hash) = named(*n);
                sorted.add(&document, &hash);
            }
            proptest::prop_assert_eq!(forth, sorted);
            for n in &list {
                let (document, hash) = named(*n);
                sorted.subtract(&document, &hash);
            }
            proptest::prop_assert_eq!(sorted, ScopeSum::default());
        }
    }

    #[test]
    fn counting_a_change_twice_does_not_cancel() {
        let mut twice = ScopeSum::default();
        let (document, hash) = named(1);
        twice.add(&document, &hash);
        twice.add(&document, &hash);
        assert_ne!(twice.sum, [0; 32]);
        assert_eq!(twice.count, 2);
    }

    #[test]
    fn a_fold_sees_names_sums_and_counts_but_no_order() {
        let sum = ScopeSum { sum: [1; 32], count: 3 };
        let scopes = vec![("a".to_owned(), sum), ("b".to_owned(), ScopeSum::default())];
        let turned: Vec<_> = scopes.iter().rev().cloned().collect();
        assert_eq!(fold(&scopes), fold(&turned));
        assert_ne!(fold(&scopes), fold(&scopes[..1]));
        let mut other = scopes.clone();
        other[0].1.count = 4;
        assert_ne!(fold(&scopes), fold(&other));
    }
}
