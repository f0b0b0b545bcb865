//! Which store, which bucket, and with which key.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use rusty_s3::Credentials;

use super::S3Error;

/// Where a bucket is unless something else is said.
pub const REGION: &str = "us-east-1";
/// What the address of a place in a store begins with.
pub const SCHEME: &str = "s3://";
/// Bytes of one part of an upload, which are held in memory.
const PART: u64 = 8 * 1024 * 1024;

/// How the name of the bucket stands in addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// `https://store/bucket/…`, which every store with an address of its own understands.
    Path,
    /// `https://bucket.store/…`, which Amazon wants.
    Host,
}

/// How to reach a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// Its address; none is Amazon's of the region.
    pub endpoint: Option<String>,
    /// The region of the bucket.
    pub region: String,
    /// None: path where an address is given, else host.
    pub style: Option<Style>,
    /// A file with the key, for its owner only; none takes the key from the environment.
    pub credentials: Option<PathBuf>,
    /// A file of certificates (PEM) to believe beside the system's.
    pub ca: Option<PathBuf>,
    /// Before the second try of a request; twice as much before each one after it.
    pub pause: Duration,
    /// Bytes of one part of an upload, at least; stores want 5 MiB or more.
    pub part: u64,
}

impl Default for S3Settings {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: REGION.to_owned(),
            style: None,
            credentials: None,
            ca: None,
            pause: Duration::from_secs(1),
            part: PART,
        }
    }
}

impl S3Settings {
    /// The store's address and how buckets stand in it. Amazon's certificates do not fit buckets with a dot in the name.
    pub(super) fn address(&self, bucket: &str) -> (String, Style) {
        let own = self.endpoint.is_none() && !bucket.contains('.');
        let style = self.style.unwrap_or(if own { Style::Host } else { Style::Path });
        let amazon = || format!("https://s3.{}.amazonaws.com", self.region);
        (self.endpoint.clone().unwrap_or_else(amazon), style)
    }

    /// The key, read anew each time: a changed one needs no restart.
    pub(super) fn key(&self) -> Result<Credentials, S3Error> {
        let Some(path) = &self.credentials else { return Credentials::from_env().ok_or(S3Error::NoKey) };
        let unreadable = |_: io::Error| S3Error::KeyFile(path.clone());
        let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(S3Error::KeyOpen(path.clone()));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        key_in(&text).ok_or_else(|| S3Error::KeyFile(path.clone()))
    }
}

/// The key of the profile `default` out of the usual file, or of a file without any profile.
fn key_in(text: &str) -> Option<Credentials> {
    let (mut mine, mut key, mut secret, mut token) = (true, None, None, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            mine = line == "[default]";
        } else if let (true, Some((name, value))) = (mine, line.split_once('=')) {
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match name.trim() {
                "aws_access_key_id" => key = value,
                "aws_secret_access_key" => secret = value,
                "aws_session_token" => token = value,
                _ => {}
            }
        }
    }
    Some(match token {
        Some(token) => Credentials::new_with_token(key?, secret?, token),
        None => Credentials::new(key?, secret?),
    })
}

/// A bucket, and what the names of our objects in it begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The bucket.
    pub bucket: String,
    /// Empty, or ending with a slash.
    pub prefix: String,
}

impl Address {
    /// Reads `s3://bucket/prefix`. What cannot be read is not repeated: somebody may have put a key in it.
    ///
    /// # Errors
    /// [`S3Error::Address`].
    pub fn read(text: &str) -> Result<Self, S3Error> {
        let rest = text.strip_prefix(SCHEME).ok_or(S3Error::Address)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_end_matches('/');
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(named);
        if !plain(bucket) || !(prefix.is_empty() || prefix.split('/').all(plain)) {
            return Err(S3Error::Address);
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self { bucket: bucket.to_owned(), prefix })
    }

    /// Where the object of this name lies, for people.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        format!("{SCHEME}{}/{}{name}", self.bucket, self.prefix)
    }
}

/// Whether a place is meant to be in a store.
#[must_use]
pub fn is_s3(text: &str) -> bool {
    text.starts_with(SCHEME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_prefix() {
        let read = |text: &str| Address::read(text).map(|found| (found.bucket, found.prefix)).ok();
        let found = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(read("s3://cadangan"), found("cadangan", ""));
        assert_eq!(read("s3://cadangan/"), found("cadangan", ""));
        assert_eq!(read("s3://cadangan/lahat/mpp/"), found("cadangan", "lahat/mpp/"));
        for wrong in
            ["s3://", "s3:///x", "s3://a//b", "s3://a/../b", "s3://key:secret@a/b", "s3://a b", "/mnt"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(Address::read("s3://a/b").unwrap().describe("x"), "s3://a/b/x");
    }

    #[test]
    fn amazon_wants_the_bucket_in_the_host_and_others_in_the_path() {
        let mut settings = S3Settings { region: "ap-southeast-3".to_owned(), ..S3Settings::default() };
        let amazon = "https://s3.ap-southeast-3.amazonaws.com".to_owned();
        assert_eq!(settings.address("cadangan"), (amazon.clone(), Style::Host));
        assert_eq!(settings.address("cadangan.lahat"), (amazon, Style::Path));
        settings.endpoint = Some("https://s3.example".to_owned());
        assert_eq!(settings.address("cadangan").1, Style::Path);
        settings.style = Some(Style::Host);
        assert_eq!(settings.address("cadangan").1, Style::Host);
    }

    #[test]
    fn a_key_is_taken_only_from_a_file_that_nobody_else_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kunci");
        let settings = S3Settings { credentials: Some(path.clone()), ..S3Settings::default() };
        assert_eq!(settings.key().unwrap_err().code(), "S3_KEY_FILE");
        let text = "aws_access_key_id = AKIA\naws_secret_access_key = s3cret\n";
        crate::node_key::write_secret(&path, text).unwrap();
        let key = settings.key().unwrap();
        assert_eq!((key.key(), key.secret(), key.token()), ("AKIA", "s3cret", None));
        assert!(!format!("{key:?}{settings:?}").contains("s3cret"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(settings.key().unwrap_err().code(), "S3_KEY_OPEN");
    }

    #[test]
    fn of_several_profiles_the_default_counts() {
        let text = "[other]\naws_access_key_id=x\n[default]\naws_access_key_id = A\naws_secret_access_key = B=\naws_session_token = C\n[z]\naws_access_key_id=y";
        let key = key_in(text).unwrap();
        assert_eq!((key.key(), key.secret(), key.token()), ("A", "B=", Some("C")));
        assert!(key_in("[default]\naws_access_key_id = A").is_none());
    }
}
