//! A CouchDB-style server on the same machine in the same run: express-pouchdb on `LevelDB` files.

use std::io;
use std::process::Command;

use serde::Deserialize;

use crate::ingest::Rate;
use crate::rows::{Row, Verdict};
use crate::world::ratio;

const PROGRAM: &str = "tests/couch/measure.mjs";
const NAME: &str = "server ingest against a CouchDB-style server (express-pouchdb, LevelDB)";
const GOAL: &str = "≥ 10 × its documents/s, both durable";

#[derive(Deserialize)]
struct Measured {
    as_it_comes: Stored,
    flushed: Stored,
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

/// Our rate against theirs, 16 writes a request on both sides.
pub fn compare(ours: Rate, quick: bool) -> Row {
    match measure(if quick { 1_600 } else { 8_000 }) {
        Ok(theirs) => {
            let ours = ours.per_second();
            let times = |stored: &Stored| ratio(ours, stored.per_second());
            let said = |name: &str, stored: &Stored| {
                format!("{name} {}/s ({:.1} ×)", stored.per_second(), times(stored))
            };
            let result = [
                said("flushed", &theirs.flushed),
                said("its replication", &theirs.replicated),
                said("as it comes, unflushed", &theirs.as_it_comes),
            ];
            Row::new(NAME, GOAL, result.join(", "), times(&theirs.flushed) >= 10.0)
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
