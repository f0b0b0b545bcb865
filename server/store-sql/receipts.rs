//! [`Receipts`].

use async_trait::async_trait;
use mpp_store::{CoveredChain, Hash, Id, OfficeReceiptRow, Receipts, ReleaseRow, StoreError};
use sqlx::AssertSqlSafe;

use crate::backend::{Backend, BackendRow, Connection};
use crate::backups::raise_marks;
use crate::columns::{array, get, maybe_array};
use crate::convert::failed;
use crate::text::plain;

/// A chain with the last of its frames that is in a backup.
const COVERED: &str = "SELECT chain.session, chain.device, chain.frames, chain.head_hash, chain.backed_up, \
     frame.hash AS backed_up_head FROM chain \
     LEFT JOIN frame ON frame.session = chain.session AND frame.number = chain.backed_up - 1 WHERE";

#[async_trait]
impl Receipts for Backend {
    async fn covered_chains(&self, sessions: &[Id]) -> Result<Vec<CoveredChain>, StoreError> {
        let mut found = self.with_ids(&format!("{COVERED} chain.session"), sessions, covered).await?;
        found.sort_by_key(|chain| chain.session);
        Ok(found)
    }

    async fn covered_chains_of(&self, device: Id) -> Result<Vec<CoveredChain>, StoreError> {
        let statement = AssertSqlSafe(format!("{COVERED} chain.device = $1 ORDER BY chain.session"));
        let rows = sqlx::query(statement).bind(&device[..]).fetch_all(self.read()).await.map_err(failed)?;
        rows.iter().map(covered).collect()
    }

    async fn frame_hashes(&self, session: Id) -> Result<Vec<Hash>, StoreError> {
        let rows = sqlx::query("SELECT hash FROM frame WHERE session = $1 ORDER BY number")
            .bind(&session[..])
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(|row| array(row, "hash")).collect()
    }

    async fn put_office_receipts(&self, rows: &[OfficeReceiptRow]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let mut kept = 0;
        // Sorted: two transactions that share some lock them in the same order.
        let mut rows: Vec<&OfficeReceiptRow> = rows.iter().collect();
        rows.sort_by_key(|row| (row.session, row.way));
        for row in rows {
            kept += put_receipt(&mut transaction, row).await?;
        }
        if kept > 0 {
            raise_marks(&mut transaction).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn office_receipts(&self, sessions: &[Id]) -> Result<Vec<OfficeReceiptRow>, StoreError> {
        let mut found =
            self.with_ids("SELECT * FROM office_receipt WHERE session", sessions, receipt).await?;
        let of_way = |row: &BackendRow| Ok(OfficeReceiptRow { way: array(row, "way")?, ..receipt(row)? });
        found.extend(self.with_ids("SELECT * FROM branch_receipt WHERE session", sessions, of_way).await?);
        found.sort_by_key(|row| (row.session, row.way));
        Ok(found)
    }

    async fn release(&self, row: &ReleaseRow) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("INSERT INTO tablet_release (device, at, username, reason) VALUES ($1, $2, $3, $4)")
            .bind(&row.device[..])
            .bind(row.at)
            .bind(plain(&row.username))
            .bind(plain(&row.reason))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        raise_marks(&mut transaction).await?;
        transaction.commit().await.map_err(failed)
    }

    async fn releases(&self) -> Result<Vec<ReleaseRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM tablet_release ORDER BY at DESC, device")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        let release = |row: &BackendRow| {
            Ok(ReleaseRow {
                device: array(row, "device")?,
                at: get(row, "at")?,
                username: get(row, "username")?,
                reason: get(row, "reason")?,
            })
        };
        rows.iter().map(release).collect()
    }
}

/// Keeps what the office said of one way of a session, unless it said more before: a restored office says less of its
/// frames and may say so. Returns how many rows were written.
async fn put_receipt(connection: &mut Connection, row: &OfficeReceiptRow) -> Result<u64, StoreError> {
    let (table, column, value) = if row.way == Hash::default() {
        ("office_receipt", "", "")
    } else {
        ("branch_receipt", ", way", ", $5")
    };
    let statement = AssertSqlSafe(format!(
        "INSERT INTO {table} AS kept (session, frames, backed_up, receipt{column}) VALUES ($1, $2, $3, $4{value}) \
         ON CONFLICT (session{column}) DO UPDATE SET frames = excluded.frames, backed_up = excluded.backed_up, \
         receipt = excluded.receipt WHERE excluded.backed_up > kept.backed_up \
         OR (excluded.backed_up = kept.backed_up AND excluded.frames > kept.frames)",
    ));
    let query = sqlx::query(statement)
        .bind(row.session.to_vec())
        .bind(row.frames)
        .bind(row.backed_up)
        .bind(row.receipt.clone());
    let query = if column.is_empty() { query } else { query.bind(row.way.to_vec()) };
    Ok(query.execute(connection).await.map_err(failed)?.rows_affected())
}

fn covered(row: &BackendRow) -> Result<CoveredChain, StoreError> {
    let backed_up_head: Option<Hash> = maybe_array(row, "backed_up_head")?;
    Ok(CoveredChain {
        session: array(row, "session")?,
        device: array(row, "device")?,
        frames: get(row, "frames")?,
        head: array(row, "head_hash")?,
        backed_up: get(row, "backed_up")?,
        backed_up_head: backed_up_head.unwrap_or_default(),
    })
}

fn receipt(row: &BackendRow) -> Result<OfficeReceiptRow, StoreError> {
    Ok(OfficeReceiptRow {
        session: array(row, "session")?,
        way: Hash::default(),
        frames: get(row, "frames")?,
        backed_up: get(row, "backed_up")?,
        receipt: get(row, "receipt")?,
    })
}
