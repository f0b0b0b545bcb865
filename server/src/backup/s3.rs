//! A bucket of an S3 store as the place of backups: any store that speaks S3, signed with `SigV4`.
//!
//! An upload is in parts of a bounded size; what was begun and not verified is noted beside the database and taken back,
//! at once or before the next backup. Nothing but our own names under the prefix is ever listed or removed.

mod client;
mod download;
mod error;
pub mod settings;
mod unverified;
mod upload;

use std::fmt::{self, Debug, Formatter};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use rusty_s3::actions::ListObjectsV2;
use tokio::sync::mpsc;

use self::client::{Ask, Client};
use self::download::{AHEAD, Arriving};
pub use self::error::S3Error;
use self::settings::{Address, S3Settings};
use self::unverified::Unverified;
use super::BackupError;
use crate::clock::Env;

/// Where the file is written before it is uploaded.
const DRAFT: &str = "backup.draft";

/// A prefix in a bucket.
pub struct S3 {
    client: Client,
    address: Address,
    /// The folder of this machine for what is on its way.
    work: PathBuf,
    part: u64,
}

impl Debug for S3 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3").field(&self.address).finish()
    }
}

impl S3 {
    /// A place at `address`; nothing is asked yet.
    ///
    /// # Errors
    /// [`S3Error`] when there is no key or the store's address is none.
    pub fn new(
        address: Address,
        settings: &S3Settings,
        work: &Path,
        clock: Arc<dyn Env>,
    ) -> Result<Self, S3Error> {
        let client = Client::new(settings, address.bucket.clone(), clock)?;
        Ok(Self { client, address, work: work.to_owned(), part: settings.part })
    }

    /// Where the object of this name lies, for people.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        self.address.describe(name)
    }

    fn object(&self, name: &str) -> String {
        format!("{}{name}", self.address.prefix)
    }

    pub(super) fn draft(&self) -> PathBuf {
        self.work.join(DRAFT)
    }

    fn unverified(&self, object: &str) -> Unverified {
        let store = self.client.bucket.base_url().to_string();
        Unverified { store, object: object.to_owned(), upload: None }
    }

    /// Takes back what an earlier backup left behind. What the store will never allow is said and left: the next backup
    /// is worth more.
    pub(super) async fn take_back(&self) -> Result<(), BackupError> {
        let Some(note) = Unverified::kept(&self.work)? else { return Ok(()) };
        if note.store == self.unverified("").store {
            if let Some(upload) = &note.upload {
                go_on(self.abort(&note.object, upload).await)?;
            }
            go_on(self.remove_object(&note.object).await)?;
        } else {
            tracing::warn!(code = "BACKUP_LEFT_ELSEWHERE", "an unfinished upload is in another store");
        }
        Ok(Unverified::forget(&self.work)?)
    }

    /// What was put there last was read back and is good.
    pub(super) fn verified(&self) -> Result<(), BackupError> {
        Ok(Unverified::forget(&self.work)?)
    }

    /// Removes an object, if it is there.
    pub(super) async fn remove(&self, name: &str) -> Result<(), S3Error> {
        self.remove_object(&self.object(name)).await
    }

    async fn remove_object(&self, object: &str) -> Result<(), S3Error> {
        let action = self.client.bucket.delete_object(Some(&self.client.key), object);
        match self.client.send(&action, &Ask::plain()).await {
            Err(S3Error::NoObject) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Puts something small in its place.
    pub(super) async fn put_bytes(&self, name: &str, bytes: Vec<u8>) -> Result<(), S3Error> {
        let object = self.object(name);
        let action = self.client.bucket.put_object(Some(&self.client.key), &object);
        self.client.send(&action, &Ask::with(Bytes::from(bytes))).await.map(drop)
    }

    /// Names under the prefix that begin so, without those of folders below.
    pub(super) async fn names(&self, start: &str) -> Result<Vec<String>, S3Error> {
        let (mut names, mut token) = (Vec::new(), None);
        loop {
            let mut action = self.client.bucket.list_objects_v2(Some(&self.client.key));
            action.with_prefix(self.object(start));
            action.with_delimiter("/");
            if let Some(token) = token {
                action.with_continuation_token(token);
            }
            let answer = self.client.send(&action, &Ask::plain()).await?;
            let page = ListObjectsV2::parse_response(&answer.text)
                .map_err(|_| S3Error::Unreadable("ListObjectsV2"))?;
            let ours = page.contents.iter().filter_map(|one| one.key.strip_prefix(&self.address.prefix));
            names.extend(ours.map(str::to_owned));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    /// Lets `look` read an object on a thread of its own, as it arrives.
    pub(super) async fn read_with<T: Send + 'static>(
        &self,
        name: &str,
        look: impl FnOnce(Box<dyn Read + Send>) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let (send, receive) = mpsc::channel(AHEAD);
        let arriving = Box::new(Arriving { receive, piece: Bytes::new() });
        let reading = tokio::task::spawn_blocking(move || look(arriving));
        let arrived = self.stream(name, send).await;
        let read = reading.await.map_err(|_| BackupError::Different)?;
        // Why the bytes ended is said by who sent them.
        arrived?;
        read
    }
}

/// Only what may pass is a reason to stop.
fn go_on(taken_back: Result<(), S3Error>) -> Result<(), S3Error> {
    match taken_back {
        Err(error) if !error.may_pass() => {
            tracing::warn!(code = "BACKUP_NOT_TAKEN_BACK", %error, "what is not verified stays in the store");
            Ok(())
        }
        done => done,
    }
}
