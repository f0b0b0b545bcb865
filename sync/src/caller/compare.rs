//! Whether both sides hold the same, and how to find out in what they differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Name;
use crate::digest::{ScopeSum, fold};
use crate::exchange::{Digest, RepairRequest};
use crate::repair::{Items, RepairError};

/// What a comparison says to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "scopes", rename_all = "snake_case")]
pub enum Compared {
    /// Nothing: both hold the same.
    Equal,
    /// Ask again for the sum of each scope.
    AskSums,
    /// Compare these scopes change by change.
    Repair(Vec<String>),
    /// Tell people: these scopes differ although they were repaired. What the node says is never adopted.
    Differs(Vec<String>),
}

/// The stable code of [`Compared::Differs`].
pub const SCOPE_DIFFERS: &str = "SCOPE_DIFFERS";

/// Compares what was listed to us with what the node says at its log's end. `asked` are the scopes that the answer spoke
/// for; `settled` those whose repair came to its end in this sync.
#[must_use]
pub fn compare(
    own: &BTreeMap<String, ScopeSum>,
    asked: &[String],
    digest: &Digest,
    settled: &BTreeSet<String>,
) -> Compared {
    let ours = |scope: &String| own.get(scope).copied().unwrap_or_default();
    let asked: BTreeSet<&String> = asked.iter().collect();
    let mine: Vec<(String, ScopeSum)> = asked.iter().map(|scope| ((*scope).clone(), ours(scope))).collect();
    if fold(&mine) == digest.fold {
        return Compared::Equal;
    }
    if digest.scopes.is_empty() {
        return Compared::AskSums;
    }
    let theirs: BTreeMap<&String, ScopeSum> =
        digest.scopes.iter().map(|(scope, sum)| (scope, *sum)).collect();
    // A scope that the node left out is one that it does not answer for: there is nothing to repair it with.
    let differ: Vec<String> = theirs
        .iter()
        .filter(|(scope, sum)| asked.contains(*scope) && ours(scope) != **sum)
        .map(|(scope, _)| (*scope).clone())
        .collect();
    if differ.is_empty() && fold(&digest.scopes) == digest.fold {
        return Compared::Equal;
    }
    let open: Vec<String> = differ.iter().filter(|scope| !settled.contains(*scope)).cloned().collect();
    if open.is_empty() { Compared::Differs(differ) } else { Compared::Repair(open) }
}

/// The first step of comparing a scope, of which `items` were listed to us up to `position`.
///
/// # Errors
/// [`RepairError`] when a change is named twice.
pub fn repair_begin(scope: &str, position: u64, items: &[Name]) -> Result<RepairRequest, RepairError> {
    let message = items_of(items)?.begin()?;
    Ok(request(scope, position, items, message))
}

/// The answer to the node's step; none when its message is empty: the scope is through.
///
/// # Errors
/// [`RepairError`].
pub fn repair_answer(
    scope: &str,
    position: u64,
    items: &[Name],
    message: &[u8],
) -> Result<Option<RepairRequest>, RepairError> {
    if message.is_empty() {
        return Ok(None);
    }
    let answer = items_of(items)?.answer(message)?;
    Ok(Some(request(scope, position, items, answer)))
}

fn items_of(items: &[Name]) -> Result<Items, RepairError> {
    Items::new(items.iter().map(|name| (name.time, &name.document, &name.hash)))
}

fn request(scope: &str, position: u64, items: &[Name], message: Vec<u8>) -> RepairRequest {
    let mut sum = ScopeSum::default();
    for name in items {
        sum.add(&name.document, &name.hash);
    }
    let scope = scope.to_owned();
    RepairRequest { fold: fold(&[(scope.clone(), sum)]), scope, position, message }
}
