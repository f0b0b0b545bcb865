//! The core under hostile bytes ([`fuzz`]), and many nodes of it in one process under every fault ([`sim`]), from a
//! seed that is printed and can be given again.

pub mod clock;
pub mod fuzz;
pub mod rng;
pub mod sim;
