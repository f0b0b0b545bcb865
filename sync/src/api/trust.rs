//! Calls that say whether a node, a grant or a list of revocations is to be believed.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, BlobRef, Blobs, CallError, Parameters, plain};
use crate::trust::{
    Certificate, CertificateRole, Grant, PUBLIC_KEY_BYTES, Revocations, Tombstone, TrustError, enter_bytes,
    follow_root,
};

impl From<TrustError> for CallError {
    fn from(error: TrustError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

fn certificates(parameters: &Parameters<'_>, blobs: &[BlobRef]) -> Result<Vec<Certificate>, CallError> {
    let read = parameters.blobs(blobs)?.into_iter().map(Certificate::decode);
    Ok(read.collect::<Result<_, _>>()?)
}

/// `{root, roots, certificate}`: the pinned root key, certificates of later root keys, a node's certificate.
pub(super) fn certificate_verify(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        root: BlobRef,
        #[serde(default)]
        roots: Vec<BlobRef>,
        certificate: BlobRef,
    }
    let input: Input = parameters.read()?;
    let pinned: [u8; PUBLIC_KEY_BYTES] = parameters.array(&input.root)?;
    let root = follow_root(pinned, &certificates(parameters, &input.roots)?);
    let certificate = Certificate::decode(parameters.blob(&input.certificate)?)?;
    // A hub that was away keeps the certificate of the root before until it meets the office.
    certificate.verify(&root).or_else(|error| {
        if certificate.subject.role == CertificateRole::Hub {
            certificate.verify(&pinned)
        } else {
            Err(error)
        }
    })?;
    let subject = &certificate.subject;
    let mut blobs = Blobs::default();
    let json = json!({
        "root": blobs.add(root.to_vec()),
        "node": certificate.node(),
        "role": subject.role.word(),
        "name": subject.name,
        "serial": subject.serial,
        "not_before": subject.not_before,
        "not_after": subject.not_after,
    });
    Ok(blobs.answer(json))
}

/// `{grant, certificate?}`: what the grant says; with the office's certificate its signature is verified.
pub(super) fn grant_read(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        grant: BlobRef,
        #[serde(default)]
        certificate: Option<BlobRef>,
    }
    let input: Input = parameters.read()?;
    let grant = Grant::decode(parameters.blob(&input.grant)?)?;
    if let Some(certificate) = &input.certificate {
        grant.verify(&Certificate::decode(parameters.blob(certificate)?)?)?;
    }
    let granted = &grant.granted;
    Ok(plain(json!({
        "device": granted.device(),
        "device_name": granted.device_name,
        "day": granted.day,
        "label": granted.label,
        "officer": granted.officer,
        "scopes": granted.scopes,
        "issued_at": granted.issued_at,
        "lease_until": granted.lease_until,
        "signer": grant.signer,
    })))
}

/// `{list, certificate}`: who is no longer believed, verified with the office's certificate.
pub(super) fn revocations_read(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        list: BlobRef,
        certificate: BlobRef,
    }
    let input: Input = parameters.read()?;
    let list = Revocations::decode(parameters.blob(&input.list)?)?;
    list.verify(&Certificate::decode(parameters.blob(&input.certificate)?)?)?;
    let revoked: Vec<_> =
        list.revoked.iter().map(|one| json!({"device": one.device, "at": one.at})).collect();
    Ok(plain(json!({"issued_at": list.issued_at, "revoked": revoked})))
}

/// `{tombstone, certificate?}`: what was erased; with the office's certificate its signature is verified.
pub(super) fn tombstone_read(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        tombstone: BlobRef,
        #[serde(default)]
        certificate: Option<BlobRef>,
    }
    let input: Input = parameters.read()?;
    let tombstone = Tombstone::decode(parameters.blob(&input.tombstone)?)?;
    if let Some(certificate) = &input.certificate {
        tombstone.verify(&Certificate::decode(parameters.blob(certificate)?)?)?;
    }
    let erased = &tombstone.erased;
    Ok(plain(json!({
        "document": erased.document,
        "kind": erased.kind,
        "changes": erased.changes,
        "scopes": erased.scopes,
        "at": erased.at,
        "by": erased.by,
        "reason": erased.reason,
        "signer": tombstone.signer,
    })))
}

/// `{log, nonce}`: the bytes that the device signs to enter.
pub(super) fn enter_signing(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        log: crate::ids::LogId,
        nonce: BlobRef,
    }
    let input: Input = parameters.read()?;
    let mut blobs = Blobs::default();
    let json =
        json!({"signing": blobs.add(enter_bytes(&input.log, parameters.blob(&input.nonce)?).to_vec())});
    Ok(blobs.answer(json))
}
