//! What can go wrong on a tablet, with stable codes for the answers.

use mpp_sync::wire::WireError;

/// Why a command could not be carried out. What was durable before stays so.
#[derive(Debug, thiserror::Error)]
pub enum TabletError {
    /// The folder could not be read or written; the disk may be full.
    #[error("storage: {0}")]
    Io(#[from] std::io::Error),
    /// The folder holds something that this program did not write.
    #[error("storage is damaged: {0}")]
    Damaged(&'static str),
    /// A journal record could not be read.
    #[error("storage is damaged: {0}")]
    Record(#[from] WireError),
    /// A file of operations could not be read.
    #[error("{0}")]
    Operations(#[from] crate::operations::OperationsError),
    /// The tablet was never prepared, and the office cannot be asked.
    #[error("the tablet is not prepared for a day: {0}")]
    NotPrepared(String),
    /// The office did not answer, or not to the end.
    #[error("the office cannot be reached: {0}")]
    Unreachable(String),
    /// The office answered with an error.
    #[error("the office answered {status} {code}: {message}")]
    Answer {
        /// HTTP status.
        status: u16,
        /// The stable code.
        code: String,
        /// What it says to people.
        message: String,
    },
    /// The node is not one that the office certified, or was revoked.
    #[error("the node is not to be believed: {0}")]
    NotBelieved(&'static str),
    /// An answer of the exchange is not what the protocol says.
    #[error("the answer cannot be read: {0}")]
    Protocol(WireError),
    /// A frame was refused for good.
    #[error("a frame was refused: {0}")]
    Refused(String),
    /// The office holds another continuation of one of our sessions.
    #[error("the office holds something else of session {0}")]
    Forked(String),
    /// Scopes differ from what the node lists, and repairing them did not help.
    #[error("this tablet and the node differ in {}", .0.join(", "))]
    Differs(Vec<String>),
    /// A step of a repair could not be read.
    #[error("{0}")]
    Repair(#[from] mpp_sync::repair::RepairError),
    /// Saves could not be packed.
    #[error("a frame could not be cut: {0}")]
    Cut(#[from] mpp_sync::frame::CutError),
    /// The time given was over before everything was done.
    #[error("not everything was exchanged in the time given")]
    Timeout,
}

impl TabletError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Io(_) => "STORAGE_FAILED",
            Self::Damaged(_) | Self::Record(_) => "STORAGE_DAMAGED",
            Self::Operations(_) => "OPERATIONS_UNREADABLE",
            Self::NotPrepared(_) => "NOT_PREPARED",
            Self::Unreachable(_) => "UNREACHABLE",
            Self::Protocol(error) => error.code(),
            Self::NotBelieved(code) => code,
            Self::Answer { code, .. } | Self::Refused(code) => code,
            Self::Forked(_) => "CHAIN_FORKED",
            Self::Differs(_) => mpp_sync::caller::SCOPE_DIFFERS,
            Self::Repair(_) => "REPAIR_UNREADABLE",
            Self::Cut(_) => "FRAME_NOT_CUT",
            Self::Timeout => "TIMEOUT",
        }
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Protocol(_) => true,
            Self::Answer { status: 401, code, .. } => code != "LOGIN_WRONG",
            Self::Answer { status, .. } => *status >= 500 || matches!(*status, 408 | 413 | 429),
            _ => false,
        }
    }
}
