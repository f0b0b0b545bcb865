//! Reading many rows at once.

use mpp_store::{Id, StoreError};

use crate::backend::{Backend, BackendRow, with_ids};
use crate::convert::failed;

impl Backend {
    /// [`with_ids`] on a connection of its own.
    pub(crate) async fn with_ids<T>(
        &self,
        statement: &str,
        ids: &[Id],
        read: impl Fn(&BackendRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        with_ids(&mut *self.read().acquire().await.map_err(failed)?, statement, ids, read).await
    }
}
