//! The statuses of an application and what they mean to each other.

use serde::{Deserialize, Serialize};

/// A status of an application (permohonan).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Diterima, belum diproses.
    Received,
    /// Diverifikasi.
    Verified,
    /// Diproses.
    InProcess,
    /// Dikembalikan untuk dilengkapi.
    Returned,
    /// Siap diambil.
    Ready,
    /// Sudah diambil.
    HandedOver,
    /// Dibatalkan.
    Cancelled,
    /// Ditolak.
    Rejected,
}

use Status::{Cancelled, HandedOver, InProcess, Ready, Received, Rejected, Returned, Verified};

/// Pairs that cannot both be true of one application. Set at the same time, unseen by each other,
/// they are a conflict for a person; any other pair is not, and the further one counts.
pub const EXCLUSIVE: [(Status, Status); 8] = [
    (Rejected, Ready),
    (Rejected, HandedOver),
    (Rejected, Returned),
    (Cancelled, Ready),
    (Cancelled, HandedOver),
    (Cancelled, Rejected),
    (Returned, Ready),
    (Returned, HandedOver),
];

impl Status {
    /// Every status, in the order of [`Status::rank`].
    pub const ALL: [Self; 8] =
        [Received, Verified, InProcess, Returned, Ready, HandedOver, Cancelled, Rejected];

    /// Whether the two exclude each other.
    #[must_use]
    pub fn excludes(self, other: Self) -> bool {
        EXCLUSIVE.contains(&(self, other)) || EXCLUSIVE.contains(&(other, self))
    }

    /// How far along it is: of two statuses that do not exclude each other, the higher counts.
    #[must_use]
    pub fn rank(self) -> u8 {
        self as u8
    }

    /// Whether a person must say why.
    #[must_use]
    pub fn needs_reason(self) -> bool {
        matches!(self, Returned | Cancelled | Rejected)
    }

    /// What usually comes next; advice for buttons, not a rule: a later fact always lands.
    #[must_use]
    pub fn next(self) -> &'static [Status] {
        match self {
            Received => &[Verified, Returned, Rejected, Cancelled],
            Verified => &[InProcess, Returned, Rejected, Cancelled],
            InProcess => &[Ready, Returned, Rejected, Cancelled],
            Returned => &[Verified, Rejected, Cancelled],
            Ready => &[HandedOver, InProcess, Rejected],
            HandedOver | Cancelled => &[InProcess],
            Rejected => &[InProcess, Verified],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_excludes_ready_but_verified_does_not_exclude_in_process() {
        assert!(Rejected.excludes(Ready) && Ready.excludes(Rejected));
        assert!(!Verified.excludes(InProcess) && !InProcess.excludes(Verified));
    }

    #[test]
    fn nothing_excludes_itself() {
        for status in Status::ALL {
            assert!(!status.excludes(status));
        }
    }

    #[test]
    fn ranks_follow_the_list() {
        assert!(Status::ALL.windows(2).all(|pair| pair[0].rank() < pair[1].rank()));
    }
}
