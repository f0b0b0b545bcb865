//! What comes down, record by record.

use std::collections::{BTreeMap, BTreeSet};

use mpp_sync::caller::{Book, Name, NodeHolds, OwnFrame, Page, Signed, adopt, repair_answer, take_page};
use mpp_sync::exchange::{
    ChainFrames, Changes, Digest, HeldChain, Hello, Listed, Receipt, RepairStep, ResponseRecord, Welcome,
    attests, push_plan,
};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{DeviceId, LogId};
use mpp_sync::save::Entry;

use super::exchange::Exchanged;
use super::record::{Learnt, Record};
use super::{Tablet, TabletError};

/// An answer while it is read.
#[derive(Debug)]
pub(super) struct Answer {
    /// What was asked.
    pub hello: Hello,
    /// The log that answers; before the welcome the one that was named.
    pub log: Option<LogId>,
    /// Whether it came whole.
    pub ended: bool,
    /// What the node said it holds of each chain of the hello.
    holds: Vec<NodeHolds>,
    /// A page was refused: nothing after it counts.
    pub refused: bool,
    /// The scopes of the last page, which are those that the digest speaks for.
    pub answered: Option<Vec<String>>,
    /// The node's sums at its log's end.
    pub digest: Option<Digest>,
    /// Scopes of which a step of a repair was sent, and is not answered yet.
    pub stepped: BTreeSet<String>,
    /// The node's marks.
    pub marks: u64,
    /// The node.
    pub node: Option<DeviceId>,
    /// Up to where its newest verified backup reaches.
    pub backed_up: u64,
}

impl Answer {
    pub fn to(hello: Hello, log: Option<LogId>, stepped: BTreeSet<String>) -> Self {
        let holds = vec![NodeHolds::default(); hello.chains.len()];
        Self {
            hello,
            log,
            ended: false,
            holds,
            refused: false,
            answered: None,
            digest: None,
            stepped,
            marks: 0,
            node: None,
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
    ) -> Result<(), TabletError> {
        match record {
            ResponseRecord::Welcome(welcome) => self.take_welcome(&welcome, answer, done)?,
            ResponseRecord::Holds(chains) => self.take_holds(&chains, answer, done)?,
            ResponseRecord::Receipt(receipt) => self.take_receipt(&receipt)?,
            ResponseRecord::Refused { code, .. } => done.refused.push(code),
            ResponseRecord::Notice { document, .. } if self.state.is_erased(&document) => {}
            ResponseRecord::Notice { document, hash, code } => {
                self.commit(vec![Record::Notice { document, hash, code }])?;
            }
            ResponseRecord::Changes(changes) => self.take_changes(changes, answer, done)?,
            ResponseRecord::Digest(digest) => answer.digest = Some(digest),
            ResponseRecord::Repair(step) => self.take_step(&step, answer)?,
            ResponseRecord::Want(want) => self.comparing.wanted.extend(want.ids),
            ResponseRecord::Released { at, by, reason } => {
                if self.state.released() != Some(&(at, by.clone(), reason.clone())) {
                    self.commit(vec![Record::Learnt(Learnt::Released { at, by, reason })])?;
                }
            }
            ResponseRecord::End { more } => {
                answer.ended = true;
                done.more |= more;
            }
            ResponseRecord::Tombstone(bytes) => self.take_tombstone(&bytes, answer)?,
            // Certificates come when a tablet enters, and folds of chains are for hubs.
            ResponseRecord::Certificate(_) | ResponseRecord::Folds(_) => {}
        }
        Ok(())
    }

    /// Another log than the one before: what was read of the one that it goes on from counts, positions of others mean
    /// nothing in it.
    fn take_welcome(
        &mut self,
        welcome: &Welcome,
        answer: &mut Answer,
        done: &mut Exchanged,
    ) -> Result<(), TabletError> {
        let Welcome { log, .. } = *welcome;
        (answer.marks, answer.node, answer.backed_up) = (welcome.marks, welcome.node, welcome.backed_up);
        // What it attests cannot be kept to be given back before its certificate is here.
        answer.refused |= welcome.node.is_some_and(|node| self.is_stranger(node));
        done.backup = welcome.backup;
        if answer.log != Some(log) {
            let adopted = adopt(log, &welcome.ancestors, &self.state.places());
            let record = match adopted.from {
                Some(from) => Record::Learnt(Learnt::Adopted {
                    log,
                    from,
                    cursors: adopted.cursors,
                    ancestors: welcome.ancestors.clone(),
                }),
                None => {
                    Record::Received { log, entries: Vec::new(), cursors: Vec::new(), page: Page::default() }
                }
            };
            self.commit(vec![record])?;
            done.more |= answer.log.is_some();
            self.claims.all = true;
            self.comparing = super::compare::Comparing::default();
            answer.log = Some(log);
        }
        Ok(())
    }

    /// Believes only what the office says it holds now.
    fn take_holds(
        &mut self,
        chains: &[HeldChain],
        answer: &mut Answer,
        done: &mut Exchanged,
    ) -> Result<(), TabletError> {
        let log = answer.log.ok_or(TabletError::Damaged("holds before the welcome"))?;
        // One that was named and is not answered is not held at all, whatever was said of it before.
        let named = answer.hello.chains.iter().filter_map(|claim| self.state.session(&claim.session));
        let ours: Vec<ChainFrames> = named.map(super::state::Session::chain).collect();
        let plan = push_plan(&ours, chains);
        let mut records = Vec::new();
        for session in &plan.forked {
            let confirmed = self.state.session(session).map_or(0, |session| session.confirmed);
            // It keeps both ways when it is sent ours.
            if confirmed > 0 {
                records.push(Record::Held { log, session: *session, frames: 0 });
            }
            self.claims.note_fork(*session, confirmed == 0 && done.frames_sent > 0)?;
        }
        for confirmed in &plan.confirmed {
            let before = self.state.session(&confirmed.session).map_or(0, |session| session.confirmed);
            done.forgotten += before.saturating_sub(confirmed.frames);
            if before != confirmed.frames {
                records.push(Record::Held { log, session: confirmed.session, frames: confirmed.frames });
            }
        }
        for (held, claim) in answer.holds.iter_mut().zip(&answer.hello.chains) {
            let confirmed = plan.confirmed.iter().find(|confirmed| confirmed.session == claim.session);
            held.held = confirmed.map_or(0, |confirmed| confirmed.frames);
            held.forked = plan.forked.contains(&claim.session) || plan.split.contains(&claim.session);
        }
        for settled in plan.confirmed.iter().filter(|confirmed| confirmed.frames > 0) {
            self.claims.forked.remove(&settled.session);
        }
        self.commit(records)
    }

    /// A receipt counts when the node's certificate is known and the signature covers exactly our frames.
    fn take_receipt(&mut self, receipt: &Receipt) -> Result<(), TabletError> {
        if self.is_stranger(receipt.node) {
            return Ok(());
        }
        let Some(node) = self.nodes.get(&receipt.node) else { return Ok(()) };
        let chains: Vec<ChainFrames> =
            self.state.sessions().iter().map(super::state::Session::chain).collect();
        let office = node.office;
        if receipt.verify(&node.key, &chains).is_err() || !self.state.is_news(office, receipt) {
            return Ok(());
        }
        let receipt = hex::encode(receipt.encode());
        self.commit(vec![Record::Learnt(Learnt::Receipt { office, receipt })])
    }

    /// Takes a page whole, with what it lists and how far was read with it, or not at all.
    fn take_changes(
        &mut self,
        changes: Changes,
        answer: &mut Answer,
        done: &mut Exchanged,
    ) -> Result<(), TabletError> {
        let log = answer.log.ok_or(TabletError::Damaged("changes before the welcome"))?;
        if answer.refused {
            return Ok(());
        }
        let frames = self.named_frames(&changes, answer);
        let listings = match take_page(&changes, &answer.holds, &frames) {
            Ok(listings) => listings,
            Err(refused) => {
                let chains = refused.chains.iter().filter_map(|chain| usize::try_from(*chain).ok());
                let claims = chains.filter_map(|chain| answer.hello.chains.get(chain));
                self.claims.forked.extend(claims.map(|claim| claim.session));
                answer.refused = true;
                done.more = true;
                return Ok(());
            }
        };
        let signed = self.signed(&changes, log, answer.node)?;
        let counted = self.state.book(log).map(|book| book.counted(listings.clone()));
        let (listings, sums) = counted.unwrap_or_else(|| Book::default().counted(listings));
        // Of what was erased only the names are taken, from a node that did not hear of it.
        let left = |entry: &Entry| {
            if self.state.is_erased(&entry.document) { entry.erased() } else { entry.clone() }
        };
        let names: BTreeSet<Name> = listings.iter().map(|listing| listing.name).collect();
        let worth =
            |entry: &Entry| !self.state.is_erased(&entry.document) && names.contains(&Name::of(entry));
        let signed = signed.filter(|_| changes.received().any(worth));
        let entries: Vec<Entry> = changes.received().map(left).collect();
        answer.answered = Some(changes.scopes().into_iter().map(str::to_owned).collect());
        done.received += entries.len();
        let page = Page { listings, sums, signed };
        self.commit(vec![Record::Received { log, entries, cursors: changes.cursors, page }])
    }

    /// Our frames that the page names changes of.
    fn named_frames(&self, changes: &Changes, answer: &Answer) -> Vec<OwnFrame> {
        let mut frames: BTreeMap<(u64, u64), Option<OwnFrame>> = BTreeMap::new();
        for listed in &changes.entries {
            let Listed::Yours(yours) = listed else { continue };
            let (chain, frame) = (yours.chain, yours.frame);
            frames.entry((chain, frame)).or_insert_with(|| {
                let claim = answer.hello.chains.get(usize::try_from(chain).ok()?)?;
                let session = self.state.session(&claim.session)?;
                let stored = session.frames.get(usize::try_from(frame).ok()?)?;
                let read = Frame::decode(&stored.bytes).ok()?;
                Some(OwnFrame { chain, frame, names: read.entries().map(Name::of).collect() })
            });
        }
        frames.into_values().flatten().collect()
    }

    /// The office's signature over the batch. A false one of a node whose key is known is no answer of that node.
    fn signed(
        &self,
        changes: &Changes,
        log: LogId,
        node: Option<DeviceId>,
    ) -> Result<Option<Signed>, TabletError> {
        let known = node.and_then(|node| Some((node, self.nodes.get(&node)?)));
        let (Some((node, key)), Some(signature)) = (known, changes.attestation) else { return Ok(None) };
        if !attests(&key.key, &log, changes.received().map(Entry::name), &signature) {
            return Err(TabletError::NotBelieved("ATTESTATION_INVALID"));
        }
        Ok(key.office.then_some(Signed { node, signature }))
    }

    /// The node's step of a repair: what is listed by now answers it.
    fn take_step(&mut self, step: &RepairStep, answer: &mut Answer) -> Result<(), TabletError> {
        // The pages before it filled gaps; those that the digest speaks for come after.
        answer.answered = None;
        let Some(book) = answer.log.and_then(|log| self.state.book(log)) else { return Ok(()) };
        if !answer.stepped.remove(&step.scope) {
            return Ok(());
        }
        let items = book.items(&step.scope);
        match repair_answer(&step.scope, step.position, &items, &step.message)? {
            Some(next) => self.comparing.next_steps.push(next),
            None => {
                self.comparing.settled.insert(step.scope.clone());
            }
        }
        Ok(())
    }
}
