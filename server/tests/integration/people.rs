//! The same resident registered twice, and what a supervisor decides about it.

use mpp_sync::ids::DocumentId;
use serde_json::{Value, json};

use super::server::{Server, code};
use super::tablet::Tablet;

struct Twice {
    server: Server,
    supervisor: String,
    residents: [DocumentId; 2],
    application: DocumentId,
}

/// Two tablets that cannot see each other register the same NIK.
async fn registered_twice(one_name: &str, two_name: &str) -> Twice {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "budi", day).await;
    let (first, application, _) = one.application("1604124101900001", one_name);
    let (second, _, _) = two.application("1604124101900001", two_name);
    one.sync(&server, &cookie).await;
    two.sync(&server, &cookie).await;
    server.folded().await;
    Twice { server, supervisor, residents: [first.min(second), first.max(second)], application }
}

impl Twice {
    async fn record(&self) -> Value {
        self.server.read(&format!("/api/office/applications/{}", self.application), &self.supervisor).await
    }

    async fn attention(&self) -> Vec<Value> {
        let list = self.server.read("/api/office/applications", &self.supervisor).await;
        list["rows"].as_array().unwrap().iter().map(|row| row["attention"].clone()).collect()
    }

    async fn decide(&self, what: &str, body: Value) -> (u16, Value) {
        let path = format!("/api/office/residents/{}/{what}", self.residents[0]);
        self.server.post(&path, &self.supervisor, body).await
    }

    async fn undo(&self, decision: &str) -> (u16, Value) {
        let path = format!("/api/office/decisions/{}/{decision}/undo", self.residents[0]);
        self.server.post(&path, &self.supervisor, json!({})).await
    }
}

#[tokio::test]
async fn two_spellings_are_one_resident_until_one_is_chosen_and_again_after_the_undo() {
    let twice = registered_twice("Siti Nurjannah", "Siti Nurjanah").await;
    let record = twice.record().await;
    assert_eq!(record["resident"]["members"], json!(twice.residents));
    assert_eq!(record["resident"]["names"].as_array().unwrap().len(), 2);
    assert_eq!(record["residents"].as_array().unwrap().len(), 2);
    assert_eq!(record["others"].as_array().unwrap().len(), 1);
    assert_eq!(twice.attention().await, vec![json!(["spelling"]); 2]);
    let chosen = json!({"value": "Siti Nurjannah", "members": twice.residents});
    let (status, body) = twice.decide("spelling", chosen).await;
    assert_eq!(status, 200, "{body}");
    let record = twice.record().await;
    assert_eq!(record["resident"]["spelling"]["value"], "Siti Nurjannah");
    assert_eq!(record["resident"]["spelling"]["officer"], "sari");
    assert_eq!(twice.attention().await, vec![json!([]); 2]);
    let decision = record["resident"]["spelling"]["decision"].as_str().unwrap();
    assert_eq!(twice.undo(decision).await.0, 200);
    assert_eq!(twice.attention().await, vec![json!(["spelling"]); 2]);
    assert_eq!(twice.undo("tidak-ada").await.0, 422);
}

#[tokio::test]
async fn another_name_with_the_same_number_is_a_question_that_joining_or_splitting_answers() {
    let twice = registered_twice("Siti Nurjannah", "Bambang Hartono").await;
    let record = twice.record().await;
    assert_eq!(record["resident"]["question"], true);
    assert_eq!(record["residents"].as_array().unwrap().len(), 2, "the other one is shown too");
    assert_eq!(twice.attention().await, vec![json!(["identity_question"]); 2]);
    let members = json!({"members": twice.residents});
    assert_eq!(twice.decide("split", members.clone()).await.0, 200);
    assert_eq!(twice.attention().await, vec![json!([]); 2]);
    let record = twice.record().await;
    assert_eq!(record["resident"]["members"].as_array().unwrap().len(), 1);
    assert_eq!(twice.decide("join", members).await.0, 200);
    let record = twice.record().await;
    assert_eq!(record["resident"]["members"].as_array().unwrap().len(), 2);
    assert_eq!(twice.attention().await, vec![json!(["spelling"]); 2]);
}

#[tokio::test]
async fn a_decision_names_residents_that_are_here() {
    let twice = registered_twice("Siti Nurjannah", "Siti Nurjanah").await;
    for members in [
        json!([]),
        json!([twice.residents[0]]),
        json!([twice.residents[1], DocumentId([9; 16])]),
        json!([twice.residents[0], twice.application]),
    ] {
        let (status, body) = twice.decide("join", json!({"members": members})).await;
        assert_eq!((status, code(&body)), (422, "MEMBERS_INVALID"), "{members}");
    }
}
