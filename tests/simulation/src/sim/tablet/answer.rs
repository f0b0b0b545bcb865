//! What comes down, record by record; `mpp_sync::caller` decides.

use std::collections::{BTreeMap, BTreeSet};

use mpp_sync::caller::{Book, Name, NodeHolds, OwnFrame, Page, Signed, adopt, repair_answer, take_page};
use mpp_sync::exchange::{
    ChainFrames, Changes, Digest, HeldChain, Hello, Listed, RepairStep, ResponseRecord, Welcome, attests,
    push_plan,
};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{DeviceId, LogId};
use mpp_sync::save::Entry;

use super::compare::Comparing;
use super::exchange::{Asked, Exchanged, by_session};
use super::{Row, Tablet, key_of};
use crate::sim::Planted;
use crate::sim::disk::PowerCut;
use crate::sim::identity::identities;

/// An answer while it is read.
#[derive(Debug)]
pub(super) struct Answer {
    /// Who answers, by its number.
    pub node: usize,
    /// What was asked.
    pub hello: Hello,
    /// The log that answers; before the welcome the one that was named.
    pub log: Option<LogId>,
    /// What the node said it holds of each chain of the hello.
    holds: Vec<NodeHolds>,
    /// A page was refused: nothing after it counts.
    refused: bool,
    /// The scopes of the last page, which are those that the digest speaks for.
    pub answered: Option<Vec<String>>,
    /// The node's sums at its log's end.
    pub digest: Option<Digest>,
    /// Scopes of which a step of a repair was sent, and is not answered yet.
    pub stepped: BTreeSet<String>,
    /// The node's key.
    pub signer: Option<DeviceId>,
    /// Up to where its newest verified backup reaches.
    pub backed_up: u64,
}

impl Answer {
    pub fn to(node: usize, asked: &Asked) -> Self {
        Self {
            node,
            hello: asked.hello.clone(),
            log: asked.hello.pull.as_ref().and_then(|pull| pull.log),
            holds: vec![NodeHolds::default(); asked.hello.chains.len()],
            refused: false,
            answered: None,
            digest: None,
            stepped: asked.stepped.clone(),
            signer: None,
            backed_up: 0,
        }
    }
}

impl Tablet {
    pub(super) fn take(
        &mut self,
        record: ResponseRecord,
        answer: &mut Answer,
        done: &mut Exchanged,
    ) -> Result<(), PowerCut> {
        match record {
            ResponseRecord::Welcome(welcome) => self.take_welcome(&welcome, answer, done)?,
            ResponseRecord::Holds(chains) => self.take_holds(&chains, answer, done)?,
            // A gap or a fork heals itself, because the node has just said what it holds.
            ResponseRecord::Refused { session, code, .. }
                if !["frame_gap", "frame_fork"].contains(&code.as_str()) =>
            {
                self.stuck.insert(session);
            }
            ResponseRecord::Notice { document, hash, code } => {
                let known = self.state.notices.get(&(document, hash));
                if known.map(String::as_str).unwrap_or_default() != code {
                    self.commit(vec![Row::Notice { document, hash, code }])?;
                }
            }
            ResponseRecord::Changes(changes) => self.take_changes(changes, answer, done)?,
            ResponseRecord::Digest(digest) => answer.digest = Some(digest),
            ResponseRecord::Repair(step) => self.take_step(&step, answer),
            ResponseRecord::Want(want) => {
                self.comparing.entry(answer.node).or_default().wanted.extend(want.ids);
            }
            ResponseRecord::End { more } => {
                done.ended = true;
                done.more |= more;
            }
            _ => {}
        }
        Ok(())
    }

    /// Another log than the one before: what was read of the one that it goes on from counts.
    fn take_welcome(
        &mut self,
        welcome: &Welcome,
        answer: &mut Answer,
        done: &mut Exchanged,
    ) -> Result<(), PowerCut> {
        let Welcome { log, .. } = *welcome;
        (answer.signer, answer.backed_up) = (welcome.node, welcome.backed_up);
        if answer.log == Some(log) {
            return Ok(());
        }
        let adopted = adopt(log, &welcome.ancestors, &self.state.places());
        if let Some(from) = adopted.from {
            let (cursors, ancestors) = (adopted.cursors, welcome.ancestors.clone());
            self.commit(vec![Row::Adopted { log, from, cursors, ancestors }])?;
        }
        self.met.insert(answer.node, log);
        self.comparing.insert(answer.node, Comparing::default());
        let claims = self.claims.entry(answer.node).or_default();
        claims.all = true;
        done.more |= answer.log.is_some();
        if self.planted == Planted::ConfirmationsKeptAfterRestore
            && let Some(known) = answer.log.and_then(|before| self.state.confirmed.get(&before)).cloned()
        {
            self.state.confirmed.insert(log, known);
            claims.all = false;
        }
        answer.log = Some(log);
        Ok(())
    }

    /// Believes only what the node says it holds now.
    fn take_holds(
        &mut self,
        chains: &[HeldChain],
        answer: &mut Answer,
        done: &mut Exchanged,
    ) -> Result<(), PowerCut> {
        let Some(log) = answer.log else { return Ok(()) };
        let sessions = by_session(&self.state.sessions);
        let named = answer.hello.chains.iter().filter_map(|claim| sessions.get(&claim.session));
        let ours: Vec<ChainFrames> = named
            .map(|session| ChainFrames {
                session: session.id,
                frames: session.frames.iter().map(|(hash, _)| *hash).collect(),
            })
            .collect();
        let believed =
            if self.planted == Planted::HeadsNotCompared { as_ours(&ours, chains) } else { chains.to_vec() };
        let plan = push_plan(&ours, &believed);
        let mut rows = Vec::new();
        for session in &plan.forked {
            let confirmed = self.state.confirmed(Some(log), *session);
            // It keeps both ways when it is sent ours.
            if confirmed > 0 {
                rows.push(Row::Held { log, session: *session, frames: 0 });
            }
            let forked = &mut self.claims.entry(answer.node).or_default().forked;
            // Once ours were sent it is asked about them again.
            if !(confirmed == 0 && done.sent > 0 && forked.remove(session)) {
                forked.insert(*session);
            }
            done.more |= !self.stuck.contains(session);
        }
        for confirmed in &plan.confirmed {
            done.confirmed.push((log, confirmed.session, confirmed.frames));
            let before = self.state.confirmed.get(&log).and_then(|known| known.get(&confirmed.session));
            if before != Some(&confirmed.frames) {
                rows.push(Row::Held { log, session: confirmed.session, frames: confirmed.frames });
            }
            if confirmed.frames > 0 {
                self.claims.entry(answer.node).or_default().forked.remove(&confirmed.session);
            }
        }
        for (held, claim) in answer.holds.iter_mut().zip(&answer.hello.chains) {
            let confirmed = plan.confirmed.iter().find(|confirmed| confirmed.session == claim.session);
            held.held = confirmed.map_or(0, |confirmed| confirmed.frames);
            held.forked = plan.forked.contains(&claim.session) || plan.split.contains(&claim.session);
        }
        if rows.is_empty() { Ok(()) } else { self.commit(rows) }
    }

    /// Takes a page whole, with what it lists and how far was read with it, or not at all.
    fn take_changes(
        &mut self,
        changes: Changes,
        answer: &mut Answer,
        done: &mut Exchanged,
    ) -> Result<(), PowerCut> {
        let Some(log) = answer.log.filter(|_| !answer.refused) else { return Ok(()) };
        let frames = self.named_frames(&changes, answer);
        let listings = match take_page(&changes, &answer.holds, &frames) {
            Ok(listings) => listings,
            Err(refused) => {
                let chains = refused.chains.iter().filter_map(|chain| usize::try_from(*chain).ok());
                let claims = chains.filter_map(|chain| answer.hello.chains.get(chain));
                let forked = &mut self.claims.entry(answer.node).or_default().forked;
                forked.extend(claims.map(|claim| claim.session));
                answer.refused = true;
                done.more = true;
                return Ok(());
            }
        };
        let Some(signed) = believed(&changes, log, answer.signer) else {
            // No answer of that node.
            answer.refused = true;
            return Ok(());
        };
        let book = self.state.books.get(&log).cloned().unwrap_or_default();
        let (listings, sums) = book.counted(listings);
        answer.answered = Some(changes.scopes().into_iter().map(str::to_owned).collect());
        let names: BTreeSet<Name> = listings.iter().map(|listing| listing.name).collect();
        let signed = signed.filter(|_| changes.received().any(|entry| names.contains(&Name::of(entry))));
        let entries: Vec<Entry> = changes.received().cloned().collect();
        done.received += entries.iter().filter(|entry| !self.state.has(&key_of(entry))).count();
        if entries.is_empty() && listings.is_empty() && !moves(&book, &changes) {
            return Ok(());
        }
        let (cursors, page) = (changes.cursors, Page { listings, sums, signed });
        if self.planted == Planted::CursorBeforeChanges {
            let page_alone = Page::default();
            self.commit(vec![Row::Received { log, entries: Vec::new(), cursors, page: page_alone }])?;
            return self.commit(vec![Row::Received { log, entries, cursors: Vec::new(), page }]);
        }
        self.commit(vec![Row::Received { log, entries, cursors, page }])
    }

    /// Our frames that the page names changes of.
    fn named_frames(&self, changes: &Changes, answer: &Answer) -> Vec<OwnFrame> {
        let mut frames: BTreeMap<(u64, u64), Option<OwnFrame>> = BTreeMap::new();
        for listed in &changes.entries {
            let Listed::Yours(yours) = listed else { continue };
            let (chain, frame) = (yours.chain, yours.frame);
            frames.entry((chain, frame)).or_insert_with(|| {
                let claim = answer.hello.chains.get(usize::try_from(chain).ok()?)?;
                let session = self.state.session(claim.session)?;
                let (_, bytes) = session.frames.get(usize::try_from(frame).ok()?)?;
                let read = Frame::decode(bytes).ok()?;
                Some(OwnFrame { chain, frame, names: read.entries().map(Name::of).collect() })
            });
        }
        frames.into_values().flatten().collect()
    }

    /// The node's step of a repair: what is listed by now answers it.
    fn take_step(&mut self, step: &RepairStep, answer: &mut Answer) {
        // The pages before it filled gaps; those that the digest speaks for come after.
        answer.answered = None;
        let Some(book) = answer.log.and_then(|log| self.state.books.get(&log)) else { return };
        if !answer.stepped.remove(&step.scope) {
            return;
        }
        let comparing = self.comparing.entry(answer.node).or_default();
        match repair_answer(&step.scope, step.position, &book.items(&step.scope), &step.message) {
            Ok(Some(next)) => comparing.next_steps.push(next),
            Ok(None) | Err(_) => {
                comparing.settled.insert(step.scope.clone());
            }
        }
    }
}

/// Whether the page's cursors are others than those that are known.
fn moves(book: &Book, changes: &Changes) -> bool {
    changes.cursors.iter().any(|cursor| {
        let known = book.cursors(&cursor.scopes);
        known.len() != 1 || known[0].position != cursor.position || known[0].rolling != cursor.rolling
    })
}

/// The office's signature over the batch; none of all when it is false.
#[expect(clippy::option_option, reason = "no signature is well, a false one is not")]
fn believed(changes: &Changes, log: LogId, signer: Option<DeviceId>) -> Option<Option<Signed>> {
    let node = identities().iter().find(|identity| Some(identity.key.device()) == signer);
    let (Some(node), Some(signature)) = (node, changes.attestation) else { return Some(None) };
    if !attests(&node.key.public(), &log, changes.received().map(Entry::name), &signature) {
        return None;
    }
    Some((!node.is_hub()).then(|| Signed { node: node.key.device(), signature }))
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
