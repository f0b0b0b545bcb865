//! Decisions about residents: a spelling, joining, splitting, and undoing any of them.

use serde::Deserialize;

use super::{ActionError, Context, MadeSave, SaveMaker, entry_id};
use crate::document::{Document, Value};
use crate::ids::DocumentId;
use crate::view::{DECISION_PREFIX, Decision, DecisionKind, StoredDecision, View};

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
    /// For undoing: the decision.
    #[serde(default)]
    pub of: Option<String>,
}

/// Writes a decision into a resident; it replaces the active ones about the same question.
///
/// # Errors
/// [`ActionError::Key`] when an undo names no decision of this resident.
pub fn decide(context: &Context, resident: &mut Document, decide: &Decide) -> Result<MadeSave, ActionError> {
    let existing = match View::of(resident) {
        Some(View::Resident(view)) => view.decisions,
        _ => Vec::new(),
    };
    if decide.decision == DecisionKind::Undo {
        let known = decide.of.as_ref().is_some_and(|of| existing.iter().any(|decision| decision.id == *of));
        if !known {
            return Err(ActionError::Key(decide.of.clone().unwrap_or_default()));
        }
    }
    let replaced = existing.iter().filter(|decision| decision.active && same_question(decision, decide));
    let stored = StoredDecision {
        decision: decide.decision,
        field: decide.field.clone(),
        value: decide.value.clone(),
        with: decide.with.clone(),
        of: decide.of.clone(),
        after: replaced.map(|decision| decision.id.clone()).collect(),
    };
    let key = format!("{DECISION_PREFIX}{}", entry_id(resident, &context.session));
    let value = Value::from(serde_json::to_string(&stored).unwrap_or_default());
    let mut maker = SaveMaker::new(context);
    maker.change(resident, &vec![(key, Some(value))])?;
    maker.finish()
}

fn same_question(active: &Decision, new: &Decide) -> bool {
    let belongs = |kind: DecisionKind| matches!(kind, DecisionKind::Join | DecisionKind::Split);
    match new.decision {
        DecisionKind::Spelling => active.decision == DecisionKind::Spelling && active.field == new.field,
        DecisionKind::Join | DecisionKind::Split => {
            belongs(active.decision) && active.with.iter().any(|id| new.with.contains(id))
        }
        DecisionKind::Undo => false,
    }
}
