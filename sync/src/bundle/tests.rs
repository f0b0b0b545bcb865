use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use proptest::prelude::*;

use super::*;
use crate::exchange::{ChainClaim, Hello, encode_request};
use crate::ids::SessionId;

const EPHEMERAL: [u8; 32] = [0x21; 32];

fn office() -> SecretKey {
    SecretKey::from_slice(&[0x42; 32]).unwrap()
}

fn office_key() -> Vec<u8> {
    office().public_key().to_sec1_point(false).as_bytes().to_vec()
}

fn device() -> (SigningKey, [u8; KEY_BYTES]) {
    let key = SigningKey::from_slice(&[0x33; 32]).unwrap();
    let public = key.verifying_key().to_sec1_point(false).as_bytes().try_into().unwrap();
    (key, public)
}

fn request(device: DeviceId) -> Vec<u8> {
    let chains = vec![ChainClaim { session: SessionId([7; 16]), frames: 2 }];
    let hello = Hello { device, chains, ..Hello::default() };
    encode_request(&hello, &[vec![1_u8; 900], vec![2_u8; 300]])
}

fn signed(sealed: SealedBundle) -> String {
    let signature: Signature = device().0.sign(&sealed.signing());
    sealed.finish(&signature.to_bytes().into())
}

fn file() -> String {
    let public = device().1;
    signed(seal(&office_key(), &EPHEMERAL, &public, &request(DeviceId::of_key(&public))).unwrap())
}

fn bytes_of(text: &str) -> Vec<u8> {
    let encoded: String = text.lines().skip(1).collect();
    STANDARD.decode(encoded).unwrap()
}

#[test]
fn the_office_reads_the_request_as_it_was_sealed_and_nobody_else_does() {
    let text = file();
    let bundle = read(&text).unwrap();
    assert_eq!((bundle.device_key, bundle.frames), (device().1, 2));
    let records = bundle.open(&office()).unwrap();
    let frames: Vec<_> =
        records.iter().filter(|record| matches!(record, RequestRecord::Frame(_))).cloned().collect();
    assert_eq!(frames, [RequestRecord::Frame(vec![1; 900]), RequestRecord::Frame(vec![2; 300])]);
    let other = SecretKey::from_slice(&[0x43; 32]).unwrap();
    assert_eq!(bundle.open(&other), Err(BundleError::OtherOffice));
}

#[test]
fn it_survives_what_mail_and_chat_do_to_text() {
    let text = file();
    let expected = read(&text).unwrap();
    for changed in [
        text.replace('\n', "\r\n"),
        format!("\u{feff}\n{text}\n\n"),
        text.replacen('\n', "\u{1}", 1).replace('\n', "").replace('\u{1}', "\n"),
    ] {
        assert_eq!(read(&changed).unwrap(), expected);
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused_whole() {
    let text = file();
    for length in 1..text.trim_end().len() {
        let refused = read(&text[..length]).unwrap_err();
        assert_eq!(refused, BundleError::Damaged, "cut after {length} characters");
    }
}

#[test]
fn another_file_is_told_from_a_damaged_one() {
    for text in ["", "Laporan bulanan", "\u{fffd}PNG\r\n", "Berkas lain"] {
        assert_eq!(read(text), Err(BundleError::NotABundle), "{text}");
    }
}

#[test]
fn every_changed_byte_is_found() {
    let whole_file = bytes_of(&file());
    for at in 0..whole_file.len() {
        let mut changed = whole_file.clone();
        changed[at] ^= 1;
        assert!(whole(&changed).is_err(), "byte {at}");
    }
}

/// The hash at the end is no secret: whoever changes the file can make a new one. The signature finds it.
#[test]
fn a_changed_file_with_a_new_hash_is_still_refused() {
    let original = bytes_of(&file());
    for at in (0..original.len() - HASH_BYTES).step_by(7) {
        let mut changed = original[..original.len() - HASH_BYTES].to_vec();
        changed[at] ^= 1;
        let end = sha256(&[&changed]);
        changed.extend_from_slice(&end);
        assert!(whole(&changed).is_err(), "byte {at}");
    }
}

/// Somebody with a key of their own signs a stranger's sealed bytes as theirs.
#[test]
fn a_sealed_request_signed_by_another_device_is_refused() {
    let (_, public) = device();
    let sealed = seal(&office_key(), &EPHEMERAL, &public, &request(DeviceId([9; 16]))).unwrap();
    assert_eq!(read(&signed(sealed)).unwrap().open(&office()), Err(BundleError::Damaged), "hello of another");
    let mut payload = seal(&office_key(), &EPHEMERAL, &public, &request(DeviceId::of_key(&public))).unwrap();
    let thief = SigningKey::from_slice(&[0x55; 32]).unwrap();
    let thief_key = thief.verifying_key().to_sec1_point(false);
    payload.payload[78..78 + KEY_BYTES].copy_from_slice(thief_key.as_bytes());
    let signature: Signature = thief.sign(&payload.signing());
    let text = payload.finish(&signature.to_bytes().into());
    assert_eq!(read(&text).unwrap().open(&office()), Err(BundleError::Damaged));
}

#[test]
fn only_a_whole_request_is_sealed_and_only_with_keys() {
    let (_, public) = device();
    let body = request(DeviceId::of_key(&public));
    assert_eq!(seal(&office_key(), &EPHEMERAL, &public, &body[..body.len() - 20]), Err(BundleError::Damaged));
    assert_eq!(seal(&[4; 65], &EPHEMERAL, &public, &body), Err(BundleError::Key));
    assert_eq!(seal(&office_key(), &[0; 32], &public, &body), Err(BundleError::Key));
}

#[test]
fn a_later_version_is_said_to_be_one() {
    let (key, public) = device();
    let mut sealed = seal(&office_key(), &EPHEMERAL, &public, &request(DeviceId::of_key(&public))).unwrap();
    sealed.payload[4] = 2;
    let signature: Signature = key.sign(&sealed.signing());
    assert_eq!(read(&sealed.finish(&signature.to_bytes().into())), Err(BundleError::Version));
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes: Vec<u8>, text: String) {
        let _ = whole(&bytes);
        let _ = read(&text);
        let _ = read(&format!("{TITLE}\n{}", STANDARD.encode(&bytes)));
    }
}
