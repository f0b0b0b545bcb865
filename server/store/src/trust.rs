//! Who is believed: certificates, signed grants, revocations, and devices that entered with their grant.

use async_trait::async_trait;

use crate::{Hash, Id, StoreError};

/// A certificate that the root key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// Id of the certified key.
    pub node: Id,
    /// 1 office, 2 hub, 3 a later root key.
    pub role: i64,
    /// Of two certificates of one node the higher serial counts.
    pub serial: i64,
    /// As signed.
    pub bytes: Vec<u8>,
}

/// A grant as it was signed, to be sent along with its device's frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedGrantRow {
    /// The device.
    pub device: Id,
    /// The service day.
    pub day: Id,
    /// As signed.
    pub bytes: Vec<u8>,
    /// Unix seconds; of two grants for one day the later one counts.
    pub issued_at: i64,
}

/// A device or hub that is no longer believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationRow {
    /// Which.
    pub device: Id,
    /// Unix seconds.
    pub at: i64,
}

/// A device (or a hub) that entered by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSessionRow {
    /// SHA-256 of the cookie's token.
    pub token_hash: Hash,
    /// Who.
    pub device: Id,
    /// A hub, which sends the frames of others.
    pub hub: bool,
    /// The nonce it signed; good once.
    pub nonce: Vec<u8>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds; not valid from then on.
    pub expires_at: i64,
}

/// Certificates, grants, revocations, device sessions.
#[async_trait]
pub trait Trust {
    /// Keeps a certificate, unless one of the node with the same or a higher serial is there.
    async fn put_certificate(&self, certificate: &CertificateRow) -> Result<(), StoreError>;
    /// All certificates, by serial.
    async fn certificates(&self) -> Result<Vec<CertificateRow>, StoreError>;
    /// Keeps a grant, unless a later one of the same device and day is there.
    async fn put_signed_grant(&self, grant: &SignedGrantRow) -> Result<(), StoreError>;
    /// The signed grants of these devices, by device and day.
    async fn signed_grants(&self, devices: &[Id]) -> Result<Vec<SignedGrantRow>, StoreError>;
    /// Revokes a device or hub, known here or not, and ends its sessions; an earlier revocation stays.
    async fn revoke(&self, revocation: RevocationRow) -> Result<(), StoreError>;
    /// Everything that was revoked, by device.
    async fn revocations(&self) -> Result<Vec<RevocationRow>, StoreError>;
    /// Starts a device's session, and forgets those that ended before it began.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the nonce was used already.
    async fn add_device_session(&self, session: &DeviceSessionRow) -> Result<(), StoreError>;
    /// The session of a token, when it still holds at `now`.
    async fn device_session(
        &self,
        token_hash: Hash,
        now: i64,
    ) -> Result<Option<DeviceSessionRow>, StoreError>;
}
