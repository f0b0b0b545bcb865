//! What the office keeps, as narrow traits and plain rows.
//!
//! **Purpose.** The server speaks to these traits only; each backend (`store-sqlite`, later `store-postgres`) is the
//! one place with its SQL, and proves itself with `conformance`.
//!
//! **Non-goals.** No rules of the domain, no documents: rows in, rows out. What a change means is decided in
//! `mpp-sync`; a row carries its verdict.
//!
//! **Adding a method.** Put it into the trait of its noun, implement it in every backend under the same file name,
//! and add a function to `conformance/<noun>.rs`. A new table or column is also named in `archive/tables.rs`: what is
//! not named there would be missing from backups.

pub mod accounts;
pub mod archive;
pub mod backups;
pub mod branches;
pub mod change_log;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod devices;
pub mod erasure;
pub mod error;
pub mod filling;
pub mod hubs;
pub mod mending;
pub mod node;
pub mod quarantine;
pub mod receipts;
pub mod together;
pub mod trust;
pub mod views;

pub use accounts::{AccountRow, Accounts, WebSessionRow};
pub use archive::Archive;
pub use backups::{BackupRow, Backups};
pub use branches::{BranchFrameRow, Branches, DeviceEventRow};
pub use change_log::{
    Accepted, Append, Basis, ChainFoldRow, ChainRow, ChangeLog, ChangeRow, Cursor, FrameRow, LoggedChange,
    OwnChange, PullGroup, PullPage, PullQuery, PulledGroup, Touched,
};
pub use devices::{DeviceRow, Devices, GrantRow};
pub use erasure::{Erasure, Erasures, TombstoneRow};
pub use error::StoreError;
pub use hubs::{ChainToRelay, HubCodeRow, HubRow, Hubs, OfficeNoticeRow, RelayedRow};
pub use mending::{Mended, Mending};
pub use mpp_sync::exchange::chains::ChainSum;
pub use node::Node;
pub use quarantine::{Quarantine, QuarantineRow};
pub use receipts::{CoveredChain, OfficeReceiptRow, Receipts, ReleaseRow};
pub use together::{Together, Turn, Work};
pub use trust::{CertificateRow, DeviceSessionRow, RevocationRow, SignedGrantRow, Trust};
pub use views::{
    ApplicationFilter, ApplicationPage, ApplicationRow, DocumentViewRow, ListedApplication, Projected,
    ResidentRow, Views, VisitRow,
};

/// 16 bytes: a document, session, device, log or day id.
pub type Id = [u8; 16];
/// 32 bytes: SHA-256 of a change, a frame or a token.
pub type Hash = [u8; 32];
/// The first 8 bytes of the log's running hash; all zero at position 0.
pub type Rolling = [u8; 8];

/// Everything a backend has to be.
pub trait Store:
    Node
    + ChangeLog
    + Branches
    + Quarantine
    + Erasures
    + Mending
    + Views
    + Accounts
    + Devices
    + Trust
    + Hubs
    + Archive
    + Backups
    + Receipts
    + Together
    + Send
    + Sync
{
}

impl<T> Store for T where
    T: Node
        + ChangeLog
        + Branches
        + Quarantine
        + Erasures
        + Mending
        + Views
        + Accounts
        + Devices
        + Trust
        + Hubs
        + Archive
        + Backups
        + Receipts
        + Together
        + Send
        + Sync
{
}
