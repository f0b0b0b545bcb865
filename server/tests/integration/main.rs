//! The office as its callers see it: requests in, answers out, on a fresh folder each.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; helpers are not marked as tests"
)]

mod backup;
mod bundle;
mod chains;
mod digest;
mod entering;
mod erasure;
mod frames;
mod give_back;
mod login;
mod move_store;
mod office;
mod people;
mod quarantine;
mod rebuild;
mod server;
mod setup;
mod storage;
mod tablet;
mod tracking;
