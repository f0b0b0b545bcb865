//! Texts as parameters.

use std::borrow::Cow;

/// A text without U+0000, which `PostgreSQL` cannot hold and a tablet may well send.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// The same for a text that may be missing.
pub fn maybe_plain(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| plain(text))
}
