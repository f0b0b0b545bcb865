//! Documents that were erased by law: what they were is gone, that they were erased stays.

use std::collections::BTreeMap;

use mpp_sync::frame::Frame;
use mpp_sync::ids::{ChangeHash, DocumentId, Kind, LogId};
use mpp_sync::save::Entry;
use mpp_sync::trust::Tombstone;

use super::State;

impl State {
    /// Drops the document, as a node of the log `log` said. Other logs may still list it: they say so themselves when they
    /// heard, and until then what they list is counted, by name only.
    pub(super) fn erase(&mut self, log: LogId, tombstone: Tombstone) {
        let document = tombstone.erased.document;
        self.documents.remove(&document);
        self.views.remove(&document);
        self.by_reference.retain(|_, known| *known != document);
        self.notices.retain(|(of, _), _| *of != document);
        for session in &mut self.sessions {
            for entry in session.waiting.iter_mut().flat_map(|save| &mut save.entries) {
                if entry.document == document {
                    *entry = entry.erased();
                }
            }
            for frame in &mut session.frames {
                if let Some(left) = left_of(&frame.bytes, |other| *other == document) {
                    frame.bytes = left;
                }
            }
        }
        if let Some(book) = self.books.get_mut(&log) {
            book.forget(&document);
        }
        self.erased.insert(document, tombstone);
        let erased = &self.erased;
        self.batches.retain_any(|document| !erased.contains_key(document));
    }

    /// Whether the document was erased.
    #[must_use]
    pub fn is_erased(&self, document: &DocumentId) -> bool {
        self.erased.contains_key(document)
    }

    /// The tombstones by document.
    #[must_use]
    pub fn erased(&self) -> &BTreeMap<DocumentId, Tombstone> {
        &self.erased
    }

    /// Whether something of the document is here, or the log still lists it.
    #[must_use]
    pub fn has_of(&self, log: LogId, document: &DocumentId) -> bool {
        self.documents.contains_key(document) || self.books.get(&log).is_some_and(|book| book.lists(document))
    }

    /// A change as it is given back: of an erased document its name, which is what the batch's signature covers.
    #[must_use]
    pub fn given(&self, document: &DocumentId, hash: &ChangeHash) -> Option<Entry> {
        if !self.is_erased(document) {
            return self.entry(document, hash);
        }
        let whole = Entry {
            document: *document,
            kind: Kind::Resident,
            counter: None,
            hash: *hash,
            bytes: Vec::new(),
        };
        Some(whole.erased())
    }
}

/// The bytes of a frame without the contents of some documents; none when it has none of them.
pub fn left_of(frame: &[u8], gone: impl Fn(&DocumentId) -> bool) -> Option<Vec<u8>> {
    Some(Frame::decode(frame).ok()?.without(gone)?.encode())
}
