//! How fast an office takes changes in, durable, and what it needs to hold 100,000 documents.

use std::io;

use mpp_tests::clock::{millis_since, moment};
use mpp_tests::generate::{CHANGES_EACH, DOCUMENTS_EACH, Generated, Generator};
use mpp_tests::link::{Link, Shape};
use mpp_tests::office::Office;
use mpp_tests::operations::Operation;
use mpp_tests::tablet::client::Login;
use mpp_tests::tablet::{Settings, Tablet, device};

use crate::pull::quiet;
use crate::repair::repaired;
use crate::rows::Row;
use crate::world::{Cost, Held, mark, registrations_of, seconds, sync, tablet};

/// Registrations in a frame: 16 changes.
const EACH_FRAME: usize = 4;
/// Frames of the measured ingest, from one tablet and from each of several.
const FRAMES: usize = 1_000;
const TABLETS: usize = 4;
/// Registrations in a frame when nobody counts, and such frames that are made before they are posted.
const FULL_FRAME: usize = 16;
const FRAMES_EACH_PART: usize = 250;
/// Registrations and edits in the small exchanges among many documents.
const FEW: usize = 10;

/// What the office took in, and how.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub changes: u64,
    pub ms: u64,
    pub commits: u64,
}

impl Rate {
    pub fn per_second(self) -> u64 {
        self.changes * 1_000 / self.ms.max(1)
    }
}

/// Signs a device in and makes frames for it.
async fn generator(office: &Office, folder: &std::path::Path, seed: u64) -> io::Result<(Tablet, Generator)> {
    let tablet = tablet(office, folder, &office.url()).await?;
    let prepared = tablet.prepared().cloned().ok_or_else(|| io::Error::other("not prepared"))?;
    let key = device::key(folder).map_err(io::Error::other)?;
    let officer = office.account("officer")?.username;
    Ok((tablet, Generator::new(key, prepared, &officer, seed).map_err(io::Error::other)?))
}

fn commits(office: &Office) -> u64 {
    office.log().lines().filter(|line| line.contains("committed")).count() as u64
}

/// Durable ingest at 16 changes a frame: one tablet, and several at once.
pub async fn rate(office: &Office, tablets: usize, frames: usize) -> io::Result<Rate> {
    let folder = tempfile::tempdir()?;
    let mut ready = Vec::new();
    for index in 0..tablets {
        let own = folder.path().join(format!("writer-{index}"));
        let (tablet, mut writer) = generator(office, &own, index as u64).await?;
        let made: Result<Vec<Generated>, _> = (0..frames).map(|_| writer.frame(EACH_FRAME)).collect();
        ready.push((tablet, writer, made.map_err(io::Error::other)?));
    }
    let before = commits(office);
    let start = moment();
    let posting = ready.into_iter().map(|(mut tablet, writer, made)| {
        tokio::spawn(async move { writer.post(tablet.client(), &made).await.map_err(io::Error::other) })
    });
    for posted in posting.collect::<Vec<_>>() {
        posted.await.map_err(io::Error::other)??;
    }
    let changes = (tablets * frames * EACH_FRAME * CHANGES_EACH) as u64;
    Ok(Rate { changes, ms: millis_since(start), commits: commits(office) - before })
}

/// The rows of the ingest, and the rate of one tablet for the comparison with another server.
pub async fn rows(quick: bool) -> io::Result<(Vec<Row>, Rate)> {
    let frames = if quick { FRAMES / 4 } else { FRAMES };
    let office = Office::open()?;
    let one = rate(&office, 1, frames).await?;
    let many = rate(&office, TABLETS, frames / TABLETS).await?;
    let said = |rate: Rate| {
        let commits = rate.commits * 1_000 / rate.changes.max(1);
        format!("{} changes/s, {commits} commits per 1,000 changes", rate.per_second())
    };
    let name = "server ingest, durable, 16 changes a frame, SQLite";
    let goal = "≥ 2,000 changes/s";
    Ok((
        vec![
            Row::new(&format!("{name}, one tablet"), goal, said(one), one.per_second() >= 2_000),
            Row::new(
                &format!("{name}, {TABLETS} tablets at once"),
                goal,
                said(many),
                many.per_second() >= 2_000,
            ),
        ],
        one,
    ))
}

/// Fills an office that somebody else has started: registrations of a tablet that is there for nothing else.
pub async fn fill(url: &str, login: Login, day: Option<String>, registrations: usize) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let settings = Settings {
        folder: folder.path().to_owned(),
        url: url.to_owned(),
        name: "pengisi".to_owned(),
        login: login.clone(),
        day,
    };
    let mut desk = Tablet::open(settings).map_err(io::Error::other)?;
    desk.prepare().await.map_err(io::Error::other)?;
    let prepared = desk.prepared().cloned().ok_or_else(|| io::Error::other("not prepared"))?;
    let key = device::key(folder.path()).map_err(io::Error::other)?;
    let mut writer = Generator::new(key, prepared, &login.username, 7).map_err(io::Error::other)?;
    in_parts(&mut writer, &mut desk, registrations).await
}

/// In parts, so that this program needs no more memory than what it measures.
async fn in_parts(writer: &mut Generator, desk: &mut Tablet, registrations: usize) -> io::Result<()> {
    let mut left = registrations;
    while left > 0 {
        let frames: Result<Vec<Generated>, _> = (0..left.div_ceil(FULL_FRAME).min(FRAMES_EACH_PART))
            .map(|_| {
                let registrations = left.min(FULL_FRAME);
                left -= registrations;
                writer.frame(registrations)
            })
            .collect();
        let frames = frames.map_err(io::Error::other)?;
        writer.post(desk.client(), &frames).await.map_err(io::Error::other)?;
    }
    Ok(())
}

/// What an office with many documents needs, and what small differences cost among them.
pub async fn many(documents: usize) -> io::Result<Vec<Row>> {
    let (mut office, folder) = (Office::open()?, tempfile::tempdir()?);
    let start = moment();
    let (mut desk, mut writer) = generator(&office, &folder.path().join("writer"), 7).await?;
    in_parts(&mut writer, &mut desk, documents.div_ceil(DOCUMENTS_EACH)).await?;
    let filled = millis_since(start);
    let while_filling = office.peak_memory().unwrap_or(0);
    let mut rows = vec![Row::reported(
        &format!("filling an office with {documents} documents"),
        format!("{:.0} s, {} MB at most", seconds(filled), megabytes(while_filling)),
    )];
    office.stop()?;
    office.start()?;
    let link = Link::open(office.port(), Shape::default())?;
    let held = tablet(&office, &folder.path().join("holds-all"), &link.url()).await?;
    let mut held = Held { tablet: held, link, folder: tempfile::tempdir()? };
    let cost = sync(&mut held.tablet, 0).await?;
    let peak = office.peak_memory().unwrap_or(0);
    rows.push(Row::new(
        &format!("server memory, {documents} documents held, a tablet downloads them all"),
        "≤ 150 MB",
        format!("{} MB at most, {} MB after", megabytes(peak), megabytes(office.memory_now().unwrap_or(0))),
        peak.max(while_filling) <= 150_000_000,
    ));
    rows.push(Row::reported(
        &format!("first download of {documents} documents, no delay"),
        format!("{:.3} × ({} B, {:.1} s)", cost.ratio(), cost.bytes(), cost.seconds()),
    ));
    let (mut held, row) = repaired(held, &office, documents).await?;
    rows.push(row);
    rows.extend(few_among_many(&mut held, documents).await?);
    rows.extend(quiet(held, &format!("{documents} documents held")).await?);
    Ok(rows)
}

/// Ten edits, up; and the same ten seen by a tablet that holds everything else.
async fn few_among_many(held: &mut Held, documents: usize) -> io::Result<Vec<Row>> {
    let registered = registrations_of("tablet-2", FEW)?;
    held.tablet.apply(&registered).map_err(io::Error::other)?;
    let from = mark(&held.tablet)?;
    sync(&mut held.tablet, from).await?;
    let from = mark(&held.tablet)?;
    let edits = registered.iter().map(|operation| verified(operation.reference(), operation.by()));
    held.tablet.apply(&edits.collect::<Vec<_>>()).map_err(io::Error::other)?;
    let cost = sync(&mut held.tablet, from).await?;
    let name = format!("{FEW} edits among {documents} documents, both bodies");
    Ok(vec![Row::new(
        &name,
        "≤ 1.5 KB, 1 trip",
        few(&cost),
        cost.bytes() <= 1_536 && cost.synced.round_trips == 1,
    )])
}

fn few(cost: &Cost) -> String {
    let trips = cost.synced.round_trips;
    format!(
        "{} B, {trips} trip, {} changes (reference {} B)",
        cost.bytes(),
        cost.sent.changes,
        cost.sent.deflated
    )
}

/// The next status of an application.
fn verified(reference: &str, by: &str) -> Operation {
    Operation::Event(mpp_tests::operations::Event {
        reference: reference.to_owned(),
        by: by.to_owned(),
        officer: "rina".to_owned(),
        at: "2026-11-03T09:00:00+07:00".to_owned(),
        status: "verified".to_owned(),
    })
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}
