//! One call: a message in, a message out, whatever the input.

use mpp_sync::api;
use serde_json::{Value, json};

use crate::message::{self, Message};

/// Answers one request `{"fn":name,"in":{…}}` with `{"ok":…}` or `{"error":{"code","detail"}}`.
///
/// What cannot be read at all is answered with the code `message_malformed`.
#[must_use]
pub fn answer(request: &[u8]) -> Vec<u8> {
    let (json, blobs) = match outcome(request) {
        Ok((result, blobs)) => (json!({ "ok": result }), blobs),
        Err(error) => (json!({ "error": { "code": error.code, "detail": error.detail } }), Vec::new()),
    };
    let answer = Message { json: json.to_string().into_bytes(), blobs };
    // A part over 4 GiB does not fit into the memory of a module, so this always encodes.
    message::encode(&answer).unwrap_or_default()
}
