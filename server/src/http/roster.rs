//! Who works on a service day that was published already.

use axum::Json;
use axum::extract::{Request, State};
use mpp_sync::action::{ActionError, add_officer};
use mpp_sync::ids::DocumentId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::auth::AuthSupervisor;
use super::error::ApiError;
use super::guard::{InPath, json_body};
use crate::authoring::AuthoringError;
use crate::review::published::{json_of, text};

#[derive(Deserialize)]
struct Officer {
    username: String,
}

/// `GET /api/office/officers`: who can be put on a roster, by name.
///
/// # Errors
/// When the store fails.
pub async fn officers(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
) -> Result<Json<Value>, ApiError> {
    let mut accounts = app.store().accounts().await?;
    accounts.retain(|account| {
        account.disabled_at.is_none() && account.roles.iter().any(|role| role == "officer")
    });
    accounts.sort_by(|one, other| one.display_name.cmp(&other.display_name));
    let officers: Vec<Value> = accounts
        .iter()
        .map(|account| json!({ "username": account.username, "display_name": account.display_name }))
        .collect();
    Ok(Json(json!({ "officers": officers })))
}

/// `POST /api/office/days/{day}/officers`: puts an account on the day's roster. What the officer wrote there before that is
/// tried again.
///
/// # Errors
/// `NOT_FOUND` when there is no such day or account.
pub async fn add(
    State(app): State<Shared>,
    AuthSupervisor(supervisor): AuthSupervisor,
    InPath(day): InPath<DocumentId>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: Officer = json_body(request).await?;
    let known = app.store().account(asked.username.trim()).await?;
    let account = known.filter(|account| account.disabled_at.is_none()).ok_or_else(ApiError::not_found)?;
    the_day(&app, day).await?;
    let days = [day];
    let written = app.office.write(&supervisor.username, &days, |context, documents| {
        let [day] = documents else { return Err(ActionError::Nothing) };
        add_officer(context, day, &account.username, &account.display_name)
    });
    match written.await {
        Ok(_) | Err(AuthoringError::Action(ActionError::Nothing)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Json(json!({ "day": the_day(&app, day).await? })))
}

async fn the_day(app: &Shared, day: DocumentId) -> Result<Value, ApiError> {
    let view = app.store().view(day.0).await?.ok_or_else(ApiError::not_found)?;
    let view = json_of(&view)?;
    if text(&view, "kind") == "service_day" { Ok(view) } else { Err(ApiError::not_found()) }
}
