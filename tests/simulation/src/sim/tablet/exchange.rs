//! One exchange on the tablet's side: what it says, and what it does with each record of the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use mpp_sync::exchange::{
    BodyReader, ChainClaim, ChainFrames, Cursor, HeldChain, Hello, PullRequest, ResponseRecord, Welcome,
    decode_record, encode_request, push_plan,
};
use mpp_sync::ids::{LogId, Rolling, SessionId};
use mpp_sync::save::Entry;

use super::{Row, Tablet, key_of};
use crate::sim::Planted;
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
    /// A session was continued in two ways.
    pub forked: bool,
    /// What the log that answered is now known to hold.
    pub confirmed: Vec<(LogId, SessionId, u64)>,
}

impl Tablet {
    /// The request to a node: with frames, or asking first.
    pub fn request(&mut self, node: usize, frames: usize) -> Result<(Vec<u8>, usize), PowerCut> {
        self.cut_frames()?;
        let log = self.met.get(&node).copied();
        let peer = log.and_then(|log| self.state.logs.get(&log)).cloned().unwrap_or_default();
        let parted = log.is_some_and(|log| self.parted.iter().any(|(other, _)| *other == log));
        let frames = if parted { frames.max(64) } else { frames };
        let all = self.all.contains(&node) || log.is_none();
        let open = self.open.entry(node).or_default();
        let mut chains = Vec::new();
        let mut chosen: Vec<Arc<Vec<u8>>> = Vec::new();
        for session in &self.state.sessions {
            let confirmed = peer.confirmed.get(&session.id).copied().unwrap_or(0);
            if all || open.contains(&session.id) || confirmed < session.frames.len() as u64 {
                chains.push(ChainClaim { session: session.id, frames: session.frames.len() as u64 });
                open.insert(session.id);
            }
            if self.stuck.contains(&session.id) {
                continue;
            }
            let from = usize::try_from(confirmed).unwrap_or(usize::MAX);
            let left = frames.saturating_sub(chosen.len());
            chosen.extend(session.frames.iter().skip(from).take(left).map(|(_, bytes)| bytes.clone()));
        }
        let mut groups: BTreeMap<(u64, Rolling), Vec<String>> = BTreeMap::new();
        for scope in &self.scopes {
            let at = peer.cursors.get(scope).copied().unwrap_or((0, Rolling::START));
            groups.entry(at).or_default().push(scope.clone());
        }
        let cursors = groups
            .into_iter()
            .map(|((position, rolling), scopes)| Cursor { position, rolling, scopes })
            .collect();
        let hello = Hello {
            device: self.device,
            day: Some(self.day),
            chains,
            pull: Some(PullRequest { log, cursors }),
            ..Hello::default()
        };
        let reads_on = self.planted == Planted::ReadsOnAfterFork;
        let hello = if parted && !reads_on { Hello { pull: None, ..hello } } else { hello };
        let chosen: Vec<&[u8]> = chosen.iter().map(|bytes| bytes.as_slice()).collect();
        Ok((encode_request(&hello, &chosen), chosen.len()))
    }

    /// Takes an answer as far as it came, record by record.
    pub fn take_answer(&mut self, node: usize, body: &[u8]) -> Result<Exchanged, PowerCut> {
        let mut done = Exchanged::default();
        let mut log = None;
        let mut reader = BodyReader::default();
        for piece in body.chunks(256) {
            let Ok(records) = reader.push(piece) else { return Ok(done) };
            for (kind, payload) in records {
                if let Ok(Some(record)) = decode_record(kind, &payload) {
                    self.take(node, record, &mut log, &mut done)?;
                }
                if done.forked && self.planted != Planted::ReadsOnAfterFork {
                    // The node left out what it believes to be here. The next hello names this session no more.
                    return Ok(Exchanged { more: true, ..done });
                }
            }
        }
        if done.ended && !done.more && self.state.unconfirmed(log, &self.stuck) == 0 {
            self.all.remove(&node);
            self.open.remove(&node);
        }
        Ok(done)
    }

    fn take(
        &mut self,
        node: usize,
        record: ResponseRecord,
        log: &mut Option<LogId>,
        done: &mut Exchanged,
    ) -> Result<(), PowerCut> {
        match record {
            ResponseRecord::Welcome(Welcome { log: answered, .. }) => {
                *log = Some(answered);
                let before = self.met.insert(node, answered);
                if before.is_some_and(|before| before != answered) {
                    // Another storage: nothing is known of it.
                    self.all.insert(node);
                    done.more = true;
                    if self.planted == Planted::ConfirmationsKeptAfterRestore
                        && let Some(peer) = before.and_then(|before| self.state.logs.get(&before)).cloned()
                    {
                        self.state.logs.entry(answered).or_default().confirmed = peer.confirmed;
                        self.all.remove(&node);
                    }
                }
            }
            ResponseRecord::Holds(chains) => {
                if let Some(log) = *log {
                    self.take_holds(log, &chains, done)?;
                }
            }
            // A gap heals itself, because the node has just said what it holds.
            ResponseRecord::Refused { session, code, .. } if code != "frame_gap" => {
                self.stuck.insert(session);
            }
            ResponseRecord::Notice { document, hash, code } => {
                let known = self.state.notices.get(&(document, hash));
                if known.map(String::as_str).unwrap_or_default() != code {
                    self.commit(vec![Row::Notice { document, hash, code }])?;
                }
            }
            ResponseRecord::Changes(changes) => {
                let entries: Vec<Entry> = changes.received().cloned().collect();
                let cursors = changes.cursors;
                if let Some(log) = *log {
                    done.received += entries.iter().filter(|entry| !self.state.has(&key_of(entry))).count();
                    self.take_changes(log, entries, cursors)?;
                }
            }
            ResponseRecord::End { more } => {
                done.ended = true;
                done.more |= more;
            }
            _ => {}
        }
        Ok(())
    }

    fn take_changes(
        &mut self,
        log: LogId,
        entries: Vec<Entry>,
        cursors: Vec<Cursor>,
    ) -> Result<(), PowerCut> {
        if self.planted == Planted::CursorBeforeChanges {
            self.commit(vec![Row::Received { log, entries: Vec::new(), cursors }])?;
            return self.commit(vec![Row::Received { log, entries, cursors: Vec::new() }]);
        }
        let peer = self.state.logs.get(&log);
        let moved = |cursor: &Cursor| {
            let at = (cursor.position, cursor.rolling);
            cursor.scopes.iter().any(|scope| peer.and_then(|peer| peer.cursors.get(scope)) != Some(&at))
        };
        if entries.is_empty() && !cursors.iter().any(moved) {
            return Ok(());
        }
        self.commit(vec![Row::Received { log, entries, cursors }])
    }

    /// Believes only what the node says it holds now.
    fn take_holds(&mut self, log: LogId, chains: &[HeldChain], done: &mut Exchanged) -> Result<(), PowerCut> {
        let named: Vec<ChainFrames> = self
            .state
            .sessions
            .iter()
            .filter(|session| chains.iter().any(|chain| chain.session == session.id))
            .map(|session| ChainFrames {
                session: session.id,
                frames: session.frames.iter().map(|(hash, _)| *hash).collect(),
            })
            .collect();
        let believed =
            if self.planted == Planted::HeadsNotCompared { as_ours(&named, chains) } else { chains.to_vec() };
        let plan = push_plan(&named, &believed);
        let mut rows = Vec::new();
        for session in &plan.forked {
            self.parted.insert((log, *session));
            if self.state.logs.get(&log).is_some_and(|peer| peer.confirmed.contains_key(session)) {
                rows.push(Row::Held { log, session: *session, frames: 0 });
            }
        }
        done.forked |= !plan.forked.is_empty();
        for confirmed in plan.confirmed {
            self.parted.remove(&(log, confirmed.session));
            done.confirmed.push((log, confirmed.session, confirmed.frames));
            let before = self.state.logs.get(&log).and_then(|peer| peer.confirmed.get(&confirmed.session));
            if before != Some(&confirmed.frames) {
                rows.push(Row::Held { log, session: confirmed.session, frames: confirmed.frames });
            }
        }
        if rows.is_empty() { Ok(()) } else { self.commit(rows) }
    }
}

/// A planted fault: whatever a node holds under a number is taken for what is here.
fn as_ours(named: &[ChainFrames], chains: &[HeldChain]) -> Vec<HeldChain> {
    let ours = |held: &HeldChain| {
        let chain = named.iter().find(|chain| chain.session == held.session)?;
        let last = usize::try_from(held.frames).ok()?.checked_sub(1)?;
        let head = chain.frames.get(last)?.prefix();
        Some(HeldChain { head, ..held.clone() })
    };
    chains.iter().map(|held| ours(held).unwrap_or_else(|| held.clone())).collect()
}
