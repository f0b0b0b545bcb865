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
    /// Sessions of which the node holds something else than we have: a copied or rolled-back tablet.
    pub forked: Vec<SessionId>,
}

/// Compares the chains that a device keeps with what the node holds.
#[must_use]
pub fn push_plan(chains: &[ChainFrames], holds: &[HeldChain]) -> PushPlan {
    let mut plan = PushPlan::default();
    for chain in chains {
        let held = holds.iter().find(|held| held.session == chain.session);
        let frames = held.map_or(0, |held| held.frames);
        let ours = chain.frames.len() as u64;
        let head_is_ours = held.is_none_or(|held| {
            let last = usize::try_from(frames).ok().and_then(|count| count.checked_sub(1));
            last.is_none_or(|last| chain.frames.get(last).is_some_and(|hash| hash.prefix() == held.head))
        });
        if frames > ours || !head_is_ours {
            plan.forked.push(chain.session);
            continue;
        }
        plan.confirmed.push(Confirmed { session: chain.session, frames });
        if frames < ours {
            plan.send.push(SendFrom { session: chain.session, from: frames });
        }
    }
    plan
}
