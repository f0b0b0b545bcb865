//! [`Quarantine`].

use async_trait::async_trait;
use mpp_store::{Id, Quarantine, QuarantineRow, StoreError};

use crate::backend::{Backend, BackendRow};
use crate::columns::{array, get};
use crate::convert::failed;

#[async_trait]
impl Quarantine for Backend {
    async fn quarantined(&self, limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM quarantine ORDER BY received_at DESC, document, hash LIMIT $1")
            .bind(limit)
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(aside).collect()
    }

    async fn quarantined_of(&self, documents: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
        aside_with(self, "SELECT * FROM quarantine WHERE document", documents).await
    }

    async fn quarantined_from(&self, sessions: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
        aside_with(self, "SELECT * FROM quarantine WHERE session", sessions).await
    }

    async fn quarantined_for(&self, codes: &[&str], limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
        let mut found = Vec::new();
        for code in codes {
            let rows = sqlx::query(
                "SELECT * FROM quarantine WHERE code = $1 \
                 ORDER BY received_at, session, frame, document, hash LIMIT $2",
            )
            .bind(*code)
            .bind(limit)
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
            for row in &rows {
                found.push(aside(row)?);
            }
        }
        found.sort_by(in_order);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn quarantine_counts(&self) -> Result<Vec<(Id, i64)>, StoreError> {
        let rows =
            sqlx::query("SELECT session, count(*) AS kept FROM quarantine GROUP BY session ORDER BY session")
                .fetch_all(self.read())
                .await
                .map_err(failed)?;
        rows.iter().map(|row| Ok((array(row, "session")?, get(row, "kept")?))).collect()
    }
}

async fn aside_with(store: &Backend, statement: &str, ids: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
    let mut found = store.with_ids(statement, ids, aside).await?;
    found.sort_by(in_order);
    Ok(found)
}

fn in_order(a: &QuarantineRow, b: &QuarantineRow) -> std::cmp::Ordering {
    let key = |row: &QuarantineRow| (row.received_at, row.session, row.frame, row.document, row.hash);
    key(a).cmp(&key(b))
}

fn aside(row: &BackendRow) -> Result<QuarantineRow, StoreError> {
    Ok(QuarantineRow {
        document: array(row, "document")?,
        hash: array(row, "hash")?,
        kind: get(row, "kind")?,
        counter: get(row, "counter")?,
        session: array(row, "session")?,
        frame: get(row, "frame")?,
        bytes: get(row, "bytes")?,
        code: get(row, "code")?,
        received_at: get(row, "received_at")?,
        retried: get(row, "retried")?,
    })
}
