//! Which chains to name to a node, and how safe what was written is.

use serde::{Deserialize, Serialize};

use crate::exchange::ChainClaim;
use crate::ids::{LogId, SessionId};

/// A chain that the caller keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClaimedChain {
    /// The session.
    pub session: SessionId,
    /// Frames that were cut.
    pub frames: u64,
    /// How many of them the node that will be asked is known to hold.
    pub confirmed: u64,
    /// How many a verified receipt of the office's backup covers.
    pub backed_up: u64,
    /// Whether a node holds something else under one of its numbers, or it is not known what.
    #[serde(default)]
    pub forked: bool,
}

/// Why to name more than what waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Naming {
    /// After a start, and to a log that was not met before: every chain.
    #[serde(default)]
    pub all: bool,
    /// The node's marks are other ones: every chain that is not at the top tier.
    #[serde(default)]
    pub marks_moved: bool,
    /// Those named since everything was last exchanged: their changes are still to be named, and not sent.
    #[serde(default)]
    pub open: Vec<SessionId>,
}

/// The chains to name in a hello. A forked one is claimed with no frames: the node names what we hold and sends what we
/// do not, instead of naming its own changes as ours.
#[must_use]
pub fn chains_to_name(chains: &[ClaimedChain], why: &Naming) -> Vec<ChainClaim> {
    let named = chains.iter().filter(|chain| {
        let waits = chain.confirmed < chain.frames;
        let below_the_top = chain.backed_up < chain.frames;
        waits || why.all || (why.marks_moved && below_the_top) || why.open.contains(&chain.session)
    });
    named
        .map(|chain| ChainClaim {
            session: chain.session,
            frames: if chain.forked { 0 } else { chain.frames },
        })
        .collect()
}

/// What a verified receipt said of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whether the office's node signed it; else a hub's.
    pub office: bool,
    /// The node's log.
    pub log: LogId,
    /// Unix seconds by the node's clock.
    pub issued_at: u64,
    /// Frames that it holds.
    pub frames: u64,
    /// Frames that its backup covers.
    pub backed_up: u64,
}

impl Said {
    /// Whether this was said before `known`, by the same node: a hub keeps a receipt for each chain, each may speak of
    /// several, and it hands them on in no order. Within a log the numbers only grow.
    #[must_use]
    pub fn is_older_than(&self, known: &Self) -> bool {
        if self.log == known.log {
            self.frames < known.frames || self.backed_up < known.backed_up
        } else {
            self.issued_at < known.issued_at
        }
    }
}

/// How many frames of a chain, from 0 on, have reached each tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiers {
    /// A hub, or the office.
    pub hub: u64,
    /// The office.
    pub office: u64,
    /// The office, and its newest verified backup.
    pub backed_up: u64,
}

/// The tiers of a chain of `frames` frames, given the receipts on it. Of the office counts what it said last in the log
/// that it has now (`office_log`): a restored office may hold less than the one before it confirmed.
#[must_use]
pub fn tiers(frames: u64, said: &[Said], office_log: Option<LogId>) -> Tiers {
    let of_office = said.iter().filter(|said| said.office && Some(said.log) == office_log);
    let office = of_office.max_by_key(|said| (said.issued_at, said.frames, said.backed_up));
    let hub = said.iter().filter(|said| !said.office).map(|said| said.frames).max().unwrap_or(0);
    let at_office = office.map_or(0, |said| said.frames.min(frames));
    Tiers {
        hub: hub.min(frames).max(at_office),
        office: at_office,
        backed_up: office.map_or(0, |said| said.backed_up.min(at_office)),
    }
}
