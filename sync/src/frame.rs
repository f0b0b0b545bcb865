//! Frames: one or more whole saves of one session, numbered, hash-linked and signed.
//!
//! A frame is cut and made durable before its first byte is sent, and never cut again. The signature
//! is ECDSA P-256 over SHA-256 of the frame's hash, 64 bytes r ‖ s, as the browser's Web Cryptography makes it.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

pub use chain::{Chain, FrameRefusal, FrameVerdict, check_frame, is_held};
pub use header::{PreviousSession, SessionHeader};

use crate::ids::{DocumentId, FrameHash, FramePrefix, SaveHash, SessionId, sha256};
use crate::limits::{FRAME_BYTES_FULL, FRAME_CHANGES_FULL, FRAME_SAVES_MAX};
use crate::save::{Entry, Save, link};
use crate::wire::{Reader, WireError, put_count, put_option, put_varint};

mod chain;
mod header;
pub(crate) mod merkle;

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A frame as read from the wire. Its hash follows from the chain: see [`check_frame`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The session.
    pub session: SessionId,
    /// Number within the session, from 0.
    pub number: u64,
    /// The first eight bytes of the previous frame's hash.
    pub previous: FramePrefix,
    /// Who the session is; in frame 0 and only there.
    pub header: Option<SessionHeader>,
    /// Number of the first save.
    pub first_save: u64,
    /// The changes of each save, in order.
    pub saves: Vec<Vec<Entry>>,
    /// r ‖ s.
    pub signature: [u8; SIGNATURE_BYTES],
}

/// A frame that was cut and waits for its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutFrame {
    /// The bytes of the frame without the signature.
    pub payload: Vec<u8>,
    /// The hash, which is what is signed.
    pub hash: FrameHash,
    /// How many of the saves it took.
    pub saves_taken: usize,
}

impl CutFrame {
    /// The frame's bytes with the signature at their end.
    #[must_use]
    pub fn seal(mut self, signature: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
        self.payload.extend_from_slice(signature);
        self.payload
    }

    /// Signs with a key that is at hand, as servers do; the signature is deterministic (RFC 6979).
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> Vec<u8> {
        let signature: Signature = key.sign(&self.hash.0);
        let bytes: [u8; SIGNATURE_BYTES] = signature.to_bytes().into();
        self.seal(&bytes)
    }
}

/// Why a frame could not be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// There is nothing to send.
    #[error("no save to cut a frame from")]
    Empty,
    /// Frame 0 needs the session's header, no other may have it.
    #[error("a header belongs to frame 0 and only there")]
    Header,
    /// The saves do not follow each other.
    #[error("the saves are not consecutive")]
    NotConsecutive,
}

/// Cuts the next frame of a session from its oldest saves that are in no frame yet.
///
/// # Errors
/// [`CutError`].
pub fn cut(
    session: &SessionId,
    number: u64,
    previous: &FrameHash,
    header: Option<&SessionHeader>,
    saves: &[Save],
) -> Result<CutFrame, CutError> {
    if header.is_some() != (number == 0) {
        return Err(CutError::Header);
    }
    let first = saves.first().ok_or(CutError::Empty)?;
    let taken = &saves[..fitting(saves)];
    if taken.iter().zip(first.number..).any(|(save, number)| save.number != number) {
        return Err(CutError::NotConsecutive);
    }
    let mut payload = Vec::new();
    payload.extend_from_slice(&session.0);
    put_varint(&mut payload, number);
    payload.extend_from_slice(&previous.prefix().0);
    put_option(&mut payload, header, |out, header| header.put(out));
    put_varint(&mut payload, first.number);
    put_count(&mut payload, taken.len());
    for save in taken {
        put_count(&mut payload, save.entries.len());
        save.entries.iter().for_each(|entry| entry.put(&mut payload));
    }
    let entries = taken.iter().flat_map(|save| &save.entries);
    let last_save = taken.last().map_or(first.hash, |save| save.hash);
    let skeleton = Skeleton { number, previous, header, first_save: first.number, saves: taken.len() };
    let hash = skeleton.hash(session, &merkle::root(entries.map(Entry::name)), &last_save);
    Ok(CutFrame { payload, hash, saves_taken: taken.len() })
}

/// How many saves fill a frame; at least one, however large.
fn fitting(saves: &[Save]) -> usize {
    let (mut changes, mut bytes) = (0, 0);
    for (index, save) in saves.iter().enumerate() {
        changes += save.entries.len();
        bytes += save.entries.iter().map(|entry| entry.bytes.len()).sum::<usize>();
        if index > 0 && (changes > FRAME_CHANGES_FULL || bytes > FRAME_BYTES_FULL || index >= FRAME_SAVES_MAX)
        {
            return index;
        }
    }
    saves.len()
}

/// What the hash covers beside the changes.
struct Skeleton<'a> {
    number: u64,
    previous: &'a FrameHash,
    header: Option<&'a SessionHeader>,
    first_save: u64,
    saves: usize,
}

impl Skeleton<'_> {
    fn hash(&self, session: &SessionId, root: &[u8; 32], last_save: &SaveHash) -> FrameHash {
        let mut header = Vec::new();
        put_option(&mut header, self.header, |out, header| header.put(out));
        FrameHash(sha256(&[
            b"mpp.frame.1",
            &session.0,
            &self.number.to_be_bytes(),
            &self.previous.0,
            &sha256(&[&header]),
            &self.first_save.to_be_bytes(),
            &(self.saves as u64).to_be_bytes(),
            root,
            &last_save.0,
        ]))
    }
}

impl Frame {
    /// Reads the bytes of a frame. Nothing is verified yet.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let session = SessionId(reader.array()?);
        let number = reader.varint()?;
        let previous = FramePrefix(reader.array()?);
        let header = reader.option(SessionHeader::take)?;
        let first_save = reader.varint()?;
        let mut saves = Vec::new();
        for _ in 0..reader.count(FRAME_SAVES_MAX, "saves")? {
            let count = reader.count(reader.rest().len(), "entries")?;
            saves.push({
                let entries = (0..count).map(|_| Entry::take_of(&mut reader, Some(&session)));
                entries.collect::<Result<_, _>>()?
            });
        }
        let signature = reader.array()?;
        if !reader.rest().is_empty() {
            return Err(WireError::Malformed("bytes after the frame"));
        }
        Ok(Self { session, number, previous, header, first_save, saves, signature })
    }

    /// The bytes, signature at the end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&self.session.0);
        put_varint(&mut out, self.number);
        out.extend_from_slice(&self.previous.0);
        put_option(&mut out, self.header.as_ref(), |out, header| header.put(out));
        put_varint(&mut out, self.first_save);
        put_count(&mut out, self.saves.len());
        for entries in &self.saves {
            put_count(&mut out, entries.len());
            for entry in entries {
                entry.put(&mut out);
            }
        }
        out.extend_from_slice(&self.signature);
        out
    }

    /// The frame with nothing but the names of its changes of some documents. It keeps its hash and its signature, for
    /// they cover names; `None` when it has no change of them.
    #[must_use]
    pub fn without(&self, gone: impl Fn(&DocumentId) -> bool) -> Option<Self> {
        let mut frame = self.clone();
        let mut found = false;
        for entry in frame.saves.iter_mut().flatten() {
            if gone(&entry.document) && !entry.is_erased() {
                *entry = entry.erased();
                found = true;
            }
        }
        found.then_some(frame)
    }

    /// Whether it is the same frame, though something may have been erased in one of the two.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let names = |frame: &Self| -> Vec<Vec<_>> {
            let saves = frame.saves.iter();
            saves.map(|entries| entries.iter().map(|entry| (entry.document, entry.hash)).collect()).collect()
        };
        let skeleton = |frame: &Self| (frame.session, frame.number, frame.previous, frame.first_save);
        skeleton(self) == skeleton(other)
            && self.header == other.header
            && self.signature == other.signature
            && names(self) == names(other)
    }

    /// All changes of the frame in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.saves.iter().flatten()
    }

    /// The hash, given the head of the chain and the hash of the save before the first one here.
    fn hash_after(&self, head: &FrameHash, last_save: SaveHash) -> (FrameHash, SaveHash) {
        let last_save =
            self.saves.iter().zip(self.first_save..).fold(last_save, |previous, (entries, number)| {
                link(&self.session, number, &previous, entries)
            });
        let skeleton = Skeleton {
            number: self.number,
            previous: head,
            header: self.header.as_ref(),
            first_save: self.first_save,
            saves: self.saves.len(),
        };
        (skeleton.hash(&self.session, &merkle::root(self.entries().map(Entry::name)), &last_save), last_save)
    }

    fn signed_by(&self, public_key: &[u8], hash: &FrameHash) -> bool {
        let Ok(key) = VerifyingKey::from_sec1_bytes(public_key) else { return false };
        let Ok(signature) = Signature::from_slice(&self.signature) else { return false };
        key.verify(&hash.0, &signature).is_ok()
    }
}

#[cfg(test)]
mod tests;
