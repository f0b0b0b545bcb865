//! The real server as a process, on a folder of its own.

mod disk;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use crate::tablet::client::Login;
use crate::tablet::digest::Digest;

/// How long a server may take to answer after its start, in steps of [`STEP`].
const STEPS: u32 = 1_200;
const STEP: Duration = Duration::from_millis(50);

/// A program of this project: named by the variable, else beside the running test or program.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] with what to do.
pub fn program(name: &str, variable: &str) -> io::Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(PathBuf::from(path));
    }
    let own = std::env::current_exe()?;
    // Tests run in target/<profile>/deps, programs in target/<profile>.
    let found = own.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| {
        let hint = format!("{name} is not built: run cargo build --workspace --bins, or set {variable}");
        io::Error::new(io::ErrorKind::NotFound, hint)
    })
}

/// An account of the demo.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// What to type.
    pub username: String,
    /// What to type.
    pub password: String,
    /// `officer`, `supervisor` or `admin`.
    pub roles: Vec<String>,
}

impl Account {
    /// For signing in.
    #[must_use]
    pub fn login(&self) -> Login {
        Login { username: self.username.clone(), password: self.password.clone() }
    }
}

/// The office with the demo's accounts, catalogue and days. Ends with this value, the hard way.
#[derive(Debug)]
pub struct Office {
    binary: PathBuf,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
    /// The `PostgreSQL` database it serves instead of its folder's, and where the keys for it lie.
    shared: Option<(String, PathBuf)>,
    /// Whether it fills itself with the demo when it starts.
    demo: bool,
    /// Megabytes of the disk of its own that the data is on; it is gone with the process.
    own_disk: Option<u64>,
}

impl Office {
    /// Starts an office on a new folder and waits until it answers.
    ///
    /// # Errors
    /// [`io::Error`], with the server's log when it ended at its start.
    pub fn open() -> io::Result<Self> {
        let mut office = Self::new()?;
        office.start()?;
        Ok(office)
    }

    /// Starts an office on an empty `PostgreSQL` database.
    ///
    /// # Errors
    /// As [`Office::open`].
    pub fn open_on(database: &str) -> io::Result<Self> {
        let mut office = Self::new()?;
        office.shared = Some((database.to_owned(), office.data()));
        office.start()?;
        Ok(office)
    }

    /// Starts another process on the database of this one, with its keys and a folder of its own.
    ///
    /// # Errors
    /// As [`Office::open`].
    pub fn beside(&self) -> io::Result<Self> {
        let mut office = Self::new()?;
        office.shared.clone_from(&self.shared);
        office.demo = false;
        office.start()?;
        Ok(office)
    }

    /// An office that has not started.
    fn new() -> io::Result<Self> {
        Ok(Self {
            binary: program("mpp", "MPP_BINARY")?,
            folder: tempfile::tempdir()?,
            port: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port(),
            child: None,
            shared: None,
            demo: true,
            own_disk: None,
        })
    }

    /// Starts an office whose data is on a small disk of its own, in memory, that can be filled up.
    ///
    /// # Errors
    /// As [`Office::open`]; the system must let this user mount in a namespace of their own.
    pub fn open_on_small_disk(megabytes: u64) -> io::Result<Self> {
        let mut office = Self::new()?;
        office.own_disk = Some(megabytes);
        std::fs::create_dir_all(office.data())?;
        office.start()?;
        Ok(office)
    }

    /// Starts another office on a copy of what this one holds; this one must have ended.
    ///
    /// # Errors
    /// As [`Office::open`].
    pub fn open_copy(&self) -> io::Result<Self> {
        let mut office = Self::new()?;
        copy_folder(&self.data(), &office.data())?;
        office.start()?;
        Ok(office)
    }

    /// Starts the server on the folder and port it had before.
    ///
    /// # Errors
    /// As [`Office::open`].
    pub fn start(&mut self) -> io::Result<()> {
        let log = File::options().create(true).append(true).open(self.log_path())?;
        let child = self
            .command()
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .args(self.demo.then_some("--demo"))
            .args(self.place())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        for _ in 0..STEPS {
            if self.is_healthy() {
                return Ok(());
            }
            if self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None))) {
                break;
            }
            std::thread::sleep(STEP);
        }
        Err(io::Error::other(format!("the server did not start:\n{}", self.log())))
    }

    /// Where the program finds everything.
    fn place(&self) -> Vec<OsString> {
        let mut place = vec!["--data".into(), self.data().into()];
        if let Some((database, keys)) = &self.shared {
            place.extend(["--database".into(), database.into(), "--keys".into(), keys.into()]);
        }
        place
    }

    /// The program, in a namespace with a disk of its own when there is one.
    fn command(&self) -> Command {
        let Some(megabytes) = self.own_disk else { return Command::new(&self.binary) };
        // The user root may do so at once, others as the root of a namespace of users.
        let mount = "unshare -m true 2>/dev/null && how=-m || how=-rm; \
                     exec unshare $how sh -c 'mount -t tmpfs -o size=$0 none \"$1\" && shift && exec \"$@\"' \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", mount, "sh", &format!("{megabytes}m")]).arg(self.data()).arg(&self.binary);
        command
    }

    fn is_healthy(&self) -> bool {
        let ask = || -> io::Result<String> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
    }

    /// Ends the server as a power cut does (`kill -9`).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only when it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Ends the server as a service manager does, and waits for it.
    ///
    /// # Errors
    /// [`io::Error`] when it cannot be asked, or ended with an error.
    pub fn stop(&mut self) -> io::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
        let status = child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("the server ended with {status}")))
        }
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port; the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that a backup would hold.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// What the server has written to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The demo's accounts with this role.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn accounts(&self, role: &str) -> io::Result<Vec<Account>> {
        let text = std::fs::read_to_string(self.visible_data().join("demo-accounts.json"))?;
        let accounts: Vec<Account> = serde_json::from_str(&text)?;
        Ok(accounts.into_iter().filter(|account| account.roles.iter().any(|one| one == role)).collect())
    }

    /// The first account with this role.
    ///
    /// # Errors
    /// [`io::Error`] when there is none.
    pub fn account(&self, role: &str) -> io::Result<Account> {
        let first = self.accounts(role)?.into_iter().next();
        first.ok_or_else(|| io::Error::other(format!("the demo has no {role}")))
    }

    /// Runs another task of the program on the office's folder, which may be running meanwhile, with this on its
    /// standard input. What it printed.
    ///
    /// # Errors
    /// [`io::Error`] with what it said when it failed.
    pub fn task(&self, task: &[&str], input: &str) -> io::Result<String> {
        let mut child = Command::new(&self.binary)
            .args(task)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read what it is given has ended or will say why.
            stdin.write_all(input.as_bytes()).ok();
        }
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        Err(io::Error::other(format!(
            "mpp {}: {text}{}",
            task.join(" "),
            String::from_utf8_lossy(&output.stderr)
        )))
    }

    /// What the office holds, by its own `mpp digest`. The server must have ended, unless it serves `PostgreSQL`.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn digest(&self) -> io::Result<Digest> {
        let text = self.run("digest")?;
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str(last).map_err(|_| io::Error::other(format!("mpp digest: {text}")))
    }

    /// Runs a command of the program on this office and gives what it printed.
    ///
    /// # Errors
    /// [`io::Error`] with what it printed when it failed.
    pub fn run(&self, command: &str) -> io::Result<String> {
        let output = Command::new(&self.binary).arg(command).args(self.place()).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        let error = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("mpp {command}: {text}{error}")))
    }

    /// The server's process, while it runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Bytes of the server's largest resident memory so far.
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    /// Bytes of the server's resident memory now.
    #[must_use]
    pub fn memory_now(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    fn memory(&self, name: &str) -> Option<u64> {
        let id = self.child.as_ref()?.id();
        let status = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
    }
}

/// Copies a folder with everything in it.
///
/// # Errors
/// [`io::Error`].
pub fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

impl Drop for Office {
    fn drop(&mut self) {
        self.kill();
    }
}
