//! Hostile bytes: targets are plain functions that panic when an invariant does not hold, so that any
//! driver can call them; ours ([`driver`]) is deterministic and prints the seed of what it finds.
//!
//! A target reads its input as *items* ([`items`]): some are taken as they are, some are given a right
//! checksum or a right signature first, so that altered contents get past the first door.

use crate::rng::Rng;

pub mod driver;
pub mod items;
mod mutate;
mod sample;
mod target_beside;
mod target_body;
mod target_change;
mod target_files;
mod target_frame;
mod target_papers;
mod target_response;

/// One thing to throw bytes at.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Takes any bytes; panics when an invariant is broken.
    pub run: fn(&[u8]),
    /// Valid inputs, known attacks, and everything that ever found a bug.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Alters an input in a way that keeps its structure.
    pub mutate: fn(&mut Rng, &[u8]) -> Vec<u8>,
    /// Bytes of memory that one input may take at most, whatever it says.
    pub memory: usize,
    /// Inputs of a short run, in the tests: some seconds.
    pub short: u64,
}

const MEBIBYTE: usize = 1024 * 1024;

/// All targets.
pub const TARGETS: [Target; 7] = [
    Target {
        name: "frame",
        run: target_frame::run,
        seeds: target_frame::seeds,
        mutate: target_frame::mutate,
        memory: 32 * MEBIBYTE,
        short: 4_000,
    },
    Target {
        name: "change",
        run: target_change::run,
        seeds: target_change::seeds,
        mutate: target_change::mutate,
        memory: 32 * MEBIBYTE,
        short: 6_000,
    },
    Target {
        name: "body",
        run: target_body::run,
        seeds: target_body::seeds,
        mutate: target_body::mutate,
        // A whole body of 64 MB, as records and while it is inflated.
        memory: 160 * MEBIBYTE,
        short: 1_000,
    },
    Target {
        name: "response",
        run: target_response::run,
        seeds: target_response::seeds,
        mutate: target_response::mutate,
        memory: 128 * MEBIBYTE,
        short: 20_000,
    },
    Target {
        name: "papers",
        run: target_papers::run,
        seeds: target_papers::seeds,
        mutate: target_papers::mutate,
        memory: 16 * MEBIBYTE,
        short: 3_000,
    },
    Target {
        name: "beside",
        run: target_beside::run,
        seeds: target_beside::seeds,
        mutate: target_beside::mutate,
        memory: 32 * MEBIBYTE,
        short: 6_000,
    },
    Target {
        name: "files",
        run: target_files::run,
        seeds: target_files::seeds,
        mutate: target_files::mutate,
        // One record of a backup may be 64 MB by its length, before its end is found missing.
        memory: 160 * MEBIBYTE,
        short: 2_000,
    },
];
