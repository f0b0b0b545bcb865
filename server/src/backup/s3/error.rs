//! Why a store did not do what it was asked, in words that say what to do.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

/// Seconds by which a store's clock and ours may differ.
const SKEW: i64 = 15 * 60;
/// Letters of a store's own word for an error.
const CODE_MAX: usize = 64;

/// Why a store did not do what it was asked.
#[derive(Debug)]
pub enum S3Error {
    /// `s3://…` that names no bucket.
    Address,
    /// The address of the store.
    Endpoint,
    /// The file of certificates.
    Certificates(PathBuf),
    /// There is no key.
    NoKey,
    /// The file with the key can be read by others.
    KeyOpen(PathBuf),
    /// The file with the key is missing or holds none.
    KeyFile(PathBuf),
    /// The store does not know the key.
    WrongKey,
    /// The signature does not hold.
    WrongSecret,
    /// The key was for a time that is over.
    KeyExpired,
    /// The key may not do this.
    NotAllowed,
    /// There is no such bucket.
    NoBucket(String),
    /// There is no such object.
    NoObject,
    /// There is no such upload (any more).
    NoUpload,
    /// The object is another one than at the beginning of reading it.
    Changed,
    /// Clocks differ too much; by so many minutes, where known.
    Clock(Option<i64>),
    /// The bucket is somewhere else.
    WrongRegion,
    /// The store takes no more.
    Full,
    /// No connection, or it ended.
    Unreachable(String),
    /// The store cannot now.
    Busy(u16),
    /// The store said something else.
    Answer {
        /// Of HTTP.
        status: u16,
        /// The store's word.
        code: String,
    },
    /// An answer that is not one.
    Unreadable(&'static str),
}

impl std::error::Error for S3Error {}

impl Display for S3Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.sentence(f)?;
        write!(f, " ({})", self.code())
    }
}

impl S3Error {
    /// The stable word for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address => "S3_ADDRESS",
            Self::Endpoint => "S3_ENDPOINT",
            Self::Certificates(_) => "S3_CERTIFICATES",
            Self::NoKey => "S3_NO_KEY",
            Self::KeyOpen(_) => "S3_KEY_OPEN",
            Self::KeyFile(_) => "S3_KEY_FILE",
            Self::WrongKey => "S3_WRONG_KEY",
            Self::WrongSecret => "S3_WRONG_SECRET",
            Self::KeyExpired => "S3_KEY_EXPIRED",
            Self::NotAllowed => "S3_NOT_ALLOWED",
            Self::NoBucket(_) => "S3_NO_BUCKET",
            Self::NoObject => "S3_NO_OBJECT",
            Self::NoUpload => "S3_NO_UPLOAD",
            Self::Changed => "S3_CHANGED",
            Self::Clock(_) => "S3_CLOCK",
            Self::WrongRegion => "S3_WRONG_REGION",
            Self::Full => "S3_FULL",
            Self::Unreachable(_) => "S3_UNREACHABLE",
            Self::Busy(_) => "S3_BUSY",
            Self::Answer { .. } => "S3_ANSWER",
            Self::Unreadable(_) => "S3_UNREADABLE",
        }
    }

    /// Whether asking again may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy(_))
    }

    /// What a refusal means: status, body, and seconds by which the store's clock is ahead of ours, where it says so.
    #[must_use]
    pub fn of(status: u16, body: &str, ahead: Option<i64>, bucket: &str) -> Self {
        let code = code_in(body).unwrap_or_default();
        let skewed = ahead.filter(|seconds| seconds.abs() > SKEW).map(|seconds| seconds / 60);
        match (status, code) {
            (_, "RequestTimeTooSkewed") => Self::Clock(skewed),
            (403, _) if skewed.is_some() => Self::Clock(skewed),
            (_, "InvalidAccessKeyId" | "NotSignedUp") => Self::WrongKey,
            (_, "SignatureDoesNotMatch") => Self::WrongSecret,
            (_, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => Self::KeyExpired,
            (_, "NoSuchBucket") => Self::NoBucket(bucket.to_owned()),
            (_, "NoSuchUpload") => Self::NoUpload,
            (301 | 307, _) | (_, "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError") => {
                Self::WrongRegion
            }
            (507, _) | (_, "QuotaExceeded" | "XMinioStorageFull") => Self::Full,
            (500.. | 429, _) | (_, "SlowDown" | "RequestTimeout") => Self::Busy(status),
            (403, _) => Self::NotAllowed,
            (404, _) => Self::NoObject,
            (412, _) => Self::Changed,
            _ => Self::Answer { status, code: code.to_owned() },
        }
    }

    fn sentence(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "alamat cadangan salah: tulis s3://NAMA-BUCKET/AWALAN, tanpa kunci di dalamnya",
            Self::Endpoint => "alamat layanan S3 salah: tulis --s3-endpoint https://NAMA-LAYANAN",
            Self::NoKey => {
                "kunci S3 belum diberikan: isi AWS_ACCESS_KEY_ID dan AWS_SECRET_ACCESS_KEY, atau --s3-credentials BERKAS"
            }
            Self::WrongKey => "layanan S3 tidak mengenal kunci ini: periksa AWS_ACCESS_KEY_ID",
            Self::WrongSecret => "tanda tangan kunci S3 ditolak: periksa AWS_SECRET_ACCESS_KEY",
            Self::KeyExpired => "masa berlaku kunci S3 sudah habis: minta kunci baru",
            Self::NotAllowed => {
                "kunci S3 ini tidak boleh melakukannya: izinkan melihat daftar, membaca, menulis dan menghapus di bucket itu"
            }
            Self::NoObject => "berkas itu tidak ada di S3: periksa nama dan awalannya",
            Self::NoUpload => "unggahan ke S3 dihentikan dari luar: jalankan lagi",
            Self::Changed => "berkas di S3 berubah selagi dibaca: jalankan lagi",
            Self::WrongRegion => "bucket ada di wilayah lain: periksa --s3-region dan --s3-endpoint",
            Self::Full => "tempat di S3 sudah penuh: tambah kuota atau kurangi --backup-keep",
            Self::KeyOpen(path) => {
                let path = path.display();
                return write!(f, "berkas kunci {path} dapat dibaca orang lain: jalankan chmod 600 {path}");
            }
            Self::KeyFile(path) => {
                let path = path.display();
                return write!(f, "berkas kunci {path} tidak dapat dibaca atau tidak berisi aws_access_key_id dan aws_secret_access_key");
            }
            Self::Certificates(path) => {
                return write!(f, "berkas sertifikat {} tidak dapat dipakai", path.display());
            }
            Self::NoBucket(bucket) => {
                return write!(f, "bucket {bucket} tidak ada di layanan S3 itu: buat dahulu, atau periksa namanya");
            }
            Self::Clock(Some(minutes)) => {
                return write!(f, "jam komputer ini berbeda {} menit dari jam layanan S3: betulkan jamnya", minutes.abs());
            }
            Self::Clock(None) => "jam komputer ini berbeda terlalu jauh dari jam layanan S3: betulkan jamnya",
            Self::Unreachable(why) => {
                return write!(f, "layanan S3 tidak terhubung: periksa jaringan dan --s3-endpoint; {why}");
            }
            Self::Busy(status) => {
                return write!(f, "layanan S3 sedang terganggu (HTTP {status}): coba lagi nanti");
            }
            Self::Answer { status, code } => {
                return write!(f, "layanan S3 menolak: HTTP {status} {code}");
            }
            Self::Unreadable(what) => {
                return write!(f, "jawaban layanan S3 tidak terbaca ({what}): periksa --s3-endpoint");
            }
        })
    }
}

/// The store's word for an error, out of its XML. Only what cannot do harm in a log.
#[must_use]
pub fn code_in(body: &str) -> Option<&str> {
    let (_, behind) = body.split_once("<Error>")?;
    let (code, _) = behind.split_once("<Code>")?.1.split_once("</Code>")?;
    let plain = code.len() <= CODE_MAX && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    plain.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: &str, ahead: Option<i64>) -> &'static str {
        let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>x</Message></Error>");
        S3Error::of(status, &body, ahead, "cadangan").code()
    }

    #[test]
    fn what_stores_say_has_one_word_each() {
        assert_eq!(of(403, "InvalidAccessKeyId", Some(0)), "S3_WRONG_KEY");
        assert_eq!(of(403, "SignatureDoesNotMatch", None), "S3_WRONG_SECRET");
        assert_eq!(of(400, "ExpiredToken", None), "S3_KEY_EXPIRED");
        assert_eq!(of(404, "NoSuchBucket", None), "S3_NO_BUCKET");
        assert_eq!(of(404, "NoSuchKey", None), "S3_NO_OBJECT");
        assert_eq!(of(404, "NoSuchUpload", None), "S3_NO_UPLOAD");
        assert_eq!(of(301, "PermanentRedirect", None), "S3_WRONG_REGION");
        assert_eq!(of(400, "AuthorizationHeaderMalformed", None), "S3_WRONG_REGION");
        assert_eq!(of(503, "SlowDown", None), "S3_BUSY");
        assert_eq!(of(507, "XMinioStorageFull", None), "S3_FULL");
        assert_eq!(of(403, "AccessDenied", Some(20)), "S3_NOT_ALLOWED");
        assert_eq!(of(400, "EntityTooSmall", None), "S3_ANSWER");
        assert_eq!(S3Error::of(502, "<html>", None, "b").code(), "S3_BUSY", "a proxy in between");
    }

    #[test]
    fn a_refusal_by_a_store_with_another_time_is_about_the_clock() {
        assert_eq!(of(403, "AccessDenied", Some(-2 * 3600)), "S3_CLOCK");
        assert_eq!(of(403, "RequestTimeTooSkewed", None), "S3_CLOCK");
        let text = S3Error::of(403, "", Some(-2 * 3600), "b").to_string();
        assert_eq!(
            text,
            "jam komputer ini berbeda 120 menit dari jam layanan S3: betulkan jamnya (S3_CLOCK)"
        );
    }

    #[test]
    fn a_word_that_is_none_is_not_repeated() {
        assert_eq!(code_in("<Error><Code>a b\n</Code></Error>"), None);
        assert_eq!(code_in("<ListBucketResult><Code>x</Code></ListBucketResult>"), None);
    }
}
