//! Decisions about residents: a spelling, one person, different people, and taking any of it back.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use mpp_sync::action::{ActionError, Decide, decide};
use mpp_sync::ids::{DocumentId, Kind};
use mpp_sync::view::{DecisionKind, View};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::auth::AuthSupervisor;
use super::error::ApiError;
use super::guard::{InPath, json_body};

/// Residents of one decision at most.
const MEMBERS_MAX: usize = 50;

#[derive(Deserialize)]
struct ChooseSpelling {
    value: String,
    members: Vec<DocumentId>,
}

/// `POST /api/office/residents/{key}/spelling`
///
/// # Errors
/// `MEMBERS_INVALID`, `NOT_FOUND`.
pub async fn spelling(
    State(app): State<Shared>,
    AuthSupervisor(account): AuthSupervisor,
    InPath(key): InPath<DocumentId>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: ChooseSpelling = json_body(request).await?;
    members_are_residents(&app, key, &asked.members, 1).await?;
    let decision = Decide {
        decision: DecisionKind::Spelling,
        field: Some("name".to_owned()),
        value: Some(asked.value),
        with: asked.members,
        of: None,
    };
    write(&app, &account.username, key, decision).await
}

#[derive(Deserialize)]
struct Members {
    members: Vec<DocumentId>,
}

/// `POST /api/office/residents/{key}/join`
///
/// # Errors
/// `MEMBERS_INVALID`, `NOT_FOUND`.
pub async fn join(
    State(app): State<Shared>,
    AuthSupervisor(account): AuthSupervisor,
    InPath(key): InPath<DocumentId>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    belongs(&app, &account.username, key, DecisionKind::Join, request).await
}

/// `POST /api/office/residents/{key}/split`
///
/// # Errors
/// `MEMBERS_INVALID`, `NOT_FOUND`.
pub async fn split(
    State(app): State<Shared>,
    AuthSupervisor(account): AuthSupervisor,
    InPath(key): InPath<DocumentId>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    belongs(&app, &account.username, key, DecisionKind::Split, request).await
}

/// `POST /api/office/decisions/{resident}/{decision}/undo`
///
/// # Errors
/// `KEY_NOT_EDITABLE` when there is no such decision, `NOT_FOUND`.
pub async fn undo(
    State(app): State<Shared>,
    AuthSupervisor(account): AuthSupervisor,
    InPath((resident, decision)): InPath<(DocumentId, String)>,
) -> Result<Json<Value>, ApiError> {
    let undo = Decide {
        decision: DecisionKind::Undo,
        field: None,
        value: None,
        with: Vec::new(),
        of: Some(decision),
    };
    write(&app, &account.username, resident, undo).await
}

async fn belongs(
    app: &Shared,
    officer: &str,
    key: DocumentId,
    decision: DecisionKind,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: Members = json_body(request).await?;
    members_are_residents(app, key, &asked.members, 2).await?;
    write(app, officer, key, Decide { decision, field: None, value: None, with: asked.members, of: None })
        .await
}

/// The members must be held here, be residents, and include the one that keeps the decision.
async fn members_are_residents(
    app: &Shared,
    key: DocumentId,
    members: &[DocumentId],
    least: usize,
) -> Result<(), ApiError> {
    let ids: Vec<[u8; 16]> = members.iter().map(|member| member.0).collect();
    let views = app.store().views(&ids).await?;
    let residents = views.iter().filter(|view| view.kind == i64::from(Kind::Resident as u8)).count();
    let fits = members.contains(&key) && (least..=MEMBERS_MAX).contains(&members.len());
    if fits && residents == members.len() {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "MEMBERS_INVALID",
        "Daftar penduduknya sudah berubah. Muat ulang, lalu putuskan lagi.",
    ))
}

/// Writes the decision into the resident and answers with that resident.
async fn write(
    app: &Shared,
    officer: &str,
    resident: DocumentId,
    asked: Decide,
) -> Result<Json<Value>, ApiError> {
    let made = app
        .office
        .write(officer, &[resident], |context, documents| match documents {
            [document] if document.kind() == Kind::Resident => decide(context, document, &asked),
            _ => Err(ActionError::Key("resident".to_owned())),
        })
        .await?;
    Ok(Json(json!({ "resident": made.views.first().map(View::to_json) })))
}
