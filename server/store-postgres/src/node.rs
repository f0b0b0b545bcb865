//! [`Node`].

use async_trait::async_trait;
use mpp_store::{Node, StoreError};

use crate::convert::failed;
use crate::text::plain;
use crate::{MIGRATIONS, PostgresStore};

#[async_trait]
impl Node for PostgresStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        MIGRATIONS.run(&self.pool).await.map_err(|error| StoreError::Migrate(error.to_string()))
    }

    async fn value(&self, key: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("SELECT value FROM node WHERE key = $1")
            .bind(plain(key))
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)
    }

    async fn set_value(&self, key: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO node (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(plain(key))
        .bind(plain(value))
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn value_or(&self, key: &str, value: &str) -> Result<String, StoreError> {
        sqlx::query("INSERT INTO node (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
            .bind(plain(key))
            .bind(plain(value))
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        sqlx::query_scalar("SELECT value FROM node WHERE key = $1")
            .bind(plain(key))
            .fetch_one(&self.pool)
            .await
            .map_err(failed)
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
