//! A device becomes known by its grant: at a hub it never met, at an office restored from a backup.

use mpp_store::{DeviceRow, GrantRow, SignedGrantRow, Store, StoreError};
use mpp_sync::trust::{Grant, TrustError};

use super::{certificates, verify_grant};

/// Letters tried for a device whose own was given to another one meanwhile.
const LABELS: u32 = 100;

/// Why a grant does not make a device known.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The grant is not to be believed.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The device was taken out of service.
    #[error("the device was revoked")]
    Revoked,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps the grant and makes its device and its day known. Returns whether anything was new.
///
/// # Errors
/// [`AdmitError`].
pub async fn admit(store: &dyn Store, grant: &Grant) -> Result<bool, AdmitError> {
    verify_grant(&certificates(store).await?, grant)?;
    let granted = &grant.granted;
    let device = granted.device();
    let known = store.device(device.0).await?;
    if known.as_ref().is_some_and(|known| known.revoked_at.is_some()) {
        return Err(AdmitError::Revoked);
    }
    let issued_at = i64::try_from(granted.issued_at).unwrap_or(i64::MAX);
    let device_row = |revoked_at| DeviceRow {
        id: device.0,
        public_key: granted.public_key.to_vec(),
        name: granted.device_name.clone(),
        created_at: issued_at,
        revoked_at,
    };
    if let Some(revoked) = store.revocations().await?.iter().find(|row| row.device == device.0) {
        // Its frames that a hub took before stay evidence: they are kept here too, and nothing in them is believed.
        if known.is_none() {
            store.put_device(&device_row(Some(revoked.at))).await?;
        }
        return Err(AdmitError::Revoked);
    }
    let row = SignedGrantRow { device: device.0, day: granted.day.0, bytes: grant.encode(), issued_at };
    let on_day = store.grants_of(device.0).await?.iter().any(|row| row.day == granted.day.0);
    if known.is_some() && on_day && store.signed_grants(&[device.0]).await?.contains(&row) {
        return Ok(false);
    }
    if known.is_none() {
        store.put_device(&device_row(None)).await?;
    }
    put_on_day(store, grant, issued_at).await?;
    store.put_signed_grant(&row).await?;
    tracing::info!(code = "DEVICE_ADMITTED", device = %device, "a device is known by its grant");
    Ok(true)
}

/// The letter may be another tablet's by now (the office was restored and gave it out again): what the device writes
/// is taken under a letter of its own, and its signed grant says which one stands in its changes.
async fn put_on_day(store: &dyn Store, grant: &Grant, granted_at: i64) -> Result<(), AdmitError> {
    let granted = &grant.granted;
    for attempt in 0..LABELS {
        let label = match attempt {
            0 => granted.label.clone(),
            _ => format!("{}/{}", granted.label, attempt + 1),
        };
        let row = GrantRow {
            device: granted.device().0,
            day: granted.day.0,
            label,
            username: granted.officer.clone(),
            granted_at,
        };
        match store.grant(&row).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict("every letter of the day").into())
}
