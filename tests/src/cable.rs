//! The network of a tablet: a port that leads to the office and can be cut at a chosen byte.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the office.
    Up,
    /// To the tablet.
    Down,
}

/// What happens at the chosen byte, before the connection ends.
type Then = Box<dyn FnOnce() + Send>;

struct Armed {
    direction: Direction,
    left: u64,
    then: Then,
}

/// A cable; every connection goes through it until the process ends.
#[derive(Clone)]
pub struct Cable {
    port: u16,
    armed: Arc<Mutex<Option<Armed>>>,
    unplugged: Arc<AtomicBool>,
}

impl Cable {
    /// Leads to a port of this machine.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn open(office: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let cable =
            Self { port: listener.local_addr()?.port(), armed: Arc::default(), unplugged: Arc::default() };
        let inner = cable.clone();
        std::thread::spawn(move || {
            for tablet in listener.incoming().flatten() {
                if inner.unplugged.load(Ordering::SeqCst) {
                    continue;
                }
                // An office that is not there: the tablet's connection ends, as it would without a cable.
                if let Ok(office) = TcpStream::connect((Ipv4Addr::LOCALHOST, office)) {
                    inner.join(&tablet, &office);
                }
            }
        });
        Ok(cable)
    }

    /// The address to give to a tablet.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Cuts the connection that carries the `bytes`-th byte from now on, once; `then` happens just before.
    pub fn cut_after(&self, direction: Direction, bytes: u64, then: impl FnOnce() + Send + 'static) {
        let armed = Armed { direction, left: bytes, then: Box::new(then) };
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some(armed);
    }

    /// Whether a cut still waits for its byte.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Takes a cut back that has not happened.
    pub fn disarm(&self) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Ends every new connection at once, and one that is open with its next byte; or lets them through again.
    pub fn unplug(&self, unplugged: bool) {
        self.unplugged.store(unplugged, Ordering::SeqCst);
    }

    fn join(&self, tablet: &TcpStream, office: &TcpStream) {
        for (direction, from, to) in [(Direction::Up, tablet, office), (Direction::Down, office, tablet)] {
            if let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) {
                let cable = self.clone();
                std::thread::spawn(move || cable.carry(direction, from, to));
            }
        }
    }

    fn carry(&self, direction: Direction, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            // A connection that was kept alive is cut as well: nothing more passes.
            if self.unplugged.load(Ordering::SeqCst) {
                let _ = from.shutdown(Shutdown::Both);
                break;
            }
            let (through, then) = self.let_through(direction, count);
            let written = to.write_all(&piece[..through]);
            if let Some(then) = then {
                then();
                let _ = from.shutdown(Shutdown::Both);
                break;
            }
            if written.is_err() {
                break;
            }
        }
        // The other direction may have ended the connection already.
        let _ = to.shutdown(Shutdown::Both);
    }

    /// How many of the bytes may pass, and what to do if that was the last one.
    fn let_through(&self, direction: Direction, count: usize) -> (usize, Option<Then>) {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        match armed.as_mut() {
            Some(cut) if cut.direction == direction => {
                if cut.left > count as u64 {
                    cut.left -= count as u64;
                    return (count, None);
                }
                let through = usize::try_from(cut.left).unwrap_or(count);
                (through, armed.take().map(|cut| cut.then))
            }
            _ => (count, None),
        }
    }
}
