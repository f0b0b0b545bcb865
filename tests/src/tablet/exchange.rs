//! One round trip. What arrives is durable record by record: an error may come after some of it.

use std::collections::BTreeSet;

use mpp_sync::caller::{ClaimedChain, Naming, chains_to_name};
use mpp_sync::exchange::{
    BackupState, BodyReader, Extras, Hello, Offer, PROTOCOL, PullRequest, decode_record, encode_request_with,
    flags,
};

use super::device::Prepared;
use super::incoming::Answer;
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
    /// Batches given back.
    pub offered: usize,
    /// Their raw bytes, and the bytes of the body that carried them.
    pub raw_and_body: (usize, usize),
    /// Frames that the same log confirmed before and holds no longer. Must stay 0.
    pub forgotten: u64,
    /// Stable codes of frames that were refused.
    pub refused: Vec<String>,
    /// The node's sums at its log's end are those of this tablet.
    pub agreed: bool,
    /// How the office's backups stand, as the node says.
    pub backup: BackupState,
    /// Scopes that differ although they were repaired.
    pub differs: Vec<String>,
}

impl Tablet {
    /// What the tablet says first in a body.
    #[must_use]
    pub fn hello(&self, prepared: &Prepared) -> Hello {
        let tiers = self.state.tiers();
        let chain = |session: &super::state::Session| ClaimedChain {
            session: session.id,
            frames: session.frames.len() as u64,
            confirmed: session.confirmed,
            backed_up: tiers.get(&session.id).map_or(0, |tiers| tiers.backed_up),
            forked: self.claims.forked.contains(&session.id),
        };
        let chains: Vec<ClaimedChain> = self.state.sessions().iter().map(chain).collect();
        let open = self.claims.open.iter().copied().collect();
        let why = Naming { all: self.claims.all, marks_moved: self.claims.marks_moved, open };
        let book = self.state.log().and_then(|log| self.state.book(log));
        let mut bits = if self.state.keeps_other_logs() { flags::OTHER_LOGS } else { 0 };
        if self.comparing.asks_sums {
            bits |= flags::SUMS;
        }
        Hello {
            device: prepared.device,
            day: Some(prepared.day),
            chains: chains_to_name(&chains, &why),
            pull: Some(PullRequest { log: self.state.log(), cursors: self.state.cursors(&prepared.scopes) }),
            protocol: PROTOCOL,
            flags: bits,
            marks: book.map_or(0, |book| book.marks),
        }
    }

    /// The oldest frames that the office has not confirmed, up to about `budget` raw bytes but at
    /// least one.
    fn frames_to_send(&self, budget: usize) -> Vec<Vec<u8>> {
        let mut chosen: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        for session in self.state.sessions() {
            let confirmed = usize::try_from(session.confirmed).unwrap_or(usize::MAX);
            for frame in session.frames.iter().skip(confirmed) {
                bytes += frame.bytes.len();
                if bytes > budget && !chosen.is_empty() {
                    return chosen;
                }
                chosen.push(frame.bytes.clone());
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
        let extras = if asks_only { Extras::default() } else { self.extras() };
        let body = encode_request_with(&hello, &extras, &frames);
        let mut done = Exchanged {
            frames_sent: frames.len(),
            offered: extras.offers.len(),
            raw_and_body: (frames.iter().map(Vec::len).sum(), body.len()),
            more: asks_only,
            ..Exchanged::default()
        };
        let stepped: BTreeSet<String> = extras.repairs.iter().map(|step| step.scope.clone()).collect();
        self.comparing.next_steps.clear();
        let mut incoming = Answer::to(hello, self.state.log(), stepped);
        self.claims.open.extend(incoming.hello.chains.iter().map(|chain| chain.session));
        let mut answer = self.client.exchange(body).await?;
        let mut reader = BodyReader::default();
        while let Some(piece) = self.client.next_piece(&mut answer).await? {
            for (kind, payload) in reader.push(&piece).map_err(TabletError::Protocol)? {
                if let Some(record) = decode_record(kind, &payload).map_err(TabletError::Protocol)? {
                    self.take(record, &mut incoming, &mut done)?;
                }
            }
        }
        self.clean_journal()?;
        if !incoming.ended {
            return Err(TabletError::Unreachable("the answer was cut off".to_owned()));
        }
        self.settle(&incoming, &mut done)?;
        done.more |= self.meet_strangers().await?;
        Ok(done)
    }

    /// The steps of repairs and the batches to give back that are due.
    fn extras(&self) -> Extras {
        let entry = |document: &_, hash: &_| self.state.given(document, hash);
        let offers = self.comparing.offers.iter();
        let offers: Vec<Offer> = offers.filter_map(|id| self.state.batches().offer(*id, entry)).collect();
        Extras { grants: Vec::new(), offers, repairs: self.comparing.steps.clone() }
    }
}
