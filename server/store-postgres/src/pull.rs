//! What a caller lacks: a bounded page over several groups of scopes.

use mpp_store::filling::{Entered, Filling};
use mpp_store::{Cursor, PullGroup, PullPage, PullQuery, StoreError};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::append::head;
use crate::change_log::logged;
use crate::columns::{array, get};
use crate::convert::failed;
use crate::digest::sums_of;
use crate::erasure::between;
use crate::{PostgresStore, SNAPSHOT};

/// Entries looked at in one statement. A position with more entries is read in one go all the same.
const ENTRIES: i64 = 1024;

/// One snapshot, so that the head and the entries belong together.
pub async fn pull(store: &PostgresStore, query: &PullQuery) -> Result<PullPage, StoreError> {
    let mut transaction = store.pool.begin_with(SNAPSHOT).await.map_err(failed)?;
    let end = head(&mut transaction).await?;
    let mut filling = Filling::new(query);
    for group in &query.groups {
        let (from, cursor) = fill(&mut transaction, group, end, &mut filling).await?;
        filling.page.more |= cursor != end;
        if from != cursor {
            filling.bury(between(&mut transaction, &group.scopes, from.position, cursor.position).await?);
        }
        filling.arrive(cursor, &group.scopes);
    }
    let mut page = filling.finish();
    if !page.more {
        let scopes: Vec<&String> = query.groups.iter().flat_map(|group| &group.scopes).collect();
        page.sums = sums_of(&mut transaction, &scopes).await?;
    }
    Ok(page)
}

/// Adds what one group lacks, and says where it stood and stands now. A position is added whole or not at all.
async fn fill(
    transaction: &mut Transaction<'_, Postgres>,
    group: &PullGroup,
    end: Cursor,
    filling: &mut Filling,
) -> Result<(Cursor, Cursor), StoreError> {
    if group.scopes.is_empty() {
        return Ok((end, end));
    }
    let mut cursor = known(transaction, group.cursor, end).await?;
    let from = cursor;
    let mut limit = ENTRIES;
    while cursor.position < end.position && !filling.full() {
        let mut entries = entries_after(transaction, &group.scopes, cursor.position, limit).await?;
        let to_the_end = i64::try_from(entries.len()).is_ok_and(|count| count < limit);
        if !to_the_end {
            // The last position may be cut: it waits for the next read.
            let cut = entries.last().map(|entered| entered.at);
            entries.retain(|entered| Some(entered.at) != cut);
            limit *= 2;
        }
        let reached = filling.add_positions(entries, cursor.position);
        match reached {
            None if to_the_end => return Ok((from, end)),
            None => {}
            Some(position) => cursor = rolling_at(transaction, position).await?.unwrap_or_default(),
        }
        if to_the_end && !filling.full() {
            return Ok((from, end));
        }
    }
    Ok((from, cursor))
}

/// The cursor if it belongs to this log, else the beginning.
async fn known(connection: &mut PgConnection, cursor: Cursor, end: Cursor) -> Result<Cursor, StoreError> {
    if cursor == end {
        return Ok(end);
    }
    let here = rolling_at(connection, cursor.position).await?;
    Ok(here.filter(|here| *here == cursor).unwrap_or_default())
}

async fn rolling_at(connection: &mut PgConnection, position: i64) -> Result<Option<Cursor>, StoreError> {
    let row = sqlx::query("SELECT position, rolling FROM change_log WHERE position = $1")
        .bind(position)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.map(|row| Ok(Cursor { position: get(&row, "position")?, rolling: array(&row, "rolling")? }))
        .transpose()
}

/// Changes by the position where they entered one of the scopes; those that entered together in the log's order. Each
/// scope is read in the order of its index, and no further than the page can take.
async fn entries_after(
    connection: &mut PgConnection,
    scopes: &[String],
    position: i64,
    limit: i64,
) -> Result<Vec<Entered>, StoreError> {
    let rows = sqlx::query(
        "SELECT entry.entered, entry.scopes, change_log.* FROM \
         (SELECT listed.position AS entered, listed.document, listed.hash, array_agg(asked.scope) AS scopes \
         FROM unnest($1::text[]) AS asked (scope) CROSS JOIN LATERAL \
         (SELECT position, document, hash FROM scope_entry \
         WHERE scope_entry.scope = asked.scope AND position > $2 ORDER BY position, document, hash LIMIT $3) \
         AS listed GROUP BY listed.position, listed.document, listed.hash \
         ORDER BY entered, listed.document, listed.hash LIMIT $3) \
         AS entry JOIN change_log ON change_log.document = entry.document AND change_log.hash = entry.hash \
         ORDER BY entry.entered, change_log.position",
    )
    .bind(scopes)
    .bind(position)
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(Entered { at: get(row, "entered")?, change: logged(row)?, scopes: get(row, "scopes")? })
        })
        .collect()
}
