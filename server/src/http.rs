//! HTTP: extract, call what does the work, map the result. No rules here.

pub mod assets;
pub mod auth;
pub mod backup;
pub mod bundle;
pub mod device;
pub mod error;
pub mod field;
pub mod give_back;
pub mod guard;
pub mod health;
pub mod hubs;
pub mod login;
pub mod office;
pub mod public;
pub mod pull;
pub mod repair;
pub mod residents;
pub mod roster;
pub mod router;
pub mod sync;

use std::sync::Arc;

/// What every handler gets.
pub type Shared = Arc<crate::app::App>;
