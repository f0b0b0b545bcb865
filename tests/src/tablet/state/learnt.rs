//! What was learnt of other logs, of receipts, and of batches that need not be kept.

use std::collections::BTreeMap;

use mpp_sync::caller::{Said, Tiers, tiers};
use mpp_sync::exchange::Receipt;
use mpp_sync::ids::SessionId;
use mpp_sync::trust::Tombstone;

use super::{Session, State};
use crate::tablet::record::Learnt;

impl State {
    pub(super) fn learn(&mut self, learnt: Learnt) {
        match learnt {
            Learnt::Adopted { log, from, cursors, ancestors } => {
                let mut book = self.books.remove(&from).unwrap_or_default();
                book.put_cursors(cursors);
                (book.ancestors, book.marks) = (ancestors, 0);
                self.books.insert(log, book);
                self.enter(log);
            }
            Learnt::Receipt { office, receipt } => {
                let read = hex::decode(receipt).ok().and_then(|bytes| Receipt::decode(&bytes).ok());
                if let Some(receipt) = read {
                    self.take_receipt(office, &receipt);
                }
            }
            Learnt::Released { at, by, reason } => self.released = Some((at, by, reason)),
            Learnt::Erased { log, tombstone } => {
                let read = hex::decode(tombstone).ok().and_then(|bytes| Tombstone::decode(&bytes).ok());
                if let Some(tombstone) = read {
                    self.enter(log);
                    self.erase(log, tombstone);
                }
            }
            Learnt::Marks { log, marks } => self.books.entry(log).or_default().marks = marks,
            Learnt::Dropped { batches } => self.batches.drop(&batches),
            Learnt::Placed { batches, log, position } => self.batches.place(&batches, (log, position)),
        }
    }

    fn take_receipt(&mut self, office: bool, receipt: &Receipt) {
        let Receipt { log, issued_at, .. } = *receipt;
        for chain in &receipt.chains {
            let said = Said { office, log, issued_at, frames: chain.frames, backed_up: chain.backed_up };
            let Some(session) = self.session_mut(&chain.session) else { continue };
            let of_log = |known: &Said| (known.office, known.log) == (office, log);
            if !session.said.iter().any(|known| of_log(known) && said.is_older_than(known)) {
                session.said.retain(|known| !of_log(known));
                session.said.push(said);
            }
        }
    }

    /// Whether a verified receipt says something that is not known.
    #[must_use]
    pub fn is_news(&self, office: bool, receipt: &Receipt) -> bool {
        receipt.chains.iter().any(|chain| {
            let known = self.session(&chain.session).into_iter().flat_map(|session| &session.said);
            let mut of_log = known.filter(|said| (said.office, said.log) == (office, receipt.log));
            !of_log.any(|said| said.frames >= chain.frames && said.backed_up >= chain.backed_up)
        })
    }

    /// How safe each session is.
    #[must_use]
    pub fn tiers(&self) -> BTreeMap<SessionId, Tiers> {
        let of_office = || self.sessions.iter().flat_map(|session| &session.said).filter(|said| said.office);
        let office_log = of_office().max_by_key(|said| said.issued_at).map(|said| said.log);
        let of = |session: &Session| tiers(session.frames.len() as u64, &session.said, office_log);
        self.sessions.iter().map(|session| (session.id, of(session))).collect()
    }

    /// When, by whom and why the tablet was released.
    #[must_use]
    pub fn released(&self) -> Option<&(u64, String, String)> {
        self.released.as_ref()
    }
}
