//! Decisions about residents: a spelling, one person, different people, and taking any of it back.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use mpp_sync::action::{ActionError, Decide, decide};
use mpp_sync::document::Document;
use mpp_sync::ids::{DocumentId, Kind};
use mpp_sync::view::{DecisionKind, ResidentView, View};
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
    let decision = Decide::name(asked.value, asked.members);
    write(&app, &account.username, key, &decision).await
}

#[derive(Deserialize)]
struct Members {
    members: Vec<DocumentId>,
    /// For different people: the other side. With none, all members differ from each other.
    #[serde(default)]
    from: Vec<DocumentId>,
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
    write(&app, &account.username, resident, &Decide::undo(decision)).await
}

async fn belongs(
    app: &Shared,
    officer: &str,
    key: DocumentId,
    decision: DecisionKind,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: Members = json_body(request).await?;
    let all: Vec<DocumentId> = asked.members.iter().chain(&asked.from).copied().collect();
    members_are_residents(app, key, &all, 2).await?;
    write(app, officer, key, &Decide { from: asked.from, ..Decide::about(decision, asked.members) }).await
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
    let residents = views.iter().filter(|view| view.kind == i64::from(Kind::Resident.number())).count();
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
///
/// All residents it is about are opened with it, so that it replaces what was decided in any of them.
async fn write(
    app: &Shared,
    officer: &str,
    resident: DocumentId,
    asked: &Decide,
) -> Result<Json<Value>, ApiError> {
    let mut opened = vec![resident];
    opened.extend(asked.with.iter().chain(&asked.from).filter(|id| **id != resident));
    let made = app
        .office
        .write(officer, &opened, |context, documents| {
            let group: Vec<ResidentView> = documents.iter().filter_map(resident_view).collect();
            match documents.first_mut() {
                Some(document) if document.kind() == Kind::Resident => {
                    decide(context, document, &group, asked)
                }
                _ => Err(ActionError::Key("resident".to_owned())),
            }
        })
        .await?;
    Ok(Json(json!({ "resident": made.views.first().map(View::to_json) })))
}

fn resident_view(document: &Document) -> Option<ResidentView> {
    match View::of(document) {
        Some(View::Resident(view)) => Some(*view),
        _ => None,
    }
}
