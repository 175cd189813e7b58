//! What travels between tablet and station: batches, messages, receipts, invites.

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, ReceiptId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Checkpoint, Entry, Fields, Kind, Names, Revision, body_hash, chain, genesis};
use ailchin_core::sync::{
    Apart, Challenge, Digest, EnrolRequest, Enrolled, ErrorBody, Invite, LoginProof, LoginRequest, PackNotice, PullEnd,
    PushAnswer, PushHeader, PushItem, Receipt, ReceiptBody, ReceiptRequest, ScopeDigest, Sealing, Session, StateAnswer,
    StateQuery, Verdict, Versions, login_message, read_batch, read_lines, write_batch, write_line,
};
use ailchin_core::time::Hlc;
use ailchin_core::world::{Seeded, World as _};
use ailchin_server::batch::Push;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Target;
use crate::NOW;

/// Somebody who writes a log.
pub(super) struct Author {
    pub(super) world: Seeded,
    pub(super) device: DeviceId,
    pub(super) key: SigningKey,
    pub(super) area: AreaId,
    pub(super) officer: OfficerId,
}

impl Author {
    pub(super) fn new(seed: u64) -> Self {
        let world = Seeded::new(seed, NOW);
        let mut key = [0; 32];
        world.fill_random(&mut key);
        let (device, area, officer) = (DeviceId::new(&world), AreaId::new(&world), OfficerId::new(&world));
        Self { device, area, officer, key: SigningKey::from_bytes(&key), world }
    }

    /// A few revisions, from the first place of the log.
    pub(super) fn writes(&self) -> Vec<Entry> {
        let household = RecordId::new(&self.world);
        let visit = json!({
            "household": household, "visited_at_ms": 1, "answer.topics": ["fraud", "fire"], "submission": "<data/>",
            "answer.photo": { "blob": Hash::of(b"1"), "name": "1.jpg", "size_bytes": 1, "media_type": "image/jpeg" },
        });
        let bodies = [
            (
                household,
                Kind::Household,
                json!({ "name_zh": "巴特尔", "name_mong": "ᠪᠠᠭᠠᠲᠤᠷ", "phone": "139 0000 0001" }),
            ),
            (
                household,
                Kind::Household,
                json!({ "winter_camp": { "name": { "zh": "北井" }, "lat": 39.5, "lon": 107.25 } }),
            ),
            (RecordId::new(&self.world), Kind::Visit, visit),
            (
                RecordId::new(&self.world),
                Kind::Task,
                json!({ "household": household, "due": "2026-08-01", "note": null }),
            ),
            (RecordId::new(&self.world), Kind::named("herd"), json!({ "sheep": { "ewes": [1, 2.5, -3e10] } })),
        ];
        let mut before: Vec<RevisionId> = Vec::new();
        let entry = |(index, (record, kind, fields)): (usize, (RecordId, Kind, serde_json::Value))| {
            let fields: Fields = serde_json::from_value(fields).unwrap();
            let id = RevisionId::new(&self.world);
            let parents = std::mem::replace(&mut before, vec![id]);
            let seq = index as u64 + 1;
            Entry::write(Revision {
                id,
                record,
                kind,
                area: self.area,
                device: self.device,
                seq,
                officer: self.officer,
                at_ms: NOW,
                hlc: Hlc::new(NOW.as_ms(), u32::try_from(index).unwrap()),
                parents: if index == 1 { parents } else { Vec::new() },
                fields,
                erased: None,
            })
            .unwrap()
        };
        bodies.into_iter().enumerate().map(entry).collect()
    }

    /// A push of these bodies, signed.
    pub(super) fn pushes<'a>(
        &self,
        epoch: EpochId,
        bodies: impl IntoIterator<Item = &'a [u8]>,
    ) -> (PushHeader, Vec<&'a [u8]>) {
        let bodies: Vec<&[u8]> = bodies.into_iter().collect();
        let link = (1..)
            .zip(&bodies)
            .fold(genesis(self.device), |link, (seq, body)| chain(self.device, seq, link, Hash::of(body)));
        let checkpoint = Checkpoint::sign(&self.key, self.device, bodies.len() as u64, link);
        (PushHeader { epoch, from: 1, checkpoint }, bodies)
    }
}

pub(super) fn targets() -> Vec<Target> {
    let author = Author::new(1);
    let entries = author.writes();
    let world = &author.world;
    let (epoch, station, root) = (EpochId::new(world), StationId::new(world), AreaId::new(world));
    let mut targets = batches(&author, &entries, epoch);
    targets.push(receipt(&author, station, epoch));
    targets.push(checkpoint(&author));
    targets.push(entry(&entries));
    targets.push(invite());

    let mut digest = Digest::default();
    entries.iter().for_each(|entry| digest.add(entry.body_hash));
    let scopes = vec![ScopeDigest { area: root, digest }, ScopeDigest { area: author.area, digest: Digest::default() }];
    let challenge = Hash::of(b"challenge");
    let signature = author.key.sign(&login_message(author.device, challenge));
    let name = Names { zh: "派出所".to_owned(), mong: "ᠠᠶᠢᠯ".to_owned(), cyrl: String::new() };
    let key = author.key.verifying_key();
    let verdicts = [Verdict::Stored(7), Verdict::Duplicate(8), Verdict::Refused(ailchin_core::error::Code::OutOfScope)];
    let items = (1..).zip(verdicts).map(|(seq, verdict)| PushItem { seq, verdict, filed: None }).collect();
    targets.extend([
        message("json enrol request", &EnrolRequest { token: "t".repeat(48), device: author.device, key }),
        message(
            "json enrolled",
            &Enrolled {
                station,
                station_name: name.clone(),
                root,
                station_key: key,
                officer: author.officer,
                officer_name: name,
                scopes: vec![root, author.area],
            },
        ),
        message("json login request", &LoginRequest { device: author.device }),
        message("json challenge", &Challenge { challenge }),
        message("json login proof", &LoginProof { device: author.device, challenge, signature }),
        message(
            "json session",
            &Session {
                token: "t".repeat(48),
                expires_in_s: 43_200,
                scopes: vec![root],
                sealing: Some(Sealing::sign(&author.key, station, "age1…".to_owned())),
            },
        ),
        message("json state query", &StateQuery { after: 7, receipt: None }),
        message(
            "json state answer",
            &StateAnswer {
                epoch,
                at_ms: NOW,
                seq: 5,
                chain: Hash::of(b"chain"),
                position: 9,
                rolled_back: false,
                pack: Some(PackNotice { hash: Hash::of(b"pack"), size_bytes: 5 }),
                held: digest,
            },
        ),
        message("json push answer", &PushAnswer { seq: 3, items }),
        message(
            "json receipt request",
            &ReceiptRequest { epoch, position: 9, scopes: scopes.clone(), blobs: Vec::new() },
        ),
        message("json refusal", &ErrorBody { scopes, ..ErrorBody::from(ailchin_core::error::Code::DigestMismatch) }),
        message(
            "json refusal of a version",
            &ErrorBody {
                protocols: Some(Apart { tablet: Versions::only(1), station: Versions::only(7) }),
                ..ErrorBody::from(ailchin_core::error::Code::ProtocolUnknown)
            },
        ),
        Target::new("protocol versions", vec![b"1".to_vec(), b"2-31".to_vec()], |bytes| {
            let Ok(read) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| Versions::read(text).map_err(drop))
            else {
                return false;
            };
            assert_eq!(Versions::read(&read.to_string()), Ok(read));
            true
        }),
        message("json pull end", &PullEnd { end: 9, more: true, left: 3 }),
    ]);
    targets
}

/// Reads, writes, reads: the same.
pub(super) fn message<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    name: &'static str,
    example: &T,
) -> Target {
    Target::new(name, vec![serde_json::to_vec(example).unwrap()], |bytes| {
        let Ok(read) = serde_json::from_slice::<T>(bytes) else { return false };
        let again: T = serde_json::from_slice(&serde_json::to_vec(&read).unwrap()).unwrap();
        assert_eq!(read, again);
        true
    })
}

fn batches(author: &Author, entries: &[Entry], epoch: EpochId) -> Vec<Target> {
    let lines: Vec<String> =
        (1..).zip(entries).map(|(at, entry)| format!("{{\"at\":{at},\"rev\":{}}}", entry.body)).collect();
    let end = write_line(&PullEnd { end: 9, more: false, left: 0 }).unwrap();
    let pull = write_batch(lines.iter().map(String::as_str).chain([end.as_str()])).unwrap();
    let empty = write_batch([end.as_str()]).unwrap();
    let (header, bodies) = author.pushes(epoch, entries.iter().map(|entry| entry.body.as_bytes()));
    let header = write_line(&header).unwrap();
    let bodies = bodies.into_iter().map(|body| std::str::from_utf8(body).unwrap());
    let push = write_batch(std::iter::once(header.as_str()).chain(bodies)).unwrap();
    vec![
        Target::new("pull", vec![pull.clone(), empty], |bytes| {
            let Ok(read) = read_batch(bytes) else { return false };
            let lines = read.entries().map(|(at, entry)| format!("{{\"at\":{at},\"rev\":{}}}", entry.body));
            let lines: Vec<String> = lines.chain([write_line(&read.end).unwrap()]).collect();
            let again = read_batch(&write_batch(lines.iter().map(String::as_str)).unwrap()).unwrap();
            assert_eq!(read, again);
            true
        })
        .packed(),
        Target::new("lines", vec![pull, push.clone()], |bytes| {
            let Ok(read) = read_lines(bytes) else { return false };
            let again = read_lines(&write_batch(read.iter().map(String::as_str)).unwrap()).unwrap();
            assert_eq!(read, again);
            true
        })
        .packed(),
        Target::new("push", vec![push], |bytes| {
            let Ok(read) = Push::unpack(bytes) else { return false };
            let mut lines = write_line(&read.header).unwrap().into_bytes();
            read.bodies().for_each(|body| lines.extend([b"\n", body].concat()));
            lines.push(b'\n');
            let again = Push::unpack(&zstd::encode_all(lines.as_slice(), 1).unwrap()).unwrap();
            assert_eq!(read.header, again.header);
            assert!(read.bodies().eq(again.bodies()));
            true
        })
        .packed(),
    ]
}

/// Only what the station signed is a receipt.
fn receipt(author: &Author, station: StationId, epoch: EpochId) -> Target {
    let scope = ScopeDigest { area: author.area, digest: Digest::default() };
    let body = ReceiptBody {
        id: ReceiptId::new(&author.world),
        station,
        device: author.device,
        epoch,
        at_ms: NOW,
        position: 9,
        own_seq: 5,
        own_stored: 4,
        own_refused: 1,
        blobs_named: 2,
        blobs_stored: 2,
        blobs_digest: None,
        blobs_missing: Vec::new(),
        blobs_asked_stored: Vec::new(),
        blobs_asked_erased: Vec::new(),
        scopes: vec![scope],
    };
    let key = author.key.verifying_key();
    let receipt = Receipt::sign(&author.key, &body).unwrap();
    Target::new("receipt", vec![serde_json::to_vec(&receipt).unwrap()], move |bytes| {
        let Ok(read) = serde_json::from_slice::<Receipt>(bytes) else { return false };
        let Ok(said) = read.read(&key) else { return false };
        assert_eq!((said, read.body), (body.clone(), receipt.body.clone()));
        true
    })
}

/// Only what the device signed is its checkpoint.
fn checkpoint(author: &Author) -> Target {
    let key = author.key.verifying_key();
    let signed = Checkpoint::sign(&author.key, author.device, 5, Hash::of(b"head"));
    Target::new("checkpoint", vec![serde_json::to_vec(&signed).unwrap()], move |bytes| {
        let Ok(read) = serde_json::from_slice::<Checkpoint>(bytes) else { return false };
        if read.verify(&key).is_err() {
            return false;
        }
        assert_eq!(read, signed);
        true
    })
}

/// A revision keeps the bytes it came as, and can be folded.
fn entry(entries: &[Entry]) -> Target {
    let tombstones = entries.iter().map(|entry| entry.erase().body);
    let examples = entries.iter().map(|entry| entry.body.clone()).chain(tombstones).map(String::into_bytes).collect();
    Target::new("revision", examples, |bytes| {
        let Ok(text) = String::from_utf8(bytes.to_vec()) else { return false };
        let Ok(read) = Entry::read(text.clone()) else { return false };
        assert_eq!((&read.body, read.body_hash), (&text, body_hash(bytes)));
        assert_eq!(read.erase().erase(), read.erase());
        assert_eq!(read.erase().body_hash, read.body_hash);
        let _ = ailchin_core::record::check_fields(&read.revision.kind, &read.revision.fields);
        let state = ailchin_core::record::fold([&read.revision, &read.revision]).unwrap();
        assert_eq!(state.heads, [read.revision.id]);
        let again = Entry::write(read.revision.clone()).unwrap();
        assert_eq!(again.revision, Entry::read(again.body).unwrap().revision);
        true
    })
}

fn invite() -> Target {
    let invites = [
        Invite {
            address: "https://192.0.2.10:8443".to_owned(),
            fingerprint: Some("5a".repeat(32)),
            token: "t".repeat(48),
        },
        Invite { address: "http://127.0.0.1:8080".to_owned(), fingerprint: None, token: "u".repeat(48) },
    ];
    Target::new("invite", invites.iter().map(|invite| invite.to_text().into_bytes()).collect(), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let Ok(read) = Invite::read(text) else { return false };
        assert_eq!(Invite::read(&read.to_text()), Ok(read));
        true
    })
}
