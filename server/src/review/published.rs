//! The catalogue and the service days as everybody may read them.

use mpp_store::{DocumentViewRow, Store, StoreError};
use mpp_sync::ids::{DocumentId, Kind};
use serde_json::{Value, json};

use crate::regions::Regions;

/// Views read in one go. A regency has some agencies and some hundred days.
const PAGE: i64 = 500;

/// All views of a kind, by document id.
///
/// # Errors
/// [`StoreError`].
pub async fn views_of(store: &dyn Store, kind: Kind) -> Result<Vec<Value>, StoreError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.views_after(i64::from(kind.number()), after, PAGE).await?;
        after = page.last().map(|row| row.document);
        let full = i64::try_from(page.len()).is_ok_and(|count| count == PAGE);
        for row in &page {
            found.push(json_of(row)?);
        }
        if !full {
            return Ok(found);
        }
    }
}

/// A stored view as JSON.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub fn json_of(row: &DocumentViewRow) -> Result<Value, StoreError> {
    serde_json::from_str(&row.view).map_err(|_| StoreError::Corrupt("view"))
}

/// The text at a key, or empty.
#[must_use]
pub fn text<'a>(view: &'a Value, key: &str) -> &'a str {
    view.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The agencies with the standards of their services.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    views: Vec<Value>,
}

impl Catalogue {
    /// Reads the catalogue, agencies by code.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut views = views_of(store, Kind::Catalogue).await?;
        views.sort_by_key(|view| view.pointer("/agency/code").and_then(Value::as_str).map(str::to_owned));
        Ok(Self { views })
    }

    /// `{agencies:[{code,name,short,services}]}`
    #[must_use]
    pub fn published(&self) -> Value {
        let agencies = self.views.iter().map(|view| {
            let mut agency = view.get("agency").cloned().unwrap_or_else(|| json!({}));
            agency["services"] = view.get("services").cloned().unwrap_or_else(|| json!([]));
            agency
        });
        json!({ "agencies": agencies.collect::<Vec<_>>() })
    }

    /// A standard: the version asked for, or the newest.
    #[must_use]
    pub fn standard(&self, service: &str, version: Option<i64>) -> Option<&Value> {
        let all = self.views.iter().flat_map(|view| {
            ["services", "earlier"].into_iter().filter_map(|key| view.get(key)?.as_array()).flatten()
        });
        let mut of_service = all.filter(|standard| text(standard, "service") == service);
        match version {
            Some(version) => of_service.find(|standard| standard.get("version") == Some(&json!(version))),
            None => of_service.next(),
        }
    }

    /// The services of an agency.
    #[must_use]
    pub fn services_of(&self, agency: &str) -> Vec<String> {
        let of_agency = self
            .views
            .iter()
            .filter(|view| view.pointer("/agency/code").and_then(Value::as_str) == Some(agency));
        of_agency
            .filter_map(|view| view.get("services")?.as_array())
            .flatten()
            .map(|standard| text(standard, "service").to_owned())
            .collect()
    }

    /// The agency that offers a service.
    #[must_use]
    pub fn agency_of(&self, service: &str) -> Option<&str> {
        let offers = |view: &&Value| {
            view.get("services")
                .and_then(Value::as_array)
                .is_some_and(|services| services.iter().any(|standard| text(standard, "service") == service))
        };
        self.views.iter().find(offers)?.pointer("/agency/code")?.as_str()
    }

    /// The document that holds an agency's catalogue.
    #[must_use]
    pub fn document_of(&self, agency: &str) -> Option<DocumentId> {
        let mut views = self.views.iter();
        let view = views.find(|view| view.pointer("/agency/code").and_then(Value::as_str) == Some(agency))?;
        text(view, "id").parse().ok()
    }
}

/// Service days from a date on (`YYYY-MM-DD`), by date and place; all of them without one.
///
/// # Errors
/// [`StoreError`].
pub async fn days(store: &dyn Store, from: Option<&str>) -> Result<Vec<Value>, StoreError> {
    let mut days = match from {
        Some(from) => store.days_from(from).await?.iter().map(json_of).collect::<Result<Vec<_>, _>>()?,
        None => views_of(store, Kind::ServiceDay).await?,
    };
    days.sort_by_key(|day| (text(day, "date").to_owned(), text(day, "place").to_owned()));
    Ok(days)
}

/// A day as the public reads it: no officers, no devices.
#[must_use]
pub fn public_day(day: &Value, regions: &Regions) -> Value {
    let villages = day.get("villages").and_then(Value::as_array).into_iter().flatten();
    let villages: Vec<Value> = villages
        .filter_map(Value::as_str)
        .map(|code| match regions.village(code) {
            Some((village, district)) => {
                json!({ "code": code, "name": village.name, "district": district.name })
            }
            None => json!({ "code": code, "name": code, "district": "" }),
        })
        .collect();
    let services = day.get("services").and_then(Value::as_object);
    let services: Vec<&String> = services.into_iter().flat_map(|services| services.keys()).collect();
    json!({
        "id": day["id"],
        "date": day["date"],
        "place": day["place"],
        "villages": villages,
        "agencies": day["agencies"],
        "services": services,
    })
}
