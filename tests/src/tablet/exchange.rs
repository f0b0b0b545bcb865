//! One round trip. What arrives is durable record by record: an error may come after some of it.

use mpp_sync::exchange::{
    BodyReader, ChainClaim, ChainFrames, HeldChain, Hello, PROTOCOL, PullRequest, ResponseRecord, Welcome,
    decode_record, encode_request, flags, push_plan,
};
use mpp_sync::ids::{LogId, SessionId};

use super::device::Prepared;
use super::record::Record;
use super::state::Session;
use super::{Tablet, TabletError};

/// What one round trip did.
#[derive(Debug, Default)]
pub struct Exchanged {
    /// The office has more to give.
    pub more: bool,
    /// Changes received.
    pub received: usize,
    /// Frames sent.
    pub frames_sent: usize,
    /// Their raw bytes, and the bytes of the body that carried them.
    pub raw_and_body: (usize, usize),
    /// Frames that the same log confirmed before and holds no longer. Must stay 0.
    pub forgotten: u64,
    /// Stable codes of frames that were refused.
    pub refused: Vec<String>,
    log: Option<LogId>,
    ended: bool,
}

impl Tablet {
    /// What the tablet says first in a body.
    #[must_use]
    pub fn hello(&self, prepared: &Prepared) -> Hello {
        let named = |session: &&Session| {
            let unconfirmed = session.confirmed < session.frames.len() as u64;
            unconfirmed || self.claims.all || self.claims.open.contains(&session.id)
        };
        let claim =
            |session: &Session| ChainClaim { session: session.id, frames: session.frames.len() as u64 };
        Hello {
            device: prepared.device,
            day: Some(prepared.day),
            chains: self.state.sessions().iter().filter(named).map(claim).collect(),
            pull: Some(PullRequest { log: self.state.log(), cursors: self.state.cursors(&prepared.scopes) }),
            protocol: PROTOCOL,
            flags: if self.state.keeps_other_logs() { flags::OTHER_LOGS } else { 0 },
            marks: 0,
        }
    }

    /// The oldest frames that the office has not confirmed, up to about `budget` raw bytes but at
    /// least one.
    fn frames_to_send(&self, budget: usize) -> Vec<&[u8]> {
        let mut chosen: Vec<&[u8]> = Vec::new();
        let mut bytes = 0;
        for session in self.state.sessions() {
            let confirmed = usize::try_from(session.confirmed).unwrap_or(usize::MAX);
            for frame in session.frames.iter().skip(confirmed) {
                bytes += frame.bytes.len();
                if bytes > budget && !chosen.is_empty() {
                    return chosen;
                }
                chosen.push(&frame.bytes);
            }
        }
        chosen
    }

    /// One round trip with frames of about `budget` raw bytes; without any when there is no budget.
    pub(super) async fn exchange(&mut self, budget: Option<usize>) -> Result<Exchanged, TabletError> {
        let prepared = self.prepared.clone();
        let prepared = prepared.ok_or_else(|| TabletError::NotPrepared("never prepared".to_owned()))?;
        let frames = budget.map(|budget| self.frames_to_send(budget)).unwrap_or_default();
        let mut hello = self.hello(&prepared);
        // After a failure first only what arrived: an answer full of changes may never come whole, and
        // what waits here would wait for it.
        let asks_only = budget.is_none() && self.unconfirmed() > 0;
        if asks_only {
            hello.pull = None;
        }
        let body = encode_request(&hello, &frames);
        let mut done = Exchanged {
            frames_sent: frames.len(),
            raw_and_body: (frames.iter().map(|frame| frame.len()).sum(), body.len()),
            log: self.state.log(),
            more: asks_only,
            ..Exchanged::default()
        };
        self.claims.open.extend(hello.chains.iter().map(|chain| chain.session));
        let mut answer = self.client.exchange(body).await?;
        let mut reader = BodyReader::default();
        while let Some(piece) = self.client.next_piece(&mut answer).await? {
            for (kind, payload) in reader.push(&piece).map_err(TabletError::Protocol)? {
                if let Some(record) = decode_record(kind, &payload).map_err(TabletError::Protocol)? {
                    self.take(record, &mut done)?;
                }
            }
        }
        if done.ended { Ok(done) } else { Err(TabletError::Unreachable("the answer was cut off".to_owned())) }
    }

    fn take(&mut self, record: ResponseRecord, done: &mut Exchanged) -> Result<(), TabletError> {
        match record {
            ResponseRecord::Welcome(Welcome { log, .. }) => {
                if done.log != Some(log) {
                    // Positions of another log mean nothing in this one.
                    self.commit(vec![Record::Received { log, entries: Vec::new(), cursors: Vec::new() }])?;
                    done.more |= done.log.is_some();
                    self.claims.all = true;
                    done.log = Some(log);
                }
            }
            ResponseRecord::Holds(chains) => self.take_holds(&chains, done)?,
            ResponseRecord::Refused { code, .. } => done.refused.push(code),
            ResponseRecord::Notice { document, hash, code } => {
                self.commit(vec![Record::Notice { document, hash, code }])?;
            }
            ResponseRecord::Changes(changes) => {
                let (entries, cursors) = (changes.received().cloned().collect::<Vec<_>>(), changes.cursors);
                let log = done.log.ok_or(TabletError::Damaged("changes before the welcome"))?;
                done.received += entries.len();
                self.commit(vec![Record::Received { log, entries, cursors }])?;
            }
            ResponseRecord::End { more } => {
                done.ended = true;
                done.more |= more;
            }
            ResponseRecord::Receipt(_)
            | ResponseRecord::Released { .. }
            | ResponseRecord::Digest(_)
            | ResponseRecord::Repair(_)
            | ResponseRecord::Want(_)
            | ResponseRecord::Tombstone(_)
            | ResponseRecord::Certificate(_)
            | ResponseRecord::Folds(_) => {}
        }
        Ok(())
    }

    /// Believes only what the office says it holds now.
    fn take_holds(&mut self, chains: &[HeldChain], done: &mut Exchanged) -> Result<(), TabletError> {
        let log = done.log.ok_or(TabletError::Damaged("holds before the welcome"))?;
        let named = |id: SessionId| chains.iter().any(|chain| chain.session == id);
        let ours: Vec<ChainFrames> = self
            .state
            .sessions()
            .iter()
            .filter(|session| named(session.id))
            .map(|session| ChainFrames {
                session: session.id,
                frames: session.frames.iter().map(|frame| frame.hash).collect(),
            })
            .collect();
        let plan = push_plan(&ours, chains);
        if let Some(session) = plan.forked.first() {
            return Err(TabletError::Forked(session.to_string()));
        }
        let mut records = Vec::new();
        for confirmed in plan.confirmed {
            let before = self.state.session(&confirmed.session).map_or(0, |session| session.confirmed);
            done.forgotten += before.saturating_sub(confirmed.frames);
            if before != confirmed.frames {
                records.push(Record::Held { log, session: confirmed.session, frames: confirmed.frames });
            }
        }
        self.commit(records)
    }
}
