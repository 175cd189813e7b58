//! The merge: a record is the fold of its revisions.
//!
//! For each field the writes count that no later write has superseded, "later" being reachability through `parents`.
//! One value is settled, several different values are a conflict, of which the write with the greatest (hlc, id) is shown.
//! The result depends on the *set* of revisions only: not on their order, repetition or the pieces they came in.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{Fields, Kind, Revision};
use crate::ids::{AreaId, OfficerId, RevisionId};
use crate::time::{Hlc, Instant};

/// One write of one field that no later write has superseded.
#[derive(Clone, PartialEq, Debug)]
pub struct Write {
    /// The revision that wrote it.
    pub revision: RevisionId,
    /// Who wrote it.
    pub officer: OfficerId,
    /// When, by the writer's clock.
    pub at: Instant,
    /// Orders it among its rivals.
    pub hlc: Hlc,
    /// The value; `null` for "removed".
    pub value: Value,
}

/// What a record is after a set of revisions.
#[derive(Clone, PartialEq, Debug)]
pub struct State {
    /// The kind, as the shown head says.
    pub kind: Kind,
    /// The scope, as the shown head says.
    pub area: AreaId,
    /// The revisions that no other revision has as an ancestor, in order of their ids.
    pub heads: Vec<RevisionId>,
    /// When the record was first and last written, by the writers' clocks.
    pub span: (Instant, Instant),
    /// The standing writes of each field, the shown one first.
    pub fields: BTreeMap<String, Vec<Write>>,
}

impl State {
    /// The shown value of every field that has one.
    #[must_use]
    pub fn shown(&self) -> Fields {
        self.fields
            .iter()
            .filter_map(|(name, writes)| match &writes.first()?.value {
                Value::Null => None,
                value => Some((name.clone(), value.clone())),
            })
            .collect()
    }

    /// The fields whose standing writes differ, with their writes, the shown one first and one for each value.
    pub fn conflicts(&self) -> impl Iterator<Item = (&str, Vec<&Write>)> {
        self.fields.iter().filter_map(|(name, writes)| {
            let mut different: Vec<&Write> = Vec::new();
            for write in writes {
                if different.iter().all(|known| known.value != write.value) {
                    different.push(write);
                }
            }
            (different.len() > 1).then_some((name.as_str(), different))
        })
    }
}

/// Folds the revisions of one record; `None` if there are none.
///
/// Revisions given twice count once. Parents that are not among `revisions` are ignored until they arrive. Parents that
/// form a circle, which only a broken or hostile author can write, do not stop the fold: their order is (hlc, id).
#[must_use]
pub fn fold<'a>(revisions: impl IntoIterator<Item = &'a Revision>) -> Option<State> {
    let order = ancestry_order(revisions);
    let (first, rest) = order.split_first()?;
    let span = rest
        .iter()
        .fold((first.at_ms, first.at_ms), |(from, to), revision| (from.min(revision.at_ms), to.max(revision.at_ms)));

    let mut ancestors: Vec<Ancestors> = Vec::with_capacity(order.len());
    let mut place: HashMap<RevisionId, usize> = HashMap::with_capacity(order.len());
    let mut heads: Vec<usize> = Vec::new();
    let mut standing: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, revision) in order.iter().enumerate() {
        let mut mine = Ancestors::none(order.len());
        for parent in revision.parents.iter().filter_map(|parent| place.get(parent)) {
            mine.add(*parent, &ancestors[*parent]);
        }
        heads.retain(|head| !mine.has(*head));
        heads.push(index);
        for field in revision.fields.keys() {
            let writes = standing.entry(field).or_default();
            writes.retain(|write| !mine.has(*write));
            writes.push(index);
        }
        place.insert(revision.id, index);
        ancestors.push(mine);
    }

    let shown = order[*heads.iter().max_by_key(|head| (order[**head].hlc, order[**head].id))?];
    let mut head_ids: Vec<RevisionId> = heads.iter().map(|head| order[*head].id).collect();
    head_ids.sort_unstable();
    let fields = standing
        .into_iter()
        .map(|(name, mut writes)| {
            writes.sort_unstable_by_key(|write| std::cmp::Reverse((order[*write].hlc, order[*write].id)));
            let writes = writes.into_iter().filter_map(|write| Write::of(order[write], name)).collect();
            (name.to_owned(), writes)
        })
        .collect();
    Some(State { kind: shown.kind.clone(), area: shown.area, heads: head_ids, span, fields })
}

impl Write {
    pub(super) fn of(revision: &Revision, field: &str) -> Option<Self> {
        Some(Self {
            revision: revision.id,
            officer: revision.officer,
            at: revision.at_ms,
            hlc: revision.hlc,
            value: revision.fields.get(field)?.clone(),
        })
    }
}

/// Each revision once, after all of its parents that are here.
pub(super) fn ancestry_order<'a>(revisions: impl IntoIterator<Item = &'a Revision>) -> Vec<&'a Revision> {
    let mut all: Vec<&Revision> = revisions.into_iter().collect();
    all.sort_by_key(|revision| (revision.hlc, revision.id));
    let mut place: HashMap<RevisionId, usize> = HashMap::with_capacity(all.len());
    all.retain({
        let mut seen = std::collections::HashSet::with_capacity(all.len());
        move |revision| seen.insert(revision.id)
    });
    for (index, revision) in all.iter().enumerate() {
        place.insert(revision.id, index);
    }

    let mut order = Vec::with_capacity(all.len());
    let mut done = vec![false; all.len()];
    let mut entered = vec![false; all.len()];
    for start in 0..all.len() {
        let mut stack = vec![start];
        while let Some(&index) = stack.last() {
            if done[index] {
                stack.pop();
                continue;
            }
            let before = stack.len();
            if !entered[index] {
                entered[index] = true;
                let parents = all[index].parents.iter().filter_map(|parent| place.get(parent).copied());
                stack.extend(parents.filter(|parent| !entered[*parent]));
            }
            if stack.len() == before {
                stack.pop();
                done[index] = true;
                order.push(all[index]);
            }
        }
    }
    order
}

/// A set of places in the order, one bit each.
pub(super) struct Ancestors(Vec<u64>);

impl Ancestors {
    pub(super) fn none(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    pub(super) fn add(&mut self, index: usize, of_it: &Self) {
        self.0[index / 64] |= 1 << (index % 64);
        for (mine, theirs) in self.0.iter_mut().zip(&of_it.0) {
            *mine |= theirs;
        }
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.0[index / 64] & (1 << (index % 64)) != 0
    }
}
