//! What lies in the store, or is on its way there, and is not known to be good: kept on this machine until it is verified
//! or gone, so that no power cut and no dead link leaves behind what looks like a backup, or parts that cost money.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::node_key::write_secret;

/// The file, beside the database.
const FILE: &str = "unverified-backup";

/// An object that is not verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unverified {
    /// The store and bucket.
    pub store: String,
    /// The name in the bucket.
    pub object: String,
    /// The upload in parts.
    pub upload: Option<String>,
}

impl Unverified {
    /// Keeps it.
    pub fn keep(&self, folder: &Path) -> io::Result<()> {
        write_secret(&folder.join(FILE), &serde_json::to_string(self)?)
    }

    /// What is kept.
    pub fn kept(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(folder.join(FILE)) {
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps nothing any more.
    pub fn forget(folder: &Path) -> io::Result<()> {
        match fs::remove_file(folder.join(FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
