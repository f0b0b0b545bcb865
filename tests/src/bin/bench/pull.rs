//! What comes down: a first download, and nothing at all.

use std::io;
use std::path::Path;

use mpp_tests::clock::{millis_since, moment};
use mpp_tests::link::{Link, Shape};
use mpp_tests::office::Office;
use mpp_tests::tablet::journal::records_from;
use mpp_tests::tablet::record::Record;

use crate::rows::Row;
use crate::world::{Base, Held, mark, ratio, seconds, sync, tablet};

/// Records that fill the first screen of the list.
const FIRST_SCREEN: usize = 20;

/// The first download of 2,000 applications.
pub async fn download(base: &Base) -> io::Result<Vec<Row>> {
    let office = base.office()?;
    let folder = tempfile::tempdir()?;
    let link = Link::open(office.port(), Shape::default())?;
    let own = folder.path().join("new");
    let mut new = tablet(&office, &own, &link.url()).await?;
    link.reshape(Shape::village());
    let watching = std::thread::spawn(move || first_screen(&own.join("journal")));
    let cost = sync(&mut new, 0).await?;
    let first = watching.join().map_err(|_| io::Error::other("nobody watched"))??;
    let name = "first download of 2,000 applications";
    let result = format!(
        "{:.3} × ({} of {} B, {} changes, {} trips, {:.1} s)",
        cost.ratio(),
        cost.bytes(),
        cost.received.deflated,
        cost.received.changes,
        cost.synced.round_trips,
        cost.seconds()
    );
    Ok(vec![
        Row::new(
            &format!("{name}: first {FIRST_SCREEN} rows are there"),
            "list usable at ≤ 20 s on the link",
            format!("{:.1} s", seconds(first)),
            first <= 20_000,
        ),
        Row::new(&format!("{name}: everything"), "≤ 1.10 × reference", result, cost.ratio() <= 1.10),
    ])
}

/// Milliseconds until the journal holds as many applications as a screen shows.
fn first_screen(journal: &Path) -> io::Result<u64> {
    let start = moment();
    loop {
        let records = records_from(journal, 0).map_err(io::Error::other)?;
        let entries = records.iter().filter_map(|record| match record {
            Record::Received { entries, .. } => Some(entries),
            _ => None,
        });
        let applications = entries.flatten().filter(|entry| entry.kind == mpp_sync::ids::Kind::Application);
        if applications.count() >= FIRST_SCREEN {
            return Ok(millis_since(start));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Nothing has changed on either side.
pub async fn nothing(base: &Base) -> io::Result<Vec<Row>> {
    let office = base.office()?;
    let held = base.tablet(&office, Shape::default()).await?;
    quiet(held, "2,000 applications held").await
}

/// Two exchanges with nothing to say, measured at the second: the connection is warm.
pub async fn quiet(mut held: Held, what: &str) -> io::Result<Vec<Row>> {
    let from = mark(&held.tablet)?;
    let started = sync(&mut held.tablet, from).await?;
    let before = held.link.passed();
    let cost = sync(&mut held.tablet, from).await?;
    let tcp = held.link.passed().since(before);
    let trips = cost.synced.round_trips;
    let result = format!(
        "{} B ({} up, {} down), {trips} trip; after an app start {} B, {} trip",
        cost.bytes(),
        cost.synced.bytes_up,
        cost.synced.bytes_down,
        started.bytes(),
        started.synced.round_trips
    );
    let most = cost.bytes().max(started.bytes());
    let payload = tcp.up + tcp.down;
    let on_wire = format!("{payload} B ({} of them HTTP headers)", payload - cost.bytes());
    Ok(vec![
        Row::new(
            &format!("nothing changed, {what}: both bodies"),
            "≤ 400 B, 1 trip",
            result,
            most <= 400 && trips == 1 && started.synced.round_trips == 1,
        ),
        Row::new(
            &format!("nothing changed, {what}: TCP payload, warm"),
            "≤ 1.5 kB",
            on_wire,
            payload <= 1_500 && tcp.connections == 0,
        ),
    ])
}

/// How much of what was sent had been sent before, when the link is cut at a random byte.
pub async fn cuts(base: &Base, seeds: u64) -> io::Result<Vec<Row>> {
    let up = crate::cuts::up(base, seeds).await?;
    let down = crate::cuts::down(base, seeds.div_ceil(4)).await?;
    Ok([("push of a tablet's day", up), ("first download", down)]
        .into_iter()
        .map(|(what, cuts)| {
            let (at, worst) = cuts.worst();
            let share = |cost: u64| ratio(cost * 100, cuts.whole);
            let result = format!(
                "worst of {}: {worst} B resent, {:.1} % of {} B (cut at byte {at}); median {:.1} %",
                cuts.resent.len(),
                share(worst),
                cuts.whole,
                share(cuts.median())
            );
            let met = worst <= 64 * 1024 && share(worst) <= 10.0;
            Row::new(&format!("link cut at a random byte, {what}"), "resent ≤ 64 KB and ≤ 10 %", result, met)
        })
        .collect())
}

/// One office, one process, no other service.
pub fn services(office: &Office) -> Row {
    let own = office.process().map_or(0, |id| {
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        1 + children.split_whitespace().count()
    });
    Row::new("services to run (processes of an office that serves)", "1", own.to_string(), own == 1)
}
