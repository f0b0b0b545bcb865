//! A batch of changes on its way down: the changes, how far the caller has read with them, which scopes
//! list each, and the node's signature over their names.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

use super::request::Cursor;
use crate::frame::{SIGNATURE_BYTES, merkle};
use crate::ids::{ChangeHash, DocumentId, LogId};
use crate::limits::SCOPES_MAX;
use crate::save::Entry;
use crate::wire::{Reader, WireError, put_count, put_varint};

/// Stands for the change after the last one named of the caller's own.
const NEXT: u8 = 0x00;
/// Stands before the name of a change of the caller's own.
const NAMED: u8 = 0x40;

/// A change that the caller wrote and keeps itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Yours {
    /// Which of the chains that the hello named, from 0.
    pub chain: u64,
    /// The frame.
    pub frame: u64,
    /// Which change of that frame, from 0, over all its saves.
    pub index: u64,
}

/// One change of the log as it is listed to a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// A change that the caller may lack.
    Change(Entry),
    /// One that it keeps itself: only named, so that it knows that the node lists it.
    Yours(Yours),
}

impl From<Entry> for Listed {
    fn from(entry: Entry) -> Self {
        Self::Change(entry)
    }
}

/// Which scopes list each change of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// Sets of scopes, each as numbers into the scopes of the batch's cursors, one after the other.
    pub subsets: Vec<Vec<usize>>,
    /// For each change, which set.
    pub of: Vec<usize>,
}

impl Membership {
    /// Collects the sets; `lists` has the scopes of each change.
    #[must_use]
    pub fn collect(lists: impl IntoIterator<Item = Vec<usize>>) -> Self {
        let mut made = Self::default();
        for mut list in lists {
            list.sort_unstable();
            list.dedup();
            let found = made.subsets.iter().position(|known| *known == list);
            made.of.push(found.unwrap_or(made.subsets.len()));
            if found.is_none() {
                made.subsets.push(list);
            }
        }
        made
    }

    /// The scopes of the change at `index`, given all scopes of the batch.
    #[must_use]
    pub fn scopes_of<'s>(&self, index: usize, scopes: &[&'s str]) -> Vec<&'s str> {
        let subset = self.of.get(index).and_then(|subset| self.subsets.get(*subset));
        subset.into_iter().flatten().filter_map(|scope| scopes.get(*scope).copied()).collect()
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_count(out, self.subsets.len());
        for subset in &self.subsets {
            put_count(out, subset.len());
            for scope in subset {
                put_count(out, *scope);
            }
        }
        for subset in &self.of {
            put_count(out, *subset);
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>, entries: usize, scopes: usize) -> Result<Self, WireError> {
        let below = |reader: &mut Reader<'_>, end: usize, what| match reader.count(usize::MAX, what)? {
            number if number < end => Ok(number),
            _ => Err(WireError::Malformed(what)),
        };
        let count = reader.count(entries, "subsets")?;
        let subsets = (0..count)
            .map(|_| {
                let count = reader.count(scopes, "subset")?;
                (0..count).map(|_| below(reader, scopes, "scope number")).collect()
            })
            .collect::<Result<Vec<Vec<usize>>, WireError>>()?;
        let of = (0..entries).map(|_| below(reader, count, "subset number")).collect::<Result<_, _>>()?;
        Ok(Self { subsets, of })
    }
}

/// A batch of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The changes in the order of the log.
    pub entries: Vec<Listed>,
    /// How far the caller has read when it has stored them.
    pub cursors: Vec<Cursor>,
    /// Which scopes list each; none in answers to callers that are older than digests.
    pub membership: Option<Membership>,
    /// The node's signature over the names of those that are not the caller's: see [`attest`].
    pub attestation: Option<[u8; SIGNATURE_BYTES]>,
}

impl Changes {
    /// The changes that are not only named.
    pub fn received(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter_map(|listed| match listed {
            Listed::Change(entry) => Some(entry),
            Listed::Yours(_) => None,
        })
    }

    /// The scopes that the batch speaks of, in the order in which the membership counts them.
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        self.cursors.iter().flat_map(|cursor| &cursor.scopes).map(String::as_str).collect()
    }

    /// Each change with the scopes that list it.
    #[must_use]
    pub fn listings(&self) -> Vec<(&Listed, Vec<&str>)> {
        let scopes = self.scopes();
        let membership = self.membership.clone().unwrap_or_default();
        let entries = self.entries.iter().enumerate();
        entries.map(|(index, listed)| (listed, membership.scopes_of(index, &scopes))).collect()
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_count(out, self.entries.len());
        let mut last = None;
        for listed in &self.entries {
            match listed {
                Listed::Change(entry) => entry.put(out),
                Listed::Yours(yours) => {
                    put_yours(out, last, yours);
                    last = Some(*yours);
                }
            }
        }
        put_count(out, self.cursors.len());
        self.cursors.iter().for_each(|cursor| cursor.put(out));
        let Some(membership) = &self.membership else { return };
        membership.put(out);
        match &self.attestation {
            None => out.push(0),
            Some(signature) => {
                out.push(1);
                out.extend_from_slice(signature);
            }
        }
    }

    pub(super) fn take(payload: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let count = reader.count(payload.len(), "changes")?;
        let mut last = None;
        let mut entries = Vec::new();
        for _ in 0..count {
            let listed = take_listed(&mut reader, last)?;
            if let Listed::Yours(yours) = &listed {
                last = Some(*yours);
            }
            entries.push(listed);
        }
        let count = reader.count(SCOPES_MAX, "cursors")?;
        let cursors =
            (0..count).map(|_| Cursor::take(&mut reader)).collect::<Result<Vec<Cursor>, WireError>>()?;
        let mut made = Self { entries, cursors, membership: None, attestation: None };
        if !reader.rest().is_empty() {
            let scopes = made.scopes().len();
            made.membership = Some(Membership::take(&mut reader, made.entries.len(), scopes)?);
            made.attestation = reader.option(Reader::array)?;
        }
        Ok(made)
    }
}

fn put_yours(out: &mut Vec<u8>, last: Option<Yours>, yours: &Yours) {
    let next = last.map(|last| Yours { index: last.index + 1, ..last });
    if next == Some(*yours) {
        out.push(NEXT);
        return;
    }
    out.push(NAMED);
    put_varint(out, yours.chain);
    put_varint(out, yours.frame);
    put_varint(out, yours.index);
}

fn take_listed(reader: &mut Reader<'_>, last: Option<Yours>) -> Result<Listed, WireError> {
    match reader.rest().first() {
        Some(&NEXT) => {
            reader.byte()?;
            let next = last.and_then(|last| Some(Yours { index: last.index.checked_add(1)?, ..last }));
            next.map(Listed::Yours).ok_or(WireError::Malformed("nothing named before"))
        }
        Some(&NAMED) => {
            reader.byte()?;
            let (chain, frame, index) = (reader.varint()?, reader.varint()?, reader.varint()?);
            Ok(Listed::Yours(Yours { chain, frame, index }))
        }
        _ => Entry::take(reader).map(Listed::Change),
    }
}

/// What a node signs of a batch: `mpp.attest.1` ‖ log ‖ Merkle root over (document, hash) in their order.
#[must_use]
pub fn attested<'a>(log: &LogId, names: impl Iterator<Item = (&'a DocumentId, &'a ChangeHash)>) -> Vec<u8> {
    let mut bytes = b"mpp.attest.1".to_vec();
    bytes.extend_from_slice(&log.0);
    bytes.extend_from_slice(&merkle::root(names));
    bytes
}

/// Signs the names of a batch; none when there is nothing to sign.
#[must_use]
pub fn attest(key: &SigningKey, log: &LogId, changes: &Changes) -> Option<[u8; SIGNATURE_BYTES]> {
    changes.received().next()?;
    let signature: Signature = key.sign(&attested(log, changes.received().map(Entry::name)));
    Some(signature.to_bytes().into())
}

/// Whether the signature over the names of a batch is that of the key (65 bytes, SEC1 uncompressed).
#[must_use]
pub fn attests<'a>(
    public_key: &[u8],
    log: &LogId,
    names: impl Iterator<Item = (&'a DocumentId, &'a ChangeHash)>,
    signature: &[u8; SIGNATURE_BYTES],
) -> bool {
    let Ok(key) = VerifyingKey::from_sec1_bytes(public_key) else { return false };
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    key.verify(&attested(log, names), &signature).is_ok()
}
