//! Whether the merge is what it says: the same state from any order, repetition and pieces, and no written value lost.
//!
//! Three witnesses: the definition itself, followed naively; every replica, whatever way the revisions came; and
//! `automerge`, which knows nothing of us.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod histories;

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::ids::{DeviceId, EpochId, OfficerId, RevisionId};
use ailchin_core::record::{Entry, Fields, Kind, Revision, State, fold};
use ailchin_core::replica::{Author, Change, RecordView, Replica};
use ailchin_core::sync::{Digest, Pulled};
use ailchin_core::time::Instant;
use ailchin_core::view::{HouseholdPage, HouseholdQuery};
use ailchin_core::world::Seeded;
use automerge::transaction::Transactable as _;
use automerge::{ActorId, AutoCommit, ChangeHash, ROOT, ReadDoc as _};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use histories::{DEVICES, FIELDS, Play, acts, ancestors, area, device_id, record, revision};

const NOW: Instant = Instant::from_ms(1_780_000_000_000);

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_101),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A history, and a way in which its revisions come: some of them twice, in any order, in pieces.
fn arrival(most: usize) -> impl Strategy<Value = (Vec<Revision>, Vec<usize>, Vec<usize>)> {
    acts(most)
        .prop_map(|acts| Play::of(&acts, |_, _| (), |_, _| ()).revisions)
        .prop_filter("nothing was written", |revisions| !revisions.is_empty())
        .prop_flat_map(|revisions| {
            let len = revisions.len();
            let twice = prop::collection::vec(0..len, 0..len);
            let order =
                twice.prop_flat_map(move |twice| Just((0..len).chain(twice).collect::<Vec<_>>()).prop_shuffle());
            (Just(revisions), order, prop::collection::vec(1..5_usize, 1..8))
        })
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_order_and_repetition_of_the_same_revisions_gives_the_same_state((revisions, order, _) in arrival(40)) {
        let straight = fold(&revisions);
        prop_assert!(straight.is_some());
        prop_assert_eq!(fold(order.iter().map(|index| &revisions[*index])), straight);
    }

    #[test]
    fn no_written_value_is_lost_and_what_stands_is_not_superseded((revisions, _, _) in arrival(40)) {
        let state = fold(&revisions).unwrap();
        let before = ancestors(&revisions);
        for (field, writes) in &state.fields {
            let standing: BTreeSet<RevisionId> = writes.iter().map(|write| write.revision).collect();
            prop_assert_eq!(standing.len(), writes.len());
            for revision in revisions.iter().filter(|revision| revision.fields.contains_key(field)) {
                let overwritten = writes.iter().any(|write| before[&write.revision].contains(&revision.id));
                prop_assert_ne!(standing.contains(&revision.id), overwritten, "{} of {}", field, revision.id);
            }
            for write in writes {
                let author = revisions.iter().find(|revision| revision.id == write.revision).unwrap();
                prop_assert_eq!(author.fields.get(field), Some(&write.value));
            }
            let greatest = writes.iter().max_by_key(|write| (write.hlc, write.revision)).unwrap();
            prop_assert_eq!(writes.first(), Some(greatest));
        }
        let written: BTreeSet<&String> = revisions.iter().flat_map(|revision| revision.fields.keys()).collect();
        prop_assert_eq!(state.fields.keys().collect::<BTreeSet<_>>(), written);
        let not_heads: BTreeSet<RevisionId> = before.values().flatten().copied().collect();
        let heads: Vec<RevisionId> = before.keys().copied().filter(|id| !not_heads.contains(id)).collect();
        prop_assert_eq!(state.heads, heads);
    }

    #[test]
    fn a_revision_that_saw_all_heads_settles_what_it_writes((mut revisions, _, _) in arrival(40)) {
        let state = fold(&revisions).unwrap();
        let undecided: Vec<String> = state.conflicts().map(|(field, _)| field.to_owned()).collect();
        let fields: Fields = undecided.iter().map(|field| (field.clone(), json!("decided"))).collect();
        // By the oldest clock of all: what was seen is superseded all the same.
        let resolving = Revision { hlc: ailchin_core::time::Hlc::ZERO, ..revision(0, 1_000, state.heads, fields, 0) };
        let (id, expected) = (resolving.id, undecided.len());
        revisions.push(resolving);
        let settled = fold(&revisions).unwrap();
        prop_assert_eq!(settled.conflicts().count(), 0);
        prop_assert_eq!(&settled.heads, &vec![id]);
        let shown = settled.shown();
        prop_assert_eq!(undecided.iter().filter(|field| shown[*field] == json!("decided")).count(), expected);
    }

    #[test]
    fn parents_in_a_circle_neither_stop_the_fold_nor_make_it_depend_on_the_order(
        links in prop::collection::vec((0..8_usize, 0..8_usize), 1..20),
        order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(),
        clocks in prop::collection::vec(0..3_i64, 8),
    ) {
        let revisions = knot(&links, &clocks);
        let state = fold(&revisions).unwrap();
        prop_assert!(!state.heads.is_empty());
        prop_assert_eq!(fold(order.iter().map(|index| &revisions[*index])), Some(state.clone()));
        prop_assert!(!state.fields["phone"].is_empty());
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_replica_shows_the_same_whatever_way_the_revisions_came((revisions, order, pieces) in arrival(24)) {
        let straight = received(&revisions, &(0..revisions.len()).collect::<Vec<_>>(), &[revisions.len()]);
        let crooked = received(&revisions, &order, &pieces);
        let shown = Shown::of(&straight);
        prop_assert_eq!(&Shown::of(&crooked), &shown);

        let state = fold(&revisions).unwrap();
        prop_assert_eq!(&shown.record.fields, &state.shown());
        let undecided: Vec<&str> = state.conflicts().map(|(field, _)| field).collect();
        prop_assert_eq!(shown.record.conflicts.iter().map(|of| of.field.as_str()).collect::<Vec<_>>(), undecided);
        prop_assert_eq!(heads_seen_by_a_save(crooked), state.heads);
    }

    #[test]
    fn views_made_anew_from_the_log_are_what_they_were((revisions, order, pieces) in arrival(24)) {
        let mut replica = received(&revisions, &order, &pieces);
        let before = Shown::of(&replica);
        replica.rebuild().unwrap();
        prop_assert_eq!(&Shown::of(&replica), &before);
        prop_assert_eq!(heads_seen_by_a_save(replica), fold(&revisions).unwrap().heads);
    }

    #[test]
    fn hostile_parents_give_every_replica_the_same_state(
        links in prop::collection::vec((0..6_usize, 0..6_usize), 1..14),
        order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
        clocks in prop::collection::vec(0..3_i64, 6),
        kinds in prop::collection::vec(0..12_usize, 6),
    ) {
        let mut revisions = knot(&links, &clocks);
        revisions.truncate(6);
        for (revision, kind) in revisions.iter_mut().zip(kinds) {
            revision.kind = [Kind::Person, Kind::Visit, Kind::Household][kind.min(2)].clone();
        }
        let straight = received(&revisions, &[0, 1, 2, 3, 4, 5], &[6]);
        let crooked = received(&revisions, &order, &[2, 1, 3]);
        prop_assert_eq!(Shown::of(&straight), Shown::of(&crooked));
        prop_assert_eq!(heads_seen_by_a_save(straight), heads_seen_by_a_save(crooked));
    }

    #[test]
    fn automerge_agrees_on_heads_values_and_conflicts(acts in acts(40)) {
        let mut documents: Vec<AutoCommit> = (0..DEVICES)
            .map(|device| AutoCommit::new().with_actor(ActorId::from(device_id(device).as_bytes().as_slice())))
            .collect();
        let mut names: BTreeMap<ChangeHash, RevisionId> = BTreeMap::new();
        let documents = std::cell::RefCell::new(&mut documents);
        let play = Play::of(
            &acts,
            |device, revision| {
                let document = &mut documents.borrow_mut()[device];
                for (field, value) in &revision.fields {
                    document.put(ROOT, field.as_str(), signed(revision.id, value)).unwrap();
                }
                let change = document.commit().expect("a change for every revision");
                names.insert(change, revision.id);
            },
            |from, to| {
                let mut other = documents.borrow()[from].clone();
                documents.borrow_mut()[to].merge(&mut other).unwrap();
            },
        );
        let documents = documents.into_inner();
        for (device, document) in documents.iter_mut().enumerate() {
            let Some(state) = play.state(device) else { continue };
            same_as_automerge(&state, document, &names)?;
        }
        let mut whole = AutoCommit::new();
        for document in documents.iter_mut() {
            whole.merge(document).unwrap();
        }
        if let Some(state) = fold(&play.revisions) {
            same_as_automerge(&state, &mut whole, &names)?;
        }
    }
}

#[test]
fn kinds_and_fields_of_a_newer_program_are_kept_and_folded_and_cross_a_replica_byte_for_byte() {
    let newer = Revision {
        kind: Kind::named("case_of_2030"),
        fields: Fields::from([("verlauf".to_owned(), json!({ "ᠠᠶᠢᠯ": [1, null, "\u{202f}"] }))]),
        ..revision(0, 1, Vec::new(), Fields::new(), 1)
    };
    let written = Entry::write(newer).unwrap();
    // A member of a revision that this program has no name for.
    let body = written.body.replacen('{', "{\"signed_by\":\"somebody\", ", 1);
    let entry = Entry::read(body.clone()).unwrap();
    let state = fold([&entry.revision]).unwrap();
    assert_eq!(state.shown(), entry.revision.fields);
    assert_eq!(state.kind, Kind::named("case_of_2030"));

    let mut replica = empty();
    replica.receive(DeviceId::from_bytes([7; 16]), &Pulled::of([(1, entry)], 1), Some(1), NOW).unwrap();
    let mut log = Vec::new();
    replica.export(&mut log).unwrap();
    assert_eq!(log, format!("{body}\n").into_bytes());
    assert_eq!(replica.record(record(), device_id(0)).unwrap().kind, "case_of_2030");
}

#[test]
fn a_parent_named_twice_does_not_stand_for_two_heads() {
    let root = revision(0, 1, Vec::new(), phone("1"), 1);
    let left = revision(0, 2, vec![root.id], phone("2"), 2);
    let right = revision(1, 1, vec![root.id], phone("3"), 3);
    let careless = revision(0, 3, vec![left.id, left.id], phone("4"), 4);
    let revisions = [root, left, right, careless];
    let replica = received(&revisions, &[0, 1, 2, 3], &[1]);
    assert_eq!(Shown::of(&replica).conflicts, 1);
    assert_eq!(heads_seen_by_a_save(replica), fold(&revisions).unwrap().heads);
}

fn phone(digits: &str) -> Fields {
    Fields::from([("phone".to_owned(), json!(digits))])
}

/// Eight revisions whose parents point anywhere, themselves and twice included.
fn knot(links: &[(usize, usize)], clocks: &[i64]) -> Vec<Revision> {
    let fields = |index: usize| Fields::from([("phone".to_owned(), json!(index.to_string()))]);
    let mut revisions: Vec<Revision> = (0..8)
        .map(|index| {
            revision(
                index % DEVICES,
                1 + (index / DEVICES) as u64,
                Vec::new(),
                fields(index),
                clocks[index % clocks.len()],
            )
        })
        .collect();
    for (child, parent) in links {
        let parent = revisions[*parent].id;
        revisions[*child].parents.push(parent);
    }
    revisions
}

fn empty() -> Replica {
    let mut replica = Replica::in_memory().unwrap();
    replica.adopt(DeviceId::from_bytes([7; 16]), EpochId::from_bytes([7; 16]), 0).unwrap();
    replica.set_scopes(&[area()]).unwrap();
    replica
}

/// A replica that got the revisions in this order, in pieces of these sizes, as a feed brings them.
fn received(revisions: &[Revision], order: &[usize], pieces: &[usize]) -> Replica {
    let mut replica = empty();
    let mut order = order;
    for size in pieces.iter().cycle() {
        if order.is_empty() {
            return replica;
        }
        let (piece, rest) = order.split_at(order.len().min(*size));
        order = rest;
        let entries: Vec<(u64, Entry)> =
            piece.iter().map(|index| (1 + *index as u64, Entry::write(revisions[*index].clone()).unwrap())).collect();
        let end = entries.iter().map(|(at, _)| *at).max().unwrap();
        replica.receive(DeviceId::from_bytes([7; 16]), &Pulled::of(entries, end), Some(end), NOW).unwrap();
    }
    replica
}

/// All that a replica says about the household.
#[derive(Debug, PartialEq)]
struct Shown {
    record: RecordView,
    page: Option<HouseholdPage>,
    line: Vec<ailchin_core::view::HouseholdLine>,
    found: Vec<u32>,
    conflicts: u32,
    held: Digest,
}

impl Shown {
    fn of(replica: &Replica) -> Self {
        let me = device_id(0);
        let mut record = replica.record(record(), me).unwrap();
        record.log.sort_by_key(|line| line.id);
        let kept = replica.holdings(me).unwrap().scopes;
        assert_eq!(kept, replica.recount().unwrap(), "what is kept of a scope is what a recount finds");
        let ask = |query: &str| HouseholdQuery { query: query.to_owned(), area: None, offset: 0, limit: 10 };
        let words = ["", "name", "13800000001", "13800000002", "13800000003"];
        Self {
            page: replica.household(record.id, me, NOW).ok(),
            line: replica.households(&ask("")).unwrap().lines,
            found: words.map(|word| replica.households(&ask(word)).unwrap().total).to_vec(),
            conflicts: replica.conflicted().unwrap(),
            held: kept[0].digest,
            record,
        }
    }
}

/// The heads that the replica keeps, as the next save takes them for parents.
fn heads_seen_by_a_save(mut replica: Replica) -> Vec<RevisionId> {
    let author = Author { device: device_id(99), officer: OfficerId::from_bytes([9; 16]) };
    let change = Change { record: record(), kind: Kind::Household, area: area(), fields: phone("110") };
    let made = replica.save(author, &Seeded::new(1, NOW), &[change]).unwrap();
    let view = replica.record(record(), author.device).unwrap();
    view.log.into_iter().find(|line| line.id == made[0]).unwrap().parents
}

/// A value that no other write has: automerge writes nothing for a value that already wins.
fn signed(revision: RevisionId, value: &Value) -> String {
    format!("{value} of {revision}")
}

fn same_as_automerge(
    state: &State,
    document: &mut AutoCommit,
    names: &BTreeMap<ChangeHash, RevisionId>,
) -> Result<(), TestCaseError> {
    let mut heads: Vec<RevisionId> = document.get_heads().iter().map(|change| names[change]).collect();
    heads.sort_unstable();
    prop_assert_eq!(&heads, &state.heads);
    for field in FIELDS {
        let theirs = document.get_all(ROOT, field).unwrap().into_iter();
        let mut theirs: Vec<String> = theirs.map(|(value, _)| value.as_str().unwrap().to_owned()).collect();
        let writes = state.fields.get(field).map(Vec::as_slice).unwrap_or_default();
        let mut ours: Vec<String> = writes.iter().map(|write| signed(write.revision, &write.value)).collect();
        theirs.sort_unstable();
        ours.sort_unstable();
        prop_assert_eq!(ours, theirs, "{}", field);
    }
    Ok(())
}
