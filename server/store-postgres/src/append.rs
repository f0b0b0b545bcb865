//! The one transaction that writes the log.
//!
//! Chains and frames, the bulk of it, are written before the turn is waited for; under the lock there are a few
//! statements for the whole batch, however many changes it has, and the flush of the commit.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::{
    Accepted, Append, Basis, ChainRow, ChainSum, ChangeRow, Cursor, FrameRow, Hash, Id, QuarantineRow,
    StoreError,
};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::branches::write_beside;
use crate::columns::{array, get};
use crate::convert::{column, failed, ids};
use crate::digest::{EnteredBy, count_in};
use crate::places::places;
use crate::text::plain;
use crate::{PostgresStore, change_log};

/// Writes the batch, or nothing.
pub async fn append(store: &PostgresStore, batch: &Append) -> Result<Cursor, StoreError> {
    let mut transaction = store.begin_to_append().await?;
    put_chains(&mut transaction, &batch.chains).await?;
    add_frames(&mut transaction, &batch.frames).await?;
    let before = head_to_move(&mut transaction).await?;
    if let Some(basis) = &batch.basis {
        must_hold(&mut transaction, basis, before).await?;
    }
    let changes: Vec<&ChangeRow> = batch.accepted.iter().map(Accepted::row).collect();
    let after = add_changes(&mut transaction, &changes, before).await?;
    release(&mut transaction, &changes).await?;
    enter_scopes(&mut transaction, &changes, before.position + 1).await?;
    put_aside(&mut transaction, &batch.quarantined).await?;
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
pub async fn head(connection: &mut PgConnection) -> Result<Cursor, StoreError> {
    let row = sqlx::query("SELECT position, rolling FROM log_head WHERE id = 1")
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(Cursor { position: get(&row, "position")?, rolling: array(&row, "rolling")? })
}

/// The log's end, which nobody else moves until this transaction has ended. Without the lock a later position could
/// become visible before an earlier one, and a reader in between would never see the earlier one.
pub async fn head_to_move(transaction: &mut Transaction<'_, Postgres>) -> Result<Cursor, StoreError> {
    let row = sqlx::query("SELECT position, rolling FROM log_head WHERE id = 1 FOR UPDATE")
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(Cursor { position: get(&row, "position")?, rolling: array(&row, "rolling")? })
}

/// Refuses a batch that was judged on something that is no longer so.
pub async fn must_hold(
    transaction: &mut Transaction<'_, Postgres>,
    basis: &Basis,
    head: Cursor,
) -> Result<(), StoreError> {
    if head.position != basis.position {
        let changed =
            sqlx::query("SELECT 1 FROM change_log WHERE position > $1 AND document = ANY($2) LIMIT 1")
                .bind(basis.position)
                .bind(ids(&basis.documents))
                .fetch_optional(&mut **transaction)
                .await
                .map_err(failed)?;
        if changed.is_some() {
            return Err(StoreError::Stale("a document has changed"));
        }
    }
    let aside = sqlx::query("SELECT document, hash FROM quarantine WHERE document = ANY($1)")
        .bind(ids(&basis.documents))
        .fetch_all(&mut **transaction)
        .await
        .map_err(failed)?;
    for row in &aside {
        if !basis.aside.contains(&(array(row, "document")?, array(row, "hash")?)) {
            return Err(StoreError::Stale("a change was kept aside"));
        }
    }
    Ok(())
}

/// Writes the chains, sorted: two transactions that share some lock them in the same order.
async fn put_chains(
    transaction: &mut Transaction<'_, Postgres>,
    chains: &[ChainRow],
) -> Result<(), StoreError> {
    let mut chains: Vec<&ChainRow> = chains.iter().collect();
    chains.sort_by_key(|chain| chain.session);
    // Folds are locked after all chains, in one order too.
    let mut folds: BTreeMap<(i64, Id), Vec<(&ChainRow, Held)>> = BTreeMap::new();
    for chain in chains {
        let before = held(transaction, chain).await?;
        folds.entry((chain.month(), chain.device)).or_default().push((chain, before));
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
        .bind(plain(&chain.officer))
        .bind(chain.last_at)
        .bind(chain.month())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    }
    for ((month, device), chains) in folds {
        fold(transaction, month, device, &chains).await?;
    }
    Ok(())
}

/// Frames and head of a chain before a batch.
type Held = Option<(i64, Hash)>;

/// What is held of a chain, locked.
async fn held(transaction: &mut Transaction<'_, Postgres>, chain: &ChainRow) -> Result<Held, StoreError> {
    let row = sqlx::query("SELECT frames, head_hash FROM chain WHERE session = $1 FOR UPDATE")
        .bind(&chain.session[..])
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed)?;
    row.map(|row| Ok((get(&row, "frames")?, array(&row, "head_hash")?))).transpose()
}

/// Puts chains into the sum of their device and month, each in place of what was held of it.
async fn fold(
    transaction: &mut Transaction<'_, Postgres>,
    month: i64,
    device: Id,
    chains: &[(&ChainRow, Held)],
) -> Result<(), StoreError> {
    // The row is made first, so that there is one to lock: two writers of one device add one after the other.
    sqlx::query(
        "INSERT INTO chain_fold (month, device, sum, chains) VALUES ($1, $2, $3, 0) \
         ON CONFLICT (month, device) DO NOTHING",
    )
    .bind(month)
    .bind(&device[..])
    .bind(&ChainSum::default().sum[..])
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    let row = sqlx::query("SELECT * FROM chain_fold WHERE month = $1 AND device = $2 FOR UPDATE")
        .bind(month)
        .bind(&device[..])
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed)?;
    let sum = change_log::folded(&row)?.sum;
    let sum = chains.iter().fold(sum, |sum, (chain, before)| chain.folded(*before, sum));
    sqlx::query("UPDATE chain_fold SET sum = $3, chains = $4 WHERE month = $1 AND device = $2")
        .bind(month)
        .bind(&device[..])
        .bind(&sum.sum[..])
        .bind(i64::try_from(sum.chains).unwrap_or(i64::MAX))
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Writes the frames. One that is held already fails: its bytes were judged by somebody else.
async fn add_frames(
    transaction: &mut Transaction<'_, Postgres>,
    frames: &[FrameRow],
) -> Result<(), StoreError> {
    if frames.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO frame (session, number, hash, bytes, received_at) \
         SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[])",
    )
    .bind(column(frames, |frame| &frame.session[..]))
    .bind(column(frames, |frame| frame.number))
    .bind(column(frames, |frame| &frame.hash[..]))
    .bind(column(frames, |frame| &frame.bytes[..]))
    .bind(column(frames, |frame| frame.received_at))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Logs the changes that are new, and says where the log ends then.
async fn add_changes(
    transaction: &mut Transaction<'_, Postgres>,
    changes: &[&ChangeRow],
    before: Cursor,
) -> Result<Cursor, StoreError> {
    if changes.is_empty() {
        return Ok(before);
    }
    let (new, cursor) = places(logged(transaction, changes).await?, changes, before);
    sqlx::query(
        "INSERT INTO change_log \
         (position, document, hash, kind, counter, session, frame, seq, bytes, received_at, rolling) \
         SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[], \
         $7::bigint[], $8::bigint[], $9::bytea[], $10::bigint[], $11::bytea[])",
    )
    .bind(column(&new, |(_, at)| at.position))
    .bind(column(&new, |(change, _)| &change.document[..]))
    .bind(column(&new, |(change, _)| &change.hash[..]))
    .bind(column(&new, |(change, _)| change.kind))
    .bind(column(&new, |(change, _)| change.counter))
    .bind(column(&new, |(change, _)| &change.session[..]))
    .bind(column(&new, |(change, _)| change.frame))
    .bind(column(&new, |(change, _)| change.seq))
    .bind(column(&new, |(change, _)| &change.bytes[..]))
    .bind(column(&new, |(change, _)| change.received_at))
    .bind(column(&new, |(_, at)| &at.rolling[..]))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(cursor)
}

/// Those of the changes that the log has.
async fn logged(
    transaction: &mut Transaction<'_, Postgres>,
    changes: &[&ChangeRow],
) -> Result<BTreeSet<(Id, Hash)>, StoreError> {
    let rows = sqlx::query(
        "SELECT document, hash FROM change_log \
         WHERE (document, hash) IN (SELECT * FROM unnest($1::bytea[], $2::bytea[]))",
    )
    .bind(column(changes, |change| &change.document[..]))
    .bind(column(changes, |change| &change.hash[..]))
    .fetch_all(&mut **transaction)
    .await
    .map_err(failed)?;
    rows.iter().map(|row| Ok((array(row, "document")?, array(row, "hash")?))).collect()
}

/// Takes accepted changes out of quarantine.
async fn release(
    transaction: &mut Transaction<'_, Postgres>,
    changes: &[&ChangeRow],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM quarantine WHERE (document, hash) IN (SELECT * FROM unnest($1::bytea[], $2::bytea[]))",
    )
    .bind(column(changes, |change| &change.document[..]))
    .bind(column(changes, |change| &change.hash[..]))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Puts every change of the touched documents into the documents' scopes: those they were in, and the new ones. What
/// is older than this batch enters a new scope at `first`, which no cursor has passed.
async fn enter_scopes(
    transaction: &mut Transaction<'_, Postgres>,
    changes: &[&ChangeRow],
    first: i64,
) -> Result<(), StoreError> {
    let mut scopes: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
    for change in changes.iter().filter(|change| !change.scopes.is_empty()) {
        scopes.entry(change.document).or_default().extend(change.scopes.iter().cloned());
    }
    if scopes.is_empty() {
        return Ok(());
    }
    let held = sqlx::query("SELECT DISTINCT document, scope FROM scope_entry WHERE document = ANY($1)")
        .bind(ids(scopes.keys()))
        .fetch_all(&mut **transaction)
        .await
        .map_err(failed)?;
    for row in &held {
        scopes.entry(array(row, "document")?).or_default().insert(get(row, "scope")?);
    }
    let pairs: Vec<(&Id, &String)> = scopes
        .iter()
        .flat_map(|(document, scopes)| scopes.iter().map(move |scope| (document, scope)))
        .collect();
    let rows = sqlx::query(
        "INSERT INTO scope_entry (document, scope, hash, position) \
         SELECT pair.document, pair.scope, change_log.hash, \
         CASE WHEN change_log.position > $3 THEN change_log.position ELSE $3 END \
         FROM unnest($1::bytea[], $2::text[]) AS pair (document, scope) \
         JOIN change_log ON change_log.document = pair.document AND length(change_log.bytes) > 0 \
         ON CONFLICT (document, scope, hash) DO NOTHING RETURNING scope, document, hash",
    )
    .bind(column(&pairs, |(document, _)| &document[..]))
    .bind(column(&pairs, |(_, scope)| scope.as_str()))
    .bind(first)
    .fetch_all(&mut **transaction)
    .await
    .map_err(failed)?;
    let mut entered = EnteredBy::new();
    for row in &rows {
        let name = (array(row, "document")?, array(row, "hash")?);
        entered.entry(get(row, "scope")?).or_default().push(name);
    }
    count_in(transaction, &entered).await
}

/// Nearly always there is nothing, so this goes row by row.
async fn put_aside(
    transaction: &mut Transaction<'_, Postgres>,
    rows: &[QuarantineRow],
) -> Result<(), StoreError> {
    for row in rows {
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
        .bind(plain(&row.code))
        .bind(row.received_at)
        .bind(row.retried)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    }
    Ok(())
}
