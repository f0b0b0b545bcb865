//! Entering with the grant, without a password; and whether the node is one to talk to at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpp_sync::ids::LogId;
use mpp_sync::trust::{Certificate, Revocations, enter_bytes, follow_root, sign_hash};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::device::write_whole;
use super::{Tablet, TabletError};

/// Where the newest list of revocations is kept.
const TRUST: &str = "trust.json";

/// Who answers.
#[derive(Debug, Deserialize)]
struct Identity {
    log: LogId,
    certificate: String,
    office: String,
    roots: Vec<String>,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    list: Option<String>,
}

/// The newest list that the office signed, as it came.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Trust {
    list: String,
    office: String,
}

fn bytes(text: &str) -> Result<Vec<u8>, TabletError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TabletError::NotBelieved("CERTIFICATE_INVALID"))
}

fn certificate(text: &str) -> Result<Certificate, TabletError> {
    Certificate::decode(&bytes(text)?).map_err(|_| TabletError::NotBelieved("CERTIFICATE_INVALID"))
}

impl Tablet {
    /// Enters with the grant; a tablet whose grant is not taken here signs in with its officer's password.
    ///
    /// # Errors
    /// [`TabletError::NotBelieved`] for a node that no root certified or that was revoked; else as the requests.
    pub(super) async fn enter(&mut self) -> Result<(), TabletError> {
        let Some(prepared) = self.prepared.clone().filter(|prepared| !prepared.grant.is_empty()) else {
            return self.client.sign_in(&self.settings.login).await.map(drop);
        };
        let identity = self.identity(&prepared.root).await?;
        let signed = enter_bytes(&identity.log, &bytes(&identity.nonce)?);
        let body = json!({
            "grant": prepared.grant,
            "certificate": prepared.certificate,
            "nonce": identity.nonce,
            "signature": URL_SAFE_NO_PAD.encode(sign_hash(&self.key, &signed)),
        });
        match self.client.post::<Value>("/api/field/enter", &body).await {
            Ok(_) => {
                self.client.has_entered();
                Ok(())
            }
            Err(TabletError::Answer { code, .. }) if code == "GRANT_INVALID" => {
                self.client.sign_in(&self.settings.login).await.map(drop)
            }
            Err(error) => Err(error),
        }
    }

    /// Learns who this node and its office are now, without entering.
    ///
    /// # Errors
    /// As [`Tablet::enter`].
    pub(super) async fn identify(&mut self) -> Result<(), TabletError> {
        match self.prepared.as_ref().map(|prepared| prepared.root.clone()) {
            Some(root) => self.identity(&root).await.map(drop),
            None => Ok(()),
        }
    }

    /// Who answers, believed and not revoked, and its certificates kept.
    async fn identity(&mut self, root: &str) -> Result<Identity, TabletError> {
        let identity: Identity = self.client.get("/api/field/challenge").await?;
        let believed = believes(root, &identity);
        self.learn_revocations(root).await?;
        believed?;
        self.is_not_revoked(&identity)?;
        for text in [&identity.certificate, &identity.office] {
            self.know(&certificate(text)?);
        }
        Ok(identity)
    }

    /// Takes the list that this node has, when the office signed it and it is newer than the one that is kept.
    async fn learn_revocations(&mut self, root: &str) -> Result<(), TabletError> {
        let answer: Identity = self.client.get("/api/field/revocations").await?;
        let Some(list) = answer.list.clone() else { return Ok(()) };
        if believes(root, &answer).is_err() {
            return Ok(());
        }
        let (Ok(read), office) = (Revocations::decode(&bytes(&list)?), certificate(&answer.office)?) else {
            return Ok(());
        };
        let newer = self.revocations()?.is_none_or(|kept| kept.issued_at < read.issued_at);
        if read.verify(&office).is_ok() && newer {
            let text =
                serde_json::to_vec(&Trust { list, office: answer.office }).map_err(std::io::Error::from)?;
            write_whole(&self.settings.folder.join(TRUST), &text)?;
        }
        Ok(())
    }

    fn revocations(&self) -> Result<Option<Revocations>, TabletError> {
        match std::fs::read(self.settings.folder.join(TRUST)) {
            Ok(text) => {
                let kept: Trust =
                    serde_json::from_slice(&text).map_err(|_| TabletError::Damaged("trust.json"))?;
                let list = Revocations::decode(&bytes(&kept.list)?);
                list.map(Some).map_err(|_| TabletError::Damaged("trust.json"))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the newest list that this tablet knows names the node.
    fn is_not_revoked(&self, identity: &Identity) -> Result<(), TabletError> {
        let node = certificate(&identity.certificate)?.node();
        if self.revocations()?.is_some_and(|list| list.names(&node)) {
            return Err(TabletError::NotBelieved("HUB_REVOKED"));
        }
        Ok(())
    }
}

/// Whether the pinned root, or one after it, certified the node and the office it speaks for.
fn believes(root: &str, identity: &Identity) -> Result<(), TabletError> {
    let refused = |_| TabletError::NotBelieved("CERTIFICATE_INVALID");
    let pinned = bytes(root)?.try_into().map_err(|_| TabletError::Damaged("prepared.json"))?;
    let roots: Vec<Certificate> =
        identity.roots.iter().map(|text| certificate(text)).collect::<Result<_, _>>()?;
    let root = follow_root(pinned, &roots);
    let own = certificate(&identity.certificate)?;
    own.verify(&root).or_else(|_| own.verify(&pinned)).map_err(refused)?;
    let office = certificate(&identity.office)?;
    office.verify(&root).or_else(|_| office.verify(&pinned)).map_err(refused)
}
