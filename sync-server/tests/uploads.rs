//! Uploads of blobs by tus 1.0.0, as any client may do them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use ailchin_core::hash::Hash;
use ailchin_core::sync::{PushAnswer, Receipt, ReceiptRequest, Verdict};
use ailchin_server::blobs::Blobs;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::blocking::{RequestBuilder, Response};
use serde_json::json;

use kit::{Doors, Station, packed_push, read, refused};

/// A tablet's hand on the doors of uploads.
struct Hand<'a> {
    doors: &'a Doors,
    token: String,
}

impl Hand<'_> {
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.doors.client.request(method, self.doors.url(path));
        request.header("tus-resumable", "1.0.0").bearer_auth(&self.token)
    }

    fn creation(&self, bytes: &[u8], media_type: &str) -> RequestBuilder {
        self.ask(Method::POST, "/v1/uploads")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata(Hash::of(bytes), media_type))
    }

    fn begins(&self, bytes: &[u8]) -> String {
        let answer = self.creation(bytes, "image/png").send().unwrap();
        assert_eq!((answer.status().as_u16(), said(&answer, "upload-offset")), (201, "0"));
        said(&answer, "location").to_owned()
    }

    fn patch(&self, at: &str, offset: u64, bytes: &[u8]) -> RequestBuilder {
        self.ask(Method::PATCH, at)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(bytes.to_vec())
    }

    fn adds(&self, at: &str, offset: u64, bytes: &[u8]) -> u64 {
        let answer = self.patch(at, offset, bytes).send().unwrap();
        assert_eq!(answer.status(), 204);
        said(&answer, "upload-offset").parse().unwrap()
    }

    /// What `HEAD` says: 200 and the offset, or another status.
    fn looks(&self, at: &str) -> (u16, Option<u64>) {
        let answer = self.ask(Method::HEAD, at).send().unwrap();
        let offset = answer.headers().get("upload-offset").map(|offset| offset.to_str().unwrap().parse().unwrap());
        (answer.status().as_u16(), offset)
    }

    fn has(&self, bytes: &[u8]) -> bool {
        let path = format!("/v1/blobs/{}", Hash::of(bytes));
        self.ask(Method::HEAD, &path).send().unwrap().status() == 200
    }
}

fn metadata(hash: Hash, media_type: &str) -> String {
    format!("blake3 {},media_type {}", STANDARD.encode(hash.to_string()), STANDARD.encode(media_type))
}

fn said<'a>(answer: &'a Response, header: &str) -> &'a str {
    answer.headers().get(header).unwrap_or_else(|| panic!("{header} is not said")).to_str().unwrap()
}

/// Something that begins as a PNG does.
fn picture(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend((bytes.len()..size).map(|n| u8::try_from(n * 7 % 251).unwrap()));
    bytes
}

fn hand<'a>(doors: &'a Doors, tablet: &kit::Tablet) -> Hand<'a> {
    Hand { doors, token: doors.login(tablet) }
}

#[test]
fn anybody_is_told_what_is_spoken_and_another_version_is_refused() {
    let station = Station::new(31);
    let doors = Doors::open(&station);
    let answer = doors.client.request(Method::OPTIONS, doors.url("/v1/uploads")).send().unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!((said(&answer, "tus-version"), said(&answer, "tus-resumable")), ("1.0.0", "1.0.0"));
    assert_eq!(said(&answer, "tus-extension"), "creation,creation-with-upload,checksum,expiration,termination");
    assert_eq!(said(&answer, "tus-checksum-algorithm"), "sha1,sha256,blake3");
    assert_eq!(said(&answer, "tus-max-size"), (8 * 1024 * 1024).to_string());

    let hand = hand(&doors, &station.tablet(0));
    let older = hand.doors.post("/v1/uploads").bearer_auth(&hand.token).header("tus-resumable", "0.2.2");
    let answer = older.send().unwrap();
    assert_eq!((answer.status().as_u16(), said(&answer, "tus-version")), (412, "1.0.0"));
    let stranger = Hand { doors: &doors, token: "nobody".to_owned() };
    assert_eq!(refused(stranger.creation(&picture(20), "image/png").send().unwrap()).0, 401);
}

#[test]
fn a_blob_comes_in_parts_counts_when_it_is_whole_and_comes_once() {
    let station = Station::new(32);
    let doors = Doors::open(&station);
    let mut tablet = station.tablet(1);
    let hand = hand(&doors, &tablet);
    let bytes = picture(3_000);
    let hash = Hash::of(&bytes);

    let mut visit = tablet.draft(&*station.world, station.gacha[0]);
    let named = json!({ "blob": hash, "size_bytes": bytes.len(), "media_type": "image/png" });
    visit.fields.insert("answer.photo".to_owned(), named);
    tablet.write_revision(visit);
    let push = doors.post("/v1/sync/push").bearer_auth(&hand.token).body(packed_push(&tablet, 1));
    let answer: PushAnswer = read(push.send().unwrap());
    let Verdict::Stored(position) = answer.items[0].verdict else { panic!("{answer:?}") };
    let own = [(position, tablet.bodies[0].clone())];
    let scopes = tablet.held(&station.store, &own, position);
    let request = ReceiptRequest { epoch: station.epoch, position, scopes, blobs: Vec::new() };
    let counted = || {
        let ask = doors.post("/v1/sync/receipt").bearer_auth(&hand.token).json(&request);
        let body = read::<Receipt>(ask.send().unwrap()).read(&tablet.enrolled.as_ref().unwrap().station_key).unwrap();
        (body.blobs_named, body.blobs_stored)
    };
    assert_eq!((hand.has(&bytes), counted()), (false, (1, 0)));

    let at = hand.begins(&bytes);
    assert_eq!(at, format!("/v1/uploads/{hash}"));
    assert_eq!(hand.adds(&at, 0, &bytes[..1_000]), 1_000);
    assert_eq!(hand.looks(&at), (200, Some(1_000)));
    assert_eq!(refused(hand.patch(&at, 999, &bytes[999..]).send().unwrap()), (409, "offset_wrong".to_owned()));
    let answer = hand.creation(&bytes, "image/png").send().unwrap();
    assert_eq!((said(&answer, "location"), said(&answer, "upload-offset")), (at.as_str(), "1000"), "begun before");
    assert!(said(&answer, "upload-expires").ends_with("GMT"));
    assert_eq!((hand.has(&bytes), counted()), (false, (1, 0)));
    assert_eq!(hand.adds(&at, 1_000, &bytes[1_000..]), 3_000);
    assert_eq!((hand.has(&bytes), counted()), (true, (1, 1)));

    let kept = station.folder.path().join("blobs");
    assert_eq!(std::fs::read(kept.join(Blobs::path(hash))).unwrap(), bytes);
    assert!(!kept.join("uploads").exists(), "nothing of the upload is left");
    assert_eq!(hand.looks(&at), (200, Some(3_000)), "whoever did not hear that it is whole hears it now");
    assert_eq!(refused(hand.patch(&at, 0, &bytes).send().unwrap()), (409, "offset_wrong".to_owned()));

    let other = self::hand(&doors, &station.tablet(0));
    let answer = other.creation(&bytes, "image/png").send().unwrap();
    assert_eq!(
        (answer.status().as_u16(), said(&answer, "upload-offset")),
        (201, "3000"),
        "another tablet need not send"
    );
    assert_eq!(counted(), (1, 1));
}

#[test]
fn a_small_blob_comes_with_its_creation() {
    let station = Station::new(33);
    let doors = Doors::open(&station);
    let hand = hand(&doors, &station.tablet(0));
    let bytes = picture(700);
    let creation = || hand.creation(&bytes, "image/png").header("content-type", "application/offset+octet-stream");
    let answer = creation().body(bytes[..500].to_vec()).send().unwrap();
    assert_eq!((answer.status().as_u16(), said(&answer, "upload-offset")), (201, "500"), "a part of it may come first");
    assert_eq!(hand.adds(said(&answer, "location"), 500, &bytes[500..]), 700);
    assert!(hand.has(&bytes));

    let bytes = picture(800);
    let creation = hand.creation(&bytes, "image/png").header("content-type", "application/offset+octet-stream");
    assert_eq!(said(&creation.body(bytes.clone()).send().unwrap(), "upload-offset"), "800");
    assert!(hand.has(&bytes));
}

#[test]
fn what_is_not_what_was_named_is_refused_and_may_begin_anew() {
    let station = Station::new(34);
    let doors = Doors::open(&station);
    let hand = hand(&doors, &station.tablet(0));
    let bytes = picture(300);
    let mut others = bytes.clone();
    others[200] ^= 1;
    let at = hand.begins(&bytes);
    assert_eq!(hand.adds(&at, 0, &others[..299]), 299);
    assert_eq!(refused(hand.patch(&at, 299, &others[299..]).send().unwrap()), (422, "blob_wrong".to_owned()));
    assert_eq!((hand.looks(&at), hand.has(&bytes)), ((404, None), false));
    assert_eq!(refused(hand.patch(&at, 0, &bytes).send().unwrap()), (404, "not_found".to_owned()));
    assert_eq!(hand.begins(&bytes), at);
    assert_eq!(hand.adds(&at, 0, &bytes), 300);
    assert!(hand.has(&bytes));

    let text = b"<html>not a picture".to_vec();
    let at = hand.begins(&text);
    assert_eq!(refused(hand.patch(&at, 0, &text).send().unwrap()), (422, "blob_wrong".to_owned()));
    assert!(!hand.has(&text));
    assert_eq!(refused(hand.creation(&text, "text/html").send().unwrap()), (400, "malformed".to_owned()));
    let large = hand
        .ask(Method::POST, "/v1/uploads")
        .header("upload-length", 8 * 1024 * 1024 + 1)
        .header("upload-metadata", metadata(Hash::of(&bytes), "image/png"));
    assert_eq!(refused(large.send().unwrap()), (413, "too_large".to_owned()));
    let at = hand.begins(&picture(50));
    assert_eq!(refused(hand.patch(&at, 0, &picture(51)).send().unwrap()), (413, "too_large".to_owned()));
    let form = hand.ask(Method::PATCH, &at).header("upload-offset", 0).header("content-type", "image/png");
    assert_eq!(refused(form.body("x").send().unwrap()), (415, "malformed".to_owned()));
}

#[test]
fn bytes_that_do_not_have_their_checksum_are_dropped_and_the_upload_stays() {
    let station = Station::new(35);
    let doors = Doors::open(&station);
    let hand = hand(&doors, &station.tablet(0));
    let bytes = picture(2_000_000);
    let at = hand.begins(&bytes);
    assert_eq!(hand.adds(&at, 0, &bytes[..10]), 10);
    let sum = |bytes: &[u8]| format!("blake3 {}", STANDARD.encode(Hash::of(bytes).as_bytes()));
    let wrong = hand.patch(&at, 10, &bytes[10..]).header("upload-checksum", sum(&bytes));
    assert_eq!(refused(wrong.send().unwrap()), (460, "blob_wrong".to_owned()));
    assert_eq!(hand.looks(&at), (200, Some(10)));
    let unknown = hand.patch(&at, 10, &bytes[10..]).header("upload-checksum", "crc32 AAAA");
    assert_eq!(refused(unknown.send().unwrap()), (400, "malformed".to_owned()));
    let right = hand.patch(&at, 10, &bytes[10..]).header("upload-checksum", sum(&bytes[10..]));
    assert_eq!(right.send().unwrap().status(), 204);
    assert!(hand.has(&bytes));
}

#[test]
fn an_upload_is_given_up_by_its_device_or_by_time() {
    let station = Station::new(36);
    let doors = Doors::open(&station);
    let tablet = station.tablet(0);
    let hand = hand(&doors, &tablet);
    let other = self::hand(&doors, &station.tablet(1));
    let bytes = picture(400);
    let at = hand.begins(&bytes);
    hand.adds(&at, 0, &bytes[..100]);
    assert_eq!(other.looks(&at), (404, None), "an upload is its device's own");
    assert_eq!(other.ask(Method::DELETE, &at).send().unwrap().status(), 404);
    assert_eq!(hand.ask(Method::DELETE, &at).send().unwrap().status(), 204);
    assert_eq!(hand.looks(&at), (404, None));

    let at = hand.begins(&bytes);
    hand.adds(&at, 0, &bytes[..100]);
    let week_ms = 7 * 24 * 60 * 60 * 1_000;
    station.world.advance_ms(week_ms);
    let hand = Hand { doors: &doors, token: doors.login(&tablet) };
    assert_eq!(hand.looks(&at), (410, None));
    assert_eq!(refused(hand.patch(&at, 100, &bytes[100..]).send().unwrap()), (410, "not_found".to_owned()));
    assert_eq!(hand.begins(&bytes), at, "it may begin anew");
    assert_eq!(hand.adds(&at, 0, &bytes), 400);
    assert!(hand.has(&bytes));
}

#[test]
fn who_can_send_no_other_method_says_it_in_a_header() {
    let station = Station::new(37);
    let doors = Doors::open(&station);
    let hand = hand(&doors, &station.tablet(0));
    let bytes = picture(60);
    let at = hand.begins(&bytes);
    let patch = hand.ask(Method::POST, &at).header("x-http-method-override", "PATCH").header("upload-offset", 0);
    let patch = patch.header("content-type", "application/offset+octet-stream").body(bytes.clone());
    assert_eq!(patch.send().unwrap().status(), 204);
    assert!(hand.has(&bytes));
}

/// A connection of our own, to end it where we like.
struct Wire(TcpStream);

impl Wire {
    fn to(doors: &Doors) -> Self {
        Self(TcpStream::connect(doors.running.address().rsplit('/').next().unwrap()).unwrap())
    }

    fn patch(&mut self, hand: &Hand<'_>, at: &str, offset: usize, length: usize) {
        let head = format!(
            "PATCH {at} HTTP/1.1\r\nHost: station\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
             Upload-Offset: {offset}\r\nContent-Length: {length}\r\nContent-Type: application/offset+octet-stream\r\n\r\n",
            hand.token
        );
        self.0.write_all(head.as_bytes()).unwrap();
    }
}

#[test]
fn bytes_are_kept_up_to_the_one_at_which_the_connection_ended() {
    let station = Station::new(38);
    let doors = Doors::open(&station);
    let hand = hand(&doors, &station.tablet(0));
    for cut in 0..40 {
        let bytes = picture(40 + cut);
        let at = hand.begins(&bytes);
        let mut wire = Wire::to(&doors);
        wire.patch(&hand, &at, 0, bytes.len());
        wire.0.write_all(&bytes[..cut]).unwrap();
        wire.0.shutdown(Shutdown::Write).unwrap();
        // The station has noticed when it ends its side.
        wire.0.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(hand.looks(&at), (200, Some(cut as u64)));
        assert_eq!(hand.adds(&at, cut as u64, &bytes[cut..]), bytes.len() as u64);
        assert!(hand.has(&bytes));
    }
}

#[test]
fn a_connection_that_hangs_gives_way_to_the_next_request_and_its_bytes_are_kept() {
    let station = Station::new(39);
    let doors = Doors::open(&station);
    let hand = hand(&doors, &station.tablet(0));
    let bytes = picture(5_000);
    let at = hand.begins(&bytes);
    let mut hanging = Wire::to(&doors);
    hanging.patch(&hand, &at, 0, bytes.len());
    hanging.0.write_all(&bytes[..1_234]).unwrap();
    // How many of these bytes have come when it asks cannot be known; if more come, it is told so and asks once more.
    let sends = || {
        let (status, offset) = hand.looks(&at);
        let offset = offset.unwrap();
        assert!(status == 200 && offset <= 1_234);
        hand.patch(&at, offset, &bytes[usize::try_from(offset).unwrap()..]).send().unwrap().status().as_u16()
    };
    let first = sends();
    assert!(first == 204 || (first == 409 && sends() == 204), "{first}");
    assert!(hand.has(&bytes));
    let mut answer = [0; 12];
    hanging.0.read_exact(&mut answer).unwrap();
    // Or, if the station heard of it only when the blob was whole, that it is at another offset.
    assert!([b"HTTP/1.1 204", b"HTTP/1.1 409"].contains(&&answer), "it is told how far it came");
}

#[test]
fn of_two_that_bring_the_same_upload_nobody_spoils_it() {
    let station = Station::new(40);
    let doors = Doors::open(&station);
    let hand = hand(&doors, &station.tablet(0));
    let bytes = picture(3_000_000);
    let at = hand.begins(&bytes);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut offset = 0;
                loop {
                    let rest = &bytes[usize::try_from(offset).unwrap()..];
                    match hand.patch(&at, offset, rest).send() {
                        Ok(answer) if answer.status() == 204 => {
                            offset = said(&answer, "upload-offset").parse().unwrap();
                        }
                        Ok(_) | Err(_) => offset = hand.looks(&at).1.unwrap(),
                    }
                    if offset == bytes.len() as u64 {
                        return;
                    }
                }
            });
        }
    });
    assert!(hand.has(&bytes));
    let kept = station.folder.path().join("blobs").join(Blobs::path(Hash::of(&bytes)));
    assert_eq!(std::fs::read(kept).unwrap(), bytes);
}
