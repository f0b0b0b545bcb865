//! The office half of MPP Bergerak.
//!
//! The way of a record here: **http → ingest → log → projection → review**. `ingest` is the only way into the log,
//! the projection the only writer of views, and handlers hold no rules: those are in `mpp-sync`.
//!
//! Only [`app`] names a storage backend, only [`clock`] reads the clock or makes random bytes.

pub mod app;
pub mod authoring;
pub mod calendar;
pub mod catalogue_file;
pub mod clock;
pub mod config;
pub mod http;
pub mod ingest;
pub mod node_key;
pub mod password;
pub mod projection;
pub mod regions;
pub mod review;
pub mod telemetry;
