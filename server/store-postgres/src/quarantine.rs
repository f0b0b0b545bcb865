//! [`Quarantine`].

use async_trait::async_trait;
use mpp_store::{Id, Quarantine, QuarantineRow, StoreError};
use sqlx::PgPool;
use sqlx::postgres::PgRow;

use crate::PostgresStore;
use crate::convert::{array, failed, get, ids};

#[async_trait]
impl Quarantine for PostgresStore {
    async fn quarantined(&self, limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM quarantine ORDER BY received_at DESC, document, hash LIMIT $1")
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(aside).collect()
    }

    async fn quarantined_of(&self, documents: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
        among(&self.pool, "SELECT * FROM quarantine WHERE document = ANY($1)", documents).await
    }

    async fn quarantined_from(&self, sessions: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
        among(&self.pool, "SELECT * FROM quarantine WHERE session = ANY($1)", sessions).await
    }

    async fn quarantined_for(&self, codes: &[&str], limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM quarantine WHERE code = ANY($1) \
             ORDER BY received_at, session, frame, document, hash LIMIT $2",
        )
        .bind(codes)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter().map(aside).collect()
    }

    async fn quarantine_counts(&self) -> Result<Vec<(Id, i64)>, StoreError> {
        let rows =
            sqlx::query("SELECT session, count(*) AS kept FROM quarantine GROUP BY session ORDER BY session")
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
        rows.iter().map(|row| Ok((array(row, "session")?, get(row, "kept")?))).collect()
    }
}

async fn among(
    pool: &PgPool,
    statement: &'static str,
    wanted: &[Id],
) -> Result<Vec<QuarantineRow>, StoreError> {
    let rows = sqlx::query(statement).bind(ids(wanted)).fetch_all(pool).await.map_err(failed)?;
    let mut found = rows.iter().map(aside).collect::<Result<Vec<_>, _>>()?;
    found.sort_by(in_order);
    Ok(found)
}

fn in_order(a: &QuarantineRow, b: &QuarantineRow) -> std::cmp::Ordering {
    let key = |row: &QuarantineRow| (row.received_at, row.session, row.frame, row.document, row.hash);
    key(a).cmp(&key(b))
}

fn aside(row: &PgRow) -> Result<QuarantineRow, StoreError> {
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
