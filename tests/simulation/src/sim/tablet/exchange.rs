//! One exchange on the tablet's side: what it says, and how it reads the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpp_sync::caller::{Book, ClaimedChain, Naming, chains_to_name};
use mpp_sync::exchange::{
    BodyReader, Extras, Hello, PROTOCOL, PullRequest, decode_record, encode_request_with, flags,
};
use mpp_sync::ids::{LogId, SessionId};

use super::answer::Answer;
use super::state::Session;
use super::{Claims, Tablet};
use crate::sim::disk::PowerCut;

/// What one exchange did on the tablet's side.
#[derive(Debug, Clone, Default)]
pub struct Exchanged {
    /// The answer came to its end.
    pub ended: bool,
    /// Ask again.
    pub more: bool,
    /// Changes received.
    pub received: usize,
    /// Frames sent.
    pub sent: usize,
    /// What the log that answered is now known to hold.
    pub confirmed: Vec<(LogId, SessionId, u64)>,
    /// The node's sums are those of what it listed.
    pub agreed: bool,
    /// Scopes that begin to be repaired.
    pub repairs: usize,
    /// Batches given back.
    pub offered: usize,
    /// Scopes that differ although they were repaired.
    pub differs: Vec<String>,
}

/// A request, and what of it the answer is read by.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The body.
    pub body: Vec<u8>,
    /// Frames in it.
    pub frames: usize,
    /// What was said first.
    pub(super) hello: Hello,
    /// Scopes of which a step of a repair is in it.
    pub(super) stepped: BTreeSet<String>,
    /// Batches in it.
    pub(super) offered: Vec<u64>,
}

impl Tablet {
    /// The request to a node: with frames, or asking first.
    pub fn request(&mut self, node: usize, frames: usize) -> Result<Asked, PowerCut> {
        self.cut_frames()?;
        let log = self.met.get(&node).copied();
        let hello = self.hello(node, log);
        let claims = self.claims.entry(node).or_default();
        claims.open.extend(hello.chains.iter().map(|chain| chain.session));
        let frames = if claims.forked.is_empty() { frames } else { frames.max(64) };
        let mut chosen: Vec<Arc<Vec<u8>>> = Vec::new();
        for session in self.state.sessions.iter().filter(|session| !self.stuck.contains(&session.id)) {
            let from = usize::try_from(self.state.confirmed(log, session.id)).unwrap_or(usize::MAX);
            let left = frames.saturating_sub(chosen.len());
            chosen.extend(session.frames.iter().skip(from).take(left).map(|(_, bytes)| bytes.clone()));
        }
        let comparing = self.comparing.entry(node).or_default();
        comparing.next_steps.clear();
        let entry = |document: &_, hash: &_| self.state.entry(document, hash);
        let given = comparing.offers.iter().filter_map(|id| self.state.batches.offer(*id, entry));
        let extras = Extras { grants: Vec::new(), offers: given.collect(), repairs: comparing.steps.clone() };
        let chosen: Vec<&[u8]> = chosen.iter().map(|bytes| bytes.as_slice()).collect();
        Ok(Asked {
            body: encode_request_with(&hello, &extras, &chosen),
            frames: chosen.len(),
            hello,
            stepped: extras.repairs.iter().map(|step| step.scope.clone()).collect(),
            offered: comparing.offers.clone(),
        })
    }

    fn hello(&self, node: usize, log: Option<LogId>) -> Hello {
        let claims = self.claims.get(&node).cloned().unwrap_or_default();
        let Claims { all, open, forked } = claims;
        let chain = |session: &Session| ClaimedChain {
            session: session.id,
            frames: session.frames.len() as u64,
            confirmed: self.state.confirmed(log, session.id),
            backed_up: 0,
            forked: forked.contains(&session.id),
        };
        let chains: Vec<ClaimedChain> = self.state.sessions.iter().map(chain).collect();
        let why = Naming { all, marks_moved: false, open: open.into_iter().collect() };
        let book = log.and_then(|log| self.state.books.get(&log));
        let mut bits = 0;
        if self.state.books.keys().any(|other| Some(*other) != log) {
            bits |= flags::OTHER_LOGS;
        }
        if self.comparing.get(&node).is_some_and(|comparing| comparing.asks_sums) {
            bits |= flags::SUMS;
        }
        let cursors = book.unwrap_or(&Book::default()).cursors(&self.scopes);
        Hello {
            device: self.device,
            day: Some(self.day),
            chains: chains_to_name(&chains, &why),
            pull: Some(PullRequest { log, cursors }),
            protocol: PROTOCOL,
            flags: bits,
            marks: 0,
        }
    }

    /// Takes an answer as far as it came, record by record.
    pub fn take_answer(&mut self, node: usize, asked: &Asked, body: &[u8]) -> Result<Exchanged, PowerCut> {
        let mut done = Exchanged { sent: asked.frames, offered: asked.offered.len(), ..Exchanged::default() };
        let mut answer = Answer::to(node, asked);
        let mut reader = BodyReader::default();
        for piece in body.chunks(256) {
            let Ok(records) = reader.push(piece) else { return Ok(done) };
            for (kind, payload) in records {
                if let Ok(Some(record)) = decode_record(kind, &payload) {
                    self.take(record, &mut answer, &mut done)?;
                }
            }
        }
        if !done.ended {
            return Ok(done);
        }
        self.settle(&answer, asked, &mut done)?;
        if !done.more && self.state.unconfirmed(answer.log, &self.stuck) == 0 {
            let claims = self.claims.entry(node).or_default();
            claims.all = false;
            claims.open.clear();
        }
        Ok(done)
    }
}

/// Chains by session, as they are compared with what a node holds.
pub(super) fn by_session(sessions: &[Session]) -> BTreeMap<SessionId, &Session> {
    sessions.iter().map(|session| (session.id, session)).collect()
}
