//! Going on in another log: an office that was restored says which logs it goes on from, and up to where.

use serde::{Deserialize, Serialize};

use crate::exchange::{Ancestor, Cursor};
use crate::ids::LogId;

/// How far a log was read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// The log.
    pub log: LogId,
    /// How far its scopes were read.
    pub cursors: Vec<Cursor>,
}

/// Where to go on in a log that was not read before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// The log that it goes on from; what that one listed counts as listed here. None: everything is new.
    pub from: Option<LogId>,
    /// The cursors in the new log.
    pub cursors: Vec<Cursor>,
    /// Whether something was read beyond the place where the two part: the new log may lack it, and is given it back.
    pub forgot: bool,
}

/// What is known is worth in the log `log`, whose `ancestors` the node named, the nearest last. A cursor up to the place
/// where the logs part stands; one beyond it counts as that place.
#[must_use]
pub fn adopt(log: LogId, ancestors: &[Ancestor], known: &[Place]) -> Adopted {
    if known.iter().any(|place| place.log == log) {
        return Adopted::default();
    }
    let nearest = ancestors.iter().rev().find_map(|ancestor| {
        let place = known.iter().find(|place| place.log == ancestor.log)?;
        Some((ancestor, place))
    });
    let Some((ancestor, place)) = nearest else { return Adopted::default() };
    let worth = |cursor: &Cursor| {
        let scopes = cursor.scopes.clone();
        if cursor.position <= ancestor.position {
            Cursor { scopes, ..*cursor }
        } else {
            Cursor { position: ancestor.position, rolling: ancestor.rolling, scopes }
        }
    };
    Adopted {
        from: Some(place.log),
        cursors: place.cursors.iter().map(worth).collect(),
        forgot: place.cursors.iter().any(|cursor| cursor.position > ancestor.position),
    }
}
