//! Bundle files: a tablet's request that came by hand. What is inside takes the same way as what comes by network, so a
//! file that is imported twice changes nothing the second time.

use std::collections::BTreeSet;

use mpp_store::{DeviceRow, StoreError};
use mpp_sync::bundle::{self, BundleError};
use mpp_sync::exchange::{Hello, RequestRecord};
use mpp_sync::frame::Frame;
use mpp_sync::ids::DeviceId;
use mpp_sync::trust::Grant;

use crate::app::App;
use crate::ingest::{IngestError, Outcome, Pending, Submission};
use crate::trust::{AdmitError, admit};

/// Frames handed in and not yet durable.
const PENDING_MAX: usize = 64;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The tablet that wrote it.
    pub device: DeviceRow,
    /// Its letter on the day it wrote for, if it was put on it.
    pub label: Option<String>,
    /// Changes in the file.
    pub changes: usize,
    /// Of them, those that the office did not hold before.
    pub new: usize,
    /// Of them, those that are kept aside.
    pub held: usize,
    /// Codes of frames that were not stored.
    pub refused: Vec<String>,
}

/// Why nothing of a file was taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not whole, not ours, or for another office.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The tablet that signed it was never prepared here.
    #[error("the device is not known")]
    DeviceUnknown,
    /// It was taken out of service.
    #[error("the device was revoked")]
    DeviceRevoked,
    /// The store failed; frames before the failure stay stored, and the file can be imported again.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    /// What to tell a person, and what to do.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::Bundle(BundleError::NotABundle) => {
                "Ini bukan berkas data dari tablet. Pilih berkas yang disimpan lewat Tablet ini, Simpan ke berkas."
            }
            Self::Bundle(BundleError::Version) => {
                "Berkas ini dari versi yang lebih baru. Perbarui server kantor, lalu impor lagi."
            }
            Self::Bundle(BundleError::Damaged | BundleError::Key) => {
                "Berkas ini terpotong atau berubah di jalan, jadi tidak ada yang diambil. Salin ulang dari tablet."
            }
            Self::Bundle(BundleError::OtherOffice) => {
                "Berkas ini ditujukan ke kantor lain dan tidak dapat dibuka di sini."
            }
            Self::DeviceUnknown => {
                "Tablet pembuat berkas ini belum dikenal kantor. Siapkan tablet itu untuk hari layanannya, lalu impor lagi."
            }
            Self::DeviceRevoked => "Tablet pembuat berkas ini sudah dicabut. Bawa tabletnya ke kantor.",
            Self::Ingest(IngestError::Full) => {
                "Penyimpanan server penuh. Berkas tetap utuh; hubungi admin, lalu impor lagi."
            }
            Self::Ingest(IngestError::Failed) | Self::Store(_) => {
                "Server kantor gagal memproses. Berkas tetap utuh; coba impor lagi, atau hubungi admin."
            }
        }
    }
}

/// Takes what the text of a file brings. Refused whole unless every byte is as it was signed.
///
/// # Errors
/// [`ImportError`].
pub async fn import(app: &App, text: &str) -> Result<Imported, ImportError> {
    let whole = bundle::read(text)?;
    let records = whole.open(app.node.key.bundle())?;
    let (mut day, mut frames) = (None, Vec::new());
    for record in records {
        match record {
            RequestRecord::Hello(Hello { day: of, .. }) => day = of,
            RequestRecord::Frame(bytes) => frames.push(bytes),
            RequestRecord::Grant(bytes) => admit_by(app, whole.device(), &bytes).await?,
            RequestRecord::Offer(_)
            | RequestRecord::Repair(_)
            | RequestRecord::Folds(_)
            | RequestRecord::End => {}
        }
    }
    let device = app.store().device(whole.device().0).await?.ok_or(ImportError::DeviceUnknown)?;
    if device.revoked_at.is_some() {
        return Err(ImportError::DeviceRevoked);
    }
    let grants = app.store().grants_of(device.id).await?;
    let grant = grants.into_iter().find(|grant| day.is_some_and(|day| day.0 == grant.day));
    // The file says nothing about who is signed in; whoever prepared the tablet answers for it.
    let officer = grant.as_ref().map(|grant| grant.username.clone()).unwrap_or_default();
    let held_before = held(app, &frames).await?;
    let mut imported = Imported {
        device,
        label: grant.map(|grant| grant.label),
        changes: decoded(&frames).map(|frame| frame.entries().count()).sum(),
        new: 0,
        held: 0,
        refused: Vec::new(),
    };
    let mut pending = Vec::new();
    for bytes in &frames {
        let submission = Submission { bytes: bytes.clone(), officer: officer.clone() };
        pending.push(app.ingest.submit(submission).await?);
        if pending.len() >= PENDING_MAX {
            settle(&mut imported, &mut pending).await?;
        }
    }
    settle(&mut imported, &mut pending).await?;
    imported.new = usize::try_from(held(app, &frames).await? - held_before).unwrap_or(0);
    tracing::info!(
        code = "BUNDLE_IMPORTED",
        device = hex::encode(imported.device.id),
        changes = imported.changes,
        new = imported.new
    );
    Ok(imported)
}

/// An office that was restored, or set up anew, learns of the tablet by the grant that it carries. One that is not to be
/// believed changes nothing: whether the tablet is known decides.
async fn admit_by(app: &App, device: DeviceId, bytes: &[u8]) -> Result<(), ImportError> {
    let Some(grant) = Grant::decode(bytes).ok().filter(|grant| grant.granted.device() == device) else {
        return Ok(());
    };
    match admit(app.store(), &grant).await {
        Ok(true) => Ok(app.ingest.granted(device).await?),
        Ok(false) | Err(AdmitError::Trust(_)) => Ok(()),
        Err(AdmitError::Revoked) => Err(ImportError::DeviceRevoked),
        Err(AdmitError::Store(error)) => Err(error.into()),
    }
}

/// The frames that can be read; ingest refuses the others.
fn decoded(frames: &[Vec<u8>]) -> impl Iterator<Item = Frame> {
    frames.iter().filter_map(|bytes| Frame::decode(bytes).ok())
}

/// How many changes are held of the sessions that the file speaks of.
async fn held(app: &App, frames: &[Vec<u8>]) -> Result<i64, StoreError> {
    let sessions: BTreeSet<[u8; 16]> = decoded(frames).map(|frame| frame.session.0).collect();
    let sessions: Vec<[u8; 16]> = sessions.into_iter().collect();
    Ok(app.store().chains(&sessions).await?.iter().map(|chain| chain.changes).sum())
}

async fn settle(imported: &mut Imported, pending: &mut Vec<Pending>) -> Result<(), IngestError> {
    for frame in pending.drain(..) {
        match frame.outcome().await? {
            Outcome::Stored { notices, .. } => {
                imported.held += notices.iter().filter(|notice| !notice.code.is_empty()).count();
            }
            Outcome::Refused { code, .. } => imported.refused.push(code),
        }
    }
    Ok(())
}
