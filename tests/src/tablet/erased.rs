//! What the office erased goes here too: from what the tablet knows at once, from its storage before the exchange ends or
//! at the next start.

use std::collections::BTreeSet;

use mpp_sync::ids::DocumentId;
use mpp_sync::save::Entry;
use mpp_sync::trust::Tombstone;

use super::incoming::Answer;
use super::journal::Journal;
use super::record::{Learnt, Record};
use super::state::left_of;
use super::{Tablet, TabletError};

impl Tablet {
    /// Takes a tombstone that a node of the office signed. One that cannot be believed and takes nothing from here, as of
    /// an office key from before this tablet's time, is passed over; of a key that is new here nothing behind it counts,
    /// and its certificate is asked for.
    pub(super) fn take_tombstone(&mut self, bytes: &[u8], answer: &mut Answer) -> Result<(), TabletError> {
        let log = answer.log.ok_or(TabletError::Damaged("a tombstone before the welcome"))?;
        let tombstone = Tombstone::decode(bytes).map_err(TabletError::Protocol)?;
        let document = tombstone.erased.document;
        let has_of = self.state.has_of(log, &document);
        if self.state.is_erased(&document) && !has_of {
            return Ok(());
        }
        if self.is_stranger(tombstone.signer) {
            answer.refused = true;
            return Ok(());
        }
        let office = self.nodes.get(&tombstone.signer).map(|node| &node.certificate);
        if office.is_none_or(|office| tombstone.verify(office).is_err()) {
            return if has_of { Err(TabletError::NotBelieved("TOMBSTONE_INVALID")) } else { Ok(()) };
        }
        self.unclean |= has_of;
        self.commit(vec![Record::Learnt(Learnt::Erased { log, tombstone: hex::encode(bytes) })])
    }

    /// Writes the journal again without what was erased, if something was since the last time.
    pub(super) fn clean_journal(&mut self) -> Result<(), TabletError> {
        if self.unclean {
            let mut records = self.journal.records()?;
            if forget(&mut records) {
                self.journal.rewrite(&records)?;
            }
            self.unclean = false;
        }
        Ok(())
    }
}

/// Takes the contents of erased documents out of a journal that was just opened: the last start may have ended between
/// the tombstone and that.
pub(super) fn clean(journal: &mut Journal, records: &mut [Record]) -> Result<(), TabletError> {
    if forget(records) { journal.rewrite(records) } else { Ok(()) }
}

/// Leaves of the erased documents only the names. Says whether there was something to take out.
fn forget(records: &mut [Record]) -> bool {
    let gone: BTreeSet<DocumentId> = records.iter().filter_map(erased_by).collect();
    let mut found = false;
    for record in records.iter_mut().filter(|_| !gone.is_empty()) {
        match record {
            Record::Saves { saves, .. } => {
                for save in saves {
                    found |= forget_entries(&mut save.entries, &gone);
                }
            }
            Record::Received { entries, .. } => found |= forget_entries(entries, &gone),
            Record::Frame { bytes, .. } => {
                if let Some(left) = left_of(bytes, |document| gone.contains(document)) {
                    *bytes = left;
                    found = true;
                }
            }
            Record::Session { .. } | Record::Notice { .. } | Record::Held { .. } | Record::Learnt(_) => {}
        }
    }
    found
}

fn forget_entries(entries: &mut [Entry], gone: &BTreeSet<DocumentId>) -> bool {
    let whole = entries.iter_mut().filter(|entry| gone.contains(&entry.document) && !entry.is_erased());
    whole.map(|entry| *entry = entry.erased()).count() > 0
}

fn erased_by(record: &Record) -> Option<DocumentId> {
    let Record::Learnt(Learnt::Erased { tombstone, .. }) = record else { return None };
    Some(Tombstone::decode(&hex::decode(tombstone).ok()?).ok()?.erased.document)
}
