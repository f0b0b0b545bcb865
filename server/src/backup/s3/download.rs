//! Reading an object as it arrives, going on where the link broke.

use std::io::{self, Read};

use axum::body::Bytes;
use reqwest::StatusCode;
use reqwest::header::{ETAG, IF_MATCH, RANGE};
use tokio::sync::mpsc;

use super::client::{Ask, next};
use super::{S3, S3Error};

/// Pieces between the network and who reads them: what is held in memory.
pub const AHEAD: usize = 16;

/// How far an object was read.
#[derive(Default)]
struct Got {
    bytes: u64,
    etag: Option<String>,
    whole: Option<u64>,
}

impl S3 {
    /// Sends the object's bytes until its end, or until nobody takes them.
    pub(super) async fn stream(&self, name: &str, send: mpsc::Sender<Bytes>) -> Result<(), S3Error> {
        let (object, mut got) = (self.object(name), Got::default());
        let mut tries = self.client.tries();
        loop {
            let before = got.bytes;
            match self.stream_on(&object, &mut got, &send).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    if got.bytes > before {
                        tries = self.client.tries();
                    }
                    tries.again(error).await?;
                }
            }
        }
    }

    async fn stream_on(
        &self,
        object: &str,
        got: &mut Got,
        send: &mpsc::Sender<Bytes>,
    ) -> Result<(), S3Error> {
        let mut ask = Ask::plain();
        if got.bytes > 0 {
            ask.headers.push((RANGE, format!("bytes={}-", got.bytes)));
            ask.headers.extend(got.etag.clone().map(|etag| (IF_MATCH, etag)));
        }
        let action = self.client.bucket.get_object(Some(&self.client.key), object);
        let mut response = self.client.open(&action, &ask).await?;
        if got.bytes > 0 && response.status() != StatusCode::PARTIAL_CONTENT {
            return Err(S3Error::Changed);
        }
        if got.bytes == 0 {
            got.etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
            got.whole = response.content_length();
        }
        while let Some(bytes) = next(&mut response).await? {
            got.bytes += bytes.len() as u64;
            if send.send(bytes).await.is_err() {
                return Ok(());
            }
        }
        match got.whole {
            Some(whole) if got.bytes < whole => {
                Err(S3Error::Unreachable("the answer ended early".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// What arrives, for who reads on another thread.
pub struct Arriving {
    pub(super) receive: mpsc::Receiver<Bytes>,
    pub(super) piece: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let Some(piece) = self.receive.blocking_recv() else { return Ok(0) };
            self.piece = piece;
        }
        let count = into.len().min(self.piece.len());
        into[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}
