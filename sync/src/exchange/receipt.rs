//! Receipts: a node's signed word on how much it holds of a device's chains, and how much of that its newest verified
//! backup covers.
//!
//! The hashes of the frames are covered by the signature and not sent: who holds the chain knows them, so a receipt
//! proves exactly the frames that its owner wrote.

use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::plan::ChainFrames;
use crate::frame::SIGNATURE_BYTES;
use crate::ids::{DeviceId, FrameHash, LogId, SessionId, sha256};
use crate::limits::CHAINS_MAX;
use crate::wire::{Reader, WireError, put_count, put_varint};

/// How much of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptChain {
    /// The session.
    pub session: SessionId,
    /// Frames that the node holds, durably.
    pub frames: u64,
    /// Frames that its newest verified backup covers.
    pub backed_up: u64,
}

/// The hashes that go with a [`ReceiptChain`]; [`FrameHash::NONE`] for no frame at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptHeads {
    /// Of the last frame held.
    pub head: FrameHash,
    /// Of the last frame in the backup.
    pub backed_up: FrameHash,
}

/// A node's word to one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The node that signs: the id of its key. Its certificate says whether it is the office or a hub.
    pub node: DeviceId,
    /// The node's storage.
    pub log: LogId,
    /// Unix seconds by the node's clock.
    pub issued_at: u64,
    /// The device's chains.
    pub chains: Vec<ReceiptChain>,
    /// r ‖ s.
    pub signature: [u8; SIGNATURE_BYTES],
}

/// Why a receipt is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptRefusal {
    /// The key is not the one of the node that is named.
    #[error("the key is another node's")]
    Node,
    /// It speaks of frames that the device does not have, or contradicts itself.
    #[error("the receipt does not fit the chains")]
    Chains,
    /// The signature does not hold for the frames that the device wrote.
    #[error("the signature does not match")]
    Signature,
}

impl ReceiptRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Node => "receipt_node",
            Self::Chains => "receipt_chains",
            Self::Signature => "receipt_signature",
        }
    }
}

impl Receipt {
    /// Signs a receipt. `chains` with the hashes that go with them.
    #[must_use]
    pub fn sign(
        key: &SigningKey,
        log: LogId,
        issued_at: u64,
        chains: Vec<(ReceiptChain, ReceiptHeads)>,
    ) -> Self {
        let node = DeviceId::of_key(key.verifying_key().to_sec1_point(false).as_bytes());
        let (chains, heads): (Vec<_>, Vec<_>) = chains.into_iter().unzip();
        let mut receipt = Self { node, log, issued_at, chains, signature: [0; SIGNATURE_BYTES] };
        let signature: Signature = key.sign(&receipt.digest(&heads));
        receipt.signature = signature.to_bytes().into();
        receipt
    }

    fn digest(&self, heads: &[ReceiptHeads]) -> [u8; 32] {
        let mut covered = Vec::with_capacity(96 * heads.len());
        for (chain, heads) in self.chains.iter().zip(heads) {
            covered.extend_from_slice(&chain.session.0);
            covered.extend_from_slice(&chain.frames.to_be_bytes());
            covered.extend_from_slice(&heads.head.0);
            covered.extend_from_slice(&chain.backed_up.to_be_bytes());
            covered.extend_from_slice(&heads.backed_up.0);
        }
        sha256(&[b"mpp.receipt.1", &self.node.0, &self.log.0, &self.issued_at.to_be_bytes(), &covered])
    }

    /// Whether this is the word of the node with this key on the frames that `own` lists.
    ///
    /// # Errors
    /// [`ReceiptRefusal`].
    pub fn verify(&self, public_key: &[u8], own: &[ChainFrames]) -> Result<(), ReceiptRefusal> {
        if DeviceId::of_key(public_key) != self.node {
            return Err(ReceiptRefusal::Node);
        }
        let heads =
            self.chains.iter().map(|chain| heads_of(chain, own)).collect::<Option<Vec<ReceiptHeads>>>();
        let heads = heads.ok_or(ReceiptRefusal::Chains)?;
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| ReceiptRefusal::Node)?;
        let signature = Signature::from_slice(&self.signature).map_err(|_| ReceiptRefusal::Signature)?;
        key.verify(&self.digest(&heads), &signature).map_err(|_| ReceiptRefusal::Signature)
    }

    /// The payload of its record, which is also how it is stored and relayed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.node.0.to_vec();
        out.extend_from_slice(&self.log.0);
        put_varint(&mut out, self.issued_at);
        put_count(&mut out, self.chains.len());
        for chain in &self.chains {
            out.extend_from_slice(&chain.session.0);
            put_varint(&mut out, chain.frames);
            put_varint(&mut out, chain.backed_up);
        }
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads what [`Receipt::encode`] wrote. Nothing is verified yet.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let node = DeviceId(reader.array()?);
        let log = LogId(reader.array()?);
        let issued_at = reader.varint()?;
        let count = reader.count(CHAINS_MAX, "chains")?;
        let chain = |reader: &mut Reader<'_>| {
            let session = SessionId(reader.array()?);
            Ok(ReceiptChain { session, frames: reader.varint()?, backed_up: reader.varint()? })
        };
        let chains = (0..count).map(|_| chain(&mut reader)).collect::<Result<_, WireError>>()?;
        Ok(Self { node, log, issued_at, chains, signature: reader.array()? })
    }
}

fn heads_of(chain: &ReceiptChain, own: &[ChainFrames]) -> Option<ReceiptHeads> {
    let own = own.iter().find(|own| own.session == chain.session)?;
    let at = |frames: u64| match usize::try_from(frames).ok()?.checked_sub(1) {
        Some(last) => own.frames.get(last).copied(),
        None => Some(FrameHash::NONE),
    };
    (chain.backed_up <= chain.frames).then_some(())?;
    Some(ReceiptHeads { head: at(chain.frames)?, backed_up: at(chain.backed_up)? })
}

#[cfg(test)]
mod tests;
