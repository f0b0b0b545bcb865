//! The demo's service days: today, and some in the coming two weeks.

use std::collections::BTreeMap;

use mpp_sync::action::publish_day;
use mpp_sync::view::DayPlan;

use super::DemoAccount;
use crate::app::{App, StartError};
use crate::review::published::{Catalogue, days, text};

/// Days from today, and which districts come (by their place in the list of districts).
const DAYS: [(i64, &[usize]); 4] = [(0, &[]), (3, &[8, 9]), (7, &[0, 16]), (12, &[19, 20])];

/// Villages of the first day in Lahat: of six districts, as in the sample of a whole day.
const TODAY_IN_LAHAT: [&str; 12] = [
    "16.04.12.2025",
    "16.04.12.2026",
    "16.04.06.2026",
    "16.04.06.2001",
    "16.04.08.2011",
    "16.04.08.2001",
    "16.04.09.2011",
    "16.04.09.2001",
    "16.04.21.2013",
    "16.04.21.2001",
    "16.04.24.2002",
    "16.04.24.2001",
];
/// Villages that one district sends to a day.
const VILLAGES: usize = 6;

/// Publishes the days that are missing; a day is known by its date.
pub async fn ensure(app: &App, accounts: &[DemoAccount], officer: &str) -> Result<(), StartError> {
    let known = days(app.store(), Some(&app.date(0))).await?;
    for (ahead, districts) in DAYS {
        let date = app.date(ahead);
        let planned_today = known.iter().any(|day| text(day, "date") == date);
        // A later day may have come near: between two starts the plan moves on, but never doubles.
        if planned_today || (ahead > 0 && known.len() >= DAYS.len()) {
            continue;
        }
        let plan = plan(app, accounts, date, districts).await?;
        app.office.write(officer, &[], |context, _| publish_day(context, &plan)).await?;
    }
    Ok(())
}

async fn plan(
    app: &App,
    accounts: &[DemoAccount],
    date: String,
    districts: &[usize],
) -> Result<DayPlan, StartError> {
    let villages = villages(app, districts);
    let place = villages.first().map(|code| place(app, code)).unwrap_or_default();
    let catalogue = Catalogue::read(app.store()).await?.published();
    let agencies = catalogue["agencies"].as_array().into_iter().flatten();
    let (mut codes, mut services) = (Vec::new(), BTreeMap::new());
    for agency in agencies {
        codes.push(text(agency, "code").to_owned());
        for service in agency["services"].as_array().into_iter().flatten() {
            services.insert(text(service, "service").to_owned(), None);
        }
    }
    let officers = accounts.iter().filter(|account| account.roles.iter().any(|role| role == "officer"));
    Ok(DayPlan {
        date,
        place,
        regency: app.config.regency.clone(),
        phone: app.config.phone.clone(),
        villages,
        agencies: codes,
        services,
        officers: officers.map(|account| (account.username.clone(), account.display_name.clone())).collect(),
    })
}

/// `Balai Desa Kota Raya Darat, Kec. Pajar Bulan`, with the word the regency uses.
fn place(app: &App, code: &str) -> String {
    let Some((village, district)) = app.regions.village(code) else { return code.to_owned() };
    let building = match village.kind.as_str() {
        "kelurahan" => "Kantor Kelurahan",
        "kampung" => "Balai Kampung",
        "pekon" => "Balai Pekon",
        _ => "Balai Desa",
    };
    format!("{building} {}, Kec. {}", village.name, district.name)
}

/// The villages of a day: those of the sample, or the first ones of some districts.
fn villages(app: &App, districts: &[usize]) -> Vec<String> {
    let sample: Vec<String> = TODAY_IN_LAHAT
        .iter()
        .filter(|code| app.regions.village(code).is_some())
        .map(ToString::to_string)
        .collect();
    if districts.is_empty() && !sample.is_empty() {
        return sample;
    }
    let all = &app.regions.districts;
    let chosen: Vec<usize> = if districts.is_empty() { vec![1, 2] } else { districts.to_vec() };
    let chosen = chosen.into_iter().filter_map(|index| all.get(index % all.len().max(1)));
    let villages = chosen.flat_map(|district| district.villages.iter().take(VILLAGES));
    villages.map(|village| village.code.clone()).collect()
}
