//! The sync core: documents, rules, wire format and checks of MPP Bergerak.
//!
//! Bytes and facts go in, bytes and facts come out. There is no I/O here, no clock, no randomness and
//! no async: the server links this crate, the tablet runs it as WebAssembly, and there is no second
//! implementation of any rule. What a caller needs from the outside world (the time, random bytes,
//! a signature) it passes in.
//!
//! The way of a record, in the order of the modules:
//!
//! 1. [`rules`] look at what was typed (NIK, names, phones, declared fields).
//! 2. [`action`] turns an intention (hand out a ticket, take an application) into a [`save::Save`]:
//!    one change for every [`document::Document`] it touches.
//! 3. [`frame`] packs saves into a signed, hash-linked frame of one session.
//! 4. [`exchange`] carries frames up and changes down in one round trip (`docs/protocol.md`).
//!    [`bundle`] seals the same request into a file, for when there is no link at all (`docs/bundle.md`).
//! 5. [`check`] decides at the receiver whether a change may enter the log: only it can make an
//!    [`check::AcceptedChange`].
//! 6. [`digest`] sums up what a scope lists, so that both sides see whether they hold the same;
//!    [`repair`] finds out in what they differ; [`caller`] decides what a tablet does about it.
//! 7. [`trust`] says which node and which device may be believed: certificates, grants, revocations.
//! 8. [`view`] reads a document into the plain record that lists, pages and digests are made of.
//!
//! [`api`] offers all of it as named calls over JSON and byte blobs, for WebAssembly.

pub mod action;
pub mod api;
pub mod bundle;
pub mod caller;
pub mod check;
pub mod digest;
pub mod document;
pub mod exchange;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod repair;
pub mod rules;
pub mod save;
pub mod text;
pub mod trust;
pub mod view;
pub mod wire;
