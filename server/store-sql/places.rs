//! Places in the log.

use std::collections::BTreeSet;

use mpp_store::{ChangeRow, Cursor, Hash, Id};

/// The place of each change that is not logged yet, in their order, and where the log stands behind them.
pub fn places<'c>(
    mut logged: BTreeSet<(Id, Hash)>,
    changes: &[&'c ChangeRow],
    before: Cursor,
) -> (Vec<(&'c ChangeRow, Cursor)>, Cursor) {
    let mut cursor = before;
    let mut new = Vec::with_capacity(changes.len());
    for change in changes {
        if logged.insert((change.document, change.hash)) {
            cursor = cursor.after(&change.document, &change.hash);
            new.push((*change, cursor));
        }
    }
    (new, cursor)
}
