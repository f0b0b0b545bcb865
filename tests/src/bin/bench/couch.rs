//! A CouchDB-style server on the same machine in the same run: express-pouchdb on `LevelDB` files.

use std::io;
use std::process::Command;

use serde::Deserialize;

use crate::ingest::Rate;
use crate::rows::{Row, Verdict};
use crate::world::ratio;

const PROGRAM: &str = "tests/couch/measure.mjs";
const NAME: &str = "server ingest against a CouchDB-style server (express-pouchdb, LevelDB)";
const GOAL: &str = "≥ 10 × its documents/s at its best, both durable";

#[derive(Deserialize)]
struct Measured {
    as_it_comes: Stored,
    flushed: Stored,
    pushed: Stored,
    pushed_by_hundred: Stored,
    replicated: Stored,
}

#[derive(Deserialize)]
struct Stored {
    documents: u64,
    ms: u64,
}

impl Stored {
    fn per_second(&self) -> u64 {
        self.documents * 1_000 / self.ms.max(1)
    }
}

/// Our rate at 16 changes a frame against theirs. What counts is the larger of its rates that are durable and begin with
/// `_revs_diff`, as a tablet with `PouchDB` pushes.
pub fn compare(ours: Rate, quick: bool) -> Row {
    match measure(if quick { 1_600 } else { 8_000 }) {
        Ok(theirs) => {
            let ours = ours.per_second();
            let times = |stored: &Stored| ratio(ours, stored.per_second());
            let said = |name: &str, stored: &Stored| {
                format!("{name} {}/s ({:.1} ×)", stored.per_second(), times(stored))
            };
            let result = [
                said("PouchDB's requests, flushed, 16 a batch", &theirs.pushed),
                said("100 a batch", &theirs.pushed_by_hundred),
                said("PouchDB itself", &theirs.replicated),
                said("plain _bulk_docs of 16", &theirs.flushed),
                said("the same unflushed", &theirs.as_it_comes),
            ];
            let best = [&theirs.pushed, &theirs.pushed_by_hundred]
                .map(times)
                .into_iter()
                .fold(f64::INFINITY, f64::min);
            Row::new(NAME, GOAL, result.join(", "), best >= 10.0)
        }
        Err(error) => Row::new(NAME, GOAL, format!("it did not run: {error}"), Verdict::NotMeasured),
    }
}

fn measure(documents: u64) -> io::Result<Measured> {
    let output = Command::new("node").arg(PROGRAM).arg(documents.to_string()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).map_err(|_| {
        let reason = String::from_utf8_lossy(&output.stderr);
        io::Error::other(reason.lines().last().unwrap_or("no answer").to_owned())
    })
}
