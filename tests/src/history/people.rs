//! Who comes: residents of the day's villages, many of them not for the first time.

use std::collections::HashMap;

use mpp_server::app::App;
use mpp_server::regions::Regions;
use mpp_sync::ids::DocumentId;
use mpp_sync::rules::person::Person;

use super::tablet::Worked;
use super::{Day, Dice, GenerateError, Scale};

/// How many of a hundred visitors have come before, where anybody has.
const RETURNING: u64 = 55;
/// How many of a hundred returning ones are not found in the list and registered once more.
const NOT_FOUND: u64 = 3;
/// How many of a hundred come from a village that the day is not for.
const FROM_ELSEWHERE: u64 = 4;

const FIRST: [&str; 24] = [
    "Siti", "Muhammad", "Ahmad", "Nur", "Sri", "Dewi", "Agus", "Rina", "Herman", "Yulia", "Iskandar",
    "Fitri", "Abdul", "Lilis", "Rudi", "Elvi", "Kadir", "Ratna", "Joko", "Maryam", "Zainal", "Wati",
    "Hendra", "Aisyah",
];
const LAST: [&str; 24] = [
    "Rahayu",
    "Saputra",
    "Hidayat",
    "Lestari",
    "Efriani",
    "Mahendra",
    "Kurniawan",
    "Wulandari",
    "Nurjanah",
    "Pratama",
    "Utami",
    "Firmansyah",
    "Handayani",
    "Setiawan",
    "Marlina",
    "Effendi",
    "Anggraini",
    "Susanto",
    "Kartika",
    "Ramadhan",
    "Oktaviani",
    "Hasan",
    "Permata",
    "Yusuf",
];
const STREETS: [&str; 8] = [
    "Jl. Kebun Kopi",
    "Jl. Lintas Sumatra",
    "Gang Mawar",
    "Jl. Pasar Lama",
    "Jl. Masjid",
    "Dusun Ulu",
    "Jl. Sungai",
    "",
];

/// A village.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its code.
    pub code: String,
    /// Its district, as a NIK begins: `160412`.
    pub prefix: String,
    /// Its district's code.
    pub district: String,
    /// Its name.
    pub name: String,
}

impl Place {
    /// Every village of the regency.
    pub fn all(regions: &Regions) -> Vec<Self> {
        let districts = regions.districts.iter();
        districts
            .flat_map(|district| {
                district.villages.iter().map(|village| Self {
                    code: village.code.clone(),
                    prefix: district.code.replace('.', ""),
                    district: district.code.clone(),
                    name: village.name.clone(),
                })
            })
            .collect()
    }
}

/// Somebody who was registered.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The resident.
    pub id: DocumentId,
    /// As typed the last time.
    pub person: Person,
}

/// Somebody who comes on a day.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// As typed this time.
    pub person: Person,
    /// The resident's document, as the tablet that serves has downloaded it; none when registered now.
    pub known: Option<(DocumentId, Vec<Vec<u8>>)>,
}

/// Everybody who ever came, by village.
#[derive(Debug, Default)]
pub(crate) struct Population {
    by_village: HashMap<String, Vec<Known>>,
    serial: u64,
}

impl Population {
    /// Who comes to each session of a day, in the order tablet, start, visitor.
    pub async fn plan(
        &mut self,
        app: &App,
        places: &[Place],
        day: &Day,
        scale: Scale,
        mut dice: Dice,
    ) -> Result<Vec<Visitor>, GenerateError> {
        let count = scale.tablets * scale.starts * scale.visitors;
        let mut visitors = Vec::new();
        for _ in 0..count {
            let from = if dice.percent(FROM_ELSEWHERE) { places } else { &day.villages };
            let place = dice.one_of(from).ok_or(GenerateError::Missing("a village"))?;
            let known = self.by_village.get(&place.code).map_or(&[][..], Vec::as_slice);
            let returning = dice.percent(RETURNING).then(|| dice.one_of(known).cloned()).flatten();
            let visitor = if let Some(known) = returning {
                let person = with_news(known.person, &mut dice);
                let found = !dice.percent(NOT_FOUND);
                Visitor { person, known: found.then_some((known.id, Vec::new())) }
            } else {
                self.serial += 1;
                Visitor { person: newcomer(place, self.serial, &mut dice), known: None }
            };
            visitors.push(visitor);
        }
        downloaded(app, &mut visitors).await?;
        Ok(visitors)
    }

    /// Whoever was served can come again.
    pub fn remember(&mut self, worked: Worked) {
        for served in worked.served {
            let Some(village) = served.person.village.clone() else { continue };
            let known = self.by_village.entry(village).or_default();
            match known.iter_mut().find(|known| known.id == served.id) {
                Some(known) => *known = served,
                None => known.push(served),
            }
        }
    }
}

/// Fills in the changes of the residents who are known, as the log holds them in the morning.
async fn downloaded(app: &App, visitors: &mut [Visitor]) -> Result<(), GenerateError> {
    let ids: Vec<[u8; 16]> =
        visitors.iter().filter_map(|one| one.known.as_ref()).map(|(id, _)| id.0).collect();
    let mut by_document: HashMap<[u8; 16], Vec<Vec<u8>>> = HashMap::new();
    for change in app.store().changes_of(&ids).await? {
        by_document.entry(change.document).or_default().push(change.bytes);
    }
    for visitor in visitors {
        if let Some((id, changes)) = &mut visitor.known {
            changes.clone_from(
                by_document.get(&id.0).ok_or(GenerateError::Missing("a resident that is not logged"))?,
            );
        }
    }
    Ok(())
}

fn newcomer(place: &Place, serial: u64, dice: &mut Dice) -> Person {
    let woman = dice.percent(50);
    let (day, month, year) = (1 + dice.below(28), 1 + dice.below(12), 1945 + dice.below(60));
    let in_nik = if woman { day + 40 } else { day };
    let name = format!("{} {}", of(dice, &FIRST), of(dice, &LAST));
    let full = if dice.percent(30) { format!("{name} {}", of(dice, &LAST)) } else { name };
    Person {
        nik: Some(format!("{}{in_nik:02}{month:02}{:02}{:04}", place.prefix, year % 100, 1 + serial % 9_998)),
        kk: Some(format!(
            "{}{:02}{:02}{:02}{:04}",
            place.prefix,
            1 + dice.below(28),
            month,
            10 + dice.below(15),
            1 + serial % 9_998
        )),
        name: Some(full),
        birth_place: Some(if dice.percent(70) { "Lahat" } else { "Pagar Alam" }.to_owned()),
        birth_date: Some(format!("{year:04}-{month:02}-{day:02}")),
        sex: Some(if woman { "P" } else { "L" }.to_owned()),
        village: Some(place.code.clone()),
        dusun: dice.percent(40).then(|| format!("Dusun {}", 1 + dice.below(5))),
        rt: Some(format!("{:03}", 1 + dice.below(9))),
        rw: Some(format!("{:03}", 1 + dice.below(4))),
        street: Some(of(dice, &STREETS).to_owned()),
        phone: dice.percent(80).then(|| phone(dice)),
        ..Person::default()
    }
}

/// What has changed since the last visit: mostly nothing.
fn with_news(mut person: Person, dice: &mut Dice) -> Person {
    if dice.percent(15) {
        person.phone = Some(phone(dice));
    }
    if dice.percent(6) {
        person.street = Some(of(dice, &STREETS[..7]).to_owned());
        person.rt = Some(format!("{:03}", 1 + dice.below(9)));
    }
    if dice.percent(3) {
        person.name = person.name.map(|name| format!("{name} {}", of(dice, &LAST)));
    }
    person
}

fn phone(dice: &mut Dice) -> String {
    format!("+6285{}{:08}", 2 + dice.below(2), dice.below(100_000_000))
}

fn of(dice: &mut Dice, all: &[&'static str]) -> &'static str {
    dice.one_of(all).copied().unwrap_or_default()
}
