//! The office half.
