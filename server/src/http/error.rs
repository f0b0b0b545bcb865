//! The one error that leaves the server: a stable English code, a status, and an Indonesian sentence that says what to
//! do. What happened inside is logged once, here, and never sent.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mpp_store::StoreError;
use mpp_sync::action::ActionError;
use mpp_sync::wire::WireError;
use serde_json::{Map, Value, json};

use crate::authoring::AuthoringError;
use crate::clock::NoRandomness;
use crate::ingest::IngestError;

/// An answer that is not what was asked for.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: String,
    message: String,
    details: Map<String, Value>,
    retry_after: Option<i64>,
}

impl ApiError {
    /// An error with a stable code and a sentence.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            details: Map::new(),
            retry_after: None,
        }
    }

    /// A further field of the answer.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Seconds until it is worth trying again.
    #[must_use]
    pub fn after(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Nothing is there under that name.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Data itu tidak ada di kantor. Muat ulang daftarnya.")
    }

    /// A value of the request cannot be read.
    #[must_use]
    pub fn malformed(field: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "REQUEST_MALFORMED",
            "Permintaan tidak terbaca. Muat ulang halaman, lalu coba lagi.",
        )
        .with("field", field)
    }

    /// Something failed that nobody outside can do anything about.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "Server kantor gagal memproses. Coba lagi; bila berulang, hubungi admin.",
        )
    }

    fn full() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "STORAGE_FULL",
            "Penyimpanan server penuh. Data tetap aman di tablet; hubungi admin, lalu kirim lagi.",
        )
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = self.details;
        error.insert("code".to_owned(), json!(self.code));
        error.insert("message".to_owned(), json!(self.message));
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(code = "STORE_FAILED", error = %error);
        if matches!(error, StoreError::Full) { Self::full() } else { Self::internal() }
    }
}

impl From<NoRandomness> for ApiError {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(code = "NO_RANDOMNESS", error = %error);
        Self::internal()
    }
}

impl From<IngestError> for ApiError {
    /// The ingest has logged the cause.
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Full => Self::full(),
            IngestError::Failed => Self::internal(),
        }
    }
}

impl From<WireError> for ApiError {
    fn from(error: WireError) -> Self {
        tracing::warn!(code = error.code(), error = %error, "unreadable body");
        Self::new(
            StatusCode::BAD_REQUEST,
            error.code(),
            "Kiriman rusak di jalan atau dari versi lain. Yang sudah diterima tetap tersimpan; kirim lagi.",
        )
    }
}

impl From<AuthoringError> for ApiError {
    fn from(error: AuthoringError) -> Self {
        match error {
            AuthoringError::NotFound => Self::not_found(),
            AuthoringError::Action(action) => action.into(),
            AuthoringError::Ingest(ingest) => ingest.into(),
            AuthoringError::Store(store) => store.into(),
            AuthoringError::Random(random) => random.into(),
            AuthoringError::NotAccepted(code) => {
                tracing::error!(code = "OWN_CHANGE_NOT_ACCEPTED", reason = %code);
                Self::internal()
            }
        }
    }
}

impl From<ActionError> for ApiError {
    fn from(error: ActionError) -> Self {
        let message = match &error {
            ActionError::Input(_) => "Isian belum benar. Perbaiki yang ditandai, lalu simpan lagi.",
            ActionError::Key(_) => "Isian ini tidak dapat diubah di sini.",
            ActionError::Nothing => "Tidak ada yang berubah: pilihan itu sudah tersimpan.",
            ActionError::Edit(_) => "Perubahan tidak dapat disimpan. Persingkat isian, lalu coba lagi.",
        };
        let status = match &error {
            ActionError::Nothing => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let api = Self::new(status, error.code(), message);
        match error {
            ActionError::Input(findings) => {
                api.with("findings", serde_json::to_value(findings).unwrap_or_default())
            }
            ActionError::Key(key) => api.with("key", key),
            _ => api,
        }
    }
}
