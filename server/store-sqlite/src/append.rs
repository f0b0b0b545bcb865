//! The one transaction that writes the log.

use std::collections::BTreeSet;

use mpp_store::{
    Accepted, Append, Basis, ChainRow, ChangeRow, Cursor, FrameRow, Hash, Id, QuarantineRow, StoreError,
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, Transaction};

use crate::branches::write_beside;
use crate::columns::{array, get};
use crate::convert::{CHUNK, failed, push_list};
use crate::digest::{EnteredBy, count_in};
use crate::places::places;
use crate::{SqliteStore, change_log};

/// Writes the batch, or nothing.
pub async fn append(store: &SqliteStore, batch: &Append) -> Result<Cursor, StoreError> {
    let mut transaction = store.begin_to_append().await?;
    let before = head_to_move(&mut transaction).await?;
    if let Some(basis) = &batch.basis {
        must_hold(&mut transaction, basis, before).await?;
    }
    for chain in &batch.chains {
        put_chain(&mut transaction, chain).await?;
    }
    for frame in &batch.frames {
        add_frame(&mut transaction, frame).await?;
    }
    let changes: Vec<&ChangeRow> = batch.accepted.iter().map(Accepted::row).collect();
    let after = add_changes(&mut transaction, &changes, before).await?;
    if anything_aside(&mut transaction).await? {
        for change in &changes {
            release(&mut transaction, change).await?;
        }
    }
    enter_scopes(&mut transaction, &changes, before.position + 1).await?;
    for row in &batch.quarantined {
        put_aside(&mut transaction, row).await?;
    }
    write_beside(&mut transaction, batch).await?;
    sqlx::query("UPDATE log_head SET position = $1, rolling = $2 WHERE id = 1")
        .bind(after.position)
        .bind(&after.rolling[..])
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(after)
}

/// The log's end.
pub async fn head(connection: &mut SqliteConnection) -> Result<Cursor, StoreError> {
    let row = sqlx::query("SELECT position, rolling FROM log_head WHERE id = 1")
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(Cursor { position: get(&row, "position")?, rolling: array(&row, "rolling")? })
}

/// The log's end, which nobody else moves until this transaction has ended: it is the only one that writes.
pub async fn head_to_move(transaction: &mut Transaction<'_, Sqlite>) -> Result<Cursor, StoreError> {
    head(transaction).await
}

/// Refuses a batch that was judged on something that is no longer so.
pub async fn must_hold(
    transaction: &mut Transaction<'_, Sqlite>,
    basis: &Basis,
    head: Cursor,
) -> Result<(), StoreError> {
    for chunk in basis.documents.chunks(CHUNK) {
        if head.position != basis.position {
            let mut query = QueryBuilder::new("SELECT position FROM change_log WHERE position > ");
            query.push_bind(basis.position).push(" AND document IN ");
            push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
            query.push(" LIMIT 1");
            if query.build().fetch_optional(&mut **transaction).await.map_err(failed)?.is_some() {
                return Err(StoreError::Stale("a document has changed"));
            }
        }
        let mut query = QueryBuilder::new("SELECT document, hash FROM quarantine WHERE document IN ");
        push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
        for row in &query.build().fetch_all(&mut **transaction).await.map_err(failed)? {
            if !basis.aside.contains(&(array(row, "document")?, array(row, "hash")?)) {
                return Err(StoreError::Stale("a change was kept aside"));
            }
        }
    }
    Ok(())
}

async fn put_chain(transaction: &mut Transaction<'_, Sqlite>, chain: &ChainRow) -> Result<(), StoreError> {
    fold_chain(transaction, chain).await?;
    sqlx::query(
        "INSERT INTO chain (session, device, header, frames, changes, head_hash, saves, last_save, day, officer, last_at, month) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (session) DO UPDATE SET frames = excluded.frames, changes = excluded.changes, \
         head_hash = excluded.head_hash, saves = excluded.saves, last_save = excluded.last_save, officer = excluded.officer, last_at = excluded.last_at",
    )
    .bind(&chain.session[..])
    .bind(&chain.device[..])
    .bind(&chain.header)
    .bind(chain.frames)
    .bind(chain.changes)
    .bind(&chain.head_hash[..])
    .bind(chain.saves)
    .bind(&chain.last_save[..])
    .bind(chain.day.as_ref().map(|day| &day[..]))
    .bind(&chain.officer)
    .bind(chain.last_at)
    .bind(chain.month())
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Puts the chain into the sum of its device and month, in place of what was held of it.
async fn fold_chain(transaction: &mut Transaction<'_, Sqlite>, chain: &ChainRow) -> Result<(), StoreError> {
    let before = sqlx::query("SELECT frames, head_hash FROM chain WHERE session = $1")
        .bind(&chain.session[..])
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed)?;
    let before = before.map(|row| Ok((get(&row, "frames")?, array(&row, "head_hash")?))).transpose()?;
    fold_in_place_of(transaction, chain, before).await
}

/// Puts a chain into the sum that is not in it yet.
pub async fn fold_new_chain(
    transaction: &mut Transaction<'_, Sqlite>,
    chain: &ChainRow,
) -> Result<(), StoreError> {
    fold_in_place_of(transaction, chain, None).await
}

async fn fold_in_place_of(
    transaction: &mut Transaction<'_, Sqlite>,
    chain: &ChainRow,
    before: Option<(i64, Hash)>,
) -> Result<(), StoreError> {
    let month = chain.month();
    let held = sqlx::query("SELECT * FROM chain_fold WHERE month = $1 AND device = $2")
        .bind(month)
        .bind(&chain.device[..])
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed)?;
    let held = held.as_ref().map(change_log::folded).transpose()?.map(|row| row.sum).unwrap_or_default();
    let sum = chain.folded(before, held);
    sqlx::query(
        "INSERT INTO chain_fold (month, device, sum, chains) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (month, device) DO UPDATE SET sum = excluded.sum, chains = excluded.chains",
    )
    .bind(month)
    .bind(&chain.device[..])
    .bind(&sum.sum[..])
    .bind(i64::try_from(sum.chains).unwrap_or(i64::MAX))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn add_frame(transaction: &mut Transaction<'_, Sqlite>, frame: &FrameRow) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO frame (session, number, hash, bytes, received_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(&frame.session[..])
        .bind(frame.number)
        .bind(&frame.hash[..])
        .bind(&frame.bytes)
        .bind(frame.received_at)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Whether the quarantine holds anything: nearly always it does not, and no change has to be looked for in it.
async fn anything_aside(transaction: &mut Transaction<'_, Sqlite>) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT document FROM quarantine LIMIT 1")
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(row.is_some())
}

/// Takes an accepted change out of quarantine.
async fn release(transaction: &mut Transaction<'_, Sqlite>, change: &ChangeRow) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM quarantine WHERE document = $1 AND hash = $2")
        .bind(&change.document[..])
        .bind(&change.hash[..])
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Logs the changes that are new, and moves the cursor on. A statement costs more than the rows in it.
async fn add_changes(
    transaction: &mut Transaction<'_, Sqlite>,
    changes: &[&ChangeRow],
    before: Cursor,
) -> Result<Cursor, StoreError> {
    let (new, cursor) = places(logged(transaction, changes).await?, changes, before);
    for chunk in new.chunks(CHUNK) {
        let mut query = QueryBuilder::new(
            "INSERT INTO change_log \
             (position, document, hash, kind, counter, session, frame, seq, bytes, received_at, rolling) ",
        );
        query.push_values(chunk, |mut row, (change, at)| {
            row.push_bind(at.position).push_bind(change.document.to_vec()).push_bind(change.hash.to_vec());
            row.push_bind(change.kind).push_bind(change.counter).push_bind(change.session.to_vec());
            row.push_bind(change.frame).push_bind(change.seq).push_bind(change.bytes.clone());
            row.push_bind(change.received_at).push_bind(at.rolling.to_vec());
        });
        query.build().execute(&mut **transaction).await.map_err(failed)?;
    }
    Ok(cursor)
}

/// What the log holds already of the documents of these changes.
async fn logged(
    transaction: &mut Transaction<'_, Sqlite>,
    changes: &[&ChangeRow],
) -> Result<BTreeSet<(Id, Hash)>, StoreError> {
    let documents: BTreeSet<Id> = changes.iter().map(|change| change.document).collect();
    let documents: Vec<Id> = documents.into_iter().collect();
    let mut found = BTreeSet::new();
    for chunk in documents.chunks(CHUNK) {
        let mut query = QueryBuilder::new("SELECT document, hash FROM change_log WHERE document IN ");
        push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
        for row in &query.build().fetch_all(&mut **transaction).await.map_err(failed)? {
            found.insert((array(row, "document")?, array(row, "hash")?));
        }
    }
    Ok(found)
}

/// Puts every change of the touched documents into the documents' scopes: those they were in, and the new ones. What
/// is older than this batch enters a new scope at `first`, which no cursor has passed.
async fn enter_scopes(
    transaction: &mut Transaction<'_, Sqlite>,
    changes: &[&ChangeRow],
    first: i64,
) -> Result<(), StoreError> {
    let mut pairs: BTreeSet<(Id, String)> = BTreeSet::new();
    for change in changes {
        pairs.extend(change.scopes.iter().map(|scope| (change.document, scope.clone())));
    }
    let documents: BTreeSet<Id> = pairs.iter().map(|(document, _)| *document).collect();
    let documents: Vec<Id> = documents.into_iter().collect();
    for chunk in documents.chunks(CHUNK) {
        let mut query =
            QueryBuilder::new("SELECT DISTINCT document, scope FROM scope_entry WHERE document IN ");
        push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
        for row in &query.build().fetch_all(&mut **transaction).await.map_err(failed)? {
            pairs.insert((array(row, "document")?, get(row, "scope")?));
        }
    }
    let pairs: Vec<(Id, String)> = pairs.into_iter().collect();
    let mut entered = EnteredBy::new();
    for chunk in pairs.chunks(CHUNK) {
        let mut query = QueryBuilder::new("WITH pair (document, scope) AS (");
        query.push_values(chunk, |mut row, (document, scope)| {
            row.push_bind(document.to_vec()).push_bind(scope.clone());
        });
        query.push(
            ") INSERT INTO scope_entry (document, scope, hash, position) \
             SELECT pair.document, pair.scope, change_log.hash, MAX(change_log.position, ",
        );
        query.push_bind(first).push(
            ") FROM pair CROSS JOIN change_log ON change_log.document = pair.document WHERE length(change_log.bytes) > 0 \
             ON CONFLICT (document, scope, hash) DO NOTHING RETURNING scope, document, hash",
        );
        for row in &query.build().fetch_all(&mut **transaction).await.map_err(failed)? {
            let name = (array(row, "document")?, array(row, "hash")?);
            entered.entry(get(row, "scope")?).or_default().push(name);
        }
    }
    count_in(transaction, &entered).await
}

async fn put_aside(transaction: &mut Transaction<'_, Sqlite>, row: &QuarantineRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO quarantine \
         (document, hash, kind, counter, session, frame, bytes, code, received_at, retried) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (document, hash) DO UPDATE SET code = excluded.code, frame = excluded.frame, retried = quarantine.retried + 1",
    )
    .bind(&row.document[..])
    .bind(&row.hash[..])
    .bind(row.kind)
    .bind(row.counter)
    .bind(&row.session[..])
    .bind(row.frame)
    .bind(&row.bytes)
    .bind(&row.code)
    .bind(row.received_at)
    .bind(row.retried)
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}
