//! [`Node`].

use async_trait::async_trait;
use mpp_store::{Node, StoreError};

use crate::columns::get;
use crate::convert::failed;
use crate::{MIGRATIONS, SqliteStore, append, change_log};

#[async_trait]
impl Node for SqliteStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        MIGRATIONS.run(&self.writer).await.map_err(|error| StoreError::Migrate(error.to_string()))?;
        fold_chains(self).await
    }

    async fn value(&self, key: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("SELECT value FROM node WHERE key = $1")
            .bind(key)
            .fetch_optional(&self.reader)
            .await
            .map_err(failed)
    }

    async fn set_value(&self, key: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO node (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(value)
        .execute(&self.writer)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn value_or(&self, key: &str, value: &str) -> Result<String, StoreError> {
        sqlx::query("INSERT INTO node (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
            .bind(key)
            .bind(value)
            .execute(&self.writer)
            .await
            .map_err(failed)?;
        sqlx::query_scalar("SELECT value FROM node WHERE key = $1")
            .bind(key)
            .fetch_one(&self.writer)
            .await
            .map_err(failed)
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Chains fetched in one go.
const STEP: i64 = 500;

/// Folds chains that were written before there were folds: only at the first start after that migration.
async fn fold_chains(store: &SqliteStore) -> Result<(), StoreError> {
    let folded = sqlx::query("SELECT 1 FROM chain_fold LIMIT 1").fetch_optional(&store.reader).await;
    if folded.map_err(failed)?.is_some() {
        return Ok(());
    }
    let mut transaction = store.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let mut after: Vec<u8> = Vec::new();
    loop {
        let rows = sqlx::query("SELECT * FROM chain WHERE session > $1 ORDER BY session LIMIT $2")
            .bind(&after)
            .bind(STEP)
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed)?;
        let Some(last) = rows.last() else { break };
        after = get(last, "session")?;
        for row in &rows {
            let chain = change_log::chain(row)?;
            append::fold_new_chain(&mut transaction, &chain).await?;
            sqlx::query("UPDATE chain SET month = $2 WHERE session = $1")
                .bind(&chain.session[..])
                .bind(chain.month())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
    }
    transaction.commit().await.map_err(failed)
}
