//! The office's list of applications.

use mpp_store::{ApplicationFilter, ApplicationPage, ApplicationRow, ListedApplication, StoreError};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, QueryBuilder, Transaction};

use crate::columns::{array, get, maybe_array};
use crate::convert::{column, failed};
use crate::text::{maybe_plain, plain};

/// Writes the rows.
pub async fn put(
    transaction: &mut Transaction<'_, Postgres>,
    rows: &[ApplicationRow],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO application_row (document, day, visit, resident, service, standard, ticket, tracking, \
         applicant_name, subject_name, nik_masked, village, status, status_conflict, field_conflict, officer, \
         device, created_at, updated_at, search) \
         SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::bigint[], \
         $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[], \
         $15::bigint[], $16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::text[]) \
         ON CONFLICT (document) DO UPDATE SET day = excluded.day, visit = excluded.visit, \
         resident = excluded.resident, service = excluded.service, standard = excluded.standard, \
         ticket = excluded.ticket, tracking = excluded.tracking, applicant_name = excluded.applicant_name, \
         subject_name = excluded.subject_name, nik_masked = excluded.nik_masked, village = excluded.village, \
         status = excluded.status, status_conflict = excluded.status_conflict, \
         field_conflict = excluded.field_conflict, officer = excluded.officer, device = excluded.device, \
         created_at = excluded.created_at, updated_at = excluded.updated_at, search = excluded.search",
    )
    .bind(column(rows, |row| &row.document[..]))
    .bind(column(rows, |row| row.day.as_ref().map(|id| &id[..])))
    .bind(column(rows, |row| row.visit.as_ref().map(|id| &id[..])))
    .bind(column(rows, |row| row.resident.as_ref().map(|id| &id[..])))
    .bind(column(rows, |row| plain(&row.service)))
    .bind(column(rows, |row| row.standard))
    .bind(column(rows, |row| maybe_plain(row.ticket.as_ref())))
    .bind(column(rows, |row| maybe_plain(row.tracking.as_ref())))
    .bind(column(rows, |row| plain(&row.applicant_name)))
    .bind(column(rows, |row| maybe_plain(row.subject_name.as_ref())))
    .bind(column(rows, |row| maybe_plain(row.nik_masked.as_ref())))
    .bind(column(rows, |row| maybe_plain(row.village.as_ref())))
    .bind(column(rows, |row| plain(&row.status)))
    .bind(column(rows, |row| i64::from(row.status_conflict)))
    .bind(column(rows, |row| i64::from(row.field_conflict)))
    .bind(column(rows, |row| plain(&row.officer)))
    .bind(column(rows, |row| plain(&row.device)))
    .bind(column(rows, |row| row.created_at))
    .bind(column(rows, |row| row.updated_at))
    .bind(column(rows, |row| plain(&row.search)))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A page, and how many rows there are in all.
pub async fn page(pool: &PgPool, filter: &ApplicationFilter) -> Result<ApplicationPage, StoreError> {
    let mut count = QueryBuilder::new("SELECT count(*)");
    push_filter(&mut count, filter);
    let total: i64 = count.build_query_scalar().fetch_one(pool).await.map_err(failed)?;
    let mut query = QueryBuilder::new(
        "SELECT application_row.*, coalesce(resident_row.question, 0) AS question, \
         coalesce(resident_row.spelling, 0) AS spelling",
    );
    push_filter(&mut query, filter);
    query.push(" ORDER BY application_row.updated_at DESC, application_row.document LIMIT ");
    query.push_bind(filter.limit).push(" OFFSET ").push_bind(filter.offset);
    let found = query.build().fetch_all(pool).await.map_err(failed)?;
    let rows = found
        .iter()
        .map(|row| {
            Ok(ListedApplication {
                row: application(row)?,
                identity_question: flag(row, "question")?,
                spelling: flag(row, "spelling")?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(ApplicationPage { rows, total })
}

/// Rows with a tracking code.
pub async fn tracked(pool: &PgPool, tracking: &str) -> Result<Vec<ApplicationRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM application_row WHERE tracking = $1 ORDER BY document")
        .bind(plain(tracking))
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    rows.iter().map(application).collect()
}

/// FROM and WHERE of the list.
fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &ApplicationFilter) {
    query.push(
        " FROM application_row LEFT JOIN resident_row ON resident_row.document = application_row.resident \
         WHERE 1 = 1",
    );
    if let Some(day) = filter.day {
        query.push(" AND application_row.day = ").push_bind(day.to_vec());
    }
    if let Some(status) = &filter.status {
        query.push(" AND application_row.status = ").push_bind(plain(status).into_owned());
    }
    if let Some(services) = &filter.services {
        query.push(" AND application_row.service = ANY(").push_bind(services.clone()).push(")");
    }
    if let Some(residents) = &filter.residents {
        query.push(" AND application_row.resident = ANY(").push_bind(residents.clone()).push(")");
    }
    for word in &filter.words {
        let pattern = format!("%{}%", escaped(&plain(word)));
        query.push(" AND application_row.search LIKE ").push_bind(pattern).push(" ESCAPE '\\'");
    }
    if filter.attention {
        query.push(
            " AND (application_row.status_conflict = 1 OR application_row.field_conflict = 1 \
             OR resident_row.question = 1 OR resident_row.spelling = 1)",
        );
    }
}

/// The word with LIKE's own signs taken literally.
fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn flag(row: &PgRow, column: &'static str) -> Result<bool, StoreError> {
    let value: i64 = get(row, column)?;
    Ok(value != 0)
}

fn application(row: &PgRow) -> Result<ApplicationRow, StoreError> {
    Ok(ApplicationRow {
        document: array(row, "document")?,
        day: maybe_array(row, "day")?,
        visit: maybe_array(row, "visit")?,
        resident: maybe_array(row, "resident")?,
        service: get(row, "service")?,
        standard: get(row, "standard")?,
        ticket: get(row, "ticket")?,
        tracking: get(row, "tracking")?,
        applicant_name: get(row, "applicant_name")?,
        subject_name: get(row, "subject_name")?,
        nik_masked: get(row, "nik_masked")?,
        village: get(row, "village")?,
        status: get(row, "status")?,
        status_conflict: flag(row, "status_conflict")?,
        field_conflict: flag(row, "field_conflict")?,
        officer: get(row, "officer")?,
        device: get(row, "device")?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
        search: get(row, "search")?,
    })
}
