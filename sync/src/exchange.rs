//! The one-round-trip exchange, version 1: frames up, what the node holds and what is missing down.
//!
//! A body is five bytes (`MPPS`, version) and one raw deflate stream of records, with a flush after
//! each frame or batch, so that a receiver commits each as it arrives. `docs/protocol.md` describes
//! it for somebody who writes another client.

pub use body::{BodyReader, BodyWriter};
pub use changes::{Changes, Listed, Membership, Yours, attest, attested, attests};
pub use offer::Offer;
pub use plan::{ChainFrames, Confirmed, PushPlan, SendFrom, push_plan};
pub use receipt::{Receipt, ReceiptChain, ReceiptHeads, ReceiptRefusal};
pub use record::{RecordKind, records_in};
pub use repair::{RepairRequest, RepairStep, Want};
pub use request::{
    ChainClaim, Cursor, Extras, Hello, PROTOCOL, PullRequest, RequestReader, RequestRecord,
    encode_comparison, encode_relay, encode_request, encode_request_with, flags,
};
pub use response::{
    Ancestor, BackupState, Digest, HeldChain, ResponseRecord, ResponseWriter, Welcome, decode_record,
};

pub mod chains;

mod body;
mod changes;
mod offer;
mod plan;
mod receipt;
mod record;
mod repair;
mod request;
mod response;

#[cfg(test)]
mod tests;
