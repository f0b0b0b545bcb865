//! [`Views`]: views of documents and the grouping of residents. The office's list is in `applications.rs`.

use std::collections::BTreeSet;

use async_trait::async_trait;
use mpp_store::{
    ApplicationFilter, ApplicationPage, ApplicationRow, DocumentViewRow, Id, Projected, ResidentRow,
    StoreError, Views, VisitRow,
};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::columns::{array, get, maybe_array};
use crate::convert::{column, failed, ids};
use crate::text::{maybe_plain, plain};
use crate::together::tell;
use crate::{PostgresStore, applications};

/// Where the projection stands, in the table `node`.
const UPTO: &str = "projected_upto";

#[async_trait]
impl Views for PostgresStore {
    async fn project(&self, step: &Projected) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        must_stand_at(&mut transaction, step.after).await?;
        tell(self, &mut transaction).await?;
        put_views(&mut transaction, &step.documents).await?;
        put_residents(&mut transaction, &step.residents).await?;
        put_visits(&mut transaction, &step.visits).await?;
        applications::put(&mut transaction, &step.applications).await?;
        erase(&mut transaction, &step.erased).await?;
        set_upto(&mut transaction, step.upto).await?;
        transaction.commit().await.map_err(failed)
    }

    async fn projected_upto(&self) -> Result<i64, StoreError> {
        let value: Option<String> = sqlx::query_scalar("SELECT value FROM node WHERE key = $1")
            .bind(UPTO)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        value.map_or(Ok(0), |value| position(&value))
    }

    async fn reset_views(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        // First, because every step locks it first.
        set_upto(&mut transaction, 0).await?;
        for statement in [
            "DELETE FROM document_view",
            "DELETE FROM resident_row",
            "DELETE FROM resident_link",
            "DELETE FROM visit_row",
            "DELETE FROM application_row",
        ] {
            sqlx::query(statement).execute(&mut *transaction).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn residents_to_regroup(&self, limit: i64) -> Result<Vec<Id>, StoreError> {
        let rows =
            sqlx::query("SELECT document FROM resident_row WHERE regroup = 1 ORDER BY document LIMIT $1")
                .bind(limit)
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
        rows.iter().map(|row| array(row, "document")).collect()
    }

    async fn resident_neighbours(&self, residents: &[Id]) -> Result<Vec<Id>, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        neighbours(&mut connection, residents).await
    }

    async fn set_group_flags(&self, flags: &[(Id, bool, bool)], upto: i64) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        must_stand_at(&mut transaction, Some(upto)).await?;
        sqlx::query(
            "UPDATE resident_row SET question = flag.question, spelling = flag.spelling, regroup = 0 \
             FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS flag (document, question, spelling) \
             WHERE resident_row.document = flag.document",
        )
        .bind(column(flags, |(document, ..)| &document[..]))
        .bind(column(flags, |(_, question, _)| i64::from(*question)))
        .bind(column(flags, |(.., spelling)| i64::from(*spelling)))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn view(&self, document: Id) -> Result<Option<DocumentViewRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM document_view WHERE document = $1")
            .bind(&document[..])
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        row.as_ref().map(view).transpose()
    }

    async fn views(&self, documents: &[Id]) -> Result<Vec<DocumentViewRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM document_view WHERE document = ANY($1) ORDER BY document")
            .bind(ids(documents))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(view).collect()
    }

    async fn days_from(&self, date: &str) -> Result<Vec<DocumentViewRow>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM document_view WHERE kind = 4 AND (view::json ->> 'date') >= $1")
                .bind(date)
                .fetch_all(&self.pool)
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
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter().map(view).collect()
    }

    async fn applications(&self, filter: &ApplicationFilter) -> Result<ApplicationPage, StoreError> {
        applications::page(&self.pool, filter).await
    }

    async fn applications_tracked(&self, tracking: &str) -> Result<Vec<ApplicationRow>, StoreError> {
        applications::tracked(&self.pool, tracking).await
    }

    async fn visits_tracked(&self, tracking: &str) -> Result<Vec<VisitRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM visit_row WHERE tracking = $1 ORDER BY document")
            .bind(plain(tracking))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(visit).collect()
    }
}

fn position(value: &str) -> Result<i64, StoreError> {
    value.parse().map_err(|_| StoreError::Corrupt(UPTO))
}

/// Refuses when the projection stands elsewhere; else it stays there until this transaction has ended.
async fn must_stand_at(
    transaction: &mut Transaction<'_, Postgres>,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    let Some(expected) = expected else { return Ok(()) };
    // There must be a row to lock.
    sqlx::query("INSERT INTO node (key, value) VALUES ($1, '0') ON CONFLICT (key) DO NOTHING")
        .bind(UPTO)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    let value: String = sqlx::query_scalar("SELECT value FROM node WHERE key = $1 FOR UPDATE")
        .bind(UPTO)
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed)?;
    if position(&value)? == expected { Ok(()) } else { Err(StoreError::Stale("the projection has moved")) }
}

async fn set_upto(transaction: &mut Transaction<'_, Postgres>, upto: i64) -> Result<(), StoreError> {
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

async fn put_views(
    transaction: &mut Transaction<'_, Postgres>,
    views: &[DocumentViewRow],
) -> Result<(), StoreError> {
    if views.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO document_view (document, kind, day, view, projected_upto) \
         SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::text[], $5::bigint[]) \
         ON CONFLICT (document) DO UPDATE SET kind = excluded.kind, day = excluded.day, view = excluded.view, \
         projected_upto = excluded.projected_upto",
    )
    .bind(column(views, |view| &view.document[..]))
    .bind(column(views, |view| view.kind))
    .bind(column(views, |view| view.day.as_ref().map(|day| &day[..])))
    .bind(column(views, |view| plain(&view.view)))
    .bind(column(views, |view| view.projected_upto))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Writes the rows and marks everybody whose group may look different now: the neighbours before and after.
async fn put_residents(
    transaction: &mut Transaction<'_, Postgres>,
    residents: &[ResidentRow],
) -> Result<(), StoreError> {
    if residents.is_empty() {
        return Ok(());
    }
    let documents: Vec<Id> = residents.iter().map(|row| row.document).collect();
    let mut marked: BTreeSet<Id> = neighbours(transaction, &documents).await?.into_iter().collect();
    put_rows_of_residents(transaction, residents).await?;
    put_links(transaction, residents).await?;
    marked.extend(neighbours(transaction, &documents).await?);
    sqlx::query("UPDATE resident_row SET regroup = 1 WHERE document = ANY($1)")
        .bind(ids(&marked))
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Takes everything away that shows these documents, and marks whoever was grouped with them.
async fn erase(transaction: &mut Transaction<'_, Postgres>, documents: &[Id]) -> Result<(), StoreError> {
    if documents.is_empty() {
        return Ok(());
    }
    let marked = neighbours(transaction, documents).await?;
    for statement in [
        "DELETE FROM document_view WHERE document = ANY($1)",
        "DELETE FROM resident_row WHERE document = ANY($1)",
        "DELETE FROM resident_link WHERE document = ANY($1)",
        "DELETE FROM visit_row WHERE document = ANY($1)",
        "DELETE FROM application_row WHERE document = ANY($1)",
    ] {
        sqlx::query(statement).bind(ids(documents)).execute(&mut **transaction).await.map_err(failed)?;
    }
    sqlx::query("UPDATE resident_row SET regroup = 1 WHERE document = ANY($1)")
        .bind(ids(&marked))
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn put_rows_of_residents(
    transaction: &mut Transaction<'_, Postgres>,
    residents: &[ResidentRow],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO resident_row (document, nik_key, village, name, search, question, spelling, regroup) \
         SELECT given.*, 0, 0, 1 \
         FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::text[]) AS given \
         ON CONFLICT (document) DO UPDATE SET nik_key = excluded.nik_key, village = excluded.village, \
         name = excluded.name, search = excluded.search",
    )
    .bind(column(residents, |row| &row.document[..]))
    .bind(column(residents, |row| row.nik_key.as_deref()))
    .bind(column(residents, |row| maybe_plain(row.village.as_ref())))
    .bind(column(residents, |row| plain(&row.name)))
    .bind(column(residents, |row| plain(&row.search)))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn put_links(
    transaction: &mut Transaction<'_, Postgres>,
    residents: &[ResidentRow],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM resident_link WHERE document = ANY($1)")
        .bind(column(residents, |row| &row.document[..]))
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    let links: Vec<(&Id, &Id)> =
        residents.iter().flat_map(|row| row.links.iter().map(|other| (&row.document, other))).collect();
    if links.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO resident_link (document, other) SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
         ON CONFLICT DO NOTHING",
    )
    .bind(column(&links, |(document, _)| &document[..]))
    .bind(column(&links, |(_, other)| &other[..]))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn put_visits(
    transaction: &mut Transaction<'_, Postgres>,
    visits: &[VisitRow],
) -> Result<(), StoreError> {
    if visits.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO visit_row (document, day, ticket, tracking, resident) \
         SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::bytea[]) \
         ON CONFLICT (document) DO UPDATE SET day = excluded.day, ticket = excluded.ticket, \
         tracking = excluded.tracking, resident = excluded.resident",
    )
    .bind(column(visits, |row| &row.document[..]))
    .bind(column(visits, |row| row.day.as_ref().map(|day| &day[..])))
    .bind(column(visits, |row| plain(&row.ticket)))
    .bind(column(visits, |row| plain(&row.tracking)))
    .bind(column(visits, |row| row.resident.as_ref().map(|resident| &resident[..])))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The given ones, those with the same key, and those linked either way; sorted.
async fn neighbours(connection: &mut PgConnection, residents: &[Id]) -> Result<Vec<Id>, StoreError> {
    let rows = sqlx::query(
        "SELECT other.document AS found FROM resident_row AS own \
         JOIN resident_row AS other ON other.nik_key = own.nik_key WHERE own.document = ANY($1) \
         UNION SELECT other FROM resident_link WHERE document = ANY($1) \
         UNION SELECT document FROM resident_link WHERE other = ANY($1)",
    )
    .bind(ids(residents))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let mut found: BTreeSet<Id> = residents.iter().copied().collect();
    for row in &rows {
        found.insert(array(row, "found")?);
    }
    Ok(found.into_iter().collect())
}

fn view(row: &PgRow) -> Result<DocumentViewRow, StoreError> {
    Ok(DocumentViewRow {
        document: array(row, "document")?,
        kind: get(row, "kind")?,
        day: maybe_array(row, "day")?,
        view: get(row, "view")?,
        projected_upto: get(row, "projected_upto")?,
    })
}

fn visit(row: &PgRow) -> Result<VisitRow, StoreError> {
    Ok(VisitRow {
        document: array(row, "document")?,
        day: maybe_array(row, "day")?,
        ticket: get(row, "ticket")?,
        tracking: get(row, "tracking")?,
        resident: maybe_array(row, "resident")?,
    })
}
