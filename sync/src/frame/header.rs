//! Who a session is: in its first frame, covered by that frame's signature.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, DocumentId, FrameHash, SessionId};
use crate::limits::SHORT_TEXT_BYTES_MAX;
use crate::wire::{Reader, WireError, put_bytes, put_option, put_varint};

/// The session before, as this device remembers it: a receiver that knows more of it sees that the
/// device's storage was rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousSession {
    /// Its id.
    pub session: SessionId,
    /// How many frames were cut.
    pub frames: u64,
    /// The hash of the last one.
    pub head: FrameHash,
}

/// Who a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionHeader {
    /// The device whose key signs.
    pub device: DeviceId,
    /// The session before on this device.
    #[serde(default)]
    pub previous: Option<PreviousSession>,
    /// The service day it works for; none for the office.
    #[serde(default)]
    pub day: Option<DocumentId>,
    /// Version of the app, for support.
    pub app_version: String,
    /// Unix seconds by the device's clock; decides nothing.
    pub started_at: u64,
}

impl SessionHeader {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.device.0);
        put_option(out, self.previous.as_ref(), |out, previous| {
            out.extend_from_slice(&previous.session.0);
            put_varint(out, previous.frames);
            out.extend_from_slice(&previous.head.0);
        });
        put_option(out, self.day.as_ref(), |out, day| out.extend_from_slice(&day.0));
        put_bytes(out, self.app_version.as_bytes());
        put_varint(out, self.started_at);
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            device: DeviceId(reader.array()?),
            previous: reader.option(|reader| {
                Ok(PreviousSession {
                    session: SessionId(reader.array()?),
                    frames: reader.varint()?,
                    head: FrameHash(reader.array()?),
                })
            })?,
            day: reader.option(|reader| reader.array().map(DocumentId))?,
            app_version: reader.text(SHORT_TEXT_BYTES_MAX, "app_version")?,
            started_at: reader.varint()?,
        })
    }

    /// The bytes by which a node keeps it beside the chain.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        out
    }

    /// Reads what [`SessionHeader::encode`] wrote.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        Self::take(&mut Reader::new(bytes))
    }
}
