//! The day of the tablets: sessions, saves and frames made by the core, signed with each tablet's key.

use mpp_sync::action::{Context, MadeSave, Register, add_status, edit_document, issue_ticket, register};
use mpp_sync::document::{Document, Value};
use mpp_sync::frame::{PreviousSession, SessionHeader, cut};
use mpp_sync::ids::{DeviceId, DocumentId, FrameHash, Kind, SessionId};
use mpp_sync::rules::status::Status;
use mpp_sync::rules::ticket;
use mpp_sync::save::Save;
use p256::ecdsa::SigningKey;

use super::people::{Known, Visitor};
use super::{Day, Dice, GenerateError, Scale};

/// How many of a hundred applications are verified on the spot, and corrected on the spot.
const VERIFIED: u64 = 60;
const CORRECTED: u64 = 10;
/// Seconds between two visitors of a tablet.
const VISIT_SECONDS: i64 = 900;

/// A tablet: its key, and the session before.
#[derive(Debug)]
pub(crate) struct Device {
    /// Signs.
    pub key: SigningKey,
    /// Its id.
    pub id: DeviceId,
    /// Its number, from 0.
    pub index: u32,
    previous: Option<PreviousSession>,
    dice: Dice,
}

impl Device {
    pub fn new(seed: u64, index: u32) -> Result<Self, GenerateError> {
        let mut dice = Dice::new(seed, &[u64::MAX - 1, u64::from(index)]);
        let key = SigningKey::from_slice(&dice.bytes::<32>()).map_err(|_| GenerateError::Missing("a key"))?;
        let id = DeviceId::of_key(key.verifying_key().to_sec1_point(false).as_bytes());
        Ok(Self { key, id, index, previous: None, dice })
    }

    /// The letter on its tickets.
    pub fn letter(&self) -> String {
        ticket::letter(self.index)
    }

    /// Who works with it.
    pub fn officer(&self) -> String {
        format!("petugas-{:02}", self.index + 1)
    }
}

/// A frame that waits for the evening.
#[derive(Debug)]
pub(crate) struct SealedFrame {
    /// Signature included.
    pub bytes: Vec<u8>,
    /// Who is signed in.
    pub officer: String,
}

/// What a day brought.
#[derive(Debug, Default)]
pub(crate) struct Worked {
    /// Each chain's in order.
    pub frames: Vec<SealedFrame>,
    /// The residents as they were typed.
    pub served: Vec<Known>,
    /// The applications.
    pub applications: Vec<DocumentId>,
}

/// Every tablet serves its share of the visitors, in as many sessions as it is started.
pub(crate) fn work(
    devices: &mut [Device],
    day: &Day,
    visitors: Vec<Visitor>,
    scale: Scale,
) -> Result<Worked, GenerateError> {
    let mut worked = Worked::default();
    let mut visitors = visitors.into_iter();
    for device in devices.iter_mut() {
        let mut tickets = 0;
        for start in 0..scale.starts {
            let begin = day.morning + i64::from(start) * 7_200 + i64::from(device.index);
            let mut session = Session::begin(device, day, begin);
            for visitor in visitors.by_ref().take(scale.visitors as usize) {
                tickets += 1;
                session.serve(device, day, tickets, visitor, &mut worked)?;
            }
            session.seal(device, &mut worked)?;
        }
    }
    Ok(worked)
}

/// One start of the app.
struct Session {
    context: Context,
    header: SessionHeader,
    saves: Vec<Save>,
}

impl Session {
    fn begin(device: &mut Device, day: &Day, at: i64) -> Self {
        let id = SessionId(device.dice.bytes());
        let context = Context {
            session: id,
            counter: 0,
            officer: device.officer(),
            device: device.letter(),
            at,
            save_number: 0,
            save_previous: None,
        };
        let header = SessionHeader {
            device: device.id,
            previous: device.previous.clone(),
            day: Some(day.id),
            app_version: "generated".to_owned(),
            started_at: u64::try_from(at).unwrap_or_default(),
        };
        Self { context, header, saves: Vec::new() }
    }

    /// Ticket, application, and often the next status or a correction.
    fn serve(
        &mut self,
        device: &mut Device,
        day: &Day,
        number: u32,
        visitor: Visitor,
        worked: &mut Worked,
    ) -> Result<(), GenerateError> {
        let dice = &mut device.dice;
        let issued = issue_ticket(&self.context, &day.id, &self.context.device, number, dice.bytes())?;
        let mut visit = first_document(&issued.made, Kind::Visit)?;
        self.keep(issued.made);
        let form = form(day, &visitor, issued.ticket, issued.tracking, dice)?;
        let mut known = visitor.known.map(|(id, changes)| Document::open(Kind::Resident, id, &changes).0);
        let taken = register(&self.context, &day.id, Some(&mut visit), known.as_mut(), &form)?;
        let mut application = first_document(&taken, Kind::Application)?;
        let resident = match known {
            Some(known) => known.id(),
            None => first_document(&taken, Kind::Resident)?.id(),
        };
        self.keep(taken);
        if dice.percent(VERIFIED) {
            self.context.at += 120;
            let made = add_status(&self.context, &mut application, Status::Verified, None, None)?;
            self.keep(made);
        }
        if dice.percent(CORRECTED) {
            let edits = vec![("notes".to_owned(), Some(Value::from("Nama di akta berbeda satu huruf.")))];
            let made = edit_document(&self.context, &mut application, &edits)?;
            self.keep(made);
        }
        self.context.at += VISIT_SECONDS;
        worked.served.push(Known { id: resident, person: visitor.person });
        worked.applications.push(application.id());
        Ok(())
    }

    fn keep(&mut self, made: MadeSave) {
        self.context.counter = made.next_counter;
        self.context.save_number = made.save.number + 1;
        self.context.save_previous = Some(made.save.hash);
        self.saves.push(made.save);
    }

    fn seal(self, device: &mut Device, worked: &mut Worked) -> Result<(), GenerateError> {
        let (mut rest, mut number, mut head) = (self.saves.as_slice(), 0, FrameHash::NONE);
        while !rest.is_empty() {
            let header = (number == 0).then_some(&self.header);
            let frame = cut(&self.context.session, number, &head, header, rest)?;
            (head, rest) = (frame.hash, &rest[frame.saves_taken..]);
            number += 1;
            let bytes = frame.sign(&device.key);
            worked.frames.push(SealedFrame { bytes, officer: self.context.officer.clone() });
        }
        if number > 0 {
            let session = self.context.session;
            device.previous = Some(PreviousSession { session, frames: number, head });
        }
        Ok(())
    }
}

/// The document of a kind that a save has just created, opened from it.
fn first_document(made: &MadeSave, kind: Kind) -> Result<Document, GenerateError> {
    let mut created = made.save.entries.iter().filter(|entry| entry.kind == kind && entry.counter.is_some());
    let entry = created.next().ok_or(GenerateError::Missing("a document that was just created"))?;
    Ok(Document::open(kind, entry.document, &[&entry.bytes]).0)
}

fn form(
    day: &Day,
    visitor: &Visitor,
    ticket: String,
    tracking: String,
    dice: &mut Dice,
) -> Result<Register, GenerateError> {
    let service = dice.one_of(&day.services).ok_or(GenerateError::Missing("a service"))?.clone();
    let checks = (0..service.requirements).map(|index| (index.to_string(), dice.percent(85))).collect();
    Ok(Register {
        service: service.code,
        standard: service.version,
        applicant: visitor.person.clone(),
        checks,
        notes: dice.percent(20).then(|| "Berkas lengkap kecuali fotokopi KK.".to_owned()),
        ticket: Some(ticket),
        tracking,
        ..Register::default()
    })
}
