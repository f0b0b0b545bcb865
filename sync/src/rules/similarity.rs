//! Whether two registrations of one number differ in spelling only.

use crate::text::{distance, fold_word, words};

/// Titles that stand before or after a name and say nothing about whose it is.
const TITLES: [&str; 16] = [
    "H", "HJ", "DR", "DRS", "DRA", "IR", "PROF", "KH", "SE", "SH", "MSI", "SPD", "MPD", "UST", "USTAZ", "ST",
];

/// Whether two names are the same name in different spellings.
///
/// Case, punctuation, titles, `M.`/`Moh.`/`Muhammad`, old spellings and, in five letters, one letter
/// of difference count as spelling. `Sulastri` and `Rusdi` do not.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    let (one, other) = (comparable(one), comparable(other));
    let (joined_one, joined_other) = (one.concat(), other.concat());
    if joined_one == joined_other {
        return !joined_one.is_empty();
    }
    let longest = joined_one.chars().count().max(joined_other.chars().count());
    distance(&joined_one, &joined_other, longest / 5) <= longest / 5
}

fn comparable(name: &str) -> Vec<String> {
    let all = words(name);
    let bare: Vec<&String> = all.iter().filter(|word| !TITLES.contains(&word.as_str())).collect();
    let kept: Vec<&String> = if bare.is_empty() { all.iter().collect() } else { bare };
    let first_is_short_for_muhammad = |index: usize, word: &str| index == 0 && word == "M";
    kept.iter()
        .enumerate()
        .map(|(index, word)| {
            if first_is_short_for_muhammad(index, word) && kept.len() > 1 {
                "MUHAMAD".to_owned()
            } else {
                fold_word(word)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_the_same() {
        for (one, other) in [
            ("Muhammad Yusuf", "Moh. Yusup"),
            ("M. Yusuf", "Mohamad Yusuf"),
            ("Siti Nurjanah", "Siti Nurjannah"),
            ("Soekarno", "Sukarno"),
            ("Djoko Santoso", "Joko Santosa"),
            ("Sulastri", "SULASTRY"),
            ("Nur'aini", "Nuraini"),
            ("Hj. Nurhayati", "Nurhayati"),
        ] {
            assert!(same_name(one, other), "{one} / {other}");
        }
    }

    #[test]
    fn different_names_are_not() {
        for (one, other) in [("Sulastri", "Rusdi"), ("N", "B"), ("Siti Aisyah", "Siti Maryam"), ("", "")] {
            assert!(!same_name(one, other), "{one} / {other}");
        }
    }
}
