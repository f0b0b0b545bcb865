//! What the office answers to a hub, record by record: an error may come after some of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpp_sync::exchange::{Changes, Cursor, Hello, Listed, ResponseRecord};
use mpp_sync::ids::{ChangeHash, DocumentId, FramePrefix, LogId, Rolling, SessionId};
use mpp_sync::save::Entry;
use mpp_sync::trust::{Tombstone, TrustError};

use super::HubError;
use super::backup::keep_backup_of_office;
use super::round::{Pulled, Round};
use crate::app::App;
use crate::ingest::Offered;
use crate::{erasure, trust};

/// What one exchange brought.
#[derive(Debug)]
pub(super) struct Outcome {
    pub more: bool,
    pub new_log: bool,
    pub log: LogId,
    pub marks: u64,
    /// Sessions with a frame that the office does not take.
    pub refused: BTreeSet<SessionId>,
    /// Sessions of which the office holds something else than this hub.
    pub forked: BTreeSet<SessionId>,
}

pub(super) struct Incoming {
    pub(super) app: Arc<App>,
    /// The sessions of the hello, in its order.
    pub(super) claimed: Vec<(SessionId, u64)>,
    pub(super) log: Option<LogId>,
    /// What the office holds of each session: every way's end, and how much of what was named.
    pub(super) held: BTreeMap<SessionId, Vec<(u64, FramePrefix)>>,
    pub(super) forked: BTreeSet<SessionId>,
    /// What the office keeps aside or (code empty) accepted after all.
    pub(super) notices: BTreeMap<(DocumentId, ChangeHash), String>,
    pulled: Pulled,
    new_log: bool,
    marks: u64,
    refused: BTreeSet<SessionId>,
    /// A page was not taken: nothing after it counts.
    page_refused: bool,
    more: Option<bool>,
}

impl Incoming {
    pub(super) fn new(app: Arc<App>, hello: &Hello, pulled: Pulled) -> Self {
        Self {
            app,
            claimed: hello.chains.iter().map(|chain| (chain.session, chain.frames)).collect(),
            log: None,
            held: BTreeMap::new(),
            forked: BTreeSet::new(),
            notices: BTreeMap::new(),
            pulled,
            new_log: false,
            marks: 0,
            refused: BTreeSet::new(),
            page_refused: false,
            more: None,
        }
    }

    /// What came, if it came whole.
    pub(super) async fn finish(self) -> Result<Outcome, HubError> {
        let cut = || HubError::Unreachable("the answer was cut off".to_owned());
        let more = self.more.ok_or_else(cut)? || self.page_refused;
        let log = self.log.ok_or_else(cut)?;
        self.settle_notices().await?;
        let Self { new_log, marks, refused, forked, .. } = self;
        Ok(Outcome { more, new_log, log, marks, refused, forked })
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
                self.refused.insert(session);
            }
            ResponseRecord::Receipt(receipt) => self.receipt(&receipt).await?,
            ResponseRecord::Notice { document, hash, code } => {
                self.notices.insert((document, hash), code);
            }
            ResponseRecord::Tombstone(bytes) => self.tombstone(&bytes).await?,
            ResponseRecord::Changes(changes) => self.changes(round, changes).await?,
            ResponseRecord::End { more } => self.more = Some(more),
            _ => {}
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
        // What the office leaves out as ours may be the other way's; the session is claimed without frames next time.
        let not_ours = |listed: &Listed| match listed {
            Listed::Yours(yours) => {
                let claim = usize::try_from(yours.chain).ok().and_then(|chain| self.claimed.get(chain));
                claim.is_none_or(|(session, _)| self.forked.contains(session))
            }
            Listed::Change(_) => false,
        };
        self.page_refused |= changes.entries.iter().any(not_ours);
        if self.page_refused {
            return Ok(());
        }
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
