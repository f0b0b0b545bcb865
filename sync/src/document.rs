//! One small Automerge document: flat root keys with scalar values, nothing else.
//!
//! A document is opened from its raw changes, checked one by one ([`Document::accept`]): Automerge
//! 0.12 panics on, or is corrupted by, some well-formed changes, so it sees only what passed. There
//! are no containers, so a device may edit a document it has never seen, and everything merges.

use std::collections::{BTreeMap, HashMap};

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ObjId, ROOT, ReadDoc};

pub use change::{Author, ChangeMeta, Refusal, Set, chunk_of, contents_of, is_whole, session_of, time_of};
pub use value::Value;

use crate::ids::{ChangeHash, DocumentId, Kind, SessionId};
use crate::limits::{
    CHANGE_OPS_MAX, DOCUMENT_CHANGES_MAX, EDIT_BYTES_MAX, KEY_BYTES_MAX, OP_COUNTER_MAX, VALUE_BYTES_MAX,
};

mod change;
mod columns;
mod value;

/// One value of one key, with the change that wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<'a> {
    /// The value.
    pub value: Value,
    /// Who wrote it, when, in which change.
    pub change: &'a ChangeMeta,
}

/// Every key of a document with all its concurrent values; the last one is Automerge's winner.
pub type Fields<'a> = BTreeMap<String, Vec<Written<'a>>>;

/// What one edit sets: a value, or `None` to remove the key.
pub type Edits = Vec<(String, Option<Value>)>;

/// A change that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Its hash.
    pub hash: ChangeHash,
    /// The raw, uncompressed chunk.
    pub bytes: Vec<u8>,
}

/// Why a local edit could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A key or value is over its limit; carries the key.
    #[error("value too long: {0}")]
    TooLong(String),
    /// The document is at the end of its operation counter or its number of changes.
    #[error("the document takes no more changes")]
    Full,
    /// Automerge refused.
    #[error("the document could not be edited: {0}")]
    Engine(String),
}

/// A document and what is known of each of its changes.
#[derive(Debug, Clone)]
pub struct Document {
    id: DocumentId,
    kind: Kind,
    engine: Automerge,
    changes: Vec<ChangeMeta>,
    by_hash: HashMap<ChangeHash, usize>,
}

impl Document {
    /// An empty document.
    #[must_use]
    pub fn new(kind: Kind, id: DocumentId) -> Self {
        Self { id, kind, engine: Automerge::new(), changes: Vec::new(), by_hash: HashMap::new() }
    }

    /// Opens a document from raw changes in any order with any repetition.
    ///
    /// What cannot be accepted is returned beside the document, by its position in `changes`; it
    /// never keeps another change out.
    #[must_use]
    pub fn open<B: AsRef<[u8]>>(kind: Kind, id: DocumentId, changes: &[B]) -> (Self, Vec<(usize, Refusal)>) {
        let mut document = Self::new(kind, id);
        let mut waiting: Vec<(usize, Refusal)> =
            (0..changes.len()).map(|index| (index, Refusal::DepsMissing)).collect();
        loop {
            let before = waiting.len();
            waiting = waiting
                .into_iter()
                .filter_map(|(index, earlier)| {
                    if !earlier.may_pass_later() {
                        return Some((index, earlier));
                    }
                    document.accept(changes[index].as_ref()).err().map(|refusal| (index, refusal))
                })
                .collect();
            if waiting.is_empty() || waiting.len() == before {
                return (document, waiting);
            }
        }
    }

    /// The document's id.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// The document's kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The changes in the order in which they were applied.
    #[must_use]
    pub fn changes(&self) -> &[ChangeMeta] {
        &self.changes
    }

    /// Whether the change is part of the document.
    #[must_use]
    pub fn knows(&self, hash: &ChangeHash) -> bool {
        self.by_hash.contains_key(hash)
    }

    /// Checks one raw change and applies it. A change already known is accepted again.
    ///
    /// # Errors
    /// [`Refusal`]; the document is then as it was.
    pub fn accept(&mut self, bytes: &[u8]) -> Result<ChangeHash, Refusal> {
        self.accept_if(bytes, |_, _| Ok(()))
    }

    /// As [`Document::accept`], with one more check of a change that is not known yet.
    ///
    /// # Errors
    /// [`Refusal`]; the document is then as it was.
    pub fn accept_if(
        &mut self,
        bytes: &[u8],
        allowed: impl FnOnce(&Self, &ChangeMeta) -> Result<(), Refusal>,
    ) -> Result<ChangeHash, Refusal> {
        let (parsed, meta) = change::parse(bytes)?;
        if self.knows(&meta.hash) {
            return Ok(meta.hash);
        }
        allowed(self, &meta)?;
        self.check(&meta)?;
        self.engine.apply_changes([parsed]).map_err(|_| Refusal::ApplyFailed)?;
        let hash = meta.hash;
        self.remember(meta);
        Ok(hash)
    }

    /// The rules that keep Automerge 0.12 sound, in the order of what a refusal means.
    fn check(&self, meta: &ChangeMeta) -> Result<(), Refusal> {
        if self.changes.len() >= DOCUMENT_CHANGES_MAX {
            return Err(Refusal::DocumentFull);
        }
        let mut highest = 0;
        for dep in &meta.deps {
            let index = self.by_hash.get(dep).ok_or(Refusal::DepsMissing)?;
            highest = highest.max(self.changes[*index].max_op);
        }
        let own = self.changes.iter().filter(|known| known.session == meta.session);
        let (seq, own_highest) =
            own.fold((0, 0), |(seq, op), known| (known.seq.max(seq), known.max_op.max(op)));
        if meta.seq <= seq {
            return Err(Refusal::SeqReused);
        }
        if meta.seq > seq + 1 {
            return Err(Refusal::SeqMissing);
        }
        if meta.start_op != highest + 1 || meta.start_op <= own_highest || meta.max_op >= OP_COUNTER_MAX {
            return Err(Refusal::OpCounter);
        }
        self.check_predecessors(meta)
    }

    /// Every operation may replace only operations on the same key that the change builds on. One that it
    /// merely knows of would be accepted or not by the order of arrival, and Automerge 0.12 panics when it
    /// comes before what it replaces.
    fn check_predecessors(&self, meta: &ChangeMeta) -> Result<(), Refusal> {
        if meta.sets.iter().all(|set| set.replaces.is_empty()) {
            return Ok(());
        }
        let built_on = self.built_on(&meta.deps);
        for set in &meta.sets {
            for (session, counter) in &set.replaces {
                let written = self.changes.iter().zip(&built_on).find(|(known, built_on)| {
                    **built_on
                        && known.session == *session
                        && (known.start_op..=known.max_op).contains(counter)
                });
                let (written, _) = written.ok_or(Refusal::Shape)?;
                let offset = usize::try_from(counter - written.start_op).map_err(|_| Refusal::Shape)?;
                if written.sets.get(offset).is_none_or(|earlier| earlier.key != set.key) {
                    return Err(Refusal::Shape);
                }
            }
        }
        Ok(())
    }

    /// For each change of the document whether `deps` are it or build on it.
    fn built_on(&self, deps: &[ChangeHash]) -> Vec<bool> {
        let mut built_on = vec![false; self.changes.len()];
        let mut waiting: Vec<usize> = deps.iter().filter_map(|dep| self.by_hash.get(dep).copied()).collect();
        while let Some(index) = waiting.pop() {
            if !std::mem::replace(&mut built_on[index], true) {
                let earlier = self.changes[index].deps.iter();
                waiting.extend(earlier.filter_map(|dep| self.by_hash.get(dep).copied()));
            }
        }
        built_on
    }

    fn remember(&mut self, meta: ChangeMeta) {
        self.by_hash.insert(meta.hash, self.changes.len());
        self.changes.push(meta);
    }

    /// Makes one change that sets or removes keys, in the name of `author` and as actor `session`.
    ///
    /// A key that already has exactly the wanted value is left alone; a key with conflicting values
    /// is settled. `None` when nothing is left to do.
    ///
    /// # Errors
    /// [`EditError`]; the document is then as it was.
    pub fn edit(
        &mut self,
        session: SessionId,
        author: &Author,
        edits: &Edits,
    ) -> Result<Option<NewChange>, EditError> {
        let edits = self.needed(edits)?;
        if edits.is_empty() {
            return Ok(None);
        }
        if self.changes.len() >= DOCUMENT_CHANGES_MAX || self.highest_op() + 4_000 > OP_COUNTER_MAX {
            return Err(EditError::Full);
        }
        let engine = |error: automerge::AutomergeError| EditError::Engine(error.to_string());
        self.engine.set_actor(ActorId::from(&session.0[..]));
        let mut transaction = self.engine.transaction();
        for (key, value) in edits {
            match value {
                Some(value) => transaction.put(ROOT, key, value.into_engine()).map_err(engine)?,
                None => transaction.delete(ROOT, key).map_err(engine)?,
            }
        }
        let options = CommitOptions::default().with_time(author.at).with_message(author.message());
        transaction.commit_with(options);
        let made = self.engine.get_last_local_change();
        let made = made.ok_or_else(|| EditError::Engine("no change was made".to_owned()))?;
        let meta = ChangeMeta::of(&made).map_err(|refusal| EditError::Engine(refusal.code().to_owned()))?;
        let new = NewChange { hash: meta.hash, bytes: made.raw_bytes().to_vec() };
        self.remember(meta);
        Ok(Some(new))
    }

    /// The edits that would change something, each checked against its limits.
    fn needed(&self, edits: &Edits) -> Result<Edits, EditError> {
        let mut needed = Edits::new();
        let mut size = 0;
        for (key, value) in edits {
            let too_long = value.as_ref().is_some_and(|value| value.size() > VALUE_BYTES_MAX);
            if key.is_empty() || key.len() > KEY_BYTES_MAX || too_long {
                return Err(EditError::TooLong(key.clone()));
            }
            let present = self.values(key);
            let same = match value {
                Some(value) => present.len() == 1 && present[0].value == *value,
                None => present.is_empty(),
            };
            if !same {
                size += key.len() + value.as_ref().map_or(0, Value::size);
                needed.push((key.clone(), value.clone()));
            }
            if size > EDIT_BYTES_MAX || needed.len() > CHANGE_OPS_MAX {
                return Err(EditError::TooLong(key.clone()));
            }
        }
        Ok(needed)
    }

    fn highest_op(&self) -> u64 {
        self.changes.iter().map(|change| change.max_op).max().unwrap_or(0)
    }

    /// All concurrent values of one key; the last is Automerge's winner.
    #[must_use]
    pub fn values(&self, key: &str) -> Vec<Written<'_>> {
        let Ok(found) = self.engine.get_all(ROOT, key) else { return Vec::new() };
        found
            .into_iter()
            .filter_map(|(value, id)| {
                Some(Written { value: Value::from_engine(&value)?, change: self.writer(&id)? })
            })
            .collect()
    }

    /// Every key with all its concurrent values.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        let keys: Vec<String> = self.engine.keys(ROOT).collect();
        keys.into_iter()
            .map(|key| (self.values(&key), key))
            .filter(|(values, _)| !values.is_empty())
            .map(|(values, key)| (key, values))
            .collect()
    }

    /// The change that wrote the operation.
    fn writer(&self, operation: &ObjId) -> Option<&ChangeMeta> {
        let ObjId::Id(counter, actor, _) = operation else { return None };
        let session = SessionId::from_slice(actor.to_bytes()).ok()?;
        self.changes
            .iter()
            .find(|known| known.session == session && (known.start_op..=known.max_op).contains(counter))
    }
}

#[cfg(test)]
mod tests;
