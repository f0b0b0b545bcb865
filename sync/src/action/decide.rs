//! Decisions about residents: a spelling, joining, splitting, and undoing any of them.

use serde::Deserialize;

use super::{ActionError, Context, MadeSave, SaveMaker, entry_id};
use crate::document::{Document, Value};
use crate::ids::DocumentId;
use crate::view::{DECISION_PREFIX, Decision, DecisionKind, ResidentView, StoredDecision};

/// What a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Decide {
    /// Which kind of decision.
    pub decision: DecisionKind,
    /// For a spelling: the field.
    #[serde(default)]
    pub field: Option<String>,
    /// For a spelling: the value that counts.
    #[serde(default)]
    pub value: Option<String>,
    /// The residents it is about.
    #[serde(default)]
    pub with: Vec<DocumentId>,
    /// For a split: the residents on the other side; with none, all of `with` differ from each other.
    #[serde(default)]
    pub from: Vec<DocumentId>,
    /// For undoing: the decision.
    #[serde(default)]
    pub of: Option<String>,
}

impl Decide {
    /// A decision about these residents, with nothing else said.
    #[must_use]
    pub fn about(decision: DecisionKind, with: Vec<DocumentId>) -> Self {
        Self { decision, field: None, value: None, with, from: Vec::new(), of: None }
    }

    /// Which name of these residents counts.
    #[must_use]
    pub fn name(value: String, with: Vec<DocumentId>) -> Self {
        let about = Self::about(DecisionKind::Spelling, with);
        Self { field: Some("name".to_owned()), value: Some(value), ..about }
    }

    /// Takes a decision back.
    #[must_use]
    pub fn undo(of: String) -> Self {
        Self { of: Some(of), ..Self::about(DecisionKind::Undo, Vec::new()) }
    }
}

/// Writes a decision into a resident.
///
/// `group` are the residents it may concern, as they now stand, this one included: the decision
/// replaces theirs about the same question.
///
/// # Errors
/// [`ActionError::Key`] when an undo names no decision of this resident.
pub fn decide(
    context: &Context,
    resident: &mut Document,
    group: &[ResidentView],
    decide: &Decide,
) -> Result<MadeSave, ActionError> {
    if decide.decision == DecisionKind::Undo {
        let own = group.iter().find(|view| view.id == resident.id()).map(|view| view.decisions.as_slice());
        let of = decide.of.clone().unwrap_or_default();
        if own.is_none_or(|own| own.iter().all(|decision| decision.id != of)) {
            return Err(ActionError::Key(of));
        }
    }
    let earlier = group.iter().flat_map(|view| &view.decisions);
    let replaced = earlier.filter(|decision| decision.counts() && same_question(decision, decide));
    let stored = StoredDecision {
        decision: decide.decision,
        field: decide.field.clone(),
        value: decide.value.clone(),
        with: decide.with.clone(),
        from: decide.from.clone(),
        of: decide.of.clone(),
        after: replaced.map(|decision| decision.id.clone()).collect(),
    };
    let key = format!("{DECISION_PREFIX}{}", entry_id(context));
    let value = Value::from(serde_json::to_string(&stored).unwrap_or_default());
    let mut maker = SaveMaker::new(context);
    maker.change(resident, &vec![(key, Some(value))])?;
    maker.finish()
}

/// A spelling of the same field, or a pair of residents that both decide about.
fn same_question(earlier: &Decision, new: &Decide) -> bool {
    match new.decision {
        DecisionKind::Spelling => earlier.decision == DecisionKind::Spelling && earlier.field == new.field,
        DecisionKind::Join | DecisionKind::Split => {
            let all: Vec<_> = new.with.iter().chain(&new.from).collect();
            let mut pairs = all
                .iter()
                .enumerate()
                .flat_map(|(at, one)| all[at + 1..].iter().map(move |two| (*one, *two)));
            pairs.any(|(one, two)| earlier.covers(one, two))
        }
        DecisionKind::Undo => false,
    }
}
