//! Replays the examples of `core/PROTOCOL.md` against a real server.
//!
//! If an answer has changed on purpose, the failing test names the file with the new document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::path::Path;

use ailchin_core::hash::Hash;
use ailchin_core::ids::{RecordId, RevisionId};
use ailchin_core::record::{Entry, Fields, Kind, Revision, genesis};
use ailchin_core::sync::{
    Challenge, EnrolRequest, Enrolled, ErrorBody, Invite, LoginProof, LoginRequest, PushAnswer, PushHeader, Receipt,
    ReceiptRequest, Session, StateAnswer, Verdict, read_batch, read_lines, write_batch, write_line,
};
use ailchin_core::time::Hlc;
use ailchin_core::world::World as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use kit::{Doors, Station, Tablet, prove};
use reqwest::blocking::Response;
use serde::Serialize;
use serde_json::json;

const DOCUMENT: &str = include_str!("../../core/PROTOCOL.md");

/// The named blocks of the document, and what they turned out to be.
struct Examples {
    document: String,
    replayed: Vec<&'static str>,
}

impl Examples {
    fn new() -> Self {
        Self { document: DOCUMENT.to_owned(), replayed: Vec::new() }
    }

    /// Takes down what an example really is. What is sent is this, and in the end the document must say the same.
    fn is(&mut self, name: &'static str, actual: &str) {
        let (language, from, to) = find(&self.document, name);
        let shown = if language == "json" { spread(actual) } else { actual.trim_end_matches('\n').to_owned() };
        self.document.replace_range(from..to, &format!("{shown}\n"));
        self.replayed.push(name);
    }

    fn message(&mut self, name: &'static str, actual: &impl Serialize) -> String {
        let text = serde_json::to_string(actual).unwrap();
        self.is(name, &text);
        text
    }

    fn answer(&mut self, name: &'static str, response: Response) -> String {
        let text = response.text().unwrap();
        self.is(name, &text);
        text
    }
}

/// Language, beginning and end of the block of that name.
fn find<'d>(document: &'d str, name: &str) -> (&'d str, usize, usize) {
    let mark = format!(" name={name}\n");
    let at = document.find(&mark).unwrap_or_else(|| panic!("PROTOCOL.md has no example {name}"));
    let fence = document[..at].rfind("```").unwrap() + 3;
    let from = at + mark.len();
    let to = from + document[from..].find("```").unwrap();
    (&document[fence..at], from, to)
}

fn names(document: &str) -> Vec<&str> {
    document.lines().filter_map(|line| line.strip_prefix("```")?.split_once(" name=").map(|(_, name)| name)).collect()
}

/// Compact JSON with a line for each member, the order kept.
fn spread(compact: &str) -> String {
    let (mut text, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    for c in compact.chars() {
        if quoted {
            text.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        let line = || format!("\n{}", "  ".repeat(depth));
        match c {
            '{' | '[' | ',' => text.push_str(&format!("{c}{}", line())),
            '}' | ']' => text.push_str(&format!("{}{c}", line())),
            ':' => text.push_str(": "),
            '"' => {
                quoted = true;
                text.push(c);
            }
            _ => text.push(c),
        }
    }
    text
}

/// JSON without white space outside of strings.
fn tight(text: &str) -> String {
    let (mut compact, mut quoted, mut escaped) = (String::new(), false, false);
    for c in text.chars() {
        if quoted || !c.is_ascii_whitespace() {
            compact.push(c);
        }
        quoted = if quoted { escaped || c != '"' } else { c == '"' };
        escaped = quoted && !escaped && c == '\\';
    }
    compact
}

/// An upload that broke after five bytes.
fn upload(examples: &mut Examples, doors: &Doors, session: &str) {
    let bytes = b"\x89PNG\r\n\x1a\neni";
    let hash = Hash::of(bytes);
    let mut exchange = |request: &'static str,
                        answer: &'static str,
                        asked: (&str, &str),
                        headers: &[(&str, &str)],
                        body: &[u8],
                        said: &[&str]| {
        let mut text = format!("{} {}\nTus-Resumable: 1.0.0\n", asked.0, asked.1);
        let mut asking = doors.client.request(asked.0.parse().unwrap(), doors.url(asked.1)).bearer_auth(session);
        asking = asking.header("Tus-Resumable", "1.0.0").body(body.to_vec());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\n"));
            asking = asking.header(*name, *value);
        }
        examples.is(request, &text);
        let got = asking.send().unwrap();
        let mut text = format!("{}\n", got.status().as_u16());
        for name in said {
            text.push_str(&format!("{name}: {}\n", got.headers().get(*name).unwrap().to_str().unwrap()));
        }
        examples.is(answer, &text);
    };
    let metadata = format!("blake3 {},media_type {}", STANDARD.encode(hash.to_string()), STANDARD.encode("image/png"));
    let begin = [("Upload-Length", "11"), ("Upload-Metadata", metadata.as_str())];
    let said = ["Location", "Upload-Offset", "Upload-Expires"];
    exchange("upload-creation", "upload-created", ("POST", "/v1/uploads"), &begin, b"", &said);
    let at = format!("/v1/uploads/{hash}");
    let part = [("Content-Type", "application/offset+octet-stream"), ("Upload-Offset", "0")];
    let said = ["Upload-Offset", "Upload-Expires"];
    exchange("upload-part", "upload-part-answer", ("PATCH", &at), &part, &bytes[..5], &said);
    let said = ["Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires"];
    exchange("upload-look", "upload-look-answer", ("HEAD", &at), &[], b"", &said);
}

/// A revision of the tablet's log at the next place.
fn write(tablet: &mut Tablet, station: &Station, kind: Kind, gacha: usize, fields: Fields) {
    let world = &*station.world;
    world.advance_ms(60_000);
    let revision = Revision {
        id: RevisionId::new(world),
        record: RecordId::new(world),
        kind,
        area: station.gacha[gacha],
        device: tablet.device,
        seq: tablet.seq() + 1,
        officer: tablet.officer,
        at_ms: world.now(),
        hlc: Hlc::new(world.now().as_ms(), 0),
        parents: Vec::new(),
        fields,
        erased: None,
    };
    tablet.write_revision(revision);
}

fn write_log(tablet: &mut Tablet, station: &Station) {
    let camp = json!({ "name": { "zh": "北井冬营盘" }, "lat": 42.61, "lon": 109.52, "distance_km": 43.5 });
    let household = Fields::from([
        ("name_zh".to_owned(), json!("巴特尔")),
        ("name_cyrl".to_owned(), json!("Баатар")),
        ("phone".to_owned(), json!("100-0123-4567")),
        ("winter_camp".to_owned(), camp),
    ]);
    write(tablet, station, Kind::Household, 0, household);
    write(tablet, station, Kind::Household, 1, Fields::from([("name_zh".to_owned(), json!("不归这里"))]));
    let home = Entry::read(tablet.bodies[0].clone()).unwrap().revision.record;
    let task = Fields::from([
        ("household".to_owned(), json!(home)),
        ("note".to_owned(), json!("送蒙古文的宣传册")),
        ("due".to_owned(), json!("2026-06-20")),
    ]);
    write(tablet, station, Kind::Task, 0, task);
}

#[test]
fn the_examples_of_the_protocol_are_what_is_said() {
    let station = Station::new(2_026);
    let doors = Doors::open(&station);
    let mut examples = Examples::new();
    let post = |path: &str, body: String| doors.post(path).body(body).send().unwrap();

    let token = station.store.invite(station.id, station.officers[1], 72, &*station.world).unwrap();
    let fingerprint = Some("5a".repeat(32));
    let invite = Invite { address: "https://192.0.2.10:8443".to_owned(), fingerprint, token: token.clone() };
    examples.is("invite", &invite.to_text());

    let mut tablet = Tablet::unknown(&station, 1);
    let request = EnrolRequest { token, device: tablet.device, key: tablet.key.verifying_key() };
    let asked = examples.message("enrol-request", &request);
    let enrolled = examples.answer("enrol-answer", post("/v1/enrol", asked));
    tablet.enrolled = Some(serde_json::from_str(&enrolled).unwrap());

    let asked = examples.message("login-request", &LoginRequest { device: tablet.device });
    let challenged = examples.answer("login-answer", post("/v1/login", asked));
    let challenge: Challenge = serde_json::from_str(&challenged).unwrap();
    let asked = examples.message("proof-request", &prove(&tablet, challenge.challenge));
    let opened = examples.answer("proof-answer", post("/v1/login/proof", asked));
    let session = serde_json::from_str::<Session>(&opened).unwrap().token;

    let get = |path: &str| doors.get(path).bearer_auth(&session).send().unwrap();
    let newer = doors.client.get(doors.url("/v1/sync/state?after=0")).header("ailchin-protocol", "2-3");
    examples.answer("apart", newer.send().unwrap());
    examples.answer("refusal", doors.get("/v1/sync/state?after=0").send().unwrap());
    examples.answer("state-answer", get("/v1/sync/state?after=6"));

    write_log(&mut tablet, &station);
    let mut chain = format!("genesis            {}\n", genesis(tablet.device));
    for (seq, (body, link)) in (1..).zip(tablet.bodies.iter().zip(&tablet.links[1..])) {
        chain.push_str(&format!(
            "body hash of {seq}     {}\nchain hash at {seq}    {link}\n",
            Hash::of(body.as_bytes())
        ));
    }
    examples.is("chain", &chain);
    let header = write_line(&tablet.header(1, 3)).unwrap();
    let lines = format!("{header}\n{}\n", tablet.bodies.join("\n"));
    examples.is("push-request", &lines);
    let packed = write_batch(lines.lines()).unwrap();
    let push = || doors.post("/v1/sync/push").bearer_auth(&session).body(packed.clone()).send().unwrap();
    let pushed = examples.answer("push-answer", push());
    examples.answer("push-again-answer", push());

    let pulled = get("/v1/sync/pull?after=4").bytes().unwrap();
    examples.is("pull-answer", &read_lines(&pulled).unwrap().join("\n"));

    let own: Vec<(u64, String)> = serde_json::from_str::<PushAnswer>(&pushed)
        .unwrap()
        .items
        .iter()
        .zip(&tablet.bodies)
        .filter_map(|(item, body)| match item.verdict {
            Verdict::Stored(at) => Some((at, body.clone())),
            Verdict::Duplicate(_) | Verdict::Refused(_) => None,
        })
        .collect();
    let position = station.next_position() - 1;
    let mut request = ReceiptRequest {
        epoch: station.epoch,
        position,
        scopes: tablet.held(&station.store, &own, position),
        blobs: Vec::new(),
    };
    let asked = examples.message("receipt-request", &request);
    let ask = |body: String| doors.post("/v1/sync/receipt").bearer_auth(&session).body(body).send().unwrap();
    let receipt = examples.answer("receipt-answer", ask(asked));
    request.scopes.truncate(1);
    examples.answer("mismatch", ask(serde_json::to_string(&request).unwrap()));

    upload(&mut examples, &doors, &session);

    if examples.document != DOCUMENT {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("PROTOCOL.md");
        std::fs::write(&path, &examples.document).unwrap();
        panic!("the examples are no longer what is said; the document as it would be: {}", path.display());
    }
    let mut named = names(DOCUMENT);
    named.sort_unstable();
    examples.replayed.sort_unstable();
    assert_eq!(named, examples.replayed, "every example is replayed");
    let key = tablet.enrolled.unwrap().station_key;
    assert_eq!(serde_json::from_str::<Receipt>(&receipt).unwrap().read(&key).unwrap().own_refused, 1);
}

#[test]
fn every_example_is_read_by_the_types_of_core_and_written_the_same() {
    fn survives<T: serde::de::DeserializeOwned + Serialize>(name: &str) {
        let (_, from, to) = find(DOCUMENT, name);
        let text = tight(&DOCUMENT[from..to]);
        let message: T = serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{name}: {cause}"));
        assert_eq!(serde_json::to_string(&message).unwrap(), text, "{name}");
    }
    survives::<ErrorBody>("refusal");
    survives::<ErrorBody>("apart");
    survives::<EnrolRequest>("enrol-request");
    survives::<Enrolled>("enrol-answer");
    survives::<LoginRequest>("login-request");
    survives::<Challenge>("login-answer");
    survives::<LoginProof>("proof-request");
    survives::<Session>("proof-answer");
    survives::<StateAnswer>("state-answer");
    survives::<PushAnswer>("push-answer");
    survives::<PushAnswer>("push-again-answer");
    survives::<ReceiptRequest>("receipt-request");
    survives::<Receipt>("receipt-answer");
    survives::<ErrorBody>("mismatch");

    let block = |name| {
        let (_, from, to) = find(DOCUMENT, name);
        DOCUMENT[from..to].trim_end()
    };
    assert_eq!(Invite::read(block("invite")).unwrap().to_text(), block("invite"));
    let mut push = block("push-request").lines();
    let header: PushHeader = serde_json::from_str(push.next().unwrap()).unwrap();
    assert_eq!(push.map(|body| Entry::read(body.to_owned()).unwrap().revision.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(header.checkpoint.seq, 3);
    let pulled = read_batch(&write_batch(block("pull-answer").lines()).unwrap()).unwrap();
    assert!(!pulled.end.more && pulled.entries().count() > 0);
}
