//! Rows whose bytes rotted on the disk, put right from another copy.

use async_trait::async_trait;

use crate::{Hash, Id, StoreError};

/// A change by its document and hash, with its raw chunk.
pub type Mended = (Id, Hash, Vec<u8>);

/// Puts bytes right. The caller has verified that they are what the names say.
#[async_trait]
pub trait Mending {
    /// Writes the bytes of changes of the log, and of those kept aside. What is not there, or was erased, is passed over.
    async fn mend(&self, changes: &[Mended]) -> Result<(), StoreError>;
}
