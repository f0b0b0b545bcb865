//! Which chains a hub names to the office, and which of their frames it sends.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::{ChainRow, ChainToRelay, Hash, Id};
use mpp_sync::exchange::ChainClaim;
use mpp_sync::ids::{LogId, SessionId};
use mpp_sync::limits::CHAINS_MAX;

use super::HubError;
use super::round::Round;
use crate::ways::ends;

/// Raw bytes of frames in one body.
const BODY_BYTES: usize = 256 * 1024;
/// Chains looked at for one body.
const CHAINS: usize = 512;
/// Frames read at once.
const FRAMES: i64 = 256;

/// The office is asked about every chain, page by page, because its word on them may be a new one.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// The office's marks when it was asked about the first page.
    marks: Option<u64>,
    /// The last chain that it was asked about.
    after: Id,
}

/// What the office was known to hold of a session when frames of it were sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    relayed: i64,
    /// Frames of second ways that it lacked.
    lacking: BTreeSet<Hash>,
}

/// What goes up beside the hello.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub grants: Vec<Vec<u8>>,
    pub frames: Vec<Vec<u8>>,
    pub sent: BTreeMap<SessionId, Sent>,
}

impl Round {
    /// Chains that the office lacks something of. Those that it does not take never keep others from being looked at.
    pub(super) async fn waiting(&self, log: Option<LogId>) -> Result<Vec<ChainToRelay>, HubError> {
        let limit = i64::try_from(CHAINS + self.stuck.len()).unwrap_or(i64::MAX);
        let mut waiting = self.app.store().chains_to_relay(log.unwrap_or_default().0, limit).await?;
        waiting.retain(|row| !self.stuck.contains(&SessionId(row.chain.session)));
        Ok(waiting)
    }

    /// The next page of chains to ask about; empty when that is done.
    pub(super) async fn page_to_ask(&self) -> Result<Vec<ChainRow>, HubError> {
        let Some(asking) = &self.asking else { return Ok(Vec::new()) };
        let page = i64::try_from(self.page).unwrap_or(i64::MAX);
        Ok(self.app.store().chains_to_ask(asking.after, page).await?)
    }

    /// The office was asked about this page, and its marks are these. Says whether there is more to ask.
    pub(super) fn asked(&mut self, page: &[ChainRow], marks: u64, new_log: bool) -> bool {
        if new_log {
            self.asking = Some(Asking::default());
            return true;
        }
        if let Some(asking) = &mut self.asking {
            let begun = *asking.marks.get_or_insert(marks);
            match page.last() {
                Some(last) if page.len() >= self.page => asking.after = last.session,
                _ => {
                    self.marks = Some(begun);
                    self.asking = None;
                }
            }
        }
        if self.asking.is_none() && self.marks != Some(marks) {
            self.asking = Some(Asking::default());
        }
        self.asking.is_some()
    }

    /// What to claim: first what is to be sent, then what waits for the office's decision or is asked about, then what was
    /// named since everything was last exchanged, so that its changes need not come back.
    pub(super) async fn claims(
        &mut self,
        waiting: &[ChainToRelay],
        page: &[ChainRow],
    ) -> Result<Vec<ChainClaim>, HubError> {
        let store = self.app.store();
        let undecided: BTreeSet<Id> =
            store.open_office_notices().await?.into_iter().map(|row| row.session).collect();
        let undecided: Vec<Id> = undecided.into_iter().take(CHAINS_MAX / 4).collect();
        let undecided = store.chains(&undecided).await?;
        let first = self.claims_of(waiting.iter().map(|row| &row.chain)).await?;
        let then = self.claims_of(undecided.iter().chain(page)).await?;
        let mut named: BTreeSet<SessionId> = BTreeSet::new();
        let mut claims = Vec::new();
        let open = self.open.clone();
        for (session, frames) in first.iter().chain(&then).chain(&open) {
            if claims.len() + frames.len() <= CHAINS_MAX && named.insert(*session) {
                claims.extend(frames.iter().map(|frames| ChainClaim { session: *session, frames: *frames }));
            }
        }
        self.open.extend(first);
        Ok(claims)
    }

    /// A session that went on in two ways, here or at the office, is named once for each way, and once with no frames.
    async fn claims_of(
        &self,
        chains: impl Iterator<Item = &ChainRow>,
    ) -> Result<BTreeMap<SessionId, Vec<u64>>, HubError> {
        let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
        let mut claims: BTreeMap<SessionId, Vec<u64>> =
            chains.map(|chain| (SessionId(chain.session), vec![unsigned(chain.frames)])).collect();
        let sessions: Vec<Id> = claims.keys().map(|session| session.0).collect();
        for (session, frames, _) in ends(&self.app.store().branch_frames(&sessions).await?) {
            claims.entry(session).or_default().push(frames);
        }
        for (session, frames) in &mut claims {
            if frames.len() > 1 || self.forked.contains(session) {
                frames.insert(0, 0);
            }
        }
        Ok(claims)
    }

    /// Frames that the office lacks, as they came, of the chain before those of second ways, and the grants of devices it
    /// may not know.
    pub(super) async fn load(
        &mut self,
        log: Option<LogId>,
        waiting: &[ChainToRelay],
    ) -> Result<Load, HubError> {
        let (mut load, mut devices, mut size) = (Load::default(), BTreeSet::new(), 0);
        'chains: for row in waiting {
            let session = row.chain.session;
            let frames = self.app.store().frames(session, row.relayed, FRAMES).await?;
            let whole = frames.last().is_none_or(|last| last.number + 1 >= row.chain.frames);
            let mut beside = self.app.store().branches_to_relay(log.unwrap_or_default().0, session).await?;
            let lacking: BTreeSet<Hash> = beside.iter().map(|frame| frame.hash).collect();
            beside.retain(|_| whole);
            let frames = frames.into_iter().map(|frame| frame.bytes);
            for bytes in frames.chain(beside.into_iter().map(|frame| frame.bytes)) {
                if size > 0 && size + bytes.len() > BODY_BYTES {
                    break 'chains;
                }
                size += bytes.len();
                load.frames.push(bytes);
                devices.insert(row.chain.device);
                let sent = Sent { relayed: row.relayed, lacking: lacking.clone() };
                load.sent.entry(SessionId(session)).or_insert(sent);
            }
        }
        load.grants = self.grants_of(devices).await?;
        Ok(load)
    }

    /// Sessions of which frames were sent, and the office holds what it held before. They would be sent again and again.
    pub(super) async fn in_vain(
        &self,
        log: LogId,
        load: &Load,
        left: &[ChainToRelay],
    ) -> Result<Vec<SessionId>, HubError> {
        let mut found = Vec::new();
        for row in left {
            let session = SessionId(row.chain.session);
            let Some(sent) = load.sent.get(&session).filter(|sent| row.relayed == sent.relayed) else {
                continue;
            };
            let lacking = self.app.store().branches_to_relay(log.0, session.0).await?;
            if lacking.into_iter().map(|frame| frame.hash).collect::<BTreeSet<_>>() == sent.lacking {
                tracing::warn!(code = "FRAMES_NOT_NAMED", session = %session, "sent, and not named by the office");
                found.push(session);
            }
        }
        Ok(found)
    }
}
