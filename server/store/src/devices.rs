//! Devices and the service days they may work on.

use async_trait::async_trait;

use crate::{Id, StoreError};

/// A device that was prepared at the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub id: Id,
    /// Its P-256 key: SEC1, uncompressed, 65 bytes.
    pub public_key: Vec<u8>,
    /// What people call it ("Tablet 3").
    pub name: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds; a revoked device is not spoken to.
    pub revoked_at: Option<i64>,
}

/// A device on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// The device.
    pub device: Id,
    /// The service day's document id.
    pub day: Id,
    /// The letter its tickets carry, unique on the day.
    pub label: String,
    /// Who prepared it.
    pub username: String,
    /// Unix seconds.
    pub granted_at: i64,
}

/// Devices and grants.
#[async_trait]
pub trait Devices {
    /// Adds a device, or renames the one that is there. The key and the revocation stay.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is there with another key.
    async fn put_device(&self, device: &DeviceRow) -> Result<(), StoreError>;
    /// One device.
    async fn device(&self, id: Id) -> Result<Option<DeviceRow>, StoreError>;
    /// Every device, by age.
    async fn devices(&self) -> Result<Vec<DeviceRow>, StoreError>;
    /// Revokes a device from `at` on; an earlier revocation stays.
    async fn revoke_device(&self, id: Id, at: i64) -> Result<(), StoreError>;
    /// Puts a device on a day. The same device on the same day keeps its first grant, which is returned.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another device has the label on that day.
    async fn grant(&self, grant: &GrantRow) -> Result<GrantRow, StoreError>;
    /// The days of a device, by age of the grant.
    async fn grants_of(&self, device: Id) -> Result<Vec<GrantRow>, StoreError>;
    /// The devices of a day, by label.
    async fn grants_on(&self, day: Id) -> Result<Vec<GrantRow>, StoreError>;
    /// Every grant, by age.
    async fn grants(&self) -> Result<Vec<GrantRow>, StoreError>;
}
