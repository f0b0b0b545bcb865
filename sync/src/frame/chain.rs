//! Whether a frame is the next one of its session.

use super::Frame;
use crate::ids::{FrameHash, SaveHash};

/// What a node holds of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Number of frames, without a gap from 0.
    pub frames: u64,
    /// Hash of the last one.
    pub head: FrameHash,
    /// Number of saves.
    pub saves: u64,
    /// Hash of the last one.
    pub last_save: SaveHash,
}

impl Chain {
    /// Before the first frame.
    pub const START: Self = Self { frames: 0, head: FrameHash::NONE, saves: 0, last_save: SaveHash::NONE };
}

/// What to do with a frame that is in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameVerdict {
    /// It is the next one: store it, and the chain is then this.
    Next(Chain),
    /// It is held already, byte for byte but for what was erased: say so and store nothing.
    Duplicate,
}

/// Why a frame is not stored. The sender keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameRefusal {
    /// Frames before it are missing: send those first.
    #[error("frames before it are missing")]
    Gap,
    /// The node holds a different frame of this session and number, or another predecessor.
    #[error("the session was continued in two ways")]
    Fork,
    /// The signature is not that of the device.
    #[error("the signature does not match")]
    Signature,
    /// Header or save numbers are not what the chain needs.
    #[error("the frame does not fit its chain")]
    Structure,
}

impl FrameRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Gap => "frame_gap",
            Self::Fork => "frame_fork",
            Self::Signature => "frame_signature",
            Self::Structure => "frame_structure",
        }
    }
}

/// Whether `held` are the bytes of this frame, byte for byte or but for what was erased in them.
#[must_use]
pub fn is_held(frame: &Frame, bytes: &[u8], held: &[u8]) -> bool {
    held == bytes || Frame::decode(held).is_ok_and(|held| held.is(frame))
}

/// Checks number, links and signature of a frame.
///
/// `chain` is what the node holds of the session, `held` the stored bytes of the frame with this
/// number, if any, `bytes` those that came, `public_key` that of the session's device.
///
/// # Errors
/// [`FrameRefusal`].
pub fn check_frame(
    frame: &Frame,
    bytes: &[u8],
    chain: &Chain,
    held: Option<&[u8]>,
    public_key: &[u8],
) -> Result<FrameVerdict, FrameRefusal> {
    if frame.number < chain.frames {
        let same = held.is_some_and(|held| is_held(frame, bytes, held));
        return if same { Ok(FrameVerdict::Duplicate) } else { Err(FrameRefusal::Fork) };
    }
    if frame.number > chain.frames {
        return Err(FrameRefusal::Gap);
    }
    if frame.previous != chain.head.prefix() {
        return Err(FrameRefusal::Fork);
    }
    let header_in_place = frame.header.is_some() == (frame.number == 0);
    let empty = frame.saves.is_empty() || frame.saves.iter().any(Vec::is_empty);
    if !header_in_place || frame.first_save != chain.saves || empty {
        return Err(FrameRefusal::Structure);
    }
    let (hash, last_save) = frame.hash_after(&chain.head, chain.last_save);
    if !frame.signed_by(public_key, &hash) {
        return Err(FrameRefusal::Signature);
    }
    let saves = chain.saves + frame.saves.len() as u64;
    Ok(FrameVerdict::Next(Chain { frames: chain.frames + 1, head: hash, saves, last_save }))
}
