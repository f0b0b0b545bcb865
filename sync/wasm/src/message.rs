//! How one call crosses the border between the page and the module.
//!
//! Both directions use the same shape: the length of a JSON text (4 bytes, little endian), the text, then
//! any number of blobs, each with its length before it (4 bytes, little endian). In the text a blob is
//! `{"$b":index}`, so that bytes never travel as text.

/// The two parts of one message: the JSON text and the blobs it points at.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// JSON, not parsed yet.
    pub json: Vec<u8>,
    /// The bytes that `{"$b":0}`, `{"$b":1}`, … in the text stand for.
    pub blobs: Vec<Vec<u8>>,
}

/// Takes a message apart; `None` when a length points outside of what has arrived.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Message> {
    let (json, mut rest) = take_part(bytes)?;
    let mut blobs = Vec::new();
    while !rest.is_empty() {
        let (blob, after) = take_part(rest)?;
        blobs.push(blob.to_vec());
        rest = after;
    }
    Some(Message { json: json.to_vec(), blobs })
}

/// Puts a message together; `None` when a part is longer than 4 bytes can say.
#[must_use]
pub fn encode(message: &Message) -> Option<Vec<u8>> {
    let blob_bytes: usize = message.blobs.iter().map(|blob| blob.len() + 4).sum();
    let mut bytes = Vec::with_capacity(4 + message.json.len() + blob_bytes);
    put_part(&mut bytes, &message.json)?;
    for blob in &message.blobs {
        put_part(&mut bytes, blob)?;
    }
    Some(bytes)
}

fn take_part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    rest.split_at_checked(length)
}

fn put_part(bytes: &mut Vec<u8>, part: &[u8]) -> Option<()> {
    let length = u32::try_from(part.len()).ok()?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(part);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{Message, decode, encode};

    #[test]
    fn a_message_comes_back_as_it_was() {
        let message = Message {
            json: b"{\"fn\":\"x\"}".to_vec(),
            blobs: vec![vec![1, 2, 3], Vec::new(), vec![0; 300]],
        };
        let bytes = encode(&message).expect("short parts");
        assert_eq!(decode(&bytes), Some(message));
    }

    #[test]
    fn a_message_cut_anywhere_inside_a_part_is_refused() {
        let message = Message { json: b"{}".to_vec(), blobs: vec![vec![7; 5]] };
        let bytes = encode(&message).expect("short parts");
        let end_of_json = 4 + 2;
        for length in (0..bytes.len()).filter(|length| *length != end_of_json) {
            assert_eq!(decode(&bytes[..length]), None, "cut after {length} bytes");
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff, b'{', b'}']), None);
    }
}
