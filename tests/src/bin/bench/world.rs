//! What the rows start from: an office that holds the base of the service day, and tablets.

use std::io;
use std::path::Path;
use std::time::Duration;

use mpp_tests::link::{Link, Shape};
use mpp_tests::office::{Office, copy_folder};
use mpp_tests::operations::{Operation, parse};
use mpp_tests::reference::{Reference, received, sent};
use mpp_tests::tablet::journal::records_from;
use mpp_tests::tablet::sync::Synced;
use mpp_tests::tablet::{Settings, Tablet};
use tempfile::TempDir;

const SERVICE_DAY: &str = include_str!("../../../data/service-day.jsonl");
/// After which a sync that hangs is given up.
const PATIENCE: Duration = Duration::from_mins(10);

/// The operations of a device.
pub fn operations_of(device: &str) -> io::Result<Vec<Operation>> {
    let all = parse(SERVICE_DAY).map_err(io::Error::other)?;
    Ok(all.into_iter().filter(|operation| operation.by() == device).collect())
}

/// The first registrations of a device.
pub fn registrations_of(device: &str, count: usize) -> io::Result<Vec<Operation>> {
    let all = operations_of(device)?.into_iter();
    Ok(all.filter(|operation| matches!(operation, Operation::Register(_))).take(count).collect())
}

/// A tablet of the office in a folder, reaching it at this address; signed in and prepared.
pub async fn tablet(office: &Office, folder: &Path, url: &str) -> io::Result<Tablet> {
    let login = office.account("officer")?.login();
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let settings = Settings {
        folder: folder.to_owned(),
        url: url.to_owned(),
        name: name.unwrap_or_default(),
        login: login.clone(),
        day: None,
    };
    let mut tablet = Tablet::open(settings).map_err(io::Error::other)?;
    tablet.prepare().await.map_err(io::Error::other)?;
    // Signing in is no part of an exchange; it also opens the connection.
    tablet.client().sign_in(&login).await.map_err(io::Error::other)?;
    Ok(tablet)
}

/// A tablet that holds nothing yet, at a good link.
pub async fn new_tablet(office: &Office, name: &str) -> io::Result<Held> {
    let folder = tempfile::tempdir()?;
    let link = Link::open(office.port(), Shape::default())?;
    let tablet = tablet(office, &folder.path().join(name), &link.url()).await?;
    Ok(Held { tablet, link, folder })
}

/// What a sync cost, and what it had to carry.
#[derive(Debug, Clone)]
pub struct Cost {
    pub synced: Synced,
    pub sent: Reference,
    pub received: Reference,
}

impl Cost {
    /// Both bodies against the reference of what was missing on both sides.
    pub fn ratio(&self) -> f64 {
        let bytes = self.synced.bytes_up + self.synced.bytes_down;
        ratio(bytes, self.sent.deflated + self.received.deflated)
    }

    /// Both bodies.
    pub fn bytes(&self) -> u64 {
        self.synced.bytes_up + self.synced.bytes_down
    }

    /// From the command to the durable receipt.
    pub fn seconds(&self) -> f64 {
        seconds(self.synced.wall_ms)
    }
}

/// Syncs until nothing is left. The reference is of what was cut since `mark` and what came down.
pub async fn sync(tablet: &mut Tablet, mark: u64) -> io::Result<Cost> {
    // Cut beforehand, so that the sync does not begin with work that a tablet has done by then.
    tablet.cut_frames().map_err(io::Error::other)?;
    let synced = tablet.sync(PATIENCE).await;
    if !synced.ok {
        return Err(io::Error::other(format!("{:?}", synced.error)));
    }
    let records = records_from(&tablet.folder().join("journal"), mark).map_err(io::Error::other)?;
    Ok(Cost { sent: sent(&records)?, received: received(&records)?, synced })
}

/// How long the journal is now: what is cut from here on has to be sent.
pub fn mark(tablet: &Tablet) -> io::Result<u64> {
    Ok(std::fs::metadata(tablet.folder().join("journal"))?.len())
}

/// An office that holds 2,000 applications, and the folder of a tablet that has downloaded them.
pub struct Base {
    office: Office,
    folder: TempDir,
}

impl Base {
    /// Makes it. The office has ended then: what is measured runs on copies.
    pub async fn make() -> io::Result<Self> {
        let (mut office, folder) = (Office::open()?, tempfile::tempdir()?);
        let mut desk = tablet(&office, &folder.path().join("kantor"), &office.url()).await?;
        desk.apply(&operations_of("kantor")?).map_err(io::Error::other)?;
        sync(&mut desk, 0).await?;
        let mut held = tablet(&office, &folder.path().join("tablet"), &office.url()).await?;
        sync(&mut held, 0).await?;
        office.stop()?;
        Ok(Self { office, folder })
    }

    /// Another office with the same content.
    pub fn office(&self) -> io::Result<Office> {
        self.office.open_copy()
    }

    /// A copy of the tablet that has downloaded everything, at a link of this shape.
    pub async fn tablet(&self, office: &Office, shape: Shape) -> io::Result<Held> {
        self.tablet_like(&self.folder.path().join("tablet"), office, shape).await
    }

    /// A copy of a tablet of this office, at a link of this shape.
    pub async fn tablet_like(&self, from: &Path, office: &Office, shape: Shape) -> io::Result<Held> {
        let folder = tempfile::tempdir()?;
        let own = folder.path().join("tablet");
        copy_folder(from, &own)?;
        let link = Link::open(office.port(), Shape::default())?;
        let tablet = tablet(office, &own, &link.url()).await?;
        link.reshape(shape);
        Ok(Held { tablet, link, folder })
    }
}

/// A tablet, its link and its folder.
pub struct Held {
    pub tablet: Tablet,
    pub link: Link,
    pub folder: TempDir,
}

impl Held {
    /// Starts the app anew, which begins a session.
    pub async fn start_again(self, office: &Office) -> io::Result<Self> {
        self.start_again_after(office, || Ok(())).await
    }

    /// The same, after something happened to its folder.
    pub async fn start_again_after(
        self,
        office: &Office,
        happens: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Self> {
        let Self { tablet: old, link, folder } = self;
        let own = old.folder().to_owned();
        // The journal is locked by the start that has it open.
        drop(old);
        happens()?;
        Ok(Self { tablet: tablet(office, &own, &link.url()).await?, link, folder })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio that is printed with three digits")]
pub fn ratio(bytes: u64, reference: u64) -> f64 {
    bytes as f64 / reference.max(1) as f64
}

pub fn seconds(millis: u64) -> f64 {
    ratio(millis, 1_000)
}
