use mpp_store::LoggedChange;

use super::{caught, each};
use mpp_sync::ids::DocumentId;

fn change(document: u8) -> LoggedChange {
    LoggedChange {
        position: 1,
        document: [document; 16],
        hash: [0; 32],
        kind: 1,
        counter: Some(0),
        session: [0; 16],
        frame: 0,
        seq: 1,
        bytes: vec![document],
        received_at: 0,
    }
}

#[test]
fn a_document_the_engine_panics_over_costs_no_other_document_its_view() {
    let changes = vec![change(1), change(2), change(3)];
    let read = each(changes, |_, document, raw| {
        assert_ne!(document, DocumentId([2; 16]), "as the engine would");
        Some(raw[0][0])
    });
    assert_eq!(read, [1, 3]);
}

#[test]
fn residents_that_cannot_be_grouped_are_passed_over() {
    let grouped: Option<()> = caught(DocumentId([1; 16]), || panic!("as the engine would"));
    assert_eq!(grouped, None);
    assert_eq!(caught(DocumentId([1; 16]), || 7), Some(7));
}
