//! What to send, given what the node says it holds now. Nothing is believed sent because it was
//! sent: a node that was restored from a backup holds less, and gets it again.

use serde::{Deserialize, Serialize};

use super::response::HeldChain;
use crate::ids::{FrameHash, SessionId};

/// The frames that a device keeps of one session.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChainFrames {
    /// The session.
    pub session: SessionId,
    /// The hashes of its frames from 0 on.
    pub frames: Vec<FrameHash>,
}

/// Send the frames of a session from this number on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendFrom {
    /// The session.
    pub session: SessionId,
    /// The first frame to send.
    pub from: u64,
}

/// The node holds this many frames of a session, and they are ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmed {
    /// The session.
    pub session: SessionId,
    /// Number of frames.
    pub frames: u64,
}

/// What to do next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PushPlan {
    /// What to send.
    pub send: Vec<SendFrom>,
    /// What the node holds.
    pub confirmed: Vec<Confirmed>,
    /// Sessions of which the node holds something else than we have: a copied tablet. It keeps both ways when it is
    /// sent ours.
    pub forked: Vec<SessionId>,
    /// Sessions of which the node holds all of ours and more: our storage went back in time, or is a copy.
    pub behind: Vec<SessionId>,
    /// Sessions of which the node holds, beside what it has of ours, something else under one of our numbers: what it
    /// names there as ours is not.
    pub split: Vec<SessionId>,
}

/// Compares the chains that a device keeps with what the node holds.
#[must_use]
pub fn push_plan(chains: &[ChainFrames], holds: &[HeldChain]) -> PushPlan {
    let mut plan = PushPlan::default();
    for chain in chains {
        let ours = chain.frames.len() as u64;
        let of_session = || holds.iter().filter(|held| held.session == chain.session);
        let is_ours = |held: &&HeldChain| {
            let last = usize::try_from(held.frames).ok().and_then(|count| count.checked_sub(1));
            last.is_none_or(|last| chain.frames.get(last).is_some_and(|hash| hash.prefix() == held.head))
        };
        if of_session().any(|held| held.frames <= ours && !is_ours(&held)) {
            plan.split.push(chain.session);
        }
        // A session that was continued in two ways is named once for each way.
        let held =
            of_session().filter(|held| held.frames <= ours).filter(is_ours).max_by_key(|held| held.frames);
        // A session of which nothing is left here begins as any way of it does.
        let nothing = ours == 0 || of_session().next().is_none();
        let Some(frames) = held.map(|held| held.frames).or_else(|| nothing.then_some(0)) else {
            plan.forked.push(chain.session);
            continue;
        };
        if frames == ours && of_session().any(|held| held.frames > ours) {
            plan.behind.push(chain.session);
        }
        plan.confirmed.push(Confirmed { session: chain.session, frames });
        if frames < ours {
            plan.send.push(SendFrom { session: chain.session, from: frames });
        }
    }
    plan
}
