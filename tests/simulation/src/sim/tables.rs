//! The tables of a node in memory: what the SQL of the real stores keeps, rebuilt from the disk's rows.

mod log;
mod rot;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use mpp_store::{
    Append, BackupRow, BranchFrameRow, CertificateRow, ChainRow, Cursor, DeviceEventRow, DeviceRow, FrameRow,
    GrantRow, Hash, HubRow, Id, LoggedChange, Mended, QuarantineRow, RevocationRow, Rolling, SignedGrantRow,
};
use mpp_sync::digest::ScopeSum;

/// One durable transaction of a node.
#[derive(Debug, Clone)]
pub enum Transaction {
    /// What the ingest writes.
    Append(Arc<Append>),
    /// A device was registered, or renamed.
    Device(Arc<DeviceRow>),
    /// A device or hub was revoked.
    Revoked(RevocationRow),
    /// A device was put on a day.
    Grant(Arc<GrantRow>),
    /// A value was kept under a key.
    Value(Arc<(String, String)>),
    /// A certificate was kept.
    Certificate(Arc<CertificateRow>),
    /// A signed grant was kept.
    Signed(Arc<SignedGrantRow>),
    /// A hub joined.
    Hub(Arc<HubRow>),
    /// A backup began, or ended; what it covers.
    Backup(Arc<(BackupRow, Vec<(Id, i64)>)>),
    /// A bit of a row flipped on the disk.
    Rotted(Rotted),
    /// Rows that had rotted were put right.
    Mended(Arc<Vec<Mended>>),
}

/// Which row rots, and at which of its bytes.
#[derive(Debug, Clone, Copy)]
pub enum Rotted {
    /// A change of the log, or one that is kept aside.
    Change((Id, Hash), usize),
    /// A frame.
    Frame((Id, i64), usize),
}

/// What the transactions come to.
#[derive(Debug, Default, Clone)]
pub struct Tables {
    /// The log's end.
    pub head: Cursor,
    /// The log in order.
    pub log: Vec<LoggedChange>,
    rolling: Vec<Rolling>,
    known: HashMap<(Id, Hash), usize>,
    by_document: HashMap<Id, Vec<usize>>,
    /// Chains by session.
    pub chains: BTreeMap<Id, ChainRow>,
    /// Frames by session and number.
    pub frames: BTreeMap<(Id, i64), FrameRow>,
    /// Where which change entered which scope, by position.
    entries: Vec<(i64, String, usize)>,
    entered: HashSet<(String, usize)>,
    scopes: HashMap<Id, BTreeSet<String>>,
    /// Sums of scopes, moved on with the log.
    pub sums: BTreeMap<String, ScopeSum>,
    /// Frames of second branches.
    pub branches: Vec<BranchFrameRow>,
    /// What was noticed of devices.
    pub events: BTreeMap<(Id, Id, String), DeviceEventRow>,
    /// What is kept aside.
    pub quarantine: BTreeMap<(Id, Hash), QuarantineRow>,
    /// Changes whose row has rotted and was not put right.
    pub rotten: BTreeSet<(Id, Hash)>,
    /// Frames whose row has rotted and was not put right.
    pub rotten_frames: BTreeSet<(Id, i64)>,
    /// Devices by id.
    pub devices: BTreeMap<Id, DeviceRow>,
    /// Grants in the order in which they were given.
    pub grants: Vec<GrantRow>,
    /// Signed grants by device and day.
    pub signed: BTreeMap<(Id, Id), SignedGrantRow>,
    /// Certificates by node.
    pub certificates: BTreeMap<Id, CertificateRow>,
    /// Who is no longer believed.
    pub revocations: BTreeMap<Id, i64>,
    /// Hubs by id.
    pub hubs: BTreeMap<Id, HubRow>,
    /// Named values.
    pub values: BTreeMap<String, String>,
    /// Backups by number.
    pub backups: BTreeMap<i64, BackupRow>,
    /// Frames of each session that a good backup covers.
    pub backed_up: BTreeMap<Id, i64>,
    /// Grows when receipts could say more.
    pub marks: i64,
}

impl Tables {
    /// Takes a transaction in.
    pub fn apply(&mut self, transaction: &Transaction) {
        match transaction {
            Transaction::Append(batch) => self.append(batch),
            Transaction::Device(row) => {
                let held = self.devices.entry(row.id).or_insert_with(|| (**row).clone());
                held.name.clone_from(&row.name);
            }
            Transaction::Revoked(row) => {
                self.revocations.entry(row.device).or_insert(row.at);
                if let Some(device) = self.devices.get_mut(&row.device) {
                    device.revoked_at = device.revoked_at.or(Some(row.at));
                }
            }
            Transaction::Grant(row) => self.grants.push((**row).clone()),
            Transaction::Value(pair) => drop(self.values.insert(pair.0.clone(), pair.1.clone())),
            Transaction::Certificate(row) => {
                let held = self.certificates.entry(row.node).or_insert_with(|| (**row).clone());
                if row.serial > held.serial {
                    *held = (**row).clone();
                }
            }
            Transaction::Signed(row) => {
                let held = self.signed.entry((row.device, row.day)).or_insert_with(|| (**row).clone());
                if row.issued_at >= held.issued_at {
                    *held = (**row).clone();
                }
            }
            Transaction::Hub(row) => drop(self.hubs.insert(row.device, (**row).clone())),
            Transaction::Backup(done) => self.backup(&done.0, &done.1),
            Transaction::Rotted(what) => self.rot(*what),
            Transaction::Mended(changes) => self.mend(changes),
        }
    }

    fn backup(&mut self, row: &BackupRow, covered: &[(Id, i64)]) {
        self.backups.insert(row.number, row.clone());
        if !row.is_good() {
            return;
        }
        self.marks += 1;
        for (session, frames) in covered {
            let held = self.backed_up.entry(*session).or_default();
            *held = (*held).max(*frames);
        }
    }
}
