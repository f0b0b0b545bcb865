//! [`Erasures`].

use async_trait::async_trait;
use mpp_store::{Cursor, Erasure, Erasures, Id, StoreError, TombstoneRow};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, Transaction};

use crate::SqliteStore;
use crate::append::{head, must_hold};
use crate::columns::{array, get};
use crate::convert::{CHUNK, failed, push_list};
use crate::digest::{EnteredBy, count_out};

#[async_trait]
impl Erasures for SqliteStore {
    async fn erase(&self, erasure: &Erasure) -> Result<Cursor, StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let before = head(&mut transaction).await?;
        if !found(&mut transaction, &[erasure.document]).await?.is_empty() {
            return Ok(before);
        }
        must_hold(&mut transaction, &erasure.basis).await?;
        leave_scopes(&mut transaction, &erasure.document).await?;
        for statement in [
            "UPDATE change_log SET bytes = X'' WHERE document = $1",
            "DELETE FROM quarantine WHERE document = $1",
        ] {
            run(&mut transaction, statement, &erasure.document).await?;
        }
        leave_frames(&mut transaction, erasure).await?;
        let after = bury(&mut transaction, erasure, before).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(after)
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        // What is deleted is overwritten in the database (`secure_delete`); the file written ahead is emptied.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await.map_err(failed)?;
        Ok(())
    }

    async fn tombstones(&self, documents: &[Id]) -> Result<Vec<TombstoneRow>, StoreError> {
        let mut connection = self.reader.acquire().await.map_err(failed)?;
        found(&mut connection, documents).await
    }

    async fn all_tombstones(&self) -> Result<Vec<TombstoneRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM tombstone ORDER BY position")
            .fetch_all(&self.reader)
            .await
            .map_err(failed)?;
        rows.iter().map(tombstone).collect()
    }
}

/// The tombstones of these scopes that stand after one position, up to another.
pub async fn between(
    connection: &mut SqliteConnection,
    scopes: &[String],
    after: i64,
    upto: i64,
) -> Result<Vec<TombstoneRow>, StoreError> {
    let mut query = QueryBuilder::new("SELECT * FROM tombstone WHERE position > ");
    query.push_bind(after).push(" AND position <= ").push_bind(upto);
    query.push(" AND document IN (SELECT document FROM tombstone_scope WHERE scope IN ");
    push_list(&mut query, scopes.iter().cloned());
    query.push(") ORDER BY position");
    let rows = query.build().fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(tombstone).collect()
}

async fn found(connection: &mut SqliteConnection, documents: &[Id]) -> Result<Vec<TombstoneRow>, StoreError> {
    let mut rows = Vec::new();
    for chunk in documents.chunks(CHUNK) {
        let mut query = QueryBuilder::new("SELECT * FROM tombstone WHERE document IN ");
        push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
        for row in &query.build().fetch_all(&mut *connection).await.map_err(failed)? {
            rows.push(tombstone(row)?);
        }
    }
    Ok(rows)
}

async fn run(
    transaction: &mut Transaction<'_, Sqlite>,
    statement: &'static str,
    document: &Id,
) -> Result<(), StoreError> {
    sqlx::query(statement).bind(&document[..]).execute(&mut **transaction).await.map_err(failed)?;
    Ok(())
}

/// Takes the document out of its scopes and counts its changes out of their sums.
async fn leave_scopes(transaction: &mut Transaction<'_, Sqlite>, document: &Id) -> Result<(), StoreError> {
    let rows = sqlx::query("DELETE FROM scope_entry WHERE document = $1 RETURNING scope, hash")
        .bind(&document[..])
        .fetch_all(&mut **transaction)
        .await
        .map_err(failed)?;
    let mut left = EnteredBy::new();
    for row in &rows {
        let scope: String = row.try_get("scope").map_err(failed)?;
        left.entry(scope).or_default().push((*document, array(row, "hash")?));
    }
    count_out(transaction, &left).await
}

async fn leave_frames(
    transaction: &mut Transaction<'_, Sqlite>,
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
    transaction: &mut Transaction<'_, Sqlite>,
    erasure: &Erasure,
    before: Cursor,
) -> Result<Cursor, StoreError> {
    let after = before.after(&erasure.document, &erasure.hash);
    sqlx::query(
        "INSERT INTO change_log \
         (position, document, hash, kind, counter, session, frame, seq, bytes, received_at, rolling) \
         VALUES ($1, $2, $3, $4, NULL, $5, -1, 0, X'', 0, $6)",
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
    for scope in &erasure.scopes {
        sqlx::query("INSERT INTO tombstone_scope (scope, document) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(scope)
            .bind(&erasure.document[..])
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
    }
    Ok(after)
}

fn tombstone(row: &SqliteRow) -> Result<TombstoneRow, StoreError> {
    Ok(TombstoneRow {
        document: array(row, "document")?,
        position: get(row, "position")?,
        bytes: get(row, "bytes")?,
    })
}
