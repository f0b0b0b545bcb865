//! What people do: write, put tablets on days, take them out of service.

use mpp_server::ingest::Outcome;
use mpp_store::RevocationRow;
use mpp_sync::action::{Context, add_status, edit_document};
use mpp_sync::document::{Document, Value};
use mpp_sync::frame::{SessionHeader, cut};
use mpp_sync::ids::{DocumentId, FrameHash, Kind, SessionId};
use mpp_sync::rules::status::Status;

use super::{DAYS, World, scopes_of};
use crate::sim::identity::key;
use crate::sim::tablet::Tablet;

impl World {
    pub(in crate::sim) fn some_tablet(&mut self) -> Option<usize> {
        let living: Vec<usize> =
            (0..self.tablets.len()).filter(|tablet| !self.tablets[*tablet].gone).collect();
        self.rng.pick(&living).copied()
    }

    pub(in crate::sim) fn new_tablet(&mut self) -> usize {
        let key = key(&mut self.rng);
        self.made += 1;
        let label = format!("T{}", self.made);
        let day = DAYS[self.rng.below(2)].0;
        let scopes = scopes_of(&[day]);
        let mut rng = self.rng.fork();
        let mut tablet = Tablet::new(format!("tablet {label}"), key, label, day, scopes, &mut rng);
        tablet.planted = self.planted;
        self.tablets.push(tablet);
        let index = self.tablets.len() - 1;
        let lease = self.some_lease();
        let grant = self.granted(index, day, scopes_of(&[day]), lease);
        self.tablets[index].grants.push(grant);
        for node in 0..self.nodes.len() {
            self.admit(node, index);
        }
        index
    }

    /// The tablet shows its grants, as it does when it enters.
    pub(in crate::sim) fn admit(&mut self, node: usize, tablet: usize) {
        for grant in &self.tablets[tablet].grants {
            self.nodes[node].admit(&self.runtime, grant);
        }
    }

    pub(in crate::sim) fn somebody_writes(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        if self.rng.chance(4) {
            let writes = u32::try_from(self.rng.below(4)).unwrap_or(0);
            self.tablets[tablet].disk.cut_after(writes);
        }
        for _ in 0..=self.rng.below(4) {
            let village = DAYS[self.rng.below(2)].1[self.rng.below(2)];
            let at = self.at;
            let tablet = &mut self.tablets[tablet];
            tablet.clock = tablet.clock.max(at);
            if tablet.act(&mut self.rng, village).is_err() {
                break;
            }
            self.count("saves");
        }
        self.tell(|| format!("tablet #{tablet} writes"));
    }

    pub(in crate::sim) fn device_is_revoked(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        if self.rng.chance(60) {
            return;
        }
        let device = self.tablets[tablet].device;
        let of_device: Vec<usize> =
            (0..self.tablets.len()).filter(|other| self.tablets[*other].device == device).collect();
        let alone = of_device.len() == 1;
        if !alone || !self.model.acknowledged.iter().all(|key| self.elsewhere(key, None, Some(tablet))) {
            return;
        }
        self.count("devices revoked");
        self.tell(|| format!("tablet #{tablet} is revoked"));
        self.tablets[tablet].revoked = true;
        // Hubs hear of it at their next contact with the office.
        self.nodes[0].revoke(&self.runtime, RevocationRow { device: device.0, at: self.at });
    }

    /// A supervisor changes a document, or sets a status, in a session of the office.
    pub(in crate::sim) fn office_writes(&mut self) {
        let documents: Vec<([u8; 16], i64)> = self.nodes[0]
            .store
            .read(|tables| tables.log.iter().map(|change| (change.document, change.kind)).collect());
        let Some((document, kind)) = self.rng.pick(&documents).copied() else { return };
        let kind = u8::try_from(kind).ok().and_then(|kind| Kind::try_from(kind).ok());
        let Some(kind) = kind else { return };
        let raw: Vec<Vec<u8>> = self.nodes[0]
            .store
            .read(|tables| tables.changes_of(document).map(|change| change.bytes.clone()).collect());
        let (mut opened, _) = Document::open(kind, DocumentId(document), &raw);
        let context = Context {
            session: SessionId(self.rng.bytes()),
            counter: 0,
            officer: "sari".to_owned(),
            device: "kantor".to_owned(),
            at: self.at,
            save_number: 0,
            save_previous: None,
        };
        let note = vec![("notes".to_owned(), Some(Value::from(format!("kantor {}", self.rng.below(100)))))];
        let made = match kind {
            Kind::Application => add_status(&context, &mut opened, Status::Ready, None, None),
            _ => edit_document(&context, &mut opened, &note),
        };
        let Ok(made) = made else { return };
        let header = SessionHeader {
            device: self.nodes[0].identity.key.device(),
            previous: None,
            day: None,
            app_version: "1".to_owned(),
            started_at: 0,
        };
        let Ok(frame) =
            cut(&context.session, 0, &FrameHash::NONE, Some(&header), std::slice::from_ref(&made.save))
        else {
            return;
        };
        let bytes = frame.sign(self.nodes[0].identity.key.signing());
        if matches!(self.nodes[0].submit(&self.runtime, bytes), Some(Outcome::Stored { .. })) {
            self.count("the office's own saves");
            self.tell(|| format!("the office writes into {}", DocumentId(document)));
        }
    }
}
