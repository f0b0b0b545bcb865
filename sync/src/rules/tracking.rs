//! Tracking codes: random, in an alphabet without 0, O, 1 and I, with a check character.
//!
//! Nine random characters of five bits (45 bits) and one check character over GF(32), written
//! `XXXXX-XXXXX`. The check finds every single wrong character and every swap of two neighbours.

const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const PAYLOAD: usize = 9;

/// Makes a code from eight random bytes.
#[must_use]
pub fn from_random(random: [u8; 8]) -> String {
    let bits = u64::from_be_bytes(random);
    let payload: Vec<u8> =
        (0..PAYLOAD).map(|index| u8::try_from(bits >> (5 * index) & 31).unwrap_or(0)).collect();
    let check = check_of(&payload);
    let mut code = String::with_capacity(PAYLOAD + 2);
    for (index, value) in payload.iter().chain([&check]).enumerate() {
        if index == 5 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(*value)]));
    }
    code
}

/// The code as it is stored, from what a person typed: any case, spaces and dashes anywhere.
///
/// `None` when a character is not of the alphabet, the length is wrong or the check fails.
#[must_use]
pub fn parse(typed: &str) -> Option<String> {
    let mut values = Vec::with_capacity(PAYLOAD + 1);
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let upper = u8::try_from(c.to_ascii_uppercase()).ok()?;
        let value = ALPHABET.iter().position(|letter| *letter == upper)?;
        values.push(u8::try_from(value).ok()?);
    }
    let (check, payload) = values.split_last()?;
    if payload.len() != PAYLOAD || check_of(payload) != *check {
        return None;
    }
    let text: String = values.iter().map(|value| char::from(ALPHABET[usize::from(*value)])).collect();
    Some(format!("{}-{}", &text[..5], &text[5..]))
}

/// Σ αⁱ·cᵢ for i from 1, in GF(32) with x⁵ + x² + 1.
fn check_of(payload: &[u8]) -> u8 {
    payload.iter().rev().fold(0, |sum, value| double(sum ^ value))
}

fn double(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { (shifted ^ 0b10_0101) & 31 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_code_reads_back(random: [u8; 8]) {
            let code = from_random(random);
            prop_assert_eq!(parse(&code), Some(code.clone()));
            prop_assert_eq!(parse(&format!(" {} ", code.to_lowercase().replace('-', " "))), Some(code));
        }

        #[test]
        fn one_wrong_character_or_swap_is_found(random: [u8; 8], at in 0_usize..10, shift in 1_usize..32) {
            let code: Vec<char> = from_random(random).chars().filter(|c| *c != '-').collect();
            let mut wrong = code.clone();
            let value = ALPHABET.iter().position(|letter| char::from(*letter) == code[at]).unwrap();
            wrong[at] = char::from(ALPHABET[(value + shift) % 32]);
            prop_assert_eq!(parse(&wrong.iter().collect::<String>()), None);
            let mut swapped = code.clone();
            swapped.swap(at, (at + 1).min(9));
            if swapped != code {
                prop_assert_eq!(parse(&swapped.iter().collect::<String>()), None);
            }
        }

        #[test]
        fn garbage_never_panics(typed: String) {
            let _ = parse(&typed);
        }
    }
}
