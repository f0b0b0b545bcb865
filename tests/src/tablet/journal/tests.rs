use mpp_sync::caller::{Book, Listing, Name, Page, Signed};
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, LogId};

use super::*;
use crate::tablet::record::Learnt;

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

#[test]
fn a_page_reads_back_with_what_it_lists_its_sums_and_who_signed_it() {
    let name = Name { document: DocumentId([1; 16]), hash: ChangeHash([2; 32]), time: 1_790_000_000 };
    let listing = |scope: &str| Listing { scope: scope.to_owned(), name };
    let (listings, sums) = Book::default().counted(vec![listing("a"), listing("b"), listing("a")]);
    assert_eq!((listings.len(), sums[0].1.count), (2, 1), "what is listed twice counts once");
    let signed = Some(Signed { node: DeviceId([3; 16]), signature: [4; 64] });
    let page = Page { listings, sums, signed };
    let log = LogId([5; 16]);
    let record = Record::Received { log, entries: Vec::new(), cursors: Vec::new(), page };
    assert_eq!(Record::decode(&record.encode()).unwrap(), record);
    let learnt = Record::Learnt(Learnt::Placed { batches: vec![1, 7], log, position: 9 });
    assert_eq!(Record::decode(&learnt.encode()).unwrap(), learnt);
}
