//! Villages and districts of one regency, from two CSV files that a regency can replace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The five regencies that come with the binary. Source and licence: `data/villages.LICENSE-MIT.txt`.
pub const VILLAGES: &str = include_str!("../data/villages.csv");
/// Their districts.
pub const DISTRICTS: &str = include_str!("../data/districts.csv");

/// Why the region files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// A file does not have the columns or rows it should.
    #[error("the region file cannot be read: {0}")]
    Csv(#[from] csv::Error),
    /// No village of that regency is in the file.
    #[error("no village of regency {0} is in the region file")]
    Missing(String),
}

#[derive(Deserialize)]
struct VillageLine {
    regency_code: String,
    regency_name: String,
    district_code: String,
    district_name: String,
    village_code: String,
    village_name: String,
    village_kind_local: String,
}

#[derive(Deserialize)]
struct DistrictLine {
    regency_code: String,
    district_code: String,
    district_name: String,
}

/// A code with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The official code, with dots.
    pub code: String,
    /// The official name.
    pub name: String,
}

/// A village (desa, kelurahan, kampung, pekon).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Village {
    /// The official code, with dots.
    pub code: String,
    /// The official name.
    pub name: String,
    /// What it is called there: desa, kelurahan, kampung, pekon.
    pub kind: String,
}

/// A district (kecamatan) with its villages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct District {
    /// The official code, with dots.
    pub code: String,
    /// The official name.
    pub name: String,
    /// By code.
    pub villages: Vec<Village>,
}

/// A regency (kabupaten).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Regions {
    /// Code and name.
    pub regency: Named,
    /// What a rural village is called there.
    pub local_word: String,
    /// By code.
    pub districts: Vec<District>,
}

impl Regions {
    /// Reads the regency's part of the two files.
    ///
    /// # Errors
    /// [`RegionError`].
    pub fn read(villages: &str, districts: &str, regency: &str) -> Result<Self, RegionError> {
        let mut by_code: BTreeMap<String, District> = BTreeMap::new();
        for line in csv::Reader::from_reader(districts.as_bytes()).deserialize() {
            let line: DistrictLine = line?;
            if line.regency_code == regency {
                let district =
                    District { code: line.district_code.clone(), name: line.district_name, villages: vec![] };
                by_code.insert(line.district_code, district);
            }
        }
        let mut name = None;
        let mut words: BTreeMap<String, usize> = BTreeMap::new();
        for line in csv::Reader::from_reader(villages.as_bytes()).deserialize() {
            let line: VillageLine = line?;
            if line.regency_code != regency {
                continue;
            }
            name = Some(line.regency_name);
            *words.entry(line.village_kind_local.clone()).or_default() += 1;
            let village =
                Village { code: line.village_code, name: line.village_name, kind: line.village_kind_local };
            let district = by_code.entry(line.district_code.clone()).or_insert_with(|| District {
                code: line.district_code,
                name: line.district_name,
                villages: vec![],
            });
            district.villages.push(village);
        }
        let name = name.ok_or_else(|| RegionError::Missing(regency.to_owned()))?;
        let word = words.into_iter().filter(|(word, _)| word != "kelurahan").max_by_key(|(_, count)| *count);
        Ok(Self {
            regency: Named { code: regency.to_owned(), name },
            local_word: word.map_or_else(|| "desa".to_owned(), |(word, _)| word),
            districts: by_code.into_values().collect(),
        })
    }

    /// The village and its district.
    #[must_use]
    pub fn village(&self, code: &str) -> Option<(&Village, &District)> {
        let district = self.districts.iter().find(|district| code.starts_with(&district.code))?;
        let village = district.villages.iter().find(|village| village.code == code)?;
        Some((village, district))
    }

    /// `Tanjung Beringin, Kec. Kikim Timur`: several villages share a name.
    #[must_use]
    pub fn village_in_words(&self, code: &str) -> Option<String> {
        self.village(code).map(|(village, district)| format!("{}, Kec. {}", village.name, district.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_regencies_have_their_villages_and_their_word() {
        let expected = [
            ("16.04", 24, 378, "desa"),
            ("17.07", 12, 104, "desa"),
            ("18.02", 28, 311, "kampung"),
            ("18.04", 15, 136, "pekon"),
            ("51.08", 9, 148, "desa"),
        ];
        for (code, districts, villages, word) in expected {
            let regions = Regions::read(VILLAGES, DISTRICTS, code).unwrap();
            assert_eq!(regions.districts.len(), districts, "{code}");
            assert_eq!(regions.districts.iter().map(|d| d.villages.len()).sum::<usize>(), villages, "{code}");
            assert_eq!(regions.local_word, word, "{code}");
        }
    }

    #[test]
    fn a_village_is_always_said_with_its_district() {
        let regions = Regions::read(VILLAGES, DISTRICTS, "16.04").unwrap();
        assert_eq!(regions.village_in_words("16.04.12.2026").as_deref(), Some("Jenti'an, Kec. Pajar Bulan"));
        assert_eq!(regions.village_in_words("16.04.12.9999"), None);
    }

    #[test]
    fn an_unknown_regency_is_an_error() {
        assert!(matches!(Regions::read(VILLAGES, DISTRICTS, "99.99"), Err(RegionError::Missing(_))));
        assert!(matches!(Regions::read("a,b\n1,2", DISTRICTS, "16.04"), Err(RegionError::Csv(_))));
    }
}
