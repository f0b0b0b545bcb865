//! After an answer came whole: whether both sides hold the same, and what to do about it in the next one.

use std::collections::BTreeSet;

use mpp_sync::caller::{
    Book, Compared, batches_arrived, batches_outdated, compare, offers_to_make, repair_begin,
};
use mpp_sync::exchange::RepairRequest;
use mpp_sync::ids::LogId;

use super::answer::Answer;
use super::exchange::{Asked, Exchanged};
use super::{Row, Tablet};
use crate::sim::Planted;
use crate::sim::disk::PowerCut;

/// How far a comparison with one node has come.
#[derive(Debug, Clone, Default)]
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
    pub(super) fn settle(
        &mut self,
        answer: &Answer,
        asked: &Asked,
        done: &mut Exchanged,
    ) -> Result<(), PowerCut> {
        let Some(log) = answer.log else { return Ok(()) };
        let comparing = self.comparing.entry(answer.node).or_default();
        comparing.offers.clear();
        comparing.given.extend(&asked.offered);
        comparing.steps = std::mem::take(&mut comparing.next_steps);
        // What the node did not answer it will not answer the next time either.
        comparing.settled.extend(answer.stepped.iter().cloned());
        let steps = !comparing.steps.is_empty();
        if done.more || self.state.unconfirmed(Some(log), &self.stuck) > 0 {
            return Ok(());
        }
        self.note_given(log, &asked.offered, answer)?;
        if steps {
            done.more = true;
            return Ok(());
        }
        if self.choose_offers(log, answer) {
            done.more = true;
            return Ok(());
        }
        self.compare(log, answer, done)
    }

    /// The scopes that the digest of the answer speaks for.
    fn spoken_for(answer: &Answer) -> Vec<String> {
        let asked = answer.hello.pull.iter().flat_map(|pull| &pull.cursors).flat_map(|cursor| &cursor.scopes);
        answer.answered.clone().unwrap_or_else(|| asked.cloned().collect())
    }

    fn reached(&self, log: LogId, scopes: &[String]) -> u64 {
        let book = self.state.books.get(&log);
        let positions = book.into_iter().flat_map(|book| scopes.iter().map(|scope| book.position(scope)));
        positions.max().unwrap_or(0)
    }

    /// What was given without being wanted is in the office's log now, at or before its end.
    fn note_given(&mut self, log: LogId, offered: &[u64], answer: &Answer) -> Result<(), PowerCut> {
        if offered.is_empty() || answer.node != 0 {
            return Ok(());
        }
        let position = self.reached(log, &Self::spoken_for(answer));
        self.commit(vec![Row::Placed { batches: offered.to_vec(), log, position }])
    }

    /// Chooses what to give back: once everything that differs was looked at, and never twice.
    fn choose_offers(&mut self, log: LogId, answer: &Answer) -> bool {
        let Self { comparing, state, planted, .. } = self;
        let comparing = comparing.entry(answer.node).or_default();
        let ancestors = state.books.get(&log).map(|book| book.ancestors.clone()).unwrap_or_default();
        let compared: BTreeSet<String> = Self::spoken_for(answer).into_iter().collect();
        let chosen = offers_to_make(&ancestors, &compared, &comparing.wanted, &state.batches.offerings());
        comparing.offers = chosen.into_iter().filter(|id| !comparing.given.contains(id)).collect();
        comparing.wanted.clear();
        if *planted == Planted::OffersForgotten {
            comparing.offers.clear();
        }
        !comparing.offers.is_empty()
    }

    fn compare(&mut self, log: LogId, answer: &Answer, done: &mut Exchanged) -> Result<(), PowerCut> {
        let Some(digest) = &answer.digest else { return Ok(()) };
        // Of a log that lists nothing nothing was written down.
        let nothing = Book::default();
        let book = self.state.books.get(&log).unwrap_or(&nothing);
        let asked = Self::spoken_for(answer);
        let comparing = self.comparing.entry(answer.node).or_default();
        let compared = match compare(book.sums(), &asked, digest, &comparing.settled) {
            _ if self.planted.ignores_sums() => Compared::Equal,
            compared => compared,
        };
        comparing.asks_sums = false;
        match compared {
            Compared::Equal => {
                done.agreed = true;
                *comparing = Comparing::default();
                return self.note_arrived(log, asked, answer);
            }
            Compared::AskSums => {
                comparing.asks_sums = true;
                // A node that forgot frames of ours says so only of chains that are named.
                self.claims.entry(answer.node).or_default().all = true;
            }
            Compared::Repair(scopes) => {
                done.repairs = scopes.len();
                for scope in scopes {
                    match repair_begin(&scope, book.position(&scope), &book.items(&scope)) {
                        Ok(step) => comparing.steps.push(step),
                        Err(_) => drop(comparing.settled.insert(scope)),
                    }
                }
            }
            Compared::Differs(scopes) => {
                *comparing = Comparing::default();
                done.differs = scopes;
                return self.drop_batches(log, 0);
            }
        }
        done.more = true;
        Ok(())
    }

    /// Nothing differs: what was kept of a lost log has its place in the one that goes on from it.
    fn note_arrived(&mut self, log: LogId, equal: Vec<String>, answer: &Answer) -> Result<(), PowerCut> {
        if answer.node != 0 {
            return Ok(());
        }
        let position = self.reached(log, &equal);
        let equal: BTreeSet<String> = equal.into_iter().collect();
        let batches = batches_arrived(log, &equal, &self.state.batches.offerings());
        if !batches.is_empty() {
            self.commit(vec![Row::Placed { batches, log, position }])?;
        }
        self.drop_batches(log, answer.backed_up)
    }

    /// Only once nothing differs: a position of a log that went back in time says nothing of what stood there before.
    fn drop_batches(&mut self, log: LogId, backed_up: u64) -> Result<(), PowerCut> {
        let ancestors = self.state.books.get(&log).map(|book| book.ancestors.clone()).unwrap_or_default();
        let backed_up = if self.planted == Planted::BatchesDroppedEarly { u64::MAX } else { backed_up };
        let outdated = batches_outdated(&self.state.batches.places(), log, &ancestors, backed_up);
        let batches: Vec<u64> = outdated.drop.into_iter().chain(outdated.over).collect();
        if batches.is_empty() { Ok(()) } else { self.commit(vec![Row::Dropped { batches }]) }
    }
}
