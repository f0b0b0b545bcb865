//! What goes up: new registrations, and a tablet's day.

use std::io;

use mpp_tests::link::{Link, Shape};
use mpp_tests::office::Office;
use mpp_tests::operations::Operation;

use crate::rows::Row;
use crate::world::{Base, Cost, mark, operations_of, ratio, registrations_of, seconds, sync, tablet};

/// App starts of a restless day.
const STARTS: usize = 10;
/// Registrations in a frame of a day that is live: 16 changes.
const LIVE: usize = 4;

/// 1000 new registrations, from the first byte to the durable receipt.
pub async fn registrations() -> io::Result<Vec<Row>> {
    let cost = push(registrations_of("kantor", 1_000)?).await?;
    let name = "1000 new registrations, push to durable receipt";
    let mut rows = vec![
        Row::new(&format!("{name}: bytes"), "≤ 1.10 × reference", bytes(&cost), cost.ratio() <= 1.10),
        Row::new(&format!("{name}: seconds"), "≤ 13 s on the link", on_link(&cost), cost.seconds() <= 13.0),
    ];
    let mut ticketed = Vec::new();
    for index in 1..=4 {
        ticketed.extend(registrations_of(&format!("tablet-{index}"), 250)?);
    }
    let cost = push(ticketed).await?;
    let result = format!("{}; {}", bytes(&cost), on_link(&cost));
    rows.push(Row::reported("the same, each with a visit and a queue number", result));
    Ok(rows)
}

/// Pushes operations from a tablet that is otherwise up to date.
async fn push(operations: Vec<Operation>) -> io::Result<Cost> {
    let (office, folder) = (Office::open()?, tempfile::tempdir()?);
    let link = Link::open(office.port(), Shape::default())?;
    let mut tablet = tablet(&office, &folder.path().join("tablet"), &link.url()).await?;
    sync(&mut tablet, 0).await?;
    let mark = mark(&tablet)?;
    tablet.apply(&operations).map_err(io::Error::other)?;
    tablet.cut_frames().map_err(io::Error::other)?;
    link.reshape(Shape::village());
    sync(&mut tablet, mark).await
}

/// A tablet's day: 300 new, 60 edits, 2,000 held.
pub async fn day(base: &Base) -> io::Result<Vec<Row>> {
    let one = day_in_starts(base, 1).await?;
    let ten = day_in_starts(base, STARTS).await?;
    let live = day_live(base).await?;
    let name = "a tablet's day (300 new, 60 edits, 2,000 held)";
    Ok(vec![
        Row::new(
            &format!("{name}, one app start: bytes"),
            "≤ 1.10 × reference",
            bytes(&one),
            one.ratio() <= 1.10,
        ),
        Row::new(
            &format!("{name}, one app start: seconds"),
            "≤ 8 s on the link",
            on_link(&one),
            one.seconds() <= 8.0,
        ),
        Row::new(
            &format!("{name}, ten app starts: bytes"),
            "≤ 1.15 × reference",
            bytes(&ten),
            ten.ratio() <= 1.15,
        ),
        Row::new(
            &format!("{name}, ten app starts: seconds"),
            "≤ 8 s on the link",
            on_link(&ten),
            ten.seconds() <= 8.0,
        ),
        Row::reported("the same day live on a hub, an exchange for every 16 changes", live),
    ])
}

async fn day_in_starts(base: &Base, starts: usize) -> io::Result<Cost> {
    let office = base.office()?;
    let mut held = base.tablet(&office, Shape::default()).await?;
    let mark = mark(&held.tablet)?;
    let operations = operations_of("tablet-1")?;
    for part in operations.chunks(operations.len().div_ceil(starts)) {
        held.tablet.apply(part).map_err(io::Error::other)?;
        held = held.start_again(&office).await?;
    }
    held.link.reshape(Shape::village());
    sync(&mut held.tablet, mark).await
}

async fn day_live(base: &Base) -> io::Result<String> {
    let office = base.office()?;
    let mut held = base.tablet(&office, Shape::default()).await?;
    let mark = mark(&held.tablet)?;
    // What an exchange says at the start of the app is not part of the day.
    sync(&mut held.tablet, mark).await?;
    let passed = held.link.passed();
    let (mut bytes, mut trips, mut ms) = (0, 0, 0);
    let mut last = None;
    for part in operations_of("tablet-1")?.chunks(LIVE) {
        held.tablet.apply(part).map_err(io::Error::other)?;
        let cost = sync(&mut held.tablet, mark).await?;
        bytes += cost.bytes();
        trips += cost.synced.round_trips;
        ms += cost.synced.wall_ms;
        last = Some(cost);
    }
    let reference = last.map_or(0, |cost| cost.sent.deflated + cost.received.deflated);
    let tcp = held.link.passed().since(passed);
    Ok(format!(
        "{:.2} × ({bytes} B of bodies, {} B of TCP payload) in {trips} exchanges, {:.1} s without delay",
        ratio(bytes, reference),
        tcp.up + tcp.down,
        seconds(ms),
    ))
}

fn bytes(cost: &Cost) -> String {
    let reference = cost.sent.deflated + cost.received.deflated;
    format!("{:.3} × ({} of {reference} B, {} changes)", cost.ratio(), cost.bytes(), cost.sent.changes)
}

fn on_link(cost: &Cost) -> String {
    let least = ratio(cost.sent.deflated * 8, 100_000);
    format!("{:.1} s, {} trips (the reference alone {least:.1} s)", cost.seconds(), cost.synced.round_trips)
}
