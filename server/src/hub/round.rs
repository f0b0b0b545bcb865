//! One contact with the office: enter, hear what is new, pass frames on, take changes in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpp_store::Id;
use mpp_sync::check::EVERYONE;
use mpp_sync::exchange::{BodyReader, Cursor, Hello, PROTOCOL, PullRequest, decode_record, encode_relay};
use mpp_sync::ids::{LogId, Rolling, SessionId};
use mpp_sync::trust::{Certificate, Grant, Revocations, enter_bytes, follow_root, sign_hash};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::HubError;
use super::client::{Contact, OfficeClient, bytes, unreachable};
use super::compare::Known;
use super::naming::{Asking, Load};
use super::receive::Incoming;
use crate::app::App;
use crate::config::UPSTREAM_PAGE;
use crate::trust::{REVOCATIONS, certificates, keep_certificate, verify_certificate, verify_grant};

/// Where the place in the office's log is kept.
const PULLED: &str = "upstream_pulled";

/// How far the office's log was read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Pulled {
    pub log: Option<LogId>,
    pub cursors: Vec<Cursor>,
}

/// What is remembered from one contact to the next.
pub(super) struct Round {
    pub(super) app: Arc<App>,
    pub(super) client: OfficeClient,
    /// What comparing all chains with the office's found.
    pub(super) known: Known,
    entered: bool,
    /// After a failure nobody knows what arrived: ask first, send after.
    ask_first: bool,
    /// The marks of the office when it was last asked about every chain.
    pub(super) marks: Option<u64>,
    /// How far it is asked about every chain again.
    pub(super) asking: Option<Asking>,
    /// Chains in one such question.
    pub(super) page: usize,
    /// Chains named since everything was last exchanged: their changes need not come back.
    pub(super) open: BTreeMap<SessionId, Vec<u64>>,
    /// Sessions of which the office holds something else than this hub.
    pub(super) forked: BTreeSet<SessionId>,
    /// Devices whose grants the office has since this hub entered.
    introduced: BTreeSet<Id>,
    /// Chains that the office refused since this hub entered.
    pub(super) stuck: BTreeSet<SessionId>,
}

impl Round {
    pub(super) fn new(app: Arc<App>, client: OfficeClient) -> Self {
        let page = app.config.upstream_page.clamp(1, UPSTREAM_PAGE);
        Self {
            app,
            client,
            known: Known::default(),
            entered: false,
            ask_first: true,
            marks: None,
            asking: Some(Asking::default()),
            page,
            open: BTreeMap::new(),
            forked: BTreeSet::new(),
            introduced: BTreeSet::new(),
            stuck: BTreeSet::new(),
        }
    }

    /// One whole contact.
    pub(super) async fn run(&mut self) -> Result<(), HubError> {
        if !self.entered {
            self.enter().await?;
        }
        match self.contact().await {
            Err(HubError::Answer { status: 401, .. }) => {
                self.enter().await?;
                self.contact().await?;
            }
            other => other?,
        }
        // To be sure; whatever it says, frames that are known to be lacking go on their way.
        if let Err(error) = self.compare_when_due().await {
            tracing::warn!(code = "CHAINS_NOT_COMPARED", error = %error);
        }
        while self.exchange().await? {}
        self.open.clear();
        Ok(())
    }

    /// What a failure means for the next contact.
    pub(super) fn failed(&mut self, error: &HubError) {
        self.ask_first = true;
        if matches!(error, HubError::Answer { status, .. } if *status < 500) {
            self.entered = false;
        }
    }

    /// Frames that the office is not known to hold.
    pub(super) async fn waiting_frames(&self) -> Result<i64, HubError> {
        let log = self.pulled().await?.log.unwrap_or_default();
        let waiting = self.app.store().chains_to_relay(log.0, i64::from(i32::MAX)).await?;
        Ok(waiting.iter().map(mpp_store::ChainToRelay::waiting).sum())
    }

    async fn enter(&mut self) -> Result<(), HubError> {
        let challenge = self.client.challenge().await?;
        self.believe(&challenge.roots, &challenge.office, None).await?;
        let key = &self.app.node.key;
        let signed = enter_bytes(&challenge.log, &bytes(&challenge.nonce)?);
        let own = self.app.node.trust.known().own.encode();
        self.client.enter(&own, &challenge.nonce, &sign_hash(key.signing(), &signed)).await?;
        self.entered = true;
        self.introduced.clear();
        self.stuck.clear();
        Ok(())
    }

    /// Takes later root keys, the office's certificate and this hub's own, each only if the one before vouches for it.
    async fn believe(&self, roots: &[String], office: &str, own: Option<&str>) -> Result<(), HubError> {
        let (app, store) = (&self.app, self.app.store());
        let decode = |text: &String| Ok::<_, HubError>(Certificate::decode(&bytes(text)?)?);
        let roots: Vec<Certificate> = roots.iter().map(decode).collect::<Result<_, _>>()?;
        let mut root = app.node.trust.known().root;
        loop {
            let next = follow_root(root, &roots);
            if next == root {
                break;
            }
            root = next;
        }
        for certificate in &roots {
            // Those that lead to the root now believed; any other is of no use and does no harm.
            if verify_certificate(&app.node.trust.known(), &root, certificate).is_ok() {
                keep_certificate(store, certificate).await?;
            }
        }
        let office = Certificate::decode(&bytes(office)?)?;
        office.verify(&root)?;
        keep_certificate(store, &office).await?;
        if let Some(own) = own {
            let own = Certificate::decode(&bytes(own)?)?;
            if own.verify(&root).is_ok() && own.node() == app.node.key.device() {
                keep_certificate(store, &own).await?;
            }
        }
        Ok(app.node.trust.refresh(store, &app.node.key).await?)
    }

    async fn contact(&mut self) -> Result<(), HubError> {
        let state = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "waiting_frames": self.waiting_frames().await?,
            "certificate_days": self.app.tls_days_left(),
        });
        let contact = self.client.contact(&state).await?;
        self.believe(&contact.roots, &contact.office, Some(&contact.certificate)).await?;
        self.take_grants(&contact).await?;
        self.take_revocations(&contact).await
    }

    async fn take_grants(&self, contact: &Contact) -> Result<(), HubError> {
        let store = self.app.store();
        let known = certificates(store).await?;
        for grant in &contact.grants {
            let raw = bytes(grant)?;
            let grant = Grant::decode(&raw)?;
            verify_grant(&known, &grant)?;
            if grant.granted.device() == self.app.node.key.device() {
                store
                    .put_signed_grant(&mpp_store::SignedGrantRow {
                        device: self.app.node.key.device().0,
                        day: grant.granted.day.0,
                        bytes: raw,
                        issued_at: i64::try_from(grant.granted.issued_at).unwrap_or(i64::MAX),
                    })
                    .await?;
            }
        }
        Ok(())
    }

    /// Keeps the office's newest list, and stops believing whom it names.
    async fn take_revocations(&self, contact: &Contact) -> Result<(), HubError> {
        let store = self.app.store();
        let raw = bytes(&contact.revocations)?;
        let list = Revocations::decode(&raw)?;
        list.verify(&self.app.node.trust.known().office)?;
        let text = hex::encode(raw);
        if store.value(REVOCATIONS).await?.as_ref() == Some(&text) {
            return Ok(());
        }
        for revoked in &list.revoked {
            let at = i64::try_from(revoked.at).unwrap_or(i64::MAX);
            store.revoke(mpp_store::RevocationRow { device: revoked.device.0, at }).await?;
        }
        store.set_value(REVOCATIONS, &text).await?;
        tracing::info!(code = "REVOCATIONS_TAKEN", count = list.revoked.len());
        Ok(())
    }

    pub(super) async fn pulled(&self) -> Result<Pulled, HubError> {
        let kept = self.app.store().value(PULLED).await?;
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    pub(super) async fn keep_pulled(&self, pulled: &Pulled) -> Result<(), HubError> {
        let text = serde_json::to_string(pulled).unwrap_or_default();
        Ok(self.app.store().set_value(PULLED, &text).await?)
    }

    /// What this hub may hold, by its grants.
    async fn scopes(&self) -> Result<BTreeSet<String>, HubError> {
        let mut scopes = BTreeSet::from([EVERYONE.to_owned()]);
        let now = u64::try_from(self.app.env().now()).unwrap_or(0);
        for row in self.app.store().signed_grants(&[self.app.node.key.device().0]).await? {
            let grant = Grant::decode(&row.bytes)?;
            if grant.may_read_at(now) {
                scopes.extend(grant.granted.scopes);
            }
        }
        Ok(scopes)
    }

    /// One exchange; true when there is more to say on either side.
    async fn exchange(&mut self) -> Result<bool, HubError> {
        let pulled = self.pulled().await?;
        let waiting = self.waiting(pulled.log).await?;
        let page = self.page_to_ask().await?;
        let load = if self.ask_first { Load::default() } else { self.load(pulled.log, &waiting).await? };
        let hello = Hello {
            device: self.app.node.key.device(),
            day: None,
            chains: self.claims(&waiting, &page).await?,
            pull: Some(PullRequest { log: pulled.log, cursors: cursors_for(&pulled, &self.scopes().await?) }),
            protocol: PROTOCOL,
            flags: 0,
            marks: self.marks.unwrap_or(0),
        };
        let body = encode_relay(&hello, &load.grants, &load.frames);
        let mut answer = self.client.exchange(body).await?;
        let mut incoming = Incoming::new(self.app.clone(), &hello, pulled);
        let mut reader = BodyReader::default();
        while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
            for (kind, payload) in reader.push(&piece)? {
                if let Some(record) = decode_record(kind, &payload)? {
                    incoming.take(self, record).await?;
                }
            }
        }
        let outcome = incoming.finish().await?;
        let asked_only = std::mem::take(&mut self.ask_first);
        self.forked.extend(&outcome.forked);
        self.stuck.extend(&outcome.refused);
        let mut left = self.waiting(Some(outcome.log)).await?;
        if !outcome.new_log {
            self.stuck.extend(self.in_vain(outcome.log, &load, &left).await?);
            left.retain(|row| !self.stuck.contains(&SessionId(row.chain.session)));
        }
        let more_to_ask = self.asked(&page, outcome.marks, outcome.new_log);
        let progress = asked_only || !load.frames.is_empty();
        Ok(outcome.more || outcome.new_log || more_to_ask || (!left.is_empty() && progress))
    }

    pub(super) async fn grants_of(&mut self, devices: BTreeSet<Id>) -> Result<Vec<Vec<u8>>, HubError> {
        let new: Vec<Id> = devices.into_iter().filter(|device| self.introduced.insert(*device)).collect();
        let rows = self.app.store().signed_grants(&new).await?;
        Ok(rows.into_iter().map(|row| row.bytes).collect())
    }
}

/// The kept cursors for what may be held; scopes that are new begin at the start.
fn cursors_for(pulled: &Pulled, scopes: &BTreeSet<String>) -> Vec<Cursor> {
    let mut groups: BTreeMap<(u64, Rolling), Vec<String>> = BTreeMap::new();
    for scope in scopes {
        let kept = pulled.cursors.iter().find(|cursor| cursor.scopes.contains(scope));
        let at = kept.map_or((0, Rolling::START), |cursor| (cursor.position, cursor.rolling));
        groups.entry(at).or_default().push(scope.clone());
    }
    groups.into_iter().map(|((position, rolling), scopes)| Cursor { position, rolling, scopes }).collect()
}
