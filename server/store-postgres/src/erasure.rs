//! [`Erasures`].

use async_trait::async_trait;
use mpp_store::{Cursor, Erasure, Erasures, Id, StoreError, TombstoneRow};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::PostgresStore;
use crate::append::{head_to_move, must_hold};
use crate::columns::{array, get};
use crate::convert::{failed, ids};
use crate::digest::{EnteredBy, count_out};
use crate::together::tell;

#[async_trait]
impl Erasures for PostgresStore {
    async fn erase(&self, erasure: &Erasure) -> Result<Cursor, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        tell(self, &mut transaction).await?;
        leave_frames(&mut transaction, erasure).await?;
        let before = head_to_move(&mut transaction).await?;
        if !found(&mut transaction, &[erasure.document]).await?.is_empty() {
            return Ok(before);
        }
        must_hold(&mut transaction, &erasure.basis, before).await?;
        leave_scopes(&mut transaction, &erasure.document).await?;
        for statement in [
            "UPDATE change_log SET bytes = ''::bytea WHERE document = $1",
            "DELETE FROM quarantine WHERE document = $1",
        ] {
            let query = sqlx::query(statement).bind(&erasure.document[..]);
            query.execute(&mut *transaction).await.map_err(failed)?;
        }
        let after = bury(&mut transaction, erasure, before).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(after)
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        // The rows as they were stay in the tables' files until somebody cleans up.
        let tables = "VACUUM change_log, frame, branch_frame, quarantine, document_view, resident_row, \
             resident_link, visit_row, application_row";
        sqlx::query(tables).execute(&self.pool).await.map_err(failed)?;
        Ok(())
    }

    async fn tombstones(&self, documents: &[Id]) -> Result<Vec<TombstoneRow>, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        found(&mut connection, documents).await
    }

    async fn all_tombstones(&self) -> Result<Vec<TombstoneRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM tombstone ORDER BY position")
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(tombstone).collect()
    }
}

/// The tombstones of these scopes that stand after one position, up to another.
pub async fn between(
    connection: &mut PgConnection,
    scopes: &[String],
    after: i64,
    upto: i64,
) -> Result<Vec<TombstoneRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM tombstone WHERE position > $1 AND position <= $2 \
         AND document IN (SELECT document FROM tombstone_scope WHERE scope = ANY($3)) ORDER BY position",
    )
    .bind(after)
    .bind(upto)
    .bind(scopes)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    rows.iter().map(tombstone).collect()
}

async fn found(connection: &mut PgConnection, documents: &[Id]) -> Result<Vec<TombstoneRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM tombstone WHERE document = ANY($1)")
        .bind(ids(documents))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    rows.iter().map(tombstone).collect()
}

/// Takes the document out of its scopes and counts its changes out of their sums.
async fn leave_scopes(transaction: &mut Transaction<'_, Postgres>, document: &Id) -> Result<(), StoreError> {
    let rows = sqlx::query("DELETE FROM scope_entry WHERE document = $1 RETURNING scope, hash")
        .bind(&document[..])
        .fetch_all(&mut **transaction)
        .await
        .map_err(failed)?;
    let mut left = EnteredBy::new();
    for row in &rows {
        left.entry(get(row, "scope")?).or_default().push((*document, array(row, "hash")?));
    }
    count_out(transaction, &left).await
}

async fn leave_frames(
    transaction: &mut Transaction<'_, Postgres>,
    erasure: &Erasure,
) -> Result<(), StoreError> {
    for (session, number, bytes) in &erasure.frames {
        sqlx::query("UPDATE frame SET bytes = $3 WHERE session = $1 AND number = $2")
            .bind(&session[..])
            .bind(number)
            .bind(bytes)
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
    }
    for (session, hash, bytes) in &erasure.branches {
        sqlx::query("UPDATE branch_frame SET bytes = $3 WHERE session = $1 AND hash = $2")
            .bind(&session[..])
            .bind(&hash[..])
            .bind(bytes)
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Keeps the tombstone, at a place of its own in the log: every cursor before it learns of it, and the projection too.
async fn bury(
    transaction: &mut Transaction<'_, Postgres>,
    erasure: &Erasure,
    before: Cursor,
) -> Result<Cursor, StoreError> {
    let after = before.after(&erasure.document, &erasure.hash);
    sqlx::query(
        "INSERT INTO change_log \
         (position, document, hash, kind, counter, session, frame, seq, bytes, received_at, rolling) \
         VALUES ($1, $2, $3, $4, NULL, $5, -1, 0, ''::bytea, 0, $6)",
    )
    .bind(after.position)
    .bind(&erasure.document[..])
    .bind(&erasure.hash[..])
    .bind(erasure.kind)
    .bind(&Id::default()[..])
    .bind(&after.rolling[..])
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    sqlx::query("UPDATE log_head SET position = $1, rolling = $2 WHERE id = 1")
        .bind(after.position)
        .bind(&after.rolling[..])
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    sqlx::query("INSERT INTO tombstone (document, position, bytes) VALUES ($1, $2, $3)")
        .bind(&erasure.document[..])
        .bind(after.position)
        .bind(&erasure.tombstone)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    sqlx::query(
        "INSERT INTO tombstone_scope (scope, document) SELECT scope, $2 FROM unnest($1::text[]) AS scope \
         ON CONFLICT DO NOTHING",
    )
    .bind(&erasure.scopes)
    .bind(&erasure.document[..])
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(after)
}

fn tombstone(row: &PgRow) -> Result<TombstoneRow, StoreError> {
    Ok(TombstoneRow {
        document: array(row, "document")?,
        position: get(row, "position")?,
        bytes: get(row, "bytes")?,
    })
}
