//! [`Backups`].

use async_trait::async_trait;
use mpp_store::{BackupRow, Backups, Id, StoreError};
use sqlx::Transaction;

use crate::backend::{Backend, BackendRow, Database, cover};
use crate::columns::get;
use crate::convert::failed;
use crate::text::maybe_plain;

/// Where the marks stand, in the table `node`.
const MARKS: &str = "marks";

#[async_trait]
impl Backups for Backend {
    async fn begin_backup(&self, started_at: i64, stale_before: i64) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.begin_alone_with("backup").await?;
        let running: Option<i64> = sqlx::query_scalar(
            "SELECT number FROM backup WHERE finished_at IS NULL AND started_at > $1 LIMIT 1",
        )
        .bind(stale_before)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        if running.is_some() {
            return Ok(None);
        }
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO backup (number, started_at) SELECT COALESCE(MAX(number), 0) + 1, $1 FROM backup \
             RETURNING number",
        )
        .bind(started_at)
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Some(number))
    }

    async fn finish_backup(&self, row: &BackupRow, covered: &[(Id, i64)]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE backup SET started_at = $2, finished_at = $3, position = $4, bytes = $5, file = $6, error = $7 \
             WHERE number = $1",
        )
        .bind(row.number)
        .bind(row.started_at)
        .bind(row.finished_at)
        .bind(row.position)
        .bind(row.bytes)
        .bind(maybe_plain(row.file.as_ref()))
        .bind(maybe_plain(row.error.as_ref()))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if row.is_good() {
            cover(&mut transaction, covered).await?;
            raise_marks(&mut transaction).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn backups(&self, limit: i64) -> Result<Vec<BackupRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM backup ORDER BY number DESC LIMIT $1")
            .bind(limit)
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(backup).collect()
    }

    async fn last_good_backup(&self) -> Result<Option<BackupRow>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM backup WHERE finished_at IS NOT NULL AND error IS NULL ORDER BY number DESC LIMIT 1",
        )
        .fetch_optional(self.read())
        .await
        .map_err(failed)?;
        row.as_ref().map(backup).transpose()
    }

    async fn marks(&self) -> Result<i64, StoreError> {
        let value: Option<String> = sqlx::query_scalar("SELECT value FROM node WHERE key = $1")
            .bind(MARKS)
            .fetch_optional(self.read())
            .await
            .map_err(failed)?;
        value.map_or(Ok(0), |value| value.parse().map_err(|_| StoreError::Corrupt(MARKS)))
    }
}

/// Receipts could now say more.
pub async fn raise_marks(transaction: &mut Transaction<'_, Database>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO node (key, value) VALUES ($1, '1') \
         ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(node.value AS BIGINT) + 1 AS TEXT)",
    )
    .bind(MARKS)
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

fn backup(row: &BackendRow) -> Result<BackupRow, StoreError> {
    Ok(BackupRow {
        number: get(row, "number")?,
        started_at: get(row, "started_at")?,
        finished_at: get(row, "finished_at")?,
        position: get(row, "position")?,
        bytes: get(row, "bytes")?,
        file: get(row, "file")?,
        error: get(row, "error")?,
    })
}
