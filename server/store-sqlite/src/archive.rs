//! [`Archive`].

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use mpp_store::archive::{Archive, Batch, ColumnKind, Sink, Source, TABLES, Table, Value};
use mpp_store::{Cursor, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, Sqlite, SqliteConnection, Transaction};

use crate::SqliteStore;
use crate::append::head;
use crate::convert::failed;

/// Bytes of one batch, roughly: what an export holds in memory.
const BATCH_BYTES: usize = 256 * 1024;
/// Rows of one batch at most.
const BATCH_ROWS: usize = 1_000;

#[async_trait]
impl Archive for SqliteStore {
    async fn export(&self, tables: &[&'static Table], sink: &mut dyn Sink) -> Result<(), StoreError> {
        let mut transaction = self.reader.begin().await.map_err(failed)?;
        for table in tables {
            export_table(&mut transaction, table, sink).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn import(&self, source: &mut dyn Source) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        make_room(&mut transaction).await?;
        while let Some(batch) = source.next().await? {
            insert(&mut transaction, &batch).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn shape(&self) -> Result<Vec<(String, Vec<String>)>, StoreError> {
        // Not ours: what SQLite and sqlx keep for themselves.
        let rows = sqlx::query(
            "SELECT master.name AS relation, info.name AS attribute FROM sqlite_master AS master \
             JOIN pragma_table_info(master.name) AS info \
             WHERE master.type = 'table' AND master.name NOT LIKE 'sqlite%' AND master.name <> '_sqlx_migrations' \
             ORDER BY relation, attribute",
        )
        .fetch_all(&self.reader)
        .await
        .map_err(failed)?;
        let mut shape: Vec<(String, Vec<String>)> = Vec::new();
        for row in rows {
            let (table, column): (String, String) =
                (row.try_get("relation").map_err(failed)?, row.try_get("attribute").map_err(failed)?);
            match shape.last_mut() {
                Some((last, columns)) if *last == table => columns.push(column),
                _ => shape.push((table, vec![column])),
            }
        }
        Ok(shape)
    }
}

async fn export_table(
    connection: &mut SqliteConnection,
    table: &'static Table,
    sink: &mut dyn Sink,
) -> Result<(), StoreError> {
    let statement = format!("SELECT {} FROM {} ORDER BY {}", table.names(), table.name, table.order());
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

fn values(row: &SqliteRow, table: &Table) -> Result<Vec<Value>, StoreError> {
    let column = |(index, column): (usize, &mpp_store::archive::Column)| {
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
async fn make_room(transaction: &mut Transaction<'_, Sqlite>) -> Result<(), StoreError> {
    for table in TABLES {
        let name = table.name;
        if table.seeded {
            let statement = AssertSqlSafe(format!("DELETE FROM {name}"));
            if name == "log_head" && head(transaction).await? != Cursor::default() {
                return Err(StoreError::Conflict("rows in the target"));
            }
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

async fn insert(transaction: &mut Transaction<'_, Sqlite>, batch: &Batch) -> Result<(), StoreError> {
    let names: Vec<&str> = batch.columns.iter().map(|column| column.name).collect();
    let places: Vec<String> = (1..=names.len()).map(|index| format!("${index}")).collect();
    let statement =
        format!("INSERT INTO {} ({}) VALUES ({})", batch.table.name, names.join(", "), places.join(", "));
    for row in &batch.rows {
        let mut query = sqlx::query(AssertSqlSafe(statement.clone()));
        for value in row {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Integer(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query.execute(&mut **transaction).await.map_err(failed)?;
    }
    Ok(())
}
