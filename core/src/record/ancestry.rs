//! Who knew what: the revisions of one record with their ancestors, and what of a field stood for somebody at some time.

use std::collections::HashMap;

use super::Revision;
use super::merge::{Ancestors, ancestry_order};
use crate::ids::{AreaId, RevisionId};

/// The revisions of one record, each once and after its parents, with everything each of them knew.
pub(super) struct Ancestry<'a> {
    order: Vec<&'a Revision>,
    ancestors: Vec<Ancestors>,
    place: HashMap<RevisionId, usize>,
    /// The revisions that put the record into another area than their author saw it in; the first one is one of them.
    moves: Vec<usize>,
}

/// A set of revisions that holds all ancestors of its members.
pub(super) struct Known(Vec<bool>);

impl Known {
    fn has(&self, index: usize) -> bool {
        self.0[index]
    }
}

impl<'a> Ancestry<'a> {
    pub(super) fn of(revisions: impl IntoIterator<Item = &'a Revision>) -> Self {
        let order = ancestry_order(revisions);
        let mut ancestry = Self {
            ancestors: Vec::with_capacity(order.len()),
            place: HashMap::with_capacity(order.len()),
            moves: Vec::new(),
            order,
        };
        for (index, revision) in ancestry.order.clone().into_iter().enumerate() {
            let mut mine = Ancestors::none(ancestry.order.len());
            for parent in revision.parents.iter().filter_map(|parent| ancestry.place.get(parent)) {
                mine.add(*parent, &ancestry.ancestors[*parent]);
            }
            ancestry.place.insert(revision.id, index);
            ancestry.ancestors.push(mine);
            let seen = ancestry.area(&ancestry.known_to(index));
            if seen != Some(revision.area) {
                ancestry.moves.push(index);
            }
        }
        ancestry
    }

    pub(super) fn revisions(&self) -> &[&'a Revision] {
        &self.order
    }

    pub(super) fn everything(&self) -> Known {
        Known(vec![true; self.order.len()])
    }

    /// What the author of the revision at a place knew: its ancestors, not itself.
    pub(super) fn known_to(&self, index: usize) -> Known {
        Known((0..self.order.len()).map(|other| self.is_before(other, index)).collect())
    }

    /// What somebody knows who saw these revisions: them and their ancestors; `None` if one of them is not here.
    pub(super) fn known_with(&self, seen: &[RevisionId]) -> Option<Known> {
        let places = seen.iter().map(|id| self.place.get(id).copied()).collect::<Option<Vec<_>>>()?;
        let known = |index| places.iter().any(|place| *place == index || self.is_before(index, *place));
        Some(Known((0..self.order.len()).map(known).collect()))
    }

    /// What the authors of all these revisions knew: the nearest state that they have in common.
    pub(super) fn known_to_all(&self, places: &[usize]) -> Known {
        let known = |index| places.iter().all(|place| self.is_before(index, *place));
        Known((0..self.order.len()).map(known).collect())
    }

    /// The places of the writes of a field that stand for somebody, the shown one first.
    pub(super) fn standing(&self, field: &str, known: &Known) -> Vec<usize> {
        let writes = (0..self.order.len()).filter(|index| self.order[*index].fields.contains_key(field));
        self.unsuperseded(writes, known)
    }

    /// The places of the moves that stand for somebody, the one that is shown first.
    pub(super) fn standing_moves(&self, known: &Known) -> Vec<usize> {
        self.unsuperseded(self.moves.iter().copied(), known)
    }

    /// The area the record is in for somebody.
    pub(super) fn area(&self, known: &Known) -> Option<AreaId> {
        self.standing_moves(known).first().map(|index| self.order[*index].area)
    }

    /// The revisions among those known that no other known one has as an ancestor, in order of their ids.
    pub(super) fn heads(&self, known: &Known) -> Vec<RevisionId> {
        let all: Vec<usize> = (0..self.order.len()).filter(|index| known.has(*index)).collect();
        // The last ones know most: where everybody knew of everybody, the first look tells.
        let superseded = |index: usize| all.iter().rev().any(|later| self.is_before(index, *later));
        let mut heads: Vec<RevisionId> =
            all.iter().filter(|index| !superseded(**index)).map(|index| self.order[*index].id).collect();
        heads.sort_unstable();
        heads
    }

    /// Whether somebody whose revision is known knew all of these.
    pub(super) fn somebody_knew(&self, places: &[usize]) -> bool {
        (0..self.order.len()).any(|index| places.iter().all(|place| *place == index || self.is_before(*place, index)))
    }

    /// Those among the known ones of which `keep` is true.
    pub(super) fn only(&self, known: &Known, keep: impl Fn(&Revision) -> bool) -> Known {
        Known((0..self.order.len()).map(|index| known.has(index) && keep(self.order[index])).collect())
    }

    /// The known revisions, those that know most first.
    pub(super) fn latest_first<'b>(&'b self, known: &'b Known) -> impl Iterator<Item = &'a Revision> + 'b {
        (0..self.order.len()).rev().filter(|index| known.has(*index)).map(|index| self.order[index])
    }

    fn unsuperseded(&self, places: impl Iterator<Item = usize>, known: &Known) -> Vec<usize> {
        let places: Vec<usize> = places.filter(|index| known.has(*index)).collect();
        let superseded = |index: usize| places.iter().rev().any(|later| self.is_before(index, *later));
        let mut standing: Vec<usize> = places.iter().copied().filter(|index| !superseded(*index)).collect();
        standing.sort_unstable_by_key(|index| std::cmp::Reverse((self.order[*index].hlc, self.order[*index].id)));
        standing
    }

    fn is_before(&self, earlier: usize, later: usize) -> bool {
        self.ancestors[later].has(earlier)
    }
}
