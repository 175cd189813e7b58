//! The doors over loopback: a whole sync, and what holds at every door.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use ailchin_core::hash::Hash;
use ailchin_core::sync::{
    EnrolRequest, Enrolled, LoginRequest, MAX_BATCH_ENTRIES, PushAnswer, Receipt, ReceiptRequest, StateAnswer, Verdict,
    Versions, read_batch, write_batch,
};
use ailchin_core::world::World as _;
use ailchin_server::certificate::Certificate;
use ailchin_server::config::Config;
use ailchin_server::server::{ServeError, Server};
use ailchin_server::{Store, password};
use kit::{Doors, MORNING, Station, Tablet, packed_push, read, refused};
use serde_json::{Value, json};

#[test]
fn a_tablet_enrols_logs_in_pushes_pulls_and_gets_a_receipt() {
    let station = Station::new(1);
    let doors = Doors::open(&station);
    let mut tablet = Tablet::unknown(&station, 1);
    let token = station.store.invite(station.id, station.officers[1], 72, &*station.world).unwrap();
    let request = EnrolRequest { token, device: tablet.device, key: tablet.key.verifying_key() };
    let enrolled: Enrolled = doors.say("/v1/enrol", &request);
    assert_eq!((enrolled.station, enrolled.officer), (station.id, station.officers[1]));
    tablet.enrolled = Some(enrolled.clone());
    let token = doors.login(&tablet);

    let state: StateAnswer = read(doors.get("/v1/sync/state?after=0").bearer_auth(&token).send().unwrap());
    assert_eq!((state.epoch, state.seq, state.at_ms, state.held.count), (station.epoch, 0, MORNING, 0));
    tablet.write_many(&*station.world, station.gacha[0], 3);
    let push = || doors.post("/v1/sync/push").bearer_auth(&token).body(packed_push(&tablet, 1)).send().unwrap();
    let answer: PushAnswer = read(push());
    assert_eq!((answer.seq, answer.items.len()), (3, 3));
    let again: PushAnswer = read(push());
    assert!(again.items.iter().all(|item| matches!(item.verdict, Verdict::Duplicate(_))));

    let response = doors.get("/v1/sync/pull?after=0").bearer_auth(&token).send().unwrap();
    assert_eq!(response.headers()["content-type"], "application/zstd");
    let pulled = read_batch(&response.bytes().unwrap()).unwrap();
    assert_eq!((pulled.entries().count(), pulled.end.more, pulled.end.end), (7, false, station.next_position() - 1));

    let own = answer.items.iter().zip(&tablet.bodies).map(|(item, body)| match item.verdict {
        Verdict::Stored(at) => (at, body.clone()),
        other => panic!("{other:?}"),
    });
    let scopes = tablet.held(&station.store, &own.collect::<Vec<_>>(), pulled.end.end);
    let mut request = ReceiptRequest { epoch: station.epoch, position: pulled.end.end, scopes, blobs: Vec::new() };
    let ask = |request: &_| doors.post("/v1/sync/receipt").bearer_auth(&token).json(request).send().unwrap();
    let receipt: Receipt = read(ask(&request));
    let body = receipt.read(&enrolled.station_key).unwrap();
    assert_eq!((body.own_seq, body.own_stored, body.position), (3, 3, pulled.end.end));

    let right = request.scopes.clone();
    request.scopes[0].digest.add(Hash::of(b"nobody has this"));
    let response = ask(&request);
    assert_eq!(response.status(), 409);
    let told: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
    assert_eq!(told, json!({ "code": "digest_mismatch", "scopes": right }));
}

#[test]
fn a_sync_with_nothing_new_is_one_round_trip_of_at_most_a_kilobyte() {
    let station = Station::new(2);
    let doors = Doors::open(&station);
    let token = doors.login(&station.tablet(0));
    let address = doors.running.address().trim_start_matches("http://").to_owned();
    let mut wire = TcpStream::connect(&address).unwrap();
    let asked = format!(
        "GET /v1/sync/state?after=1000000 HTTP/1.1\r\nhost: {address}\r\nailchin-protocol: 1\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    wire.write_all(asked.as_bytes()).unwrap();
    let mut answered = Vec::new();
    wire.read_to_end(&mut answered).unwrap();
    assert!(answered.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answered));
    assert!(asked.len() + answered.len() <= 1_024, "{} + {}", asked.len(), answered.len());
}

#[test]
fn every_refusal_has_a_code_and_every_answer_the_protocols_version() {
    let station = Station::new(3);
    let doors = Doors::open(&station);
    let token = doors.login(&station.tablet(0));
    let send = |request: reqwest::blocking::RequestBuilder| refused(request.send().unwrap());
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(send(doors.get("/v2/anything")), is(404, "not_found"));
    assert_eq!(send(doors.post("/v1/sync/state")), is(400, "malformed"));
    assert_eq!(send(doors.get("/v1/sync/state?after=0")), is(401, "not_logged_in"));
    assert_eq!(send(doors.get("/v1/sync/state?after=0").bearer_auth("AAAA")), is(401, "not_logged_in"));
    assert_eq!(send(doors.get("/v1/sync/state").bearer_auth(&token)), is(400, "malformed"));
    assert_eq!(send(doors.get("/v1/sync/pull?after=x").bearer_auth(&token)), is(400, "malformed"));
    assert_eq!(send(doors.post("/v1/enrol").body("{}")), is(400, "malformed"));
    assert_eq!(send(doors.post("/v1/sync/push").bearer_auth(&token).body("not zstd")), is(400, "malformed"));
    assert_eq!(send(doors.get("/v1/console/overview").bearer_auth(&token)), is(401, "not_logged_in"));
    for unreadable in ["", "0", "2-1", "one"] {
        let odd = doors.client.get(doors.url("/healthz")).header("ailchin-protocol", unreadable);
        assert_eq!(send(odd), is(400, "malformed"), "{unreadable}");
    }
    let health = doors.get("/healthz").send().unwrap();
    assert_eq!((health.status().as_u16(), &health.headers()["ailchin-protocol"] == "1"), (200, true));
}

#[test]
fn the_newest_version_that_both_speak_is_used_and_programs_without_one_are_told_both_ranges() {
    let station = Station::new(31);
    let speaking = |range| Doors::open_with(&station, |config| config.versions = Versions::read(range).unwrap());
    let ask = |doors: &Doors, range: Option<&str>| {
        let request = doors.client.get(doors.url("/healthz"));
        range.map_or(doors.client.get(doors.url("/healthz")), |range| request.header("ailchin-protocol", range)).send()
    };
    // What the station speaks, what the tablet speaks, the version of the answer.
    for (spoken, asked, used) in [
        ("1", None, "1"),
        ("1", Some("1"), "1"),
        ("1", Some("1-4"), "1"),
        ("1-2", Some("1"), "1"),
        ("1-2", None, "1"),
        ("1-3", Some("2-9"), "3"),
        ("2-3", Some("1-2"), "2"),
    ] {
        let answer = ask(&speaking(spoken), asked).unwrap();
        let said = |header: &str| answer.headers()[header].to_str().unwrap().to_owned();
        assert_eq!(
            (answer.status().as_u16(), said("ailchin-protocol"), said("ailchin-protocols")),
            (200, used.to_owned(), spoken.to_owned()),
            "{spoken} {asked:?}"
        );
    }
    for (spoken, asked, tablet) in [("1", Some("2-3"), "2-3"), ("2-3", Some("1"), "1"), ("2-3", None, "1")] {
        let answer = ask(&speaking(spoken), asked).unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("ailchin-protocol")), (400, None));
        assert_eq!(answer.headers()["ailchin-protocols"], spoken);
        let told: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
        let ranges = json!({ "tablet": tablet, "station": spoken });
        assert_eq!(told, json!({ "code": "protocol_unknown", "protocols": ranges }));
    }
}

#[test]
fn requests_that_are_too_large_are_refused_and_one_large_body_alone() {
    let station = Station::new(4);
    let doors = Doors::open(&station);
    let mut tablet = station.tablet(0);
    let token = doors.login(&tablet);
    let push = |bytes: Vec<u8>| doors.post("/v1/sync/push").bearer_auth(&token).body(bytes).send().unwrap();
    assert_eq!(refused(push(vec![0; 6 * 1024 * 1024 + 1])), (413, "too_large".to_owned()));
    // Four MiB and more of zeros pack into little: what counts is what they unpack to.
    let bomb = "0".repeat(5 * 1024 * 1024);
    assert_eq!(refused(push(write_batch(["{}", &bomb]).unwrap())), (413, "too_large".to_owned()));
    let json = doors.post("/v1/enrol").body(" ".repeat(70_000)).send().unwrap();
    assert_eq!(refused(json), (413, "too_large".to_owned()));

    tablet.write(&*station.world, station.gacha[0]);
    let mut large = tablet.draft(&*station.world, station.gacha[0]);
    large.fields.insert("submission".to_owned(), json!("x".repeat(600 * 1024)));
    tablet.write_revision(large);
    tablet.write(&*station.world, station.gacha[0]);
    let answer: PushAnswer = read(push(packed_push(&tablet, 1)));
    let refused_at: Vec<bool> = answer.items.iter().map(|item| matches!(item.verdict, Verdict::Refused(_))).collect();
    assert_eq!(refused_at, [false, true, false]);
    tablet.write_many(&*station.world, station.gacha[0], MAX_BATCH_ENTRIES + 1);
    assert_eq!(refused(push(packed_push(&tablet, 4))), (413, "too_large".to_owned()));
}

#[test]
fn a_cut_push_stores_nothing() {
    let station = Station::new(5);
    let doors = Doors::open(&station);
    let mut tablet = station.tablet(0);
    let token = doors.login(&tablet);
    tablet.write_many(&*station.world, station.gacha[0], 3);
    let whole = packed_push(&tablet, 1);
    let next = station.next_position();
    for kept in (0..whole.len()).step_by(7) {
        let response = doors.post("/v1/sync/push").bearer_auth(&token).body(whole[..kept].to_vec()).send().unwrap();
        assert_eq!(refused(response), (400, "malformed".to_owned()), "cut after {kept} bytes");
    }
    assert_eq!(station.next_position(), next);
}

#[test]
fn logging_in_too_often_is_refused_until_time_has_passed() {
    let station = Station::new(6);
    let doors = Doors::open_with(&station, |config| config.logins_a_minute = 3);
    let device = station.tablet(0).device;
    let ask = || doors.post("/v1/login").json(&LoginRequest { device }).send().unwrap();
    (0..3).for_each(|_| assert_eq!(ask().status(), 200));
    assert_eq!(refused(ask()), (429, "too_many_requests".to_owned()));
    station.world.advance_ms(20_000);
    assert_eq!(ask().status(), 200);
}

#[test]
fn the_console_opens_with_a_password_and_shows_the_tablets() {
    let station = Station::new(8);
    let doors = Doors::open_with(&station, |config| config.passwords_a_minute = 5);
    let mut tablet = station.tablet(1);
    tablet.write(&*station.world, station.gacha[0]);
    tablet.push(&station.store, 1).unwrap();
    let hash = password::hash("grass and wind", &*station.world).unwrap();
    station.store.set_password(station.id, station.officers[0], &hash).unwrap();
    let login = |officer: &str, password: &str| {
        doors.post("/v1/console/login").json(&json!({ "officer": officer, "password": password })).send().unwrap()
    };
    let wrong = (401, "wrong_password".to_owned());
    assert_eq!(refused(login("1", "grass and winds")), wrong);
    assert_eq!(refused(login("nobody", "grass and wind")), wrong);
    assert_eq!(refused(login("2", "grass and wind")), wrong, "an officer without a password");
    assert_eq!(login("1", "grass and wind").status(), 200);
    let session: Value = read(login("甲", "grass and wind"));
    assert_eq!(refused(login("1", "grass and wind")), (429, "too_many_requests".to_owned()));

    let token = session["token"].as_str().unwrap();
    let overview: Value = read(doors.get("/v1/console/overview").bearer_auth(token).send().unwrap());
    assert_eq!(overview["revisions"], 8);
    assert_eq!(overview["tablets"][0]["device"], tablet.device.to_string());
    assert_eq!((&overview["tablets"][0]["stored"], &overview["tablets"][0]["last_receipt"]), (&json!(1), &json!(null)));
    let state = doors.get("/v1/sync/state?after=0").bearer_auth(token).send().unwrap();
    assert_eq!(refused(state), (401, "not_logged_in".to_owned()), "a console session is no tablet");
    station.store.set_password(station.id, station.officers[0], &hash).unwrap();
    let late = doors.get("/v1/console/overview").bearer_auth(token).send().unwrap();
    assert_eq!(refused(late), (401, "not_logged_in".to_owned()), "a new password ends old sessions");
}

#[test]
fn a_contact_is_noted_without_a_login() {
    let station = Station::new(9);
    let doors = Doors::open(&station);
    let tablet = station.tablet(0);
    let token = doors.login(&tablet);
    station.world.advance_ms(3_600_000);
    let _: StateAnswer = read(doors.get("/v1/sync/state?after=0").bearer_auth(&token).send().unwrap());
    let row = station.store.devices(station.id).unwrap().into_iter().find(|row| row.id == tablet.device).unwrap();
    assert_eq!(row.last_seen, station.world.now());
}

#[test]
fn tls_shows_the_certificate_whose_fingerprint_invites_carry() {
    let station = Station::new(10);
    let doors = Doors::open_with(&station, |config| config.http = false);
    let address = doors.running.address().strip_prefix("https://").unwrap().to_owned();
    let der = std::fs::read(station.folder.path().join("certificate.der")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(der.clone().into()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tls = rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut wire = TcpStream::connect(address).unwrap();
    let mut stream = rustls::Stream::new(&mut tls, &mut wire);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answered = String::new();
    stream.read_to_string(&mut answered).unwrap();
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    assert_eq!(tls.peer_certificates().unwrap()[0].as_ref(), der);
    let certificate = Certificate::of(station.folder.path()).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, &der);
    assert_eq!(certificate.fingerprint(), ailchin_core::sync::to_hex(digest.as_ref()));
}

#[cfg(unix)]
#[test]
fn the_keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let station = Station::new(11);
    Doors::open_with(&station, |config| config.http = false).running.stop().unwrap();
    for file in ["station.db", "certificate.key"] {
        let mode = std::fs::metadata(station.folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
}

#[test]
fn plain_http_is_for_loopback_unless_it_is_wanted_anywhere() {
    let station = Station::new(12);
    let start = |set: &dyn Fn(&mut Config)| {
        let mut config = Config::loopback(station.folder.path()).unwrap();
        config.addr = "0.0.0.0:0".to_owned();
        set(&mut config);
        Server::start_with(config, Arc::clone(&station.store), station.world.clone())
    };
    assert!(matches!(start(&|_| ()), Err(ServeError::PlainHttp)));
    start(&|config| config.insecure_http_anywhere = true).unwrap().stop().unwrap();
}

#[test]
fn a_stopped_server_leaves_everything_in_one_file() {
    let station = Station::new(13);
    let doors = Doors::open(&station);
    let mut tablet = station.tablet(0);
    tablet.write(&*station.world, station.gacha[0]);
    tablet.push(&station.store, 1).unwrap();
    doors.running.stop().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("station.db");
    std::fs::copy(station.folder.path().join("station.db"), &path).unwrap();
    let again = tablet.push(&Store::open(&path).unwrap(), 1).unwrap();
    assert!(matches!(again.items[0].verdict, Verdict::Duplicate(_)));
}
