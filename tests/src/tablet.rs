//! A tablet without a screen: the same core as the real one, a folder instead of a browser, and
//! commands instead of fingers.
//!
//! The way of a record: [`apply`] turns operations into saves, [`journal`] makes them durable,
//! [`frames`] packs and signs them, [`sync`] exchanges them, [`digest`] says what the tablet holds.
//! [`state`] is what the journal means, rebuilt at each start. What an answer brings is taken by `incoming`; `compare` says
//! what to do when both sides differ, by the decisions of [`mpp_sync::caller`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mpp_sync::frame::{PreviousSession, SessionHeader};
use mpp_sync::ids::{DeviceId, SessionId};
use p256::ecdsa::SigningKey;

pub use error::TabletError;

use client::{Client, Login};
use compare::Comparing;
use device::Prepared;
use journal::Journal;
use nodes::{Node, Strangers};
use record::Record;
use state::State;

pub mod apply;
pub mod client;
pub mod commands;
mod compare;
pub mod device;
pub mod digest;
mod enter;
mod erased;
mod error;
mod exchange;
pub mod frames;
mod incoming;
pub mod journal;
mod nodes;
pub mod record;
pub mod state;
pub mod sync;

/// Version that sessions name in their header.
const APP_VERSION: &str = concat!("headless ", env!("CARGO_PKG_VERSION"));

/// How to start a tablet.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where everything is kept.
    pub folder: PathBuf,
    /// The office, without a slash at the end.
    pub url: String,
    /// What people call the tablet.
    pub name: String,
    /// Who signs in.
    pub login: Login,
    /// The day to be prepared for; none means the one that fits today.
    pub day: Option<String>,
}

/// A started tablet.
pub struct Tablet {
    settings: Settings,
    key: SigningKey,
    prepared: Option<Prepared>,
    journal: Journal,
    state: State,
    /// This start's session; it has saves only if the state knows it.
    session: SessionId,
    client: Client,
    claims: Claims,
    comparing: Comparing,
    nodes: BTreeMap<DeviceId, Node>,
    strangers: Strangers,
    torn: u64,
    lost: usize,
    repairs: usize,
    /// The journal may still have contents of documents that were erased since.
    unclean: bool,
}

/// Of which sessions the office is asked what it holds, and whose changes it need not send back.
#[derive(Debug, Default)]
struct Claims {
    /// Every session: at the first exchange of a start, and when the office's storage is another one.
    all: bool,
    /// Those named since everything was last exchanged.
    open: BTreeSet<SessionId>,
    /// The node's marks are other ones: those that are not at the top tier.
    marks_moved: bool,
    /// Those of which a node holds something else: none of their frames is claimed, so that what they name comes whole.
    forked: BTreeSet<SessionId>,
    /// Those of them whose frames were sent all the same.
    sent: BTreeSet<SessionId>,
}

impl Claims {
    /// The node does not know our way of a session. Once our frames were sent it is asked about them again.
    fn note_fork(&mut self, session: SessionId, was_sent: bool) -> Result<(), TabletError> {
        if !self.forked.contains(&session) && self.sent.contains(&session) {
            return Err(TabletError::Forked(session.to_string()));
        }
        if was_sent && self.forked.remove(&session) {
            self.sent.insert(session);
        } else {
            self.forked.insert(session);
        }
        Ok(())
    }
}

impl Tablet {
    /// Opens the folder and reads it. Talks to nobody.
    ///
    /// # Errors
    /// [`TabletError`].
    pub fn open(settings: Settings) -> Result<Self, TabletError> {
        std::fs::create_dir_all(&settings.folder)?;
        let key = device::key(&settings.folder)?;
        let prepared = device::prepared(&settings.folder)?;
        let opened = Journal::open(&settings.folder.join("journal"))?;
        let (mut journal, mut records, torn) = (opened.journal, opened.records, opened.torn);
        erased::clean(&mut journal, &mut records)?;
        let mut state = State::default();
        for record in records {
            state.replay(record);
        }
        state.read_all();
        let client = Client::new(&settings.url)?;
        let session = SessionId(random()?);
        // A change that got lost makes the count another one than what the node will say.
        let lost = state.recount();
        let mut tablet = Self {
            settings,
            key,
            prepared,
            journal,
            state,
            session,
            client,
            claims: Claims { all: true, ..Claims::default() },
            comparing: Comparing::default(),
            nodes: BTreeMap::new(),
            strangers: Strangers::default(),
            torn,
            lost,
            repairs: 0,
            unclean: false,
        };
        tablet.know_office();
        // What an earlier start saved and did not cut is cut now: its session never goes on.
        tablet.cut_frames()?;
        Ok(tablet)
    }

    /// What the tablet knows.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Bytes of a torn last record that this start found and cut off.
    #[must_use]
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Changes that were listed and that this start did not find.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.lost
    }

    /// How often scopes were repaired since the start.
    #[must_use]
    pub fn repairs(&self) -> usize {
        self.repairs
    }

    /// The connection to the office.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The preparation, if there was one.
    #[must_use]
    pub fn prepared(&self) -> Option<&Prepared> {
        self.prepared.as_ref()
    }

    /// Works for another day from the next session on, whatever the office says to it; for tests of
    /// what the office does then.
    pub fn pretend_prepared(&mut self, prepared: Prepared) {
        self.prepared = Some(prepared);
    }

    /// The session of this start.
    #[must_use]
    pub fn own_session(&self) -> SessionId {
        self.session
    }

    /// Goes on in a session that another start began, as a machine does that was copied while it ran; for tests of what
    /// the nodes do then.
    pub fn pretend_session(&mut self, session: SessionId) {
        self.session = session;
    }

    /// The device's id.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId::of_key(&device::public_key(&self.key))
    }

    /// Where everything is kept.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.settings.folder
    }

    /// Signs in and has the tablet prepared, unless that was done at an earlier start.
    ///
    /// # Errors
    /// [`TabletError::Unreachable`] or [`TabletError::Answer`].
    pub async fn prepare(&mut self) -> Result<(), TabletError> {
        if self.prepared.is_some() {
            return Ok(());
        }
        self.client.sign_in(&self.settings.login).await?;
        let wanted = self.settings.day.as_deref();
        let key = device::public_key(&self.key);
        let prepared = self.client.prepare(wanted, &key, &self.settings.name).await?;
        device::keep_prepared(&self.settings.folder, &prepared)?;
        self.prepared = Some(prepared);
        self.know_office();
        Ok(())
    }

    /// Makes records durable, then part of the state.
    fn commit(&mut self, records: Vec<Record>) -> Result<(), TabletError> {
        self.journal.append(&records)?;
        for record in records {
            for document in self.state.replay(record) {
                self.state.read(document);
            }
        }
        Ok(())
    }

    /// The record that begins this start's session, if it has not begun.
    fn session_record(&self, prepared: &Prepared) -> Option<Record> {
        if self.state.session(&self.session).is_some() {
            return None;
        }
        let previous = self.state.sessions().iter().rev().find_map(|session| {
            let head = session.frames.last()?.hash;
            Some(PreviousSession { session: session.id, frames: session.frames.len() as u64, head })
        });
        let header = SessionHeader {
            device: self.device(),
            previous,
            day: Some(prepared.day),
            app_version: APP_VERSION.to_owned(),
            started_at: u64::try_from(crate::clock::unix_now()).unwrap_or_default(),
        };
        Some(Record::Session { session: self.session, header })
    }
}

/// Random bytes from the operating system.
///
/// # Errors
/// [`TabletError::Io`] when it has none.
pub fn random<const N: usize>() -> Result<[u8; N], TabletError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}
