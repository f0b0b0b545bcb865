//! Queue tickets: the tablet's letter and a number, so that two tablets never hand out the same one.

/// A ticket as printed and called, `A-017`; from 1000 on it grows.
#[must_use]
pub fn format(letter: &str, number: u32) -> String {
    format!("{letter}-{number:03}")
}

/// The number of a ticket with this letter, if it is one.
#[must_use]
pub fn number_of(ticket: &str, letter: &str) -> Option<u32> {
    ticket.strip_prefix(letter)?.strip_prefix('-')?.parse().ok()
}

/// The letter of the `index`-th tablet of a day: A to Z, then AA, AB and so on.
#[must_use]
pub fn letter(index: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = index;
    loop {
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([letter(0), letter(25), letter(26), letter(27), letter(52)], ["A", "Z", "AA", "AB", "BA"]);
    }

    #[test]
    fn tickets_read_back() {
        assert_eq!(format("A", 17), "A-017");
        assert_eq!(number_of("A-017", "A"), Some(17));
        assert_eq!(number_of("AB-017", "A"), None);
        assert_eq!(number_of(&format("A", 1234), "A"), Some(1234));
    }
}
