//! Calls that seal a request into a file.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, BlobRef, Blobs, CallError, Parameters, plain};
use crate::bundle::{SealedBundle, seal};

pub(super) fn bundle_seal(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        office_key: BlobRef,
        ephemeral: BlobRef,
        device_key: BlobRef,
        body: BlobRef,
    }
    let input: Input = parameters.read()?;
    let sealed = seal(
        parameters.blob(&input.office_key)?,
        &parameters.array(&input.ephemeral)?,
        &parameters.array(&input.device_key)?,
        parameters.blob(&input.body)?,
    )?;
    let mut blobs = Blobs::default();
    let signing = blobs.add(sealed.signing().to_vec());
    let json = json!({"signing": signing, "payload": blobs.add(sealed.payload().to_vec())});
    Ok(blobs.answer(json))
}

pub(super) fn bundle_finish(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        payload: BlobRef,
        signature: BlobRef,
    }
    let input: Input = parameters.read()?;
    let sealed = SealedBundle::of(parameters.blob(&input.payload)?.to_vec());
    Ok(plain(json!({"text": sealed.finish(&parameters.array(&input.signature)?)})))
}
