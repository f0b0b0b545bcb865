//! The nodes whose keys this tablet knows: certified by the pinned root, or by one after it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpp_sync::ids::DeviceId;
use mpp_sync::trust::{Certificate, CertificateRole, PUBLIC_KEY_BYTES};

use super::device::Prepared;
use super::{Tablet, TabletError};

/// A node.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its public key.
    pub key: [u8; PUBLIC_KEY_BYTES],
    /// Whether it is the office; else a hub.
    pub office: bool,
    /// What a root said of it.
    pub certificate: Certificate,
}

/// Nodes that signed something and whose certificates are not known here: the office got a new key, or it is nobody.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// To be asked about.
    new: BTreeSet<DeviceId>,
    /// Asked about since the start.
    met: BTreeSet<DeviceId>,
}

impl Tablet {
    /// Whether nobody was asked yet who this is that signed something: then it is asked, and the node says it again.
    pub(super) fn is_stranger(&mut self, node: DeviceId) -> bool {
        if self.nodes.contains_key(&node) || self.strangers.met.contains(&node) || self.prepared.is_none() {
            return false;
        }
        self.strangers.new.insert(node);
        true
    }

    /// Asks for the certificates when something was signed by a stranger. Says whether it has to be heard again.
    pub(super) async fn meet_strangers(&mut self) -> Result<bool, TabletError> {
        let new = std::mem::take(&mut self.strangers.new);
        if new.is_empty() {
            return Ok(false);
        }
        self.identify().await?;
        self.strangers.met.extend(new);
        // A receipt that was passed over comes only of a chain that is named.
        self.claims.all = true;
        Ok(true)
    }

    /// Keeps a node's key. The caller has verified the certificate.
    pub(super) fn know(&mut self, certificate: &Certificate) {
        let office = certificate.subject.role == CertificateRole::Office;
        let node = Node { key: certificate.subject.public_key, office, certificate: certificate.clone() };
        self.nodes.insert(certificate.node(), node);
    }

    /// The office that prepared this tablet.
    pub(super) fn know_office(&mut self) {
        if let Some(certificate) = self.prepared.as_ref().and_then(certified) {
            self.know(&certificate);
        }
    }

    /// Whether the node is the office, by its certificate.
    pub(super) fn is_office(&self, node: Option<DeviceId>) -> bool {
        node.and_then(|node| self.nodes.get(&node)).is_some_and(|node| node.office)
    }
}

fn certified(prepared: &Prepared) -> Option<Certificate> {
    let root = URL_SAFE_NO_PAD.decode(&prepared.root).ok()?;
    let certificate = Certificate::decode(&URL_SAFE_NO_PAD.decode(&prepared.certificate).ok()?).ok()?;
    certificate.verify(&root).ok()?;
    Some(certificate)
}
