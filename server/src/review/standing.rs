//! How much of what a device wrote is here: the question before a tablet is wiped.

use std::collections::BTreeMap;

use mpp_store::{ChainRow, CoveredChain, Id};
use mpp_sync::frame::SessionHeader;

use crate::contacts::Contact;

/// What is known of a device's chains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Sessions that are known of and are not held whole.
    pub missing_sessions: usize,
    /// Frames of them that are known of and not here.
    pub missing_frames: u64,
    /// Frames held.
    pub held: u64,
    /// Frames of them that a good backup holds.
    pub backed_up: u64,
    /// The device forgot what it had written before: its storage was put back to an earlier state, or copied.
    pub rolled_back: bool,
    /// Two devices went on writing in one session.
    pub forked: bool,
    /// It said of itself what it has: without that, nobody knows what is still out there.
    pub heard: bool,
}

impl Standing {
    /// Reads it from all chains of the device, whatever their day.
    #[must_use]
    pub fn of(chains: &[&ChainRow], covered: &[CoveredChain], contact: Option<&Contact>) -> Self {
        let held: BTreeMap<Id, &ChainRow> = chains.iter().map(|chain| (chain.session, *chain)).collect();
        let frames_of = |session: &Id| held.get(session).map_or(0, |chain| count(chain.frames));
        let mut standing = Self {
            held: chains.iter().map(|chain| count(chain.frames)).sum(),
            backed_up: covered.iter().map(|chain| count(chain.backed_up)).sum(),
            forked: contact.is_some_and(|contact| !contact.forked.is_empty()),
            heard: contact.is_some(),
            ..Self::default()
        };
        let mut known: BTreeMap<Id, u64> = BTreeMap::new();
        for chain in chains {
            let Some(previous) = SessionHeader::decode(&chain.header).ok().and_then(|header| header.previous)
            else {
                continue;
            };
            let session = previous.session.0;
            let known_of = known.entry(session).or_default();
            *known_of = previous.frames.max(*known_of);
            let before = held.get(&session).filter(|before| before.day == chain.day);
            standing.rolled_back |= before.is_some_and(|before| {
                let frames = count(before.frames);
                frames > previous.frames || (frames == previous.frames && before.head_hash != previous.head.0)
            });
        }
        for (session, frames) in contact.iter().flat_map(|contact| &contact.claimed) {
            let Ok(session) = session.parse::<mpp_sync::ids::SessionId>() else { continue };
            let known_of = known.entry(session.0).or_default();
            *known_of = (*frames).max(*known_of);
        }
        for (session, frames) in known {
            let lacking = frames.saturating_sub(frames_of(&session));
            standing.missing_sessions += usize::from(lacking > 0);
            standing.missing_frames += lacking;
        }
        standing
    }

    /// Everything that the device is known to have written is here and in a good backup.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.heard
            && self.missing_frames == 0
            && self.backed_up == self.held
            && !self.rolled_back
            && !self.forked
    }
}

fn count(frames: i64) -> u64 {
    u64::try_from(frames).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use mpp_sync::frame::PreviousSession;
    use mpp_sync::ids::{DeviceId, FrameHash, SessionId};

    use super::*;

    fn chain(session: u8, frames: i64, previous: Option<(u8, u64)>) -> ChainRow {
        let header = SessionHeader {
            device: DeviceId([9; 16]),
            previous: previous.map(|(session, frames)| PreviousSession {
                session: SessionId([session; 16]),
                frames,
                head: FrameHash([session; 32]),
            }),
            day: None,
            app_version: "0.1.0".to_owned(),
            started_at: 0,
        };
        ChainRow {
            session: [session; 16],
            device: [9; 16],
            header: header.encode(),
            frames,
            changes: frames,
            head_hash: [session; 32],
            saves: frames,
            last_save: [0; 32],
            day: None,
            officer: String::new(),
            last_at: 0,
        }
    }

    fn covered(session: u8, frames: i64) -> CoveredChain {
        CoveredChain {
            session: [session; 16],
            device: [9; 16],
            frames,
            head: [session; 32],
            backed_up: frames,
            backed_up_head: [session; 32],
        }
    }

    fn said(claims: &[(u8, u64)]) -> Contact {
        let claimed = claims.iter().map(|(session, frames)| (SessionId([*session; 16]).to_string(), *frames));
        Contact { at: 1, claimed: claimed.collect(), forked: Vec::new() }
    }

    #[test]
    fn a_tablet_is_safe_to_wipe_only_when_a_backup_covers_all_that_it_is_known_to_have_written() {
        let (one, two) = (chain(1, 3, None), chain(2, 2, Some((1, 3))));
        let chains = [&one, &two];
        let all = [covered(1, 3), covered(2, 2)];
        assert!(Standing::of(&chains, &all, Some(&said(&[]))).is_safe());
        assert!(!Standing::of(&chains, &all, None).is_safe(), "it never said what it has");
        assert!(!Standing::of(&chains, &all[..1], Some(&said(&[]))).is_safe(), "a chain without backup");
        let more = Standing::of(&chains, &all, Some(&said(&[(2, 5), (3, 1)])));
        assert_eq!((more.missing_sessions, more.missing_frames), (2, 4));
        assert!(!more.is_safe());
    }

    #[test]
    fn a_later_session_tells_of_one_that_never_arrived() {
        let two = chain(2, 2, Some((1, 3)));
        let lost = Standing::of(&[&two], &[covered(2, 2)], Some(&said(&[])));
        assert_eq!((lost.missing_sessions, lost.missing_frames, lost.rolled_back), (1, 3, false));
        let part = chain(1, 1, None);
        let gap = Standing::of(&[&part, &two], &[covered(1, 1), covered(2, 2)], Some(&said(&[(1, 3)])));
        assert_eq!((gap.missing_sessions, gap.missing_frames), (1, 2), "told twice, counted once");
    }

    #[test]
    fn a_tablet_that_forgot_frames_of_its_session_was_put_back() {
        let (one, two) = (chain(1, 5, None), chain(2, 1, Some((1, 3))));
        let standing = Standing::of(&[&one, &two], &[covered(1, 5), covered(2, 1)], Some(&said(&[])));
        assert!(standing.rolled_back && !standing.is_safe());
    }
}
