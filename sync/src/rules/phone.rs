//! Indonesian phone numbers: typed in many ways, kept as E.164.

/// The number as E.164 (`+62…`), or `None` when it is none.
///
/// Mobile: national part `8[1-35-9]` and 7 to 10 more digits; 084 is not mobile. Landline: area code
/// of two or three digits and subscriber number, 8 to 11 digits in all. Source: libphonenumber.
/// A number must be typed with its leading 0, 62 or +62.
#[must_use]
pub fn to_e164(typed: &str) -> Option<String> {
    let mut digits = String::new();
    for (index, c) in typed.trim().chars().enumerate() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if index == 0 => {}
            ' ' | '-' | '.' | '(' | ')' | '\u{a0}' => {}
            _ => return None,
        }
    }
    let national = match digits.strip_prefix("62") {
        Some(rest) => rest.strip_prefix('0').unwrap_or(rest),
        None => digits.strip_prefix('0')?,
    };
    let bytes = national.as_bytes();
    let mobile = bytes.first() == Some(&b'8')
        && bytes.get(1).is_some_and(|second| matches!(second, b'1'..=b'3' | b'5'..=b'9'))
        && (9..=12).contains(&bytes.len());
    let landline = bytes.first().is_some_and(|first| matches!(first, b'2'..=b'7' | b'9'))
        && (8..=11).contains(&bytes.len());
    (mobile || landline).then(|| format!("+62{national}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_of_typing_becomes_one_number() {
        for typed in [
            "081234567890",
            "0812 3456 7890",
            "0812-3456-7890",
            "+6281234567890",
            "62 812 3456 7890",
            "+62 (0)812-3456-7890",
        ] {
            assert_eq!(to_e164(typed).as_deref(), Some("+6281234567890"), "{typed}");
        }
        for typed in ["08112345678", "0895123456789", "089512345678", "0731321234", "+62731321234"] {
            assert!(to_e164(typed).is_some(), "{typed}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for typed in ["84123456", "12345", "0841234567", "08", "0712345", "0812abc45678", "", "0812+3456789"]
        {
            assert_eq!(to_e164(typed), None, "{typed}");
        }
    }
}
