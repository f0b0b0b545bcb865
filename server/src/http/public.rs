//! What everybody may read, without signing in.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use mpp_sync::rules::tracking;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Shared;
use super::error::ApiError;
use super::guard::InPath;
use crate::calendar;
use crate::review::published::{Catalogue, days, public_day, text};
use crate::review::tracking::tracked;

const ASK_AGAIN: &str = "no-cache";
const FOR_AN_HOUR: &str = "public, max-age=3600";

/// `GET /api/public/site`
pub async fn site(State(app): State<Shared>) -> Json<Value> {
    Json(json!({
        "name": format!("MPP Bergerak {}", app.regions.regency.name),
        "regency": app.regions.regency.code,
        "regency_name": app.regions.regency.name,
        "phone": app.config.phone.clone().unwrap_or_default(),
        "local_village_word": app.regions.local_word,
        "demo": app.config.demo,
    }))
}

/// `GET /api/public/services`
///
/// # Errors
/// When the store fails.
pub async fn services(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, ApiError> {
    let published = Catalogue::read(app.store()).await?.published();
    Ok(tagged(&headers, &published, ASK_AGAIN))
}

/// `GET /api/public/days`: today and later.
///
/// # Errors
/// When the store fails.
pub async fn public_days(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, ApiError> {
    let days = days(app.store(), Some(&app.date(0))).await?;
    let days: Vec<Value> = days.iter().map(|day| public_day(day, &app.regions)).collect();
    Ok(tagged(&headers, &json!({ "days": days }), ASK_AGAIN))
}

/// `GET /api/public/track/{code}`
///
/// # Errors
/// `TRACKING_MALFORMED`, `TRACKING_NOT_ARRIVED`.
pub async fn track(State(app): State<Shared>, InPath(code): InPath<String>) -> Result<Json<Value>, ApiError> {
    let Some(code) = tracking::parse(&code) else {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "TRACKING_MALFORMED",
            "Kode lacak itu salah ketik. Periksa lagi huruf dan angkanya pada tiket atau tanda terima.",
        ));
    };
    match tracked(app.store(), &code).await? {
        Some(found) => Ok(Json(found)),
        None => Err(not_arrived(&app).await?),
    }
}

/// The tablets of a day come back in the evening: the day after is when it is worth looking again.
async fn not_arrived(app: &Shared) -> Result<ApiError, ApiError> {
    let try_after = app.date(1);
    let today = app.date(0);
    let of_today = days(app.store(), Some(&today)).await?;
    let phone = of_today
        .iter()
        .filter(|day| text(day, "date") == today)
        .map(|day| text(day, "phone").to_owned())
        .find(|phone| !phone.is_empty())
        .or_else(|| app.config.phone.clone())
        .unwrap_or_default();
    let ask = if phone.is_empty() { "kantor MPP".to_owned() } else { readable_phone(&phone) };
    let message = format!(
        "Data untuk kode ini belum sampai ke kantor. Coba lagi setelah {}, atau hubungi {ask}.",
        calendar::in_words(&try_after)
    );
    Ok(ApiError::new(StatusCode::NOT_FOUND, "TRACKING_NOT_ARRIVED", &message)
        .with("try_after", try_after)
        .with("phone", phone))
}

/// `+6281234567890` as people write it: `0812-3456-7890`.
fn readable_phone(phone: &str) -> String {
    let Some(national) = phone.strip_prefix("+62") else { return phone.to_owned() };
    let digits: Vec<char> = std::iter::once('0').chain(national.chars()).collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// `GET /api/public/regions`
pub async fn regions(State(app): State<Shared>, headers: HeaderMap) -> Response {
    tagged(&headers, &app.regions, FOR_AN_HOUR)
}

/// JSON with a tag: who has it already hears so in a few bytes.
fn tagged(headers: &HeaderMap, value: &impl Serialize, cache: &'static str) -> Response {
    let body = serde_json::to_vec(value).unwrap_or_default();
    // Weak: the body may be compressed on its way.
    let etag = format!("W/\"{}\"", hex::encode(&Sha256::digest(&body)[..12]));
    let fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_shown_as_people_write_it() {
        assert_eq!(readable_phone("+6281234567890"), "0812-3456-7890");
        assert_eq!(readable_phone("112"), "112");
    }
}
