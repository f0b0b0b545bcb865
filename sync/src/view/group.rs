//! Which registrations are one person.
//!
//! The same number and a name that differs in spelling only: one person. The same number and
//! anything more: a question to a person. A decision to join or split always counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::decision::{Decision, DecisionKind, heads};
use super::resident::ResidentView;
use crate::ids::DocumentId;
use crate::rules::similarity::same_name;

/// Residents that are shown as one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidentGroup {
    /// The lowest id of the members: where decisions about the group are written.
    pub key: DocumentId,
    /// The registrations.
    pub members: Vec<DocumentId>,
    /// Whether a person must say if others with the same number are the same.
    pub question: bool,
    /// Those others.
    pub question_with: Vec<DocumentId>,
    /// Every spelling of the name with its writer.
    pub names: Vec<Spelling>,
    /// The chosen spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<ChosenSpelling>,
    /// Whether there are several spellings and none was chosen.
    pub spelling_open: bool,
    /// The number they share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nik: Option<String>,
}

/// A name as typed at one registration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spelling {
    /// The name.
    pub value: String,
    /// The registration.
    pub resident: DocumentId,
    /// Who typed it.
    pub officer: String,
    /// On which tablet.
    pub device: String,
    /// When.
    pub at: i64,
}

/// The spelling that a supervisor chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChosenSpelling {
    /// The name.
    pub value: String,
    /// The resident that holds the decision.
    pub resident: DocumentId,
    /// The decision, to undo it.
    pub decision: String,
    /// Who chose.
    pub officer: String,
    /// When.
    pub at: i64,
}

/// Groups residents; every resident is in exactly one group. The order of the input is irrelevant.
#[must_use]
pub fn group_residents(residents: &[ResidentView]) -> Vec<ResidentGroup> {
    let mut sorted: Vec<&ResidentView> = residents.iter().collect();
    sorted.sort_by_key(|resident| resident.id);
    let decisions: Vec<&Decision> =
        sorted.iter().flat_map(|resident| &resident.decisions).filter(|decision| decision.counts()).collect();
    let mut leader: Vec<usize> = (0..sorted.len()).collect();
    let mut questions: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (one, two) in candidate_pairs(&sorted, &decisions) {
        match verdict(sorted[one], sorted[two], &decisions) {
            Verdict::Same => unite(&mut leader, one, two),
            Verdict::Different => {}
            Verdict::Ask => {
                questions.insert((one, two));
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..sorted.len() {
        groups.entry(find(&leader, index)).or_default().push(index);
    }
    groups.values().map(|members| describe(&sorted, members, &questions)).collect()
}

enum Verdict {
    Same,
    Different,
    Ask,
}

/// Pairs with the same number, and pairs that a decision names.
fn candidate_pairs(sorted: &[&ResidentView], decisions: &[&Decision]) -> BTreeSet<(usize, usize)> {
    let mut by_nik: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_id: BTreeMap<DocumentId, usize> = BTreeMap::new();
    for (index, resident) in sorted.iter().enumerate() {
        by_id.insert(resident.id, index);
        if let Some(nik) = &resident.person.nik {
            by_nik.entry(nik).or_default().push(index);
        }
    }
    let named = decisions.iter().map(|decision| {
        let about = decision.with.iter().chain(&decision.from);
        about.filter_map(|id| by_id.get(id).copied()).collect::<Vec<_>>()
    });
    let mut pairs = BTreeSet::new();
    for set in by_nik.into_values().chain(named) {
        for (position, one) in set.iter().enumerate() {
            for two in &set[position + 1..] {
                pairs.insert((*one.min(two), *one.max(two)));
            }
        }
    }
    pairs
}

fn verdict(one: &ResidentView, two: &ResidentView, decisions: &[&Decision]) -> Verdict {
    let covering: Vec<&Decision> =
        decisions.iter().filter(|decision| decision.covers(&one.id, &two.id)).copied().collect();
    let heads = heads(&covering);
    if let Some(last) = heads.first() {
        let agreed = heads.iter().all(|head| head.decision == last.decision);
        return match last.decision {
            DecisionKind::Join if agreed => Verdict::Same,
            DecisionKind::Split if agreed => Verdict::Different,
            _ => Verdict::Ask,
        };
    }
    let same_number = one.person.nik.is_some() && one.person.nik == two.person.nik;
    match same_number {
        false => Verdict::Different,
        true if only_spelling_differs(one, two) => Verdict::Same,
        true => Verdict::Ask,
    }
}

fn only_spelling_differs(one: &ResidentView, two: &ResidentView) -> bool {
    let agree = |one: &Option<String>, two: &Option<String>| one.is_none() || two.is_none() || one == two;
    let names = match (&one.person.name, &two.person.name) {
        (Some(one), Some(two)) => same_name(one, two),
        _ => false,
    };
    names && agree(&one.person.birth_date, &two.person.birth_date) && agree(&one.person.sex, &two.person.sex)
}

fn find(leader: &[usize], mut index: usize) -> usize {
    while leader[index] != index {
        index = leader[index];
    }
    index
}

fn unite(leader: &mut [usize], one: usize, two: usize) {
    let (one, two) = (find(leader, one), find(leader, two));
    leader[one.max(two)] = one.min(two);
}

fn describe(
    sorted: &[&ResidentView],
    members: &[usize],
    questions: &BTreeSet<(usize, usize)>,
) -> ResidentGroup {
    let of_group: Vec<&ResidentView> = members.iter().map(|index| sorted[*index]).collect();
    let asked: BTreeSet<DocumentId> = questions
        .iter()
        .filter_map(|(one, two)| match (members.contains(one), members.contains(two)) {
            (true, false) => Some(sorted[*two].id),
            (false, true) => Some(sorted[*one].id),
            _ => None,
        })
        .collect();
    let names: Vec<Spelling> = of_group.iter().filter_map(|resident| spelling(resident)).collect();
    let different: BTreeSet<&str> = names.iter().map(|name| name.value.as_str()).collect();
    let spelling = chosen(&of_group);
    ResidentGroup {
        key: of_group[0].id,
        members: of_group.iter().map(|resident| resident.id).collect(),
        question: !asked.is_empty(),
        question_with: asked.into_iter().collect(),
        spelling_open: spelling.is_none() && different.len() > 1,
        names,
        spelling,
        nik: of_group.iter().find_map(|resident| resident.person.nik.clone()),
    }
}

fn spelling(resident: &ResidentView) -> Option<Spelling> {
    let author = &resident.created;
    Some(Spelling {
        value: resident.person.name.clone()?,
        resident: resident.id,
        officer: author.officer.clone(),
        device: author.device.clone(),
        at: author.at,
    })
}

/// The one choice that nobody replaced; two that differ are none, so that a person is asked again.
fn chosen(members: &[&ResidentView]) -> Option<ChosenSpelling> {
    let of_name = |decision: &Decision| decision.counts() && decision.decision == DecisionKind::Spelling;
    let all: Vec<(DocumentId, &Decision)> = members
        .iter()
        .flat_map(|resident| resident.decisions.iter().map(|decision| (resident.id, decision)))
        .filter(|(_, decision)| of_name(decision))
        .collect();
    let heads = heads(&all.iter().map(|(_, decision)| *decision).collect::<Vec<_>>());
    let decision = *heads.first()?;
    if heads.iter().any(|other| other.value != decision.value) {
        return None;
    }
    let (resident, _) = all.iter().find(|(_, other)| other.id == decision.id)?;
    Some(ChosenSpelling {
        value: decision.value.clone()?,
        resident: *resident,
        decision: decision.id.clone(),
        officer: decision.author.officer.clone(),
        at: decision.author.at,
    })
}
