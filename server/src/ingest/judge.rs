//! Asks the core about every frame and change of a group. No I/O and no clock: facts in, rows out.

mod branches;
mod changes;
mod offers;
mod parked;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mpp_store::{Accepted, Append, BranchFrameRow, ChainRow, DeviceEventRow, FrameRow, QuarantineRow};
use mpp_sync::check::{AcceptedChange, Writer};
use mpp_sync::document::{Document, Refusal};
use mpp_sync::frame::{Chain, Frame, FrameRefusal, FrameVerdict, check_frame};
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, FrameHash, SaveHash, SessionId};
use mpp_sync::save::Entry;
use mpp_sync::wire::WireError;

use self::changes::Open;
use super::Outcome;
use super::facts::Facts;

/// A frame as it came.
#[derive(Debug)]
pub struct Arrived {
    /// What it says, if it can be read.
    pub frame: Result<Frame, WireError>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Who is signed in on the connection.
    pub officer: String,
}

/// A batch that was given back, its signature verified.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Whether an office signed it; else a hub.
    pub by_office: bool,
    /// The changes, with the scopes they may enter beside those that follow from them.
    pub entries: Vec<(Entry, Vec<String>)>,
}

/// The frame number of what came without its frame.
const OFFERED: i64 = -1;
/// The code of a change of a document that was erased: it is gone, and so is this.
pub const ERASED: &str = "erased";
/// The code of what only a hub vouches for.
pub const HUB_ATTESTED: &str = "hub_attested";

/// The question to the core: [`mpp_sync::check::check_entry`].
pub type Check =
    fn(&mut Document, &Entry, &Writer<'_>, &BTreeSet<String>) -> Result<Option<AcceptedChange>, Refusal>;

/// What to write, and what to tell each sender once it is written.
#[derive(Debug)]
pub struct Judged {
    /// One transaction.
    pub append: Append,
    /// One for each frame.
    pub outcomes: Vec<Outcome>,
    /// Days whose rosters kept somebody out and were not read from the log itself. While there are any, nothing of this
    /// is to be written: the facts are not good enough.
    pub rosters: BTreeSet<DocumentId>,
}

/// Judges the frames in order, then tries again what is parked.
#[must_use]
pub fn judge(facts: Facts, frames: Vec<Arrived>, offers: Vec<Offered>, now: i64, check: Check) -> Judged {
    let mut judge = Judge {
        chains: facts.chains.clone(),
        open: HashMap::new(),
        frames: Vec::new(),
        touched_chains: BTreeSet::new(),
        accepted: Vec::new(),
        aside: BTreeMap::new(),
        framed: Vec::new(),
        branches: Vec::new(),
        events: Vec::new(),
        mended: Vec::new(),
        rosters: BTreeSet::new(),
        check,
        facts,
        now,
    };
    let mut outcomes: Vec<Outcome> = frames.into_iter().map(|arrived| judge.frame(arrived)).collect();
    for offered in offers {
        judge.offer(offered);
    }
    let lifted = judge.retry_parked();
    for outcome in &mut outcomes {
        if let Outcome::Stored { notices, .. } = outcome {
            notices.retain(|notice| {
                !lifted.iter().any(|other| (other.document, other.hash) == (notice.document, notice.hash))
            });
        }
    }
    for notice in lifted {
        let stored = outcomes.iter_mut().find_map(|outcome| match outcome {
            Outcome::Stored { session, notices, .. } if *session == notice.session => Some(notices),
            _ => None,
        });
        if let Some(notices) = stored {
            notices.push(notice);
        }
    }
    let chains =
        judge.touched_chains.iter().filter_map(|session| judge.chains.get(session).cloned()).collect();
    let append = Append {
        chains,
        frames: judge.frames,
        accepted: judge.accepted,
        quarantined: judge.aside.into_values().collect(),
        framed: judge.framed,
        branches: judge.branches,
        events: judge.events,
        mended: judge.mended,
        basis: None,
    };
    Judged { append, outcomes, rosters: judge.rosters }
}

struct Judge {
    facts: Facts,
    now: i64,
    chains: HashMap<SessionId, ChainRow>,
    open: HashMap<DocumentId, Open>,
    frames: Vec<FrameRow>,
    touched_chains: BTreeSet<SessionId>,
    accepted: Vec<Accepted>,
    aside: BTreeMap<(DocumentId, ChangeHash), QuarantineRow>,
    framed: Vec<([u8; 16], [u8; 32], i64)>,
    branches: Vec<BranchFrameRow>,
    events: Vec<DeviceEventRow>,
    mended: Vec<FrameRow>,
    rosters: BTreeSet<DocumentId>,
    check: Check,
}

impl Judge {
    fn frame(&mut self, arrived: Arrived) -> Outcome {
        let frame = match arrived.frame {
            Ok(frame) => frame,
            Err(error) => return refused(SessionId([0; 16]), 0, error.code()),
        };
        let (session, number) = (frame.session, frame.number);
        let row = self.chains.get(&session);
        let device =
            row.map(|row| DeviceId(row.device)).or_else(|| frame.header.as_ref().map(|header| header.device));
        let Some(device) = device else { return refused(session, number, "frame_gap") };
        let Some(known) = self.facts.devices.get(&device) else {
            return refused(session, number, "device_unknown");
        };
        let chain = row.map_or(Chain::START, chain_of);
        let held = self.held(session, number);
        match check_frame(&frame, &arrived.bytes, &chain, held.as_deref(), &known.public_key) {
            // What follows on nothing that is here lacks the frames between, of whichever way.
            Err(FrameRefusal::Fork | FrameRefusal::Gap) => {
                let public_key = known.public_key.clone();
                self.branch(&frame, arrived.bytes, device, &public_key)
                    .unwrap_or_else(|| refused(session, number, FrameRefusal::Gap.code()))
            }
            Err(refusal) => refused(session, number, refusal.code()),
            Ok(FrameVerdict::Duplicate) => Outcome::Stored { session, number, notices: Vec::new() },
            Ok(FrameVerdict::Next(after)) => {
                self.look_back(&frame, device);
                let bytes = self.left_of(&frame, arrived.bytes);
                self.store_frame(&frame, device, &after, bytes, arrived.officer);
                let notices = self.changes(&frame);
                Outcome::Stored { session, number, notices }
            }
        }
    }

    /// The bytes of a frame that is held, in the store or earlier in this group.
    fn held(&self, session: SessionId, number: u64) -> Option<Vec<u8>> {
        let wanted = i64::try_from(number).ok()?;
        let in_group = self.frames.iter().find(|row| row.session == session.0 && row.number == wanted);
        in_group.map(|row| row.bytes.clone()).or_else(|| self.facts.held.get(&(session, number)).cloned())
    }

    fn store_frame(
        &mut self,
        frame: &Frame,
        device: DeviceId,
        after: &Chain,
        bytes: Vec<u8>,
        officer: String,
    ) {
        let changes = frame.entries().count();
        let earlier = self.chains.get(&frame.session).map_or(0, |row| row.changes);
        let header = frame.header.as_ref();
        let row = self.chains.entry(frame.session).or_insert_with(|| ChainRow {
            session: frame.session.0,
            device: device.0,
            header: header.map(mpp_sync::frame::SessionHeader::encode).unwrap_or_default(),
            frames: 0,
            changes: 0,
            head_hash: [0; 32],
            saves: 0,
            last_save: [0; 32],
            day: header.and_then(|header| header.day).map(|day| day.0),
            officer: String::new(),
            last_at: 0,
        });
        row.frames = signed(after.frames);
        row.saves = signed(after.saves);
        row.head_hash = after.head.0;
        row.last_save = after.last_save.0;
        row.changes = earlier + i64::try_from(changes).unwrap_or(i64::MAX);
        // A device or hub that entered by its key names nobody: then it is who was granted the device.
        if !officer.is_empty() {
            row.officer = officer;
        } else if row.officer.is_empty() {
            row.officer = self.facts.officers.get(&device).cloned().unwrap_or_default();
        }
        row.last_at = self.now;
        self.touched_chains.insert(frame.session);
        self.frames.push(FrameRow {
            session: frame.session.0,
            number: signed(frame.number),
            hash: after.head.0,
            bytes,
            received_at: self.now,
        });
    }
}

fn chain_of(row: &ChainRow) -> Chain {
    Chain {
        frames: unsigned(row.frames),
        head: FrameHash(row.head_hash),
        saves: unsigned(row.saves),
        last_save: SaveHash(row.last_save),
    }
}

fn refused(session: SessionId, number: u64, code: &str) -> Outcome {
    Outcome::Refused { session, number, code: code.to_owned() }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
