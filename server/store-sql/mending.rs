//! [`Mending`].

use async_trait::async_trait;
use mpp_store::{Mended, Mending, StoreError};

use crate::backend::Backend;
use crate::convert::failed;

#[async_trait]
impl Mending for Backend {
    async fn mend(&self, changes: &[Mended]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for (document, hash, bytes) in changes {
            for statement in [
                "UPDATE change_log SET bytes = $3 WHERE document = $1 AND hash = $2 AND length(bytes) > 0",
                "UPDATE quarantine SET bytes = $3 WHERE document = $1 AND hash = $2 AND length(bytes) > 0",
            ] {
                sqlx::query(statement)
                    .bind(&document[..])
                    .bind(&hash[..])
                    .bind(bytes)
                    .execute(&mut *transaction)
                    .await
                    .map_err(failed)?;
            }
        }
        transaction.commit().await.map_err(failed)
    }
}
