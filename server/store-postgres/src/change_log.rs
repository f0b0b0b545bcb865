//! [`ChangeLog`].

use std::collections::BTreeSet;

use async_trait::async_trait;
use mpp_store::{
    Append, ChainFoldRow, ChainRow, ChainSum, ChangeLog, Cursor, FrameRow, Id, LoggedChange, PullPage,
    PullQuery, StoreError, Touched,
};
use sqlx::postgres::PgRow;

use crate::columns::{array, get, maybe_array};
use crate::convert::{failed, ids};
use crate::{PostgresStore, append, digest, pull};

#[async_trait]
impl ChangeLog for PostgresStore {
    async fn append(&self, batch: &Append) -> Result<Cursor, StoreError> {
        append::append(self, batch).await
    }

    async fn head(&self) -> Result<Cursor, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        append::head(&mut connection).await
    }

    async fn chains(&self, sessions: &[Id]) -> Result<Vec<ChainRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM chain WHERE session = ANY($1) ORDER BY session")
            .bind(ids(sessions))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(chain).collect()
    }

    async fn chains_of(&self, devices: &[Id]) -> Result<Vec<ChainRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM chain WHERE device = ANY($1) ORDER BY last_at DESC, session")
            .bind(ids(devices))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(chain).collect()
    }

    async fn all_chains(&self) -> Result<Vec<ChainRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM chain ORDER BY last_at DESC, session")
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(chain).collect()
    }

    async fn chain_folds(&self, from: i64, to: i64) -> Result<Vec<ChainFoldRow>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM chain_fold WHERE month BETWEEN $1 AND $2 ORDER BY month, device")
                .bind(from)
                .bind(to)
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
        rows.iter().map(folded).collect()
    }

    async fn chains_of_month(&self, device: Id, month: i64, limit: i64) -> Result<Vec<ChainRow>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM chain WHERE device = $1 AND month = $2 ORDER BY session LIMIT $3")
                .bind(&device[..])
                .bind(month)
                .bind(limit)
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
        rows.iter().map(chain).collect()
    }

    async fn frame(&self, session: Id, number: i64) -> Result<Option<FrameRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM frame WHERE session = $1 AND number = $2")
            .bind(&session[..])
            .bind(number)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        row.as_ref().map(frame).transpose()
    }

    async fn frames(&self, session: Id, number: i64, limit: i64) -> Result<Vec<FrameRow>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM frame WHERE session = $1 AND number >= $2 ORDER BY number LIMIT $3")
                .bind(&session[..])
                .bind(number)
                .bind(limit)
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
        rows.iter().map(frame).collect()
    }

    async fn changes_of(&self, documents: &[Id]) -> Result<Vec<LoggedChange>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM change_log WHERE length(bytes) > 0 AND document = ANY($1) ORDER BY position",
        )
        .bind(ids(documents))
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter().map(logged).collect()
    }

    async fn touched_after(&self, position: i64, limit: i64) -> Result<Vec<Touched>, StoreError> {
        let rows = sqlx::query(
            "SELECT position, document, kind FROM change_log WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(position)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter()
            .map(|row| {
                Ok(Touched {
                    position: get(row, "position")?,
                    document: array(row, "document")?,
                    kind: get(row, "kind")?,
                })
            })
            .collect()
    }

    async fn scopes_of(&self, document: Id) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT scope FROM scope_entry WHERE document = $1")
            .bind(&document[..])
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        // In Rust: the order of words must not hang on the locale of the database.
        let scopes = rows.iter().map(|row| get(row, "scope")).collect::<Result<BTreeSet<String>, _>>()?;
        Ok(scopes.into_iter().collect())
    }

    async fn listed(&self, scope: &str, position: i64) -> Result<Vec<LoggedChange>, StoreError> {
        let rows = sqlx::query(
            "SELECT change_log.* FROM scope_entry JOIN change_log ON change_log.document = scope_entry.document \
             AND change_log.hash = scope_entry.hash \
             WHERE scope_entry.scope = $1 AND scope_entry.position <= $2 ORDER BY scope_entry.position",
        )
        .bind(scope)
        .bind(position)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter().map(logged).collect()
    }

    async fn sum_again(&self) -> Result<Vec<String>, StoreError> {
        digest::sum_again(self).await
    }

    async fn pull(&self, query: &PullQuery) -> Result<PullPage, StoreError> {
        pull::pull(self, query).await
    }
}

pub fn chain(row: &PgRow) -> Result<ChainRow, StoreError> {
    Ok(ChainRow {
        session: array(row, "session")?,
        device: array(row, "device")?,
        header: get(row, "header")?,
        frames: get(row, "frames")?,
        changes: get(row, "changes")?,
        head_hash: array(row, "head_hash")?,
        saves: get(row, "saves")?,
        last_save: array(row, "last_save")?,
        day: maybe_array(row, "day")?,
        officer: get(row, "officer")?,
        last_at: get(row, "last_at")?,
    })
}

pub fn folded(row: &PgRow) -> Result<ChainFoldRow, StoreError> {
    let chains: i64 = get(row, "chains")?;
    let sum = ChainSum { sum: array(row, "sum")?, chains: u64::try_from(chains).unwrap_or(0) };
    Ok(ChainFoldRow { month: get(row, "month")?, device: array(row, "device")?, sum })
}

fn frame(row: &PgRow) -> Result<FrameRow, StoreError> {
    Ok(FrameRow {
        session: array(row, "session")?,
        number: get(row, "number")?,
        hash: array(row, "hash")?,
        bytes: get(row, "bytes")?,
        received_at: get(row, "received_at")?,
    })
}

pub fn logged(row: &PgRow) -> Result<LoggedChange, StoreError> {
    Ok(LoggedChange {
        position: get(row, "position")?,
        document: array(row, "document")?,
        hash: array(row, "hash")?,
        kind: get(row, "kind")?,
        counter: get(row, "counter")?,
        session: array(row, "session")?,
        frame: get(row, "frame")?,
        seq: get(row, "seq")?,
        bytes: get(row, "bytes")?,
        received_at: get(row, "received_at")?,
    })
}
