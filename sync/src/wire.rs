//! Reading and writing the parts of records: varints, fixed bytes, short texts.
//!
//! The reader never panics and never allocates more than the input holds.

use crate::ids::BadId;

/// Bytes that are not what the protocol says. The code is stable and travels in answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The input ends inside a value.
    #[error("the bytes end inside a value")]
    Truncated,
    /// A number, length or count is over its limit.
    #[error("a length is over its limit: {0}")]
    TooLong(&'static str),
    /// A value that no version of the protocol writes.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The body does not begin with the magic bytes and a known version.
    #[error("not a body of this protocol, or a newer version of it")]
    Version,
    /// The deflate stream is broken or inflates beyond its limit.
    #[error("the compressed stream is broken")]
    Deflate,
}

impl WireError {
    /// The stable code of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Truncated => "BODY_TRUNCATED",
            Self::TooLong(_) => "LENGTH_OVER_LIMIT",
            Self::Malformed(_) => "BODY_MALFORMED",
            Self::Version => "PROTOCOL_UNKNOWN",
            Self::Deflate => "BODY_NOT_INFLATABLE",
        }
    }
}

impl From<BadId> for WireError {
    fn from(_: BadId) -> Self {
        Self::Malformed("id")
    }
}

/// Reads values from the front of a slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes `count` bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`] when fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// Takes a fixed number of bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        self.take(N)?.try_into().map_err(|_| WireError::Truncated)
    }

    /// Takes one byte.
    ///
    /// # Errors
    /// [`WireError::Truncated`] at the end.
    pub fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.array::<1>()?[0])
    }

    /// Takes an unsigned LEB128 number in its shortest form.
    ///
    /// # Errors
    /// [`WireError::Truncated`], or [`WireError::Malformed`] beyond 64 bits or with padding.
    pub fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(WireError::Malformed("varint"));
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(WireError::Malformed("varint padding"));
                }
                return Ok(value);
            }
        }
        Err(WireError::Malformed("varint"))
    }

    /// Takes a signed LEB128 number as Automerge writes times; one before 1970 counts as 0.
    ///
    /// # Errors
    /// [`WireError::Truncated`], or [`WireError::Malformed`] beyond 63 bits.
    pub fn signed(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(if byte & 0x40 == 0 { value } else { 0 });
            }
        }
        Err(WireError::Malformed("signed number"))
    }

    /// Takes a count that must not be over `max`.
    ///
    /// # Errors
    /// As [`Reader::varint`], and [`WireError::TooLong`] with `what`.
    pub fn count(&mut self, max: usize, what: &'static str) -> Result<usize, WireError> {
        let count = usize::try_from(self.varint()?).map_err(|_| WireError::TooLong(what))?;
        if count > max { Err(WireError::TooLong(what)) } else { Ok(count) }
    }

    /// Takes a length and that many bytes.
    ///
    /// # Errors
    /// As [`Reader::count`] and [`Reader::take`].
    pub fn bytes(&mut self, max: usize, what: &'static str) -> Result<&'a [u8], WireError> {
        let length = self.count(max, what)?;
        self.take(length)
    }

    /// Takes a length and that much UTF-8.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and [`WireError::Malformed`] for other bytes.
    pub fn text(&mut self, max: usize, what: &'static str) -> Result<String, WireError> {
        let bytes = self.bytes(max, what)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| WireError::Malformed(what))
    }

    /// Takes a flag byte (0 or 1) and, after a 1, the value.
    ///
    /// # Errors
    /// As `read`, and [`WireError::Malformed`] for another flag.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, WireError>,
    ) -> Result<Option<T>, WireError> {
        match self.byte()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(WireError::Malformed("flag")),
        }
    }
}

/// Writes an unsigned LEB128 number in its shortest form.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Writes a length or count.
pub fn put_count(out: &mut Vec<u8>, count: usize) {
    put_varint(out, count as u64);
}

/// Writes a length and the bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Writes a flag byte and, when there is one, the value.
pub fn put_option<T>(out: &mut Vec<u8>, value: Option<&T>, write: impl FnOnce(&mut Vec<u8>, &T)) {
    match value {
        None => out.push(0),
        Some(value) => {
            out.push(1);
            write(out, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_varint_reads_back(value: u64) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert!(reader.rest().is_empty());
        }

        #[test]
        fn garbage_never_panics(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.varint().is_ok() {}
            let _ = Reader::new(&bytes).text(100, "text");
        }
    }

    #[test]
    fn a_padded_varint_is_refused() {
        assert_eq!(Reader::new(&[0x81, 0x00]).varint(), Err(WireError::Malformed("varint padding")));
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(WireError::Malformed("varint")));
    }

    #[test]
    fn a_length_beyond_the_input_allocates_nothing() {
        let mut out = Vec::new();
        put_varint(&mut out, u64::MAX);
        assert_eq!(Reader::new(&out).bytes(10, "x"), Err(WireError::TooLong("x")));
    }
}
