//! [`Erasures`].

use async_trait::async_trait;
use mpp_store::{Cursor, Erasure, Erasures, Id, StoreError, TombstoneRow};
use sqlx::Transaction;

use crate::append::{head_to_move, must_hold};
use crate::backend::{Backend, BackendRow, Connection, Database, SCRUB, with_ids};
use crate::columns::{array, get};
use crate::convert::failed;
use crate::digest::{EnteredBy, count_out};

/// What stays of erased bytes.
const NOTHING: &[u8] = &[];

#[async_trait]
impl Erasures for Backend {
    async fn erase(&self, erasure: &Erasure) -> Result<Cursor, StoreError> {
        let mut transaction = self.begin_to_append().await?;
        leave_frames(&mut transaction, erasure).await?;
        let before = head_to_move(&mut transaction).await?;
        if !found(&mut transaction, &[erasure.document]).await?.is_empty() {
            return Ok(before);
        }
        must_hold(&mut transaction, &erasure.basis, before).await?;
        leave_scopes(&mut transaction, &erasure.document).await?;
        sqlx::query("UPDATE change_log SET bytes = $2 WHERE document = $1")
            .bind(&erasure.document[..])
            .bind(NOTHING)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        sqlx::query("DELETE FROM quarantine WHERE document = $1")
            .bind(&erasure.document[..])
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let after = bury(&mut transaction, erasure, before).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(after)
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        sqlx::query(SCRUB).execute(self.write()).await.map_err(failed)?;
        Ok(())
    }

    async fn tombstones(&self, documents: &[Id]) -> Result<Vec<TombstoneRow>, StoreError> {
        let mut connection = self.read().acquire().await.map_err(failed)?;
        found(&mut connection, documents).await
    }

    async fn all_tombstones(&self) -> Result<Vec<TombstoneRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM tombstone ORDER BY position")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(tombstone).collect()
    }
}

/// The tombstones of these scopes that stand after one position, up to another.
pub async fn between(
    connection: &mut Connection,
    scopes: &[String],
    after: i64,
    upto: i64,
) -> Result<Vec<TombstoneRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT tombstone.*, tombstone_scope.scope FROM tombstone \
         JOIN tombstone_scope ON tombstone_scope.document = tombstone.document \
         WHERE position > $1 AND position <= $2 ORDER BY position",
    )
    .bind(after)
    .bind(upto)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let mut found: Vec<TombstoneRow> = Vec::new();
    for row in &rows {
        if scopes.contains(&get(row, "scope")?) {
            found.push(tombstone(row)?);
        }
    }
    found.dedup_by_key(|row| row.position);
    Ok(found)
}

async fn found(connection: &mut Connection, documents: &[Id]) -> Result<Vec<TombstoneRow>, StoreError> {
    with_ids(connection, "SELECT * FROM tombstone WHERE document", documents, tombstone).await
}

/// Takes the document out of its scopes and counts its changes out of their sums.
async fn leave_scopes(transaction: &mut Transaction<'_, Database>, document: &Id) -> Result<(), StoreError> {
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
    transaction: &mut Transaction<'_, Database>,
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
    transaction: &mut Transaction<'_, Database>,
    erasure: &Erasure,
    before: Cursor,
) -> Result<Cursor, StoreError> {
    let after = before.after(&erasure.document, &erasure.hash);
    sqlx::query(
        "INSERT INTO change_log \
         (position, document, hash, kind, counter, session, frame, seq, bytes, received_at, rolling) \
         VALUES ($1, $2, $3, $4, NULL, $5, -1, 0, $7, 0, $6)",
    )
    .bind(after.position)
    .bind(&erasure.document[..])
    .bind(&erasure.hash[..])
    .bind(erasure.kind)
    .bind(&Id::default()[..])
    .bind(&after.rolling[..])
    .bind(NOTHING)
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

fn tombstone(row: &BackendRow) -> Result<TombstoneRow, StoreError> {
    Ok(TombstoneRow {
        document: array(row, "document")?,
        position: get(row, "position")?,
        bytes: get(row, "bytes")?,
    })
}
