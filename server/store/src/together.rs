//! Several processes on one storage: whose turn it is, and what the others did.

use async_trait::async_trait;

use crate::StoreError;

/// Work that one process of several does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Folding the log into views.
    Projection,
    /// What a process writes when it starts: keys' fingerprints, a catalogue, the demo.
    Start,
}

/// A turn. It ends with [`Turn::end`]; when the value is dropped without that, or its process dies, it ends too, but
/// may take a moment and a connection with it.
#[async_trait]
pub trait Turn: Send {
    /// Lets the next one have it.
    async fn end(self: Box<Self>);
}

/// Several processes on one storage.
#[async_trait]
pub trait Together {
    /// Takes the turn at some work; none while another has it. What is done in it must be right even if the turn was
    /// lost meanwhile (the database went away and came back): it saves work and is no lock to build on.
    async fn turn(&self, work: Work) -> Result<Option<Box<dyn Turn>>, StoreError>;
    /// Waits until another process has appended or projected something, or may have. Never returns on a storage that
    /// only one process serves.
    async fn news(&self);
}
