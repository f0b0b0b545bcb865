//! Batches that are given back after a restore.

use mpp_store::Accepted;
use mpp_sync::check::{AcceptedChange, Role, Writer};
use mpp_sync::document::{Refusal, contents_of, session_of};
use mpp_sync::ids::{DocumentId, SessionId};
use mpp_sync::save::Entry;

use super::changes::open;
use super::{HUB_ATTESTED, Judge, OFFERED, Offered};

impl Judge {
    /// Takes back changes that an office had accepted before and that are no longer here. What a hub alone vouches for
    /// waits until its author's frame comes.
    pub(super) fn offer(&mut self, offered: Offered) {
        for (entry, scopes) in offered.entries {
            let Some(session) = contents_of(&entry.bytes).and_then(session_of) else { continue };
            if self.facts.erased.contains(&entry.document) {
                continue;
            }
            if !offered.by_office {
                let known =
                    open(&mut self.open, &mut self.facts.documents, &entry).document.knows(&entry.hash);
                let mut parked = self.facts.parked.iter();
                let waits = parked.any(|row| (row.document, row.hash) == (entry.document.0, entry.hash.0));
                if !known && !waits {
                    self.put_aside(&entry, session, OFFERED, HUB_ATTESTED);
                }
                continue;
            }
            match self.check_offered(&entry, session, &scopes) {
                Ok(None) => self.list_too(&entry, scopes),
                Ok(Some(change)) => self.accepted.push(Accepted::new(&change, OFFERED, self.now)),
                Err(refusal) => {
                    let code = self.reason(&entry, refusal);
                    self.put_aside(&entry, session, OFFERED, &code);
                }
            }
        }
    }

    /// Asks the core about a change that an office accepted before: the rights of its writer were looked at then.
    pub(super) fn check_offered(
        &mut self,
        entry: &Entry,
        session: SessionId,
        scopes: &[String],
    ) -> Result<Option<AcceptedChange>, Refusal> {
        let day = self.chains.get(&session).and_then(|chain| chain.day).map(DocumentId);
        self.ask(entry, &Writer { session, role: Role::Office, day, granted: &[] }, scopes)
    }
}
