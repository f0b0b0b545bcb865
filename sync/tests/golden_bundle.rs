//! Bundle files are opened months after they were made: the released one is read, and written the same.
//!
//! The request inside is taken as it was once written; see the head of `golden.rs` for how files are made.

#![cfg(test)]

use std::path::PathBuf;

use mpp_sync::bundle::{read, seal};
use mpp_sync::exchange::RequestReader;
use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToSec1Point as _;

#[test]
fn a_bundle_is_written_and_read_as_released() {
    let key = SigningKey::from_slice(&[0x33; 32]).unwrap();
    let device_key: [u8; 65] = key.verifying_key().to_sec1_point(false).as_bytes().try_into().unwrap();
    let office = SecretKey::from_slice(&[0x44; 32]).unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/v1");
    let request = std::fs::read(folder.join("bundle-request.bin")).unwrap();
    let stored = std::fs::read_to_string(folder.join("bundle.txt")).unwrap();

    let office_key = office.public_key().to_sec1_point(false);
    let sealed = seal(office_key.as_bytes(), &[0x55; 32], &device_key, &request).unwrap();
    let signature: Signature = key.sign(&sealed.signing());
    assert_eq!(sealed.finish(&signature.to_bytes().into()), stored);

    let bundle = read(&stored).unwrap();
    assert_eq!(bundle.open(&office).unwrap(), RequestReader::default().push(&request).unwrap());
    assert_eq!(bundle.frames, 1);
}
