//! The core as named calls over JSON and byte blobs: what the WebAssembly module offers.
//!
//! In JSON a blob is `{"$b": index}`. Every call is stateless: bytes and facts in, bytes and facts
//! out. The functions and their shapes are listed in `docs/calls.md`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

mod actions;
mod bundle;
mod caller;
mod documents;
mod rules;
mod trust;
mod wire;

/// An answer: JSON, and the blobs it refers to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The JSON.
    pub json: Json,
    /// The blobs.
    pub blobs: Vec<Vec<u8>>,
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct CallError {
    /// Stable English code.
    pub code: String,
    /// For a developer; may be JSON with findings. Never holds what a person typed.
    pub detail: Json,
}

impl CallError {
    fn new(code: &str, detail: impl Into<Json>) -> Self {
        Self { code: code.to_owned(), detail: detail.into() }
    }
}

impl From<crate::wire::WireError> for CallError {
    fn from(error: crate::wire::WireError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<crate::bundle::BundleError> for CallError {
    fn from(error: crate::bundle::BundleError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<crate::action::ActionError> for CallError {
    fn from(error: crate::action::ActionError) -> Self {
        match &error {
            crate::action::ActionError::Input(findings) => Self::new(error.code(), json!(findings)),
            _ => Self::new(error.code(), error.to_string()),
        }
    }
}

/// Calls a function by name.
///
/// # Errors
/// [`CallError`] with `UNKNOWN_FUNCTION`, `BAD_PARAMETERS`, or the function's own codes.
pub fn call(name: &str, input: Json, blobs: &[Vec<u8>]) -> Result<Answer, CallError> {
    let parameters = Parameters { input, blobs };
    match name {
        "core_version" => Ok(plain(json!({"protocol": 1, "schema": crate::view::SCHEMA}))),
        "nik_read" => rules::nik_read(&parameters),
        "person_check" => rules::person_check(&parameters),
        "fields_check" => rules::fields_check(&parameters),
        "search_key" => rules::search_key(&parameters),
        "next_statuses" => rules::next_statuses(&parameters),
        "tracking_check" => rules::tracking_check(&parameters),
        "ticket_issue" => actions::ticket_issue(&parameters),
        "application_register" => actions::application_register(&parameters),
        "document_edit" => actions::document_edit(&parameters),
        "status_add" => actions::status_add(&parameters),
        "resident_decide" => actions::resident_decide(&parameters),
        "documents_apply" => documents::documents_apply(&parameters),
        "document_view" => documents::document_view(&parameters),
        "residents_group" => documents::residents_group(&parameters),
        "frame_cut" => wire::frame_cut(&parameters),
        "frame_seal" => wire::frame_seal(&parameters),
        "frame_erase" => wire::frame_erase(&parameters),
        "request_encode" => wire::request_encode(&parameters),
        "response_records" => wire::response_records(&parameters),
        "push_plan" => wire::push_plan(&parameters),
        "bundle_seal" => bundle::bundle_seal(&parameters),
        "bundle_finish" => bundle::bundle_finish(&parameters),
        "certificate_verify" => trust::certificate_verify(&parameters),
        "grant_read" => trust::grant_read(&parameters),
        "tombstone_read" => trust::tombstone_read(&parameters),
        "revocations_read" => trust::revocations_read(&parameters),
        "enter_signing" => trust::enter_signing(&parameters),
        "receipt_verify" => wire::receipt_verify(&parameters),
        "page_take" => caller::page_take(&parameters),
        "sums_add" => caller::sums_add(&parameters),
        "attestation_verify" => caller::attestation_verify(&parameters),
        "digest_compare" => caller::digest_compare(&parameters),
        "repair_begin" => caller::repair_begin(&parameters),
        "repair_answer" => caller::repair_answer(&parameters),
        "offers_choose" => caller::offers_choose(&parameters),
        "batches_arrived" => caller::batches_arrived(&parameters),
        "batches_drop" => caller::batches_drop(&parameters),
        "cursors_adopt" => caller::cursors_adopt(&parameters),
        "chains_to_name" => caller::chains_to_name(&parameters),
        "receipts_older" => caller::receipts_older(&parameters),
        "tiers" => caller::tiers(&parameters),
        other => Err(CallError::new("UNKNOWN_FUNCTION", other)),
    }
}

/// What a call was given.
struct Parameters<'a> {
    input: Json,
    blobs: &'a [Vec<u8>],
}

impl Parameters<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        T::deserialize(&self.input).map_err(|error| CallError::new("BAD_PARAMETERS", error.to_string()))
    }

    fn blob(&self, reference: &BlobRef) -> Result<&[u8], CallError> {
        let blob = self.blobs.get(reference.index);
        blob.map(Vec::as_slice).ok_or_else(|| CallError::new("BAD_PARAMETERS", "no such blob"))
    }

    fn blobs(&self, references: &[BlobRef]) -> Result<Vec<&[u8]>, CallError> {
        references.iter().map(|reference| self.blob(reference)).collect()
    }

    fn array<const N: usize>(&self, reference: &BlobRef) -> Result<[u8; N], CallError> {
        let size = |_| CallError::new("BAD_PARAMETERS", format!("expected {N} bytes"));
        self.blob(reference)?.try_into().map_err(size)
    }
}

/// `{"$b": index}`.
#[derive(Debug, Clone, Deserialize)]
struct BlobRef {
    #[serde(rename = "$b")]
    index: usize,
}

fn plain(json: Json) -> Answer {
    Answer { json, blobs: Vec::new() }
}

/// Collects the blobs of an answer.
#[derive(Default)]
struct Blobs(Vec<Vec<u8>>);

impl Blobs {
    fn add(&mut self, bytes: Vec<u8>) -> Json {
        self.0.push(bytes);
        json!({"$b": self.0.len() - 1})
    }

    fn answer(self, json: Json) -> Answer {
        Answer { json, blobs: self.0 }
    }
}

#[cfg(test)]
mod tests;
