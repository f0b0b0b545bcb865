//! What the office answers to a hub, record by record: an error may come after some of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mpp_store::RelayedRow;
use mpp_sync::exchange::{ChainFrames, Changes, Cursor, HeldChain, Hello, Listed, Receipt, ResponseRecord};
use mpp_sync::ids::{FrameHash, LogId, Rolling, SessionId};
use mpp_sync::save::Entry;
use mpp_sync::trust::{Tombstone, TrustError};

use super::HubError;
use super::backup::keep_backup_of_office;
use super::round::{Pulled, Round};
use crate::app::App;
use crate::ingest::Offered;
use crate::receipts::keep_of_office;
use crate::{erasure, trust};

/// Frames of one chain read at once, to compare hashes.
const HASHES: i64 = 1_000_000;

/// What one exchange brought.
#[derive(Debug)]
pub(super) struct Outcome {
    pub more: bool,
    pub new_log: bool,
    pub log: LogId,
    pub marks: u64,
    pub refused: Vec<SessionId>,
}

pub(super) struct Incoming {
    app: Arc<App>,
    named: Vec<SessionId>,
    pulled: Pulled,
    log: Option<LogId>,
    new_log: bool,
    marks: u64,
    refused: Vec<SessionId>,
    more: Option<bool>,
}

impl Incoming {
    pub(super) fn new(app: Arc<App>, hello: &Hello, pulled: Pulled) -> Self {
        let named = hello.chains.iter().map(|chain| chain.session).collect();
        Self { app, named, pulled, log: None, new_log: false, marks: 0, refused: Vec::new(), more: None }
    }

    pub(super) fn finish(self) -> Result<Outcome, HubError> {
        let cut = || HubError::Unreachable("the answer was cut off".to_owned());
        Ok(Outcome {
            more: self.more.ok_or_else(cut)?,
            new_log: self.new_log,
            log: self.log.ok_or_else(cut)?,
            marks: self.marks,
            refused: self.refused,
        })
    }

    pub(super) async fn take(&mut self, round: &Round, record: ResponseRecord) -> Result<(), HubError> {
        match record {
            ResponseRecord::Welcome(welcome) => {
                self.new_log = self.pulled.log.is_some_and(|log| log != welcome.log);
                if self.pulled.log != Some(welcome.log) {
                    // Positions of another log mean nothing in this one, unless the office knows it from before.
                    self.pulled.log = Some(welcome.log);
                    round.keep_pulled(&self.pulled).await?;
                }
                self.log = Some(welcome.log);
                self.marks = welcome.marks;
                keep_backup_of_office(self.app.store(), welcome.backup).await?;
            }
            ResponseRecord::Holds(chains) => self.holds(&chains).await?,
            // A gap heals itself, because the office has just said what it holds.
            ResponseRecord::Refused { session, code, .. } if code != "frame_gap" => {
                tracing::warn!(code = "FRAME_NOT_RELAYED", reason = %code, session = %session);
                self.refused.push(session);
            }
            ResponseRecord::Receipt(receipt) => self.receipt(&receipt).await?,
            ResponseRecord::Tombstone(bytes) => self.tombstone(&bytes).await?,
            ResponseRecord::Changes(changes) => self.changes(round, changes).await?,
            ResponseRecord::End { more } => self.more = Some(more),
            // What the office keeps aside it tells the tablet when they meet; this hub keeps aside the same by itself.
            _ => {}
        }
        Ok(())
    }

    /// Believes only what the office says it holds now; a chain it does not name it does not hold.
    async fn holds(&mut self, chains: &[HeldChain]) -> Result<(), HubError> {
        let Some(log) = self.log else { return Ok(()) };
        let mut rows = Vec::new();
        for session in &self.named {
            let held = chains.iter().find(|chain| chain.session == *session);
            let frames = held.map_or(0, |held| i64::try_from(held.frames).unwrap_or(i64::MAX));
            if let (Some(held), true) = (held, frames > 0) {
                let own = self.app.store().frame(session.0, frames - 1).await?;
                // More than this hub has: the tablet met the office. Something else under the number: a fork.
                if own.is_some_and(|own| FrameHash(own.hash).prefix() != held.head) {
                    tracing::warn!(code = "CHAIN_FORKED", session = %session);
                    self.refused.push(*session);
                    continue;
                }
            }
            rows.push(RelayedRow { session: session.0, log: log.0, frames });
        }
        Ok(self.app.store().set_relayed(&rows).await?)
    }

    /// Keeps the office's word for the tablet, if it is the office's and about the frames that are here.
    async fn receipt(&self, receipt: &Receipt) -> Result<(), HubError> {
        let mut own = Vec::new();
        for chain in &receipt.chains {
            let frames = self.app.store().frames(chain.session.0, 0, HASHES).await?;
            let frames = frames.into_iter().map(|frame| FrameHash(frame.hash)).collect();
            own.push(ChainFrames { session: chain.session, frames });
        }
        let office = self.app.node.trust.known().office;
        match receipt.verify(&office.subject.public_key, &own) {
            Ok(()) => keep_of_office(self.app.store(), receipt).await?,
            Err(refusal) => tracing::debug!(code = "RECEIPT_NOT_KEPT", reason = refusal.code()),
        }
        Ok(())
    }

    /// Erases what the office erased. The cursors behind it stand only after that.
    async fn tombstone(&self, bytes: &[u8]) -> Result<(), HubError> {
        let certificates = trust::certificates(self.app.store()).await?;
        let tombstone = Tombstone::decode(bytes).map_err(TrustError::from);
        let believed = tombstone.and_then(|tombstone| {
            erasure::verify(&certificates, &tombstone)?;
            Ok(tombstone)
        });
        match believed {
            Ok(tombstone) => self.app.ingest.erase(tombstone).await?,
            Err(error) => tracing::warn!(code = "TOMBSTONE_NOT_TAKEN", reason = error.code()),
        }
        Ok(())
    }

    /// Takes the changes into the log, then remembers how far it was read: twice the same does no harm.
    async fn changes(&mut self, round: &Round, changes: Changes) -> Result<(), HubError> {
        let listings = changes.listings().into_iter();
        let entries: Vec<(Entry, Vec<String>)> = listings
            .filter_map(|(listed, scopes)| match listed {
                Listed::Change(entry) => {
                    Some((entry.clone(), scopes.into_iter().map(str::to_owned).collect()))
                }
                Listed::Yours(_) => None,
            })
            .collect();
        if !entries.is_empty() {
            // The office accepted them; that it is the office, its certificate said when this hub entered.
            self.app.ingest.give_back(Offered { by_office: true, entries }).await?;
        }
        self.pulled.cursors = merged(&self.pulled.cursors, &changes.cursors);
        round.keep_pulled(&self.pulled).await
    }
}

/// Each scope stands at the newest position said of it.
fn merged(before: &[Cursor], after: &[Cursor]) -> Vec<Cursor> {
    let mut positions: BTreeMap<&String, (u64, Rolling)> = BTreeMap::new();
    for cursor in before.iter().chain(after) {
        for scope in &cursor.scopes {
            positions.insert(scope, (cursor.position, cursor.rolling));
        }
    }
    let mut groups: BTreeMap<(u64, Rolling), Vec<String>> = BTreeMap::new();
    for (scope, at) in positions {
        groups.entry(at).or_default().push(scope.clone());
    }
    groups.into_iter().map(|((position, rolling), scopes)| Cursor { position, rolling, scopes }).collect()
}
