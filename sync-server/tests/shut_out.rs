//! The doors of a tablet that was shut out: what they take, from whom, and that nothing of it comes into the log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::sync::Arc;

use ailchin_core::bundle::{Ask, Content, FORMAT, Frame, Head, PartWriter};
use ailchin_core::hash::Hash;
use ailchin_core::ids::{BundleId, DeviceId};
use ailchin_core::sync::{
    AcknowledgementBody, Admission, AdmissionRequest, LastParts, LastPartsAnswer, PART_SIGNATURE, part_message, to_hex,
};
use ailchin_server::Config;
use ailchin_server::blobs::Blobs;
use ailchin_server::bundle::Bundles;
use ailchin_server::server::Server;
use ed25519_dalek::{Signer as _, SigningKey};
use kit::bucket::FakeS3;
use kit::{Doors, Station, Tablet, client, packed_push, read, refused};

const BUNDLE: BundleId = BundleId::from_bytes([7; 16]);

/// A tablet with a revision that the station does not have, shut out, and its work in two parts.
struct ShutOut {
    station: Station,
    tablet: Tablet,
    parts: Vec<Vec<u8>>,
}

impl ShutOut {
    fn new(seed: u64) -> Self {
        let station = Station::new(seed);
        let mut tablet = station.tablet(0);
        tablet.write(&*station.world, station.gacha[0]);
        station.store.revoke(station.id, tablet.device, &*station.world).unwrap();
        let asked = AdmissionRequest { device: tablet.device, nonce: Hash::of(b"now") };
        let key = tablet.enrolled.as_ref().unwrap().station_key;
        let stated = station.store.admission(&asked, &*station.world).unwrap();
        let recipient = stated.read(&key, station.id, asked).unwrap().recipient;
        let push = Frame::Push(packed_push(&tablet, 1));
        let parts =
            [(1, Some(&push)), (2, None)].map(|(part, frame)| sealed(&station, &tablet, &recipient, part, frame));
        Self { station, tablet, parts: parts.to_vec() }
    }

    fn hashes(&self) -> Vec<Hash> {
        self.parts.iter().map(|part| Hash::of(part)).collect()
    }

    fn list(&self) -> LastParts {
        LastParts::sign(&self.tablet.key, self.station.id, self.tablet.device, BUNDLE, self.hashes())
    }

    fn put(&self, doors: &Doors, part: &[u8], signer: &SigningKey) -> reqwest::blocking::Response {
        let (device, hash) = (self.tablet.device, Hash::of(part));
        let signature = signer.sign(&part_message(self.station.id, device, hash));
        let request = doors.put(&format!("/v1/shut-out/{device}/{hash}"));
        request.header(PART_SIGNATURE, to_hex(&signature.to_bytes())).body(part.to_vec()).send().unwrap()
    }

    fn say(&self, doors: &Doors, list: &LastParts) -> reqwest::blocking::Response {
        doors.post(&format!("/v1/shut-out/{}", self.tablet.device)).json(list).send().unwrap()
    }
}

fn sealed(station: &Station, tablet: &Tablet, recipient: &str, part: u32, frame: Option<&Frame>) -> Vec<u8> {
    let content =
        Content::Ask(Ask { epoch: None, position: 0, first: 1, recipient: recipient.to_owned(), blobs: Vec::new() });
    let head = Head {
        format: FORMAT,
        station: station.id,
        device: tablet.device,
        bundle: BUNDLE,
        part,
        parts: 2,
        at_ms: kit::MORNING,
        content,
    };
    let mut writer = PartWriter::begin(Vec::new(), recipient, &head).unwrap();
    frame.into_iter().for_each(|frame| writer.add(frame).unwrap());
    writer.finish(&tablet.key).unwrap()
}

#[test]
fn parts_are_kept_sealed_and_all_of_them_are_acknowledged_once_none_is_missing() {
    let out = ShutOut::new(61);
    let doors = Doors::open(&out.station);
    let before = out.station.next_position();
    let answer: LastPartsAnswer = read(out.say(&doors, &out.list()));
    assert_eq!((answer.missing, answer.acknowledgement), (out.hashes(), None));
    for _ in 0..2 {
        assert_eq!(out.put(&doors, &out.parts[1], &out.tablet.key).status(), 204, "the same again is the same");
    }
    let answer: LastPartsAnswer = read(out.say(&doors, &out.list()));
    assert_eq!(answer.missing, out.hashes()[..1]);
    assert_eq!(out.station.next_position(), before, "nothing of it is in the log");
    assert_eq!(out.put(&doors, &out.parts[0], &out.tablet.key).status(), 204);
    let answer: LastPartsAnswer = read(out.say(&doors, &out.list()));
    let key = out.tablet.enrolled.as_ref().unwrap().station_key;
    let whose = (out.station.id, out.tablet.device);
    let stated: AcknowledgementBody =
        answer.acknowledgement.unwrap().read(&key, whose, (BUNDLE, &out.hashes())).unwrap();
    assert_eq!((stated.has.seq, out.station.next_position()), (0, before + 1), "that it is kept is noted");
    read::<LastPartsAnswer>(out.say(&doors, &out.list())).acknowledgement.unwrap();
    assert_eq!(out.station.next_position(), before + 1, "and once");
}

#[test]
fn whoever_is_not_the_device_or_is_let_in_hands_nothing_over() {
    let out = ShutOut::new(62);
    let doors = Doors::open(&out.station);
    let other = SigningKey::from_bytes(&[9; 32]);
    let wrong = |answer| refused(answer).1;
    assert_eq!(wrong(out.put(&doors, &out.parts[0], &other)), "device_unknown");
    let list = LastParts::sign(&other, out.station.id, out.tablet.device, BUNDLE, out.hashes());
    assert_eq!(wrong(out.say(&doors, &list)), "device_unknown");
    let empty = LastParts::sign(&out.tablet.key, out.station.id, out.tablet.device, BUNDLE, Vec::new());
    assert_eq!(wrong(out.say(&doors, &empty)), "malformed");
    // Its own signature, over what is no part of it.
    for bytes in [&b"anything"[..], &out.parts[0][..out.parts[0].len() - 9]] {
        let code = wrong(out.put(&doors, bytes, &out.tablet.key));
        assert!(code == "bundle_unreadable" || code == "bundle_elsewhere", "{code}");
    }
    let elsewhere = ShutOut::new(63);
    let code = wrong(out.put(&doors, &elsewhere.parts[0], &out.tablet.key));
    assert_eq!(code, "bundle_elsewhere");
    let (device, hash) = (out.tablet.device, Hash::of(b"other bytes"));
    let signature = out.tablet.key.sign(&part_message(out.station.id, device, hash));
    let request =
        doors.put(&format!("/v1/shut-out/{device}/{hash}")).header(PART_SIGNATURE, to_hex(&signature.to_bytes()));
    assert_eq!(wrong(request.body(out.parts[0].clone()).send().unwrap()), "blob_wrong");
    let unsigned = doors.put(&format!("/v1/shut-out/{device}/{hash}")).body("x").send().unwrap();
    assert_eq!(wrong(unsigned), "malformed");
    let nobody = AdmissionRequest { device: DeviceId::from_bytes([3; 16]), nonce: hash };
    assert_eq!(wrong(doors.post("/v1/shut-out").json(&nobody).send().unwrap()), "device_unknown");

    out.station.store.let_in_again(out.station.id, device, &*out.station.world).unwrap();
    assert_eq!(wrong(out.put(&doors, &out.parts[0], &out.tablet.key)), "already_enrolled");
    assert_eq!(wrong(out.say(&doors, &out.list())), "already_enrolled");
    let asked = AdmissionRequest { device, nonce: hash };
    let stated: Admission = doors.say("/v1/shut-out", &asked);
    let key = out.tablet.enrolled.as_ref().unwrap().station_key;
    assert_eq!(stated.read(&key, out.station.id, asked).unwrap().revoked, None);
    assert!(kept(&out.station, &Blobs::in_folder(&out.station.folder.path().join("blobs")).unwrap()).is_empty());
}

#[test]
fn over_a_bucket_one_server_keeps_what_another_acknowledges_and_a_damaged_part_is_asked_for_again() {
    let (out, bucket) = (ShutOut::new(64), FakeS3::open());
    let doors = || {
        let config = Config::loopback(out.station.folder.path()).unwrap();
        let (store, world) = (Arc::clone(&out.station.store), out.station.world.clone());
        Doors { running: Server::start_on(config, store, bucket.blobs(), world).unwrap(), client: client() }
    };
    let (one, other) = (doors(), doors());
    out.parts.iter().for_each(|part| assert_eq!(out.put(&one, part, &out.tablet.key).status(), 204));
    let damaged = bucket.names().into_iter().find(|name| name.contains(&out.hashes()[0].to_string())).unwrap();
    bucket.spoil(&damaged);
    let answer: LastPartsAnswer = read(out.say(&other, &out.list()));
    assert_eq!(answer.missing, out.hashes()[..1]);
    assert_eq!(out.put(&other, &out.parts[0], &out.tablet.key).status(), 204);
    read::<LastPartsAnswer>(out.say(&other, &out.list())).acknowledgement.unwrap();

    // Decided about, it is still acknowledged: the tablet may not have heard of it.
    let blobs = bucket.blobs();
    assert_eq!(kept(&out.station, &blobs), [true]);
    let bundles = Bundles { store: &out.station.store, blobs: &blobs, world: &*out.station.world };
    let of = bundles.kept(out.station.id).unwrap()[0].of;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(bundles.take_in(of, folder.path()).unwrap().stored, 1);
    assert_eq!(bundles.discard(of).unwrap(), 2);
    read::<LastPartsAnswer>(out.say(&one, &out.list())).acknowledgement.unwrap();
}

/// Of what is kept, whether it was acknowledged.
fn kept(station: &Station, blobs: &Blobs) -> Vec<bool> {
    let bundles = Bundles { store: &station.store, blobs, world: &*station.world };
    bundles.kept(station.id).unwrap().iter().map(|kept| kept.acknowledged).collect()
}
