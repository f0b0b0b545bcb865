//! The office's word on the chains that this hub carries: what it holds, its receipts, and what it keeps aside.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::{OfficeNoticeRow, RelayedRow};
use mpp_sync::exchange::{ChainFrames, HeldChain, Receipt, ReceiptChain};
use mpp_sync::ids::{FrameHash, SessionId};

use super::HubError;
use super::receive::Incoming;
use crate::ingest::judge::ERASED;
use crate::receipts::keep_of_office;
use crate::ways::{Way, Ways};

impl Incoming {
    /// Believes only what the office says it holds now; a chain it does not name it does not hold.
    pub(super) async fn holds(&mut self, chains: &[HeldChain]) -> Result<(), HubError> {
        let Some(log) = self.log else { return Ok(()) };
        for chain in chains {
            self.held.entry(chain.session).or_default().push((chain.frames, chain.head));
        }
        let mut claims: BTreeMap<SessionId, u64> = BTreeMap::new();
        for (session, frames) in &self.claimed {
            let longest = claims.entry(*session).or_default();
            *longest = (*longest).max(*frames);
        }
        let mut rows = Vec::new();
        for (session, claimed) in claims {
            let mut row = RelayedRow { session: session.0, log: log.0, frames: 0, branches: Vec::new() };
            let heads = self.held.get(&session).map_or(&[][..], Vec::as_slice);
            let ways = if heads.is_empty() { None } else { Some(Ways::of(self.app.store(), session).await?) };
            let mut branches = BTreeSet::new();
            for (frames, head) in heads {
                match ways.as_ref().and_then(|ways| ways.along(*frames, *head)) {
                    Some(Way { hashes, shared }) => {
                        row.frames = row.frames.max(i64::try_from(shared).unwrap_or(i64::MAX));
                        branches.extend(hashes.iter().skip(shared).map(|hash| hash.0));
                    }
                    // More than this hub has: the tablet met the office. Something else under a number: two of it did.
                    None if *frames <= claimed => {
                        tracing::warn!(code = "CHAIN_FORKED", session = %session);
                        self.forked.insert(session);
                    }
                    None => {}
                }
            }
            row.branches.extend(branches);
            rows.push(row);
        }
        Ok(self.app.store().set_relayed(&rows).await?)
    }

    /// Keeps the office's word for the tablet, if it is the office's and about the frames that are here.
    pub(super) async fn receipt(&self, receipt: &Receipt) -> Result<(), HubError> {
        let mut ways = BTreeMap::new();
        for chain in &receipt.chains {
            let all = Ways::of(self.app.store(), chain.session).await?.all();
            ways.insert(chain.session, self.meant(chain, all));
        }
        // Of a session that went on in two ways the office speaks alone: only then there is something to choose.
        let choices = match (receipt.chains.as_slice(), ways.first_key_value()) {
            ([_], Some((_, ways))) => ways.len(),
            _ => 1,
        };
        let office = self.app.node.trust.known().office;
        let mut refusal = None;
        for choice in 0..choices {
            let chosen = |ways: &Vec<Way>| ways.get(choice).or(ways.first()).cloned();
            let chosen: BTreeMap<SessionId, Way> =
                ways.iter().filter_map(|(session, ways)| Some((*session, chosen(ways)?))).collect();
            let frames = |(session, way): (&SessionId, &Way)| ChainFrames {
                session: *session,
                frames: way.hashes.clone(),
            };
            let own: Vec<ChainFrames> = chosen.iter().map(frames).collect();
            match receipt.verify(&office.subject.public_key, &own) {
                Ok(()) => {
                    let parts = |(session, way): (&SessionId, &Way)| Some((*session, way.parts_at()?));
                    let ways: BTreeMap<SessionId, FrameHash> = chosen.iter().filter_map(parts).collect();
                    return Ok(keep_of_office(self.app.store(), receipt, &ways).await?);
                }
                Err(error) => refusal = Some(error),
            }
        }
        if let Some(refusal) = refusal {
            tracing::debug!(code = "RECEIPT_NOT_KEPT", reason = refusal.code());
        }
        Ok(())
    }

    /// The ways that a receipt may mean: those with a frame at its end that the office said it holds.
    fn meant(&self, chain: &ReceiptChain, mut ways: Vec<Way>) -> Vec<Way> {
        let heads = self.held.get(&chain.session).map_or(&[][..], Vec::as_slice);
        ways.retain(|way| {
            let last = usize::try_from(chain.frames).ok().and_then(|frames| frames.checked_sub(1));
            let hash = last.and_then(|last| way.hashes.get(last));
            hash.is_some_and(|hash| heads.contains(&(chain.frames, hash.prefix())))
        });
        ways
    }

    /// Keeps what the office keeps aside of the chains that were named, for the tablets that wrote it. What it no longer
    /// names of a chain that it holds, it has accepted.
    pub(super) async fn settle_notices(&self) -> Result<(), HubError> {
        let store = self.app.store();
        let mut rows = Vec::new();
        let mut aside = self.notices.clone();
        aside.retain(|_, code| !code.is_empty() && code != ERASED);
        for row in store.open_office_notices().await? {
            let session = SessionId(row.session);
            let named = self.held.contains_key(&session)
                && self.claimed.iter().any(|(claimed, _)| *claimed == session);
            let still = aside.keys().any(|(document, hash)| (document.0, hash.0) == (row.document, row.hash));
            if named && !still {
                rows.push(OfficeNoticeRow { code: String::new(), ..row });
            }
        }
        let documents: BTreeSet<[u8; 16]> = aside.keys().map(|(document, _)| document.0).collect();
        let documents: Vec<[u8; 16]> = documents.into_iter().collect();
        let logged = store.changes_of(&documents).await?.into_iter();
        let mut sessions: BTreeMap<([u8; 16], [u8; 32]), [u8; 16]> =
            logged.map(|change| ((change.document, change.hash), change.session)).collect();
        let waiting = store.quarantined_of(&documents).await?.into_iter();
        sessions.extend(waiting.map(|row| ((row.document, row.hash), row.session)));
        for ((document, hash), code) in aside {
            // What did not come through here is no business of this hub.
            let Some(session) = sessions.get(&(document.0, hash.0)) else { continue };
            rows.push(OfficeNoticeRow { document: document.0, hash: hash.0, session: *session, code });
        }
        Ok(store.put_office_notices(&rows).await?)
    }
}
