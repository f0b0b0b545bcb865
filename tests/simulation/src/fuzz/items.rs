//! An input as a list of tagged byte strings. Any bytes are such a list.

use mpp_sync::wire::{Reader, put_bytes};

/// Items of one input at most.
const ITEMS_MAX: usize = 64;

/// One part of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What the target is to do with the bytes.
    pub tag: u8,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Item {
    /// An item.
    #[must_use]
    pub fn new(tag: u8, bytes: impl Into<Vec<u8>>) -> Self {
        Self { tag, bytes: bytes.into() }
    }
}

/// Reads the items; a length beyond the end takes what is there.
#[must_use]
pub fn unpack(bytes: &[u8]) -> Vec<Item> {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    while let (true, Ok(tag)) = (items.len() < ITEMS_MAX, reader.byte()) {
        let mut ahead = reader.clone();
        let Ok(taken) = ahead.bytes(usize::MAX, "item") else {
            items.push(Item::new(tag, reader.rest()));
            break;
        };
        items.push(Item::new(tag, taken));
        reader = ahead;
    }
    items
}

/// Writes the items.
#[must_use]
pub fn pack(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        out.push(item.tag);
        put_bytes(&mut out, &item.bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_read_back_and_a_cut_one_is_what_is_left() {
        let items = [Item::new(1, *b"abc"), Item::new(0, [])];
        let bytes = pack(&items);
        assert_eq!(unpack(&bytes), items);
        assert_eq!(unpack(&bytes[..4]), [Item::new(1, *b"\x03ab")]);
    }
}
