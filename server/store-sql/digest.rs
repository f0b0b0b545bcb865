//! The sums of scopes: read, moved on with the log, and made again from what scopes list.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use mpp_store::{Hash, Id, StoreError};
use mpp_sync::digest::ScopeSum;
use mpp_sync::ids::{ChangeHash, DocumentId};

use crate::append::head_to_move;
use crate::backend::{Backend, BackendRow, Connection, with_texts};
use crate::columns::{array, get};
use crate::convert::failed;

/// Changes that entered scopes, by scope.
pub type EnteredBy = BTreeMap<String, Vec<(Id, Hash)>>;

/// The sums of the scopes; one that lists nothing has the sum of nothing.
pub async fn sums_of(
    connection: &mut Connection,
    scopes: &[&String],
) -> Result<Vec<(String, ScopeSum)>, StoreError> {
    let mut found: BTreeMap<String, ScopeSum> =
        scopes.iter().map(|scope| ((*scope).clone(), ScopeSum::default())).collect();
    let statement = "SELECT * FROM scope_digest WHERE scope";
    found.extend(with_texts(connection, statement, scopes, sum_of).await?);
    Ok(found.into_iter().collect())
}

/// Counts in what entered. The caller holds the log's end, so nobody else counts.
pub async fn count_in(connection: &mut Connection, entered: &EnteredBy) -> Result<(), StoreError> {
    let scopes: Vec<&String> = entered.keys().collect();
    for (scope, mut sum) in sums_of(connection, &scopes).await? {
        for (document, hash) in entered.get(&scope).into_iter().flatten() {
            sum.add(&DocumentId(*document), &ChangeHash(*hash));
        }
        keep(connection, &scope, &sum).await?;
    }
    Ok(())
}

/// Counts out what was erased. The caller holds the log's end, so nobody else counts.
pub async fn count_out(connection: &mut Connection, left: &EnteredBy) -> Result<(), StoreError> {
    let scopes: Vec<&String> = left.keys().collect();
    for (scope, mut sum) in sums_of(connection, &scopes).await? {
        for (document, hash) in left.get(&scope).into_iter().flatten() {
            sum.subtract(&DocumentId(*document), &ChangeHash(*hash));
        }
        keep(connection, &scope, &sum).await?;
    }
    Ok(())
}

async fn keep(connection: &mut Connection, scope: &str, sum: &ScopeSum) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO scope_digest (scope, sum, count) VALUES ($1, $2, $3) \
         ON CONFLICT (scope) DO UPDATE SET sum = excluded.sum, count = excluded.count",
    )
    .bind(scope)
    .bind(&sum.sum[..])
    .bind(i64::try_from(sum.count).unwrap_or(i64::MAX))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Makes all sums again; the scopes whose sum was another one.
pub async fn sum_again(store: &Backend) -> Result<Vec<String>, StoreError> {
    let mut transaction = store.begin().await?;
    head_to_move(&mut transaction).await?;
    let mut sums: BTreeMap<String, ScopeSum> = BTreeMap::new();
    let mut rows = sqlx::query("SELECT scope, document, hash FROM scope_entry").fetch(&mut *transaction);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let (document, hash) = (DocumentId(array(&row, "document")?), ChangeHash(array(&row, "hash")?));
        sums.entry(get(&row, "scope")?).or_default().add(&document, &hash);
    }
    drop(rows);
    let kept: Vec<String> = sqlx::query_scalar("SELECT scope FROM scope_digest")
        .fetch_all(&mut *transaction)
        .await
        .map_err(failed)?;
    for scope in kept {
        sums.entry(scope).or_default();
    }
    let scopes: Vec<&String> = sums.keys().collect();
    let before: BTreeMap<String, ScopeSum> = sums_of(&mut transaction, &scopes).await?.into_iter().collect();
    let mut differing = Vec::new();
    for (scope, sum) in &sums {
        if before.get(scope) != Some(sum) {
            keep(&mut transaction, scope, sum).await?;
            differing.push(scope.clone());
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(differing)
}

fn sum_of(row: &BackendRow) -> Result<(String, ScopeSum), StoreError> {
    let count = u64::try_from(get::<i64>(row, "count")?).unwrap_or(0);
    Ok((get(row, "scope")?, ScopeSum { sum: array(row, "sum")?, count }))
}
