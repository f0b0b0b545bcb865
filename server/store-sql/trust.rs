//! [`Trust`].

use async_trait::async_trait;
use mpp_store::{
    CertificateRow, DeviceSessionRow, Hash, Id, RevocationRow, SignedGrantRow, StoreError, Trust,
};

use crate::backend::{Backend, BackendRow};
use crate::columns::{array, get};
use crate::convert::failed;

#[async_trait]
impl Trust for Backend {
    async fn put_certificate(&self, certificate: &CertificateRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO certificate (node, role, serial, bytes) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (node) DO UPDATE SET role = excluded.role, serial = excluded.serial, bytes = excluded.bytes \
             WHERE excluded.serial > certificate.serial",
        )
        .bind(&certificate.node[..])
        .bind(certificate.role)
        .bind(certificate.serial)
        .bind(&certificate.bytes)
        .execute(self.write())
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn certificates(&self) -> Result<Vec<CertificateRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM certificate ORDER BY serial, node")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter()
            .map(|row| {
                Ok(CertificateRow {
                    node: array(row, "node")?,
                    role: get(row, "role")?,
                    serial: get(row, "serial")?,
                    bytes: get(row, "bytes")?,
                })
            })
            .collect()
    }

    async fn put_signed_grant(&self, grant: &SignedGrantRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO signed_grant (device, day, bytes, issued_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (device, day) DO UPDATE SET bytes = excluded.bytes, issued_at = excluded.issued_at \
             WHERE excluded.issued_at >= signed_grant.issued_at",
        )
        .bind(&grant.device[..])
        .bind(&grant.day[..])
        .bind(&grant.bytes)
        .bind(grant.issued_at)
        .execute(self.write())
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn signed_grants(&self, devices: &[Id]) -> Result<Vec<SignedGrantRow>, StoreError> {
        let mut found =
            self.with_ids("SELECT * FROM signed_grant WHERE device", devices, signed_grant).await?;
        found.sort_by_key(|row| (row.device, row.day));
        Ok(found)
    }

    async fn revoke(&self, revocation: RevocationRow) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for (statement, timed) in [
            ("INSERT INTO revocation (device, at) VALUES ($1, $2) ON CONFLICT (device) DO NOTHING", true),
            ("UPDATE device SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", true),
            ("DELETE FROM device_session WHERE device = $1", false),
        ] {
            let query = sqlx::query(statement).bind(&revocation.device[..]);
            let query = if timed { query.bind(revocation.at) } else { query };
            query.execute(&mut *transaction).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn revocations(&self) -> Result<Vec<RevocationRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM revocation ORDER BY device")
            .fetch_all(self.read())
            .await
            .map_err(failed)?;
        rows.iter()
            .map(|row| Ok(RevocationRow { device: array(row, "device")?, at: get(row, "at")? }))
            .collect()
    }

    async fn add_device_session(&self, session: &DeviceSessionRow) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM device_session WHERE expires_at <= $1")
            .bind(session.created_at)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        sqlx::query(
            "INSERT INTO device_session (token_hash, device, hub, nonce, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&session.token_hash[..])
        .bind(&session.device[..])
        .bind(i64::from(session.hub))
        .bind(&session.nonce)
        .bind(session.created_at)
        .bind(session.expires_at)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn device_session(
        &self,
        token_hash: Hash,
        now: i64,
    ) -> Result<Option<DeviceSessionRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM device_session WHERE token_hash = $1 AND expires_at > $2")
            .bind(&token_hash[..])
            .bind(now)
            .fetch_optional(self.read())
            .await
            .map_err(failed)?;
        row.as_ref()
            .map(|row| {
                let hub: i64 = get(row, "hub")?;
                Ok(DeviceSessionRow {
                    token_hash: array(row, "token_hash")?,
                    device: array(row, "device")?,
                    hub: hub != 0,
                    nonce: get(row, "nonce")?,
                    created_at: get(row, "created_at")?,
                    expires_at: get(row, "expires_at")?,
                })
            })
            .transpose()
    }
}

fn signed_grant(row: &BackendRow) -> Result<SignedGrantRow, StoreError> {
    Ok(SignedGrantRow {
        device: array(row, "device")?,
        day: array(row, "day")?,
        bytes: get(row, "bytes")?,
        issued_at: get(row, "issued_at")?,
    })
}
