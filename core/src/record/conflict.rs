//! Conflicts as an officer decides them: for every undecided field the value before and the sides, and which parents a
//! decision names.
//!
//! "Before" is the value at the nearest state that the authors of all sides had in common: the fold of the revisions that
//! are ancestors of every standing write of the field.

use serde_json::Value;

use super::ancestry::Ancestry;
use super::{MAX_PARENTS, Revision, Write};
use crate::ids::{AreaId, RevisionId};

/// An undecided field.
#[derive(Clone, PartialEq, Debug)]
pub struct Dispute {
    /// The field.
    pub field: String,
    /// What its authors saw before they wrote; `None` if nobody had written it.
    pub base: Option<Write>,
    /// The different values, the shown one first.
    pub sides: Vec<Side>,
}

/// One of the values of an undecided field.
#[derive(Clone, PartialEq, Debug)]
pub struct Side {
    /// The value; `null` for "removed".
    pub value: Value,
    /// The standing writes of it, the greatest (hlc, id) first.
    pub writes: Vec<Write>,
}

/// Areas into which a record was moved by officers who did not know of each other.
#[derive(Clone, PartialEq, Debug)]
pub struct AreaDispute {
    /// Where it was before; `None` if it was made twice.
    pub base: Option<AreaId>,
    /// The moves, the shown one first; of several into one area the first.
    pub moves: Vec<Move>,
}

/// A revision that put a record into an area.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Move {
    /// The area.
    pub area: AreaId,
    /// The revision.
    pub revision: RevisionId,
}

/// The undecided fields of a record, in order of their names.
#[must_use]
pub fn disputes<'a>(revisions: impl IntoIterator<Item = &'a Revision>) -> Vec<Dispute> {
    let ancestry = Ancestry::of(revisions);
    let everything = ancestry.everything();
    disputes_in(&ancestry, &everything)
}

/// The undecided fields as somebody saw them who had seen these revisions; `None` if one of them is not here.
#[must_use]
pub fn disputes_seen<'a>(
    revisions: impl IntoIterator<Item = &'a Revision>,
    seen: &[RevisionId],
) -> Option<Vec<Dispute>> {
    let ancestry = Ancestry::of(revisions);
    let known = ancestry.known_with(seen)?;
    Some(disputes_in(&ancestry, &known))
}

fn disputes_in(ancestry: &Ancestry<'_>, known: &super::ancestry::Known) -> Vec<Dispute> {
    let mut names: Vec<&str> =
        ancestry.revisions().iter().flat_map(|revision| revision.fields.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter_map(|field| dispute(ancestry, field, known)).collect()
}

fn dispute(ancestry: &Ancestry<'_>, field: &str, known: &super::ancestry::Known) -> Option<Dispute> {
    let standing = ancestry.standing(field, known);
    let write = |index: &usize| Write::of(ancestry.revisions()[*index], field);
    let mut sides: Vec<Side> = Vec::new();
    for write in standing.iter().filter_map(write) {
        match sides.iter_mut().find(|side| side.value == write.value) {
            Some(side) => side.writes.push(write),
            None => sides.push(Side { value: write.value.clone(), writes: vec![write] }),
        }
    }
    if sides.len() < 2 {
        return None;
    }
    let before = ancestry.standing(field, &ancestry.known_to_all(&standing));
    Some(Dispute { field: field.to_owned(), base: before.first().and_then(write), sides })
}

/// Whether the record was moved into different areas, and nobody has seen all of these moves yet.
#[must_use]
pub fn area_dispute<'a>(revisions: impl IntoIterator<Item = &'a Revision>) -> Option<AreaDispute> {
    let ancestry = Ancestry::of(revisions);
    let standing = ancestry.standing_moves(&ancestry.everything());
    if standing.len() < 2 || ancestry.somebody_knew(&standing) {
        return None;
    }
    let mut moves: Vec<Move> = Vec::new();
    for index in &standing {
        let revision = ancestry.revisions()[*index];
        if moves.iter().all(|known| known.area != revision.area) {
            moves.push(Move { area: revision.area, revision: revision.id });
        }
    }
    let base = ancestry.area(&ancestry.known_to_all(&standing));
    (moves.len() > 1).then_some(AreaDispute { base, moves })
}

/// The area a record is in: where the greatest of its standing moves put it. A change by somebody who did not know of a move
/// does not move it back.
#[must_use]
pub fn area_of<'a>(revisions: impl IntoIterator<Item = &'a Revision>) -> Option<AreaId> {
    let ancestry = Ancestry::of(revisions);
    ancestry.area(&ancestry.everything())
}

/// The parents of a revision whose author saw these: their heads, and so much more that it fits in also where some of them
/// never arrive.
///
/// An unconfirmed revision may be refused, and then others do not have it. Who has only it as a parent would seem to have
/// known nothing. So with it stand its own unconfirmed ancestors and the heads of what the station has confirmed. That
/// changes nothing where all are present: an ancestor of a parent is an ancestor. `None` if one of `seen` is not here.
#[must_use]
pub fn parents_of<'a>(
    revisions: impl IntoIterator<Item = &'a Revision>,
    seen: &[RevisionId],
    is_confirmed: impl Fn(RevisionId) -> bool,
) -> Option<Vec<RevisionId>> {
    let ancestry = Ancestry::of(revisions);
    let known = ancestry.known_with(seen)?;
    let mut parents = ancestry.heads(&known);
    let confirmed = ancestry.only(&known, |revision| is_confirmed(revision.id));
    let unconfirmed = ancestry.only(&known, |revision| !is_confirmed(revision.id));
    let more = ancestry.heads(&confirmed).into_iter();
    for id in more.chain(ancestry.latest_first(&unconfirmed).map(|revision| revision.id)) {
        if !parents.contains(&id) {
            parents.push(id);
        }
    }
    parents.truncate(MAX_PARENTS);
    Some(parents)
}
