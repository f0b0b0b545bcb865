//! HTTPS by the program itself: who is believed, and a certificate that is renewed while it serves.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mpp_tests::office::program;
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client};
use tempfile::TempDir;

/// A server on a new folder, with files for HTTPS beside it.
struct Served {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn mpp() -> Command {
    Command::new(program("mpp", "MPP_BINARY").unwrap())
}

/// A certificate for localhost, and its key.
fn certificate() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

impl Served {
    fn open(certificate: &(String, String)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("cert.pem"), &certificate.0).unwrap();
        std::fs::write(file("key.pem"), &certificate.1).unwrap();
        let log = std::fs::File::create(file("log")).unwrap();
        let child = mpp()
            .args(["serve", "--demo", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(file("data"))
            .arg("--tls-cert")
            .arg(file("cert.pem"))
            .arg("--tls-key")
            .arg(file("key.pem"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { folder, port, child }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// What a certificate manager does after a renewal.
    fn replace(&self, (certificate, key): &(String, String)) {
        std::fs::write(self.file("cert.pem"), certificate).unwrap();
        std::fs::write(self.file("key.pem"), key).unwrap();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    }

    /// Whether somebody who believes this certificate, and no other, is answered.
    async fn answers(&self, believed: &(String, String)) -> bool {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let root = Certificate::from_pem(believed.0.as_bytes()).unwrap();
        // A client of its own each time: a connection that is open would know no other certificate.
        let client = Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
        let answer = client.get(format!("{}/healthz", self.url())).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    async fn until_answered(&mut self, believed: &(String, String)) {
        while !self.answers(believed).await {
            assert!(matches!(self.child.try_wait(), Ok(None)), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn until_logged(&self, code: &str) {
        while !self.log().contains(code) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap()
    }

    /// Lets a hub join that believes this certificate; what it said when it could not.
    fn join_hub(&self, believed: &(String, String)) -> Result<(), String> {
        let code = mpp().args(["hub", "code", "--name", "Mobil 1", "--data"]).arg(self.file("data")).output();
        let said = String::from_utf8(code.unwrap().stdout).unwrap();
        let code = said.split_whitespace().find(|word| word.matches('-').count() == 2).unwrap();
        let (folder, ca) = (tempfile::tempdir().unwrap(), self.file("ca.pem"));
        std::fs::write(&ca, &believed.0).unwrap();
        let joined = mpp()
            .args(["hub", "enroll", "--upstream", &self.url(), "--code", code, "--upstream-ca"])
            .arg(ca)
            .arg("--data")
            .arg(folder.path().join("hub"))
            .output()
            .unwrap();
        if joined.status.success() { Ok(()) } else { Err(String::from_utf8(joined.stderr).unwrap()) }
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_without_a_restart_and_a_broken_one_is_not() {
    let (first, second) = (certificate(), certificate());
    let mut served = Served::open(&first);
    served.until_answered(&first).await;
    assert!(!served.answers(&second).await, "a stranger's certificate is not believed");
    served.replace(&second);
    served.until_answered(&second).await;
    assert!(!served.answers(&first).await, "the one before is no longer shown");
    // Half a renewal: the key is another one's.
    served.replace(&(second.0.clone(), first.1.clone()));
    served.until_logged("TLS_NOT_RELOADED").await;
    assert!(served.answers(&second).await, "it goes on with the last that could be used");
}

#[tokio::test]
async fn a_hub_joins_over_https_only_an_office_whose_certificate_it_believes() {
    let (known, stranger) = (certificate(), certificate());
    let mut served = Served::open(&known);
    served.until_answered(&known).await;
    assert!(served.join_hub(&stranger).is_err());
    assert_eq!(served.join_hub(&known), Ok(()));
}
