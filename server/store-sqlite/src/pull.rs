//! What a caller lacks: a bounded page over several groups of scopes.

use mpp_store::filling::{Entered, Filling};
use mpp_store::{Cursor, PullGroup, PullPage, PullQuery, StoreError};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, Transaction};

use crate::SqliteStore;
use crate::append::head;
use crate::change_log::logged;
use crate::columns::{array, get};
use crate::convert::{failed, push_list};
use crate::digest::sums_of;
use crate::erasure::between;

/// Entries looked at in one statement. A position with more entries is read in one go all the same.
const ENTRIES: i64 = 1024;

/// One read transaction, so that the head and the entries belong together.
pub async fn pull(store: &SqliteStore, query: &PullQuery) -> Result<PullPage, StoreError> {
    let mut transaction = store.reader.begin().await.map_err(failed)?;
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
    transaction: &mut Transaction<'_, Sqlite>,
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
async fn known(connection: &mut SqliteConnection, cursor: Cursor, end: Cursor) -> Result<Cursor, StoreError> {
    if cursor == end {
        return Ok(end);
    }
    let here = rolling_at(connection, cursor.position).await?;
    Ok(here.filter(|here| *here == cursor).unwrap_or_default())
}

async fn rolling_at(connection: &mut SqliteConnection, position: i64) -> Result<Option<Cursor>, StoreError> {
    let row = sqlx::query("SELECT position, rolling FROM change_log WHERE position = $1")
        .bind(position)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.map(|row| Ok(Cursor { position: get(&row, "position")?, rolling: array(&row, "rolling")? }))
        .transpose()
}

/// Changes by the position where they entered one of the scopes; those that entered together in the log's order.
async fn entries_after(
    connection: &mut SqliteConnection,
    scopes: &[String],
    position: i64,
    limit: i64,
) -> Result<Vec<Entered>, StoreError> {
    let mut query = QueryBuilder::new(
        "SELECT entry.entered, entry.scopes, change_log.* FROM \
         (SELECT position AS entered, document, hash, group_concat(scope, char(10)) AS scopes FROM scope_entry \
         WHERE position > ",
    );
    query.push_bind(position).push(" AND scope IN ");
    push_list(&mut query, scopes.iter().cloned());
    query.push(" GROUP BY position, document, hash ORDER BY position LIMIT ").push_bind(limit);
    query.push(
        ") AS entry JOIN change_log ON change_log.document = entry.document AND change_log.hash = entry.hash \
         ORDER BY entry.entered, change_log.position",
    );
    let rows = query.build().fetch_all(connection).await.map_err(failed)?;
    rows.iter()
        .map(|row| {
            let scopes: String = row.try_get("scopes").map_err(failed)?;
            let scopes = scopes.lines().map(str::to_owned).collect();
            Ok(Entered { at: row.try_get("entered").map_err(failed)?, change: logged(row)?, scopes })
        })
        .collect()
}
