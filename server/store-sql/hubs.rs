//! [`Hubs`].

use async_trait::async_trait;
use mpp_store::{ChainToRelay, Hash, HubCodeRow, HubRow, Hubs, Id, RelayedRow, StoreError};

use crate::backend::{Backend, BackendRow};
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
        }
        transaction.commit().await.map_err(failed)
    }

    async fn chains_to_relay(&self, log: Id, limit: i64) -> Result<Vec<ChainToRelay>, StoreError> {
        let rows = sqlx::query(
            "SELECT chain.*, COALESCE(relayed_chain.frames, 0) AS relayed FROM chain \
             LEFT JOIN relayed_chain ON relayed_chain.session = chain.session AND relayed_chain.log = $1 \
             WHERE chain.frames > COALESCE(relayed_chain.frames, 0) ORDER BY chain.last_at, chain.session LIMIT $2",
        )
        .bind(&log[..])
        .bind(limit)
        .fetch_all(self.read())
        .await
        .map_err(failed)?;
        rows.iter()
            .map(|row| Ok(ChainToRelay { chain: chain(row)?, relayed: get(row, "relayed")? }))
            .collect()
    }
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
