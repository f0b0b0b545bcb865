//! A tablet in memory, on the same core as the real one.

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpp_sync::action::{Context, MadeSave, Register, add_status, issue_ticket, register};
use mpp_sync::document::Document;
use mpp_sync::exchange::{
    BodyReader, ChainClaim, Cursor, Hello, PROTOCOL, PullRequest, ResponseRecord, decode_record,
    encode_request,
};
use mpp_sync::frame::{SessionHeader, cut};
use mpp_sync::ids::{DeviceId, DocumentId, FrameHash, LogId, Rolling, SaveHash, SessionId, sha256};
use mpp_sync::rules::person::Person;
use mpp_sync::rules::status::Status;
use mpp_sync::save::{Entry, Save};
use mpp_sync::view::View;
use p256::ecdsa::SigningKey;
use serde_json::{Value, json};

use super::server::{NOW, Server};

pub const TYPE: &str = "application/vnd.mpp.sync";

pub struct Tablet {
    pub key: SigningKey,
    pub session: SessionId,
    pub device: DeviceId,
    pub label: String,
    pub day: DocumentId,
    pub scopes: Vec<String>,
    pub officer: String,
    counter: u32,
    pub unsent: Vec<Save>,
    saves: u64,
    last_save: Option<SaveHash>,
    /// Every frame that was cut.
    pub frames: Vec<Vec<u8>>,
    /// Their hashes.
    pub hashes: Vec<FrameHash>,
    head: FrameHash,
    /// Everything it wrote or received, by document.
    pub entries: Vec<Entry>,
    pub cursors: Vec<Cursor>,
    pub log: Option<LogId>,
    tickets: u32,
}

impl Tablet {
    /// A tablet with a key, on no day.
    pub fn unprepared(seed: u8, officer: &str, day: DocumentId) -> Self {
        let key = SigningKey::from_slice(&sha256(&[b"tablet", &[seed]])).unwrap();
        let public = key.verifying_key().to_sec1_point(false);
        Self {
            device: DeviceId::of_key(public.as_bytes()),
            key,
            session: SessionId([seed; 16]),
            label: "Z".into(),
            day,
            scopes: Vec::new(),
            officer: officer.into(),
            counter: 0,
            unsent: Vec::new(),
            saves: 0,
            last_save: None,
            frames: Vec::new(),
            hashes: Vec::new(),
            head: FrameHash::NONE,
            entries: Vec::new(),
            cursors: Vec::new(),
            log: None,
            tickets: 0,
        }
    }

    /// A tablet that was prepared at the office.
    pub async fn prepared(server: &Server, cookie: &str, seed: u8, officer: &str, day: DocumentId) -> Self {
        let mut tablet = Self::unprepared(seed, officer, day);
        let (status, body) = tablet.prepare(server, cookie, day).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["device"], tablet.device.to_string());
        body["label"].as_str().unwrap().clone_into(&mut tablet.label);
        tablet.scopes = serde_json::from_value(body["scopes"].clone()).unwrap();
        tablet
    }

    pub async fn prepare(&self, server: &Server, cookie: &str, day: DocumentId) -> (u16, Value) {
        let public = self.key.verifying_key().to_sec1_point(false);
        let body = json!({
            "day": day,
            "device_public_key": URL_SAFE_NO_PAD.encode(public.as_bytes()),
            "device_name": "Tablet uji",
        });
        server.post("/api/field/prepare", cookie, body).await
    }

    fn context(&self) -> Context {
        Context {
            session: self.session,
            counter: self.counter,
            officer: self.officer.clone(),
            device: self.label.clone(),
            at: NOW + i64::try_from(self.saves).unwrap(),
            save_number: self.saves,
            save_previous: self.last_save,
        }
    }

    fn keep(&mut self, made: MadeSave) -> Vec<View> {
        self.counter = made.next_counter;
        self.saves += 1;
        self.last_save = Some(made.save.hash);
        self.entries.extend(made.save.entries.iter().cloned());
        self.unsent.push(made.save);
        made.views
    }

    /// Hands out a ticket; returns the visit and its tracking code.
    pub fn ticket(&mut self) -> (DocumentId, String) {
        self.tickets += 1;
        let random = sha256(&[&self.session.0, &self.tickets.to_be_bytes()])[..8].try_into().unwrap();
        let issued = issue_ticket(&self.context(), &self.day, &self.label, self.tickets, random).unwrap();
        let visit = issued.made.views[0].id();
        self.keep(issued.made);
        (visit, issued.tracking)
    }

    /// Takes an application; returns (resident, application, tracking code).
    pub fn application(&mut self, nik: &str, name: &str) -> (DocumentId, DocumentId, String) {
        let (visit, tracking) = self.ticket();
        let typed = Register {
            service: "DUKCAPIL-02".into(),
            standard: 1,
            applicant: Person {
                nik: Some(nik.into()),
                name: Some(name.into()),
                village: Some("16.04.12.2025".into()),
                phone: Some("081234567890".into()),
                ..Person::default()
            },
            tracking: tracking.clone(),
            ticket: Some(format!("{}-{:03}", self.label, self.tickets)),
            ..Register::default()
        };
        let mut visit = self.open(visit);
        let made = register(&self.context(), &self.day.clone(), Some(&mut visit), None, &typed).unwrap();
        let views = self.keep(made);
        let of = |kind: &str| {
            let mut views = views.iter();
            views.find(|view| view.to_json()["kind"] == kind).map(View::id).unwrap()
        };
        (of("resident"), of("application"), tracking)
    }

    pub fn status(&mut self, application: DocumentId, status: Status, reason: Option<&str>) {
        let mut document = self.open(application);
        let made = add_status(&self.context(), &mut document, status, reason, None).unwrap();
        self.keep(made);
    }

    /// The document from what the tablet wrote and received.
    pub fn open(&self, id: DocumentId) -> Document {
        let own: Vec<&Entry> = self.entries.iter().filter(|entry| entry.document == id).collect();
        let raw: Vec<&[u8]> = own.iter().map(|entry| entry.bytes.as_slice()).collect();
        Document::open(own[0].kind, id, &raw).0
    }

    pub fn header(&self) -> SessionHeader {
        SessionHeader {
            device: self.device,
            previous: None,
            day: Some(self.day),
            app_version: "test".into(),
            started_at: u64::try_from(NOW).unwrap(),
        }
    }

    /// Cuts everything unsent into frames.
    pub fn cut(&mut self) {
        while !self.unsent.is_empty() {
            let number = self.frames.len() as u64;
            let header = (number == 0).then(|| self.header());
            let frame = cut(&self.session, number, &self.head, header.as_ref(), &self.unsent).unwrap();
            self.unsent.drain(..frame.saves_taken);
            self.head = frame.hash;
            self.hashes.push(frame.hash);
            self.frames.push(frame.sign(&self.key));
        }
    }

    pub fn hello(&self) -> Hello {
        let cursors = match self.cursors.as_slice() {
            [] => vec![Cursor { position: 0, rolling: Rolling::START, scopes: self.scopes.clone() }],
            known => known.to_vec(),
        };
        Hello {
            device: self.device,
            day: Some(self.day),
            chains: vec![ChainClaim { session: self.session, frames: self.frames.len() as u64 }],
            pull: (!self.scopes.is_empty()).then_some(PullRequest { log: self.log, cursors }),
            protocol: PROTOCOL,
            flags: 0,
            marks: 0,
        }
    }

    /// Sends these frames and takes in what comes down, until there is no more.
    pub async fn push(&mut self, server: &Server, cookie: &str, frames: &[Vec<u8>]) -> Vec<ResponseRecord> {
        let mut all = Vec::new();
        let mut frames = frames.to_vec();
        loop {
            let body = encode_request(&self.hello(), &frames);
            let records = exchange(server, cookie, Body::from(body)).await.unwrap();
            self.take_in(&records);
            let more = records.contains(&ResponseRecord::End { more: true });
            all.extend(records);
            frames.clear();
            if !more {
                return all;
            }
        }
    }

    /// Cuts and sends everything.
    pub async fn sync(&mut self, server: &Server, cookie: &str) -> Vec<ResponseRecord> {
        self.cut();
        let frames = self.frames.clone();
        self.push(server, cookie, &frames).await
    }

    /// Keeps what came down, whole or not.
    pub fn take_in(&mut self, records: &[ResponseRecord]) {
        for record in records {
            match record {
                ResponseRecord::Welcome(welcome) => self.log = Some(welcome.log),
                ResponseRecord::Changes(changes) => {
                    let cursors = &changes.cursors;
                    for entry in changes.received() {
                        let known =
                            |other: &Entry| (other.document, other.hash) == (entry.document, entry.hash);
                        if !self.entries.iter().any(known) {
                            self.entries.push(entry.clone());
                        }
                    }
                    if !cursors.is_empty() {
                        self.cursors.clone_from(cursors);
                    }
                }
                _ => {}
            }
        }
    }
}

/// One exchange: the records, or the status and code of the refusal.
pub async fn exchange(
    server: &Server,
    cookie: &str,
    body: Body,
) -> Result<Vec<ResponseRecord>, (u16, String)> {
    Ok(decoded(&answer_bytes(server, cookie, body).await?))
}

/// The records that came whole.
pub fn decoded(bytes: &[u8]) -> Vec<ResponseRecord> {
    let records = BodyReader::default().push(bytes).unwrap();
    records.into_iter().filter_map(|(kind, payload)| decode_record(kind, &payload).unwrap()).collect()
}

/// One exchange: the answer's body as it travels, or the status and code of the refusal.
pub async fn answer_bytes(server: &Server, cookie: &str, body: Body) -> Result<Bytes, (u16, String)> {
    let request = Request::post("/sync/v1").header(header::COOKIE, cookie).header(header::CONTENT_TYPE, TYPE);
    let response = server.send(request.body(body).unwrap()).await;
    let status = response.status().as_u16();
    let bytes: Bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    if status != 200 {
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        return Err((status, super::server::code(&body).to_owned()));
    }
    Ok(bytes)
}

/// How many frames the office says it holds of a session.
pub fn held(records: &[ResponseRecord], session: SessionId) -> u64 {
    let holds = records.iter().rev().find_map(|record| match record {
        ResponseRecord::Holds(chains) => Some(chains),
        _ => None,
    });
    holds.into_iter().flatten().find(|chain| chain.session == session).map_or(0, |chain| chain.frames)
}

/// The codes of refused frames.
pub fn refused(records: &[ResponseRecord]) -> Vec<&str> {
    let codes = records.iter().filter_map(|record| match record {
        ResponseRecord::Refused { code, .. } => Some(code.as_str()),
        _ => None,
    });
    codes.collect()
}

/// The notices: (document, code).
pub fn notices(records: &[ResponseRecord]) -> Vec<(DocumentId, &str)> {
    let notices = records.iter().filter_map(|record| match record {
        ResponseRecord::Notice { document, code, .. } => Some((*document, code.as_str())),
        _ => None,
    });
    notices.collect()
}

impl Tablet {
    /// The next save follows this one, whatever was made before.
    pub fn relink(&mut self, last: SaveHash) {
        self.last_save = Some(last);
    }
}

impl Tablet {
    pub fn edit(&mut self, id: DocumentId, key: &str, value: &str) {
        let mut document = self.open(id);
        let edits = vec![(key.to_owned(), Some(mpp_sync::document::Value::from(value)))];
        let made = mpp_sync::action::edit_document(&self.context(), &mut document, &edits).unwrap();
        self.keep(made);
    }
}
