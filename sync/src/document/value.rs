//! The scalars a document may hold.

use automerge::{ScalarValue, Value as EngineValue};
use serde::{Deserialize, Serialize};

/// A scalar value. Numbers are whole; ids are bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text, as typed.
    Text(String),
    /// Bytes, for ids.
    Bytes(Vec<u8>),
}

impl Value {
    /// Bytes the value takes in a change, about.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Bool(_) => 1,
            Self::Int(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as a person reads it; ids as hex.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            Self::Bool(yes) => if *yes { "true" } else { "false" }.to_owned(),
            Self::Int(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => hex::encode(bytes),
        }
    }

    pub(super) fn into_engine(self) -> ScalarValue {
        match self {
            Self::Bool(yes) => ScalarValue::Boolean(yes),
            Self::Int(number) => ScalarValue::Int(number),
            Self::Text(text) => ScalarValue::Str(text.into()),
            Self::Bytes(bytes) => ScalarValue::Bytes(bytes),
        }
    }

    /// `None` for what no version of ours writes.
    pub(super) fn from_engine(value: &EngineValue<'_>) -> Option<Self> {
        match value {
            EngineValue::Scalar(scalar) => Self::from_scalar(scalar),
            EngineValue::Object(_) => None,
        }
    }

    pub(super) fn from_scalar(scalar: &ScalarValue) -> Option<Self> {
        match scalar {
            ScalarValue::Boolean(yes) => Some(Self::Bool(*yes)),
            ScalarValue::Int(number) => Some(Self::Int(*number)),
            ScalarValue::Str(text) => Some(Self::Text(text.to_string())),
            ScalarValue::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
