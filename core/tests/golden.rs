//! Whether every message is still written as it was recorded, whether today's program reads what was recorded, and whether it
//! reads what a newer program could add to it.
//!
//! `golden/v1` holds each message of protocol version 1, one file each, byte for byte as it goes over the wire. The table in
//! [`messages`] is all there is to extend: a line with a name and a value. The failing test writes what is written now into
//! the folder `golden` of the target's `tmp`; a **new** message's file is copied from there. A file of a released version
//! never changes: a message that must change its meaning belongs to a new version with a folder of its own.
//! `golden/next` are messages of version 1 as a newer program could send them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, BundleId, DeviceId, EpochId, OfficerId, ReceiptId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Checkpoint, Entry, Fields, Kind, Names, Revision, chain, genesis};
use ailchin_core::replica::{Author, Change, Replica};
use ailchin_core::sync::{
    Acknowledgement, AcknowledgementBody, Admission, AdmissionBody, AdmissionRequest, Apart, Challenge, Digest,
    EnrolRequest, Enrolled, ErrorBody, FetchRequest, GiveAnswer, GiveHeader, GiveItem, Has, Held, IdentityRequest,
    Invite, LastParts, LastPartsAnswer, LogPlace, LoginProof, LoginRequest, PackNotice, PlacesAnswer, PlacesRequest,
    Proof, PullEnd, PushAnswer, PushHeader, PushItem, Range, RangeHeld, RangesAnswer, RangesRequest, Receipt,
    ReceiptBody, ReceiptRequest, Revocation, ScopeDigest, Sealing, Session, StateAnswer, StateQuery, Verdict, Versions,
    login_message, read_batch, write_batch, write_line,
};
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::world::Seeded;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One message.
struct Message {
    /// The file's name.
    file: String,
    /// The name of its type.
    of: &'static str,
    /// As today's program writes it.
    written: String,
    /// Reads it and writes it again.
    again: fn(&str) -> Result<String, String>,
}

fn json_of<T: Serialize + DeserializeOwned>(name: &str, value: &T) -> Message {
    fn again<T: Serialize + DeserializeOwned>(text: &str) -> Result<String, String> {
        let read: T = serde_json::from_str(text.trim_end()).map_err(|cause| cause.to_string())?;
        Ok(write_line(&read).unwrap() + "\n")
    }
    let of = std::any::type_name::<T>().rsplit("::").next().unwrap();
    Message { file: format!("{name}.json"), of, written: write_line(value).unwrap() + "\n", again: again::<T> }
}

const BUNDLE: BundleId = BundleId::from_bytes([7; 16]);

fn last_parts() -> Vec<Hash> {
    vec![Hash::of(b"first part"), Hash::of(b"second part")]
}

fn has() -> Has {
    let blobs_missing = vec![Hash::of(b"photo")];
    Has { epoch: EPOCH, seq: 3, chain: Hash::of(b"chain"), blobs_missing }
}

fn admission() -> AdmissionBody {
    AdmissionBody {
        station: STATION,
        device: DEVICE,
        nonce: challenge(),
        at_ms: Instant::from_ms(1_780_272_180_000),
        has: has(),
        recipient: "age1recipient".to_owned(),
        revoked: Some(Revocation { at_ms: Instant::from_ms(1_780_272_000_000), revision: Some(revision(1).id) }),
    }
}

fn acknowledged() -> LastPartsAnswer {
    let at_ms = Instant::from_ms(1_780_272_180_000);
    let (bundle, parts) = (BUNDLE, last_parts());
    let body = AcknowledgementBody { station: STATION, device: DEVICE, at_ms, has: has(), bundle, parts };
    LastPartsAnswer { missing: Vec::new(), acknowledgement: Some(Acknowledgement::sign(&key(2), &body).unwrap()) }
}

/// Every message of the protocol.
fn messages() -> Vec<Message> {
    let refused = ErrorBody { scopes: scopes(), ..ErrorBody::from(Code::DigestMismatch) };
    let protocols = Some(Apart { tablet: Versions::only(1), station: Versions::read("2-3").unwrap() });
    let items = vec![
        PushItem { seq: 1, verdict: Verdict::Stored(7), filed: None },
        PushItem { seq: 2, verdict: Verdict::Refused(Code::OutOfScope), filed: None },
        PushItem { seq: 3, verdict: Verdict::Duplicate(5), filed: Some(AREA) },
    ];
    vec![
        json_of("refusal", &ErrorBody::from(Code::NotLoggedIn)),
        json_of("refusal-mismatch", &refused),
        json_of("refusal-protocol", &ErrorBody { protocols, ..ErrorBody::from(Code::ProtocolUnknown) }),
        json_of("enrol-request", &EnrolRequest { token: token(), device: DEVICE, key: key(1).verifying_key() }),
        json_of("enrol-answer", &enrolled()),
        json_of("login-request", &LoginRequest { device: DEVICE }),
        json_of("login-answer", &Challenge { challenge: challenge() }),
        json_of("proof-request", &proof()),
        json_of("proof-answer", &session(None)),
        json_of("proof-answer-sealing", &session(Some(Sealing::sign(&key(2), STATION, "age1recipient".to_owned())))),
        json_of("state-query", &StateQuery { after: 6, receipt: Some(receipt_body().id) }),
        json_of("state-answer", &state()),
        json_of(
            "state-answer-pack",
            &StateAnswer { pack: Some(PackNotice { hash: Hash::of(b"pack"), size_bytes: 40_960 }), ..state() },
        ),
        json_of("push-header", &push_header()),
        json_of("push-answer", &PushAnswer { seq: 3, items: items.clone() }),
        json_of("pull-end", &PullEnd { end: 8, more: true, left: 12 }),
        json_of("receipt-request", &ReceiptRequest { epoch: EPOCH, position: 8, scopes: scopes(), blobs: Vec::new() }),
        json_of("receipt-request-blobs", &receipt_request_with_blobs()),
        json_of("receipt-body", &receipt_body()),
        json_of("receipt-body-asked", &receipt_body_that_was_asked()),
        json_of("receipt-answer", &Receipt::sign(&key(2), &receipt_body()).unwrap()),
        json_of("checkpoint", &push_header().checkpoint),
        json_of("ranges-request", &RangesRequest { epoch: EPOCH, ranges: vec![Range::all(ROOT), range()] }),
        json_of("ranges-answer", &RangesAnswer { newest: 8, ranges: vec![RangeHeld::Listed(held()), parts()] }),
        json_of("fetch-request", &FetchRequest { places: vec![LogPlace { device: DEVICE, seq: 2 }] }),
        json_of("give-header", &GiveHeader { epoch: EPOCH }),
        json_of("give-answer", &GiveAnswer { items: vec![GiveItem { device: DEVICE, item: items[2] }] }),
        json_of("places-request", &PlacesRequest { places: vec![1, 64] }),
        json_of("places-answer", &PlacesAnswer { chains: vec![Some(Hash::of(b"chain")), None] }),
        json_of("identity-request", &IdentityRequest { device: DEVICE }),
        json_of("proof-of-a-log", &proof_of_a_log()),
        json_of("revision", &revision(1)),
        json_of("erasure", &erasure()),
        json_of("tombstone", &Entry::write(revision(1)).unwrap().erase().revision),
        json_of("shut-out-request", &AdmissionRequest { device: DEVICE, nonce: challenge() }),
        json_of("shut-out-body", &admission()),
        json_of("shut-out-answer", &Admission::sign(&key(2), &admission()).unwrap()),
        json_of("last-parts-request", &LastParts::sign(&key(1), STATION, DEVICE, BUNDLE, last_parts())),
        json_of("last-parts-missing", &LastPartsAnswer { missing: last_parts(), acknowledgement: None }),
        json_of("last-parts-answer", &acknowledged()),
        Message {
            file: "invite.txt".to_owned(),
            of: "Invite",
            written: invite().to_text() + "\n",
            again: |text| Ok(Invite::read(text).map_err(|cause| cause.to_string())?.to_text() + "\n"),
        },
        Message {
            file: "push-request.ndjson".to_owned(),
            of: "PushHeader",
            written: lines(std::iter::once(write_line(&push_header()).unwrap()).chain(bodies())),
            again: |text| {
                let (header, rest) = text.split_once('\n').unwrap();
                let header: PushHeader = serde_json::from_str(header).map_err(|cause| cause.to_string())?;
                let entries = rest.lines().map(|body| Entry::read(body.to_owned()).unwrap().body);
                Ok(lines(std::iter::once(write_line(&header).unwrap()).chain(entries)))
            },
        },
        Message {
            file: "pull-answer.ndjson".to_owned(),
            of: "PullEnd",
            written: pulled(&(4..).zip(bodies()).collect::<Vec<_>>(), PullEnd { end: 8, more: false, left: 0 }),
            again: |text| {
                let read = read_batch(&write_batch(text.lines()).unwrap()).map_err(|cause| cause.to_string())?;
                let entries: Vec<_> = read.entries().map(|(at, entry)| (at, entry.body.clone())).collect();
                Ok(pulled(&entries, read.end))
            },
        },
    ]
}

/// Types that are written only inside of others that the table has.
const PARTS: &[&str] = &[
    "Digest",
    "Sum",
    "ScopeDigest",
    "PushItem",
    "GiveItem",
    "Verdict",
    "Line",
    "Apart",
    "Older",
    "Versions",
    "Range",
    "RangeHeld",
    "Members",
    "Held",
    "LogPlace",
    "PackNotice",
];

const STATION: StationId = StationId::from_bytes([0x51; 16]);
const ROOT: AreaId = AreaId::from_bytes([0xa0; 16]);
const AREA: AreaId = AreaId::from_bytes([0xa1; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const OFFICER: OfficerId = OfficerId::from_bytes([0x0f; 16]);
const EPOCH: EpochId = EpochId::from_bytes([0xe1; 16]);
/// 2026-07-01, 09:00 at the station.
const NOW: Instant = Instant::from_ms(1_782_867_600_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn token() -> String {
    "AZ6AeuwAcKeHU_mSvZxwYUyH6vCkV8ttdjBRnJSPMbBwdkwO".to_owned()
}

fn names(zh: &str) -> Names {
    Names { zh: zh.to_owned(), mong: "ᠪᠠᠭᠠᠲᠤᠷ".to_owned(), cyrl: "Баатар".to_owned() }
}

fn enrolled() -> Enrolled {
    Enrolled {
        station: STATION,
        station_name: names("试验派出所"),
        root: ROOT,
        station_key: key(2).verifying_key(),
        officer: OFFICER,
        officer_name: names("甲"),
        scopes: vec![ROOT, AREA],
    }
}

fn challenge() -> Hash {
    Hash::of(b"a challenge")
}

fn proof() -> LoginProof {
    let signature = key(1).sign(&login_message(DEVICE, challenge()));
    LoginProof { device: DEVICE, challenge: challenge(), signature }
}

fn session(sealing: Option<Sealing>) -> Session {
    Session { token: token(), expires_in_s: 43_200, scopes: vec![ROOT, AREA], sealing }
}

fn scopes() -> Vec<ScopeDigest> {
    let of = |area, count, text: &[u8]| ScopeDigest { area, digest: Digest::from_parts(count, Hash::of(text)) };
    vec![of(ROOT, 6, b"root"), of(AREA, 2, b"area")]
}

fn range() -> Range {
    Range { area: AREA, digits: "0f".to_owned() }
}

fn held() -> Vec<Held> {
    vec![Held { hash: Hash::of(b"held"), device: DEVICE, seq: 1 }]
}

fn parts() -> RangeHeld {
    RangeHeld::Parts(vec![scopes()[1].digest; 16])
}

fn proof_of_a_log() -> Proof {
    let checkpoint = push_header().checkpoint;
    let hashes = vec![None, Some(Hash::of(b"body")), None];
    let previous = genesis(DEVICE);
    Proof { device: DEVICE, from: 1, previous, hashes, hash: checkpoint.hash, signature: checkpoint.signature }
}

fn state() -> StateAnswer {
    StateAnswer {
        epoch: EPOCH,
        at_ms: NOW,
        seq: 3,
        chain: Hash::of(b"chain"),
        position: 8,
        rolled_back: true,
        pack: None,
        held: scopes()[0].digest,
    }
}

fn receipt_body() -> ReceiptBody {
    ReceiptBody {
        id: ReceiptId::from_bytes([0xc1; 16]),
        station: STATION,
        device: DEVICE,
        epoch: EPOCH,
        at_ms: NOW,
        position: 8,
        own_seq: 3,
        own_stored: 2,
        own_refused: 1,
        blobs_named: 2,
        blobs_stored: 1,
        blobs_digest: Some(Hash::of(b"here")),
        blobs_missing: vec![Hash::of(b"missing")],
        blobs_asked_stored: Vec::new(),
        blobs_asked_erased: Vec::new(),
        scopes: scopes(),
    }
}

fn receipt_request_with_blobs() -> ReceiptRequest {
    let blobs = vec![Hash::of(b"here"), Hash::of(b"erased"), Hash::of(b"missing")];
    ReceiptRequest { epoch: EPOCH, position: 8, scopes: scopes(), blobs }
}

fn receipt_body_that_was_asked() -> ReceiptBody {
    let (stored, erased) = (vec![Hash::of(b"here")], vec![Hash::of(b"erased")]);
    ReceiptBody { blobs_asked_stored: stored, blobs_asked_erased: erased, ..receipt_body() }
}

fn revision(seq: u64) -> Revision {
    let n = u8::try_from(seq).unwrap();
    let photo = json!({ "blob": Hash::of(b"photo"), "name": "a.jpg", "size_bytes": 9, "media_type": "image/jpeg" });
    let kinds = ["household", "visit", "task"];
    Revision {
        id: RevisionId::from_bytes([n; 16]),
        record: RecordId::from_bytes([0x70 + n; 16]),
        kind: Kind::named(kinds[usize::from(n - 1) % 3]),
        area: AREA,
        device: DEVICE,
        seq,
        officer: OFFICER,
        at_ms: NOW,
        hlc: Hlc::new(NOW.as_ms(), u32::from(n)),
        parents: vec![RevisionId::from_bytes([0x33; 16])],
        fields: Fields::from([("name_mong".to_owned(), json!("ᠪᠠᠭᠠᠲᠤᠷ")), ("photo".to_owned(), photo)]),
        erased: None,
    }
}

fn erasure() -> Revision {
    let fields = Fields::from([("reason".to_owned(), json!("request"))]);
    Revision { kind: Kind::Erasure, parents: Vec::new(), fields, ..revision(2) }
}

fn bodies() -> Vec<String> {
    (1..=3).map(|seq| Entry::write(revision(seq)).unwrap().body).collect()
}

fn push_header() -> PushHeader {
    let link = (1..)
        .zip(bodies())
        .fold(genesis(DEVICE), |link, (seq, body)| chain(DEVICE, seq, link, Hash::of(body.as_bytes())));
    PushHeader { epoch: EPOCH, from: 1, checkpoint: Checkpoint::sign(&key(1), DEVICE, 3, link) }
}

fn pulled(entries: &[(u64, String)], end: PullEnd) -> String {
    let written = entries.iter().map(|(at, body)| format!("{{\"at\":{at},\"rev\":{body}}}"));
    lines(written.chain([write_line(&end).unwrap()]))
}

fn invite() -> Invite {
    let fingerprint = Some("5a".repeat(32));
    Invite { address: "https://192.0.2.10:8443".to_owned(), fingerprint, token: token() }
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

fn golden(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version)
}

fn recorded(version: &str, file: &str) -> String {
    std::fs::read_to_string(golden(version).join(file)).unwrap_or_else(|cause| panic!("{version}/{file}: {cause}"))
}

#[test]
fn every_message_is_written_as_it_was_recorded_and_none_is_forgotten() {
    let now = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden/v1");
    std::fs::create_dir_all(&now).unwrap();
    let mut wrong = Vec::new();
    for message in messages() {
        std::fs::write(now.join(&message.file), &message.written).unwrap();
        if std::fs::read_to_string(golden("v1").join(&message.file)).ok() != Some(message.written) {
            wrong.push(message.file);
        }
    }
    assert!(wrong.is_empty(), "not written as recorded: {wrong:?}; what is written now lies in {}", now.display());

    let files: BTreeSet<String> = messages().into_iter().map(|message| message.file).collect();
    for file in std::fs::read_dir(golden("v1")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(files.contains(&name), "{name} is in no line of the table");
    }
}

#[test]
fn every_type_that_goes_over_the_wire_is_in_the_table() {
    const SOURCES: &[&str] = &[
        include_str!("../src/sync/wire.rs"),
        include_str!("../src/sync/receipt.rs"),
        include_str!("../src/sync/digest.rs"),
        include_str!("../src/sync/invite.rs"),
        include_str!("../src/sync/versions.rs"),
    ];
    let told: BTreeSet<&str> = messages().iter().map(|message| message.of).chain(PARTS.iter().copied()).collect();
    let mut found = 0;
    for source in SOURCES {
        let mut travels = false;
        for line in source.lines() {
            travels |= line.starts_with("#[derive(") && line.contains("Serialize");
            let Some(rest) = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")) else {
                continue;
            };
            let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            if std::mem::take(&mut travels) {
                assert!(told.contains(name.as_str()), "{name} has no line in the table of messages");
                found += 1;
            }
        }
    }
    assert!(found > 20, "{found} types were found");
}

#[test]
fn every_recorded_message_is_read_by_todays_program_and_written_again_as_it_was() {
    for message in messages() {
        let text = recorded("v1", &message.file);
        assert_eq!((message.again)(&text).as_deref(), Ok(text.as_str()), "{}", message.file);
    }
}

#[test]
fn members_that_a_newer_program_adds_anywhere_are_passed_over() {
    fn with_more(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.values_mut().for_each(with_more);
                members.insert("a_of_the_next_version".to_owned(), json!({ "deep": [1, null] }));
                members.insert("zz_of_the_next_version".to_owned(), json!("text"));
            }
            Value::Array(items) => items.iter_mut().for_each(with_more),
            _ => {}
        }
    }
    for message in messages().into_iter().filter(|message| message.file.ends_with(".json")) {
        // Members of a revision's fields are kept, whatever they are.
        if message.of == "Revision" {
            continue;
        }
        let mut value: Value = serde_json::from_str(&message.written).unwrap();
        with_more(&mut value);
        assert_eq!((message.again)(&value.to_string()).as_deref(), Ok(message.written.as_str()), "{}", message.file);
    }
}

#[test]
fn a_verdict_of_the_next_version_is_no_acceptance_and_holds_up_nothing() {
    let answer: PushAnswer = serde_json::from_str(&recorded("next", "push-answer.json")).unwrap();
    let verdicts: Vec<Verdict> = answer.items.iter().map(|item| item.verdict).collect();
    let unknown = Verdict::Refused(Code::Unknown);
    assert_eq!(verdicts, [Verdict::Stored(7), unknown, unknown, Verdict::Duplicate(5), unknown]);
    assert_eq!(answer.items.iter().map(|item| item.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);

    let world = Seeded::new(1, NOW);
    let mut replica = Replica::in_memory().unwrap();
    replica.adopt(DEVICE, EPOCH, 0).unwrap();
    replica.set_scopes(&[AREA]).unwrap();
    let author = Author { device: DEVICE, officer: OFFICER };
    for n in 0..5 {
        let fields = Fields::from([("name_zh".to_owned(), json!(n.to_string()))]);
        let record = RecordId::new(&world);
        replica.save(author, &world, &[Change { record, kind: Kind::Household, area: AREA, fields }]).unwrap();
    }
    replica.keep_verdicts(DEVICE, &answer.items).unwrap();
    assert!(replica.outbox(DEVICE).unwrap().is_none(), "nothing is held up");
    let aside: Vec<(u64, Code)> =
        replica.refused(DEVICE).unwrap().iter().map(|entry| (entry.seq, entry.code)).collect();
    assert_eq!(aside, [(2, Code::Unknown), (3, Code::Unknown), (5, Code::Unknown)]);
    let again = replica.refused(DEVICE).unwrap()[0].revision;
    replica.correct(author, &world, again, None, &Fields::new()).unwrap();
    assert_eq!(replica.outbox(DEVICE).unwrap().unwrap().bodies.len(), 1, "nothing is lost: it may be sent again");

    for broken in [r#"{"seq":1,"stored":"seven"}"#, r#"{"seq":1,"refused":7}"#, r#"{"stored":7}"#] {
        serde_json::from_str::<PushItem>(broken).unwrap_err();
    }
}

#[test]
fn codes_of_the_next_version_are_read_as_unknown() {
    let body: ErrorBody = serde_json::from_str(&recorded("next", "refusal.json")).unwrap();
    assert_eq!((body.code, body.scopes.len()), (Code::Unknown, 0));
}

#[test]
fn kinds_fields_and_members_of_the_next_version_are_kept_byte_for_byte() {
    let text = recorded("next", "pull-answer.ndjson");
    let read = read_batch(&write_batch(text.lines()).unwrap()).unwrap();
    let entries: Vec<_> = read.entries().collect();
    assert_eq!(entries.len(), 2);
    for ((_, entry), line) in entries.iter().zip(text.lines()) {
        assert!(line.contains(&entry.body), "byte for byte");
        assert_eq!(entry.body_hash, Hash::of(entry.body.as_bytes()));
    }
    let camel = &entries[0].1.revision;
    assert_eq!(camel.kind, Kind::named("camel_count"));
    assert_eq!(camel.fields["herd"], json!({ "two_humped": 41, "at": [42.6, 109.5] }));
    assert_eq!(entries[1].1.revision.fields["drone"], json!(null));
}

#[test]
fn an_invite_of_the_next_version_is_read_as_far_as_this_one_goes() {
    assert_eq!(Invite::read(&recorded("next", "invite.txt")).unwrap(), invite());
}
