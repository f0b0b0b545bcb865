//! Any number of registrations as signed frames, without a journal: what a test or the bench hands to
//! a real office to fill it.
//!
//! The people are those of the service day, each with a NIK and a name of their own, so that the bytes
//! are as repetitive as real ones and no more. The same seed gives the same people; ids and signatures
//! differ from run to run.

use std::time::Duration;

use mpp_sync::action::{ActionError, Context, MadeSave, issue_ticket, register};
use mpp_sync::exchange::{ChainClaim, Hello, encode_request};
use mpp_sync::frame::{SessionHeader, cut};
use mpp_sync::ids::{FrameHash, SaveHash, SessionId};
use mpp_sync::rules::tracking;
use mpp_sync::save::Save;
use p256::ecdsa::SigningKey;

use crate::dice::Dice;
use crate::operations::{Operation, OperationsError, Registration, parse, unix_of};
use crate::tablet::apply::{after, form_of, ticket_parts, visit_of};
use crate::tablet::client::Client;
use crate::tablet::device::Prepared;
use crate::tablet::{TabletError, random};

const SERVICE_DAY: &str = include_str!("../data/service-day.jsonl");
/// Raw bytes of the frames in one body.
const BODY_BYTES: usize = 1024 * 1024;
/// Documents of one registration: the visit, the resident and the application.
pub const DOCUMENTS_EACH: usize = 3;
/// Changes of one registration: one for each document, and the visit learns who came.
pub const CHANGES_EACH: usize = 4;
/// How long an office that is busy is asked again.
const PATIENCE: Duration = Duration::from_mins(1);

/// What goes wrong while generating.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The service day does not read.
    #[error("{0}")]
    Operations(#[from] OperationsError),
    /// The rules do not allow a registration.
    #[error("{0}")]
    Action(#[from] ActionError),
    /// The tablet's own error.
    #[error("{0}")]
    Tablet(#[from] TabletError),
    /// A number is out of range, or a frame cannot be cut; carries what.
    #[error("{0}")]
    Other(String),
}

/// One start of a device that writes registrations and packs them.
pub struct Generator {
    session: SessionId,
    key: SigningKey,
    prepared: Prepared,
    officer: String,
    people: Vec<Registration>,
    dice: Dice,
    made: u32,
    counter: u32,
    last_save: Option<(u64, SaveHash)>,
    frames: u64,
    head: FrameHash,
}

/// A frame and the raw changes in it, in order.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Signature included.
    pub frame: Vec<u8>,
    /// The raw changes.
    pub changes: Vec<Vec<u8>>,
}

impl Generator {
    /// A new session of a device that was prepared with this key.
    ///
    /// # Errors
    /// [`GenerateError`].
    pub fn new(key: SigningKey, prepared: Prepared, officer: &str, seed: u64) -> Result<Self, GenerateError> {
        let people = parse(SERVICE_DAY)?.into_iter().filter_map(|operation| match operation {
            Operation::Register(typed) if typed.ticket.is_some() => Some(*typed),
            _ => None,
        });
        Ok(Self {
            session: SessionId(random()?),
            key,
            prepared,
            officer: officer.to_owned(),
            people: people.collect(),
            dice: Dice::seeded(seed),
            made: 0,
            counter: 0,
            last_save: None,
            frames: 0,
            head: FrameHash::NONE,
        })
    }

    /// The next frame, with this many registrations: 4 are 16 changes.
    ///
    /// # Errors
    /// [`GenerateError`].
    pub fn frame(&mut self, registrations: usize) -> Result<Generated, GenerateError> {
        let mut saves: Vec<Save> = Vec::new();
        for _ in 0..registrations {
            saves.extend(self.registration()?.into_iter().map(|made| made.save));
        }
        let header = SessionHeader {
            device: self.prepared.device,
            previous: None,
            day: Some(self.prepared.day),
            app_version: "generator".to_owned(),
            started_at: 0,
        };
        let header = (self.frames == 0).then_some(&header);
        let cut = cut(&self.session, self.frames, &self.head, header, &saves)
            .map_err(|error| GenerateError::Other(error.to_string()))?;
        if cut.saves_taken != saves.len() {
            return Err(GenerateError::Other(format!(
                "{registrations} registrations fill more than a frame"
            )));
        }
        self.head = cut.hash;
        self.frames += 1;
        let changes = saves.into_iter().flat_map(|save| save.entries).map(|entry| entry.bytes);
        Ok(Generated { changes: changes.collect(), frame: cut.sign(&self.key) })
    }

    /// What a body says first.
    #[must_use]
    pub fn hello(&self) -> Hello {
        Hello {
            device: self.prepared.device,
            day: Some(self.prepared.day),
            chains: vec![ChainClaim { session: self.session, frames: self.frames }],
            ..Hello::default()
        }
    }

    /// Posts frames to the office in large bodies and waits for each answer.
    ///
    /// # Errors
    /// [`GenerateError`] when the office refuses or cannot be reached.
    pub async fn post(&self, client: &mut Client, frames: &[Generated]) -> Result<(), GenerateError> {
        let mut rest = frames;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |one: &&Generated| {
                bytes += one.frame.len();
                bytes <= BODY_BYTES
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let body: Vec<&[u8]> = rest[..count].iter().map(|one| one.frame.as_slice()).collect();
            let mut answer = client.exchange(encode_request(&self.hello(), &body)).await?;
            let all = async {
                while client.next_piece(&mut answer).await?.is_some() {}
                Ok(())
            };
            let read: Result<(), TabletError> =
                tokio::time::timeout(PATIENCE, all).await.unwrap_or(Err(TabletError::Timeout));
            read?;
            rest = &rest[count..];
        }
        Ok(())
    }

    fn registration(&mut self) -> Result<Vec<MadeSave>, GenerateError> {
        let typed = self.next_person();
        let unreadable = || GenerateError::Other(format!("{} does not read", typed.reference));
        let at = unix_of(&typed.at).ok_or_else(unreadable)?;
        let (_, number) = typed.ticket.as_deref().and_then(ticket_parts).ok_or_else(unreadable)?;
        let number = number + self.made;
        let random = random::<8>()?;
        let context = Context {
            session: self.session,
            counter: self.counter,
            officer: self.officer.clone(),
            device: self.prepared.letter.clone(),
            at,
            save_number: self.last_save.map_or(0, |(number, _)| number + 1),
            save_previous: self.last_save.map(|(_, hash)| hash),
        };
        let issued = issue_ticket(&context, &self.prepared.day, &self.prepared.letter, number, random)?;
        let mut form = form_of(&typed, 1);
        form.tracking = tracking::from_random(random);
        form.ticket = Some(issued.ticket.clone());
        let mut visit = visit_of(&issued);
        let context = after(&context, &issued.made);
        let taken = register(&context, &self.prepared.day, visit.as_mut(), None, &form)?;
        self.counter = taken.next_counter;
        self.last_save = Some((taken.save.number, taken.save.hash));
        self.made += 1;
        Ok(vec![issued.made, taken])
    }

    /// Somebody of the service day under another name and number.
    fn next_person(&mut self) -> Registration {
        let index = usize::try_from(self.made).unwrap_or(0) % self.people.len().max(1);
        let mut typed = self.people[index].clone();
        let other = self.dice.between(0, self.people.len() as u64);
        let other = &self.people[usize::try_from(other).unwrap_or(0)].applicant.name;
        let family = other.split_whitespace().last().unwrap_or_default();
        typed.applicant.name = format!("{} {family}", typed.applicant.name);
        if let Some(nik) = &mut typed.applicant.nik {
            let serial = format!("{:04}", self.dice.between(1, 10_000));
            nik.replace_range(12.., &serial);
        }
        typed.reference = format!("generated-{}", self.made);
        typed
    }
}
