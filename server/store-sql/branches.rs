//! [`Branches`], and what an append writes beside the log.

use async_trait::async_trait;
use mpp_store::{Append, BranchFrameRow, Branches, DeviceEventRow, Id, StoreError};

use crate::backend::{Backend, BackendRow, Connection};
use crate::columns::{array, get};
use crate::convert::failed;
use crate::text::plain;

#[async_trait]
impl Branches for Backend {
    async fn branch_frames(&self, sessions: &[Id]) -> Result<Vec<BranchFrameRow>, StoreError> {
        let mut found = self.with_ids("SELECT * FROM branch_frame WHERE session", sessions, branch).await?;
        found.sort_by_key(|row| (row.session, row.number, row.hash));
        Ok(found)
    }

    async fn device_events(&self) -> Result<Vec<DeviceEventRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM device_event ORDER BY at DESC, device, session, kind")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(event).collect()
    }
}

/// Writes branches and events, and says of offered changes in which frame they came after all.
pub async fn write_beside(connection: &mut Connection, batch: &Append) -> Result<(), StoreError> {
    for (document, hash, frame) in &batch.framed {
        sqlx::query("UPDATE change_log SET frame = $3 WHERE document = $1 AND hash = $2 AND frame < 0")
            .bind(&document[..])
            .bind(&hash[..])
            .bind(frame)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    for frame in &batch.mended {
        sqlx::query("UPDATE frame SET bytes = $4 WHERE session = $1 AND number = $2 AND hash = $3")
            .bind(&frame.session[..])
            .bind(frame.number)
            .bind(&frame.hash[..])
            .bind(&frame.bytes)
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

/// A frame of a second way.
pub fn branch(row: &BackendRow) -> Result<BranchFrameRow, StoreError> {
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

fn event(row: &BackendRow) -> Result<DeviceEventRow, StoreError> {
    Ok(DeviceEventRow {
        device: array(row, "device")?,
        session: array(row, "session")?,
        kind: get(row, "kind")?,
        claimed: get(row, "claimed")?,
        held: get(row, "held")?,
        at: get(row, "at")?,
    })
}
