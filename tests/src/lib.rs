//! The harness: a tablet without a screen on the same core as the real one, the real server as a
//! process, a network that can be cut, and the replay of a whole service day.
//!
//! [`tablet`] is the headless tablet; the program `headless-tablet` gives it standard input and output.
//! [`office`], [`headless`] and [`cable`] run the real programs for tests and for the bench; [`balancer`] stands before
//! several processes, [`link`] is a slow network that breaks, [`dice`] says where.
//! [`operations`] is the form of `data/service-day.jsonl`, and [`expected`] compares records with it
//! without any of the code that made them. [`generate`] fills an office with as much as one likes,
//! [`history`] makes the folder of one that has worked for years. [`reference`](mod@reference) is what traffic is measured against.

pub mod balancer;
pub mod cable;
pub mod clock;
pub mod dice;
pub mod expected;
pub mod generate;
pub mod headless;
pub mod history;
pub mod hub;
pub mod link;
pub mod office;
pub mod operations;
pub mod reference;
pub mod tablet;
