//! [`Views`]: views of documents and the grouping of residents. The office's list is in `applications.rs`.

use std::collections::BTreeSet;

use async_trait::async_trait;
use mpp_store::{
    ApplicationFilter, ApplicationPage, ApplicationRow, DocumentViewRow, Id, Projected, ResidentRow,
    StoreError, Views, VisitRow,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, Transaction};

use crate::columns::{array, get, maybe_array};
use crate::convert::{CHUNK, failed, push_list};
use crate::{SqliteStore, applications};

/// Where the projection stands, in the table `node`.
const UPTO: &str = "projected_upto";

#[async_trait]
impl Views for SqliteStore {
    async fn project(&self, step: &Projected) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        must_stand_at(&mut transaction, step.after).await?;
        for view in &step.documents {
            put_view(&mut transaction, view).await?;
        }
        put_residents(&mut transaction, &step.residents).await?;
        for visit in &step.visits {
            put_visit(&mut transaction, visit).await?;
        }
        for application in &step.applications {
            applications::put(&mut transaction, application).await?;
        }
        erase(&mut transaction, &step.erased).await?;
        set_upto(&mut transaction, step.upto).await?;
        transaction.commit().await.map_err(failed)
    }

    async fn projected_upto(&self) -> Result<i64, StoreError> {
        let mut connection = self.reader.acquire().await.map_err(failed)?;
        upto(&mut connection).await
    }

    async fn reset_views(&self) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        for statement in [
            "DELETE FROM document_view",
            "DELETE FROM resident_row",
            "DELETE FROM resident_link",
            "DELETE FROM visit_row",
            "DELETE FROM application_row",
        ] {
            sqlx::query(statement).execute(&mut *transaction).await.map_err(failed)?;
        }
        set_upto(&mut transaction, 0).await?;
        transaction.commit().await.map_err(failed)
    }

    async fn residents_to_regroup(&self, limit: i64) -> Result<Vec<Id>, StoreError> {
        let rows =
            sqlx::query("SELECT document FROM resident_row WHERE regroup = 1 ORDER BY document LIMIT $1")
                .bind(limit)
                .fetch_all(&self.reader)
                .await
                .map_err(failed)?;
        rows.iter().map(|row| array(row, "document")).collect()
    }

    async fn resident_neighbours(&self, residents: &[Id]) -> Result<Vec<Id>, StoreError> {
        let mut connection = self.reader.acquire().await.map_err(failed)?;
        neighbours(&mut connection, residents).await
    }

    async fn set_group_flags(&self, flags: &[(Id, bool, bool)], upto: i64) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        must_stand_at(&mut transaction, Some(upto)).await?;
        for (document, question, spelling) in flags {
            sqlx::query(
                "UPDATE resident_row SET question = $2, spelling = $3, regroup = 0 WHERE document = $1",
            )
            .bind(&document[..])
            .bind(i64::from(*question))
            .bind(i64::from(*spelling))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn view(&self, document: Id) -> Result<Option<DocumentViewRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM document_view WHERE document = $1")
            .bind(&document[..])
            .fetch_optional(&self.reader)
            .await
            .map_err(failed)?;
        row.as_ref().map(view).transpose()
    }

    async fn views(&self, documents: &[Id]) -> Result<Vec<DocumentViewRow>, StoreError> {
        let mut found = Vec::new();
        for chunk in documents.chunks(CHUNK) {
            let mut query = QueryBuilder::new("SELECT * FROM document_view WHERE document IN ");
            push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
            let rows = query.build().fetch_all(&self.reader).await.map_err(failed)?;
            for row in &rows {
                found.push(view(row)?);
            }
        }
        found.sort_by_key(|view| view.document);
        Ok(found)
    }

    async fn days_from(&self, date: &str) -> Result<Vec<DocumentViewRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM document_view WHERE kind = 4 AND (json_extract(view, '$.date')) >= $1",
        )
        .bind(date)
        .fetch_all(&self.reader)
        .await
        .map_err(failed)?;
        rows.iter().map(view).collect()
    }

    async fn views_after(
        &self,
        kind: i64,
        after: Option<Id>,
        limit: i64,
    ) -> Result<Vec<DocumentViewRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM document_view WHERE kind = $1 AND document > $2 ORDER BY document LIMIT $3",
        )
        .bind(kind)
        .bind(after.map_or_else(Vec::new, |id| id.to_vec()))
        .bind(limit)
        .fetch_all(&self.reader)
        .await
        .map_err(failed)?;
        rows.iter().map(view).collect()
    }

    async fn applications(&self, filter: &ApplicationFilter) -> Result<ApplicationPage, StoreError> {
        applications::page(&self.reader, filter).await
    }

    async fn applications_tracked(&self, tracking: &str) -> Result<Vec<ApplicationRow>, StoreError> {
        applications::tracked(&self.reader, tracking).await
    }

    async fn visits_tracked(&self, tracking: &str) -> Result<Vec<VisitRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM visit_row WHERE tracking = $1 ORDER BY document")
            .bind(tracking)
            .fetch_all(&self.reader)
            .await
            .map_err(failed)?;
        rows.iter().map(visit).collect()
    }
}

/// Up to where the log is folded.
async fn upto(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let value: Option<String> = sqlx::query_scalar("SELECT value FROM node WHERE key = $1")
        .bind(UPTO)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    value.map_or(Ok(0), |value| value.parse().map_err(|_| StoreError::Corrupt(UPTO)))
}

/// Refuses when the projection stands elsewhere.
async fn must_stand_at(
    transaction: &mut Transaction<'_, Sqlite>,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    match expected {
        Some(expected) if upto(transaction).await? != expected => {
            Err(StoreError::Stale("the projection has moved"))
        }
        _ => Ok(()),
    }
}

async fn set_upto(transaction: &mut Transaction<'_, Sqlite>, upto: i64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO node (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .bind(UPTO)
    .bind(upto.to_string())
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn put_view(
    transaction: &mut Transaction<'_, Sqlite>,
    view: &DocumentViewRow,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO document_view (document, kind, day, view, projected_upto) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (document) DO UPDATE SET kind = excluded.kind, day = excluded.day, view = excluded.view, \
         projected_upto = excluded.projected_upto",
    )
    .bind(&view.document[..])
    .bind(view.kind)
    .bind(view.day.as_ref().map(|day| &day[..]))
    .bind(&view.view)
    .bind(view.projected_upto)
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Writes the rows and marks everybody whose group may look different now: the neighbours before and after.
async fn put_residents(
    transaction: &mut Transaction<'_, Sqlite>,
    residents: &[ResidentRow],
) -> Result<(), StoreError> {
    if residents.is_empty() {
        return Ok(());
    }
    let ids: Vec<Id> = residents.iter().map(|row| row.document).collect();
    let mut marked: BTreeSet<Id> = neighbours(transaction, &ids).await?.into_iter().collect();
    for row in residents {
        put_resident(transaction, row).await?;
    }
    marked.extend(neighbours(transaction, &ids).await?);
    let marked: Vec<Id> = marked.into_iter().collect();
    mark(transaction, &marked).await
}

async fn put_resident(
    transaction: &mut Transaction<'_, Sqlite>,
    row: &ResidentRow,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO resident_row (document, nik_key, village, name, search, question, spelling, regroup) \
         VALUES ($1, $2, $3, $4, $5, 0, 0, 1) \
         ON CONFLICT (document) DO UPDATE SET nik_key = excluded.nik_key, village = excluded.village, \
         name = excluded.name, search = excluded.search",
    )
    .bind(&row.document[..])
    .bind(&row.nik_key)
    .bind(&row.village)
    .bind(&row.name)
    .bind(&row.search)
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    sqlx::query("DELETE FROM resident_link WHERE document = $1")
        .bind(&row.document[..])
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    for other in &row.links {
        sqlx::query("INSERT INTO resident_link (document, other) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(&row.document[..])
            .bind(&other[..])
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Takes everything away that shows these documents, and marks whoever was grouped with them.
async fn erase(transaction: &mut Transaction<'_, Sqlite>, documents: &[Id]) -> Result<(), StoreError> {
    let marked = if documents.is_empty() { Vec::new() } else { neighbours(transaction, documents).await? };
    for document in documents {
        for statement in [
            "DELETE FROM document_view WHERE document = $1",
            "DELETE FROM resident_row WHERE document = $1",
            "DELETE FROM resident_link WHERE document = $1",
            "DELETE FROM visit_row WHERE document = $1",
            "DELETE FROM application_row WHERE document = $1",
        ] {
            sqlx::query(statement).bind(&document[..]).execute(&mut **transaction).await.map_err(failed)?;
        }
    }
    mark(transaction, &marked).await
}

async fn mark(transaction: &mut Transaction<'_, Sqlite>, residents: &[Id]) -> Result<(), StoreError> {
    for chunk in residents.chunks(CHUNK) {
        let mut query = QueryBuilder::new("UPDATE resident_row SET regroup = 1 WHERE document IN ");
        push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
        query.build().execute(&mut **transaction).await.map_err(failed)?;
    }
    Ok(())
}

async fn put_visit(transaction: &mut Transaction<'_, Sqlite>, row: &VisitRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO visit_row (document, day, ticket, tracking, resident) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (document) DO UPDATE SET day = excluded.day, ticket = excluded.ticket, \
         tracking = excluded.tracking, resident = excluded.resident",
    )
    .bind(&row.document[..])
    .bind(row.day.as_ref().map(|day| &day[..]))
    .bind(&row.ticket)
    .bind(&row.tracking)
    .bind(row.resident.as_ref().map(|resident| &resident[..]))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The given ones, those with the same key, and those linked either way; sorted.
async fn neighbours(connection: &mut SqliteConnection, residents: &[Id]) -> Result<Vec<Id>, StoreError> {
    let mut found: BTreeSet<Id> = residents.iter().copied().collect();
    for chunk in residents.chunks(CHUNK) {
        for statement in [
            "SELECT other.document AS found FROM resident_row AS own \
             JOIN resident_row AS other ON other.nik_key = own.nik_key WHERE own.document IN ",
            "SELECT other AS found FROM resident_link WHERE document IN ",
            "SELECT document AS found FROM resident_link WHERE other IN ",
        ] {
            let mut query = QueryBuilder::new(statement);
            push_list(&mut query, chunk.iter().map(|id| id.to_vec()));
            let rows = query.build().fetch_all(&mut *connection).await.map_err(failed)?;
            for row in &rows {
                found.insert(array(row, "found")?);
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn view(row: &SqliteRow) -> Result<DocumentViewRow, StoreError> {
    Ok(DocumentViewRow {
        document: array(row, "document")?,
        kind: get(row, "kind")?,
        day: maybe_array(row, "day")?,
        view: get(row, "view")?,
        projected_upto: get(row, "projected_upto")?,
    })
}

fn visit(row: &SqliteRow) -> Result<VisitRow, StoreError> {
    Ok(VisitRow {
        document: array(row, "document")?,
        day: maybe_array(row, "day")?,
        ticket: get(row, "ticket")?,
        tracking: get(row, "tracking")?,
        resident: maybe_array(row, "resident")?,
    })
}
