//! The logs that this one goes on from: a restored backup is a new log, and says up to where it is the old one.

use mpp_store::{Cursor, Store, StoreError};
use mpp_sync::exchange::{self, PullRequest};
use mpp_sync::ids::{LogId, Rolling};
use mpp_sync::limits::ANCESTORS_MAX;
use serde::{Deserialize, Serialize};

/// The key of the store's value: a JSON list, the nearest ancestor last.
pub const LINEAGE: &str = "lineage";

/// A log, up to where this one is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// Its id.
    pub log: LogId,
    /// The last position that both have.
    pub position: i64,
    /// The rolling hash there.
    pub rolling: Rolling,
}

/// All ancestors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage(Vec<Ancestor>);

impl Lineage {
    /// What the store says of itself.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the value cannot be read.
    pub async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let Some(text) = store.value(LINEAGE).await? else { return Ok(Self::default()) };
        serde_json::from_str(&text).map(Self).map_err(|_| StoreError::Corrupt(LINEAGE))
    }

    /// Whether this log goes on from that one.
    #[must_use]
    pub fn names(&self, log: LogId) -> bool {
        self.0.iter().any(|ancestor| ancestor.log == log)
    }

    /// What a caller that asks for this has to know: all ancestors, unless it stands in the log `ours` or in none.
    #[must_use]
    pub fn told_to(&self, pull: Option<&PullRequest>, ours: LogId) -> Vec<exchange::Ancestor> {
        if pull.is_some_and(|pull| pull.log.is_none_or(|log| log == ours)) {
            return Vec::new();
        }
        let last = self.0.len().saturating_sub(ANCESTORS_MAX);
        let told = self.0[last..].iter().map(|ancestor| exchange::Ancestor {
            log: ancestor.log,
            position: u64::try_from(ancestor.position).unwrap_or(0),
            rolling: ancestor.rolling,
        });
        told.collect()
    }

    /// What a cursor of the log `theirs` is worth in the log `ours`: itself in the same log and in an ancestor up to where
    /// they part, the place where they part beyond that, else the beginning. Whether it belongs there at all is shown by
    /// its rolling hash, which the store compares.
    #[must_use]
    pub fn cursor(&self, ours: LogId, theirs: Option<LogId>, cursor: Cursor) -> Cursor {
        if theirs == Some(ours) {
            return cursor;
        }
        let ancestor = self.0.iter().rev().find(|ancestor| Some(ancestor.log) == theirs);
        match ancestor {
            None => Cursor::default(),
            Some(ancestor) if cursor.position <= ancestor.position => cursor,
            Some(ancestor) => Cursor { position: ancestor.position, rolling: ancestor.rolling.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_an_ancestor_counts_up_to_where_the_logs_part() {
        let (ours, old, other) = (LogId([1; 16]), LogId([2; 16]), LogId([3; 16]));
        let lineage = Lineage(vec![Ancestor { log: old, position: 10, rolling: Rolling([7; 8]) }]);
        let at = |position| Cursor { position, rolling: [5; 8] };
        assert_eq!(lineage.cursor(ours, Some(ours), at(99)), at(99));
        assert_eq!(lineage.cursor(ours, Some(old), at(9)), at(9));
        assert_eq!(lineage.cursor(ours, Some(old), at(11)), Cursor { position: 10, rolling: [7; 8] });
        assert_eq!(lineage.cursor(ours, Some(other), at(9)), Cursor::default());
        assert_eq!(lineage.cursor(ours, None, at(0)), Cursor::default());
        let standing = |log| PullRequest { log, cursors: Vec::new() };
        let told = |log| lineage.told_to(Some(&standing(log)), ours).len();
        assert_eq!((told(Some(ours)), told(None), told(Some(other)), told(Some(old))), (0, 0, 1, 1));
        assert_eq!(lineage.told_to(None, ours)[0].position, 10);
        assert!(lineage.names(old) && !lineage.names(ours));
    }

    #[test]
    fn the_value_is_a_list_of_logs() {
        let text =
            r#"[{"log":"02020202020202020202020202020202","position":10,"rolling":"0707070707070707"}]"#;
        let read: Vec<Ancestor> = serde_json::from_str(text).unwrap();
        assert_eq!(read[0].rolling, Rolling([7; 8]));
    }
}
