//! Filling a page of a pull: what every backend does with the rows it read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{Cursor, Hash, Id, LoggedChange, OwnChange, PullPage, PullQuery, PulledGroup, TombstoneRow};

/// A change as one of the scopes asked for lists it.
#[derive(Debug, Clone)]
pub struct Entered {
    /// The position where it entered.
    pub at: i64,
    /// The change.
    pub change: LoggedChange,
    /// The scopes among those asked for that list it there.
    pub scopes: Vec<String>,
}

/// The page being filled.
#[derive(Debug)]
pub struct Filling {
    /// The page so far.
    pub page: PullPage,
    seen: HashMap<(Id, Hash), usize>,
    own: BTreeMap<(Id, Hash), OwnChange>,
    held: BTreeMap<Id, i64>,
    name_own: bool,
    bytes: usize,
    max_bytes: usize,
}

impl Filling {
    /// An empty page for the query.
    #[must_use]
    pub fn new(query: &PullQuery) -> Self {
        Self {
            page: PullPage::default(),
            seen: HashMap::new(),
            own: BTreeMap::new(),
            held: query.held.iter().copied().collect(),
            name_own: query.name_own,
            bytes: 0,
            max_bytes: query.max_bytes,
        }
    }

    /// Whether the page has as many bytes as it may.
    #[must_use]
    pub fn full(&self) -> bool {
        self.bytes >= self.max_bytes
    }

    fn add(&mut self, entered: Entered) {
        let Entered { change, scopes, .. } = entered;
        let name = (change.document, change.hash);
        // A change that came without its frame is sent: its author may not know that it is here.
        let held = self.held.get(&change.session);
        if change.frame >= 0 && held.is_some_and(|frames| change.frame < *frames) {
            if self.name_own {
                let own = self.own.entry(name).or_insert_with(|| OwnChange {
                    document: change.document,
                    hash: change.hash,
                    session: change.session,
                    frame: change.frame,
                    listed: BTreeSet::new(),
                });
                own.listed.extend(scopes);
            }
            return;
        }
        let next = self.page.changes.len();
        let index = *self.seen.entry(name).or_insert(next);
        if index == next {
            self.bytes += change.bytes.len();
            self.page.changes.push(change);
            self.page.listed.push(BTreeSet::new());
        }
        if let Some(listed) = self.page.listed.get_mut(index) {
            listed.extend(scopes);
        }
    }

    /// Adds entries until the page is full and the position complete. The last complete position, if any.
    pub fn add_positions(&mut self, entries: Vec<Entered>, before: i64) -> Option<i64> {
        let mut reached = before;
        for entered in entries {
            if entered.at != reached && self.full() {
                break;
            }
            reached = entered.at;
            self.add(entered);
        }
        (reached != before).then_some(reached)
    }

    /// Adds what was erased; of several scopes once.
    pub fn bury(&mut self, tombstones: Vec<TombstoneRow>) {
        for row in tombstones {
            if !self.page.tombstones.contains(&row.bytes) {
                self.page.tombstones.push(row.bytes);
            }
        }
    }

    /// A group of scopes stands at `cursor` now.
    pub fn arrive(&mut self, cursor: Cursor, scopes: &[String]) {
        match self.page.groups.iter_mut().find(|group| group.cursor == cursor) {
            Some(group) => group.scopes.extend_from_slice(scopes),
            None => self.page.groups.push(PulledGroup { cursor, scopes: scopes.to_vec() }),
        }
    }

    /// The page, with the caller's own changes by frame.
    #[must_use]
    pub fn finish(mut self) -> PullPage {
        self.page.own = self.own.into_values().collect();
        self.page.own.sort_by_key(|own| (own.session, own.frame));
        self.page
    }
}
