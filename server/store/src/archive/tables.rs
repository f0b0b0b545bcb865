//! The tables, as they travel. The conformance suite compares this list with what the migrations made.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// `INTEGER` or `BIGINT`.
    Integer,
    /// `TEXT`.
    Text,
    /// `BLOB` or `BYTEA`.
    Bytes,
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds, or NULL.
    pub kind: ColumnKind,
}

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of its first columns order its rows.
    pub key: usize,
    /// The migrations put a first row into it, which an import replaces.
    pub seeded: bool,
    /// A backup has it: it can be neither rebuilt nor done without.
    pub in_backup: bool,
    /// All its columns.
    pub columns: &'static [Column],
}

impl Table {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The names of its columns, as a list in SQL.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    /// The names of the columns that order its rows.
    #[must_use]
    pub fn order(&self) -> String {
        let names: Vec<&str> = self.columns.iter().take(self.key).map(|column| column.name).collect();
        names.join(", ")
    }
}

/// The table of this name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

macro_rules! tables {
    ($($name:literal $key:literal $fate:ident $($seeded:ident)? { $($column:ident: $kind:ident),* $(,)? })*) => {
        &[$(Table {
            name: $name,
            key: $key,
            seeded: tables!(@seeded $($seeded)?),
            in_backup: tables!(@fate $fate),
            columns: &[$(Column { name: stringify!($column), kind: ColumnKind::$kind }),*],
        }),*]
    };
    (@seeded seeded) => { true };
    (@seeded) => { false };
    (@fate kept) => { true };
    (@fate derived) => { false };
    (@fate passing) => { false };
}

/// Every table, so ordered that what a row refers to comes first. After the name stand the number of columns that order
/// it, and its fate in a backup: `kept`; `derived` is folded again from the log; `passing` is worth nothing after a
/// restore (who was signed in).
pub static TABLES: &[Table] = tables! {
    "node" 1 kept { key: Text, value: Text }
    "device" 1 kept { id: Bytes, public_key: Bytes, name: Text, created_at: Integer, revoked_at: Integer }
    "day_grant" 2 kept { device: Bytes, day: Bytes, label: Text, username: Text, granted_at: Integer }
    "certificate" 1 kept { node: Bytes, role: Integer, serial: Integer, bytes: Bytes }
    "signed_grant" 2 kept { device: Bytes, day: Bytes, bytes: Bytes, issued_at: Integer }
    "revocation" 1 kept { device: Bytes, at: Integer }
    "device_session" 1 passing {
        token_hash: Bytes, device: Bytes, hub: Integer, nonce: Bytes, created_at: Integer, expires_at: Integer,
    }
    "hub_code" 1 passing { code_hash: Bytes, name: Text, created_by: Text, expires_at: Integer }
    "hub" 1 kept {
        device: Bytes, name: Text, enrolled_by: Text, enrolled_at: Integer, last_at: Integer, state: Text,
    }
    "hub_day" 2 kept { hub: Bytes, day: Bytes }
    "relayed_chain" 1 passing { session: Bytes, log: Bytes, frames: Integer }
    "relayed_branch" 2 passing { session: Bytes, hash: Bytes, log: Bytes }
    "log_head" 1 kept seeded { id: Integer, position: Integer, rolling: Bytes }
    "chain" 1 kept {
        session: Bytes, device: Bytes, header: Bytes, frames: Integer, changes: Integer, head_hash: Bytes,
        saves: Integer, last_save: Bytes, day: Bytes, officer: Text, last_at: Integer,
        backed_up: Integer, month: Integer,
    }
    "chain_fold" 2 kept { month: Integer, device: Bytes, sum: Bytes, chains: Integer }
    "frame" 2 kept { session: Bytes, number: Integer, hash: Bytes, bytes: Bytes, received_at: Integer }
    "change_log" 1 kept {
        position: Integer, document: Bytes, hash: Bytes, kind: Integer, counter: Integer, session: Bytes,
        frame: Integer, seq: Integer, bytes: Bytes, received_at: Integer, rolling: Bytes,
    }
    "scope_entry" 3 kept { document: Bytes, scope: Text, hash: Bytes, position: Integer }
    "quarantine" 2 kept {
        document: Bytes, hash: Bytes, kind: Integer, counter: Integer, session: Bytes, frame: Integer, bytes: Bytes,
        code: Text, received_at: Integer, retried: Integer,
    }
    "tombstone" 1 kept { document: Bytes, position: Integer, bytes: Bytes }
    "tombstone_scope" 2 kept { scope: Text, document: Bytes }
    "scope_digest" 1 kept { scope: Text, sum: Bytes, count: Integer }
    "device_event" 3 kept {
        device: Bytes, session: Bytes, kind: Text, claimed: Integer, held: Integer, at: Integer,
    }
    "branch_frame" 2 kept {
        session: Bytes, hash: Bytes, number: Integer, saves: Integer, last_save: Bytes, bytes: Bytes,
        received_at: Integer,
    }
    "account" 1 kept {
        username: Text, display_name: Text, password_hash: Text, roles: Text, agency: Text, created_at: Integer,
        disabled_at: Integer,
    }
    "backup" 1 kept {
        number: Integer, started_at: Integer, finished_at: Integer, position: Integer, bytes: Integer, file: Text,
        error: Text,
    }
    "office_receipt" 1 kept { session: Bytes, frames: Integer, backed_up: Integer, receipt: Bytes }
    "branch_receipt" 2 kept { session: Bytes, way: Bytes, frames: Integer, backed_up: Integer, receipt: Bytes }
    "office_notice" 2 kept { document: Bytes, hash: Bytes, session: Bytes, code: Text }
    "tablet_release" 3 kept { device: Bytes, at: Integer, username: Text, reason: Text }
    "web_session" 1 passing { token_hash: Bytes, username: Text, created_at: Integer, expires_at: Integer }
    "login_failure" 3 passing { username: Text, address: Text, at: Integer }
    "document_view" 1 derived { document: Bytes, kind: Integer, day: Bytes, view: Text, projected_upto: Integer }
    "resident_row" 1 derived {
        document: Bytes, nik_key: Bytes, village: Text, name: Text, search: Text, question: Integer,
        spelling: Integer, regroup: Integer,
    }
    "resident_link" 2 derived { document: Bytes, other: Bytes }
    "visit_row" 1 derived { document: Bytes, day: Bytes, ticket: Text, tracking: Text, resident: Bytes }
    "application_row" 1 derived {
        document: Bytes, day: Bytes, visit: Bytes, resident: Bytes, service: Text, standard: Integer, ticket: Text,
        tracking: Text, applicant_name: Text, subject_name: Text, nik_masked: Text, village: Text, status: Text,
        status_conflict: Integer, field_conflict: Integer, officer: Text, device: Text, created_at: Integer,
        updated_at: Integer, search: Text,
    }
};
