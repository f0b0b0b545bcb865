//! One direction of one connection: read, wait, write.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::{Lane, Link, locked};
use crate::cable::Direction;
use crate::clock::moment;

/// Bytes in one go: the payload of one packet.
const PIECE: usize = 1_460;
/// How far the sender may be ahead of the link, as with the buffers of a modem.
const AHEAD: Duration = Duration::from_millis(250);

/// What arrives at the other end.
enum Arrival {
    Bytes(Instant, Vec<u8>),
    /// The sender has no more to say.
    End(Instant),
    /// The connection is gone.
    Cut(Instant),
}

impl Link {
    /// `gone` is shared by both directions: what is read after a cut never passes.
    pub(super) fn carry(&self, direction: Direction, mut from: TcpStream, to: TcpStream, gone: &AtomicBool) {
        let (Ok(other), (sender, arrivals)) = (from.try_clone(), channel()) else { return };
        std::thread::spawn(move || deliver(&arrivals, to, &other));
        let shape = locked(&self.inner.shape).clone();
        // The handshake: the first byte leaves after a whole round trip.
        let opened = match direction {
            Direction::Up => moment() + shape.round_trip,
            Direction::Down => moment(),
        };
        let mut piece = [0; PIECE];
        loop {
            let read = from.read(&mut piece);
            if gone.load(Ordering::SeqCst) {
                break;
            }
            let delay = locked(&self.inner.shape).round_trip / 2;
            let arrival = match read {
                Ok(0) => Arrival::End(self.lane(direction).last(opened) + delay),
                Err(_) => Arrival::Cut(self.lane(direction).last(opened) + delay),
                Ok(count) => {
                    let (through, cut) = self.burn(count);
                    let left = self.depart(direction, through, opened);
                    let bytes = piece[..through].to_vec();
                    if sender.send(Arrival::Bytes(left + delay, bytes)).is_err() {
                        break;
                    }
                    if !cut {
                        sleep_until(left.checked_sub(AHEAD).unwrap_or(left));
                        continue;
                    }
                    gone.store(true, Ordering::SeqCst);
                    Arrival::Cut(left + delay)
                }
            };
            // Nobody listens when the other end has gone first.
            let _ = sender.send(arrival);
            break;
        }
    }

    fn lane(&self, direction: Direction) -> &Lane {
        match direction {
            Direction::Up => &self.inner.up,
            Direction::Down => &self.inner.down,
        }
    }

    /// When the last of these bytes will have left, behind all that was handed in before.
    fn depart(&self, direction: Direction, bytes: usize, opened: Instant) -> Instant {
        let rate = locked(&self.inner.shape).bits_per_second;
        let lane = self.lane(direction);
        lane.passed.fetch_add(bytes as u64, Ordering::SeqCst);
        let takes = rate.and_then(|bits| (bytes as u64 * 8_000_000).checked_div(bits)).unwrap_or(0);
        let mut free_at = locked(&lane.free_at);
        let left = (*free_at).max(moment()).max(opened) + Duration::from_micros(takes);
        *free_at = left;
        left
    }

    /// How many of the bytes pass before the next cut, and whether it came.
    fn burn(&self, count: usize) -> (usize, bool) {
        let mut fuse = locked(&self.inner.fuse);
        let Some(fuse) = fuse.as_mut().filter(|fuse| fuse.times > 0) else { return (count, false) };
        if fuse.left > count as u64 {
            fuse.left -= count as u64;
            return (count, false);
        }
        let through = usize::try_from(fuse.left).unwrap_or(count);
        fuse.left = fuse.dice.between(fuse.every.start, fuse.every.end);
        fuse.times -= 1;
        self.inner.cuts.fetch_add(1, Ordering::SeqCst);
        (through, true)
    }
}

impl Lane {
    /// When what was handed in so far will have left.
    fn last(&self, opened: Instant) -> Instant {
        (*locked(&self.free_at)).max(opened)
    }
}

fn deliver(arrivals: &Receiver<Arrival>, mut to: TcpStream, from: &TcpStream) {
    for arrival in arrivals {
        match arrival {
            Arrival::Bytes(at, bytes) => {
                sleep_until(at);
                if to.write_all(&bytes).is_err() {
                    let _ = from.shutdown(Shutdown::Both);
                    return;
                }
            }
            Arrival::End(at) => {
                sleep_until(at);
                let _ = to.shutdown(Shutdown::Write);
            }
            Arrival::Cut(at) => {
                sleep_until(at);
                // Both fail only when the connection has ended already.
                let _ = to.shutdown(Shutdown::Both);
                let _ = from.shutdown(Shutdown::Both);
            }
        }
    }
}

fn sleep_until(at: Instant) {
    let wait = at.saturating_duration_since(moment());
    if !wait.is_zero() {
        std::thread::sleep(wait);
    }
}
