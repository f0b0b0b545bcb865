//! Makes the folder of an office that has worked for years: every day through the real core, every frame through the
//! real ingest, in this process and without HTTP. Equal [`Scale`]s give equal logs.
//!
//! `people` says who comes to which village, `tablet` is the day of one tablet, `office` what the office writes
//! in between. The machine's clock is never read: the folder lives in the years it tells of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use mpp_server::app::{App, StartError};
use mpp_server::authoring::AuthoringError;
use mpp_server::config::Config;
use mpp_server::ingest::{IngestError, Outcome, Submission};
use mpp_store::StoreError;
use mpp_sync::action::ActionError;
use mpp_sync::frame::CutError;
use mpp_sync::ids::DocumentId;
use serde::Serialize;

pub use dice::Dice;
pub use years::{FIRST_DAY, Years};

use office::Published;
use people::{Place, Population};
use tablet::{Device, Worked};

mod dice;
mod office;
mod people;
mod tablet;
mod years;

/// How much happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Scale {
    /// Equal seeds give equal folders.
    pub seed: u64,
    /// Service days, spread evenly over five years.
    pub days: u32,
    /// Tablets on each day.
    pub tablets: u32,
    /// Times the app of a tablet is started on a day: one session each.
    pub starts: u32,
    /// Residents served in each session.
    pub visitors: u32,
}

impl Scale {
    /// Five years of 250 days with 40 tablets that start three times: 150,000 sessions.
    pub const FULL: Self = Self { seed: 1, days: 1_250, tablets: 40, starts: 3, visitors: 1 };
}

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Service days.
    pub days: u64,
    /// Sessions of tablets.
    pub sessions: u64,
    /// Frames of tablets.
    pub frames: u64,
    /// Changes in the log.
    pub changes: i64,
    /// Documents by kind.
    pub documents: BTreeMap<String, u64>,
    /// Changes that were kept aside: there should be none.
    pub aside: u64,
}

/// Why a folder could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The folder could not be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The office's own writing failed.
    #[error(transparent)]
    Office(#[from] AuthoringError),
    /// The rules do not allow what was made up.
    #[error("{0:?}")]
    Action(#[from] ActionError),
    /// A frame could not be cut.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// The ingest failed.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A frame was refused; carries the stable code.
    #[error("a frame was refused: {0}")]
    Refused(String),
    /// Something that the generator relies on is missing.
    #[error("{0}")]
    Missing(&'static str),
}

/// Fills a folder that has no log yet. `told` hears of every finished day.
///
/// # Errors
/// [`GenerateError`].
pub async fn generate(
    folder: &Path,
    scale: Scale,
    mut told: impl FnMut(u64, &Made),
) -> Result<Made, GenerateError> {
    let years = Arc::new(Years::new(scale.seed));
    let app = App::start(Config::new(folder.to_path_buf()), years.clone()).await?;
    let places = Place::all(&app.regions);
    let mut population = Population::default();
    let mut devices: Vec<Device> =
        (0..scale.tablets).map(|index| Device::new(scale.seed, index)).collect::<Result<_, _>>()?;
    let mut made = Made::default();
    let mut published = Published::default();
    for number in 0..scale.days {
        let dice = |part| Dice::new(scale.seed, &[u64::from(number), part]);
        years.go_to_day(number, scale.days);
        let day = published.day(&app, &places, &devices, number).await?;
        let visitors = population.plan(&app, &places, &day, scale, dice(0)).await?;
        let (worked, back) = tokio::task::spawn_blocking(move || {
            tablet::work(&mut devices, &day, visitors, scale).map(|worked| (worked, devices))
        })
        .await
        .map_err(|_| GenerateError::Missing("a tablet stopped"))??;
        devices = back;
        years.evening();
        let frames = hand_in(&app, &worked).await?;
        made.sessions += u64::from(scale.tablets * scale.starts);
        made.frames += frames.0;
        made.aside += frames.1;
        made.days += 1;
        published.follow_up(&app, &worked, dice(1)).await?;
        population.remember(worked);
        told(u64::from(number) + 1, &made);
    }
    made.changes = app.store().head().await?.position;
    while !app.projection.reach(made.changes).await {}
    made.documents = documents(&app).await?;
    app.store().close().await;
    Ok(made)
}

/// Hands every frame of a day in, each chain's in order, and waits until all are durable: (frames, changes aside).
async fn hand_in(app: &App, worked: &Worked) -> Result<(u64, u64), GenerateError> {
    let (mut frames, mut aside) = (0, 0);
    // As many wait at a time as the queue takes, so that senders share commits as in an evening.
    for group in worked.frames.chunks(128) {
        let mut pending = Vec::new();
        for frame in group {
            let submission = Submission { bytes: frame.bytes.clone(), officer: frame.officer.clone() };
            pending.push(app.ingest.submit(submission).await?);
        }
        for one in pending {
            match one.outcome().await? {
                Outcome::Stored { notices, .. } => aside += notices.len() as u64,
                Outcome::Refused { code, .. } => return Err(GenerateError::Refused(code)),
            }
            frames += 1;
        }
    }
    Ok((frames, aside))
}

async fn documents(app: &App) -> Result<BTreeMap<String, u64>, GenerateError> {
    let mut counts = BTreeMap::new();
    for (kind, name) in
        [(1, "resident"), (2, "visit"), (3, "application"), (4, "service_day"), (5, "catalogue")]
    {
        let (mut count, mut after): (u64, Option<[u8; 16]>) = (0, None);
        loop {
            let page = app.store().views_after(kind, after, 1_000).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.document);
            count += page.len() as u64;
        }
        counts.insert(name.to_owned(), count);
    }
    Ok(counts)
}

/// A service day as the tablets know it.
#[derive(Debug, Clone)]
pub(crate) struct Day {
    /// The document.
    pub id: DocumentId,
    /// Unix seconds of its morning.
    pub morning: i64,
    /// The villages it is for.
    pub villages: Vec<Place>,
    /// What is offered.
    pub services: Vec<Offered>,
}

/// A service of the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    /// Its code.
    pub code: String,
    /// The newest version of its standard.
    pub version: i64,
    /// How many requirements that has.
    pub requirements: usize,
}

#[cfg(test)]
mod tests;
