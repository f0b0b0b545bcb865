//! The binary `mpp`.
fn main() {}
