//! Whether today's server answers what a tablet of every released protocol version asks.
//!
//! `golden/v1/station.db.zst` is a store as the program of version 1 wrote it: a station with one tablet at work, one invite
//! and one login under way. `golden/v1/exchanges.json` are requests as a tablet of that version sent them to it, in their
//! order, with the answers it got. They are replayed as they stand: everything that was answered then must be answered now;
//! an answer may have more members. What is recorded from today's program lies in the target's `tmp/golden` after each run,
//! to be copied when a version is released; a recorded version never changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::path::Path;
use std::sync::Arc;

use ailchin_core::hash::Hash;
use ailchin_core::record::{Fields, Kind};
use ailchin_core::sync::{
    Challenge, EnrolRequest, LoginRequest, Receipt, ReceiptRequest, Verdict, read_lines, write_batch, write_line,
};
use ailchin_core::world::Seeded;
use ailchin_server::config::Config;
use ailchin_server::server::Server;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::{Doors, MORNING, Station, Tablet, client, prove};
use reqwest::blocking::{Client, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The versions that were released, and the one that will be.
const VERSIONS: &[&str] = &["v1"];

/// A request and what was answered.
#[derive(Serialize, Deserialize)]
struct Exchange {
    name: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    /// The body: text, or the lines of a batch.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    body: Value,
    status: u16,
    /// The headers of the answer that a tablet reads.
    answered: Vec<(String, String)>,
    /// JSON, the lines of a batch, or text.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    answer: Value,
}

/// What differs each time, by the exchange it belongs to: only its type is compared.
fn differs(exchange: &str, member: &str) -> bool {
    matches!((exchange, member), ("login", "challenge") | ("proof", "token") | ("receipt", "body" | "signature"))
}

impl Exchange {
    fn new(name: &str, method: &str, path: &str, token: Option<&str>, body: Value) -> Self {
        let mut headers = vec![("ailchin-protocol".to_owned(), "1".to_owned())];
        headers.extend(token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))));
        let (name, method, path) = (name.to_owned(), method.to_owned(), path.to_owned());
        Self { name, method, path, headers, body, status: 0, answered: Vec::new(), answer: Value::Null }
    }

    fn with(mut self, header: &str, value: &str) -> Self {
        self.headers.push((header.to_owned(), value.to_owned()));
        self
    }

    fn ask(&self, client: &Client, address: &str) -> (u16, Vec<(String, String)>, Value) {
        let mut request = client.request(self.method.parse().unwrap(), format!("{address}{}", self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request = match &self.body {
            Value::Array(lines) => request.body(write_batch(lines.iter().map(|line| line.as_str().unwrap())).unwrap()),
            Value::String(text) => request.body(text.clone()),
            _ => request,
        };
        read(request.send().unwrap())
    }

    /// Asks, and notes what was answered.
    fn record(mut self, doors: &Doors) -> Self {
        (self.status, self.answered, self.answer) = self.ask(&doors.client, doors.running.address());
        self
    }
}

fn read(response: Response) -> (u16, Vec<(String, String)>, Value) {
    const READ: &[&str] =
        &["ailchin-protocol", "content-type", "location", "upload-offset", "upload-length", "content-range"];
    let status = response.status().as_u16();
    let said = |name: &&str| Some(((*name).to_owned(), response.headers().get(*name)?.to_str().unwrap().to_owned()));
    let headers: Vec<(String, String)> = READ.iter().filter_map(said).collect();
    let batch = headers.iter().any(|(_, value)| value == "application/zstd");
    let bytes = response.bytes().unwrap();
    let answer = match batch {
        true => read_lines(&bytes).unwrap().into_iter().map(line).collect(),
        false if bytes.is_empty() => Value::Null,
        false => serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes))),
    };
    (status, headers, answer)
}

/// A line of a batch: text if it carries a revision, whose bytes count.
fn line(line: String) -> Value {
    if line.contains("\"rev\":") { Value::from(line) } else { serde_json::from_str(&line).unwrap() }
}

/// The body as a newer tablet would write it: with members that are not known here.
fn with_more(body: &Value) -> Value {
    let more = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(mut members)) => {
            members.insert("a_of_the_next_version".to_owned(), json!({ "deep": [1, null] }));
            Value::from(Value::Object(members).to_string())
        }
        _ => Value::from(text),
    };
    match body {
        // Of a push, the header: the bodies are signed.
        Value::Array(lines) => {
            let header = more(lines[0].as_str().unwrap());
            std::iter::once(header).chain(lines[1..].iter().cloned()).collect()
        }
        Value::String(text) => more(text),
        other => other.clone(),
    }
}

/// Whether everything recorded is there now.
fn has(now: &Value, recorded: &Value, differs: &dyn Fn(&str) -> bool) -> Result<(), String> {
    match (now, recorded) {
        (Value::Object(now), Value::Object(recorded)) => recorded.iter().try_for_each(|(name, recorded)| {
            let now = now.get(name).ok_or_else(|| format!("{name} is missing"))?;
            match differs(name) && std::mem::discriminant(now) == std::mem::discriminant(recorded) {
                true => Ok(()),
                false => has(now, recorded, differs).map_err(|cause| format!("{name}: {cause}")),
            }
        }),
        (Value::Array(now), Value::Array(recorded)) if now.len() == recorded.len() => {
            now.iter().zip(recorded).try_for_each(|(now, recorded)| has(now, recorded, differs))
        }
        _ if now == recorded => Ok(()),
        _ => Err(format!("{now} instead of {recorded}")),
    }
}

#[test]
fn tablets_of_every_released_version_are_answered_as_they_were() {
    VERSIONS.iter().for_each(|version| replay(version, "1", Value::clone));
}

#[test]
fn tablets_that_speak_more_and_say_more_are_answered_the_same() {
    VERSIONS.iter().for_each(|version| replay(version, "1-9", with_more));
}

fn replay(version: &str, speaking: &str, body: impl Fn(&Value) -> Value) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::loopback(folder.path()).unwrap();
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version);
    let packed = std::fs::read(recorded.join("station.db.zst")).unwrap();
    std::fs::write(config.store_path(), zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    let mut exchanges: Vec<Exchange> =
        serde_json::from_str(&std::fs::read_to_string(recorded.join("exchanges.json")).unwrap()).unwrap();

    for exchange in &mut exchanges {
        exchange.body = body(&exchange.body);
        exchange.headers[0].1 = speaking.to_owned();
    }
    // Another program's dice: nothing may depend on them.
    let running = Server::start(config, Arc::new(Seeded::new(987_654_321, MORNING))).unwrap();
    let client = client();
    let enrolled = exchanges.iter().find(|exchange| exchange.name == "enrol").unwrap().answer.clone();
    let station_key = serde_json::from_value::<ailchin_core::sync::Enrolled>(enrolled).unwrap().station_key;
    for exchange in &exchanges {
        let name = &exchange.name;
        let (status, answered, answer) = exchange.ask(&client, running.address());
        assert_eq!((status, &answered), (exchange.status, &exchange.answered), "{version} {name}: {answer}");
        if let Err(cause) = has(&answer, &exchange.answer, &|member| differs(name, member)) {
            panic!("{version} {name}: {cause}");
        }
        if name == "receipt" {
            let stated = |answer: &Value| {
                let receipt: Receipt = serde_json::from_value(answer.clone()).unwrap();
                serde_json::to_value(receipt.read(&station_key).unwrap()).unwrap()
            };
            has(&stated(&answer), &stated(&exchange.answer), &|member| member == "id").unwrap();
        }
    }
    assert!(exchanges.len() >= 15, "{}", exchanges.len());
}

#[test]
fn what_is_compared_misses_nothing_that_was_said() {
    let no = |_: &str| false;
    has(&json!({ "a": 1, "b": [{ "c": null, "d": 2 }] }), &json!({ "b": [{ "c": null }] }), &no).unwrap();
    for (now, recorded) in [
        (json!({ "a": 1 }), json!({ "b": 1 })),
        (json!({ "a": 1 }), json!({ "a": 2 })),
        (json!({ "a": [1] }), json!({ "a": [1, 2] })),
        (json!({ "a": [1, 2] }), json!({ "a": [1] })),
        (json!({ "a": null }), json!({ "a": 1 })),
    ] {
        has(&now, &recorded, &no).unwrap_err();
    }
    has(&json!({ "token": 7 }), &json!({ "token": "t" }), &|_| true).unwrap_err();
}

/// A message as a tablet writes it.
fn message(message: &impl Serialize) -> Value {
    Value::from(write_line(message).unwrap())
}

/// Records what the tablets of today ask, on a store of today.
#[test]
fn a_recording_of_today_is_made() {
    let station = Station::new(1_001);
    let doors = Doors::open(&station);
    let mut tablet = station.tablet(0);
    let session = doors.login(&tablet);
    tablet.write_many(&*station.world, station.gacha[0], 2);
    let before = tablet.push(&station.store, 1).unwrap();
    let invite = station.store.invite(station.id, station.officers[1], 72, &*station.world).unwrap();
    let challenge: Challenge = doors.say("/v1/login", &LoginRequest { device: tablet.device });

    // The store as it is now.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden/v1");
    std::fs::create_dir_all(&folder).unwrap();
    let copy = folder.join("station.db");
    // What an earlier run made.
    let _ = std::fs::remove_file(&copy);
    let connection = rusqlite::Connection::open(station.folder.path().join("station.db")).unwrap();
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    let packed = zstd::encode_all(std::fs::read(&copy).unwrap().as_slice(), 19).unwrap();
    std::fs::write(folder.join("station.db.zst"), packed).unwrap();

    let second = Tablet::unknown(&station, 1);
    let enrol = EnrolRequest { token: invite, device: second.device, key: second.key.verifying_key() };
    let picture = b"\x89PNG\r\n\x1a\ngolden";
    let photo =
        json!({ "blob": Hash::of(picture), "name": "a.png", "size_bytes": picture.len(), "media_type": "image/png" });
    let mut visit = tablet.draft(&*station.world, station.gacha[1]);
    visit.kind = Kind::named("camel_count");
    visit.fields = Fields::from([("photo".to_owned(), photo)]);
    tablet.write_revision(visit);
    let mut elsewhere = tablet.draft(&*station.world, ailchin_core::ids::AreaId::new(&*station.world));
    elsewhere.fields.clear();
    tablet.write_revision(elsewhere);

    let batch = |from: u64| {
        let header = write_line(&tablet.header(from, tablet.seq())).unwrap();
        let bodies = tablet.bodies.iter().skip(usize::try_from(from).unwrap() - 1).cloned();
        json!(std::iter::once(header).chain(bodies).collect::<Vec<String>>())
    };
    let at = |name: &str, path: &str| Exchange::new(name, "GET", path, Some(&session), Value::Null).record(&doors);
    let post =
        |name: &str, path: &str, body: Value| Exchange::new(name, "POST", path, Some(&session), body).record(&doors);
    let open = |name: &str, path: &str, body: Value| Exchange::new(name, "POST", path, None, body).record(&doors);

    let mut said = vec![
        Exchange::new("health", "GET", "/healthz", None, Value::Null).record(&doors),
        open("login", "/v1/login", message(&LoginRequest { device: tablet.device })),
        open("proof", "/v1/login/proof", message(&prove(&tablet, challenge.challenge))),
        Exchange::new("not logged in", "GET", "/v1/sync/state?after=0", None, Value::Null).record(&doors),
        at("state", "/v1/sync/state?after=8"),
        post("push with a gap", "/v1/sync/push", batch(4)),
        post("push", "/v1/sync/push", batch(3)),
        post("push again", "/v1/sync/push", batch(1)),
        at("pull", "/v1/sync/pull?after=0"),
    ];
    let own: Vec<(u64, String)> = [&before.items[..], &tablet.push(&station.store, 3).unwrap().items[..]]
        .concat()
        .iter()
        .zip(&tablet.bodies)
        .filter_map(|(item, body)| match item.verdict {
            Verdict::Stored(at) | Verdict::Duplicate(at) => Some((at, body.clone())),
            Verdict::Refused(_) => None,
        })
        .collect();
    let position = station.next_position() - 1;
    let scopes = tablet.held(&station.store, &own, position);
    let receipt = ReceiptRequest { epoch: station.epoch, position, scopes, blobs: Vec::new() };
    said.push(post("receipt", "/v1/sync/receipt", message(&receipt)));
    let wrong = ReceiptRequest { scopes: Vec::new(), ..receipt };
    said.push(post("receipt that differs", "/v1/sync/receipt", message(&wrong)));

    let hash = Hash::of(picture);
    let coded = |text: &str| STANDARD.encode(text);
    let metadata = format!("blake3 {},media_type {}", coded(&hash.to_string()), coded("image/png"));
    let tus = |name: &str, method: &str, path: &str| {
        Exchange::new(name, method, path, Some(&session), Value::Null).with("tus-resumable", "1.0.0")
    };
    let upload = format!("/v1/uploads/{hash}");
    said.push(
        tus("upload", "POST", "/v1/uploads")
            .with("upload-length", &picture.len().to_string())
            .with("upload-metadata", &metadata)
            .record(&doors),
    );
    said.push(tus("upload at", "HEAD", &upload).record(&doors));
    said.push(
        tus("upload at another offset", "PATCH", &upload)
            .with("upload-offset", "7")
            .with("content-type", "application/offset+octet-stream")
            .record(&doors),
    );
    said.push(Exchange::new("blob", "HEAD", &format!("/v1/blobs/{hash}"), Some(&session), Value::Null).record(&doors));
    // The last: the station writes a record of it, under names that its dice give.
    said.push(open("enrol", "/v1/enrol", message(&enrol)));
    said.push(open("enrol again", "/v1/enrol", message(&enrol)));
    std::fs::write(folder.join("exchanges.json"), serde_json::to_string_pretty(&said).unwrap() + "\n").unwrap();
    assert!(said.iter().all(|exchange| exchange.status != 503));
}
