//! After an answer came whole: whether both sides hold the same, and what to do about it in the next one.

use std::collections::BTreeSet;

use mpp_sync::caller::{Compared, batches_arrived, batches_outdated, compare, offers_to_make, repair_begin};
use mpp_sync::exchange::RepairRequest;
use mpp_sync::ids::LogId;

use super::exchange::Exchanged;
use super::incoming::Answer;
use super::record::{Learnt, Record};
use super::{Tablet, TabletError};

/// How far a comparison with one node has come. Lasts for one sync: the next one begins anew.
#[derive(Debug, Default)]
pub(super) struct Comparing {
    /// The sum of each scope is wanted.
    pub asks_sums: bool,
    /// Steps of repairs to send.
    pub steps: Vec<RepairRequest>,
    /// Those of the answer that is being read.
    pub next_steps: Vec<RepairRequest>,
    /// Scopes whose repair came to its end.
    pub settled: BTreeSet<String>,
    /// What the node lacks.
    pub wanted: BTreeSet<[u8; 32]>,
    /// Batches to give back with the next request.
    pub offers: Vec<u64>,
    /// Batches that were given.
    given: BTreeSet<u64>,
}

impl Tablet {
    /// What follows from an answer that came whole.
    pub(super) fn settle(&mut self, answer: &Answer, done: &mut Exchanged) -> Result<(), TabletError> {
        let Some(log) = answer.log else { return Ok(()) };
        self.take_marks(log, answer, done)?;
        let offered = std::mem::take(&mut self.comparing.offers);
        self.comparing.given.extend(&offered);
        self.comparing.steps = std::mem::take(&mut self.comparing.next_steps);
        // What the node did not answer it will not answer the next time either.
        self.comparing.settled.extend(answer.stepped.iter().cloned());
        if done.more || self.unconfirmed() > 0 {
            return Ok(());
        }
        self.note_given(log, &offered, answer)?;
        if !self.comparing.steps.is_empty() {
            done.more = true;
            return Ok(());
        }
        self.choose_offers(log, answer);
        if !self.comparing.offers.is_empty() {
            done.more = true;
            return Ok(());
        }
        self.compare(log, answer, done)
    }

    /// A node whose marks moved could say more of chains that were not named: they are, once.
    fn take_marks(&mut self, log: LogId, answer: &Answer, done: &mut Exchanged) -> Result<(), TabletError> {
        let kept = self.state.book(log).map_or(0, |book| book.marks);
        let tiers = self.state.tiers();
        let named = |session: &super::state::Session| {
            let safe = tiers.get(&session.id).map_or(0, |tiers| tiers.backed_up);
            safe >= session.frames.len() as u64
                || answer.hello.chains.iter().any(|chain| chain.session == session.id)
        };
        let all_named = self.state.sessions().iter().all(named);
        self.claims.marks_moved = kept != answer.marks && !all_named;
        if self.claims.marks_moved {
            done.more = true;
        } else if kept != answer.marks {
            self.commit(vec![Record::Learnt(Learnt::Marks { log, marks: answer.marks })])?;
        }
        Ok(())
    }

    /// Only once nothing differs: a position of a log that went back in time says nothing of what stood there before.
    fn drop_batches(&mut self, log: LogId, backed_up: u64) -> Result<(), TabletError> {
        let ancestors = self.state.book(log).map(|book| book.ancestors.clone()).unwrap_or_default();
        let outdated = batches_outdated(&self.state.batches().places(), log, &ancestors, backed_up);
        let batches: Vec<u64> = outdated.drop.into_iter().chain(outdated.over).collect();
        if batches.is_empty() {
            return Ok(());
        }
        self.commit(vec![Record::Learnt(Learnt::Dropped { batches })])
    }

    /// The scopes that the digest of the answer speaks for.
    fn spoken_for(answer: &Answer) -> Vec<String> {
        let asked = answer.hello.pull.iter().flat_map(|pull| &pull.cursors).flat_map(|cursor| &cursor.scopes);
        answer.answered.clone().unwrap_or_else(|| asked.cloned().collect())
    }

    /// What was given without being wanted is in the office's log now, at or before its end.
    fn note_given(&mut self, log: LogId, offered: &[u64], answer: &Answer) -> Result<(), TabletError> {
        if offered.is_empty() || !self.is_office(answer.node) {
            return Ok(());
        }
        let position = self.reached(log, &Self::spoken_for(answer));
        let batches = offered.to_vec();
        self.commit(vec![Record::Learnt(Learnt::Placed { batches, log, position })])
    }

    fn reached(&self, log: LogId, scopes: &[String]) -> u64 {
        let book = self.state.book(log);
        let positions = book.into_iter().flat_map(|book| scopes.iter().map(|scope| book.position(scope)));
        positions.max().unwrap_or(0)
    }

    /// Chooses what to give back: once everything that differs was looked at, and never twice.
    fn choose_offers(&mut self, log: LogId, answer: &Answer) {
        let ancestors = self.state.book(log).map(|book| book.ancestors.clone()).unwrap_or_default();
        let compared: BTreeSet<String> = Self::spoken_for(answer).into_iter().collect();
        let batches = self.state.batches().offerings();
        let chosen = offers_to_make(&ancestors, &compared, &self.comparing.wanted, &batches);
        self.comparing.offers = chosen.into_iter().filter(|id| !self.comparing.given.contains(id)).collect();
        self.comparing.wanted.clear();
    }

    fn compare(&mut self, log: LogId, answer: &Answer, done: &mut Exchanged) -> Result<(), TabletError> {
        let (Some(book), Some(digest)) = (self.state.book(log), &answer.digest) else { return Ok(()) };
        let asked = Self::spoken_for(answer);
        let compared = compare(book.sums(), &asked, digest, &self.comparing.settled);
        self.comparing.asks_sums = false;
        match compared {
            Compared::Equal => {
                done.agreed = true;
                return self.note_arrived(log, asked, answer);
            }
            Compared::AskSums => {
                self.comparing.asks_sums = true;
                // A node that forgot frames of ours says so only of chains that are named.
                self.claims.all = true;
            }
            Compared::Repair(scopes) => {
                for scope in scopes {
                    let step = repair_begin(&scope, book.position(&scope), &book.items(&scope))?;
                    self.comparing.steps.push(step);
                }
                self.repairs += 1;
            }
            Compared::Differs(scopes) => {
                done.differs = scopes;
                return self.drop_batches(log, 0);
            }
        }
        done.more = true;
        Ok(())
    }

    /// Nothing differs: what was kept of a lost log has its place in the one that goes on from it.
    fn note_arrived(&mut self, log: LogId, equal: Vec<String>, answer: &Answer) -> Result<(), TabletError> {
        if !self.is_office(answer.node) {
            return Ok(());
        }
        let position = self.reached(log, &equal);
        let equal: BTreeSet<String> = equal.into_iter().collect();
        let batches = batches_arrived(log, &equal, &self.state.batches().offerings());
        if !batches.is_empty() {
            self.commit(vec![Record::Learnt(Learnt::Placed { batches, log, position })])?;
        }
        self.drop_batches(log, answer.backed_up)
    }
}
