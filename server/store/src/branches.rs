//! Chains that went on in two ways, and what devices gave away about themselves.

use async_trait::async_trait;

use crate::{Hash, Id, StoreError};

/// An authentic frame of a second branch of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchFrameRow {
    /// The session.
    pub session: Id,
    /// The frame's hash.
    pub hash: Hash,
    /// Its number in the session.
    pub number: i64,
    /// Saves up to and with this frame.
    pub saves: i64,
    /// Hash of the last save.
    pub last_save: Hash,
    /// Its bytes, signature included.
    pub bytes: Vec<u8>,
    /// Unix seconds of its arrival.
    pub received_at: i64,
}

/// Something that a device's chains gave away about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEventRow {
    /// The device.
    pub device: Id,
    /// The session in question.
    pub session: Id,
    /// `rolled_back` or `forked`.
    pub kind: String,
    /// How many of its frames the device knew.
    pub claimed: i64,
    /// How many this node held.
    pub held: i64,
    /// Unix seconds when it was noticed.
    pub at: i64,
}

/// Reads what an append wrote beside the log.
#[async_trait]
pub trait Branches {
    /// The frames of second branches of these sessions, by session and number.
    async fn branch_frames(&self, sessions: &[Id]) -> Result<Vec<BranchFrameRow>, StoreError>;
    /// What was noticed, newest first.
    async fn device_events(&self) -> Result<Vec<DeviceEventRow>, StoreError>;
}
