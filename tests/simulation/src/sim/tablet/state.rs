//! What a tablet keeps, as rows of its disk, and what they come to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mpp_sync::caller::{Batches, Book, Name, Page, Place};
use mpp_sync::document::{Document, is_whole};
use mpp_sync::exchange::{Ancestor, Cursor};
use mpp_sync::frame::SessionHeader;
use mpp_sync::ids::{ChangeHash, DocumentId, FrameHash, Kind, LogId, SaveHash, SessionId};
use mpp_sync::save::{Entry, Save};

use crate::sim::store::Key;

/// What a tablet writes to its disk. Rows that belong together are one row.
#[derive(Debug, Clone)]
pub enum Row {
    /// A session begins with its first save.
    Session { session: SessionId, header: SessionHeader },
    /// A save with the counter of the next document.
    Save { session: SessionId, next_counter: u32, save: Save },
    /// A frame of the oldest saves that were in none.
    Frame { session: SessionId, hash: FrameHash, saves: usize, bytes: Vec<u8> },
    /// Changes that came down, with the cursors after them and what the page lists.
    Received { log: LogId, entries: Vec<Entry>, cursors: Vec<Cursor>, page: Page },
    /// A log goes on from one that was read.
    Adopted { log: LogId, from: LogId, cursors: Vec<Cursor>, ancestors: Vec<Ancestor> },
    /// Batches that another log has too, up to this position.
    Placed { batches: Vec<u64>, log: LogId, position: u64 },
    /// Batches that need not be kept.
    Dropped { batches: Vec<u64> },
    /// How many frames a node said it holds.
    Held { log: LogId, session: SessionId, frames: u64 },
    /// A change that a node keeps aside; an empty code takes it back.
    Notice { document: DocumentId, hash: ChangeHash, code: String },
}

/// One start of the app that saved something.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub header: SessionHeader,
    pub next_counter: u32,
    pub saves: u64,
    pub last_save: Option<SaveHash>,
    pub waiting: Vec<Save>,
    pub frames: Vec<(FrameHash, Arc<Vec<u8>>)>,
    /// What each frame carries.
    pub carried: Vec<Vec<Key>>,
}

/// A document as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    pub kind: Kind,
    pub changes: Vec<(ChangeHash, Vec<u8>)>,
    known: HashMap<ChangeHash, (usize, Option<u32>)>,
}

/// What the rows come to.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub documents: BTreeMap<DocumentId, Stored>,
    pub sessions: Vec<Session>,
    /// How many frames of each session a log is known to hold.
    pub confirmed: BTreeMap<LogId, BTreeMap<SessionId, u64>>,
    /// What each log listed, and how far it was read.
    pub books: BTreeMap<LogId, Book>,
    /// What is kept to be given back.
    pub batches: Batches,
    pub notices: BTreeMap<(DocumentId, ChangeHash), String>,
    /// What it wrote itself, with the session.
    pub written: BTreeMap<Key, SessionId>,
}

impl State {
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Arc<Row>>) -> Self {
        let mut state = Self::default();
        for row in rows {
            state.replay(row);
        }
        state
    }

    /// Takes a row in.
    pub fn replay(&mut self, row: &Row) {
        match row {
            Row::Session { session, header } => self.sessions.push(Session {
                id: *session,
                header: header.clone(),
                next_counter: 0,
                saves: 0,
                last_save: None,
                waiting: Vec::new(),
                frames: Vec::new(),
                carried: Vec::new(),
            }),
            Row::Save { session, next_counter, save } => {
                self.written.extend(save.entries.iter().map(|entry| (key_of(entry), *session)));
                self.store(&save.entries);
                if let Some(session) = self.session_mut(*session) {
                    session.next_counter = *next_counter;
                    session.saves = save.number + 1;
                    session.last_save = Some(save.hash);
                    session.waiting.push(save.clone());
                }
            }
            Row::Frame { session, hash, saves, bytes } => {
                if let Some(session) = self.session_mut(*session) {
                    let taken: Vec<Save> = session.waiting.drain(..*saves).collect();
                    session
                        .carried
                        .push(taken.iter().flat_map(|save| save.entries.iter().map(key_of)).collect());
                    session.frames.push((*hash, Arc::new(bytes.clone())));
                }
            }
            Row::Received { log, entries, cursors, page } => {
                if let Some(signed) = page.signed.clone() {
                    let position = cursors.iter().map(|cursor| cursor.position).max().unwrap_or(0);
                    self.batches.keep((*log, position), signed, entries, &page.listings);
                }
                self.books.entry(*log).or_default().take(page.clone(), cursors.clone());
                self.store(entries);
            }
            Row::Adopted { log, from, cursors, ancestors } => {
                let mut book = self.books.remove(from).unwrap_or_default();
                book.put_cursors(cursors.clone());
                book.ancestors.clone_from(ancestors);
                self.books.insert(*log, book);
            }
            Row::Placed { batches, log, position } => self.batches.place(batches, (*log, *position)),
            Row::Dropped { batches } => self.batches.drop(batches),
            Row::Held { log, session, frames } => {
                self.confirmed.entry(*log).or_default().insert(*session, *frames);
            }
            Row::Notice { document, hash, code } if code.is_empty() => {
                self.notices.remove(&(*document, *hash));
            }
            Row::Notice { document, hash, code } => {
                self.notices.insert((*document, *hash), code.clone());
            }
        }
    }

    fn store(&mut self, entries: &[Entry]) {
        // A row that has rotted is no change: the sums show that it is missing.
        for entry in entries.iter().filter(|entry| is_whole(&entry.bytes, &entry.hash)) {
            let document = self.documents.entry(entry.document).or_insert_with(|| Stored {
                kind: entry.kind,
                changes: Vec::new(),
                known: HashMap::new(),
            });
            if !document.known.contains_key(&entry.hash) {
                document.known.insert(entry.hash, (document.changes.len(), entry.counter));
                document.changes.push((entry.hash, entry.bytes.clone()));
            }
        }
    }

    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    pub fn has(&self, key: &Key) -> bool {
        let document = self.documents.get(&DocumentId(key.0));
        document.is_some_and(|document| document.known.contains_key(&ChangeHash(key.1)))
    }

    /// Opens a document from what is stored.
    pub fn open(&self, id: &DocumentId) -> Option<Document> {
        let stored = self.documents.get(id)?;
        let raw: Vec<&Vec<u8>> = stored.changes.iter().map(|(_, bytes)| bytes).collect();
        Some(Document::open(stored.kind, *id, &raw).0)
    }

    /// A change that is here.
    pub fn entry(&self, document: &DocumentId, hash: &ChangeHash) -> Option<Entry> {
        let stored = self.documents.get(document)?;
        let (at, counter) = *stored.known.get(hash)?;
        let (_, bytes) = stored.changes.get(at)?;
        Some(Entry { document: *document, kind: stored.kind, counter, hash: *hash, bytes: bytes.clone() })
    }

    /// How far every log was read.
    pub fn places(&self) -> Vec<Place> {
        let place = |(log, book): (&LogId, &Book)| Place { log: *log, cursors: book.place() };
        self.books.iter().map(place).filter(|place| !place.cursors.is_empty()).collect()
    }

    /// Counts the sums of every log again over the changes that are here. Returns how many listed ones are not.
    pub fn recount(&mut self) -> usize {
        let Self { books, documents, .. } = self;
        let holds = |name: &Name| {
            documents.get(&name.document).is_some_and(|stored| stored.known.contains_key(&name.hash))
        };
        books.values_mut().map(|book| book.recount(holds)).sum()
    }

    /// How many frames of a session a log is known to hold.
    pub fn confirmed(&self, log: Option<LogId>, session: SessionId) -> u64 {
        let known = log.and_then(|log| self.confirmed.get(&log)?.get(&session));
        known.copied().unwrap_or(0)
    }

    /// Frames that a log is not known to hold, of sessions other than these.
    pub fn unconfirmed(&self, log: Option<LogId>, but: &BTreeSet<SessionId>) -> u64 {
        let left =
            |session: &Session| (session.frames.len() as u64).saturating_sub(self.confirmed(log, session.id));
        self.sessions.iter().filter(|session| !but.contains(&session.id)).map(left).sum()
    }
}

/// What a change is named by.
pub fn key_of(entry: &Entry) -> Key {
    (entry.document.0, entry.hash.0)
}
