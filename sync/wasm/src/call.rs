//! One call: a message in, a message out, whatever the input.

use mpp_sync::api;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::message::{self, Message};

#[derive(Deserialize)]
struct Request {
    #[serde(rename = "fn")]
    function: String,
    #[serde(rename = "in", default)]
    input: Value,
}

/// Answers one request `{"fn":name,"in":{…}}` with `{"ok":…}` or `{"error":{"code","detail"}}`.
///
/// The codes are those of [`api::call`], and `BAD_MESSAGE` for bytes that are no request at all.
#[must_use]
pub fn answer(request: &[u8]) -> Vec<u8> {
    let answer = match read(request) {
        Some((request, blobs)) => match api::call(&request.function, request.input, &blobs) {
            Ok(answer) => Message { json: text(&json!({ "ok": answer.json })), blobs: answer.blobs },
            Err(error) => refusal(&error.code, &error.detail),
        },
        None => refusal("BAD_MESSAGE", &json!("expected a length, JSON with \"fn\" and \"in\", and blobs")),
    };
    // A part over 4 GiB does not fit into the memory of a module, so this always encodes.
    message::encode(&answer).unwrap_or_default()
}

fn read(request: &[u8]) -> Option<(Request, Vec<Vec<u8>>)> {
    let message = message::decode(request)?;
    Some((serde_json::from_slice(&message.json).ok()?, message.blobs))
}

fn refusal(code: &str, detail: &Value) -> Message {
    Message { json: text(&json!({ "error": { "code": code, "detail": detail } })), blobs: Vec::new() }
}

fn text(json: &Value) -> Vec<u8> {
    json.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::answer;
    use crate::message::{self, Message};

    fn ask(json: &Value) -> Value {
        let request = Message { json: json.to_string().into_bytes(), blobs: Vec::new() };
        let bytes = answer(&message::encode(&request).expect("short"));
        serde_json::from_slice(&message::decode(&bytes).expect("an answer").json).expect("JSON")
    }

    #[test]
    fn a_result_comes_under_ok() {
        assert_eq!(ask(&json!({"fn": "core_version", "in": {}}))["ok"]["protocol"], 1);
    }

    #[test]
    fn a_refusal_comes_under_error_with_its_code() {
        assert_eq!(ask(&json!({"fn": "no_such", "in": {}}))["error"]["code"], "UNKNOWN_FUNCTION");
        assert_eq!(ask(&json!({"fn": "nik_read", "in": {}}))["error"]["code"], "BAD_PARAMETERS");
    }

    #[test]
    fn bytes_that_are_no_request_get_an_answer_too() {
        for bytes in [&b""[..], &[1, 0, 0, 0], &[9, 0, 0, 0, b'{', b'}'], &[2, 0, 0, 0, b'{', b'}']] {
            let answer = message::decode(&answer(bytes)).expect("an answer");
            let json: Value = serde_json::from_slice(&answer.json).expect("JSON");
            assert_eq!(json["error"]["code"], "BAD_MESSAGE");
        }
    }
}
