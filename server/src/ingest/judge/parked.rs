//! Changes that were kept aside, tried again.

use mpp_store::{Accepted, QuarantineRow};
use mpp_sync::document::Refusal;
use mpp_sync::ids::{ChangeHash, DocumentId, Kind, SessionId};
use mpp_sync::save::Entry;

use super::Judge;
use crate::ingest::Notice;

impl Judge {
    /// Tries what is parked until nothing more passes; returns what was accepted after all.
    pub(super) fn retry_parked(&mut self) -> Vec<Notice> {
        let mut waiting = std::mem::take(&mut self.facts.parked);
        let parked_now = self
            .aside
            .values()
            .filter(|row| Refusal::from_code(&row.code).is_some_and(Refusal::may_pass_later));
        waiting.extend(parked_now.cloned());
        let mut lifted = Vec::new();
        loop {
            let before = waiting.len();
            waiting.retain(|row| {
                let Some(entry) = entry_of(row) else { return true };
                let session = SessionId(row.session);
                let asked = if row.frame < 0 {
                    self.check_offered(&entry, session, &[])
                } else {
                    self.check(&entry, session)
                };
                match asked {
                    Err(_) => true,
                    Ok(change) => {
                        self.aside.remove(&(entry.document, entry.hash));
                        self.accepted
                            .extend(change.map(|change| Accepted::new(&change, row.frame, row.received_at)));
                        lifted.push(Notice {
                            session: SessionId(row.session),
                            document: entry.document,
                            hash: entry.hash,
                            code: String::new(),
                        });
                        false
                    }
                }
            });
            if waiting.len() == before || waiting.is_empty() {
                return lifted;
            }
        }
    }
}

fn entry_of(row: &QuarantineRow) -> Option<Entry> {
    Some(Entry {
        document: DocumentId(row.document),
        kind: Kind::of(u8::try_from(row.kind).ok()?),
        counter: row.counter.and_then(|counter| u32::try_from(counter).ok()),
        hash: ChangeHash(row.hash),
        bytes: row.bytes.clone(),
    })
}
