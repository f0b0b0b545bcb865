//! Dates of the regency's own zone.

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// Hours ahead of UTC. Bali is in the central zone (WITA); Sumatra in the western one (WIB).
#[must_use]
pub fn zone_hours(regency: &str) -> i64 {
    if regency.starts_with("51.") { 8 } else { 7 }
}

/// The date (`YYYY-MM-DD`) in a zone at a moment, moved on by `days`.
#[must_use]
pub fn date(unix: i64, zone_hours: i64, days: i64) -> String {
    let (year, month, day) = civil((unix + zone_hours * HOUR).div_euclid(DAY) + days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Unix seconds of the beginning of a date (`YYYY-MM-DD`) in UTC; none when it is no date.
///
/// Source: as `civil`, `days_from_civil`.
#[must_use]
pub fn unix_of(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * DAY)
}

/// Days since 1970-01-01 as year, month and day of the Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A date as people read it: `2 November 2026`. Anything else comes back as it is.
#[must_use]
pub fn in_words(date: &str) -> String {
    const MONTHS: [&str; 12] = [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ];
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return date.to_owned();
    };
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    match (month, day.parse::<u8>()) {
        (Some(month), Ok(day)) => format!("{day} {month} {year}"),
        _ => date.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_begins_where_the_calendar_says() {
        for text in ["1970-01-01", "2000-02-29", "2026-11-02", "2026-12-31", "2027-01-01"] {
            assert_eq!(date(unix_of(text).unwrap(), 0, 0), text);
        }
        for wrong in ["", "2026", "2026-13-01", "2026-01-40", "a-b-c", "2026-01-01-01"] {
            assert_eq!(unix_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_day_begins_at_midnight_of_the_regency() {
        // 2026-11-01 16:59:59 and 17:00:00 UTC.
        assert_eq!(date(1_793_552_399, 7, 0), "2026-11-01");
        assert_eq!(date(1_793_552_400, 7, 0), "2026-11-02");
        assert_eq!(date(1_793_552_399, 8, 0), "2026-11-02");
        assert_eq!(date(1_793_552_400, 7, 30), "2026-12-02");
    }

    #[test]
    fn leap_days_and_the_epoch_are_right() {
        assert_eq!(date(0, 0, 0), "1970-01-01");
        assert_eq!(date(0, 0, -1), "1969-12-31");
        assert_eq!(date(951_782_400, 0, 0), "2000-02-29");
        assert_eq!(date(4_107_542_400, 0, 0), "2100-03-01");
    }

    #[test]
    fn a_date_is_said_in_words() {
        assert_eq!(in_words("2026-11-02"), "2 November 2026");
        assert_eq!(in_words("besok"), "besok");
        assert_eq!(in_words("2026-13-02"), "2026-13-02");
    }
}
