//! The sync core as a WebAssembly module: memory plumbing, no logic.
//!
//! The module exports its memory and four functions (`mpp_alloc`, `mpp_free`, `mpp_seed`, `mpp_call`) and
//! imports nothing: no clock, no dice and no network can hide in it. A call is bytes in and bytes out, see
//! [`message`]. It keeps no document between two calls, so an instance that trapped, or whose memory has
//! grown, is thrown away and made anew.

pub mod call;
pub mod dice;
#[cfg(target_arch = "wasm32")]
mod exports;
pub mod message;
