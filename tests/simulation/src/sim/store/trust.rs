//! Devices, grants and who is believed, in the modelled store.

use std::sync::Arc;

use async_trait::async_trait;
use mpp_store::{
    CertificateRow, DeviceRow, DeviceSessionRow, Devices, GrantRow, Hash, Id, RevocationRow, SignedGrantRow,
    StoreError, Trust,
};

use super::{MemoryStore, absent};
use crate::sim::tables::{Tables, Transaction};

#[async_trait]
impl Devices for MemoryStore {
    async fn put_device(&self, device: &DeviceRow) -> Result<(), StoreError> {
        let other = |tables: &Tables| {
            tables.devices.get(&device.id).is_some_and(|held| held.public_key != device.public_key)
        };
        if self.read(other) {
            return Err(StoreError::Conflict("device"));
        }
        self.write(&Transaction::Device(Arc::new(device.clone())))
    }

    async fn device(&self, id: Id) -> Result<Option<DeviceRow>, StoreError> {
        Ok(self.read(|tables| tables.devices.get(&id).cloned()))
    }

    async fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        let mut rows: Vec<DeviceRow> = self.read(|tables| tables.devices.values().cloned().collect());
        rows.sort_by_key(|row| (row.created_at, row.id));
        Ok(rows)
    }

    async fn revoke_device(&self, id: Id, at: i64) -> Result<(), StoreError> {
        self.write(&Transaction::Revoked(RevocationRow { device: id, at }))
    }

    async fn grant(&self, grant: &GrantRow) -> Result<GrantRow, StoreError> {
        let (held, taken) = self.read(|tables| {
            let mut on_day = tables.grants.iter().filter(|held| held.day == grant.day);
            let held = on_day.clone().find(|held| held.device == grant.device).cloned();
            (held, on_day.any(|held| held.label == grant.label))
        });
        if let Some(held) = held {
            return Ok(held);
        }
        if taken {
            return Err(StoreError::Conflict("label"));
        }
        self.write(&Transaction::Grant(Arc::new(grant.clone())))?;
        Ok(grant.clone())
    }

    async fn grants_of(&self, device: Id) -> Result<Vec<GrantRow>, StoreError> {
        let mut rows = self.granted(|row| row.device == device);
        rows.sort_by_key(|row| (row.granted_at, row.day));
        Ok(rows)
    }

    async fn grants_on(&self, day: Id) -> Result<Vec<GrantRow>, StoreError> {
        let mut rows = self.granted(|row| row.day == day);
        rows.sort_by(|one, other| one.label.cmp(&other.label));
        Ok(rows)
    }

    async fn grants(&self) -> Result<Vec<GrantRow>, StoreError> {
        let mut rows = self.granted(|_| true);
        rows.sort_by_key(|row| (row.granted_at, row.device, row.day));
        Ok(rows)
    }
}

impl MemoryStore {
    fn granted(&self, wanted: impl Fn(&GrantRow) -> bool) -> Vec<GrantRow> {
        self.read(|tables| tables.grants.iter().filter(|row| wanted(row)).cloned().collect())
    }
}

#[async_trait]
impl Trust for MemoryStore {
    async fn put_certificate(&self, certificate: &CertificateRow) -> Result<(), StoreError> {
        self.write(&Transaction::Certificate(Arc::new(certificate.clone())))
    }

    async fn certificates(&self) -> Result<Vec<CertificateRow>, StoreError> {
        let mut rows: Vec<CertificateRow> =
            self.read(|tables| tables.certificates.values().cloned().collect());
        rows.sort_by_key(|row| (row.serial, row.node));
        Ok(rows)
    }

    async fn put_signed_grant(&self, grant: &SignedGrantRow) -> Result<(), StoreError> {
        self.write(&Transaction::Signed(Arc::new(grant.clone())))
    }

    async fn signed_grants(&self, devices: &[Id]) -> Result<Vec<SignedGrantRow>, StoreError> {
        let of_devices = |row: &&SignedGrantRow| devices.contains(&row.device);
        Ok(self.read(|tables| tables.signed.values().filter(of_devices).cloned().collect()))
    }

    async fn revoke(&self, revocation: RevocationRow) -> Result<(), StoreError> {
        self.write(&Transaction::Revoked(revocation))
    }

    async fn revocations(&self) -> Result<Vec<RevocationRow>, StoreError> {
        let row = |(device, at): (&Id, &i64)| RevocationRow { device: *device, at: *at };
        Ok(self.read(|tables| tables.revocations.iter().map(row).collect()))
    }

    async fn add_device_session(&self, _: &DeviceSessionRow) -> Result<(), StoreError> {
        Err(absent("sessions of devices"))
    }

    async fn device_session(&self, _: Hash, _: i64) -> Result<Option<DeviceSessionRow>, StoreError> {
        Err(absent("sessions of devices"))
    }
}
