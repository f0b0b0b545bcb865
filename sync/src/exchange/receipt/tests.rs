use super::*;

const SESSION: SessionId = SessionId([1; 16]);

fn key(n: u8) -> SigningKey {
    SigningKey::from_slice(&[n; 32]).unwrap()
}

fn public(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// Frame n has the hash n + 1, repeated.
fn own(frames: u8) -> Vec<ChainFrames> {
    vec![ChainFrames { session: SESSION, frames: (1..=frames).map(|n| FrameHash([n; 32])).collect() }]
}

fn signed(frames: u8, backed_up: u8) -> Receipt {
    let chain = ReceiptChain { session: SESSION, frames: frames.into(), backed_up: backed_up.into() };
    let heads = ReceiptHeads { head: FrameHash([frames; 32]), backed_up: FrameHash([backed_up; 32]) };
    Receipt::sign(&key(7), LogId([2; 16]), 1_800_000_000, vec![(chain, heads)])
}

#[test]
fn a_receipt_proves_the_frames_that_its_owner_wrote() {
    let read = Receipt::decode(&signed(5, 3).encode()).unwrap();
    assert_eq!(read, signed(5, 3));
    assert_eq!(read.verify(&public(&key(7)), &own(5)), Ok(()));
    assert_eq!(read.verify(&public(&key(7)), &own(9)), Ok(()), "more was written since");
    assert_eq!(signed(4, 0).verify(&public(&key(7)), &own(4)), Ok(()), "no backup yet");
}

#[test]
fn a_receipt_for_other_frames_proves_nothing() {
    let mut other = own(5);
    other[0].frames[4] = FrameHash([99; 32]);
    assert_eq!(signed(5, 3).verify(&public(&key(7)), &other), Err(ReceiptRefusal::Signature));
    let mut other = own(5);
    other[0].frames[2] = FrameHash([99; 32]);
    assert_eq!(signed(5, 3).verify(&public(&key(7)), &other), Err(ReceiptRefusal::Signature));
    assert_eq!(signed(5, 3).verify(&public(&key(7)), &own(4)), Err(ReceiptRefusal::Chains));
    assert_eq!(signed(5, 3).verify(&public(&key(7)), &[]), Err(ReceiptRefusal::Chains));
    assert_eq!(signed(3, 5).verify(&public(&key(7)), &own(5)), Err(ReceiptRefusal::Chains));
}

#[test]
fn whatever_is_altered_breaks_the_signature() {
    let bytes = signed(5, 3).encode();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let Ok(receipt) = Receipt::decode(&altered) else { continue };
        assert!(receipt.verify(&public(&key(7)), &own(6)).is_err(), "byte {at}");
    }
    assert_eq!(signed(5, 3).verify(&public(&key(8)), &own(5)), Err(ReceiptRefusal::Node));
}
