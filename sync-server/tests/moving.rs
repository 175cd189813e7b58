//! Moving stations between stores: nothing is lost or changed, tablets notice nothing, and it happens whole or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use ailchin_core::hash::Hash;
use ailchin_core::ids::StationId;
use ailchin_core::record::Level;
use ailchin_core::sync::{Receipt, ReceiptRequest, Verdict};
use ailchin_core::world::World as _;
use ailchin_server::store::{NewStation, PullLimits, StoreError};
use kit::cluster::rows;
use kit::{Doors, On, Place, Station, Tablet, code, names};
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

/// Every row of every table as text, sorted.
type Dump = BTreeMap<String, Vec<String>>;

fn dump(place: &Place) -> Dump {
    let address = place.address();
    let tables = match place {
        Place::File(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Place::Database(_) => {
            "SELECT relname::text FROM pg_class
             WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'store_form'"
        }
    };
    let tables = rows(&address, tables).into_iter().map(|row| match &row[0] {
        Cell::Text(table) => table.clone(),
        other => panic!("{other:?}"),
    });
    let dumped = tables.map(|table| {
        let all = rows(&address, &format!("SELECT * FROM {table}"));
        let mut all: Vec<String> = all.iter().map(|row| format!("{row:?}")).collect();
        all.sort();
        (table, all)
    });
    dumped.collect()
}

/// A station where everything has happened that leaves rows: two tablets at work, a refusal, blobs, a receipt, logins.
struct Lived {
    station: Station,
    tablet: Tablet,
    other: Tablet,
    session: String,
    receipt: Receipt,
    request: ReceiptRequest,
}

fn lived(on: On, seed: u64) -> Lived {
    let station = Station::on(on, seed);
    let world = &*station.world;
    let (mut tablet, mut other) = (station.tablet(1), station.tablet(0));
    for photo in [b"one", b"two"] {
        let mut draft = tablet.draft(world, station.gacha[0]);
        let blob = json!({ "blob": Hash::of(photo).to_string(), "size": 3, "type": "image/jpeg" });
        draft.fields.insert("photo".to_owned(), blob);
        tablet.write_revision(draft);
    }
    tablet.write(world, station.gacha[1]);
    other.write_many(world, station.gacha[1], 70);
    tablet.push(&station.store, 1).unwrap();
    other.push(&station.store, 1).unwrap();
    station.store.keep_blob(station.id, Hash::of(b"one"), 3, "image/jpeg", world.now()).unwrap();
    station.store.set_password(station.id, station.officers[0], "a hash").unwrap();
    station.store.open_console(station.id, station.officers[0], 12, world).unwrap();
    station.store.revoke(station.id, station.tablet(2).device, world).unwrap();

    let doors = Doors::open(&station);
    let session = doors.login(&tablet);
    let own: Vec<(u64, String)> = tablet.push(&station.store, 1).unwrap().items[..2]
        .iter()
        .zip(&tablet.bodies)
        .map(|(item, body)| match item.verdict {
            Verdict::Duplicate(at) => (at, body.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let position = station.next_position() - 1;
    let request = ReceiptRequest {
        epoch: station.epoch,
        position,
        scopes: tablet.held(&station.store, &own, position),
        blobs: Vec::new(),
    };
    let receipt = station.store.receipt(station.id, tablet.device, &request, world).unwrap();
    Lived { station, tablet, other, session, receipt, request }
}

fn moves_whole_and_tablets_go_on(from: On, to: On, seed: u64) {
    let Lived { station, mut tablet, other, session, receipt, request } = lived(from, seed);
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(to, folder.path());
    let target = place.open();
    let before = dump(&station.place);
    let moved = station.store.copy_to(&target, &[station.id]).unwrap();
    assert_eq!(dump(&place), before, "row by row");
    assert_eq!(dump(&station.place), before, "the old store is as it was");
    let told: BTreeMap<String, usize> =
        moved[0].rows.iter().map(|(table, rows)| (table.clone(), usize::try_from(*rows).unwrap())).collect();
    assert_eq!(told, before.iter().map(|(table, rows)| (table.clone(), rows.len())).collect());
    for table in
        ["log", "refused", "receipt", "blob", "blob_named", "feed", "record", "stretch", "session", "device", "invite"]
    {
        assert!(told[table] > 0, "{table} was not tried");
    }

    // The tablet goes on: still logged in, nothing new, all it has is known, and its receipt holds.
    assert_eq!(target.access(&session, station.world.now()).unwrap().device, Some(tablet.device));
    let nothing = target
        .pull(station.id, tablet.device, request.position, PullLimits::default(), |line| panic!("{line:?} is new"));
    assert_eq!(nothing.unwrap().end, request.position);
    let again = tablet.push(&target, 1).unwrap();
    assert!(again.items.iter().all(|item| !matches!(item.verdict, Verdict::Stored(_))));
    let key = tablet.enrolled.as_ref().unwrap().station_key;
    let old = receipt.read(&key).unwrap();
    let new = target.receipt(station.id, tablet.device, &request, &*station.world).unwrap().read(&key).unwrap();
    assert_eq!((new.scopes, new.own_stored, new.blobs_named), (old.scopes, old.own_stored, old.blobs_named));
    tablet.write(&*station.world, station.gacha[0]);
    let next = tablet.push(&target, 4).unwrap();
    assert_eq!(next.items[0].verdict, Verdict::Stored(request.position + 1));
    assert_eq!(other.push(&target, 1).unwrap().seq, 70);
}

#[test]
fn a_station_moves_from_a_file_to_postgres_whole_and_its_tablets_go_on() {
    moves_whole_and_tablets_go_on(On::Sqlite, On::Postgres, 201);
}

#[test]
fn a_station_moves_from_postgres_to_a_file_whole_and_its_tablets_go_on() {
    moves_whole_and_tablets_go_on(On::Postgres, On::Sqlite, 202);
}

fn a_second_station(station: &Station) -> StationId {
    let new = NewStation {
        name: names("另一派出所"),
        root_name: names("另一苏木"),
        root_level: Level::Sumu,
        root_code: "159900102".to_owned(),
        root_parent: None,
    };
    station.store.create_station(&new, &*station.world).unwrap().id
}

#[test]
fn stations_move_together_or_not_at_all_and_never_over_one_that_is_there() {
    for (from, to, seed) in [(On::Sqlite, On::Postgres, 203), (On::Postgres, On::Sqlite, 204)] {
        let station = Station::on(from, seed);
        let second = a_second_station(&station);
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(to, folder.path());
        let target = place.open();
        let empty = dump(&place);

        let unknown = StationId::new(&*station.world);
        assert_eq!(code(station.store.copy_to(&target, &[station.id, second, unknown])), "not_found");
        assert_eq!(dump(&place), empty, "nothing of those before it");

        station.store.copy_to(&target, &[second]).unwrap();
        let one = dump(&place);
        let again = station.store.copy_to(&target, &[station.id, second]);
        assert!(matches!(again, Err(StoreError::StationThere(there)) if there == second), "{again:?}");
        let itself = station.store.copy_to(&station.place.open(), &[station.id]);
        assert!(matches!(itself, Err(StoreError::StationThere(_))), "{itself:?}");
        assert_eq!(dump(&place), one);
        station.store.copy_to(&target, &[station.id]).unwrap();
        assert_eq!(dump(&place), dump(&station.place));
    }
}

fn run(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ailchin-server")).arg("--json").args(words).output().unwrap()
}

fn answer(words: &[&str]) -> Value {
    let output = run(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refusal(words: &[&str]) -> (Option<i32>, String) {
    let output = run(words);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_command_moves_a_data_folder_to_postgres_and_back_and_every_command_finds_it_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("station").display().to_string();
    let database = kit::cluster::database();
    let made = answer(&["--data", &data, "station", "create", "--name", "试验派出所", "--area", "试验苏木"]);
    let before = dump(&Place::File(Path::new(&data).join("station.db")));

    let moved = answer(&["migrate", "--from", &data, "--to", &database]);
    assert_eq!((&moved["station"], &moved["rows"]["log"]), (&made["station"], &json!(1)));
    assert_eq!(dump(&Place::Database(database.clone())), before);
    assert_eq!(answer(&["--data", &data, "--store", &database, "station", "show"])["station"], made["station"]);
    let (exit, said) = refusal(&["--data", &data, "station", "show"]);
    assert_eq!(exit, Some(3), "the old file cannot be served by mistake: {said}");
    assert!(Path::new(&data).join("station.db.moved").exists());

    answer(&["--data", &data, "--store", &database, "area", "add", "--name", "一嘎查", "--code", "159900101201"]);
    let file = folder.path().join("back.db").display().to_string();
    answer(&["migrate", "--from", &database, "--to", &file]);
    assert_eq!(dump(&Place::File(file.clone().into())), dump(&Place::Database(database.clone())));
    assert_eq!(answer(&["--data", &data, "--store", &file, "station", "show"])["revisions"], json!(2));

    let (exit, said) = refusal(&["migrate", "--from", &file, "--to", &database]);
    assert_eq!(exit, Some(3), "{said}");
    assert!(said.contains("holds the station"), "{said}");
    assert!(Path::new(&file).exists());
    let (exit, _) =
        refusal(&["migrate", "--from", &folder.path().join("none.db").display().to_string(), "--to", &file]);
    assert_eq!((exit, folder.path().join("none.db").exists()), (Some(2), false), "a slip of the pen makes no store");
}

#[test]
fn a_store_that_is_being_served_is_not_moved() {
    let station = Station::new(205);
    let doors = Doors::open(&station);
    let data = station.folder.path().display().to_string();
    let database = kit::cluster::database();
    let (exit, said) = refusal(&["migrate", "--from", &data, "--to", &database]);
    assert_eq!(exit, Some(3), "{said}");
    assert!(said.contains("stop it first"), "{said}");
    doors.running.stop().unwrap();
    drop(station.store);
    answer(&["migrate", "--from", &data, "--to", &database]);
}

#[test]
fn the_settings_never_show_the_databases_password() {
    let output = run(&["--store", "postgres://station:secret@localhost/ailchin", "config"]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["store"], "postgres://station@localhost/ailchin");
    let (exit, said) = refusal(&["--store", "mysql://localhost/ailchin", "station", "show"]);
    assert_eq!(exit, Some(2), "{said}");
    assert!(said.contains("must be postgres://"), "{said}");
}
