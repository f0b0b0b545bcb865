//! What the office writes: the catalogue and its new versions, the days with their tablets, and what becomes of some
//! applications.

use std::collections::BTreeMap;

use mpp_server::app::App;
use mpp_server::catalogue_file::{CatalogueFile, DEMO};
use mpp_server::publish::publish;
use mpp_store::{DeviceRow, GrantRow};
use mpp_sync::action::{ActionError, add_status, publish_day, register_device};
use mpp_sync::rules::status::Status;
use mpp_sync::view::DayPlan;

use super::people::Place;
use super::tablet::{Device, Worked};
use super::{Day, Dice, GenerateError, Offered};

/// In whose name the office writes.
const OFFICER: &str = "supervisor";
/// Villages of one day, half of them of a second district.
const VILLAGES: usize = 12;
/// Service days between two new versions of a standard.
const DAYS_PER_VERSION: u32 = 100;
/// How many of a hundred applications the office decides the same evening.
const DECIDED: u64 = 10;

/// What was published so far.
#[derive(Debug, Default)]
pub(crate) struct Published {
    catalogue: Option<CatalogueFile>,
}

impl Published {
    /// Publishes a day, puts every tablet on it, and now and then a new version of a standard.
    pub async fn day(
        &mut self,
        app: &App,
        places: &[Place],
        devices: &[Device],
        number: u32,
    ) -> Result<Day, GenerateError> {
        self.catalogue(app, number).await?;
        let villages = villages_of(places, number);
        let plan = self.plan(app, &villages, devices);
        let made = app.office.write(OFFICER, &[], |context, _| publish_day(context, &plan)).await?;
        let id = made.save.entries.first().ok_or(GenerateError::Missing("a day"))?.document;
        for device in devices {
            let row = DeviceRow {
                id: device.id.0,
                public_key: device.key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
                name: format!("Tablet {}", device.index + 1),
                created_at: app.env().now(),
                revoked_at: None,
            };
            app.store().put_device(&row).await?;
            let grant = GrantRow {
                device: device.id.0,
                day: id.0,
                label: device.letter(),
                username: device.officer(),
                granted_at: app.env().now(),
            };
            app.store().grant(&grant).await?;
            let ids = [id];
            let written = app.office.write(OFFICER, &ids, |context, documents| {
                let [day] = documents else { return Err(ActionError::Nothing) };
                register_device(context, day, &device.id, &device.letter())
            });
            written.await?;
        }
        Ok(Day { id, morning: app.env().now(), villages, services: self.offered() })
    }

    async fn catalogue(&mut self, app: &App, number: u32) -> Result<(), GenerateError> {
        let first = || CatalogueFile::read(DEMO).map_err(|_| GenerateError::Missing("the demo's catalogue"));
        let mut file = match self.catalogue.take() {
            Some(file) => file,
            None => first()?,
        };
        if number > 0 && number.is_multiple_of(DAYS_PER_VERSION) {
            let which = (number / DAYS_PER_VERSION) as usize;
            let mut standards: Vec<_> =
                file.agencies.iter_mut().flat_map(|agency| &mut agency.services).collect();
            let index = which % standards.len().max(1);
            let standard = standards.get_mut(index).ok_or(GenerateError::Missing("a standard"))?;
            standard.version += 1;
            standard.duration = format!("{} hari kerja", 1 + which % 5);
        }
        if number.is_multiple_of(DAYS_PER_VERSION) {
            publish(app, &file, OFFICER).await?;
        }
        self.catalogue = Some(file);
        Ok(())
    }

    fn plan(&self, app: &App, villages: &[Place], devices: &[Device]) -> DayPlan {
        let agencies = self.catalogue.iter().flat_map(|file| &file.agencies);
        let place = villages.first().map(|village| format!("Balai Desa {}", village.name));
        DayPlan {
            date: app.date(0),
            place: place.unwrap_or_default(),
            regency: app.config.regency.clone(),
            phone: None,
            villages: villages.iter().map(|village| village.code.clone()).collect(),
            agencies: agencies.map(|agency| agency.agency.code.clone()).collect(),
            services: self
                .offered()
                .into_iter()
                .map(|service| (service.code, None))
                .collect::<BTreeMap<_, _>>(),
            officers: devices.iter().map(|device| (device.officer(), device.officer())).collect(),
        }
    }

    fn offered(&self) -> Vec<Offered> {
        let agencies = self.catalogue.iter().flat_map(|file| &file.agencies);
        let standards = agencies.flat_map(|agency| &agency.services);
        let offered = standards.map(|standard| Offered {
            code: standard.service.clone(),
            version: standard.version,
            requirements: standard.requirements.len(),
        });
        offered.collect()
    }

    /// The evening in the office: some applications get their next status.
    pub async fn follow_up(&self, app: &App, worked: &Worked, mut dice: Dice) -> Result<(), GenerateError> {
        for application in &worked.applications {
            if !dice.percent(DECIDED) {
                continue;
            }
            let ids = [*application];
            let written = app.office.write(OFFICER, &ids, |context, documents| {
                let [application] = documents else { return Err(ActionError::Nothing) };
                add_status(context, application, Status::InProcess, None, None)
            });
            written.await?;
        }
        Ok(())
    }
}

/// The van goes round the regency: some villages of one district, some of the next.
fn villages_of(places: &[Place], number: u32) -> Vec<Place> {
    let first = (number as usize * VILLAGES) % places.len().max(1);
    places.iter().cycle().skip(first).take(VILLAGES.min(places.len())).cloned().collect()
}
