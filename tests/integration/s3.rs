//! Backups in an S3 store: a real one, which checks signatures and keeps objects in a folder.

mod cut;
mod office;
mod program;
mod refused;
mod round_trip;
mod store;
