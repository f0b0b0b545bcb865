//! Cutting frames: made durable before the first byte is sent, and never cut again.

use mpp_sync::frame::cut;
use mpp_sync::ids::FrameHash;

use super::record::Record;
use super::{Tablet, TabletError};

impl Tablet {
    /// Packs every save that is in no frame yet. Returns how many frames were cut.
    ///
    /// # Errors
    /// [`TabletError`].
    pub fn cut_frames(&mut self) -> Result<usize, TabletError> {
        let mut records = Vec::new();
        for session in self.state.sessions() {
            let mut rest = session.waiting.as_slice();
            let mut number = session.frames.len() as u64;
            let mut previous = session.frames.last().map_or(FrameHash::NONE, |frame| frame.hash);
            while !rest.is_empty() {
                let header = (number == 0).then_some(&session.header);
                let cut = cut(&session.id, number, &previous, header, rest)?;
                let (hash, taken) = (cut.hash, cut.saves_taken);
                let bytes = cut.sign(&self.key);
                records.push(Record::Frame { session: session.id, number, hash, saves: taken as u64, bytes });
                rest = &rest[taken..];
                previous = hash;
                number += 1;
            }
        }
        let count = records.len();
        if count > 0 {
            self.commit(records)?;
        }
        Ok(count)
    }
}
