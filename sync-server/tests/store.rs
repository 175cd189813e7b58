//! The contract of the store, whatever database is under it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::ScopedJoinHandle;

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, BundleId, EpochId, RecordId, RevisionId};
use ailchin_core::record::{Checkpoint, Entry, Fields, Kind, Level, Revision, Stretch, genesis};
use ailchin_core::sync::{
    AdmissionRequest, Digest, EnrolRequest, GiveHeader, LoginProof, LoginRequest, Proof, PushItem, ReceiptRequest,
    StateQuery, Verdict, login_message,
};
use ailchin_core::world::{Seeded, World as _};
use ailchin_server::store::{AreaRow, ConsoleChange, FeedLine, LastWork, PullLimits, StoreError};
use ed25519_dalek::Signer as _;
use kit::{MORNING, On, Place, Station, Tablet, code, names, on_both, positions};
use rusqlite::types::Value as Cell;
use serde_json::json;

on_both! {
    a_push_sent_again_is_recognised_and_stores_nothing,
    a_push_may_overlap_what_is_stored_and_go_on,
    a_push_that_moves_a_household_tells_where_everything_stands_afterwards,
    another_body_at_a_place_that_is_taken_is_a_fork_and_changes_nothing,
    a_place_left_out_is_a_gap,
    a_refused_revision_does_not_hold_up_the_others_and_its_place_is_taken,
    what_names_another_officer_is_refused_by_itself_whoever_brings_it,
    a_checkpoint_that_is_not_the_devices_or_covers_something_else_is_refused,
    positions_have_no_gaps_and_a_reader_never_meets_a_smaller_one_later,
    count_and_digest_as_of_any_position_equal_a_recount,
    a_pull_brings_others_revisions_of_the_scopes_byte_for_byte_in_pages_of_any_size,
    the_end_of_a_pull_says_where_to_go_on_and_how_much_is_left,
    a_receipt_states_what_is_held_and_a_difference_is_told,
    the_same_tablet_enrols_twice_with_one_invite_and_no_other_does,
    a_session_is_opened_by_a_signed_challenge_good_once_and_ends_with_time_or_revocation,
    a_revoked_tablet_can_store_and_read_nothing,
    whether_a_tablet_is_let_in_is_stated_under_the_stations_key_and_follows_what_the_console_said_last,
    areas_and_officers_are_records_in_the_root_scope,
    an_area_of_a_code_that_is_taken_is_refused,
    areas_given_and_taken_are_held_from_the_next_login_on,
    what_was_committed_is_there_when_the_store_is_opened_again,
    two_servers_at_once_lose_nothing_double_nothing_and_keep_the_order,
    two_servers_that_are_sent_the_same_push_at_once_store_it_once,
    one_invite_lets_in_one_of_two_tablets_that_use_it_at_two_servers_at_once,
    the_station_leads_every_primary_key,
    a_nul_in_a_text_is_refused_and_holds_up_nothing,
    logins_at_two_servers_at_once_do_not_get_in_each_others_way,
}

fn refusals(items: &[PushItem]) -> Vec<Option<&'static str>> {
    items
        .iter()
        .map(|item| match item.verdict {
            Verdict::Refused(code) => Some(code.as_str()),
            Verdict::Stored(_) | Verdict::Duplicate(_) => None,
        })
        .collect()
}

/// The tablet's own revisions with their positions.
fn own(tablet: &Tablet, items: &[PushItem]) -> Vec<(u64, String)> {
    positions(items).into_iter().zip(tablet.bodies.iter().cloned()).collect()
}

fn a_push_sent_again_is_recognised_and_stores_nothing(on: On) {
    let station = Station::on(on, 1);
    let mut tablet = station.tablet(0);
    for _ in 0..5 {
        tablet.write(&*station.world, station.gacha[0]);
    }
    let first = tablet.push(&station.store, 1).unwrap();
    assert!(first.items.iter().all(|item| matches!(item.verdict, Verdict::Stored(_))));
    let next = station.next_position();
    let again = tablet.push(&station.store, 1).unwrap();
    assert!(again.items.iter().all(|item| matches!(item.verdict, Verdict::Duplicate(_))));
    assert_eq!((positions(&again.items), again.seq), (positions(&first.items), 5));
    assert_eq!(station.next_position(), next);
}

fn a_push_may_overlap_what_is_stored_and_go_on(on: On) {
    let station = Station::on(on, 2);
    let mut tablet = station.tablet(0);
    tablet.write_many(&*station.world, station.gacha[0], 3);
    tablet.push(&station.store, 1).unwrap();
    tablet.write_many(&*station.world, station.gacha[0], 3);
    let answer = tablet.push(&station.store, 2).unwrap();
    let stored = answer.items.iter().map(|item| matches!(item.verdict, Verdict::Stored(_))).collect::<Vec<_>>();
    assert_eq!((stored, answer.seq), (vec![false, false, true, true, true], 6));
    let part = tablet.push_range(&station.store, 2, 4, MORNING).unwrap();
    assert_eq!((part.items.len(), part.seq), (3, 6), "an old part again does not move the head back");
}

fn a_push_that_moves_a_household_tells_where_everything_stands_afterwards(on: On) {
    let station = Station::on(on, 25);
    let mut tablet = station.tablet(0);
    let household = tablet.draft(&*station.world, station.gacha[0]);
    let moved = household.record;
    tablet.write_revision(household);
    let fields = Fields::from([("household".to_owned(), json!(moved)), ("note".to_owned(), json!("围栏"))]);
    let task = Revision { kind: Kind::Task, fields, ..tablet.draft(&*station.world, station.gacha[0]) };
    tablet.write_revision(task);
    station.world.advance_ms(60_000);
    let moves = tablet.draft(&*station.world, station.gacha[1]);
    tablet.write_revision(Revision { record: moved, fields: Fields::new(), ..moves });

    let told = tablet.push(&station.store, 1).unwrap();
    let stands = station.store.verdicts(station.id, tablet.device, 1).unwrap();
    let filed = |items: &[PushItem]| items.iter().map(|item| item.filed).collect::<Vec<_>>();
    assert_eq!(filed(&told.items), [Some(station.gacha[1]), Some(station.gacha[1]), None]);
    assert_eq!((positions(&told.items), filed(&told.items)), (positions(&stands), filed(&stands)));
    assert_eq!(positions(&tablet.push(&station.store, 1).unwrap().items), positions(&told.items));
}

fn another_body_at_a_place_that_is_taken_is_a_fork_and_changes_nothing(on: On) {
    let station = Station::on(on, 3);
    let mut tablet = station.tablet(0);
    tablet.write(&*station.world, station.gacha[0]);
    tablet.push(&station.store, 1).unwrap();
    let next = station.next_position();

    let mut cloned = Tablet { bodies: Vec::new(), links: tablet.links[..1].to_vec(), ..tablet };
    cloned.write(&*station.world, station.gacha[0]);
    cloned.write(&*station.world, station.gacha[0]);
    assert_eq!(code(cloned.push(&station.store, 1)), "log_forked");
    // The fork lies before the first place sent: only the chain tells.
    assert_eq!(code(cloned.push(&station.store, 2)), "log_forked");
    assert_eq!(station.next_position(), next);
}

fn a_place_left_out_is_a_gap(on: On) {
    let station = Station::on(on, 4);
    let mut tablet = station.tablet(0);
    tablet.write(&*station.world, station.gacha[0]);
    tablet.write(&*station.world, station.gacha[0]);
    assert_eq!(code(tablet.push(&station.store, 2)), "log_gap");
    assert_eq!(tablet.push(&station.store, 1).unwrap().seq, 2);
}

fn a_refused_revision_does_not_hold_up_the_others_and_its_place_is_taken(on: On) {
    let station = Station::on(on, 5);
    let mut tablet = station.tablet(1);
    let mut other = station.tablet(0);
    let world = &*station.world;
    let taken = other.write(world, station.gacha[0]);
    other.push(&station.store, 1).unwrap();

    let with = |tablet: &mut Tablet, change: &dyn Fn(&mut Revision)| {
        let mut draft = tablet.draft(world, station.gacha[0]);
        change(&mut draft);
        tablet.write_revision(draft);
    };
    tablet.write(world, station.gacha[0]);
    tablet.write_body("{\"not\":\"a revision\"}");
    tablet.write(world, station.gacha[1]);
    with(&mut tablet, &|draft| draft.seq += 1);
    with(&mut tablet, &|draft| draft.device = other.device);
    with(&mut tablet, &|draft| draft.id = taken);
    with(&mut tablet, &|draft| drop(draft.fields.insert("phone".into(), json!("call me"))));
    with(&mut tablet, &|draft| draft.parents = (0..65).map(|_| RevisionId::new(world)).collect());
    with(&mut tablet, &|draft| drop(draft.fields.insert("x".into(), json!("x".repeat(512 * 1024)))));
    let spaced = format!(" {}", tablet.bodies[0]);
    tablet.write_body(&spaced);
    tablet.write(world, station.gacha[0]);

    let expected = [
        None,
        Some("malformed"),
        Some("out_of_scope"),
        Some("malformed"),
        Some("malformed"),
        Some("revision_known"),
        Some("field_wrong"),
        Some("malformed"),
        Some("too_large"),
        Some("malformed"),
        None,
    ];
    let answer = tablet.push(&station.store, 1).unwrap();
    assert_eq!((refusals(&answer.items).as_slice(), answer.seq), (expected.as_slice(), 11));
    let again = tablet.push(&station.store, 1).unwrap();
    assert_eq!(refusals(&again.items), expected, "refused once is refused the same way again");
    tablet.write(world, station.gacha[0]);
    assert_eq!(tablet.push(&station.store, 12).unwrap().seq, 12, "the chain goes on over refused places");
    let head = station.store.devices(station.id).unwrap().into_iter().find(|row| row.id == tablet.device).unwrap();
    assert_eq!((head.seq, head.refused, head.chain), (12, 9, *tablet.links.last().unwrap()));
}

fn what_names_another_officer_is_refused_by_itself_whoever_brings_it(on: On) {
    let station = Station::on(on, 24);
    let (mut tablet, giver) = (station.tablet(1), station.tablet(0));
    let world = &*station.world;
    tablet.write(world, station.gacha[0]);
    let mut draft = tablet.draft(world, station.gacha[0]);
    draft.officer = giver.officer;
    tablet.write_revision(draft);
    tablet.write(world, station.gacha[0]);

    // Another tablet gives back what its author never brought: the author's key signed all of it.
    let hashes = tablet.bodies.iter().map(|body| Hash::of(body.as_bytes())).collect();
    let checkpoint = tablet.header(1, 3).checkpoint;
    let stretch = Stretch { from: 1, previous: genesis(tablet.device), hashes, checkpoint };
    let bodies: Vec<&[u8]> = tablet.bodies.iter().map(String::as_bytes).collect();
    let gift = [(Proof::of(&stretch, |_| true), bodies)];
    let header = GiveHeader { epoch: station.epoch };
    let given = station.store.give(station.id, giver.device, &header, &gift, world).unwrap();
    let items: Vec<PushItem> = given.items.into_iter().map(|given| given.item).collect();
    let expected = [None, Some("officer_wrong"), None];
    assert_eq!(refusals(&items), expected);

    let pushed = tablet.push(&station.store, 1).unwrap();
    assert_eq!((refusals(&pushed.items), pushed.seq), (expected.to_vec(), 3));
    assert_eq!(refusals(&tablet.push(&station.store, 1).unwrap().items), expected);
}

fn a_checkpoint_that_is_not_the_devices_or_covers_something_else_is_refused(on: On) {
    let station = Station::on(on, 6);
    let mut tablet = station.tablet(0);
    tablet.write(&*station.world, station.gacha[0]);
    let bodies = [tablet.bodies[0].as_bytes()];
    let push =
        |header: &_| code(station.store.push(station.id, tablet.device, header, &bodies, &Seeded::new(1, MORNING)));
    let good = tablet.header(1, 1);

    let mut strange = good.clone();
    strange.checkpoint = Checkpoint::sign(&station.tablet(0).key, tablet.device, 1, good.checkpoint.hash);
    assert_eq!(push(&strange), "checkpoint_wrong");
    let mut elsewhere = good.clone();
    elsewhere.checkpoint = Checkpoint::sign(&tablet.key, tablet.device, 1, Hash::of(b"another log"));
    assert_eq!(push(&elsewhere), "log_forked");
    let mut further = good.clone();
    further.checkpoint = Checkpoint::sign(&tablet.key, tablet.device, 2, good.checkpoint.hash);
    assert_eq!(push(&further), "malformed");
    let mut before = good.clone();
    before.from = 0;
    assert_eq!(push(&before), "malformed");
    let mut restored = good;
    restored.epoch = EpochId::new(&*station.world);
    assert_eq!(push(&restored), "epoch_changed");
    assert_eq!(station.store.state(station.id, tablet.device, StateQuery::after(0), MORNING).unwrap().seq, 0);
}

fn positions_have_no_gaps_and_a_reader_never_meets_a_smaller_one_later(on: On) {
    let station = Station::on(on, 7);
    let reader = station.tablet(0);
    let writers: Vec<Tablet> = (0..6)
        .map(|index| {
            let mut tablet = station.tablet(1 + index % 2);
            tablet.write_many(&*station.world, station.gacha[index % 2], 40);
            tablet
        })
        .collect();
    let before = station.next_position();
    let done = Arc::new(AtomicBool::new(false));
    let seen = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let (mut seen, mut after) = (Vec::new(), before - 1);
            loop {
                let last_look = done.load(Ordering::SeqCst);
                let take = |line: FeedLine<'_>| {
                    seen.extend(line.entry().map(|(at, _)| at));
                    Ok(())
                };
                let end = station.store.pull(station.id, reader.device, after, PullLimits::default(), take).unwrap();
                after = end.end;
                if last_look {
                    return seen;
                }
            }
        });
        let pushing: Vec<_> = writers
            .iter()
            .map(|tablet| {
                scope.spawn(|| {
                    for from in (1..=40).step_by(5) {
                        tablet.push_range(&station.store, from, from + 4, MORNING).unwrap();
                    }
                })
            })
            .collect();
        let ended: Vec<_> = pushing.into_iter().map(ScopedJoinHandle::join).collect();
        done.store(true, Ordering::SeqCst);
        ended.into_iter().for_each(Result::unwrap);
        watching.join().unwrap()
    });
    assert_eq!(seen, (before..before + 240).collect::<Vec<_>>());
}

fn count_and_digest_as_of_any_position_equal_a_recount(on: On) {
    let station = Station::on(on, 8);
    let mut writers = [station.tablet(1), station.tablet(2)];
    let reader = station.tablet(0);
    for round in 0..20_u64 {
        for (index, tablet) in writers.iter_mut().enumerate() {
            let area = if round % 5 == 0 { station.root } else { station.gacha[index] };
            tablet.write(&*station.world, area);
            tablet.push(&station.store, tablet.seq()).unwrap();
        }
    }
    for position in 0..station.next_position() {
        let recount = reader.held(&station.store, &[], position);
        let sum = recount.iter().fold(Digest::default(), |sum, scope| sum.with(scope.digest));
        let state = station.store.state(station.id, reader.device, StateQuery::after(position), MORNING).unwrap();
        assert_eq!(state.held, sum, "as of {position}");
    }
}

fn a_pull_brings_others_revisions_of_the_scopes_byte_for_byte_in_pages_of_any_size(on: On) {
    let station = Station::on(on, 9);
    let mut tablets = [station.tablet(0), station.tablet(1), station.tablet(2)];
    let mut expected = station.tablet(1).pull_all(&station.store, 1_000);
    for round in 0..30_usize {
        let index = round % 3;
        let area = [station.gacha[0], station.gacha[round % 2], station.gacha[1], station.root][round % 4];
        let tablet = &mut tablets[index];
        tablet.write(&*station.world, area);
        let answer = tablet.push(&station.store, tablet.seq()).unwrap();
        if let Verdict::Stored(at) = answer.items[0].verdict
            && index != 1
            && area != station.gacha[1]
        {
            expected.push((at, tablet.bodies.last().unwrap().clone()));
        }
    }
    for lines in [1, 2, 7, 1_000] {
        assert_eq!(tablets[1].pull_all(&station.store, lines), expected);
    }
}

fn the_end_of_a_pull_says_where_to_go_on_and_how_much_is_left(on: On) {
    let station = Station::on(on, 10);
    let reader = station.tablet(1);
    let mut writer = station.tablet(1);
    let mut far = station.tablet(2);
    let total = reader.pull_all(&station.store, 1_000).len() as u64;
    writer.write_many(&*station.world, station.gacha[0], 10);
    writer.push(&station.store, 1).unwrap();
    far.write(&*station.world, station.gacha[1]);
    far.push(&station.store, 1).unwrap();

    let limits = PullLimits { lines: 4, ..PullLimits::default() };
    let mut left = total + 10;
    let mut after = 0;
    loop {
        let mut got = 0;
        let take = |line: FeedLine<'_>| {
            got += line.entry().map_or(0, |_| 1);
            Ok(())
        };
        let end = station.store.pull(station.id, reader.device, after, limits, take).unwrap();
        left -= got;
        assert_eq!(end.left, left);
        after = end.end;
        if !end.more {
            break;
        }
    }
    assert_eq!((left, after), (0, station.next_position() - 1), "the end passes over what others may not see");
    let bytes = PullLimits { lines: 1_000, bytes: 1 };
    let mut got = 0;
    let take = |line: FeedLine<'_>| {
        got += line.entry().map_or(0, |_| 1);
        Ok(())
    };
    assert!(station.store.pull(station.id, reader.device, 0, bytes, take).unwrap().more);
    assert_eq!(got, 1, "a revision larger than a page passes alone");
}

fn a_receipt_states_what_is_held_and_a_difference_is_told(on: On) {
    let station = Station::on(on, 11);
    let mut tablet = station.tablet(1);
    tablet.write_many(&*station.world, station.gacha[0], 3);
    tablet.write(&*station.world, station.gacha[1]);
    let answer = tablet.push(&station.store, 1).unwrap();
    assert_eq!(refusals(&answer.items)[3], Some("out_of_scope"));
    let stored = own(&tablet, &answer.items[..3]);
    let position = station.next_position() - 1;
    let mut request = ReceiptRequest {
        epoch: station.epoch,
        position,
        scopes: tablet.held(&station.store, &stored, position),
        blobs: Vec::new(),
    };

    let receipt = station.store.receipt(station.id, tablet.device, &request, &*station.world).unwrap();
    let body = receipt.read(&tablet.enrolled.as_ref().unwrap().station_key).unwrap();
    assert_eq!((body.own_seq, body.own_stored, body.own_refused), (4, 3, 1));
    assert_eq!((body.scopes.clone(), body.position, body.device), (request.scopes.clone(), position, tablet.device));

    // Somebody else's push afterwards does not disturb a receipt as of an older position.
    let mut other = station.tablet(0);
    other.write(&*station.world, station.gacha[0]);
    other.push(&station.store, 1).unwrap();
    assert!(station.store.receipt(station.id, tablet.device, &request, &*station.world).is_ok());

    let right = request.scopes.clone();
    request.scopes[1].digest.add(Hash::of(b"never sent"));
    match station.store.receipt(station.id, tablet.device, &request, &*station.world) {
        Err(StoreError::Mismatch(scopes)) => assert_eq!(scopes, right),
        other => panic!("{other:?}"),
    }
    request.scopes = right[..1].to_vec();
    assert_eq!(code(station.store.receipt(station.id, tablet.device, &request, &*station.world)), "digest_mismatch");
    request.scopes = [right.as_slice(), &right[..1]].concat();
    assert_eq!(code(station.store.receipt(station.id, tablet.device, &request, &*station.world)), "digest_mismatch");
    request = ReceiptRequest { position: station.next_position(), scopes: right, ..request };
    assert_eq!(code(station.store.receipt(station.id, tablet.device, &request, &*station.world)), "digest_mismatch");
}

fn the_same_tablet_enrols_twice_with_one_invite_and_no_other_does(on: On) {
    let station = Station::on(on, 12);
    let world = &*station.world;
    let token = station.store.invite(station.id, station.officers[1], 72, world).unwrap();
    let tablet = Tablet::unknown(&station, 1);
    let request = EnrolRequest { token, device: tablet.device, key: tablet.key.verifying_key() };
    let first = station.store.enrol(&request, world).unwrap();
    assert_eq!(first.scopes, [station.root, station.gacha[0]]);
    world.advance_ms(100 * 3_600_000);
    assert_eq!(station.store.enrol(&request, world).unwrap(), first, "the lost answer comes again, however late");

    let thief = Tablet::unknown(&station, 1);
    let other_key = EnrolRequest { key: thief.key.verifying_key(), ..request.clone() };
    let other_name = EnrolRequest { device: thief.device, ..request.clone() };
    assert_eq!(code(station.store.enrol(&other_key, world)), "invite_used");
    assert_eq!(code(station.store.enrol(&other_name, world)), "invite_used");

    let late = station.store.invite(station.id, station.officers[1], 1, world).unwrap();
    world.advance_ms(3_600_000);
    let request = |token: &str, tablet: &Tablet| EnrolRequest {
        token: token.to_owned(),
        device: tablet.device,
        key: tablet.key.verifying_key(),
    };
    assert_eq!(code(station.store.enrol(&request(&late, &thief), world)), "invite_expired");
    assert_eq!(code(station.store.enrol(&request("AAAA", &thief), world)), "invite_unreadable");
    let mut damaged = late;
    damaged.replace_range(0..1, "B");
    assert_eq!(code(station.store.enrol(&request(&damaged, &thief), world)), "invite_unreadable");
    let second = station.store.invite(station.id, station.officers[1], 1, world).unwrap();
    assert_eq!(code(station.store.enrol(&request(&second, &tablet), world)), "already_enrolled");
}

fn a_session_is_opened_by_a_signed_challenge_good_once_and_ends_with_time_or_revocation(on: On) {
    let station = Station::on(on, 13);
    let world = &*station.world;
    let tablet = station.tablet(0);
    let ask = || station.store.challenge(&LoginRequest { device: tablet.device }, world).unwrap().challenge;
    let proof = |challenge, key: &ed25519_dalek::SigningKey| LoginProof {
        device: tablet.device,
        challenge,
        signature: key.sign(&login_message(tablet.device, challenge)),
    };
    let challenge = ask();
    let stranger = station.tablet(0);
    assert_eq!(code(station.store.prove(&proof(challenge, &stranger.key), 12, world)), "device_unknown");
    let challenge = ask();
    let session = station.store.prove(&proof(challenge, &tablet.key), 12, world).unwrap();
    assert_eq!(code(station.store.prove(&proof(challenge, &tablet.key), 12, world)), "not_logged_in");
    assert_eq!(session.scopes, tablet.enrolled.as_ref().unwrap().scopes);
    let old = ask();
    world.advance_ms(60_000);
    assert_eq!(code(station.store.prove(&proof(old, &tablet.key), 12, world)), "not_logged_in");

    let access = station.store.access(&session.token, world.now()).unwrap();
    assert_eq!((access.station, access.device), (station.id, Some(tablet.device)));
    assert_eq!(code(station.store.access(&session.token, world.now().plus_ms(12 * 3_600_000))), "not_logged_in");
    assert_eq!(code(station.store.access("AAAA", world.now())), "not_logged_in");
    station.store.revoke(station.id, tablet.device, world).unwrap();
    assert_eq!(code(station.store.access(&session.token, world.now())), "device_revoked");
    assert_eq!(code(station.store.challenge(&LoginRequest { device: tablet.device }, world)), "device_revoked");
    assert_eq!(
        code(station.store.challenge(&LoginRequest { device: Tablet::unknown(&station, 0).device }, world)),
        "device_unknown"
    );
}

fn a_revoked_tablet_can_store_and_read_nothing(on: On) {
    let station = Station::on(on, 14);
    let mut tablet = station.tablet(0);
    tablet.write(&*station.world, station.gacha[0]);
    station.store.revoke(station.id, tablet.device, &*station.world).unwrap();
    assert_eq!(code(tablet.push(&station.store, 1)), "device_revoked");
    assert_eq!(code(station.store.state(station.id, tablet.device, StateQuery::after(0), MORNING)), "device_revoked");
    let pulled = station.store.pull(station.id, tablet.device, 0, PullLimits::default(), |_| Ok(()));
    assert_eq!(code(pulled), "device_revoked");
}

fn whether_a_tablet_is_let_in_is_stated_under_the_stations_key_and_follows_what_the_console_said_last(on: On) {
    let station = Station::on(on, 25);
    let (mut tablet, other) = (station.tablet(0), station.tablet(1));
    let world = &*station.world;
    let (key, device) = (tablet.enrolled.as_ref().unwrap().station_key, tablet.device);
    let stated = |nonce: &[u8]| {
        let asked = AdmissionRequest { device, nonce: Hash::of(nonce) };
        let stated = station.store.admission(&asked, world).unwrap();
        stated.read(&key, station.id, asked).unwrap()
    };
    assert_eq!(stated(b"1").revoked, None);
    assert_eq!(code(station.store.shut_out(tablet.device)), "already_enrolled");
    let unknown = AdmissionRequest { device: Tablet::unknown(&station, 0).device, nonce: Hash::of(b"2") };
    assert_eq!(code(station.store.admission(&unknown, world)), "device_unknown");

    station.store.revoke(station.id, tablet.device, world).unwrap();
    let first = stated(b"3").revoked.unwrap();
    let note =
        |revision| other.pull_all(&station.store, 1_000).iter().any(|(_, body)| body.contains(&format!("{revision}")));
    assert!(note(first.revision.unwrap()), "the revision that says so is in everybody's feed");
    station.store.let_in_again(station.id, tablet.device, world).unwrap();
    assert_eq!(stated(b"4").revoked, None);
    station.store.revoke(station.id, tablet.device, world).unwrap();
    assert_ne!(stated(b"5").revoked.unwrap().revision, first.revision, "shut out anew");

    // What it hands over is stored only if somebody decides so, and stands in its log.
    tablet.write(world, station.gacha[0]);
    let bodies: Vec<&[u8]> = tablet.bodies.iter().map(String::as_bytes).collect();
    assert_eq!(code(tablet.push(&station.store, 1)), "device_revoked");
    let taken = station.store.push_last(station.id, tablet.device, &tablet.header(1, 1), &bodies, world).unwrap();
    assert_eq!((refusals(&taken.items), taken.seq), (vec![None], 1));
    let parts = [Hash::of(b"part")];
    let bundle = BundleId::from_bytes([7; 16]);
    let kept = station.store.acknowledge(station.id, tablet.device, bundle, &parts, MORNING).unwrap();
    let body = kept.read(&key, (station.id, tablet.device), (bundle, &parts)).unwrap();
    assert_eq!((body.has.seq, body.has.chain), (1, *tablet.links.last().unwrap()));
    let said = json!({ "parts": 1 });
    let noted = station.store.note_last_work(station.id, tablet.device, bundle, LastWork::Kept, &said, world).unwrap();
    assert!(note(noted));
    assert!(stated(b"6").revoked.is_some(), "a note says nothing about being let in");
}

fn areas_and_officers_are_records_in_the_root_scope(on: On) {
    let station = Station::on(on, 15);
    let feed = station.tablet(1).pull_all(&station.store, 1_000);
    let kinds: Vec<String> = feed
        .iter()
        .map(|(_, body)| serde_json::from_str::<serde_json::Value>(body).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["area", "area", "area", "officer", "officer", "officer", "device"]);
    assert!(feed.iter().all(|(_, body)| kit::area_of(body) == station.root));
}

fn an_area_of_a_code_that_is_taken_is_refused(on: On) {
    let station = Station::on(on, 16);
    let mut area = station.store.areas(station.id).unwrap().pop().unwrap();
    area.id = AreaId::new(&*station.world);
    area.name = names("再一个");
    assert_eq!(code(station.store.add_areas(station.id, &[area], &*station.world)), "malformed");
}

fn areas_given_and_taken_are_held_from_the_next_login_on(on: On) {
    let station = Station::on(on, 23);
    let tablet = station.tablet(1);
    let held = || station.store.officers(station.id).unwrap()[1].areas.clone();
    let log_in = || {
        let challenge = station.store.challenge(&LoginRequest { device: tablet.device }, &*station.world).unwrap();
        station.store.prove(&kit::prove(&tablet, challenge.challenge), 12, &*station.world).unwrap()
    };
    let session = log_in();
    let [first, second] = station.gacha.map(|area| area.to_string());
    let given = station.store.give_areas(station.id, tablet.officer, &["159900101202".to_owned(), first.clone()]);
    assert_eq!((given.unwrap().areas.len(), held().len()), (2, 2), "by code and by identifier, each once");
    assert_eq!(code(station.store.access(&session.token, MORNING)), "not_logged_in");
    assert_eq!(log_in().scopes, [&[station.root][..], &held()].concat());

    let unknown = ["no such code".to_owned(), second.clone()];
    assert_eq!(
        code(station.store.take_areas(station.id, tablet.officer, &[second.clone(), unknown[0].clone()])),
        "not_found"
    );
    assert_eq!(code(station.store.give_areas(station.id, tablet.officer, &unknown)), "not_found");
    assert_eq!(held().len(), 2, "nothing of it was done");
    let root = station.root.to_string();
    assert_eq!(code(station.store.take_areas(station.id, tablet.officer, &[root])), "out_of_scope");
    for _ in 0..2 {
        station.store.take_areas(station.id, tablet.officer, std::slice::from_ref(&second)).unwrap();
        assert_eq!(held(), [station.gacha[0]]);
    }
    assert_eq!(log_in().scopes, [station.root, station.gacha[0]]);
}

fn what_was_committed_is_there_when_the_store_is_opened_again(on: On) {
    let station = Station::on(on, 17);
    let mut tablet = station.tablet(0);
    tablet.write(&*station.world, station.gacha[0]);
    let answer = tablet.push(&station.store, 1).unwrap();
    let reopened = station.place.open();
    let again = tablet.push(&reopened, 1).unwrap();
    assert_eq!(again.items[0].verdict, Verdict::Duplicate(positions(&answer.items)[0]));
}

/// Every revision of the store by position, as a tablet sees it that holds all areas.
fn feed(station: &Station, reader: &Tablet) -> Vec<(u64, Revision)> {
    let all = reader.pull_all(&station.store, 1_000).into_iter();
    all.map(|(at, body)| (at, Entry::read(body).unwrap().revision)).collect()
}

fn two_servers_at_once_lose_nothing_double_nothing_and_keep_the_order(on: On) {
    const WRITERS: usize = 8;
    const EACH: u64 = 30;
    let station = Station::on(on, 18);
    let servers = [Arc::clone(&station.store), Arc::new(station.place.open())];
    let reader = station.tablet(0);
    let writers: Vec<Tablet> = (0..WRITERS)
        .map(|index| {
            let mut tablet = station.tablet(1 + index % 2);
            tablet.write_many(&*station.world, station.gacha[index % 2], usize::try_from(EACH).unwrap());
            tablet
        })
        .collect();
    let before = station.next_position();
    let (done, start) = (AtomicBool::new(false), Barrier::new(WRITERS + 2));
    let console_changes = 10;
    let seen = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let (mut seen, mut after) = (Vec::new(), before - 1);
            loop {
                let last_look = done.load(Ordering::SeqCst);
                for store in &servers {
                    let take = |line: FeedLine<'_>| {
                        seen.extend(
                            line.entry().map(|(at, body)| (at, Entry::read(body.to_owned()).unwrap().revision)),
                        );
                        Ok(())
                    };
                    after = store.pull(station.id, reader.device, after, PullLimits::default(), take).unwrap().end;
                }
                if last_look {
                    return seen;
                }
            }
        });
        let mut busy: Vec<_> = writers
            .iter()
            .map(|tablet| {
                let (servers, start) = (&servers, &start);
                scope.spawn(move || {
                    start.wait();
                    // Every part twice, the second time at the other server: an answer that was lost.
                    for (turn, from) in (1..=EACH).step_by(3).enumerate() {
                        tablet.push_range(&servers[turn % 2], from, from + 2, MORNING).unwrap();
                        let again = tablet.push_range(&servers[1 - turn % 2], from, from + 2, MORNING).unwrap();
                        assert!(again.items.iter().all(|item| matches!(item.verdict, Verdict::Duplicate(_))));
                    }
                })
            })
            .collect();
        for server in &servers {
            let (station, start) = (&station, &start);
            busy.push(scope.spawn(move || {
                start.wait();
                for _ in 0..console_changes {
                    let change = ConsoleChange {
                        record: RecordId::new(&*station.world),
                        kind: Kind::Household,
                        area: station.root,
                        parents: Vec::new(),
                        fields: Fields::new(),
                    };
                    server.author(station.id, &[change], &*station.world).unwrap();
                }
            }));
        }
        let ended: Vec<_> = busy.into_iter().map(ScopedJoinHandle::join).collect();
        done.store(true, Ordering::SeqCst);
        ended.into_iter().for_each(Result::unwrap);
        watching.join().unwrap()
    });
    let total = WRITERS as u64 * EACH + 2 * console_changes;
    let positions: Vec<u64> = seen.iter().map(|(at, _)| *at).collect();
    assert_eq!(positions, (before..before + total).collect::<Vec<_>>(), "in order, without a gap, each once");
    let mut places: Vec<_> = seen.iter().map(|(_, revision)| (revision.device, revision.seq)).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len() as u64, total, "no place of a log twice");
    for tablet in &writers {
        let own: Vec<u64> = seen.iter().filter(|(_, r)| r.device == tablet.device).map(|(_, r)| r.seq).collect();
        assert_eq!(own, (1..=EACH).collect::<Vec<_>>(), "a log's places in its own order");
    }
    let mut sum = Digest::default();
    for (position, body) in reader.pull_all(&station.store, 1_000) {
        sum.add(Hash::of(body.as_bytes()));
        for server in &servers {
            assert_eq!(
                server.state(station.id, reader.device, StateQuery::after(position), MORNING).unwrap().held,
                sum
            );
        }
    }
}

fn two_servers_that_are_sent_the_same_push_at_once_store_it_once(on: On) {
    let station = Station::on(on, 19);
    let servers = [Arc::clone(&station.store), Arc::new(station.place.open())];
    let reader = station.tablet(0);
    let mut tablet = station.tablet(1);
    for round in 0..8_u64 {
        tablet.write_many(&*station.world, station.gacha[0], 3);
        let start = Barrier::new(2);
        let answers = std::thread::scope(|scope| {
            let both = servers.each_ref().map(|server| {
                let (tablet, start) = (&tablet, &start);
                scope.spawn(move || {
                    start.wait();
                    tablet.push(server, round * 3 + 1).unwrap()
                })
            });
            both.map(|thread| thread.join().unwrap())
        });
        assert_eq!(positions(&answers[0].items), positions(&answers[1].items));
    }
    let own = feed(&station, &reader).into_iter().filter(|(_, revision)| revision.device == tablet.device);
    assert_eq!(own.map(|(_, revision)| revision.seq).collect::<Vec<_>>(), (1..=24).collect::<Vec<_>>());
}

fn one_invite_lets_in_one_of_two_tablets_that_use_it_at_two_servers_at_once(on: On) {
    let station = Station::on(on, 20);
    let servers = [Arc::clone(&station.store), Arc::new(station.place.open())];
    for _ in 0..8 {
        let token = station.store.invite(station.id, station.officers[0], 72, &*station.world).unwrap();
        let requests = [0, 1].map(|_| {
            let tablet = Tablet::unknown(&station, 0);
            EnrolRequest { token: token.clone(), device: tablet.device, key: tablet.key.verifying_key() }
        });
        let start = Barrier::new(2);
        let answers = std::thread::scope(|scope| {
            let both = [0, 1].map(|n: usize| {
                let (server, request, station, start) = (&servers[n], &requests[n], &station, &start);
                scope.spawn(move || {
                    start.wait();
                    server.enrol(request, &*station.world).map_err(|error| error.code().as_str())
                })
            });
            both.map(|thread| thread.join().unwrap())
        });
        let let_in = answers.iter().filter(|answer| answer.is_ok()).count();
        let used = answers.iter().filter(|answer| **answer == Err("invite_used")).count();
        assert_eq!((let_in, used), (1, 1), "{answers:?}");
    }
}

fn logins_at_two_servers_at_once_do_not_get_in_each_others_way(on: On) {
    let station = Station::on(on, 21);
    let servers = [Arc::clone(&station.store), Arc::new(station.place.open())];
    let tablets: Vec<Tablet> = (0..6).map(|index| station.tablet(index % 3)).collect();
    for _ in 0..4 {
        let start = Barrier::new(tablets.len());
        std::thread::scope(|scope| {
            for (index, tablet) in tablets.iter().enumerate() {
                let (servers, station, start) = (&servers, &station, &start);
                scope.spawn(move || {
                    start.wait();
                    // What is asked at one server is proved at the other, and good at the first.
                    let (one, other) = (&servers[index % 2], &servers[1 - index % 2]);
                    let request = LoginRequest { device: tablet.device };
                    let challenge = one.challenge(&request, &*station.world).unwrap().challenge;
                    let session = other.prove(&kit::prove(tablet, challenge), 12, &*station.world).unwrap();
                    let access = one.access(&session.token, station.world.now()).unwrap();
                    assert_eq!(access.device, Some(tablet.device));
                    one.seen(station.id, tablet.device, station.world.now()).unwrap();
                });
            }
        });
        // All these sessions and challenges are old now, and every login of the next round clears them away.
        station.world.advance_ms(13 * 3_600_000);
    }
}

fn the_station_leads_every_primary_key(on: On) {
    let station = Station::on(on, 22);
    let tables = match station.place {
        Place::File(_) => {
            "SELECT name, (SELECT name FROM pragma_table_info(sqlite_schema.name) WHERE pk = 1)
             FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        }
        Place::Database(_) => {
            "SELECT relname::text, (SELECT attname::text FROM pg_index
                 JOIN pg_attribute ON attrelid = pg_class.oid AND attnum = indkey[0]
                 WHERE indrelid = pg_class.oid AND indisprimary)
             FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'store_form'
             ORDER BY 1"
        }
    };
    let leaders = kit::cluster::rows(&station.place.address(), tables);
    assert!(leaders.len() >= 14, "{leaders:?}");
    for row in leaders {
        assert_eq!(row[1], Cell::Text("station".to_owned()), "{:?}", row[0]);
    }
}

fn a_nul_in_a_text_is_refused_and_holds_up_nothing(on: On) {
    let station = Station::on(on, 23);
    let mut tablet = station.tablet(0);
    let mut draft = tablet.draft(&*station.world, station.gacha[0]);
    draft.kind = Kind::named("odd\0kind");
    tablet.write_revision(draft);
    let mut draft = tablet.draft(&*station.world, station.gacha[0]);
    draft.fields.insert("note".to_owned(), json!("a\0b"));
    tablet.write_revision(draft);
    tablet.write(&*station.world, station.gacha[0]);
    let answer = tablet.push(&station.store, 1).unwrap();
    assert_eq!(
        refusals(&answer.items),
        [Some("malformed"), None, None],
        "escaped in a body it is a text like any other"
    );
    assert_eq!(code(station.store.account("\0")), "malformed");
    let area = AreaRow {
        id: AreaId::new(&*station.world),
        parent: None,
        level: Level::Gacha,
        code: "1\0".to_owned(),
        name: names("一"),
    };
    assert_eq!(code(station.store.add_areas(station.id, &[area], &*station.world)), "malformed");
}
