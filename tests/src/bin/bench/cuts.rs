//! A link that is cut once, at a byte that a seed chooses; what passes in all is compared with what
//! passes without a cut.

use std::io;

use mpp_tests::dice::Dice;
use mpp_tests::link::Shape;

use crate::world::{Base, Held, mark, new_tablet, operations_of, sync};

/// What many cuts cost.
pub struct Cuts {
    /// Bytes of TCP payload without a cut, both directions.
    pub whole: u64,
    /// Bytes of TCP payload beyond those, for each cut: at which byte it came, and what it cost; the cheapest first.
    pub resent: Vec<(u64, u64)>,
}

impl Cuts {
    /// Where the dearest cut was, and what it cost.
    pub fn worst(&self) -> (u64, u64) {
        self.resent.last().copied().unwrap_or_default()
    }

    /// What the cut in the middle cost.
    pub fn median(&self) -> u64 {
        self.resent.get(self.resent.len() / 2).map_or(0, |(_, cost)| *cost)
    }
}

/// While a tablet's day goes up.
pub async fn up(base: &Base, seeds: u64) -> io::Result<Cuts> {
    // The day's work is done once and copied.
    let office = base.office()?;
    let mut day = base.tablet(&office, Shape::default()).await?;
    let from = mark(&day.tablet)?;
    day.tablet.apply(&operations_of("tablet-1")?).map_err(io::Error::other)?;
    day.tablet.cut_frames().map_err(io::Error::other)?;
    let worked = day.tablet.folder().to_owned();
    drop(day.tablet);
    let push = async |at| -> io::Result<u64> {
        let office = base.office()?;
        let held = base.tablet_like(&worked, &office, Shape::default()).await?;
        measure(held, at, from).await
    };
    let whole = push(None).await?;
    let mut resent = Vec::new();
    for seed in 0..seeds {
        let at = Dice::seeded(seed).between(1, whole);
        resent.push((at, push(Some(at)).await?.saturating_sub(whole)));
    }
    Ok(sorted(whole, resent))
}

/// While everything comes down for the first time.
pub async fn down(base: &Base, seeds: u64) -> io::Result<Cuts> {
    let download = async |at| -> io::Result<u64> {
        let office = base.office()?;
        measure(new_tablet(&office, "new").await?, at, 0).await
    };
    let whole = download(None).await?;
    let mut resent = Vec::new();
    for seed in 0..seeds {
        let at = Dice::seeded(1_000 + seed).between(1, whole);
        resent.push((at, download(Some(at)).await?.saturating_sub(whole)));
    }
    Ok(sorted(whole, resent))
}

fn sorted(whole: u64, mut resent: Vec<(u64, u64)>) -> Cuts {
    resent.sort_unstable_by_key(|(at, cost)| (*cost, *at));
    Cuts { whole, resent }
}

/// Bytes of TCP payload, both directions, with a cut at this byte.
async fn measure(mut held: Held, at: Option<u64>, from: u64) -> io::Result<u64> {
    let before = held.link.passed();
    held.link.reshape(at.map_or_else(Shape::default, |at| Shape::default().with_one_cut(at)));
    sync(&mut held.tablet, from).await?;
    let passed = held.link.passed().since(before);
    Ok(passed.up + passed.down)
}
