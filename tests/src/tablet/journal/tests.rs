use mpp_sync::ids::{ChangeHash, DocumentId};

use super::*;

fn notice(number: u8) -> Record {
    Record::Notice {
        document: DocumentId([number; 16]),
        hash: ChangeHash([number; 32]),
        code: "day_not_granted".to_owned(),
    }
}

fn written(path: &Path) -> Vec<u8> {
    let mut opened = Journal::open(path).unwrap();
    opened.journal.append(&[notice(1), notice(2)]).unwrap();
    opened.journal.append(&[notice(3)]).unwrap();
    drop(opened);
    std::fs::read(path).unwrap()
}

#[test]
fn what_was_appended_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    written(&path);
    let opened = Journal::open(&path).unwrap();
    assert_eq!((opened.records, opened.torn), (vec![notice(1), notice(2), notice(3)], 0));
}

#[test]
fn a_record_torn_at_any_byte_is_cut_off_and_the_ones_before_it_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let bytes = written(&path);
    let record = (bytes.len() - MAGIC.len()) / 3;
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let mut opened = Journal::open(&path).unwrap();
        let whole = length.saturating_sub(MAGIC.len()) / record;
        assert_eq!(opened.records.len(), whole, "cut at {length}");
        opened.journal.append(&[notice(9)]).unwrap();
        drop(opened);
        let again = Journal::open(&path).unwrap();
        assert_eq!(again.records.len(), whole + 1, "cut at {length}");
        assert_eq!(again.records.last(), Some(&notice(9)));
    }
}

#[test]
fn a_broken_last_record_is_torn_and_a_broken_earlier_one_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut bytes = written(&path);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(Journal::open(&path).unwrap().records.len(), 2);
    bytes[MAGIC.len() + HEAD + 3] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(Journal::open(&path), Err(TabletError::Damaged(_))));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing is thrown away");
}

#[test]
fn one_journal_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let first = Journal::open(&path).unwrap();
    assert!(Journal::open(&path).is_err());
    drop(first);
    assert!(Journal::open(&path).is_ok());
}
