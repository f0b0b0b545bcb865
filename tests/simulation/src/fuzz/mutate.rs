//! Alterations that know nothing of the meaning, and those of items.

use super::items::{Item, pack, unpack};
use crate::rng::Rng;

/// Bytes that readers often trip over.
const TRAPS: [u8; 10] = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x1f, 0x10, 0x40];
/// Longest input that is made.
const BYTES_MAX: usize = 64 * 1024;

/// Alters a few bytes, or cuts, doubles or fills.
pub fn bytes(rng: &mut Rng, input: &[u8]) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..=rng.below(4) {
        alter(rng, &mut out);
    }
    out.truncate(BYTES_MAX);
    out
}

fn alter(rng: &mut Rng, out: &mut Vec<u8>) {
    let at = rng.below(out.len());
    let length = (1 + rng.below(16)).min(out.len() - at);
    match rng.below(8) {
        0 if !out.is_empty() => out[at] ^= 1 << rng.below(8),
        1 if !out.is_empty() => out[at] = TRAPS[rng.below(TRAPS.len())],
        2 if !out.is_empty() => out[at] = rng.byte(),
        3 => out.truncate(at),
        4 => drop(out.drain(at..at + length)),
        5 => {
            let again = out[at..at + length].to_vec();
            let to = rng.below(out.len() + 1);
            drop(out.splice(to..to, again));
        }
        6 => {
            let filling: [u8; 8] = rng.bytes();
            drop(out.splice(at..at, filling[..rng.below(9)].iter().copied()));
        }
        // A number of several bytes: lengths and counters beyond every limit.
        _ => {
            let mut number = Vec::new();
            mpp_sync::wire::put_varint(&mut number, u64::MAX >> rng.below(64));
            drop(out.splice(at..at + length, number));
        }
    }
}

/// Alters one item with `inner`, or drops, doubles or moves one.
pub fn items(rng: &mut Rng, input: &[u8], inner: fn(&mut Rng, &Item) -> Item) -> Vec<u8> {
    let mut items = unpack(input);
    if items.is_empty() || rng.chance(3) {
        return bytes(rng, input);
    }
    let at = rng.below(items.len());
    match rng.below(10) {
        0 => drop(items.remove(at)),
        1 => items.insert(rng.below(items.len()), items[at].clone()),
        2 => {
            let other = rng.below(items.len());
            items.swap(at, other);
        }
        3 => items[at].bytes = bytes(rng, &items[at].bytes),
        _ => items[at] = inner(rng, &items[at]),
    }
    pack(&items)
}
