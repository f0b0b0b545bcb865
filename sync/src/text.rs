//! Comparing and searching text as people write it: case, spaces, punctuation and old spellings.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Upper-case letters and digits only, diacritics folded, one word after the other.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | ';'))
        .map(squash)
        .filter(|word| !word.is_empty())
        .collect()
}

/// Upper-case letters and digits only, diacritics folded: `Nur'aini` and `nur aini` are one.
#[must_use]
pub fn squash(text: &str) -> String {
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_uppercase)
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// Whether two texts differ in case, spacing, punctuation or diacritics at most.
///
/// Between digits a separator has a meaning: `RT 1/12` is not `RT 11/2`, `1,5` is not `15`.
#[must_use]
pub fn same_writing(one: &str, other: &str) -> bool {
    squash(one) == squash(other) && numbers(one).eq(numbers(other))
}

/// The runs of digits in a text.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
}

/// One word in the spelling that search and comparison use: old spellings, doubled letters and
/// letters that are heard alike become one (`Djoko`, `Joko`; `Rahaju`, `Rahayu`; `Yusup`, `Yusuf`).
#[must_use]
pub fn fold_word(word: &str) -> String {
    let mut folded = squash(word);
    for (from, to) in [("OE", "U"), ("DJ", "J"), ("TJ", "C"), ("Y", "J"), ("F", "P"), ("V", "P"), ("KH", "H")]
    {
        folded = folded.replace(from, to);
    }
    let mut once = String::with_capacity(folded.len());
    for letter in folded.chars() {
        if !once.ends_with(letter) || letter.is_ascii_digit() {
            once.push(letter);
        }
    }
    match once.as_str() {
        "MOH" | "MUH" | "MHD" | "MUHD" | "MOHAMAD" | "MOHAMED" | "MUHAMAD" | "MUHAMED" => {
            "MUHAMAD".to_owned()
        }
        _ => once,
    }
}

/// What a search looks through: every text folded, joined by a bar that no query contains.
#[must_use]
pub fn haystack<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let folded: Vec<String> = texts.into_iter().map(folded_text).filter(|text| !text.is_empty()).collect();
    folded.join("|")
}

/// What a person typed into a search box: folded words with a space between them.
///
/// A record matches when every word is contained in its [`haystack`].
#[must_use]
pub fn needle(typed: &str) -> String {
    words(typed).iter().map(|word| fold_word(word)).collect::<Vec<_>>().join(" ")
}

/// Whether every word of the needle is in the haystack.
#[must_use]
pub fn matches(haystack: &str, needle: &str) -> bool {
    needle.split(' ').all(|word| haystack.contains(word))
}

fn folded_text(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_digit()) {
        return text.to_owned();
    }
    words(text).iter().map(|word| fold_word(word)).collect()
}

/// The number of single-letter edits and neighbour swaps between two words, at most `limit` + 1.
#[must_use]
pub fn distance(one: &str, other: &str, limit: usize) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > limit {
        return limit + 1;
    }
    let mut before_last = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 0..one.len() {
        let mut row = vec![i + 1];
        for j in 0..other.len() {
            let replace = last[j] + usize::from(one[i] != other[j]);
            let mut best = replace.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i] == other[j - 1] && one[i - 1] == other[j] {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()].min(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(name: &str, typed: &str) -> bool {
        matches(&haystack([name]), &needle(typed))
    }

    #[test]
    fn search_ignores_case_spaces_and_punctuation() {
        assert!(finds("Nur'aini", "nur aini"));
        assert!(finds("Nur aini", "NURAINI"));
        assert!(finds("Siti Nur’azizah", "nurazizah siti"));
        assert!(finds("Tanjungsakti Pumu", "tanjung sakti"));
        assert!(finds("André Wijaya", "andre"));
        assert!(!finds("Sulastri", "sulastra"));
    }

    #[test]
    fn search_knows_old_and_sound_alike_spellings() {
        assert!(finds("Djoko Santoso", "joko"));
        assert!(finds("Soekarno", "sukarno"));
        assert!(finds("Moh. Yusup", "muhammad yusuf"));
        assert!(finds("Siti Nurjannah", "nurjanah"));
        assert!(finds("Sitti Rahaju", "siti rahayu"));
    }

    #[test]
    fn other_numbers_are_another_writing() {
        assert!(same_writing("Dusun II, RT 001", "dusun ii rt 001"));
        for (one, other) in [("RT 1/12", "RT 11/2"), ("1,5", "15"), ("2020-1-11", "2020-11-1")] {
            assert!(!same_writing(one, other), "{one} / {other}");
        }
    }

    #[test]
    fn digits_are_kept_as_they_are() {
        assert!(finds("1604100101909902", "16041001"));
        assert!(finds("A-017", "a017"));
        assert!(!finds("1604100101909902", "160410101"));
    }

    #[test]
    fn the_distance_counts_swaps_as_one() {
        assert_eq!(distance("SULASTRI", "SULASTIR", 3), 1);
        assert_eq!(distance("SULASTRI", "SULASTRIA", 3), 1);
        assert_eq!(distance("A", "BCDEFG", 3), 4);
        assert_eq!(distance("", "", 3), 0);
    }
}
