//! What can go wrong below the traits.

/// Why a store could not do what was asked. Nothing of the failed call is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk (or the database's page limit) is full. Works again after somebody makes room.
    #[error("the storage is full")]
    Full,
    /// A row with this key exists already and says something else.
    #[error("already there: {0}")]
    Conflict(&'static str),
    /// What the caller built on is no longer so: another process was faster. Read again and try again.
    #[error("another process was faster: {0}")]
    Stale(&'static str),
    /// A stored row does not have the shape this version writes: the wrong length or an unknown word.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(&'static str),
    /// The migrations could not run.
    #[error("the database could not be prepared: {0}")]
    Migrate(String),
    /// What an export was written to, or an import read from, failed.
    #[error("the copy failed: {0}")]
    Copy(String),
    /// Anything else the backend reported. The text is for the log, never for a person's screen.
    #[error("the database failed: {0}")]
    Backend(String),
}
