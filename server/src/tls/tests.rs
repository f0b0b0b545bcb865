use std::path::Path;

use rcgen::{CertificateParams, KeyPair};

use super::*;

/// A certificate for the van that ends on this day of 2030, and its key.
fn write(folder: &Path, day: u8) {
    let mut params = CertificateParams::new(vec!["mpp.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2030, 1, day);
    let key = KeyPair::generate().unwrap();
    std::fs::write(folder.join("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

#[test]
fn the_days_left_are_those_of_the_certificate_and_change_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 11);
    let tls = Tls::open(&folder.path().join("cert.pem"), &folder.path().join("key.pem")).unwrap();
    let now = crate::calendar::unix_of("2030-01-01").unwrap();
    assert_eq!(tls.days_left(now), 10);
    assert_eq!(tls.days_left(now + 11 * DAY), -1);
    assert!(!tls.changed());
    write(folder.path(), 21);
    tls.reload().unwrap();
    assert_eq!(tls.days_left(now), 20);
}

#[test]
fn what_cannot_be_used_is_refused_and_the_one_before_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    assert!(matches!(Tls::open(&cert, &key), Err(TlsError::File(..))));
    write(folder.path(), 11);
    let tls = Tls::open(&cert, &key).unwrap();
    let now = crate::calendar::unix_of("2030-01-01").unwrap();
    // The key of another certificate, as when only one of two files was replaced.
    std::fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Certificate(_))));
    std::fs::write(&cert, "nothing").unwrap();
    assert!(tls.reload().is_err());
    assert_eq!(tls.days_left(now), 10);
}
