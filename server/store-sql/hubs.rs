//! [`Hubs`].

use async_trait::async_trait;
use mpp_store::{
    BranchFrameRow, ChainRow, ChainToRelay, Hash, HubCodeRow, HubRow, Hubs, Id, OfficeNoticeRow, RelayedRow,
    StoreError,
};
use sqlx::AssertSqlSafe;

use crate::backend::{Backend, BackendRow, Connection};
use crate::backups::raise_marks;
use crate::branches::branch;
use crate::change_log::chain;
use crate::columns::{array, get};
use crate::convert::failed;
use crate::text::plain;

#[async_trait]
impl Hubs for Backend {
    async fn add_hub_code(&self, code: &HubCodeRow, now: i64) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM hub_code WHERE expires_at <= $1")
            .bind(now)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        sqlx::query("INSERT INTO hub_code (code_hash, name, created_by, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(&code.code_hash[..])
            .bind(plain(&code.name))
            .bind(plain(&code.created_by))
            .bind(code.expires_at)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn take_hub_code(&self, code_hash: Hash, now: i64) -> Result<Option<HubCodeRow>, StoreError> {
        let row = sqlx::query("DELETE FROM hub_code WHERE code_hash = $1 AND expires_at > $2 RETURNING *")
            .bind(&code_hash[..])
            .bind(now)
            .fetch_optional(self.write())
            .await
            .map_err(failed)?;
        row.as_ref()
            .map(|row| {
                Ok(HubCodeRow {
                    code_hash: array(row, "code_hash")?,
                    name: get(row, "name")?,
                    created_by: get(row, "created_by")?,
                    expires_at: get(row, "expires_at")?,
                })
            })
            .transpose()
    }

    async fn put_hub(&self, hub: &HubRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO hub (device, name, enrolled_by, enrolled_at, last_at, state) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (device) DO UPDATE SET name = excluded.name, enrolled_by = excluded.enrolled_by, \
             enrolled_at = excluded.enrolled_at",
        )
        .bind(&hub.device[..])
        .bind(plain(&hub.name))
        .bind(plain(&hub.enrolled_by))
        .bind(hub.enrolled_at)
        .bind(hub.last_at)
        .bind(plain(&hub.state))
        .execute(self.write())
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn hubs(&self) -> Result<Vec<HubRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM hub ORDER BY enrolled_at, device")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(hub).collect()
    }

    async fn hub(&self, device: Id) -> Result<Option<HubRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM hub WHERE device = $1")
            .bind(&device[..])
            .fetch_optional(self.read())
            .await
            .map_err(failed)?;
        row.as_ref().map(hub).transpose()
    }

    async fn hub_seen(&self, device: Id, at: i64, state: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE hub SET last_at = $2, state = $3 WHERE device = $1")
            .bind(&device[..])
            .bind(at)
            .bind(plain(state))
            .execute(self.write())
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn add_hub_day(&self, hub: Id, day: Id) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO hub_day (hub, day) VALUES ($1, $2) ON CONFLICT (hub, day) DO NOTHING")
            .bind(&hub[..])
            .bind(&day[..])
            .execute(self.write())
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn hub_days(&self, hub: Id) -> Result<Vec<Id>, StoreError> {
        let rows = sqlx::query("SELECT day FROM hub_day WHERE hub = $1 ORDER BY day")
            .bind(&hub[..])
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(|row| array(row, "day")).collect()
    }

    async fn set_relayed(&self, rows: &[RelayedRow]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        // Sorted: two transactions that share some lock them in the same order.
        let mut rows: Vec<&RelayedRow> = rows.iter().collect();
        rows.sort_by_key(|row| row.session);
        for row in rows {
            sqlx::query(
                "INSERT INTO relayed_chain (session, log, frames) VALUES ($1, $2, $3) \
                 ON CONFLICT (session) DO UPDATE SET log = excluded.log, frames = excluded.frames",
            )
            .bind(&row.session[..])
            .bind(&row.log[..])
            .bind(row.frames)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
            set_relayed_branches(&mut transaction, row).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn chains_to_relay(&self, log: Id, limit: i64) -> Result<Vec<ChainToRelay>, StoreError> {
        let waiting = format!(
            "SELECT chain.*, COALESCE(relayed_chain.frames, 0) AS relayed, \
             (SELECT count(*) {UNSAID} branch_frame.session = chain.session) AS branches FROM chain \
             LEFT JOIN relayed_chain ON relayed_chain.session = chain.session AND relayed_chain.log = $1 \
             WHERE chain.frames > COALESCE(relayed_chain.frames, 0) \
             OR EXISTS (SELECT 1 {UNSAID} branch_frame.session = chain.session) \
             ORDER BY chain.last_at, chain.session LIMIT $2"
        );
        let rows = sqlx::query(AssertSqlSafe(waiting))
            .bind(&log[..])
            .bind(limit)
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        let waiting = |row: &BackendRow| {
            let (relayed, branches) = (get(row, "relayed")?, get(row, "branches")?);
            Ok(ChainToRelay { chain: chain(row)?, relayed, branches })
        };
        rows.iter().map(waiting).collect()
    }

    async fn branches_to_relay(&self, log: Id, session: Id) -> Result<Vec<BranchFrameRow>, StoreError> {
        let statement = format!(
            "SELECT branch_frame.* {UNSAID} branch_frame.session = $2 ORDER BY branch_frame.number, branch_frame.hash"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(&log[..])
            .bind(&session[..])
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(branch).collect()
    }

    async fn chains_to_ask(&self, after: Id, limit: i64) -> Result<Vec<ChainRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT chain.* FROM chain LEFT JOIN office_receipt ON office_receipt.session = chain.session \
             WHERE chain.session > $1 AND chain.frames > COALESCE(office_receipt.backed_up, 0) \
             ORDER BY chain.session LIMIT $2",
        )
        .bind(&after[..])
        .bind(limit)
        .fetch_all(self.read())
        .await
        .map_err(failed)?;
        rows.iter().map(chain).collect()
    }

    async fn put_office_notices(&self, rows: &[OfficeNoticeRow]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let mut news = 0;
        let mut rows: Vec<&OfficeNoticeRow> = rows.iter().collect();
        rows.sort_by_key(|row| (row.document, row.hash));
        for row in rows {
            let done = sqlx::query(
                "INSERT INTO office_notice (document, hash, session, code) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (document, hash) DO UPDATE SET session = excluded.session, code = excluded.code \
                 WHERE excluded.code <> office_notice.code",
            )
            .bind(&row.document[..])
            .bind(&row.hash[..])
            .bind(&row.session[..])
            .bind(plain(&row.code))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
            news += done.rows_affected();
        }
        if news > 0 {
            raise_marks(&mut transaction).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn office_notices_of(&self, device: Id) -> Result<Vec<OfficeNoticeRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT office_notice.* FROM office_notice JOIN chain ON chain.session = office_notice.session \
             WHERE chain.device = $1 ORDER BY office_notice.document, office_notice.hash",
        )
        .bind(&device[..])
        .fetch_all(self.read())
        .await
        .map_err(failed)?;
        rows.iter().map(notice).collect()
    }

    async fn open_office_notices(&self) -> Result<Vec<OfficeNoticeRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM office_notice WHERE code <> '' ORDER BY document, hash")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(notice).collect()
    }
}

/// The frames of second ways that the log `$1` did not say it holds.
const UNSAID: &str = "FROM branch_frame WHERE NOT EXISTS (SELECT 1 FROM relayed_branch AS said \
     WHERE said.session = branch_frame.session AND said.hash = branch_frame.hash AND said.log = $1) AND";

async fn set_relayed_branches(connection: &mut Connection, row: &RelayedRow) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM relayed_branch WHERE session = $1")
        .bind(&row.session[..])
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    for hash in &row.branches {
        sqlx::query(
            "INSERT INTO relayed_branch (session, hash, log) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(&row.session[..])
        .bind(&hash[..])
        .bind(&row.log[..])
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

fn notice(row: &BackendRow) -> Result<OfficeNoticeRow, StoreError> {
    Ok(OfficeNoticeRow {
        document: array(row, "document")?,
        hash: array(row, "hash")?,
        session: array(row, "session")?,
        code: get(row, "code")?,
    })
}

fn hub(row: &BackendRow) -> Result<HubRow, StoreError> {
    Ok(HubRow {
        device: array(row, "device")?,
        name: get(row, "name")?,
        enrolled_by: get(row, "enrolled_by")?,
        enrolled_at: get(row, "enrolled_at")?,
        last_at: get(row, "last_at")?,
        state: get(row, "state")?,
    })
}
