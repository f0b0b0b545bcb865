//! The ways that a session went on: the chain that is held, and beside it what a copied tablet wrote under the same name.

use mpp_store::{BranchFrameRow, Store, StoreError};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{FrameHash, FramePrefix, SessionId};

/// A frame of a second way.
#[derive(Debug)]
struct Beside {
    hash: FrameHash,
    frames: u64,
    previous: FramePrefix,
}

/// All ways of one session.
#[derive(Debug)]
pub struct Ways {
    chain: Vec<FrameHash>,
    beside: Vec<Beside>,
}

/// One way, from the first frame on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The hashes of its frames.
    pub hashes: Vec<FrameHash>,
    /// How many of them are those of the chain that is held.
    pub shared: usize,
}

impl Way {
    /// What tells this way from the others: the first frame that is not in the chain; none for the chain itself.
    #[must_use]
    pub fn parts_at(&self) -> Option<FrameHash> {
        self.hashes.get(self.shared).copied()
    }
}

impl Ways {
    /// Reads them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn of(store: &dyn Store, session: SessionId) -> Result<Self, StoreError> {
        let chain = store.frame_hashes(session.0).await?.into_iter().map(FrameHash).collect();
        Ok(Self { chain, beside: read(&store.branch_frames(&[session.0]).await?) })
    }

    /// The chain first, then each second way to its end.
    #[must_use]
    pub fn all(&self) -> Vec<Way> {
        let chain = Way { hashes: self.chain.clone(), shared: self.chain.len() };
        let ends = ends_of(&self.beside);
        let ways = ends.filter_map(|end| self.along(end.frames, end.hash.prefix()));
        std::iter::once(chain).chain(ways).collect()
    }

    /// What leads to the frame with this hash as the last of so many; none when it is not here.
    #[must_use]
    pub fn along(&self, frames: u64, head: FramePrefix) -> Option<Way> {
        let (mut frames, mut head, mut beside) = (frames, head, Vec::new());
        loop {
            let Some(last) = frames.checked_sub(1) else {
                return Some(self.way(0, beside));
            };
            let shared = usize::try_from(frames).ok()?;
            if usize::try_from(last).ok().and_then(|last| self.chain.get(last)).map(FrameHash::prefix)
                == Some(head)
            {
                return Some(self.way(shared, beside));
            }
            let found = self.beside.iter().find(|row| row.frames == frames && row.hash.prefix() == head)?;
            beside.push(found.hash);
            (frames, head) = (last, found.previous);
        }
    }

    fn way(&self, shared: usize, beside: Vec<FrameHash>) -> Way {
        let chain = self.chain.iter().take(shared).copied();
        Way { hashes: chain.chain(beside.into_iter().rev()).collect(), shared }
    }
}

/// The ends of second ways of any sessions: session, number of frames, last frame.
#[must_use]
pub fn ends(rows: &[BranchFrameRow]) -> Vec<(SessionId, u64, FrameHash)> {
    let mut found = Vec::new();
    for of_session in rows.chunk_by(|one, other| one.session == other.session) {
        let beside = read(of_session);
        let session = of_session.first().map_or(SessionId([0; 16]), |row| SessionId(row.session));
        found.extend(ends_of(&beside).map(|end| (session, end.frames, end.hash)));
    }
    found
}

fn read(rows: &[BranchFrameRow]) -> Vec<Beside> {
    let beside = |row: &BranchFrameRow| {
        let previous = Frame::decode(&row.bytes).ok()?.previous;
        Some(Beside { hash: FrameHash(row.hash), frames: u64::try_from(row.number).ok()? + 1, previous })
    };
    rows.iter().filter_map(beside).collect()
}

fn ends_of(beside: &[Beside]) -> impl Iterator<Item = &Beside> {
    beside.iter().filter(|row| {
        let head = row.hash.prefix();
        !beside.iter().any(|other| other.frames == row.frames + 1 && other.previous == head)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> FrameHash {
        FrameHash([n; 32])
    }

    fn beside(n: u8, frames: u64, previous: u8) -> Beside {
        Beside { hash: hash(n), frames, previous: hash(previous).prefix() }
    }

    #[test]
    fn every_way_is_followed_back_to_where_it_parted() {
        let beside = vec![beside(11, 2, 1), beside(12, 3, 11), beside(21, 3, 2), beside(31, 1, 0)];
        let ways = Ways { chain: vec![hash(1), hash(2), hash(3)], beside };
        let way = |hashes: &[u8], shared| Way { hashes: hashes.iter().map(|n| hash(*n)).collect(), shared };
        assert_eq!(ways.along(2, hash(2).prefix()), Some(way(&[1, 2], 2)));
        assert_eq!(ways.along(3, hash(12).prefix()), Some(way(&[1, 11, 12], 1)));
        assert_eq!(ways.along(1, hash(31).prefix()), Some(way(&[31], 0)));
        assert_eq!(ways.along(2, hash(12).prefix()), None, "that frame has another number");
        assert_eq!(ways.along(9, hash(9).prefix()), None);
        let all = vec![way(&[1, 2, 3], 3), way(&[1, 11, 12], 1), way(&[1, 2, 21], 2), way(&[31], 0)];
        assert_eq!(ways.all(), all);
        let parts: Vec<_> = all.iter().map(Way::parts_at).collect();
        assert_eq!(parts, [None, Some(hash(11)), Some(hash(21)), Some(hash(31))]);
    }
}
