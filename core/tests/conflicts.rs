//! Whether a conflict is told as it is: what was before, who says what, and that a decision overwrites only what was seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod histories;

use std::collections::BTreeSet;

use ailchin_core::ids::{AreaId, EpochId, OfficerId, RevisionId};
use ailchin_core::record::{
    Entry, Fields, Kind, Revision, area_dispute, disputes, disputes_seen, fold, history, parents_of,
};
use ailchin_core::replica::{Author, Replica, ReplicaError};
use ailchin_core::sync::Pulled;
use ailchin_core::time::Instant;
use ailchin_core::view::PageOf;
use ailchin_core::world::{Seeded, World as _};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use histories::{Play, acts, ancestors, area, device_id, record, revision};

const NOW: Instant = Instant::from_ms(1_780_000_000_000);

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_123),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn played(most: usize) -> impl Strategy<Value = Vec<Revision>> {
    acts(most)
        .prop_map(|acts| Play::of(&acts, |_, _| (), |_, _| ()).revisions)
        .prop_filter("nothing was written", |revisions| !revisions.is_empty())
}

proptest! {
    #![proptest_config(cases(384))]

    #[test]
    fn the_sides_are_the_conflicting_values_and_the_base_is_what_their_authors_had_in_common(revisions in played(40)) {
        let state = fold(&revisions).unwrap();
        let told = disputes(&revisions);
        let of_state: Vec<(&str, Vec<&Value>)> = state
            .conflicts()
            .map(|(field, writes)| (field, writes.iter().map(|write| &write.value).collect()))
            .collect();
        let of_told: Vec<(&str, Vec<&Value>)> = told
            .iter()
            .map(|dispute| (dispute.field.as_str(), dispute.sides.iter().map(|side| &side.value).collect()))
            .collect();
        prop_assert_eq!(of_told, of_state);

        let before = ancestors(&revisions);
        for dispute in &told {
            let writes: Vec<&_> = dispute.sides.iter().flat_map(|side| &side.writes).collect();
            prop_assert_eq!(writes.len(), state.fields[&dispute.field].len(), "every standing write has a side");
            // By the definition: fold what all of them knew.
            let shared: BTreeSet<RevisionId> = writes
                .iter()
                .map(|write| before[&write.revision].clone())
                .reduce(|all, one| all.intersection(&one).copied().collect())
                .unwrap();
            let then = fold(revisions.iter().filter(|revision| shared.contains(&revision.id)));
            let base = then.and_then(|state| state.fields.get(&dispute.field)?.first().cloned());
            prop_assert_eq!(&dispute.base, &base);
        }
    }

    #[test]
    fn the_history_tells_what_each_author_saw_and_which_revisions_decided(revisions in played(30)) {
        let before = ancestors(&revisions);
        let steps = history(&revisions);
        prop_assert_eq!(steps.len(), revisions.len());
        let mut told: BTreeSet<RevisionId> = BTreeSet::new();
        for step in &steps {
            let known = &before[&step.revision.id];
            prop_assert!(known.is_subset(&told), "what was known is told before");
            told.insert(step.revision.id);
            let seen = fold(revisions.iter().filter(|revision| known.contains(&revision.id)));
            prop_assert_eq!(step.first, seen.is_none());
            let shown = seen.as_ref().map(ailchin_core::record::State::shown).unwrap_or_default();
            let undecided: BTreeSet<String> =
                seen.iter().flat_map(ailchin_core::record::State::conflicts).map(|(field, _)| field.to_owned()).collect();
            for change in &step.changes {
                prop_assert_eq!(&change.from, shown.get(&change.field).unwrap_or(&Value::Null));
                prop_assert_eq!(&change.to, &step.revision.fields[&change.field]);
                prop_assert_eq!(change.settled, undecided.contains(&change.field));
            }
        }
    }

    #[test]
    fn one_hand_writing_on_never_seems_to_have_been_two_whatever_the_station_refuses(
        writes in prop::collection::vec((0..4_usize, any::<bool>(), any::<bool>()), 2..20),
    ) {
        let mut revisions: Vec<Revision> = Vec::new();
        // Sent up to here; of these some were refused.
        let (mut sent, mut refused) = (0, BTreeSet::new());
        for (n, (field, sync, refuse)) in writes.iter().enumerate() {
            let seen = fold(&revisions).map(|state| state.heads).unwrap_or_default();
            let confirmed: BTreeSet<RevisionId> = revisions[..sent].iter().map(|revision| revision.id).collect();
            let parents = parents_of(&revisions, &seen, |id| confirmed.contains(&id) && !refused.contains(&id)).unwrap();
            let fields = Fields::from([(histories::FIELDS[*field].to_owned(), json!(n.to_string()))]);
            let made = revision(0, n as u64 + 1, parents, fields, 0);
            if *refuse {
                refused.insert(made.id);
            }
            revisions.push(made);
            if *sync {
                sent = revisions.len();
            }
        }
        let elsewhere: Vec<Revision> =
            revisions.iter().filter(|revision| !refused.contains(&revision.id)).cloned().collect();
        if let Some(state) = fold(&elsewhere) {
            prop_assert_eq!(state.conflicts().count(), 0);
            prop_assert_eq!(state.heads.len(), 1);
            prop_assert_eq!(fold(&revisions).unwrap().conflicts().count(), 0);
        }
    }
}

#[test]
fn parents_are_the_heads_alone_once_everything_is_confirmed() {
    let (root, left, right) = fork("1", "2", "3");
    let revisions = [root.clone(), left.clone(), right.clone()];
    let mut heads = vec![left.id, right.id];
    heads.sort_unstable();
    assert_eq!(parents_of(&revisions, &heads, |_| true).unwrap(), heads);
    assert_eq!(parents_of(&revisions, &[root.id, left.id], |_| true).unwrap(), [left.id]);
    assert_eq!(parents_of(&revisions, &[left.id], |id| id == root.id).unwrap(), [left.id, root.id]);
    assert!(parents_of(&revisions[..1], &heads, |_| true).is_none());
}

#[test]
fn more_than_two_sides_and_a_removed_value_are_sides_like_others() {
    let (root, left, right) = fork("1", "2", "3");
    let third = revision(2, 1, vec![root.id], fields(&[("phone", Value::Null)]), 9);
    let same = revision(3, 1, vec![root.id], fields(&[("phone", json!("2"))]), 1);
    let told = disputes(&[root.clone(), left.clone(), right.clone(), third.clone(), same.clone()]);
    let [dispute] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(dispute.base.as_ref().unwrap().revision, root.id);
    let values: Vec<&Value> = dispute.sides.iter().map(|side| &side.value).collect();
    assert_eq!(values, [&Value::Null, &json!("3"), &json!("2")]);
    let writers: Vec<RevisionId> = dispute.sides[2].writes.iter().map(|write| write.revision).collect();
    assert_eq!(writers, [left.id, same.id]);
    // Seen without the third it was a smaller conflict.
    let seen = disputes_seen(&[root, left.clone(), right.clone(), third, same], &[left.id, right.id]).unwrap();
    assert_eq!(seen[0].sides.len(), 2);
}

#[test]
fn a_record_moved_to_two_places_is_told_until_somebody_has_seen_both() {
    let (there, elsewhere) = (AreaId::from_bytes([1; 16]), AreaId::from_bytes([2; 16]));
    let root = revision(0, 1, Vec::new(), fields(&[("phone", json!("1"))]), 1);
    let left = Revision { area: there, ..revision(0, 2, vec![root.id], Fields::new(), 2) };
    let right = Revision { area: elsewhere, ..revision(1, 1, vec![root.id], Fields::new(), 3) };
    // An edit that did not know of the moves is no move.
    let edit = revision(2, 1, vec![root.id], fields(&[("note", json!("x"))]), 9);
    let mut revisions = vec![root, left.clone(), right.clone(), edit.clone()];
    let dispute = area_dispute(&revisions).unwrap();
    assert_eq!(dispute.base, Some(area()));
    assert_eq!(dispute.moves.iter().map(|side| side.area).collect::<Vec<_>>(), [elsewhere, there]);
    let decided = Revision { area: elsewhere, ..revision(0, 3, vec![left.id, right.id, edit.id], Fields::new(), 4) };
    revisions.push(decided);
    assert_eq!(area_dispute(&revisions), None);
}

/// A replica with one household in conflict on two fields, and an officer at work.
struct Desk {
    replica: Replica,
    world: Seeded,
    author: Author,
    feed: u64,
}

impl Desk {
    fn with(revisions: &[Revision]) -> Self {
        let world = Seeded::new(1, NOW);
        let mut replica = Replica::in_memory().unwrap();
        replica.adopt(device_id(0), EpochId::from_bytes([7; 16]), 0).unwrap();
        replica.set_scopes(&[area()]).unwrap();
        let author = Author { device: device_id(0), officer: OfficerId::from_bytes([9; 16]) };
        let mut desk = Self { replica, world, author, feed: 0 };
        desk.receives(revisions);
        desk
    }

    fn receives(&mut self, revisions: &[Revision]) {
        let entries: Vec<(u64, Entry)> =
            (self.feed + 1..).zip(revisions).map(|(at, one)| (at, Entry::write(one.clone()).unwrap())).collect();
        self.feed += entries.len() as u64;
        self.replica.receive(device_id(0), &Pulled::of(entries, self.feed), Some(self.feed), NOW).unwrap();
    }

    fn decides(&mut self, seen: &[RevisionId], decided: Value) -> Result<u32, ReplicaError> {
        let decided = serde_json::from_value(decided).unwrap();
        Ok(self.replica.decide(self.author, &self.world, record(), seen, decided)?.left)
    }

    fn undecided(&self) -> Vec<String> {
        let page = self.replica.conflict(record(), self.author.device).unwrap();
        page.fields.into_iter().map(|field| field.field).collect()
    }

    fn seen(&self) -> Vec<RevisionId> {
        self.replica.conflict(record(), self.author.device).unwrap().seen
    }
}

fn in_conflict() -> Desk {
    let root = revision(1, 1, Vec::new(), fields(&[("name_zh", json!("巴图")), ("phone", json!("1"))]), 1);
    let left = revision(1, 2, vec![root.id], fields(&[("phone", json!("2")), ("note", json!("狗"))]), 2);
    let right = revision(2, 1, vec![root.id], fields(&[("phone", json!("3")), ("note", json!("井"))]), 3);
    Desk::with(&[root, left, right])
}

#[test]
fn what_is_decided_in_part_leaves_the_rest_undecided() {
    let mut desk = in_conflict();
    assert_eq!(desk.undecided(), ["note", "phone"]);
    let seen = desk.seen();
    assert_eq!(desk.decides(&seen, json!({ "phone": "2" })).unwrap(), 1);
    assert_eq!(desk.undecided(), ["note"]);
    let list = desk.replica.conflicts(PageOf { offset: 0, limit: 10 }, desk.world.now()).unwrap();
    assert_eq!((list.total, list.decided_this_month, &list.lines[0].fields[..]), (1, 1, &["note".to_owned()][..]));
    // The rest is decided by somebody who has one head before him.
    let seen = desk.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(desk.decides(&seen, json!({ "note": "牧羊犬" })).unwrap(), 0);
    assert_eq!(desk.replica.conflicted().unwrap(), 0);
    assert_eq!(desk.replica.decided_this_month(desk.world.now()).unwrap(), 2);
    let page = desk.replica.household(record(), desk.author.device, NOW).unwrap();
    assert_eq!((page.phone.as_str(), page.conflicts.len()), ("2", 0));
    let next_month = desk.world.now().plus_ms(40 * 86_400_000);
    assert_eq!(desk.replica.decided_this_month(next_month).unwrap(), 0);
    desk.replica.rebuild().unwrap();
    assert_eq!(desk.replica.decided_this_month(desk.world.now()).unwrap(), 2, "made anew from the log");
}

#[test]
fn a_value_that_came_while_the_officer_looked_is_not_overwritten() {
    let mut desk = in_conflict();
    let seen = desk.seen();
    let root = desk.replica.record(record(), desk.author.device).unwrap().log[0].id;
    desk.receives(&[revision(3, 1, vec![root], fields(&[("phone", json!("4"))]), 4)]);
    assert_eq!(desk.decides(&seen, json!({ "phone": "2", "note": "狗" })).unwrap(), 1);
    let page = desk.replica.conflict(record(), desk.author.device).unwrap();
    let [field] = page.fields.as_slice() else { panic!("{page:?}") };
    let mut values: Vec<&Value> = field.sides.iter().map(|side| &side.value).collect();
    values.sort_by_key(ToString::to_string);
    assert_eq!((field.field.as_str(), values), ("phone", vec![&json!("2"), &json!("4")]));
    assert_eq!(field.sides.iter().filter(|side| side.mine).count(), 1);
}

#[test]
fn a_decision_takes_a_side_or_says_what_may_be_typed() {
    let mut desk = in_conflict();
    let seen = desk.seen();
    for wrong in [
        json!({ "name_zh": "别人" }),
        json!({ "phone": "not a number" }),
        json!({ "phone": 7 }),
        json!({ "area": "019e807a-ec00-75ea-8f74-988a7bb8c92b" }),
    ] {
        assert!(matches!(desk.decides(&seen, wrong.clone()), Err(ReplicaError::Field(_))), "{wrong}");
    }
    let unknown = [RevisionId::from_bytes([3; 16])];
    assert!(matches!(desk.decides(&unknown, json!({ "phone": "2" })), Err(ReplicaError::NotFound { .. })));
    assert_eq!(desk.undecided().len(), 2);
    assert_eq!(desk.decides(&seen, json!({ "phone": "138 0000", "note": null })).unwrap(), 0);
    let page = desk.replica.household(record(), desk.author.device, NOW).unwrap();
    assert_eq!(page.phone, "138 0000");
}

#[test]
fn a_move_to_two_places_is_in_the_list_and_is_decided_like_a_field() {
    let there = AreaId::from_bytes([1; 16]);
    let root = revision(1, 1, Vec::new(), fields(&[("name_zh", json!("巴图"))]), 1);
    let left = Revision { area: there, ..revision(1, 2, vec![root.id], Fields::new(), 2) };
    let right = Revision { area: AreaId::from_bytes([2; 16]), ..revision(2, 1, vec![root.id], Fields::new(), 3) };
    let mut desk = Desk::with(&[root, left, right]);
    assert_eq!(desk.undecided(), ["area"]);
    assert_eq!(desk.replica.conflicted().unwrap(), 1);
    let seen = desk.seen();
    assert_eq!(desk.decides(&seen, json!({ "area": there })).unwrap(), 0);
    assert_eq!(desk.replica.place_of(record()).unwrap(), (Kind::Household, there));
    assert_eq!(desk.replica.conflicted().unwrap(), 0);
}

#[test]
fn the_history_of_a_record_tells_the_newest_first_who_changed_what_and_that_a_conflict_was_decided() {
    let mut desk = in_conflict();
    let seen = desk.seen();
    desk.decides(&seen, json!({ "phone": "2", "note": "狗" })).unwrap();
    let past = desk.replica.history(record(), desk.author.device).unwrap();
    assert_eq!((past.total, past.entries.len(), past.title.name.zh.as_str()), (4, 4, "巴图"));
    let newest = &past.entries[0];
    assert!(newest.mine && newest.settles && newest.waiting && !newest.first);
    let phone = newest.changes.iter().find(|change| change.field == "phone").unwrap();
    assert_eq!((&phone.from, &phone.to, phone.settled), (&json!("3"), &json!("2"), true));
    let oldest = past.entries.last().unwrap();
    assert!(oldest.first && !oldest.mine && !oldest.settles && !oldest.waiting);
}

fn fork(base: &str, left: &str, right: &str) -> (Revision, Revision, Revision) {
    let phone = |digits: &str| fields(&[("phone", json!(digits))]);
    let root = revision(0, 1, Vec::new(), phone(base), 1);
    let left = revision(0, 2, vec![root.id], phone(left), 2);
    let right = revision(1, 1, vec![root.id], phone(right), 3);
    (root, left, right)
}

fn fields(values: &[(&str, Value)]) -> Fields {
    values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}
