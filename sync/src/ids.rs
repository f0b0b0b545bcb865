//! Ids and hashes: fixed-size byte newtypes that read and write as lowercase hex.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Text that is not the hex form of an id of the expected size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} bytes as lowercase hex")]
pub struct BadId {
    expected: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $size:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $size]);

        impl $name {
            /// Takes exactly the right number of bytes.
            ///
            /// # Errors
            /// [`BadId`] when the length differs.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, BadId> {
                bytes.try_into().map(Self).map_err(|_| BadId { expected: $size })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), hex::encode(self.0))
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let bytes = hex::decode(text).map_err(|_| BadId { expected: $size })?;
                Self::from_slice(&bytes)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// Names one document for ever; see [`DocumentId::derive`].
    DocumentId,
    16
);
id!(
    /// One start of the app on one device: the Automerge actor of its changes and the id of its chain.
    SessionId,
    16
);
id!(
    /// A device: the first 16 bytes of SHA-256 over its public key; see [`DeviceId::of_key`].
    DeviceId,
    16
);
id!(
    /// A node's storage; a restored backup gets a new one.
    LogId,
    16
);
id!(
    /// SHA-256 of a change chunk without its first eight bytes, as Automerge defines it.
    ChangeHash,
    32
);
id!(
    /// What a frame's signature signs; the next frame names it.
    FrameHash,
    32
);
id!(
    /// The first eight bytes of a frame's hash: what stands for it on the wire.
    FramePrefix,
    8
);
id!(
    /// Links a save to the save before it in the same session.
    SaveHash,
    32
);
id!(
    /// The first eight bytes of a hash over the whole log up to a position.
    Rolling,
    8
);

id!(
    /// The sums of several scopes as one value; see [`crate::digest::fold`].
    Fold,
    8
);

impl FrameHash {
    /// What the first frame of a session names as its predecessor.
    pub const NONE: Self = Self([0; 32]);

    /// The eight bytes that stand for the hash on the wire, where the rest is recomputed.
    #[must_use]
    pub fn prefix(&self) -> FramePrefix {
        let mut out = [0; 8];
        out.copy_from_slice(&self.0[..8]);
        FramePrefix(out)
    }
}

impl SaveHash {
    /// What the first save of a session names as its predecessor.
    pub const NONE: Self = Self([0; 32]);
}

impl Rolling {
    /// The value before the first entry of a log.
    pub const START: Self = Self([0; 8]);

    /// The value after one more entry: the first eight bytes of
    /// SHA-256(previous ‖ document ‖ change hash).
    #[must_use]
    pub fn after(&self, document: &DocumentId, hash: &ChangeHash) -> Self {
        let digest = sha256(&[&self.0, &document.0, &hash.0]);
        let mut out = [0; 8];
        out.copy_from_slice(&digest[..8]);
        Self(out)
    }
}

impl DeviceId {
    /// Derives the id from an uncompressed SEC1 public key of 65 bytes.
    #[must_use]
    pub fn of_key(public_key: &[u8]) -> Self {
        let digest = sha256(&[b"mpp.device.1", public_key]);
        let mut out = [0; 16];
        out.copy_from_slice(&digest[..16]);
        Self(out)
    }
}

impl DocumentId {
    /// Derives the id of the document a session creates as its `counter`-th one.
    ///
    /// The first 16 bytes of SHA-256(domain ‖ kind ‖ session ‖ counter): known before the first
    /// change, rebuilt by every receiver, never sent when the document is created.
    #[must_use]
    pub fn derive(kind: Kind, session: &SessionId, counter: u32) -> Self {
        let digest = sha256(&[b"mpp.document.1", &[kind.number()], &session.0, &counter.to_be_bytes()]);
        let mut out = [0; 16];
        out.copy_from_slice(&digest[..16]);
        Self(out)
    }
}

/// What a document is about. The numbers are on the wire and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person as known to the centre.
    Resident,
    /// One visit of a day: the queue ticket and what came of it.
    Visit,
    /// One application (permohonan) for one service.
    Application,
    /// One day of mobile service.
    ServiceDay,
    /// One agency's services and their standards.
    Catalogue,
    /// A kind of a later version: carried, and kept aside until a version comes that reads it.
    #[serde(untagged)]
    Unknown(u8),
}

impl Kind {
    /// The number on the wire and in tables.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Resident => 1,
            Self::Visit => 2,
            Self::Application => 3,
            Self::ServiceDay => 4,
            Self::Catalogue => 5,
            Self::Unknown(number) => number,
        }
    }

    /// The kind of a number, known to this version or not.
    #[must_use]
    pub fn of(number: u8) -> Self {
        Self::try_from(number).unwrap_or_else(|UnknownKind(number)| Self::Unknown(number))
    }
}

/// A kind number this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown document kind {0}")]
pub struct UnknownKind(pub u8);

impl TryFrom<u8> for Kind {
    type Error = UnknownKind;

    fn try_from(number: u8) -> Result<Self, UnknownKind> {
        match number {
            1 => Ok(Self::Resident),
            2 => Ok(Self::Visit),
            3 => Ok(Self::Application),
            4 => Ok(Self::ServiceDay),
            5 => Ok(Self::Catalogue),
            other => Err(UnknownKind(other)),
        }
    }
}

/// SHA-256 over the parts in order.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_id_depends_on_kind_session_and_counter() {
        let session = SessionId([7; 16]);
        let id = DocumentId::derive(Kind::Visit, &session, 3);
        assert_ne!(id, DocumentId::derive(Kind::Resident, &session, 3));
        assert_ne!(id, DocumentId::derive(Kind::Visit, &session, 4));
        assert_ne!(id, DocumentId::derive(Kind::Visit, &SessionId([8; 16]), 3));
        assert_eq!(id.to_string().parse::<DocumentId>(), Ok(id));
    }

    #[test]
    fn hex_of_the_wrong_size_is_refused() {
        assert!("ab".parse::<DocumentId>().is_err());
        assert!("zz".repeat(16).parse::<DocumentId>().is_err());
    }
}
