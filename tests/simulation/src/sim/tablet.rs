//! A tablet: the calls of the core that the page makes, over the modelled disk.

mod answer;
mod compare;
mod exchange;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpp_sync::action::{Context, MadeSave, Register, add_status, edit_document, issue_ticket, register};
use mpp_sync::document::Value;
use mpp_sync::frame::{PreviousSession, SessionHeader, cut};
use mpp_sync::ids::{DeviceId, DocumentId, FrameHash, Kind, LogId, SessionId};
use mpp_sync::rules::person::Person;
use mpp_sync::rules::status::Status;
use mpp_sync::trust::Grant;
use p256::ecdsa::SigningKey;

use compare::Comparing;
pub use exchange::Exchanged;
pub use state::{Row, State, key_of};

use super::Planted;
use super::disk::{Disk, PowerCut};
use crate::rng::Rng;

/// Which sessions are named to a node, and how.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Every one: after a start, and when the node's storage is another one.
    pub all: bool,
    /// Those named since everything was last exchanged.
    pub open: BTreeSet<SessionId>,
    /// Those of which the node holds something else: none of their frames is claimed, so that what they name comes whole.
    pub forked: BTreeSet<SessionId>,
}

impl Default for Claims {
    fn default() -> Self {
        Self { all: true, open: BTreeSet::new(), forked: BTreeSet::new() }
    }
}

/// A tablet.
#[derive(Debug, Clone)]
pub struct Tablet {
    pub name: String,
    pub key: SigningKey,
    pub device: DeviceId,
    pub label: String,
    pub day: DocumentId,
    pub scopes: Vec<String>,
    /// Its grants, to show to a node that does not know it.
    pub grants: Vec<Grant>,
    pub disk: Disk<Arc<Row>>,
    pub state: State,
    pub session: SessionId,
    pub app_version: String,
    /// The log that each node answered with last, by the node's number.
    pub met: BTreeMap<usize, LogId>,
    /// What is to be said to each node of the sessions.
    pub claims: BTreeMap<usize, Claims>,
    /// How far the comparison with each node has come.
    comparing: BTreeMap<usize, Comparing>,
    /// Sessions of which a node refused a frame: nothing more of them is sent before the next start.
    pub stuck: BTreeSet<SessionId>,
    pub clock: i64,
    pub planted: Planted,
    /// A planted fault's tablet cuts frames in memory only.
    frames_in_memory: bool,
    /// Nobody works with it any more: evicted, replaced.
    pub gone: bool,
    pub revoked: bool,
}

impl Tablet {
    pub fn new(
        name: String,
        key: SigningKey,
        label: String,
        day: DocumentId,
        scopes: Vec<String>,
        rng: &mut Rng,
    ) -> Self {
        let public = key.verifying_key().to_sec1_point(false);
        let device = DeviceId::of_key(public.as_bytes());
        Self {
            name,
            key,
            device,
            label,
            day,
            scopes,
            grants: Vec::new(),
            disk: Disk::default(),
            state: State::default(),
            session: SessionId(rng.bytes()),
            app_version: "1".to_owned(),
            met: BTreeMap::new(),
            claims: BTreeMap::new(),
            comparing: BTreeMap::new(),
            stuck: BTreeSet::new(),
            clock: 1_800_000_000,
            planted: Planted::Nothing,
            frames_in_memory: false,
            gone: false,
            revoked: false,
        }
    }

    fn commit(&mut self, rows: Vec<Row>) -> Result<(), PowerCut> {
        let rows: Vec<Arc<Row>> = rows.into_iter().map(Arc::new).collect();
        for row in &rows {
            self.disk.write(row.clone())?;
        }
        self.disk.flush()?;
        for row in rows {
            self.state.replay(&row);
        }
        Ok(())
    }

    /// Starts again: reads the disk, begins a new session, cuts what an earlier one left.
    pub fn start(&mut self, rng: &mut Rng) -> Result<(), PowerCut> {
        self.disk.power_on(rng);
        self.state = State::of(self.disk.rows());
        // A change that got lost makes the count another one than what the nodes will say.
        self.state.recount();
        self.session = SessionId(rng.bytes());
        self.claims.clear();
        self.comparing.clear();
        self.stuck.clear();
        self.cut_frames()
    }

    fn context(&self) -> Context {
        let session = self.state.session(self.session);
        Context {
            session: self.session,
            counter: session.map_or(0, |session| session.next_counter),
            officer: "rina".to_owned(),
            device: self.label.clone(),
            at: self.clock,
            save_number: session.map_or(0, |session| session.saves),
            save_previous: session.and_then(|session| session.last_save),
        }
    }

    /// Writes something a person would; false when there was nothing to write on.
    pub fn act(&mut self, rng: &mut Rng, village: &str) -> Result<bool, PowerCut> {
        if self.claims.values().any(|claims| claims.forked.contains(&self.session)) {
            self.session = SessionId(rng.bytes());
        }
        let context = self.context();
        let Some(made) = self.make(rng, &context, village) else { return Ok(false) };
        let mut rows = Vec::new();
        if self.state.session(self.session).is_none() {
            rows.push(Row::Session { session: self.session, header: self.header() });
        }
        rows.push(Row::Save { session: self.session, next_counter: made.next_counter, save: made.save });
        self.commit(rows).map(|()| true)
    }

    fn make(&self, rng: &mut Rng, context: &Context, village: &str) -> Option<MadeSave> {
        let kinds: Vec<&DocumentId> = self.state.documents.keys().collect();
        let some = rng.pick(&kinds).and_then(|id| self.state.open(id));
        let number = rng.below(1_000);
        match (rng.below(10), some) {
            (0..=2, _) | (_, None) => {
                let number = u32::try_from(number).unwrap_or(0) + 1;
                Some(issue_ticket(context, &self.day, &self.label, number, rng.bytes()).ok()?.made)
            }
            (3..=4, _) => {
                let applicant = Person {
                    nik: Some("1604104112019901".to_owned()),
                    name: Some(format!("Sulastri {}", ["Sari", "Dewi", "Putri"][number % 3])),
                    village: Some(village.to_owned()),
                    ..Person::default()
                };
                let typed = Register { service: "DUKCAPIL-02".to_owned(), applicant, ..Register::default() };
                register(context, &self.day, None, None, &typed).ok()
            }
            (5..=6, Some(mut document)) if document.kind() == Kind::Application => {
                let statuses = [Status::Verified, Status::InProcess, Status::Ready];
                add_status(context, &mut document, statuses[number % 3], None, None).ok()
            }
            (_, Some(mut document)) => {
                let (key, value) = match document.kind() {
                    Kind::Resident => ("village", [village, "16.04.10.2009"][number % 2].to_owned()),
                    _ => ("notes", format!("catatan {number}")),
                };
                edit_document(context, &mut document, &vec![(key.to_owned(), Some(Value::from(value)))]).ok()
            }
        }
    }

    fn header(&self) -> SessionHeader {
        let previous = self.state.sessions.iter().rev().find_map(|session| {
            let (head, _) = session.frames.last()?;
            Some(PreviousSession { session: session.id, frames: session.frames.len() as u64, head: *head })
        });
        SessionHeader {
            device: self.device,
            previous,
            day: Some(self.day),
            app_version: self.app_version.clone(),
            started_at: u64::try_from(self.clock).unwrap_or(0),
        }
    }

    /// Packs every save that is in no frame yet; durable before the first byte is sent.
    pub fn cut_frames(&mut self) -> Result<(), PowerCut> {
        let mut rows = Vec::new();
        for session in &self.state.sessions {
            let mut rest = session.waiting.as_slice();
            let mut number = session.frames.len() as u64;
            let mut previous = session.frames.last().map_or(FrameHash::NONE, |(hash, _)| *hash);
            while !rest.is_empty() {
                let header = (number == 0).then_some(&session.header);
                let Ok(frame) = cut(&session.id, number, &previous, header, rest) else { break };
                let (hash, saves) = (frame.hash, frame.saves_taken);
                let bytes = frame.sign(&self.key);
                rows.push(Row::Frame { session: session.id, hash, saves, bytes });
                rest = &rest[saves..];
                (previous, number) = (hash, number + 1);
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        if self.planted == Planted::FramesSentBeforeDurable {
            self.frames_in_memory = true;
            for row in &rows {
                self.state.replay(row);
            }
            return Ok(());
        }
        self.commit(rows)
    }
}
