//! A link that is cut once, at a byte that a seed chooses; what passes in all is compared with what
//! passes without a cut.

use std::io;

use mpp_tests::dice::Dice;
use mpp_tests::link::{Passed, Shape};

use crate::world::{Base, Held, mark, new_tablet, operations_of, sync};

/// The worst of many cuts.
pub struct Worst {
    /// How many.
    pub seeds: u64,
    /// Bytes of TCP payload, both directions, beyond those of a run without a cut.
    pub resent: u64,
    /// Bytes of TCP payload without a cut, both directions.
    pub whole: u64,
    /// The mean of what was resent.
    pub mean: u64,
}

/// While a tablet's day goes up.
pub async fn up(base: &Base, seeds: u64) -> io::Result<Worst> {
    let whole = push(base, None).await?;
    let mut costs = Vec::new();
    for seed in 0..seeds {
        let at = Dice::seeded(seed).between(1, whole.up + whole.down);
        costs.push(push(base, Some(at)).await?);
    }
    Ok(worst(whole, &costs))
}

/// While everything comes down for the first time.
pub async fn down(base: &Base, seeds: u64) -> io::Result<Worst> {
    let whole = download(base, None).await?;
    let mut costs = Vec::new();
    for seed in 0..seeds {
        let at = Dice::seeded(1_000 + seed).between(1, whole.up + whole.down);
        costs.push(download(base, Some(at)).await?);
    }
    Ok(worst(whole, &costs))
}

fn worst(whole: Passed, costs: &[Passed]) -> Worst {
    let whole = whole.up + whole.down;
    let resent: Vec<u64> = costs.iter().map(|cost| (cost.up + cost.down).saturating_sub(whole)).collect();
    let seeds = resent.len() as u64;
    Worst {
        seeds,
        resent: resent.iter().copied().max().unwrap_or(0),
        whole,
        mean: resent.iter().sum::<u64>().checked_div(seeds).unwrap_or(0),
    }
}

async fn push(base: &Base, at: Option<u64>) -> io::Result<Passed> {
    let office = base.office()?;
    let mut held = base.tablet(&office, Shape::default()).await?;
    let from = mark(&held.tablet)?;
    held.tablet.apply(&operations_of("tablet-1")?).map_err(io::Error::other)?;
    measure(held, at, from).await
}

async fn download(base: &Base, at: Option<u64>) -> io::Result<Passed> {
    let office = base.office()?;
    measure(new_tablet(&office, "new").await?, at, 0).await
}

async fn measure(mut held: Held, at: Option<u64>, from: u64) -> io::Result<Passed> {
    let before = held.link.passed();
    held.link.reshape(at.map_or_else(Shape::default, |at| Shape::default().with_one_cut(at)));
    sync(&mut held.tablet, from).await?;
    Ok(held.link.passed().since(before))
}
