//! Putting a file into the store, in parts when it is large: one part in memory at a time.

use std::path::Path;

use axum::body::Bytes;
use rusty_s3::actions::CreateMultipartUpload;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::client::{Ask, UPLOAD};
use super::{S3, S3Error};
use crate::backup::BackupError;

/// Parts of one upload at most.
const PARTS_MAX: u64 = 10_000;

impl S3 {
    /// Puts a file in its place. From before the first byte until [`S3::verified`] or [`S3::take_back`] it is noted as
    /// unverified.
    pub(in crate::backup) async fn put_file(&self, file: &Path, name: &str) -> Result<(), BackupError> {
        let object = self.object(name);
        let mut note = self.unverified(&object);
        note.keep(&self.work)?;
        let mut file = File::open(file).await?;
        let length = file.metadata().await?.len();
        if length <= self.part {
            let action = self.client.bucket.put_object(Some(&self.client.key), &object);
            let body = part_of(&mut file, length).await?;
            self.client.send(&action, &Ask::with(body)).await?;
            return Ok(());
        }
        let upload = self.begin_parts(&object).await?;
        note.upload = Some(upload.clone());
        note.keep(&self.work)?;
        let etags = self.put_parts(&mut file, length, &object, &upload).await?;
        self.join_parts(&object, &upload, &etags).await?;
        note.upload = None;
        Ok(note.keep(&self.work)?)
    }

    async fn begin_parts(&self, object: &str) -> Result<String, S3Error> {
        let action = self.client.bucket.create_multipart_upload(Some(&self.client.key), object);
        let answer = self.client.send(&action, &Ask::plain()).await?;
        let begun = CreateMultipartUpload::parse_response(&answer.text)
            .map_err(|_| S3Error::Unreadable("CreateMultipartUpload"))?;
        Ok(begun.upload_id().to_owned())
    }

    async fn put_parts(
        &self,
        file: &mut File,
        length: u64,
        object: &str,
        upload: &str,
    ) -> Result<Vec<String>, BackupError> {
        let size = self.part.max(length.div_ceil(PARTS_MAX));
        let (mut etags, mut left) = (Vec::new(), length);
        while left > 0 {
            let body = part_of(file, size.min(left)).await?;
            left -= body.len() as u64;
            let number = u16::try_from(etags.len() + 1).map_err(|_| S3Error::Unreadable("part"))?;
            let action = self.client.bucket.upload_part(Some(&self.client.key), object, number, upload);
            let answer = self.client.send(&action, &Ask::with(body)).await?;
            etags.push(answer.etag.ok_or(S3Error::Unreadable("ETag"))?);
        }
        Ok(etags)
    }

    async fn join_parts(&self, object: &str, upload: &str, etags: &[String]) -> Result<(), S3Error> {
        let parts = || {
            let etags = etags.iter().map(String::as_str);
            self.client.bucket.complete_multipart_upload(Some(&self.client.key), object, upload, etags)
        };
        let ask = Ask { limit: UPLOAD, ..Ask::with(Bytes::from(parts().body())) };
        match self.client.send(&parts(), &ask).await {
            // Asked again after an answer that was lost: done before. What lies there is read back anyway.
            Err(S3Error::NoUpload) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Ends an upload and lets the store throw its parts away.
    pub(super) async fn abort(&self, object: &str, upload: &str) -> Result<(), S3Error> {
        let action = self.client.bucket.abort_multipart_upload(Some(&self.client.key), object, upload);
        match self.client.send(&action, &Ask::plain()).await {
            Err(S3Error::NoUpload) => Ok(()),
            answer => answer.map(drop),
        }
    }
}

async fn part_of(file: &mut File, size: u64) -> std::io::Result<Bytes> {
    let mut part = vec![0; usize::try_from(size).map_err(std::io::Error::other)?];
    file.read_exact(&mut part).await?;
    Ok(part.into())
}
