//! The numbers, for people.

use super::phase::Measured;

/// What was measured beside the phases.
pub struct Facts {
    /// The server's log.
    pub log: String,
    /// Milliseconds and operations of each apply.
    pub saving: Vec<(u64, usize)>,
}

/// The phases.
pub fn print(measured: &[Measured]) {
    let heads = [
        "tablets",
        "changes",
        "up B",
        "ref. up",
        "ratio",
        "down B",
        "ref. down",
        "both",
        "goal",
        "trips",
        "ms",
        "changes/s",
        "server MB",
    ];
    print_row("phase", &heads.map(str::to_owned));
    for row in measured {
        let memory = row.server_memory.map(|bytes| (bytes / 1_000_000).to_string());
        let cells = [
            row.tablets.to_string(),
            row.changes().to_string(),
            row.up.to_string(),
            row.sent.deflated.to_string(),
            of(row.ratio_up()),
            row.down.to_string(),
            row.received.deflated.to_string(),
            of(row.ratio()),
            row.goal_in_words(),
            row.round_trips.to_string(),
            row.wall_ms.to_string(),
            rate(row.changes(), row.wall_ms).to_string(),
            memory.unwrap_or_else(|| "-".to_owned()),
        ];
        print_row(row.name, &cells);
    }
    println!(
        "B: bytes of HTTP bodies. ref.: one deflate-9 stream of the raw missing changes, in the order sent,"
    );
    println!(
        "for each tablet and direction. ratio: up / ref. up. both: (up + down) / (ref. up + ref. down)."
    );
}

fn print_row(name: &str, cells: &[String; 13]) {
    let widths = [7, 7, 8, 8, 6, 8, 9, 6, 15, 5, 6, 9, 9];
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!(" {cell:>width$}"));
    println!("{name:<33}{}", cells.collect::<String>());
}

/// Everything else.
pub fn print_facts(measured: &[Measured], facts: &Facts) {
    println!();
    for row in measured.iter().filter(|row| row.tablets == 1 && row.received.changes < row.sent.changes) {
        let rate = rate(row.sent.changes, row.wall_ms);
        println!("server ingest, durable, {:<33} {rate} changes/s (goal ≥ 2000 at 16 a frame)", row.name);
    }
    let pushed: u64 = measured.iter().map(|row| row.sent.changes).sum();
    let commits = facts.log.lines().filter(|line| line.contains("committed")).count();
    if let Some(commits) = (commits as u64 * 1000).checked_div(pushed) {
        println!("commits per 1000 changes: {commits}");
    }
    if let Some(bytes) = measured.iter().filter_map(|row| row.server_memory).max() {
        println!("server, largest memory: {} MB (goal ≤ 150 MB with 100,000 documents)", bytes / 1_000_000);
    }
    let (ms, operations) =
        facts.saving.iter().fold((0, 0), |(ms, count), (one, operations)| (ms + one, count + operations));
    println!("tablets, saving: {} operations/s, each flushed before the next", rate(operations as u64, ms));
    if let Some(quiet) = measured.iter().find(|row| row.changes() == 0) {
        let (bytes, trips) = (quiet.bytes_max, quiet.round_trips_max);
        println!("nothing changed, the most of one tablet: {bytes} B, {trips} round trip");
    }
    let failures: u64 = measured.iter().map(|row| row.failures).sum();
    println!("exchanges that failed: {failures}");
}

fn of(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}"))
}

fn rate(count: u64, ms: u64) -> u64 {
    count * 1000 / ms.max(1)
}
