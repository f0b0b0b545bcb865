//! An office that is put back to an older state: what it acknowledged since comes back from the tablets.

use std::io;

use mpp_tests::office::{Office, copy_folder};
use mpp_tests::operations::Operation;

use crate::rows::Row;
use crate::world::{Base, Held, mark, new_tablet, operations_of, sync};

/// Who works between the backup and the loss.
const TABLETS: [&str; 3] = ["tablet-1", "tablet-2", "tablet-3"];

/// The folder of the night before takes the place of the lost one; each tablet then syncs once.
pub async fn restored(base: &Base) -> io::Result<Row> {
    let mut office = base.office()?;
    let mut tablets = Vec::new();
    for name in TABLETS {
        let mut held = new_tablet(&office, name).await?;
        sync(&mut held.tablet, 0).await?;
        tablets.push((held, operations_of(name)?));
    }
    let yesterday = tempfile::tempdir()?;
    office.stop()?;
    copy_folder(&office.data(), &yesterday.path().join("data"))?;
    office.start()?;
    let before = work(&mut office, &mut tablets).await?;

    std::fs::remove_dir_all(office.data())?;
    copy_folder(&yesterday.path().join("data"), &office.data())?;
    office.start()?;
    let (mut trips, mut bytes) = (0, 0);
    for (held, _) in &mut tablets {
        let from = mark(&held.tablet)?;
        let cost = sync(&mut held.tablet, from).await?;
        trips = trips.max(cost.synced.round_trips);
        bytes += cost.bytes();
    }
    office.stop()?;
    let after = office.digest()?;
    let result = format!(
        "{} of {} records are back, equal: {}; {bytes} B in all, at most {trips} trips a tablet",
        after.count,
        before.count,
        if after == before { "yes" } else { "no" }
    );
    Ok(Row::new(
        "office put back to yesterday's folder, each of 3 tablets syncs once",
        "whole again",
        result,
        after == before,
    ))
}

/// A day's work reaches the office; what it holds then.
async fn work(
    office: &mut Office,
    tablets: &mut [(Held, Vec<Operation>)],
) -> io::Result<mpp_tests::tablet::digest::Digest> {
    for (held, operations) in tablets.iter_mut() {
        held.tablet.apply(operations).map_err(io::Error::other)?;
        let from = mark(&held.tablet)?;
        sync(&mut held.tablet, from).await?;
    }
    office.stop()?;
    office.digest()
}
