//! A hub: the same program in the van. It takes what tablets send, passes their frames on to the office unchanged, and
//! holds what the office lets it hold of its days.
//!
//! It has no accounts and no root key. It is believed as far as its certificate goes: that it holds something.

mod backup;
mod client;
mod compare;
mod enroll;
mod naming;
mod receive;
mod round;
mod said;
mod upstream;

use std::path::PathBuf;

use mpp_store::StoreError;
use mpp_sync::trust::TrustError;
use mpp_sync::wire::WireError;

pub use backup::backup_of_office;
pub use client::OfficeClient;
pub use enroll::{code_of, enroll, new_code, split_code};
pub use upstream::{State, Upstream, run};

use crate::app::StartError;
use crate::clock::NoRandomness;
use crate::ingest::IngestError;

/// Why the office could not be spoken to, or not believed.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It did not answer, or not to the end.
    #[error("the office cannot be reached: {0}")]
    Unreachable(String),
    /// It answered with an error; the stable code.
    #[error("the office answered {status} {code}")]
    Answer {
        /// HTTP status.
        status: u16,
        /// The stable code.
        code: String,
    },
    /// Who answered is not the office that this hub joined.
    #[error("the office is not the one this hub joined: {0}")]
    NotBelieved(#[from] TrustError),
    /// An answer is not what the protocol says.
    #[error("the answer cannot be read: {0}")]
    Wire(#[from] WireError),
    /// What was typed is not usable.
    #[error("{0}")]
    Typed(String),
    /// A file given on the command line cannot be used.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ingest failed.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The folder cannot be opened.
    #[error(transparent)]
    Start(#[from] Box<StartError>),
}

impl HubError {
    /// The stable code, to show.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable(_) => "UNREACHABLE",
            Self::Answer { code, .. } => code,
            Self::NotBelieved(error) => error.code(),
            Self::Wire(error) => error.code(),
            Self::Typed(_) | Self::File(..) => "TYPED",
            Self::Store(_) | Self::Ingest(_) | Self::Start(_) => "STORE_FAILED",
            Self::Random(_) => "NO_RANDOMNESS",
        }
    }
}
