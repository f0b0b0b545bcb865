//! The core under hostile bytes ([`fuzz`]), from a seed that is printed and can be given again.

pub mod clock;
pub mod fuzz;
pub mod rng;
