//! What is known of one log: how far it was read, what it listed, and the sums of that.

use std::collections::{BTreeMap, BTreeSet};

use super::{Listing, Name, Signed};
use crate::digest::ScopeSum;
use crate::exchange::{Ancestor, Cursor};
use crate::ids::{DocumentId, Rolling};

/// What a page of changes says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// What is newly listed, and where.
    pub listings: Vec<Listing>,
    /// The sums of those scopes after it.
    pub sums: Vec<(String, ScopeSum)>,
    /// The office's signature, when the batch is worth keeping.
    pub signed: Option<Signed>,
}

/// One log, as this tablet read it.
#[derive(Debug, Default, Clone)]
pub struct Book {
    cursors: BTreeMap<String, (u64, Rolling)>,
    listed: BTreeMap<String, BTreeSet<Name>>,
    sums: BTreeMap<String, ScopeSum>,
    /// The logs that it goes on from, as its welcome said when this tablet came from another.
    pub ancestors: Vec<Ancestor>,
    /// The marks of the last answer to a hello that named every chain below the top tier.
    pub marks: u64,
}

impl Book {
    /// What of this is not listed yet, and the sums of its scopes with it.
    #[must_use]
    pub fn counted(&self, listings: Vec<Listing>) -> (Vec<Listing>, Vec<(String, ScopeSum)>) {
        let mut sums: BTreeMap<String, ScopeSum> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut fresh = Vec::new();
        for listing in listings {
            let Listing { scope, name } = &listing;
            let known = self.listed.get(scope).is_some_and(|listed| listed.contains(name));
            if known || !seen.insert(listing.clone()) {
                continue;
            }
            let sum = sums.entry(scope.clone()).or_insert_with(|| self.sum(scope));
            sum.add(&name.document, &name.hash);
            fresh.push(listing);
        }
        (fresh, sums.into_iter().collect())
    }

    /// Takes a page in, which [`Book::counted`] made.
    pub fn take(&mut self, page: Page, cursors: Vec<Cursor>) {
        self.put_cursors(cursors);
        for Listing { scope, name } in page.listings {
            self.listed.entry(scope).or_default().insert(name);
        }
        self.sums.extend(page.sums);
    }

    /// Sets how far it was read.
    pub fn put_cursors(&mut self, cursors: Vec<Cursor>) {
        for cursor in cursors {
            for scope in cursor.scopes {
                self.cursors.insert(scope, (cursor.position, cursor.rolling));
            }
        }
    }

    /// Counts the sums again over what is really there. Returns how many changes are not, although they were listed.
    pub fn recount(&mut self, holds: impl Fn(&Name) -> bool) -> usize {
        let mut lost = BTreeSet::new();
        for (scope, listed) in &mut self.listed {
            let mut sum = ScopeSum::default();
            listed.retain(|name| {
                let there = holds(name);
                if there {
                    sum.add(&name.document, &name.hash);
                } else {
                    lost.insert(*name);
                }
                there
            });
            self.sums.insert(scope.clone(), sum);
        }
        lost.len()
    }

    /// Counts a document out that was erased.
    pub fn forget(&mut self, document: &DocumentId) {
        for (scope, listed) in &mut self.listed {
            let sum = self.sums.entry(scope.clone()).or_default();
            listed.retain(|name| {
                let gone = name.document == *document;
                if gone {
                    sum.subtract(&name.document, &name.hash);
                }
                !gone
            });
        }
    }

    /// Whether a scope lists something of a document.
    #[must_use]
    pub fn lists(&self, document: &DocumentId) -> bool {
        self.listed.values().flatten().any(|name| name.document == *document)
    }

    /// The sum of a scope.
    #[must_use]
    pub fn sum(&self, scope: &str) -> ScopeSum {
        self.sums.get(scope).copied().unwrap_or_default()
    }

    /// The sums of all scopes.
    #[must_use]
    pub fn sums(&self) -> &BTreeMap<String, ScopeSum> {
        &self.sums
    }

    /// What a scope lists.
    #[must_use]
    pub fn items(&self, scope: &str) -> Vec<Name> {
        self.listed.get(scope).into_iter().flatten().copied().collect()
    }

    /// How far a scope was read.
    #[must_use]
    pub fn position(&self, scope: &str) -> u64 {
        self.cursors.get(scope).map_or(0, |(position, _)| *position)
    }

    /// How far these scopes were read; those read equally far share a cursor.
    #[must_use]
    pub fn cursors(&self, scopes: &[String]) -> Vec<Cursor> {
        let mut groups: BTreeMap<(u64, Rolling), Vec<String>> = BTreeMap::new();
        for scope in scopes {
            let at = self.cursors.get(scope).copied().unwrap_or((0, Rolling::START));
            groups.entry(at).or_default().push(scope.clone());
        }
        groups.into_iter().map(|((position, rolling), scopes)| Cursor { position, rolling, scopes }).collect()
    }

    /// How far everything was read.
    #[must_use]
    pub fn place(&self) -> Vec<Cursor> {
        self.cursors(&self.cursors.keys().cloned().collect::<Vec<_>>())
    }
}
