//! One JSON command a line in, one JSON answer a line out.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::digest::{digest, records};
use super::sync::Trouble;
use super::{Tablet, TabletError};
use crate::clock::{millis_since, moment};
use crate::operations;

/// How long a sync may take when nothing is said.
const TIMEOUT_MS: u64 = 60_000;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Command {
    /// Makes the operations of a file durable, without any network once the tablet is prepared.
    Apply {
        /// As `data/service-day.jsonl`.
        file: PathBuf,
    },
    /// Exchanges until nothing is left.
    Sync {
        /// Milliseconds.
        #[serde(default)]
        timeout_ms: Option<u64>,
    },
    /// Packs what is saved into frames now, as a tablet does that is in touch with the office all day.
    Cut,
    /// Says what the tablet holds, as one number.
    Digest,
    /// Writes the records themselves, one canonical JSON a line.
    Records {
        /// Where to.
        file: PathBuf,
    },
    /// Says how the tablet is: day, letter, what waits, what is kept aside.
    Status,
    /// Ends the program.
    Quit,
}

/// Carries out one line. The answer always says `ok`; the flag says whether to go on.
pub async fn answer(tablet: &mut Tablet, line: &str) -> (Value, bool) {
    let command: Command = match serde_json::from_str(line) {
        Ok(command) => command,
        Err(error) => {
            return (
                failed(&Trouble { code: "COMMAND_UNKNOWN".to_owned(), detail: error.to_string() }),
                true,
            );
        }
    };
    let goes_on = command != Command::Quit;
    let answered = match carry_out(tablet, command).await {
        Ok(answered) => answered,
        Err(error) => failed(&Trouble::from(&error)),
    };
    (answered, goes_on)
}

async fn carry_out(tablet: &mut Tablet, command: Command) -> Result<Value, TabletError> {
    match command {
        Command::Apply { file } => {
            let start = moment();
            let operations = operations::read(&file)?;
            prepare(tablet).await?;
            let applied = tablet.apply(&operations)?;
            let mut answer = as_json(&applied);
            answer["ok"] = applied.refused.is_empty().into();
            answer["wall_ms"] = millis_since(start).into();
            Ok(answer)
        }
        Command::Sync { timeout_ms } => {
            let timeout = Duration::from_millis(timeout_ms.unwrap_or(TIMEOUT_MS));
            Ok(as_json(&tablet.sync(timeout).await))
        }
        Command::Cut => Ok(json!({"ok": true, "frames": tablet.cut_frames()?})),
        Command::Digest => {
            let mut answer = as_json(&digest(&records(tablet.state())));
            answer["ok"] = true.into();
            Ok(answer)
        }
        Command::Records { file } => {
            let lines = records(tablet.state());
            std::fs::write(&file, lines.join("\n"))?;
            Ok(json!({"ok": true, "count": lines.len()}))
        }
        Command::Status => Ok(status(tablet)),
        Command::Quit => Ok(json!({"ok": true})),
    }
}

/// The day and the letter are needed before the first save.
async fn prepare(tablet: &mut Tablet) -> Result<(), TabletError> {
    tablet.prepare().await.map_err(|error| match error {
        TabletError::Unreachable(detail) => TabletError::NotPrepared(detail),
        other => other,
    })
}

fn status(tablet: &Tablet) -> Value {
    let state = tablet.state();
    let sessions = state.sessions();
    let notices: Vec<Value> = state
        .notices()
        .iter()
        .map(|((document, hash), code)| json!({"document": document, "hash": hash, "code": code}))
        .collect();
    json!({
        "ok": true,
        "device": tablet.device(),
        "letter": tablet.prepared().map(|prepared| prepared.letter.clone()),
        "day": tablet.prepared().map(|prepared| prepared.day),
        "torn_bytes": tablet.torn(),
        "sessions": sessions.len(),
        "frames": sessions.iter().map(|session| session.frames.len()).sum::<usize>(),
        "frames_confirmed": sessions.iter().map(|session| session.confirmed).sum::<u64>(),
        "saves_waiting": sessions.iter().map(|session| session.waiting.len()).sum::<usize>(),
        "records": state.views().len(),
        "tiers": tiers(tablet),
        "released": state.released().map(|(at, by, reason)| json!({"at": at, "by": by, "reason": reason})),
        "erased": state.erased().len(),
        "batches": state.batches().places().len(),
        "lost": tablet.lost(),
        "notices": notices,
    })
}

/// How many frames are held in the van, at the office, and in its backup.
fn tiers(tablet: &Tablet) -> Value {
    let tiers: Vec<_> = tablet.state().tiers().into_values().collect();
    json!({
        "hub": tiers.iter().map(|tiers| tiers.hub).sum::<u64>(),
        "office": tiers.iter().map(|tiers| tiers.office).sum::<u64>(),
        "backed_up": tiers.iter().map(|tiers| tiers.backed_up).sum::<u64>(),
    })
}

fn failed(trouble: &Trouble) -> Value {
    json!({"ok": false, "error": trouble})
}

fn as_json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_else(|_| json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_of_the_issue_read() {
        let read = |text: &str| serde_json::from_str::<Command>(text).unwrap();
        assert_eq!(read(r#"{"cmd":"apply","file":"a.jsonl"}"#), Command::Apply { file: "a.jsonl".into() });
        assert_eq!(read(r#"{"cmd":"sync","timeout_ms":9}"#), Command::Sync { timeout_ms: Some(9) });
        assert_eq!(read(r#"{"cmd":"sync"}"#), Command::Sync { timeout_ms: None });
        assert_eq!(read(r#"{"cmd":"digest"}"#), Command::Digest);
        assert_eq!(read(r#"{"cmd":"quit"}"#), Command::Quit);
        assert!(serde_json::from_str::<Command>(r#"{"cmd":"wipe"}"#).is_err());
    }
}
