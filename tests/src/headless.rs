//! The program `headless-tablet` as a process: what a test kills.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::tablet::client::Login;
use crate::tablet::digest::Digest;
use crate::tablet::sync::Synced;

/// How to start it.
#[derive(Debug, Clone)]
pub struct Start {
    /// The program.
    pub binary: PathBuf,
    /// Its folder.
    pub folder: PathBuf,
    /// The office.
    pub url: String,
    /// What people call it.
    pub name: String,
    /// Who signs in.
    pub login: Login,
}

/// A running tablet. Ends with this value, the hard way.
#[derive(Debug)]
pub struct Headless {
    start: Start,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Headless {
    /// Starts it and waits until it answers, so that letters are given out in the order of starting.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn start(start: Start) -> io::Result<Self> {
        let mut child = Command::new(&start.binary)
            .arg("--dir")
            .arg(&start.folder)
            .args(["--url", &start.url, "--name", &start.name, "--username", &start.login.username])
            .env("MPP_PASSWORD", &start.login.password)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = (input, output) else {
            return Err(io::Error::other("the tablet has no pipes"));
        };
        let mut tablet = Self { start, child, input, output: BufReader::new(output) };
        tablet.status()?;
        Ok(tablet)
    }

    /// Sends a command without waiting for its answer.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn say(&mut self, command: &Value) -> io::Result<()> {
        writeln!(self.input, "{command}")?;
        self.input.flush()
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when the tablet ended.
    pub fn hear(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn ask(&mut self, command: &Value) -> io::Result<Value> {
        self.say(command)?;
        self.hear()
    }

    /// Applies a file of operations.
    ///
    /// # Errors
    /// [`io::Error`] when not all of them were applied.
    pub fn apply(&mut self, file: &Path) -> io::Result<Value> {
        let answer = self.ask(&json!({"cmd": "apply", "file": file}))?;
        if answer["ok"] == true { Ok(answer) } else { Err(io::Error::other(answer.to_string())) }
    }

    /// Syncs; fails when not everything was exchanged.
    ///
    /// # Errors
    /// [`io::Error`] with the whole answer.
    pub fn sync(&mut self, timeout_ms: u64) -> io::Result<Synced> {
        let answer = self.ask(&json!({"cmd": "sync", "timeout_ms": timeout_ms}))?;
        let synced: Synced = serde_json::from_value(answer.clone())?;
        if synced.ok { Ok(synced) } else { Err(io::Error::other(answer.to_string())) }
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn digest(&mut self) -> io::Result<Digest> {
        Ok(serde_json::from_value(self.ask(&json!({"cmd": "digest"}))?)?)
    }

    /// Its records as canonical JSON.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn records(&mut self) -> io::Result<Vec<String>> {
        let file = self.start.folder.join("records.jsonl");
        self.ask(&json!({"cmd": "records", "file": file}))?;
        Ok(std::fs::read_to_string(&file)?.lines().map(str::to_owned).collect())
    }

    /// How it is.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn status(&mut self) -> io::Result<Value> {
        self.ask(&json!({"cmd": "status"}))
    }

    /// The journal: what it would know after a power cut.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.start.folder.join("journal")
    }

    /// Ends it as a power cut does (`kill -9`) and says how to start it again.
    #[must_use]
    pub fn kill(mut self) -> Start {
        self.end();
        self.start.clone()
    }

    /// Asks it to end, and says how to start it again.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn quit(mut self) -> io::Result<Start> {
        self.ask(&json!({"cmd": "quit"}))?;
        self.child.wait()?;
        Ok(self.start.clone())
    }

    fn end(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Headless {
    fn drop(&mut self) {
        self.end();
    }
}
