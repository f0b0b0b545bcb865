//! [`Devices`].

use async_trait::async_trait;
use mpp_store::{DeviceRow, Devices, GrantRow, Id, StoreError};

use crate::backend::{Backend, BackendRow};
use crate::columns::{array, get};
use crate::convert::failed;
use crate::text::plain;

#[async_trait]
impl Devices for Backend {
    async fn put_device(&self, device: &DeviceRow) -> Result<(), StoreError> {
        let written = sqlx::query(
            "INSERT INTO device (id, public_key, name, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE device.public_key = excluded.public_key",
        )
        .bind(&device.id[..])
        .bind(&device.public_key)
        .bind(plain(&device.name))
        .bind(device.created_at)
        .bind(device.revoked_at)
        .execute(self.write())
        .await
        .map_err(failed)?;
        if written.rows_affected() == 0 {
            return Err(StoreError::Conflict("a device with another key"));
        }
        Ok(())
    }

    async fn device(&self, id: Id) -> Result<Option<DeviceRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM device WHERE id = $1")
            .bind(&id[..])
            .fetch_optional(self.read())
            .await
            .map_err(failed)?;
        row.as_ref().map(device).transpose()
    }

    async fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM device ORDER BY created_at, id")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(device).collect()
    }

    async fn revoke_device(&self, id: Id, at: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE device SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(&id[..])
            .bind(at)
            .execute(self.write())
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn grant(&self, grant: &GrantRow) -> Result<GrantRow, StoreError> {
        sqlx::query(
            "INSERT INTO day_grant (device, day, label, username, granted_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (device, day) DO NOTHING",
        )
        .bind(&grant.device[..])
        .bind(&grant.day[..])
        .bind(plain(&grant.label))
        .bind(plain(&grant.username))
        .bind(grant.granted_at)
        .execute(self.write())
        .await
        .map_err(failed)?;
        let row = sqlx::query("SELECT * FROM day_grant WHERE device = $1 AND day = $2")
            .bind(&grant.device[..])
            .bind(&grant.day[..])
            .fetch_one(self.write())
            .await
            .map_err(failed)?;
        granted(&row)
    }

    async fn grants_of(&self, device: Id) -> Result<Vec<GrantRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM day_grant WHERE device = $1 ORDER BY granted_at, day")
            .bind(&device[..])
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(granted).collect()
    }

    async fn grants_on(&self, day: Id) -> Result<Vec<GrantRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM day_grant WHERE day = $1")
            .bind(&day[..])
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        let mut grants = rows.iter().map(granted).collect::<Result<Vec<_>, _>>()?;
        // In Rust: the order of labels must not hang on the locale of a database.
        grants.sort_by(|a, b| a.label.cmp(&b.label));
        Ok(grants)
    }

    async fn grants(&self) -> Result<Vec<GrantRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM day_grant ORDER BY granted_at, device, day")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter().map(granted).collect()
    }
}

fn device(row: &BackendRow) -> Result<DeviceRow, StoreError> {
    Ok(DeviceRow {
        id: array(row, "id")?,
        public_key: get(row, "public_key")?,
        name: get(row, "name")?,
        created_at: get(row, "created_at")?,
        revoked_at: get(row, "revoked_at")?,
    })
}

fn granted(row: &BackendRow) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        device: array(row, "device")?,
        day: array(row, "day")?,
        label: get(row, "label")?,
        username: get(row, "username")?,
        granted_at: get(row, "granted_at")?,
    })
}
