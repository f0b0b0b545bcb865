//! A bad link: a port that leads to the office at a chosen rate and delay, counts what passes, and
//! breaks after random numbers of bytes that a seed gives.
//!
//! Every connection of a link shares its rate, as all programs of a tablet share one antenna. A new
//! connection costs one round trip before its first byte, as TCP's handshake does; TCP's slow start and
//! headers are not imitated.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cable::Direction;
use crate::clock::moment;
use crate::dice::Dice;

mod carry;
#[cfg(test)]
mod tests;

/// How bad a link is. The default is as good as this machine's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Bits a second in each direction; none means no limit.
    pub bits_per_second: Option<u64>,
    /// From here to the office and back.
    pub round_trip: Duration,
    /// When connections break.
    pub cuts: Option<Cuts>,
}

/// Connections that break after random numbers of bytes, both directions counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cuts {
    /// The same seed breaks at the same bytes.
    pub seed: u64,
    /// Bytes between two cuts.
    pub every: Range<u64>,
    /// How many cuts before the link is whole.
    pub times: u64,
}

impl Shape {
    /// The link that the goals name: 100 kbit/s each way and 600 ms.
    #[must_use]
    pub fn village() -> Self {
        Self { bits_per_second: Some(100_000), round_trip: Duration::from_millis(600), cuts: None }
    }

    /// The same with cuts.
    #[must_use]
    pub fn with_cuts(self, seed: u64, every: Range<u64>) -> Self {
        Self { cuts: Some(Cuts { seed, every, times: u64::MAX }), ..self }
    }

    /// The same with one cut, at the `byte`-th byte from now on.
    #[must_use]
    pub fn with_one_cut(self, byte: u64) -> Self {
        Self { cuts: Some(Cuts { seed: 0, every: byte..byte + 1, times: 1 }), ..self }
    }
}

/// What has passed since the link was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Bytes of TCP payload to the office.
    pub up: u64,
    /// Bytes of TCP payload to the tablet.
    pub down: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Connections that were cut at a byte.
    pub cuts: u64,
}

impl Passed {
    /// What has passed since an earlier moment.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            up: self.up - before.up,
            down: self.down - before.down,
            connections: self.connections - before.connections,
            cuts: self.cuts - before.cuts,
        }
    }
}

/// One direction of all connections.
#[derive(Debug)]
struct Lane {
    passed: AtomicU64,
    /// When the last byte that was handed in will have left.
    free_at: Mutex<Instant>,
}

/// The bytes until the next cut.
#[derive(Debug)]
struct Fuse {
    dice: Dice,
    every: Range<u64>,
    left: u64,
    times: u64,
}

/// What all copies of a link share.
#[derive(Debug)]
struct Inner {
    shape: Mutex<Shape>,
    fuse: Mutex<Option<Fuse>>,
    up: Lane,
    down: Lane,
    connections: AtomicU64,
    cuts: AtomicU64,
    unplugged: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// A link; every connection goes through it until the process ends.
#[derive(Debug, Clone)]
pub struct Link {
    port: u16,
    inner: Arc<Inner>,
}

impl Link {
    /// Leads to a port of this machine.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn open(office: u16, shape: Shape) -> io::Result<Self> {
        Self::open_at(0, office, shape)
    }

    /// Leads from one port of this machine to another; 0 takes one that is free.
    ///
    /// # Errors
    /// [`io::Error`] when the port is taken.
    pub fn open_at(port: u16, office: u16, shape: Shape) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let lane = || Lane { passed: AtomicU64::new(0), free_at: Mutex::new(moment()) };
        let inner = Inner {
            shape: Mutex::default(),
            fuse: Mutex::default(),
            up: lane(),
            down: lane(),
            connections: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            unplugged: AtomicBool::new(false),
            open: Mutex::default(),
        };
        let link = Self { port: listener.local_addr()?.port(), inner: Arc::new(inner) };
        link.reshape(shape);
        let accepting = link.clone();
        std::thread::spawn(move || {
            for tablet in listener.incoming().flatten() {
                if accepting.inner.unplugged.load(Ordering::SeqCst) {
                    continue;
                }
                // An office that is not there: the tablet's connection ends, as it would without a link.
                if let Ok(office) = TcpStream::connect((Ipv4Addr::LOCALHOST, office)) {
                    accepting.join(&tablet, &office);
                }
            }
        });
        Ok(link)
    }

    /// Another rate, delay and sequence of cuts from now on.
    pub fn reshape(&self, shape: Shape) {
        let fuse = shape.cuts.as_ref().map(|cuts| {
            let mut dice = Dice::seeded(cuts.seed);
            let left = dice.between(cuts.every.start, cuts.every.end);
            Fuse { dice, every: cuts.every.clone(), left, times: cuts.times }
        });
        *locked(&self.inner.fuse) = fuse;
        *locked(&self.inner.shape) = shape;
    }

    /// The port to give to a tablet.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address to give to a tablet.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What has passed so far.
    #[must_use]
    pub fn passed(&self) -> Passed {
        let read = |number: &AtomicU64| number.load(Ordering::SeqCst);
        let Inner { up, down, connections, cuts, .. } = &*self.inner;
        Passed {
            up: read(&up.passed),
            down: read(&down.passed),
            connections: read(connections),
            cuts: read(cuts),
        }
    }

    /// Ends every connection and takes no new one, or takes them again.
    pub fn unplug(&self, unplugged: bool) {
        self.inner.unplugged.store(unplugged, Ordering::SeqCst);
        if unplugged {
            for stream in locked(&self.inner.open).drain(..) {
                // Fails when it has ended already.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    fn join(&self, tablet: &TcpStream, office: &TcpStream) {
        self.inner.connections.fetch_add(1, Ordering::SeqCst);
        // What is small and late must not wait here for more.
        let _ = tablet.set_nodelay(true);
        let _ = office.set_nodelay(true);
        let mut open = locked(&self.inner.open);
        open.retain(|stream| stream.take_error().is_ok() && stream.peer_addr().is_ok());
        open.extend([tablet, office].into_iter().filter_map(|stream| stream.try_clone().ok()));
        let gone = Arc::new(AtomicBool::new(false));
        for (direction, from, to) in [(Direction::Up, tablet, office), (Direction::Down, office, tablet)] {
            if let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) {
                let (link, gone) = (self.clone(), gone.clone());
                std::thread::spawn(move || link.carry(direction, from, to, &gone));
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
