//! The real program as a hub, on a folder of its own, that joined a running office.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::office::program;
use crate::tablet::digest::Digest;

const STEPS: u32 = 1_200;
const STEP: Duration = Duration::from_millis(50);

/// A hub. Ends with this value, the hard way.
#[derive(Debug)]
pub struct Hub {
    binary: PathBuf,
    folder: TempDir,
    port: u16,
    upstream: String,
    /// Arguments beside those that every hub is started with.
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Hub {
    /// Joins the office at `office`, whose folder is `data`, by a code made there, and starts; `upstream` is the way it
    /// reaches the office by.
    ///
    /// # Errors
    /// [`io::Error`] with what the program said.
    pub fn join(office: &str, data: &Path, upstream: &str, name: &str) -> io::Result<Self> {
        let binary = program("mpp", "MPP_BINARY")?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (folder, upstream) = (tempfile::tempdir()?, upstream.to_owned());
        let hub = Self { binary, folder, port, upstream, arguments: Vec::new(), child: None };
        let said = hub.say(&["hub", "code", "--name", name, "--data"], data)?;
        let code = said.split_whitespace().find(|word| word.len() == 18 && word.matches('-').count() == 2);
        let code = code.ok_or_else(|| io::Error::other(format!("no code: {said}")))?;
        hub.say(&["hub", "enroll", "--upstream", office, "--code", code, "--data"], &hub.data())?;
        let mut hub = hub;
        hub.start()?;
        Ok(hub)
    }

    /// Runs the program on a folder; what it said.
    fn say(&self, arguments: &[&str], data: &Path) -> io::Result<String> {
        let output = Command::new(&self.binary).args(arguments).arg(data).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        Err(io::Error::other(format!("{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr))))
    }

    /// Starts on the folder and port it had before.
    ///
    /// # Errors
    /// [`io::Error`] with its log.
    pub fn start(&mut self) -> io::Result<()> {
        let log = File::options().create(true).append(true).open(self.log_path())?;
        let child = Command::new(&self.binary)
            .args(["serve", "--upstream", &self.upstream, "--upstream-every", "1"])
            .args(&self.arguments)
            .args(["--listen", &format!("127.0.0.1:{}", self.port), "--data"])
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        for _ in 0..STEPS {
            if self.health().is_ok() {
                return Ok(());
            }
            std::thread::sleep(STEP);
        }
        Err(io::Error::other(format!("the hub did not start:\n{}", self.log())))
    }

    /// Starts it again with these arguments beside the usual ones.
    ///
    /// # Errors
    /// As [`Hub::start`].
    pub fn start_with(&mut self, arguments: &[&str]) -> io::Result<()> {
        self.kill();
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self.start()
    }

    /// What it says at `/healthz`.
    ///
    /// # Errors
    /// [`io::Error`] when it does not answer.
    pub fn health(&self) -> io::Result<Value> {
        let (status, body) = self.get("/healthz")?;
        if status != 200 {
            return Err(io::Error::other(body));
        }
        Ok(serde_json::from_str(&body)?)
    }

    /// Status and body of a GET.
    ///
    /// # Errors
    /// [`io::Error`] when it does not answer.
    pub fn get(&self, path: &str) -> io::Result<(u16, String)> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((status, body.to_owned()))
    }

    /// Waits until its health fits.
    ///
    /// # Errors
    /// [`io::Error`] with the last health and its log when it never did.
    pub fn wait(&self, fits: impl Fn(&Value) -> bool) -> io::Result<Value> {
        let mut last = Value::Null;
        for _ in 0..STEPS {
            if let Ok(health) = self.health() {
                if fits(&health) {
                    return Ok(health);
                }
                last = health;
            }
            std::thread::sleep(STEP);
        }
        Err(io::Error::other(format!("the hub is still {last}\n{}", self.log())))
    }

    /// Waits until a contact that began after now brought everything up.
    ///
    /// # Errors
    /// As [`Hub::wait`].
    pub fn wait_for_office(&self) -> io::Result<Value> {
        let now = crate::clock::unix_now();
        self.wait(|health| {
            let upstream = &health["upstream"];
            upstream["reached_at"].as_i64().is_some_and(|at| at > now + 1) && upstream["waiting_frames"] == 0
        })
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only when it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its id, as the office lists it.
    ///
    /// # Errors
    /// [`io::Error`] with what the program said.
    pub fn id(&self, office_data: &Path) -> io::Result<String> {
        let said = self.say(&["hub", "list", "--data"], office_data)?;
        Ok(said.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// Takes a device or hub out of service at the office.
    ///
    /// # Errors
    /// [`io::Error`] with what the program said.
    pub fn revoke(&self, device: &str, office_data: &Path) -> io::Result<String> {
        self.say(&["revoke", device, "--data"], office_data)
    }

    /// Erases a document at the office, while it runs.
    ///
    /// # Errors
    /// [`io::Error`] with what the program said.
    pub fn erase(&self, document: &str, office_data: &Path) -> io::Result<String> {
        self.say(&["erase", "--by", "sari", "--reason", "Uji", "--yes", document, "--data"], office_data)
    }

    /// What it holds, by its own `mpp digest`. It must have ended.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn digest(&self) -> io::Result<Digest> {
        let text = self.say(&["digest", "--data"], &self.data())?;
        Ok(serde_json::from_str(text.lines().last().unwrap_or_default())?)
    }

    /// Its folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("hub.log")
    }

    /// What it has written to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.kill();
    }
}
