//! What the journal means: documents with their views, sessions with their frames, cursors.

use std::collections::{BTreeMap, HashMap};

use mpp_sync::caller::{Batches, Book, Name, Place, Said};
use mpp_sync::document::Document;
use mpp_sync::exchange::{ChainFrames, Cursor};
use mpp_sync::frame::SessionHeader;
use mpp_sync::ids::{ChangeHash, DocumentId, FrameHash, Kind, LogId, SaveHash, SessionId};
use mpp_sync::save::{Entry, Save};
use mpp_sync::trust::Tombstone;
use mpp_sync::view::View;

use super::record::Record;

pub use erased::left_of;

mod erased;
mod learnt;

/// The application field that carries an operation's `ref`, so that other tablets find it.
pub const REFERENCE_FIELD: &str = "ref";

/// A document as stored: its raw changes, each once.
#[derive(Debug)]
pub struct StoredDocument {
    /// The kind.
    pub kind: Kind,
    /// The raw changes.
    pub changes: Vec<Vec<u8>>,
    /// Where each stands, and the session's counter on the first one.
    known: HashMap<ChangeHash, (usize, Option<u32>)>,
}

/// A frame that was cut.
#[derive(Debug)]
pub struct StoredFrame {
    /// The hash.
    pub hash: FrameHash,
    /// The bytes, signature included.
    pub bytes: Vec<u8>,
}

/// One start of the tablet that saved something.
#[derive(Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What its first frame says.
    pub header: SessionHeader,
    /// Counter of the next document.
    pub next_counter: u32,
    /// Saves that are in no frame yet, oldest first.
    pub waiting: Vec<Save>,
    /// Number and hash of the last save.
    pub last_save: Option<(u64, SaveHash)>,
    /// The frames from 0 on.
    pub frames: Vec<StoredFrame>,
    /// How many of them the node last spoken to said it holds.
    pub confirmed: u64,
    /// The same of every node, by its log.
    held: BTreeMap<LogId, u64>,
    /// What verified receipts said last, of each log.
    said: Vec<Said>,
}

impl Session {
    /// The hashes of its frames, as receipts are verified by.
    #[must_use]
    pub fn chain(&self) -> ChainFrames {
        ChainFrames { session: self.id, frames: self.frames.iter().map(|frame| frame.hash).collect() }
    }
}

/// Everything the tablet knows.
#[derive(Debug, Default)]
pub struct State {
    documents: HashMap<DocumentId, StoredDocument>,
    views: BTreeMap<DocumentId, View>,
    by_reference: HashMap<String, DocumentId>,
    sessions: Vec<Session>,
    log: Option<LogId>,
    books: BTreeMap<LogId, Book>,
    batches: Batches,
    notices: BTreeMap<(DocumentId, ChangeHash), String>,
    released: Option<(u64, String, String)>,
    erased: BTreeMap<DocumentId, Tombstone>,
}

impl State {
    /// Takes a record in; returns the documents whose views are now old.
    pub fn replay(&mut self, record: Record) -> Vec<DocumentId> {
        match record {
            Record::Session { session, header } => {
                self.sessions.push(Session {
                    id: session,
                    header,
                    next_counter: 0,
                    waiting: Vec::new(),
                    last_save: None,
                    frames: Vec::new(),
                    confirmed: 0,
                    held: BTreeMap::new(),
                    said: Vec::new(),
                });
                Vec::new()
            }
            Record::Saves { session, next_counter, saves } => {
                let entries: Vec<Entry> = saves.iter().flat_map(|save| save.entries.clone()).collect();
                if let Some(session) = self.session_mut(&session) {
                    session.next_counter = next_counter;
                    session.last_save = saves.last().map(|save| (save.number, save.hash));
                    session.waiting.extend(saves);
                }
                self.store(entries)
            }
            Record::Frame { session, hash, saves, bytes, .. } => {
                if let Some(session) = self.session_mut(&session) {
                    let taken = usize::try_from(saves).unwrap_or(usize::MAX).min(session.waiting.len());
                    session.waiting.drain(..taken);
                    session.frames.push(StoredFrame { hash, bytes });
                }
                Vec::new()
            }
            Record::Received { log, entries, cursors, page } => {
                self.enter(log);
                if let Some(signed) = page.signed.clone() {
                    let position = cursors.iter().map(|cursor| cursor.position).max().unwrap_or(0);
                    self.batches.keep((log, position), signed, &entries, &page.listings);
                }
                self.books.entry(log).or_default().take(page, cursors);
                self.store(entries)
            }
            Record::Learnt(learnt) => {
                self.learn(learnt);
                Vec::new()
            }
            Record::Notice { document, hash, code } => {
                if code.is_empty() {
                    self.notices.remove(&(document, hash));
                } else {
                    self.notices.insert((document, hash), code);
                }
                Vec::new()
            }
            Record::Held { log, session, frames } => {
                self.enter(log);
                if let Some(session) = self.session_mut(&session) {
                    session.confirmed = frames;
                    session.held.insert(log, frames);
                }
                Vec::new()
            }
        }
    }

    /// Another log knows nothing of what this one confirmed, and its positions mean something else: each keeps its own,
    /// for a tablet that meets the hub and the office in turn.
    fn enter(&mut self, log: LogId) {
        if self.log != Some(log) {
            self.log = Some(log);
            for session in &mut self.sessions {
                session.confirmed = session.held.get(&log).copied().unwrap_or(0);
            }
        }
    }

    /// What is known of a log.
    #[must_use]
    pub fn book(&self, log: LogId) -> Option<&Book> {
        self.books.get(&log)
    }

    /// How far every log was read.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let place = |(log, book): (&LogId, &Book)| Place { log: *log, cursors: book.place() };
        self.books.iter().map(place).filter(|place| !place.cursors.is_empty()).collect()
    }

    /// What is kept to be given back.
    #[must_use]
    pub fn batches(&self) -> &Batches {
        &self.batches
    }

    /// A change that is here.
    #[must_use]
    pub fn entry(&self, document: &DocumentId, hash: &ChangeHash) -> Option<Entry> {
        let stored = self.documents.get(document)?;
        let (at, counter) = *stored.known.get(hash)?;
        let bytes = stored.changes.get(at)?.clone();
        Some(Entry { document: *document, kind: stored.kind, counter, hash: *hash, bytes })
    }

    /// Counts the sums of every log again over the changes that are here. Returns how many listed ones are not.
    pub fn recount(&mut self) -> usize {
        let Self { books, documents, erased, .. } = self;
        // What a log lists that did not hear of an erasure is here by name.
        let holds = |name: &Name| {
            erased.contains_key(&name.document)
                || documents.get(&name.document).is_some_and(|stored| stored.known.contains_key(&name.hash))
        };
        books.values_mut().map(|book| book.recount(holds)).sum()
    }

    /// Whether the tablet has read another log than the one last spoken to.
    #[must_use]
    pub fn keeps_other_logs(&self) -> bool {
        self.places().iter().any(|place| Some(place.log) != self.log)
    }

    fn store(&mut self, entries: Vec<Entry>) -> Vec<DocumentId> {
        let mut touched = Vec::new();
        for entry in entries {
            if entry.is_erased() || self.is_erased(&entry.document) {
                continue;
            }
            let document = self.documents.entry(entry.document).or_insert_with(|| StoredDocument {
                kind: entry.kind,
                changes: Vec::new(),
                known: HashMap::new(),
            });
            if !document.known.contains_key(&entry.hash) {
                document.known.insert(entry.hash, (document.changes.len(), entry.counter));
                document.changes.push(entry.bytes);
                if touched.last() != Some(&entry.document) {
                    touched.push(entry.document);
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    /// Opens a document from its changes.
    #[must_use]
    pub fn open(&self, id: &DocumentId) -> Option<Document> {
        let stored = self.documents.get(id)?;
        Some(Document::open(stored.kind, *id, &stored.changes).0)
    }

    /// Reads a document's view anew.
    pub fn read(&mut self, id: DocumentId) {
        let Some(view) = self.open(&id).as_ref().and_then(View::of) else { return };
        if let View::Application(application) = &view
            && let Some(reference) = application.fields.get(REFERENCE_FIELD)
        {
            self.by_reference.insert(reference.clone(), id);
        }
        self.views.insert(id, view);
    }

    /// Reads every view, after the journal was replayed.
    pub fn read_all(&mut self) {
        let ids: Vec<DocumentId> = self.documents.keys().copied().collect();
        for id in ids {
            self.read(id);
        }
    }

    /// All views by document.
    #[must_use]
    pub fn views(&self) -> &BTreeMap<DocumentId, View> {
        &self.views
    }

    /// The application of an operation's `ref`.
    #[must_use]
    pub fn application_of(&self, reference: &str) -> Option<DocumentId> {
        self.by_reference.get(reference).copied()
    }

    /// All sessions, oldest first.
    #[must_use]
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// One session.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == *id)
    }

    fn session_mut(&mut self, id: &SessionId) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == *id)
    }

    /// The log that was read last.
    #[must_use]
    pub fn log(&self) -> Option<LogId> {
        self.log
    }

    /// How far these scopes were read; those read equally far share a cursor.
    #[must_use]
    pub fn cursors(&self, scopes: &[String]) -> Vec<Cursor> {
        let book = self.log.and_then(|log| self.books.get(&log));
        book.unwrap_or(&Book::default()).cursors(scopes)
    }

    /// Changes of ours that the office keeps aside, with their codes.
    #[must_use]
    pub fn notices(&self) -> &BTreeMap<(DocumentId, ChangeHash), String> {
        &self.notices
    }
}
