//! The office's list of applications.

use mpp_store::{ApplicationFilter, ApplicationPage, ApplicationRow, Id, ListedApplication, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqlitePool, Transaction};

use crate::columns::{array, get, maybe_array};
use crate::convert::{failed, push_list};

/// Writes a row.
pub async fn put(transaction: &mut Transaction<'_, Sqlite>, row: &ApplicationRow) -> Result<(), StoreError> {
    let id = |id: &Option<Id>| id.map(|id| id.to_vec());
    sqlx::query(
        "INSERT INTO application_row (document, day, visit, resident, service, standard, ticket, tracking, \
         applicant_name, subject_name, nik_masked, village, status, status_conflict, field_conflict, officer, \
         device, created_at, updated_at, search) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
         ON CONFLICT (document) DO UPDATE SET day = excluded.day, visit = excluded.visit, \
         resident = excluded.resident, service = excluded.service, standard = excluded.standard, \
         ticket = excluded.ticket, tracking = excluded.tracking, applicant_name = excluded.applicant_name, \
         subject_name = excluded.subject_name, nik_masked = excluded.nik_masked, village = excluded.village, \
         status = excluded.status, status_conflict = excluded.status_conflict, \
         field_conflict = excluded.field_conflict, officer = excluded.officer, device = excluded.device, \
         created_at = excluded.created_at, updated_at = excluded.updated_at, search = excluded.search",
    )
    .bind(&row.document[..])
    .bind(id(&row.day))
    .bind(id(&row.visit))
    .bind(id(&row.resident))
    .bind(&row.service)
    .bind(row.standard)
    .bind(&row.ticket)
    .bind(&row.tracking)
    .bind(&row.applicant_name)
    .bind(&row.subject_name)
    .bind(&row.nik_masked)
    .bind(&row.village)
    .bind(&row.status)
    .bind(i64::from(row.status_conflict))
    .bind(i64::from(row.field_conflict))
    .bind(&row.officer)
    .bind(&row.device)
    .bind(row.created_at)
    .bind(row.updated_at)
    .bind(&row.search)
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A page, and how many rows there are in all.
pub async fn page(reader: &SqlitePool, filter: &ApplicationFilter) -> Result<ApplicationPage, StoreError> {
    let mut count = QueryBuilder::new("SELECT count(*)");
    push_filter(&mut count, filter);
    let total: i64 = count.build_query_scalar().fetch_one(reader).await.map_err(failed)?;
    let mut query = QueryBuilder::new(
        "SELECT application_row.*, coalesce(resident_row.question, 0) AS question, \
         coalesce(resident_row.spelling, 0) AS spelling",
    );
    push_filter(&mut query, filter);
    query.push(" ORDER BY application_row.updated_at DESC, application_row.document LIMIT ");
    query.push_bind(filter.limit).push(" OFFSET ").push_bind(filter.offset);
    let found = query.build().fetch_all(reader).await.map_err(failed)?;
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
pub async fn tracked(reader: &SqlitePool, tracking: &str) -> Result<Vec<ApplicationRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM application_row WHERE tracking = $1 ORDER BY document")
        .bind(tracking)
        .fetch_all(reader)
        .await
        .map_err(failed)?;
    rows.iter().map(application).collect()
}

/// FROM and WHERE of the list.
fn push_filter(query: &mut QueryBuilder<Sqlite>, filter: &ApplicationFilter) {
    query.push(
        " FROM application_row LEFT JOIN resident_row ON resident_row.document = application_row.resident \
         WHERE 1 = 1",
    );
    if let Some(day) = filter.day {
        query.push(" AND application_row.day = ").push_bind(day.to_vec());
    }
    if let Some(status) = &filter.status {
        query.push(" AND application_row.status = ").push_bind(status.clone());
    }
    if let Some(services) = &filter.services {
        query.push(" AND application_row.service IN ");
        push_list(query, services.iter().cloned());
    }
    if let Some(residents) = &filter.residents {
        query.push(" AND application_row.resident IN ");
        push_list(query, residents.iter().map(|id| id.to_vec()));
    }
    for word in &filter.words {
        let pattern = format!("%{}%", escaped(word));
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

fn flag(row: &SqliteRow, column: &'static str) -> Result<bool, StoreError> {
    let value: i64 = get(row, column)?;
    Ok(value != 0)
}

fn application(row: &SqliteRow) -> Result<ApplicationRow, StoreError> {
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
