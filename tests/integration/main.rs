//! The real programs as processes: what survives `kill -9`, cut links and bad input.
