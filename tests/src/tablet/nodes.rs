//! The nodes whose keys this tablet knows: certified by the pinned root, or by one after it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpp_sync::ids::DeviceId;
use mpp_sync::trust::{Certificate, CertificateRole, PUBLIC_KEY_BYTES};

use super::Tablet;
use super::device::Prepared;

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

impl Tablet {
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
