//! Giving back: a batch that came down before goes up to a node that no longer holds it.

use super::changes::{Membership, attests};
use crate::frame::SIGNATURE_BYTES;
use crate::ids::{DeviceId, LogId};
use crate::limits::{SCOPE_BYTES_MAX, SCOPES_MAX};
use crate::save::Entry;
use crate::wire::{Reader, WireError, put_bytes, put_count};

/// A whole batch as one `changes` record brought it, without the caller's own changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The log it came from.
    pub log: LogId,
    /// The node that signed it.
    pub node: DeviceId,
    /// That node's signature over the names.
    pub signature: [u8; SIGNATURE_BYTES],
    /// The changes, in the order of the batch.
    pub entries: Vec<Entry>,
    /// The scopes that listed them, as the caller saw it.
    pub scopes: Vec<String>,
    /// Which of those list each change.
    pub membership: Membership,
}

impl Offer {
    /// Whether `public_key`, the node's, signed exactly these changes in this order.
    #[must_use]
    pub fn signed_by(&self, public_key: &[u8]) -> bool {
        attests(public_key, &self.log, self.entries.iter().map(Entry::name), &self.signature)
    }

    /// The scopes that listed the change at `index`.
    #[must_use]
    pub fn scopes_of(&self, index: usize) -> Vec<&str> {
        let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        self.membership.scopes_of(index, &scopes)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.log.0.to_vec();
        out.extend_from_slice(&self.node.0);
        out.extend_from_slice(&self.signature);
        put_count(&mut out, self.entries.len());
        self.entries.iter().for_each(|entry| entry.put(&mut out));
        put_count(&mut out, self.scopes.len());
        self.scopes.iter().for_each(|scope| put_bytes(&mut out, scope.as_bytes()));
        self.membership.put(&mut out);
        out
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let (log, node) = (LogId(reader.array()?), DeviceId(reader.array()?));
        let signature = reader.array()?;
        let count = reader.count(payload.len(), "changes")?;
        let entries =
            (0..count).map(|_| Entry::take(&mut reader)).collect::<Result<Vec<Entry>, WireError>>()?;
        let count = reader.count(SCOPES_MAX, "scopes")?;
        let scopes =
            (0..count).map(|_| reader.text(SCOPE_BYTES_MAX, "scope")).collect::<Result<Vec<_>, _>>()?;
        let membership = Membership::take(&mut reader, entries.len(), scopes.len())?;
        Ok(Self { log, node, signature, entries, scopes, membership })
    }
}
