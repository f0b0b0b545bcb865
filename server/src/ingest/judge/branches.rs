//! Copied and rolled-back tablets: what does not continue the chain that is held.

use mpp_store::{BranchFrameRow, DeviceEventRow, FrameRow};
use mpp_sync::document::{Refusal, contents_of, time_of};
use mpp_sync::frame::{Chain, Frame, FrameVerdict, check_frame};
use mpp_sync::ids::{DeviceId, FrameHash, SaveHash, SessionId};

use super::changes::open;
use super::{Judge, signed, unsigned};
use crate::ingest::Outcome;

impl Judge {
    /// Keeps an authentic frame that continues another branch of its session than the one held; `None` when it does not
    /// follow on anything that is here. What it changes waits for a person: which of two writers of one name was meant
    /// cannot be told, and nothing authentic is dropped.
    pub(super) fn branch(
        &mut self,
        frame: &Frame,
        bytes: Vec<u8>,
        device: DeviceId,
        public_key: &[u8],
    ) -> Option<Outcome> {
        let stored = |notices| Outcome::Stored { session: frame.session, number: frame.number, notices };
        let before = self.states(frame.session, public_key);
        let after =
            before.iter().find_map(|chain| match check_frame(frame, &bytes, chain, None, public_key) {
                Ok(FrameVerdict::Next(after)) => Some(after),
                _ => None,
            })?;
        if before.contains(&after) {
            return Some(stored(Vec::new()));
        }
        if self.mend(frame, &bytes, &after) {
            return Some(stored(self.changes(frame)));
        }
        tracing::warn!(code = "CHAIN_FORKED", session = %frame.session, number = frame.number, "a second branch is kept");
        let held = self.chains.get(&frame.session).map_or(0, |row| row.frames);
        self.event(device, frame.session, "forked", signed(frame.number), held);
        self.branches.push(BranchFrameRow {
            session: frame.session.0,
            hash: after.head.0,
            number: signed(frame.number),
            saves: signed(after.saves),
            last_save: after.last_save.0,
            bytes: self.left_of(frame, bytes),
            received_at: self.now,
        });
        let mut notices = Vec::new();
        for entry in frame.entries() {
            if let Some(said) = self.gone(entry, frame.session) {
                notices.extend(said);
                continue;
            }
            let open = open(&mut self.open, &mut self.facts.documents, entry);
            if !open.document.knows(&entry.hash) {
                notices.push(self.put_aside(
                    entry,
                    frame.session,
                    signed(frame.number),
                    Refusal::ChainForked.code(),
                ));
            }
        }
        Some(stored(notices))
    }

    /// Whether it is the frame that is held under its number, whose row has rotted: it is put right, so that what follows
    /// on it can be told from a second branch again.
    fn mend(&mut self, frame: &Frame, bytes: &[u8], after: &Chain) -> bool {
        let mut rows = self.facts.past.get_mut(&frame.session).into_iter().flatten();
        let held = rows.find(|row| row.number == signed(frame.number) && row.hash == after.head.0);
        let Some(row) = held else { return false };
        tracing::warn!(code = "FRAME_MENDED", session = %frame.session, number = frame.number, "a row had rotted");
        row.bytes = bytes.to_vec();
        let row = row.clone();
        let left = self.left_of(frame, row.bytes.clone());
        self.mended.push(FrameRow { bytes: left, ..row });
        true
    }

    /// Every place from which a frame of the session may go on: along the chain that is held, and along its branches.
    fn states(&self, session: SessionId, public_key: &[u8]) -> Vec<Chain> {
        let mut chain = Chain::START;
        let mut states = vec![chain];
        let in_group =
            self.frames.iter().filter(|row| row.session == session.0).map(|row| row.bytes.as_slice());
        let past = self.facts.past.get(&session).into_iter().flatten().map(|row| row.bytes.as_slice());
        for bytes in past.chain(in_group) {
            let Ok(frame) = Frame::decode(bytes) else { break };
            let Ok(FrameVerdict::Next(next)) = check_frame(&frame, bytes, &chain, None, public_key) else {
                break;
            };
            chain = next;
            states.push(chain);
        }
        let rows = self.facts.branches.iter().chain(&self.branches).filter(|row| row.session == session.0);
        states.extend(rows.map(|row| Chain {
            frames: unsigned(row.number) + 1,
            head: FrameHash(row.hash),
            saves: unsigned(row.saves),
            last_save: SaveHash(row.last_save),
        }));
        states
    }

    fn event(&mut self, device: DeviceId, session: SessionId, kind: &str, claimed: i64, held: i64) {
        let (device, session, kind) = (device.0, session.0, kind.to_owned());
        self.events.push(DeviceEventRow { device, session, kind, claimed, held, at: self.now });
    }

    /// Compares what a new session knows of the one before it with what is held: a device that has forgotten frames which
    /// it wrote before this session began had its storage put back.
    pub(super) fn look_back(&mut self, frame: &Frame, device: DeviceId) {
        let Some(header) = &frame.header else { return };
        let Some(previous) = &header.previous else { return };
        let Some(row) = self.chains.get(&previous.session) else { return };
        if row.device != device.0 || unsigned(row.frames) <= previous.frames {
            return;
        }
        let held = row.frames;
        let forgotten = self.held(previous.session, previous.frames);
        let written = forgotten.and_then(|bytes| Frame::decode(&bytes).ok()).and_then(|frame| {
            frame.entries().filter_map(|entry| contents_of(&entry.bytes)).map(time_of).min()
        });
        // Two sessions of one start run side by side; what the other one wrote since then was not forgotten.
        if written.is_some_and(|at| at < header.started_at) {
            tracing::warn!(code = "STORAGE_ROLLED_BACK", %device, "a tablet has forgotten frames that it wrote");
            self.event(device, previous.session, "rolled_back", signed(previous.frames), held);
        }
    }
}
