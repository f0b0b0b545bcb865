//! Backups: one encrypted file that holds everything a new machine needs but the keys, and the way back from it.
//!
//! The way of a backup: **export** (one read transaction while the office works on) → **archive** (rows, digest,
//! signature) → **seal** (compressed, encrypted to the key in the envelope) → **place** (a folder, or a bucket of an S3
//! store) → read back from there and compared, and only then it counts. A restore goes the same way back, into a new folder
//! with a new log id. What a backup leaves out on purpose: the keys, the log's id, views (they are folded again) and who is signed in.

pub mod archive;
pub mod envelope;
pub mod nightly;
pub mod place;
pub mod restore;
pub mod room;
pub mod run;
pub mod s3;
pub mod seal;
pub mod source;
pub mod standing;

use std::io;
use std::path::PathBuf;

use mpp_store::StoreError;

use self::s3::S3Error;

/// The public half of the recovery key, beside the database: with it the machine can write backups and not read them.
pub const RECIPIENT: &str = "backup.recipient";

/// What was erased, kept beside the database so that no restore brings it back. In a backup when it is there.
pub const TOMBSTONES: &str = "tombstones";

/// Why a backup or a restore did not come to its end. The texts are for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No recovery key was made.
    #[error("kunci pemulihan belum dibuat: jalankan `mpp backup init` dan simpan amplopnya")]
    NotSetUp,
    /// It was made before.
    #[error("kunci pemulihan sudah ada; amplop yang lama tetap berlaku")]
    SetUp,
    /// Another backup is being written.
    #[error("pencadangan lain sedang berjalan")]
    Running,
    /// The file is cut off, altered, or was never a backup.
    #[error("berkas cadangan rusak, terpotong atau diubah ({0}); tidak ada yang dipulihkan dari berkas ini")]
    Damaged(&'static str),
    /// The envelope belongs to other backups.
    #[error("amplop ini bukan untuk cadangan ini: {0}")]
    WrongEnvelope(&'static str),
    /// Something in the envelope's text is missing or mistyped.
    #[error("isi amplop belum lengkap atau salah ketik: {0}")]
    Envelope(&'static str),
    /// Written by a later version.
    #[error("cadangan ini dibuat oleh versi mpp yang lebih baru; pasang versi itu dahulu")]
    Newer,
    /// What was read back is not what was written.
    #[error("cadangan yang dibaca kembali tidak sama dengan yang ditulis")]
    Different,
    /// The folder to restore into is in use.
    #[error("{0} tidak kosong; pulihkan ke folder baru")]
    NotEmpty(PathBuf),
    /// The place for backups is neither a folder nor in an S3 store.
    #[error("tujuan cadangan tidak dapat dipakai: {0}")]
    Place(String),
    /// No backup lies there.
    #[error("tidak ada cadangan di {0}")]
    None(String),
    /// The disk is full, or nearly so.
    #[error("disk tempat {0} penuh atau hampir penuh: kosongkan ruang di disk itu, lalu jalankan lagi")]
    NoRoom(PathBuf),
    /// The store of an S3 place.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// The store failed.
    #[error("basis data: {0}")]
    Store(#[from] StoreError),
    /// A file failed.
    #[error("berkas: {0}")]
    Io(#[from] io::Error),
    /// A folder that was restored could not be opened.
    #[error("folder yang dipulihkan tidak dapat dibuka: {0}")]
    Open(String),
}
