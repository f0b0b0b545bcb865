//! An office or a hub: the real reader, judge and writer of the exchange over the modelled disk.
//!
//! Only what the server does around them (HTTP, tasks, tables beside the log) is left out.

mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpp_server::ingest::Outcome;
use mpp_server::ingest::judge::{Arrived, judge};
use mpp_store::{Cursor as LogCursor, LoggedChange, PullGroup};
use mpp_sync::check::{EVERYONE, check_entry, day_scope, village_scope};
use mpp_sync::exchange::{
    Changes, Cursor, HeldChain, Hello, Listed, PullRequest, RequestReader, RequestRecord, ResponseRecord,
    ResponseWriter, Welcome,
};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, FrameHash, Kind, LogId, Rolling, SessionId};
use mpp_sync::save::Entry;

use facts::{facts_of, granted_to};

use super::Planted;
use super::disk::PowerCut;
use super::store::MemoryStore;
use super::tables::{Query, Tables};

/// Raw bytes of changes in one record, and in one answer: small, so that pages and cuts happen.
const RECORD_BYTES: usize = 1_200;
const ANSWER_BYTES: usize = 4_000;

/// What came of a request.
#[derive(Debug)]
pub enum Answered {
    /// An answer.
    Body(Vec<u8>),
    /// An error that HTTP would carry.
    Error(&'static str),
    /// The power was cut, or it was off.
    Dead,
}

/// An office or a hub.
#[derive(Debug)]
pub struct Node {
    /// What it keeps.
    pub store: MemoryStore,
    /// Names its storage; new after a restore.
    pub log: LogId,
    /// The office as a device.
    pub office: DeviceId,
    /// Which villages which day serves.
    pub days: Arc<BTreeMap<DocumentId, Vec<String>>>,
    /// Faults planted into this node.
    pub planted: Planted,
    /// The backup that a restore would put back.
    pub backup: usize,
}

#[derive(Default)]
struct Exchange {
    hello: Option<Hello>,
    sessions: BTreeSet<SessionId>,
    refused: Vec<(SessionId, u64, String)>,
    lifted: Vec<(DocumentId, ChangeHash)>,
}

impl Node {
    /// Takes a request as far as it came and answers it if it came whole. Frames that wait together are judged
    /// together, `group` at a time.
    pub fn exchange(&self, body: &[u8], whole: bool, group: usize, at: i64) -> Answered {
        let mut exchange = Exchange::default();
        let mut waiting: Vec<Vec<u8>> = Vec::new();
        let mut reader = RequestReader::default();
        let mut broken = None;
        for piece in body.chunks(512) {
            let Ok(records) = reader.push(piece) else {
                broken = Some("BODY_MALFORMED");
                break;
            };
            for record in records {
                match record {
                    RequestRecord::Hello(hello) => {
                        if let Some(code) = self.unwelcome(&hello) {
                            return Answered::Error(code);
                        }
                        exchange.sessions.extend(hello.chains.iter().map(|chain| chain.session));
                        exchange.hello = Some(hello);
                    }
                    RequestRecord::Frame(bytes) => waiting.push(bytes),
                    _ => {}
                }
            }
            if waiting.len() >= group && self.settle(&mut waiting, &mut exchange, at).is_err() {
                return Answered::Dead;
            }
        }
        if self.settle(&mut waiting, &mut exchange, at).is_err() {
            return Answered::Dead;
        }
        match (broken, exchange.hello.take()) {
            (Some(code), _) => Answered::Error(code),
            (None, Some(hello)) if whole => self.answer(&exchange, &hello, at),
            _ => Answered::Error("BODY_TRUNCATED"),
        }
    }

    fn unwelcome(&self, hello: &Hello) -> Option<&'static str> {
        match self.store.read(|tables| tables.devices.get(&hello.device.0).map(|device| device.revoked_at)) {
            Some(Some(_)) => Some("DEVICE_REVOKED"),
            Some(None) => None,
            None => Some("DEVICE_UNKNOWN"),
        }
    }

    fn settle(&self, waiting: &mut Vec<Vec<u8>>, exchange: &mut Exchange, at: i64) -> Result<(), PowerCut> {
        for outcome in self.commit(std::mem::take(waiting), &[], at)? {
            match outcome {
                Outcome::Stored { session, notices, .. } => {
                    exchange.sessions.insert(session);
                    let lifted = notices.into_iter().filter(|notice| notice.code.is_empty());
                    exchange.lifted.extend(lifted.map(|notice| (notice.document, notice.hash)));
                }
                Outcome::Refused { session, number, code } => exchange.refused.push((session, number, code)),
            }
        }
        Ok(())
    }

    /// Judges frames and writes what comes of it in one transaction.
    ///
    /// # Errors
    /// [`PowerCut`] when the power was cut.
    pub fn commit(
        &self,
        frames: Vec<Vec<u8>>,
        granted: &[DeviceId],
        at: i64,
    ) -> Result<Vec<Outcome>, PowerCut> {
        if frames.is_empty() && granted.is_empty() {
            return Ok(Vec::new());
        }
        let arrived: Vec<Arrived> = frames
            .into_iter()
            .map(|bytes| Arrived { frame: Frame::decode(&bytes), bytes, officer: "rina".to_owned() })
            .collect();
        let facts = self.store.read(|tables| facts_of(tables, &arrived, granted, self.office));
        let mut judged = judge(facts, arrived, Vec::new(), at, check_entry);
        if self.planted == Planted::QuarantineSkipped {
            judged.append.quarantined.clear();
        }
        if !judged.append.is_empty() {
            self.store.append(judged.append)?;
        }
        Ok(judged.outcomes)
    }

    /// What the device may read: everybody's, and the days it was put on.
    #[must_use]
    pub fn scopes_of(&self, device: DeviceId) -> BTreeSet<String> {
        let mut scopes = BTreeSet::from([EVERYONE.to_owned()]);
        let granted = self.store.read(|tables| granted_to(tables, device));
        for day in granted.into_iter().map(|granted| granted.day) {
            scopes.insert(day_scope(&day));
            scopes.extend(self.days.get(&day).into_iter().flatten().map(|village| village_scope(village)));
        }
        scopes
    }

    fn answer(&self, exchange: &Exchange, hello: &Hello, at: i64) -> Answered {
        Answered::Body(self.write_answer(exchange, hello, at))
    }

    fn write_answer(&self, exchange: &Exchange, hello: &Hello, at: i64) -> Vec<u8> {
        let mut writer = ResponseWriter::default();
        writer.record(&ResponseRecord::Welcome(Welcome {
            log: self.log,
            time: u64::try_from(at).unwrap_or(0),
            protocol: hello.common_protocol(),
            ..Welcome::default()
        }));
        let sessions: Vec<[u8; 16]> = exchange.sessions.iter().map(|session| session.0).collect();
        let (mut held, of_device) = self.store.read(|tables| held(tables, &sessions, hello.device));
        let known = self.store.read(|tables| known_to(tables, hello, &held));
        held.extend(known);
        writer.record(&ResponseRecord::Holds(held));
        for (session, number, code) in &exchange.refused {
            writer.record(&ResponseRecord::Refused {
                session: *session,
                number: *number,
                code: code.clone(),
            });
        }
        let mut notices: BTreeMap<(DocumentId, ChangeHash), String> =
            exchange.lifted.iter().map(|named| (*named, String::new())).collect();
        self.store.read(|tables| {
            for row in tables.quarantine.values().filter(|row| of_device.contains(&row.session)) {
                notices.insert((DocumentId(row.document), ChangeHash(row.hash)), row.code.clone());
            }
        });
        for ((document, hash), code) in notices {
            writer.record(&ResponseRecord::Notice { document, hash, code });
        }
        let more = match &hello.pull {
            Some(pull) => self.write_changes(&mut writer, hello, pull),
            None => false,
        };
        let mut body = writer.take();
        body.extend(writer.finish(more));
        body
    }

    fn write_changes(&self, writer: &mut ResponseWriter, hello: &Hello, pull: &PullRequest) -> bool {
        let allowed = self.scopes_of(hello.device);
        let same_log = pull.log == Some(self.log);
        let groups = pull.cursors.iter().filter_map(|cursor| {
            let scopes: Vec<String> =
                cursor.scopes.iter().filter(|scope| allowed.contains(*scope)).cloned().collect();
            let at = LogCursor {
                position: i64::try_from(cursor.position).unwrap_or(i64::MAX),
                rolling: cursor.rolling.0,
            };
            let cursor = if same_log { at } else { LogCursor::default() };
            (!scopes.is_empty()).then_some(PullGroup { cursor, scopes })
        });
        // Of a session that was continued in two ways nobody knows which way the caller keeps.
        let forked = |session: [u8; 16]| {
            self.store.read(|tables| tables.branches.iter().any(|branch| branch.session == session))
        };
        let kept = hello.chains.iter().filter(|chain| !forked(chain.session.0));
        let held = kept.map(|chain| (chain.session.0, i64::try_from(chain.frames).unwrap_or(i64::MAX)));
        let mut query = Query { groups: groups.collect(), held: held.collect(), max_bytes: RECORD_BYTES };
        let mut bytes = 0;
        loop {
            let page = self.store.read(|tables| tables.pull(&query));
            if page.groups.is_empty() {
                return page.more;
            }
            bytes += page.changes.iter().map(|change| change.bytes.len()).sum::<usize>();
            let cursors = page.groups.iter().map(|group| Cursor {
                position: u64::try_from(group.cursor.position).unwrap_or(0),
                rolling: Rolling(group.cursor.rolling),
                scopes: group.scopes.clone(),
            });
            let cursors = cursors.collect();
            let mut entries: Vec<Listed> =
                page.changes.iter().filter_map(entry_of).map(Listed::Change).collect();
            if self.planted == Planted::ChangeSkippedAtPageEnd && page.more {
                entries.pop();
            }
            writer.record(&ResponseRecord::Changes(Changes { entries, cursors, ..Changes::default() }));
            if !page.more || bytes >= ANSWER_BYTES {
                return page.more;
            }
            query.groups = page.groups;
        }
    }

    /// Frames of all chains, for a hub that hands them on, and how many there are of each.
    #[must_use]
    pub fn chains(&self) -> BTreeMap<SessionId, u64> {
        self.store.read(|tables| {
            let counted =
                |row: &mpp_store::ChainRow| (SessionId(row.session), u64::try_from(row.frames).unwrap_or(0));
            tables.chains.values().map(counted).collect()
        })
    }
}

/// What a node says it holds of sessions, both ways of one that was continued in two; and those of one device.
fn held(tables: &Tables, sessions: &[[u8; 16]], device: DeviceId) -> (Vec<HeldChain>, Vec<[u8; 16]>) {
    let rows = || tables.chains.values().filter(|row| sessions.contains(&row.session));
    let mut held: Vec<HeldChain> = rows()
        .map(|row| HeldChain {
            session: SessionId(row.session),
            frames: u64::try_from(row.frames).unwrap_or(0),
            head: FrameHash(row.head_hash).prefix(),
        })
        .collect();
    let branches = || tables.branches.iter().filter(|branch| sessions.contains(&branch.session));
    let follows = |branch: &mpp_store::BranchFrameRow| {
        let end = FrameHash(branch.hash).prefix();
        branches()
            .filter(|other| other.session == branch.session)
            .any(|other| Frame::decode(&other.bytes).is_ok_and(|frame| frame.previous == end))
    };
    let ends = branches().filter(|branch| !follows(branch));
    held.extend(ends.map(|branch| HeldChain {
        session: SessionId(branch.session),
        frames: u64::try_from(branch.number).unwrap_or(0) + 1,
        head: FrameHash(branch.hash).prefix(),
    }));
    (held, rows().filter(|row| row.device == device.0).map(|row| row.session).collect())
}

/// Of chains of which more is held than the caller knows: that what it knows is held too.
fn known_to(tables: &Tables, hello: &Hello, held: &[HeldChain]) -> Vec<HeldChain> {
    let mut found = Vec::new();
    for claim in &hello.chains {
        let longer = held.iter().any(|chain| chain.session == claim.session && chain.frames > claim.frames);
        let Some(last) = claim.frames.checked_sub(1).filter(|_| longer) else { continue };
        let last = i64::try_from(last).unwrap_or(i64::MAX);
        let chain = tables.frames.get(&(claim.session.0, last)).map(|row| row.hash);
        let of_claim = tables.branches.iter();
        let of_claim = of_claim.filter(|row| (row.session, row.number) == (claim.session.0, last));
        found.extend(chain.into_iter().chain(of_claim.map(|row| row.hash)).map(|hash| HeldChain {
            session: claim.session,
            frames: claim.frames,
            head: FrameHash(hash).prefix(),
        }));
    }
    found
}

/// The change as it travels; none when its kind is not known.
fn entry_of(change: &LoggedChange) -> Option<Entry> {
    Some(Entry {
        document: DocumentId(change.document),
        kind: Kind::try_from(u8::try_from(change.kind).ok()?).ok()?,
        counter: change.counter.and_then(|counter| u32::try_from(counter).ok()),
        hash: ChangeHash(change.hash),
        bytes: change.bytes.clone(),
    })
}
