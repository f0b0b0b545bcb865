//! What only the office writes: service days, their tablets, and the catalogue.

use super::{ActionError, Context, MadeSave, SaveMaker, text};
use crate::document::{Document, Edits, Value};
use crate::ids::{DeviceId, Kind};
use crate::view::{Agency, DayPlan, Standard};

/// Publishes a service day.
///
/// # Errors
/// [`ActionError`].
pub fn publish_day(context: &Context, plan: &DayPlan) -> Result<MadeSave, ActionError> {
    let mut maker = SaveMaker::new(context);
    maker.create(Kind::ServiceDay, &day_edits(plan))?;
    maker.finish()
}

fn day_edits(plan: &DayPlan) -> Edits {
    let yes = |prefix: &str, name: &String| (format!("{prefix}/{name}"), Some(Value::Bool(true)));
    let mut edits =
        vec![text("date", &plan.date), text("place", &plan.place), text("regency", &plan.regency)];
    edits.extend(plan.phone.as_deref().map(|phone| text("phone", phone)));
    edits.extend(plan.villages.iter().map(|code| yes("village", code)));
    edits.extend(plan.agencies.iter().map(|code| yes("agency", code)));
    edits.extend(
        plan.services.iter().map(|(code, quota)| {
            (format!("service/{code}"), Some(quota.map_or(Value::Bool(true), Value::Int)))
        }),
    );
    edits.extend(plan.officers.iter().map(|(username, name)| text(&format!("officer/{username}"), name)));
    edits
}

/// Writes the letter of a tablet into the day, so that every tablet can say whose ticket it is.
///
/// # Errors
/// [`ActionError::Nothing`] when the letter stands there already.
pub fn register_device(
    context: &Context,
    day: &mut Document,
    device: &DeviceId,
    letter: &str,
) -> Result<MadeSave, ActionError> {
    let mut maker = SaveMaker::new(context);
    maker.change(day, &vec![text(&format!("device/{device}"), letter)])?;
    maker.finish()
}

/// Puts an officer on the roster of a day that was published.
///
/// # Errors
/// [`ActionError::Nothing`] when the officer stands there under this name already.
pub fn add_officer(
    context: &Context,
    day: &mut Document,
    username: &str,
    name: &str,
) -> Result<MadeSave, ActionError> {
    let mut maker = SaveMaker::new(context);
    maker.change(day, &vec![text(&format!("officer/{username}"), name)])?;
    maker.finish()
}

/// Publishes standards of an agency: creates its catalogue, or adds versions to `known`.
///
/// # Errors
/// [`ActionError::Nothing`] when every version stands there already.
pub fn publish_catalogue(
    context: &Context,
    known: Option<&mut Document>,
    agency: &Agency,
    standards: &[Standard],
) -> Result<MadeSave, ActionError> {
    let mut edits = vec![
        text("agency.code", &agency.code),
        text("agency.name", &agency.name),
        text("agency.short", &agency.short),
    ];
    edits.extend(standards.iter().map(|standard| {
        let key = format!("standard/{}/{}", standard.service, standard.version);
        text(&key, &serde_json::to_string(standard).unwrap_or_default())
    }));
    let mut maker = SaveMaker::new(context);
    match known {
        Some(document) => maker.change(document, &edits)?,
        None => {
            maker.create(Kind::Catalogue, &edits)?;
        }
    }
    maker.finish()
}
