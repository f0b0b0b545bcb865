//! Asks the core about every frame and change of a group. No I/O and no clock: facts in, rows out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use mpp_store::{Accepted, Append, BranchFrameRow, ChainRow, DeviceEventRow, FrameRow, QuarantineRow};
use mpp_sync::check::{AcceptedChange, Role, Writer, check_entry};
use mpp_sync::document::{Document, Refusal, contents_of, session_of, time_of};
use mpp_sync::frame::{Chain, Frame, FrameRefusal, FrameVerdict, check_frame};
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, FrameHash, Kind, SaveHash, SessionId};
use mpp_sync::save::Entry;
use mpp_sync::wire::WireError;

use super::facts::Facts;
use super::{Notice, Outcome};

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
/// The code of what only a hub vouches for.
pub const HUB_ATTESTED: &str = "hub_attested";

/// What to write, and what to tell each sender once it is written.
#[derive(Debug)]
pub struct Judged {
    /// One transaction.
    pub append: Append,
    /// One for each frame.
    pub outcomes: Vec<Outcome>,
}

/// Judges the frames in order, then tries again what is parked.
#[must_use]
pub fn judge(facts: Facts, frames: Vec<Arrived>, offers: Vec<Offered>, now: i64) -> Judged {
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
        basis: None,
    };
    Judged { append, outcomes }
}

/// A document while the group is judged.
struct Open {
    document: Document,
    raw: Vec<Vec<u8>>,
    scopes: BTreeSet<String>,
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
            Err(refusal @ (FrameRefusal::Fork | FrameRefusal::Gap)) => {
                let public_key = known.public_key.clone();
                self.branch(&frame, arrived.bytes, device, &public_key)
                    .unwrap_or_else(|| refused(session, number, refusal.code()))
            }
            Err(refusal) => refused(session, number, refusal.code()),
            Ok(FrameVerdict::Duplicate) => Outcome::Stored { session, number, notices: Vec::new() },
            Ok(FrameVerdict::Next(after)) => {
                self.look_back(&frame, device);
                self.store_frame(&frame, device, &after, arrived.bytes, arrived.officer);
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

    /// Keeps an authentic frame that continues another branch of its session than the one held; `None` when it does not
    /// follow on anything that is here. What it changes waits for a person: which of two writers of one name was meant
    /// cannot be told, and nothing authentic is dropped.
    fn branch(
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
        tracing::warn!(code = "CHAIN_FORKED", session = %frame.session, number = frame.number, "a second branch is kept");
        let held = self.chains.get(&frame.session).map_or(0, |row| row.frames);
        self.event(device, frame.session, "forked", signed(frame.number), held);
        self.branches.push(BranchFrameRow {
            session: frame.session.0,
            hash: after.head.0,
            number: signed(frame.number),
            saves: signed(after.saves),
            last_save: after.last_save.0,
            bytes,
            received_at: self.now,
        });
        let mut notices = Vec::new();
        for entry in frame.entries() {
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

    /// Every place from which a frame of the session may go on: along the chain that is held, and along its branches.
    fn states(&self, session: SessionId, public_key: &[u8]) -> Vec<Chain> {
        let mut chain = Chain::START;
        let mut states = vec![chain];
        let in_group =
            self.frames.iter().filter(|row| row.session == session.0).map(|row| row.bytes.as_slice());
        let past = self.facts.past.get(&session).into_iter().flatten().map(Vec::as_slice);
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
    fn look_back(&mut self, frame: &Frame, device: DeviceId) {
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

    /// Takes back changes that an office had accepted before and that are no longer here. What a hub alone vouches for
    /// waits until its author's frame comes.
    fn offer(&mut self, offered: Offered) {
        for (entry, scopes) in offered.entries {
            let Some(session) = contents_of(&entry.bytes).and_then(session_of) else { continue };
            if !offered.by_office {
                let known =
                    open(&mut self.open, &mut self.facts.documents, &entry).document.knows(&entry.hash);
                let mut parked = self.facts.parked.iter();
                let waits = parked.any(|row| (row.document, row.hash) == (entry.document.0, entry.hash.0));
                if !known && !waits {
                    self.put_aside(&entry, session, OFFERED, HUB_ATTESTED);
                }
                continue;
            }
            match self.check_offered(&entry, session, &scopes) {
                Ok(None) => {}
                Ok(Some(change)) => self.accepted.push(Accepted::new(&change, OFFERED, self.now)),
                Err(refusal) => {
                    let code = self.reason(&entry, refusal);
                    self.put_aside(&entry, session, OFFERED, &code);
                }
            }
        }
    }

    fn put_aside(&mut self, entry: &Entry, session: SessionId, frame: i64, code: &str) -> Notice {
        let row = QuarantineRow {
            document: entry.document.0,
            hash: entry.hash.0,
            kind: i64::from(entry.kind.number()),
            counter: entry.counter.map(i64::from),
            session: session.0,
            frame,
            bytes: entry.bytes.clone(),
            code: code.to_owned(),
            received_at: self.now,
            retried: 0,
        };
        self.aside.insert((entry.document, entry.hash), row);
        Notice { session, document: entry.document, hash: entry.hash, code: code.to_owned() }
    }

    /// Accepts what can be accepted, keeps the rest aside, and says what.
    fn changes(&mut self, frame: &Frame) -> Vec<Notice> {
        let mut notices = Vec::new();
        for entry in frame.entries() {
            match self.check(entry, frame.session) {
                Ok(None) => self.framed.push((entry.document.0, entry.hash.0, signed(frame.number))),
                Ok(Some(change)) => {
                    self.accepted.push(Accepted::new(&change, signed(frame.number), self.now));
                }
                Err(refusal) => {
                    let code = self.reason(entry, refusal);
                    notices.push(self.put_aside(entry, frame.session, signed(frame.number), &code));
                }
            }
        }
        notices
    }

    /// The code to keep. A document that is unknown because its first change is kept aside shares that one's reason:
    /// it is what somebody can do something about.
    fn reason(&self, entry: &Entry, refusal: Refusal) -> String {
        if refusal == Refusal::DocumentUnknown {
            let in_group = self.aside.values();
            let mut aside = in_group.chain(&self.facts.parked);
            let first = aside.find(|row| row.document == entry.document.0 && row.counter.is_some());
            if let Some(first) = first {
                return first.code.clone();
            }
        }
        refusal.code().to_owned()
    }

    /// Asks the core about a change of a frame.
    fn check(&mut self, entry: &Entry, session: SessionId) -> Result<Option<AcceptedChange>, Refusal> {
        let chain = self.chains.get(&session).ok_or(Refusal::NotOwnSession)?;
        let device = DeviceId(chain.device);
        let role = if self.facts.office == Some(device) { Role::Office } else { Role::Tablet };
        // Its frames are kept, since a hub may have confirmed them before it heard of the revocation; none is believed.
        if self.facts.devices.get(&device).is_some_and(|row| row.revoked_at.is_some()) {
            return Err(Refusal::DeviceRevoked);
        }
        let granted = self.facts.granted.get(&device).cloned().unwrap_or_default();
        let writer = Writer { session, role, day: chain.day.map(DocumentId), granted: &granted };
        self.ask(entry, &writer, &[])
    }

    /// Asks the core about a change that an office accepted before: the rights of its writer were looked at then.
    fn check_offered(
        &mut self,
        entry: &Entry,
        session: SessionId,
        scopes: &[String],
    ) -> Result<Option<AcceptedChange>, Refusal> {
        let day = self.chains.get(&session).and_then(|chain| chain.day).map(DocumentId);
        self.ask(entry, &Writer { session, role: Role::Office, day, granted: &[] }, scopes)
    }

    /// Asks the core. A panic of the document engine costs this one change: the document is opened again without it.
    fn ask(
        &mut self,
        entry: &Entry,
        writer: &Writer<'_>,
        scopes: &[String],
    ) -> Result<Option<AcceptedChange>, Refusal> {
        let open = open(&mut self.open, &mut self.facts.documents, entry);
        let mut present = open.scopes.clone();
        present.extend(scopes.iter().cloned());
        let asked =
            catch_unwind(AssertUnwindSafe(|| check_entry(&mut open.document, entry, writer, &present)));
        let Ok(answer) = asked else {
            tracing::error!(code = "APPLY_PANICKED", document = %entry.document, "the document engine panicked");
            let (kind, id) = (open.document.kind(), open.document.id());
            open.document = Document::open(kind, id, &open.raw).0;
            return Err(Refusal::ApplyFailed);
        };
        if let Ok(Some(change)) = &answer {
            open.raw.push(entry.bytes.clone());
            open.scopes = change.scopes().iter().cloned().collect();
        }
        answer
    }

    /// Tries what is parked until nothing more passes; returns what was accepted after all.
    fn retry_parked(&mut self) -> Vec<Notice> {
        let mut waiting = std::mem::take(&mut self.facts.parked);
        let parked_now = self
            .aside
            .values()
            .filter(|row| Refusal::from_code(&row.code).is_some_and(Refusal::may_pass_later));
        waiting.extend(parked_now.cloned());
        let mut lifted = Vec::new();
        loop {
            let before = waiting.len();
            waiting.retain(|row| {
                let Some(entry) = entry_of(row) else { return true };
                let session = SessionId(row.session);
                let asked = if row.frame < 0 {
                    self.check_offered(&entry, session, &[])
                } else {
                    self.check(&entry, session)
                };
                match asked {
                    Err(_) => true,
                    Ok(change) => {
                        self.aside.remove(&(entry.document, entry.hash));
                        self.accepted
                            .extend(change.map(|change| Accepted::new(&change, row.frame, row.received_at)));
                        lifted.push(Notice {
                            session: SessionId(row.session),
                            document: entry.document,
                            hash: entry.hash,
                            code: String::new(),
                        });
                        false
                    }
                }
            });
            if waiting.len() == before || waiting.is_empty() {
                return lifted;
            }
        }
    }
}

/// The document of the entry, opened once per group. One without changes takes the entry's kind.
fn open<'a>(
    open: &'a mut HashMap<DocumentId, Open>,
    known: &mut HashMap<DocumentId, super::facts::KnownDocument>,
    entry: &Entry,
) -> &'a mut Open {
    let found = open.entry(entry.document).or_insert_with(|| match known.remove(&entry.document) {
        Some(known) => {
            let (document, left_out) = Document::open(known.kind, entry.document, &known.raw);
            if !left_out.is_empty() {
                tracing::error!(code = "LOG_NOT_APPLIED", document = %entry.document, count = left_out.len(),
                    "accepted changes no longer apply");
            }
            Open { document, raw: known.raw, scopes: known.scopes }
        }
        None => Open {
            document: Document::new(entry.kind, entry.document),
            raw: Vec::new(),
            scopes: BTreeSet::new(),
        },
    });
    if found.raw.is_empty() && found.document.kind() != entry.kind {
        found.document = Document::new(entry.kind, entry.document);
    }
    found
}

fn chain_of(row: &ChainRow) -> Chain {
    Chain {
        frames: unsigned(row.frames),
        head: FrameHash(row.head_hash),
        saves: unsigned(row.saves),
        last_save: SaveHash(row.last_save),
    }
}

fn entry_of(row: &QuarantineRow) -> Option<Entry> {
    Some(Entry {
        document: DocumentId(row.document),
        kind: Kind::of(u8::try_from(row.kind).ok()?),
        counter: row.counter.and_then(|counter| u32::try_from(counter).ok()),
        hash: ChangeHash(row.hash),
        bytes: row.bytes.clone(),
    })
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
