//! How many rows the columns of a change say they have, counted without unpacking them.
//!
//! Columns are run-length encoded: a change of 200 bytes may claim millions of rows, or repeat one long key
//! for every row, and the engine would unpack all of it before anybody could look. So nothing is given to it
//! that has not been counted here.

use crate::document::Refusal;
use crate::limits::{CHANGE_BYTES_MAX, CHANGE_OPS_MAX, CHANGE_REPLACES_MAX, KEY_BYTES_MAX};
use crate::wire::{Reader, WireError};

/// Column types: the low three bits of a column's specification.
const GROUP: u64 = 0;
const BOOLEAN: u64 = 4;
const TEXT: u64 = 5;
const RAW: u64 = 7;
/// The bit of a compressed column, which no change outside a document has.
const DEFLATED: u64 = 8;
/// The columns of the operations that an operation replaces, by the number above the type bits.
const REPLACES: u64 = 7;
/// Columns of one change; version 0.12 writes 15 at most.
const COLUMNS_MAX: usize = 32;

/// Checks that no column of a change with these contents unpacks beyond the limits.
///
/// # Errors
/// [`Refusal::TooLarge`], or [`Refusal::Malformed`] for what is no change.
pub(super) fn bounded(contents: &[u8]) -> Result<(), Refusal> {
    columns(contents).map_err(|error| match error {
        WireError::TooLong(_) => Refusal::TooLarge,
        _ => Refusal::Malformed,
    })
}

fn columns(contents: &[u8]) -> Result<(), WireError> {
    let mut reader = Reader::new(contents);
    let deps = reader.count(CHANGE_BYTES_MAX / 32, "deps")?;
    reader.take(deps * 32)?;
    reader.bytes(CHANGE_BYTES_MAX, "actor")?;
    reader.varint()?;
    reader.varint()?;
    number(&mut reader)?;
    reader.bytes(CHANGE_BYTES_MAX, "message")?;
    for _ in 0..reader.count(CHANGE_REPLACES_MAX, "actors")? {
        reader.bytes(CHANGE_BYTES_MAX, "actor")?;
    }
    let mut list = Vec::new();
    for _ in 0..reader.count(COLUMNS_MAX, "columns")? {
        let specification = reader.varint()?;
        list.push((specification, reader.count(CHANGE_BYTES_MAX, "column")?));
    }
    for (specification, length) in list {
        let column = reader.take(length)?;
        if specification & DEFLATED != 0 {
            return Err(WireError::Malformed("a compressed column"));
        }
        let most = if specification >> 4 == REPLACES { CHANGE_REPLACES_MAX } else { CHANGE_OPS_MAX };
        match specification & 7 {
            RAW => {}
            BOOLEAN => booleans(column)?,
            kind => runs(column, kind, most)?,
        }
    }
    Ok(())
}

/// Alternating counts of false and true.
fn booleans(column: &[u8]) -> Result<(), WireError> {
    let mut reader = Reader::new(column);
    let mut rows = 0;
    while !reader.rest().is_empty() {
        rows += reader.count(CHANGE_OPS_MAX, "rows")?;
        within(rows, CHANGE_OPS_MAX)?;
    }
    Ok(())
}

/// Runs: a positive count repeats one value, a negative one precedes as many values, zero precedes a count of nothing.
fn runs(column: &[u8], kind: u64, most: usize) -> Result<(), WireError> {
    let mut reader = Reader::new(column);
    let (mut rows, mut grouped) = (0, 0);
    while !reader.rest().is_empty() {
        let count = number(&mut reader)?;
        let length = usize::try_from(count.unsigned_abs()).map_err(|_| WireError::TooLong("rows"))?;
        within(length, most)?;
        match count {
            0 => rows += reader.count(most, "rows")?,
            1.. => {
                rows += length;
                grouped += length.saturating_mul(value(&mut reader, kind)?);
            }
            _ => {
                rows += length;
                for _ in 0..length {
                    grouped += value(&mut reader, kind)?;
                }
            }
        }
        within(rows, most)?;
        within(grouped, CHANGE_REPLACES_MAX)?;
    }
    Ok(())
}

/// Passes over one value; for a group its number of members, else 0.
fn value(reader: &mut Reader<'_>, kind: u64) -> Result<usize, WireError> {
    match kind {
        GROUP => reader.count(CHANGE_REPLACES_MAX, "group"),
        TEXT => reader.bytes(KEY_BYTES_MAX, "key").map(|_| 0),
        _ => number(reader).map(|_| 0),
    }
}

fn within(count: usize, most: usize) -> Result<(), WireError> {
    if count > most { Err(WireError::TooLong("rows")) } else { Ok(()) }
}

/// A signed LEB128 number. For an unsigned one it only passes over the same bytes.
fn number(reader: &mut Reader<'_>) -> Result<i64, WireError> {
    let mut value = 0_i64;
    for shift in (0..70).step_by(7) {
        let byte = reader.byte()?;
        if shift < 64 {
            value |= i64::from(byte & 0x7f) << shift;
        }
        if byte & 0x80 == 0 {
            let negative = byte & 0x40 != 0 && shift + 7 < 64;
            return Ok(if negative { value | (-1 << (shift + 7)) } else { value });
        }
    }
    Err(WireError::Malformed("number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_numbers_read_as_they_are_written() {
        for (bytes, expected) in
            [(&[0x7f][..], -1), (&[0x3f], 63), (&[0xc0, 0x00], 64), (&[0x80, 0x7f], -128)]
        {
            assert_eq!(number(&mut Reader::new(bytes)), Ok(expected));
        }
        assert_eq!(number(&mut Reader::new(&[0xff; 11])), Err(WireError::Malformed("number")));
    }

    #[test]
    fn a_short_column_may_not_claim_many_rows_or_repeat_a_long_key() {
        let million = [0xc0, 0x84, 0x3d, 0x01];
        assert!(runs(&million, 2, CHANGE_OPS_MAX).is_err());
        assert!(booleans(&million[..3]).is_err());
        assert_eq!(runs(&[0x02, 0x01, b'k'], TEXT, CHANGE_OPS_MAX), Ok(()));
        let mut long = vec![0x02, 0xac, 0x02];
        long.extend_from_slice(&[b'k'; 300]);
        assert!(runs(&long, TEXT, CHANGE_OPS_MAX).is_err());
        // Two operations that replace a million each.
        assert!(runs(&[0x02, 0xc0, 0x84, 0x3d], GROUP, CHANGE_OPS_MAX).is_err());
    }
}
