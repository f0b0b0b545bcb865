//! [`Branches`], and what an append writes beside the log.

use async_trait::async_trait;
use mpp_store::{Append, BranchFrameRow, Branches, DeviceEventRow, Id, StoreError};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use crate::PostgresStore;
use crate::convert::{array, failed, get, ids, plain};

#[async_trait]
impl Branches for PostgresStore {
    async fn branch_frames(&self, sessions: &[Id]) -> Result<Vec<BranchFrameRow>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM branch_frame WHERE session = ANY($1) ORDER BY session, number, hash")
                .bind(ids(sessions))
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
        rows.iter().map(branch).collect()
    }

    async fn device_events(&self) -> Result<Vec<DeviceEventRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM device_event ORDER BY at DESC, device, session, kind")
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(event).collect()
    }
}

/// Writes branches and events, and says of offered changes in which frame they came after all.
pub async fn write_beside(connection: &mut PgConnection, batch: &Append) -> Result<(), StoreError> {
    for (document, hash, frame) in &batch.framed {
        sqlx::query("UPDATE change_log SET frame = $3 WHERE document = $1 AND hash = $2 AND frame < 0")
            .bind(&document[..])
            .bind(&hash[..])
            .bind(frame)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    for frame in &batch.branches {
        sqlx::query(
            "INSERT INTO branch_frame (session, hash, number, saves, last_save, bytes, received_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (session, hash) DO NOTHING",
        )
        .bind(&frame.session[..])
        .bind(&frame.hash[..])
        .bind(frame.number)
        .bind(frame.saves)
        .bind(&frame.last_save[..])
        .bind(&frame.bytes)
        .bind(frame.received_at)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    for event in &batch.events {
        sqlx::query(
            "INSERT INTO device_event (device, session, kind, claimed, held, at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (device, session, kind) DO NOTHING",
        )
        .bind(&event.device[..])
        .bind(&event.session[..])
        .bind(plain(&event.kind))
        .bind(event.claimed)
        .bind(event.held)
        .bind(event.at)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

fn branch(row: &PgRow) -> Result<BranchFrameRow, StoreError> {
    Ok(BranchFrameRow {
        session: array(row, "session")?,
        hash: array(row, "hash")?,
        number: get(row, "number")?,
        saves: get(row, "saves")?,
        last_save: array(row, "last_save")?,
        bytes: get(row, "bytes")?,
        received_at: get(row, "received_at")?,
    })
}

fn event(row: &PgRow) -> Result<DeviceEventRow, StoreError> {
    Ok(DeviceEventRow {
        device: array(row, "device")?,
        session: array(row, "session")?,
        kind: get(row, "kind")?,
        claimed: get(row, "claimed")?,
        held: get(row, "held")?,
        at: get(row, "at")?,
    })
}
