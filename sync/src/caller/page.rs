//! What a page of changes adds to what the node listed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Name;
use crate::exchange::{Changes, Listed, Yours};

/// One scope lists one change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listing {
    /// The scope.
    pub scope: String,
    /// The change.
    #[serde(flatten)]
    pub name: Name,
}

/// What the node said in this answer that it holds of one chain of the hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct NodeHolds {
    /// How many of *our* frames.
    pub held: u64,
    /// Whether it holds something else under one of our numbers.
    #[serde(default)]
    pub forked: bool,
}

/// A frame of ours that a page names changes of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFrame {
    /// Which chain of the hello, from 0.
    pub chain: u64,
    /// Its number.
    pub frame: u64,
    /// Its changes in order.
    pub names: Vec<Name>,
}

/// The page names changes of chains that are not ours as the node has them. It must not be taken, and its cursors must
/// not: they would stand behind changes that were never sent. The chains are claimed with no frames from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRefused {
    /// Chains of the hello, from 0, each once.
    pub chains: Vec<u64>,
}

/// What a page lists, given the caller's own frames that it names.
///
/// # Errors
/// [`PageRefused`].
pub fn take_page(
    changes: &Changes,
    chains: &[NodeHolds],
    frames: &[OwnFrame],
) -> Result<Vec<Listing>, PageRefused> {
    let listed = changes.listings().into_iter().map(|(listed, scopes)| {
        let named = match listed {
            Listed::Change(entry) => Named::Received(Name::of(entry)),
            Listed::Yours(yours) => Named::Own(*yours),
        };
        (named, scopes)
    });
    resolve(listed, chains, frames)
}

/// As [`take_page`], of a page that was taken apart: received changes by name, own ones by place, each with its scopes.
///
/// # Errors
/// [`PageRefused`].
pub fn listings_of<'s>(
    received: impl IntoIterator<Item = (Name, Vec<&'s str>)>,
    own: impl IntoIterator<Item = (Yours, Vec<&'s str>)>,
    chains: &[NodeHolds],
    frames: &[OwnFrame],
) -> Result<Vec<Listing>, PageRefused> {
    let received = received.into_iter().map(|(name, scopes)| (Named::Received(name), scopes));
    let own = own.into_iter().map(|(yours, scopes)| (Named::Own(yours), scopes));
    resolve(received.chain(own), chains, frames)
}

enum Named {
    Received(Name),
    Own(Yours),
}

fn resolve<'s>(
    listed: impl IntoIterator<Item = (Named, Vec<&'s str>)>,
    chains: &[NodeHolds],
    frames: &[OwnFrame],
) -> Result<Vec<Listing>, PageRefused> {
    let frames: BTreeMap<(u64, u64), &OwnFrame> =
        frames.iter().map(|frame| ((frame.chain, frame.frame), frame)).collect();
    let own = |yours: &Yours| {
        let chain = chains.get(usize::try_from(yours.chain).ok()?)?;
        let sound = !chain.forked && yours.frame < chain.held;
        let frame = frames.get(&(yours.chain, yours.frame)).filter(|_| sound)?;
        frame.names.get(usize::try_from(yours.index).ok()?).copied()
    };
    let mut listings = Vec::new();
    let mut refused = Vec::new();
    for (named, scopes) in listed {
        let name = match named {
            Named::Received(name) => Ok(name),
            Named::Own(yours) => own(&yours).ok_or(yours.chain),
        };
        match name {
            Ok(name) => {
                listings.extend(scopes.iter().map(|scope| Listing { scope: (*scope).to_owned(), name }));
            }
            Err(chain) if refused.contains(&chain) => {}
            Err(chain) => refused.push(chain),
        }
    }
    if refused.is_empty() { Ok(listings) } else { Err(PageRefused { chains: refused }) }
}
