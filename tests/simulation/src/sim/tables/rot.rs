//! Rows whose bytes are no longer what was written.

use mpp_store::{Hash, Id, Mended};

use super::{Rotted, Tables};

impl Tables {
    pub(super) fn rot(&mut self, what: Rotted) {
        match what {
            Rotted::Change(name, at) => {
                if let Some(bytes) = self.bytes_of(&name) {
                    flip(bytes, at);
                    self.rotten.insert(name);
                }
            }
            Rotted::Frame(name, at) => {
                if let Some(row) = self.frames.get_mut(&name) {
                    flip(&mut row.bytes, at);
                    self.rotten_frames.insert(name);
                }
            }
        }
    }

    pub(super) fn mend(&mut self, changes: &[Mended]) {
        for (document, hash, right) in changes {
            let name = (*document, *hash);
            if let Some(bytes) = self.bytes_of(&name) {
                bytes.clone_from(right);
                self.rotten.remove(&name);
            }
        }
    }

    fn bytes_of(&mut self, name: &(Id, Hash)) -> Option<&mut Vec<u8>> {
        let logged = self.known.get(name).map(|index| &mut self.log[*index].bytes);
        logged
            .or_else(|| self.quarantine.get_mut(name).map(|row| &mut row.bytes))
            .filter(|bytes| !bytes.is_empty())
    }

    /// The session and the frame that a change came in.
    #[must_use]
    pub fn place_of(&self, name: &(Id, Hash)) -> Option<(Id, i64)> {
        let logged = self.known.get(name).map(|index| (self.log[*index].session, self.log[*index].frame));
        logged.or_else(|| self.quarantine.get(name).map(|row| (row.session, row.frame)))
    }

    /// Whether a change is here as it was written, or can be made so; at a hub, whether it can be handed on, too.
    #[must_use]
    pub fn keeps(&self, name: &(Id, Hash), hub: bool) -> bool {
        let Some((session, frame)) = self.place_of(name) else { return false };
        let rotten = |frames: std::ops::RangeInclusive<i64>| {
            self.rotten_frames.range((session, *frames.start())..=(session, *frames.end())).next().is_some()
        };
        let readable = !self.rotten.contains(name) || (frame >= 0 && !rotten(frame..=frame));
        readable && !(hub && rotten(0..=frame.max(0)))
    }
}

fn flip(bytes: &mut [u8], at: usize) {
    let length = bytes.len();
    if let Some(byte) = bytes.get_mut(at % length.max(1)) {
        *byte ^= 1 << (at % 8);
    }
}
