//! The tables of a node in memory: what the SQL of the real stores keeps, rebuilt from the disk's rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use mpp_store::{
    Accepted, Append, BranchFrameRow, ChainRow, ChangeRow, Cursor, DeviceRow, FrameRow, GrantRow, Hash, Id,
    LoggedChange, PullGroup, QuarantineRow, Rolling,
};

/// One durable transaction of a node.
#[derive(Debug, Clone)]
pub enum Transaction {
    /// What the ingest writes.
    Append(Arc<Append>),
    /// A device was registered, or renamed.
    Device(Arc<DeviceRow>),
    /// A device was revoked.
    Revoked(Id, i64),
    /// A device was put on a day.
    Grant(Arc<GrantRow>),
}

/// What the transactions come to.
#[derive(Debug, Default, Clone)]
pub struct Tables {
    /// The log's end.
    pub head: Cursor,
    /// The log in order.
    pub log: Vec<LoggedChange>,
    rolling: Vec<Rolling>,
    known: HashMap<(Id, Hash), usize>,
    by_document: HashMap<Id, Vec<usize>>,
    /// Chains by session.
    pub chains: BTreeMap<Id, ChainRow>,
    /// Frames by session and number.
    pub frames: BTreeMap<(Id, i64), FrameRow>,
    /// Where which change entered which scope, by position.
    entries: Vec<(i64, String, usize)>,
    entered: HashSet<(String, usize)>,
    scopes: HashMap<Id, BTreeSet<String>>,
    /// Frames of second branches.
    pub branches: Vec<BranchFrameRow>,
    /// What is kept aside.
    pub quarantine: BTreeMap<(Id, Hash), QuarantineRow>,
    /// Devices by id.
    pub devices: BTreeMap<Id, DeviceRow>,
    /// Grants in the order in which they were given.
    pub grants: Vec<GrantRow>,
}

impl Tables {
    /// Takes a transaction in.
    pub fn apply(&mut self, transaction: &Transaction) {
        match transaction {
            Transaction::Append(batch) => self.append(batch),
            Transaction::Device(row) => {
                let revoked_at = self.devices.get(&row.id).and_then(|device| device.revoked_at);
                self.devices.insert(
                    row.id,
                    DeviceRow { revoked_at: revoked_at.or(row.revoked_at), ..(**row).clone() },
                );
            }
            Transaction::Revoked(id, at) => {
                if let Some(device) = self.devices.get_mut(id) {
                    device.revoked_at = device.revoked_at.or(Some(*at));
                }
            }
            Transaction::Grant(row) => {
                if !self.grants.iter().any(|held| (held.device, held.day) == (row.device, row.day)) {
                    self.grants.push((**row).clone());
                }
            }
        }
    }

    fn append(&mut self, batch: &Append) {
        for chain in &batch.chains {
            let held = self.chains.get(&chain.session);
            let row = match held {
                Some(held) => ChainRow {
                    device: held.device,
                    header: held.header.clone(),
                    day: held.day,
                    ..chain.clone()
                },
                None => chain.clone(),
            };
            self.chains.insert(chain.session, row);
        }
        for frame in &batch.frames {
            self.frames.insert((frame.session, frame.number), frame.clone());
        }
        for branch in &batch.branches {
            if !self.branches.iter().any(|held| (held.session, held.hash) == (branch.session, branch.hash)) {
                self.branches.push(branch.clone());
            }
        }
        let first = self.head.position + 1;
        let mut touched: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
        for change in batch.accepted.iter().map(Accepted::row) {
            self.add(change);
            self.quarantine.remove(&(change.document, change.hash));
            touched.entry(change.document).or_default().extend(change.scopes.iter().cloned());
        }
        for (document, scopes) in touched {
            self.enter(document, scopes, first);
        }
        self.entries.sort_by_key(|(position, _, index)| (*position, *index));
        for row in &batch.quarantined {
            let retried = self.quarantine.get(&(row.document, row.hash)).map(|held| held.retried + 1);
            let held = self.quarantine.entry((row.document, row.hash)).or_insert_with(|| row.clone());
            held.code.clone_from(&row.code);
            held.retried = retried.unwrap_or(row.retried);
        }
    }

    fn add(&mut self, change: &ChangeRow) {
        if self.known.contains_key(&(change.document, change.hash)) {
            return;
        }
        self.head = self.head.after(&change.document, &change.hash);
        let index = self.log.len();
        self.known.insert((change.document, change.hash), index);
        self.by_document.entry(change.document).or_default().push(index);
        self.rolling.push(self.head.rolling);
        self.log.push(LoggedChange {
            position: self.head.position,
            document: change.document,
            hash: change.hash,
            kind: change.kind,
            counter: change.counter,
            session: change.session,
            frame: change.frame,
            seq: change.seq,
            bytes: change.bytes.clone(),
            received_at: change.received_at,
        });
    }

    /// A document is in the scopes it was in and in new ones, with all its changes.
    fn enter(&mut self, document: Id, scopes: BTreeSet<String>, first: i64) {
        let all = self.scopes.entry(document).or_default();
        all.extend(scopes);
        for scope in all.iter() {
            for index in self.by_document.get(&document).into_iter().flatten() {
                if self.entered.insert((scope.clone(), *index)) {
                    self.entries.push((self.log[*index].position.max(first), scope.clone(), *index));
                }
            }
        }
    }

    /// Whether the change is in the log.
    #[must_use]
    pub fn has(&self, document: Id, hash: Hash) -> bool {
        self.known.contains_key(&(document, hash))
    }

    /// The changes of a document in the order of the log.
    pub fn changes_of(&self, document: Id) -> impl Iterator<Item = &LoggedChange> {
        self.by_document.get(&document).into_iter().flatten().map(|index| &self.log[*index])
    }

    /// The scopes of a document.
    #[must_use]
    pub fn scopes_of(&self, document: Id) -> BTreeSet<String> {
        self.scopes.get(&document).cloned().unwrap_or_default()
    }

    /// Every change that a scope lists.
    #[must_use]
    pub fn listed(&self, scopes: &[String]) -> BTreeSet<(Id, Hash)> {
        let listed = self.entries.iter().filter(|(_, scope, _)| scopes.contains(scope));
        listed.map(|(_, _, index)| (self.log[*index].document, self.log[*index].hash)).collect()
    }

    /// What a caller lacks, bounded.
    #[must_use]
    pub fn pull(&self, query: &Query) -> Page {
        let mut filling = Filling { query, page: Page::default(), seen: BTreeSet::new(), bytes: 0 };
        for group in &query.groups {
            let cursor = self.fill(group, &mut filling);
            filling.page.more |= cursor != self.head;
            match filling.page.groups.iter_mut().find(|other| other.cursor == cursor) {
                Some(other) => other.scopes.extend_from_slice(&group.scopes),
                None => filling.page.groups.push(PullGroup { cursor, scopes: group.scopes.clone() }),
            }
        }
        filling.page
    }

    fn fill(&self, group: &PullGroup, filling: &mut Filling<'_>) -> Cursor {
        let mut reached = self.known_cursor(group.cursor);
        let after = self
            .entries
            .iter()
            .filter(|(at, scope, _)| *at > reached.position && group.scopes.contains(scope));
        let entries: Vec<(i64, usize)> = after.map(|(at, _, index)| (*at, *index)).collect();
        for (at, index) in entries {
            if at != reached.position && filling.bytes >= filling.query.max_bytes {
                return reached;
            }
            reached = self.cursor_at(at);
            filling.add(&self.log[index]);
        }
        self.head
    }

    fn cursor_at(&self, position: i64) -> Cursor {
        let index = usize::try_from(position - 1).ok();
        let rolling = index.and_then(|index| self.rolling.get(index).copied());
        rolling.map(|rolling| Cursor { position, rolling }).unwrap_or_default()
    }

    fn known_cursor(&self, cursor: Cursor) -> Cursor {
        if self.cursor_at(cursor.position) == cursor { cursor } else { Cursor::default() }
    }
}

/// What a caller asks for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Scopes by cursor.
    pub groups: Vec<PullGroup>,
    /// Chains the caller keeps, and how many frames of each: their changes are left out.
    pub held: Vec<(Id, i64)>,
    /// Stop after so many bytes.
    pub max_bytes: usize,
}

/// What it gets at once.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The changes.
    pub changes: Vec<LoggedChange>,
    /// The new cursors.
    pub groups: Vec<PullGroup>,
    /// There is more.
    pub more: bool,
}

struct Filling<'a> {
    query: &'a Query,
    page: Page,
    seen: BTreeSet<(Id, Hash)>,
    bytes: usize,
}

impl Filling<'_> {
    fn add(&mut self, change: &LoggedChange) {
        let own = self
            .query
            .held
            .iter()
            .any(|(session, frames)| *session == change.session && change.frame < *frames);
        if !own && self.seen.insert((change.document, change.hash)) {
            self.bytes += change.bytes.len();
            self.page.changes.push(change.clone());
        }
    }
}
