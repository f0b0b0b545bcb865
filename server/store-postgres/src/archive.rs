//! [`Archive`].

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use mpp_store::archive::{Archive, Batch, Column, ColumnKind, Sink, Source, TABLES, Table, Value};
use mpp_store::{Cursor, StoreError};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row, Transaction};

use crate::append::head_to_move;
use crate::columns::get;
use crate::convert::failed;
use crate::{PostgresStore, SNAPSHOT};

/// Bytes of one batch, roughly: what an export holds in memory.
const BATCH_BYTES: usize = 256 * 1024;
/// Rows of one batch at most.
const BATCH_ROWS: usize = 1_000;

#[async_trait]
impl Archive for PostgresStore {
    async fn export(&self, tables: &[&'static Table], sink: &mut dyn Sink) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with(SNAPSHOT).await.map_err(failed)?;
        for table in tables {
            export_table(&mut transaction, table, sink).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn import(&self, source: &mut dyn Source) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        make_room(&mut transaction).await?;
        while let Some(batch) = source.next().await? {
            insert(&mut transaction, &batch).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn shape(&self) -> Result<Vec<(String, Vec<String>)>, StoreError> {
        // Not ours: what sqlx keeps for itself.
        let rows = sqlx::query(
            "SELECT table_name::text AS relation, column_name::text AS attribute FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let mut columns = rows
            .iter()
            .map(|row| Ok((get(row, "relation")?, get(row, "attribute")?)))
            .collect::<Result<Vec<(String, String)>, StoreError>>()?;
        columns.sort();
        let mut shape: Vec<(String, Vec<String>)> = Vec::new();
        for (table, column) in columns {
            match shape.last_mut() {
                Some((last, columns)) if *last == table => columns.push(column),
                _ => shape.push((table, vec![column])),
            }
        }
        Ok(shape)
    }
}

async fn export_table(
    connection: &mut PgConnection,
    table: &'static Table,
    sink: &mut dyn Sink,
) -> Result<(), StoreError> {
    let statement = format!("SELECT {} FROM {} ORDER BY {}", table.names(), table.name, order(table));
    let mut rows = sqlx::query(AssertSqlSafe(statement)).fetch(connection);
    let empty = || Batch { table, columns: table.columns.iter().collect(), rows: Vec::new() };
    let (mut batch, mut bytes) = (empty(), 0);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let row = values(&row, table)?;
        bytes += row.iter().map(size).sum::<usize>();
        batch.rows.push(row);
        if bytes >= BATCH_BYTES || batch.rows.len() >= BATCH_ROWS {
            sink.take(std::mem::replace(&mut batch, empty())).await?;
            bytes = 0;
        }
    }
    if batch.rows.is_empty() { Ok(()) } else { sink.take(batch).await }
}

/// The columns of the key, texts by their bytes whatever the locale of the database.
fn order(table: &Table) -> String {
    let key = table.columns.iter().take(table.key);
    let names: Vec<String> = key
        .map(|column| match column.kind {
            ColumnKind::Text => format!("{} COLLATE \"C\"", column.name),
            ColumnKind::Integer | ColumnKind::Bytes => column.name.to_owned(),
        })
        .collect();
    names.join(", ")
}

fn values(row: &PgRow, table: &Table) -> Result<Vec<Value>, StoreError> {
    let column = |(index, column): (usize, &Column)| {
        Ok(match column.kind {
            ColumnKind::Integer => row.try_get::<Option<i64>, _>(index).map_err(failed)?.map(Value::Integer),
            ColumnKind::Text => row.try_get::<Option<String>, _>(index).map_err(failed)?.map(Value::Text),
            ColumnKind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index).map_err(failed)?.map(Value::Bytes),
        }
        .unwrap_or(Value::Null))
    };
    table.columns.iter().enumerate().map(column).collect()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Integer(_) => 8,
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
    }
}

/// Refuses when anything is there that a fresh store does not have, and takes the migrations' first rows away.
async fn make_room(transaction: &mut Transaction<'_, Postgres>) -> Result<(), StoreError> {
    if head_to_move(transaction).await? != Cursor::default() {
        return Err(StoreError::Conflict("rows in the target"));
    }
    for table in TABLES {
        let name = table.name;
        if table.seeded {
            let statement = AssertSqlSafe(format!("DELETE FROM {name}"));
            sqlx::query(statement).execute(&mut **transaction).await.map_err(failed)?;
        } else {
            let statement = AssertSqlSafe(format!("SELECT 1 FROM {name} LIMIT 1"));
            let row = sqlx::query(statement).fetch_optional(&mut **transaction).await.map_err(failed)?;
            if row.is_some() {
                return Err(StoreError::Conflict("rows in the target"));
            }
        }
    }
    Ok(())
}

/// One statement for a batch: each column is an array.
async fn insert(transaction: &mut Transaction<'_, Postgres>, batch: &Batch) -> Result<(), StoreError> {
    let names: Vec<&str> = batch.columns.iter().map(|column| column.name).collect();
    let places = batch.columns.iter().enumerate().map(|(index, column)| {
        let kind = match column.kind {
            ColumnKind::Integer => "bigint",
            ColumnKind::Text => "text",
            ColumnKind::Bytes => "bytea",
        };
        format!("${}::{kind}[]", index + 1)
    });
    let places: Vec<String> = places.collect();
    let statement = format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({})",
        batch.table.name,
        names.join(", "),
        places.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (index, column) in batch.columns.iter().enumerate() {
        query = bind(query, batch, index, column)?;
    }
    query.execute(&mut **transaction).await.map_err(failed)?;
    Ok(())
}

/// Binds a column of the batch.
fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    batch: &'q Batch,
    index: usize,
    column: &Column,
) -> Result<Query<'q, Postgres, PgArguments>, StoreError> {
    let odd = || StoreError::Corrupt(column.name);
    let cells = batch.rows.iter().map(|row| row.get(index));
    Ok(match column.kind {
        ColumnKind::Integer => {
            let cells = cells.map(|cell| match cell {
                Some(Value::Integer(number)) => Ok(Some(*number)),
                Some(Value::Null) => Ok(None),
                _ => Err(odd()),
            });
            query.bind(cells.collect::<Result<Vec<Option<i64>>, _>>()?)
        }
        ColumnKind::Text => {
            let cells = cells.map(|cell| match cell {
                Some(Value::Text(text)) => Ok(Some(text.as_str())),
                Some(Value::Null) => Ok(None),
                _ => Err(odd()),
            });
            query.bind(cells.collect::<Result<Vec<Option<&str>>, _>>()?)
        }
        ColumnKind::Bytes => {
            let cells = cells.map(|cell| match cell {
                Some(Value::Bytes(bytes)) => Ok(Some(&bytes[..])),
                Some(Value::Null) => Ok(None),
                _ => Err(odd()),
            });
            query.bind(cells.collect::<Result<Vec<Option<&[u8]>>, _>>()?)
        }
    })
}
