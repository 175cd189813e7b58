//! What only a database that others use too can do: two servers at once, TLS, connections that end, a store that moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Barrier;

use ailchin_core::sync::{PushAnswer, Receipt, ReceiptRequest, StateQuery, Verdict, read_batch};
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
    let brought = pulled.entries().filter(|(_, entry)| entry.revision.device == writer.device).count();
    assert_eq!(brought, 4);
    let position = pulled.end.end;
    let request = ReceiptRequest {
        epoch: station.epoch,
        position,
        scopes: reader.held(&station.store, &[], position),
        blobs: Vec::new(),
    };
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
    assert_eq!(station.store.state(station.id, tablet.device, StateQuery::after(0), MORNING).unwrap().seq, 0);
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

/// A certificate for `localhost` and its key, in PEM.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn tls_to_the_database_is_checked_against_the_authority_that_was_said() {
    let (certificate_pem, key) = certificate();
    let (_cluster, port) = cluster::with_tls(&certificate_pem, &key);
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (folder.path().join("right.pem"), folder.path().join("wrong.pem"));
    std::fs::write(&right, certificate_pem).unwrap();
    std::fs::write(&wrong, certificate().0).unwrap();
    let by = |authority: &Path| {
        at(&format!(
            "postgres://station@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={}",
            authority.display()
        ))
    };
    let store = by(&right).unwrap();
    store.answers().unwrap();
    let mut plain = cluster::client(&format!("postgres://station@127.0.0.1:{port}/postgres?sslmode=disable"));
    let spoken = plain
        .query(
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'ailchin-server'",
            &[],
        )
        .unwrap();
    assert!(!spoken.is_empty() && spoken.iter().all(|row| row.get(0)));
    let failed = ailchin_server::causes(&by(&wrong).unwrap_err());
    assert!(failed.contains("invalid peer certificate"), "{failed}");
}

#[test]
fn where_tls_is_wanted_nothing_is_told_to_a_database_without_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = [0; 8];
        stream.read_exact(&mut question).unwrap();
        stream.write_all(b"N").unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        rest
    });
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, certificate().0).unwrap();
    let address = format!(
        "postgres://station:secret@127.0.0.1:{port}/station?sslmode=require&sslrootcert={}",
        authority.display()
    );
    let failed = ailchin_server::causes(&at(&address).unwrap_err());
    assert!(failed.contains("TLS"), "{failed}");
    assert_eq!(heard.join().unwrap(), b"");
}
