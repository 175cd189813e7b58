//! What only a database that others use too can do: two servers at once, TLS, connections that end, a store that moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::path::Path;
use std::sync::Barrier;

use ailchin_core::sync::{PushAnswer, Receipt, ReceiptRequest, Verdict, read_batch};
use ailchin_server::store::{StoreAddress, StoreError};
use ailchin_server::{Config, Server, Store};
use kit::cluster;
use kit::{Doors, MORNING, On, Station, client, packed_push, read};

fn address(station: &Station) -> String {
    station.place.address()
}

fn at(address: &str) -> Result<Store, StoreError> {
    Store::at(&StoreAddress::new(address.to_owned()), Path::new("no/file"))
}

/// A server of its own, with a store of its own, as on another machine.
fn another_server(station: &Station, folder: &Path) -> Doors {
    let mut config = Config::loopback(folder).unwrap();
    config.store = StoreAddress::new(address(station));
    Doors { running: Server::start(config, station.world.clone()).unwrap(), client: client() }
}

#[test]
fn what_is_pushed_through_one_server_is_pulled_and_receipted_through_another() {
    let station = Station::on(On::Postgres, 101);
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Doors::open(&station), another_server(&station, folder.path()));
    let mut writer = station.tablet(0);
    let reader = station.tablet(1);
    writer.write_many(&*station.world, station.gacha[0], 4);
    let token = one.login(&writer);
    // Logged in at one server is logged in at the other.
    let push = |doors: &Doors| {
        let pushed = doors.post("/v1/sync/push").bearer_auth(&token).body(packed_push(&writer, 1)).send();
        read::<PushAnswer>(pushed.unwrap())
    };
    let stored = push(&one);
    let again = push(&other);
    assert!(stored.items.iter().all(|item| matches!(item.verdict, Verdict::Stored(_))));
    assert!(again.items.iter().all(|item| matches!(item.verdict, Verdict::Duplicate(_))));

    let token = other.login(&reader);
    let pulled = other.get("/v1/sync/pull?after=0").bearer_auth(&token).send().unwrap();
    let pulled = read_batch(&pulled.bytes().unwrap()).unwrap();
    let brought = pulled.entries.iter().filter(|(_, entry)| entry.revision.device == writer.device).count();
    assert_eq!(brought, 4);
    let position = pulled.end.end;
    let request = ReceiptRequest { epoch: station.epoch, position, scopes: reader.held(&station.store, &[], position) };
    let ask = |doors: &Doors| doors.post("/v1/sync/receipt").bearer_auth(&token).json(&request).send().unwrap();
    for doors in [&one, &other] {
        let receipt: Receipt = read(ask(doors));
        receipt.read(&reader.enrolled.as_ref().unwrap().station_key).unwrap();
    }
}

#[test]
fn servers_that_start_at_once_on_an_empty_database_make_one_store() {
    let address = cluster::database();
    let barrier = Barrier::new(6);
    std::thread::scope(|scope| {
        let starting: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    at(&address).unwrap().answers().unwrap();
                })
            })
            .collect();
        starting.into_iter().for_each(|thread| thread.join().unwrap());
    });
    let forms = cluster::client(&address).query("SELECT form FROM store_form", &[]).unwrap();
    assert_eq!(forms.len(), 1);
}

#[test]
fn the_database_of_a_newer_program_is_refused_and_left_as_it_is() {
    let address = cluster::database();
    drop(at(&address).unwrap());
    let mut database = cluster::client(&address);
    database.batch_execute("UPDATE store_form SET form = 99").unwrap();
    assert!(matches!(at(&address), Err(StoreError::TooNew { found: 99, .. })));
    let form: i64 = database.query_one("SELECT form FROM store_form", &[]).unwrap().get(0);
    assert_eq!(form, 99);
}

#[test]
fn connections_that_the_database_ended_are_made_anew() {
    let station = Station::on(On::Postgres, 102);
    let mut tablet = station.tablet(0);
    tablet.write(&*station.world, station.gacha[0]);
    cluster::client(&address(&station))
        .batch_execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .unwrap();
    assert!(matches!(tablet.push(&station.store, 1).unwrap().items[0].verdict, Verdict::Stored(_)));
}

#[test]
fn a_job_whose_connection_ends_in_the_middle_stores_nothing() {
    let station = Station::on(On::Postgres, 103);
    let mut tablet = station.tablet(0);
    tablet.write_many(&*station.world, station.gacha[0], 2);
    // The row of the station is held by somebody else, so that the push waits; then its connection is ended.
    let mut holder = cluster::client(&address(&station));
    let mut held = holder.transaction().unwrap();
    held.execute("SELECT 1 FROM station FOR UPDATE", &[]).unwrap();
    std::thread::scope(|scope| {
        let pushing = scope.spawn(|| tablet.push(&station.store, 1));
        let ended = loop {
            let waiting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
            // Within a transaction the view of what others do stands still.
            held.batch_execute("SELECT pg_stat_clear_snapshot()").unwrap();
            if !held.query(waiting, &[]).unwrap().is_empty() {
                break true;
            }
            std::thread::yield_now();
        };
        assert!(ended);
        let failed = pushing.join().unwrap();
        assert!(matches!(failed, Err(StoreError::Database { .. })), "{failed:?}");
    });
    drop(held);
    assert_eq!(station.store.state(station.id, tablet.device, 0, MORNING).unwrap().seq, 0);
    assert_eq!(tablet.push(&station.store, 1).unwrap().seq, 2, "the tablet sends it again");
}

#[test]
fn a_database_that_is_not_there_is_told_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().display().to_string().replace('/', "%2F");
    let failed = at(&format!("postgres://station:secret@{nowhere}/station")).unwrap_err();
    let text = ailchin_server::causes(&failed);
    assert!(text.starts_with("opening in the station's store: PostgreSQL failed: "), "{text}");
    assert!(!text.contains("secret"), "{text}");
}
