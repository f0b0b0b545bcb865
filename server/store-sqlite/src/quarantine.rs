//! [`Quarantine`].

use async_trait::async_trait;
use mpp_store::{Id, Quarantine, QuarantineRow, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqlitePool};

use crate::SqliteStore;
use crate::convert::{CHUNK, array, failed, get, push_list};

#[async_trait]
impl Quarantine for SqliteStore {
    async fn quarantined(&self, limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM quarantine ORDER BY received_at DESC, document, hash LIMIT $1")
            .bind(limit)
            .fetch_all(&self.reader)
            .await
            .map_err(failed)?;
        rows.iter().map(aside).collect()
    }

    async fn quarantined_of(&self, documents: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
        among(&self.reader, "SELECT * FROM quarantine WHERE document IN ", documents).await
    }

    async fn quarantined_from(&self, sessions: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
        among(&self.reader, "SELECT * FROM quarantine WHERE session IN ", sessions).await
    }

    async fn quarantined_for(&self, codes: &[&str], limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM quarantine WHERE code IN ");
        push_list(&mut query, codes.iter().map(ToString::to_string));
        query.push(" ORDER BY received_at, session, frame, document, hash LIMIT ").push_bind(limit);
        let rows = query.build().fetch_all(&self.reader).await.map_err(failed)?;
        rows.iter().map(aside).collect()
    }

    async fn quarantine_counts(&self) -> Result<Vec<(Id, i64)>, StoreError> {
        let rows =
            sqlx::query("SELECT session, count(*) AS kept FROM quarantine GROUP BY session ORDER BY session")
                .fetch_all(&self.reader)
                .await
                .map_err(failed)?;
        rows.iter().map(|row| Ok((array(row, "session")?, get(row, "kept")?))).collect()
    }
}

async fn among(
    reader: &SqlitePool,
    statement: &'static str,
    ids: &[Id],
) -> Result<Vec<QuarantineRow>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let mut query = QueryBuilder::new(statement);
        push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
        let rows = query.build().fetch_all(reader).await.map_err(failed)?;
        for row in &rows {
            found.push(aside(row)?);
        }
    }
    found.sort_by(in_order);
    Ok(found)
}

fn in_order(a: &QuarantineRow, b: &QuarantineRow) -> std::cmp::Ordering {
    let key = |row: &QuarantineRow| (row.received_at, row.session, row.frame, row.document, row.hash);
    key(a).cmp(&key(b))
}

fn aside(row: &SqliteRow) -> Result<QuarantineRow, StoreError> {
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
