//! Every maximum of the core, with its unit and its reason.

/// Bytes of one raw change. A registration has about 600; the standards of a large agency come in one.
pub const CHANGE_BYTES_MAX: usize = 256 * 1024;
/// Bytes that keys and values of one edit may have together, so that the change stays below
/// [`CHANGE_BYTES_MAX`] with everything that Automerge writes around them.
pub const EDIT_BYTES_MAX: usize = 192 * 1024;
/// Operations in one change. A full application has about 60 keys.
pub const CHANGE_OPS_MAX: usize = 2_000;
/// Earlier operations that one change may replace, all its operations together. A key has as many values as
/// people wrote it apart: a handful.
pub const CHANGE_REPLACES_MAX: usize = 8_000;
/// Highest operation counter of a document: far below 2^32, where Automerge 0.12 can no longer edit.
pub const OP_COUNTER_MAX: u64 = 1 << 31;
/// Bytes of one key of a document.
pub const KEY_BYTES_MAX: usize = 200;
/// Bytes of one text value of a document: a whole service standard fits.
pub const VALUE_BYTES_MAX: usize = 32 * 1024;
/// Changes of one document that a node applies.
pub const DOCUMENT_CHANGES_MAX: usize = 10_000;
/// Bytes of one record inside the deflate stream.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that one body may inflate to: a decompression bomb stops here.
pub const BODY_INFLATED_MAX: usize = 64 * 1024 * 1024;
/// Records that one body may have. The largest answer has some hundred.
pub const BODY_RECORDS_MAX: usize = 16 * 1024;
/// Saves of one frame.
pub const FRAME_SAVES_MAX: usize = 1_024;
/// Changes after which a frame is full. One signature is shared by this many changes, and a cut link
/// sends at most this many again: about 4 KB of a tablet's day of 75, where 96 cost 6.
pub const FRAME_CHANGES_FULL: usize = 64;
/// Raw bytes after which a frame is full.
pub const FRAME_BYTES_FULL: usize = 48 * 1024;
/// Characters of a bundle file: as many frames as a tablet writes in weeks.
pub const BUNDLE_CHARS_MAX: usize = 24 * 1024 * 1024;
/// Chains that one hello may name.
pub const CHAINS_MAX: usize = 4_096;
/// Months that one record of folds may name: forty years.
pub const FOLD_MONTHS_MAX: usize = 512;
/// Devices in months that one record of folds may name: forty tablets in forty months.
pub const FOLD_DEVICES_MAX: usize = 2_048;
/// Chains that an answer may list of one device in one month; more than that nobody starts an app.
pub const FOLDED_CHAINS_MAX: usize = 16_384;
/// Logs that an office may go on from; it is restored once in years.
pub const ANCESTORS_MAX: usize = 64;
/// Changes of others that a tablet keeps to give them back, while no backup of the office covers them: fifty days of a
/// thousand changes without any backup. Only names are kept twice, 60 bytes each.
pub const KEPT_CHANGES_MAX: usize = 50_000;
/// Scopes that one pull may name.
pub const SCOPES_MAX: usize = 2_048;
/// Bytes of a scope's name.
pub const SCOPE_BYTES_MAX: usize = 80;
/// Devices and hubs that one list of revocations may name.
pub const REVOCATIONS_MAX: usize = 8_192;
/// Bytes of short texts in headers: versions, codes.
pub const SHORT_TEXT_BYTES_MAX: usize = 200;
/// Characters of a person's name beyond which it is refused. The longest real name seen has 71.
pub const NAME_CHARS_MAX: usize = 150;
/// Characters beyond which a name will not fit on a new card (Permendagri 73/2022).
pub const NAME_CHARS_CARD: usize = 60;
