//! Many tablets, hubs and an office in one process, from one seed: the real core over disks that forget what was not
//! flushed and links that break at any byte.
//!
//! `world` plays a schedule, `invariant` looks after every step, `Planted` are faults put in on purpose: the
//! tests prove that each is caught.

mod disk;
mod identity;
mod invariant;
mod node;
pub mod store;
pub mod tables;
mod tablet;
pub mod world;

/// A fault in a simulated node, to see whether the invariants notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Planted {
    /// None: the product as it is.
    #[default]
    Nothing,
    /// A node acknowledges before its disk has flushed.
    AcknowledgedBeforeFlush,
    /// A tablet believes a restored office to hold what the lost one held.
    ConfirmationsKeptAfterRestore,
    /// A node stores a frame and drops the changes it does not accept.
    QuarantineSkipped,
    /// A tablet moves its cursor in a transaction of its own, before the changes.
    CursorBeforeChanges,
    /// A node leaves out the last change of a page.
    ChangeSkippedAtPageEnd,
    /// A tablet sends frames that are not on its disk yet.
    FramesSentBeforeDurable,
    /// A tablet counts the frames that a node says it holds and does not compare their hash with its own.
    HeadsNotCompared,
    /// A tablet does not look at a node's sums.
    SumsIgnored,
    /// A tablet gives nothing back.
    OffersForgotten,
    /// A tablet drops batches that no backup covers.
    BatchesDroppedEarly,
}

impl Planted {
    /// Every planted fault.
    pub const ALL: [Self; 10] = [
        Self::AcknowledgedBeforeFlush,
        Self::ConfirmationsKeptAfterRestore,
        Self::QuarantineSkipped,
        Self::CursorBeforeChanges,
        Self::ChangeSkippedAtPageEnd,
        Self::FramesSentBeforeDurable,
        Self::HeadsNotCompared,
        Self::SumsIgnored,
        Self::OffersForgotten,
        Self::BatchesDroppedEarly,
    ];

    /// Whether the tablets do not look at sums either. What follows in the list is noticed by the sums and put right, so that
    /// it would go unnoticed here; it is a fault all the same, because until then something is missing.
    #[must_use]
    pub fn ignores_sums(self) -> bool {
        let healed = [
            Self::SumsIgnored,
            Self::ConfirmationsKeptAfterRestore,
            Self::CursorBeforeChanges,
            Self::ChangeSkippedAtPageEnd,
        ];
        healed.contains(&self)
    }
}
