//! Goal and result of each line, one JSON object a line until the table is printed.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Whether a goal was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// There is no goal; the number is there to be known.
    Reported,
    /// It could not be measured here; the result says why.
    NotMeasured,
}

impl From<bool> for Verdict {
    fn from(met: bool) -> Self {
        if met { Self::Met } else { Self::Missed }
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::Reported => "-",
            Self::NotMeasured => "not measured",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// What was to be reached.
    pub goal: String,
    /// What was reached.
    pub result: String,
    /// The comparison.
    pub verdict: Verdict,
}

impl Row {
    /// A line with a goal.
    pub fn new(name: &str, goal: &str, result: String, verdict: impl Into<Verdict>) -> Self {
        Self { name: name.to_owned(), goal: goal.to_owned(), result, verdict: verdict.into() }
    }

    /// A line without a goal.
    pub fn reported(name: &str, result: String) -> Self {
        Self::new(name, "reported", result, Verdict::Reported)
    }
}

/// Appends a line to the file, and shows it at once: a run is long.
pub fn keep(file: &Path, row: &Row) -> io::Result<()> {
    eprintln!("  {}: {} ({})", row.name, row.result, row.verdict.word());
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    writeln!(file, "{}", serde_json::to_string(row)?)
}

/// Prints everything in the file as one table, and how many goals were reached.
pub fn print(file: &Path) -> io::Result<()> {
    let text = std::fs::read_to_string(file)?;
    let rows: Vec<Row> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
    let (name, goal, result) = (width(|row| &row.name), width(|row| &row.goal), width(|row| &row.result));
    let line = |a: &str, b: &str, c: &str, d: &str| {
        println!("| {a:<name$} | {b:<goal$} | {c:<result$} | {d:<12} |");
    };
    line("row", "goal", "result", "");
    line(&"-".repeat(name), &"-".repeat(goal), &"-".repeat(result), &"-".repeat(12));
    for row in &rows {
        line(&row.name, &row.goal, &row.result, row.verdict.word());
    }
    let count = |verdict: Verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    println!(
        "\n{} met, {} missed, {} not measured; {} lines without a goal",
        count(Verdict::Met),
        count(Verdict::Missed),
        count(Verdict::NotMeasured),
        count(Verdict::Reported)
    );
    println!(
        "Reference: one deflate-9 stream of the raw missing changes, in the order sent. Link: 100 kbit/s"
    );
    println!("each way, 600 ms. Bytes and trips are exact; seconds are of this machine, at this moment.");
    Ok(())
}
