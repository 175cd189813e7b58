//! Blobs in an S3-compatible store: the same doors, several servers over one bucket, and a store that fails in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::sync::Arc;

use ailchin_core::hash::Hash;
use ailchin_core::sync::{Receipt, ReceiptBody, ReceiptRequest};
use ailchin_server::Config;
use ailchin_server::blobs::Blobs;
use ailchin_server::server::Server;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde_json::json;

use kit::bucket::{FakeS3, Fault};
use kit::{Doors, Station, client, read};

/// A server of the station over the bucket.
fn doors(station: &Station, bucket: &FakeS3) -> Doors {
    let config = Config::loopback(station.folder.path()).unwrap();
    let store = Arc::clone(&station.store);
    let running = Server::start_on(config, store, bucket.blobs(), station.world.clone()).unwrap();
    Doors { running, client: client() }
}

fn ask(doors: &Doors, token: &str, method: Method, path: &str) -> RequestBuilder {
    doors.client.request(method, doors.url(path)).header("tus-resumable", "1.0.0").bearer_auth(token)
}

fn begin(doors: &Doors, token: &str, bytes: &[u8]) -> RequestBuilder {
    let encoded = |text: &str| STANDARD.encode(text);
    let metadata = format!("blake3 {},media_type {}", encoded(&Hash::of(bytes).to_string()), encoded("image/png"));
    ask(doors, token, Method::POST, "/v1/uploads")
        .header("upload-length", bytes.len())
        .header("upload-metadata", metadata)
}

fn add(doors: &Doors, token: &str, at: &str, offset: u64, bytes: &[u8]) -> u16 {
    let rest = bytes[usize::try_from(offset).unwrap()..].to_vec();
    let request = ask(doors, token, Method::PATCH, at).header("upload-offset", offset);
    let request = request.header("content-type", "application/offset+octet-stream").body(rest);
    // A connection that ends early is what a client lives with; 0 is no status.
    request.send().map_or(0, |answer| answer.status().as_u16())
}

fn look(doors: &Doors, token: &str, at: &str) -> Option<u64> {
    let answer = ask(doors, token, Method::HEAD, at).send().ok()?;
    Some(answer.headers().get("upload-offset")?.to_str().unwrap().parse().unwrap())
}

fn picture(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend((bytes.len()..size).map(|n| u8::try_from(n * 7 % 251).unwrap()));
    bytes
}

fn at(bytes: &[u8]) -> String {
    format!("/v1/uploads/{}", Hash::of(bytes))
}

#[test]
fn what_one_server_began_another_goes_on_with() {
    let (station, bucket) = (Station::new(51), FakeS3::open());
    let (one, other) = (doors(&station, &bucket), doors(&station, &bucket));
    let token = one.login(&station.tablet(0));
    let bytes = picture(2_500_000);
    assert_eq!(begin(&one, &token, &bytes).send().unwrap().status(), 201);
    assert_eq!(add(&one, &token, &at(&bytes), 0, &bytes[..1_200_000]), 204);
    drop(one);
    assert_eq!(look(&other, &token, &at(&bytes)), Some(1_200_000));
    assert_eq!(add(&other, &token, &at(&bytes), 1_200_000, &bytes), 204);
    let name = Blobs::path(Hash::of(&bytes));
    assert_eq!(bucket.object(name.to_str().unwrap()).unwrap(), bytes);
    assert_eq!(bucket.names().len(), 1, "nothing of the upload is left");
}

#[test]
fn two_servers_that_get_the_same_bytes_at_once_keep_them_once() {
    let (station, bucket) = (Station::new(52), FakeS3::open());
    let servers = [doors(&station, &bucket), doors(&station, &bucket)];
    let token = servers[0].login(&station.tablet(0));
    let bytes = picture(3_000_000);
    begin(&servers[0], &token, &bytes).send().unwrap();
    std::thread::scope(|scope| {
        for server in &servers {
            let (token, bytes) = (&token, &bytes);
            scope.spawn(move || {
                loop {
                    match look(server, token, &at(bytes)) {
                        Some(offset) if offset == bytes.len() as u64 => return,
                        Some(offset) => {
                            add(server, token, &at(bytes), offset, bytes);
                        }
                        None => {}
                    }
                }
            });
        }
    });
    let name = Blobs::path(Hash::of(&bytes));
    assert_eq!(bucket.object(name.to_str().unwrap()).unwrap(), bytes);
}

#[test]
fn a_blob_whose_row_was_lost_is_found_again_in_the_bucket_once_its_bytes_are_verified() {
    let (station, bucket) = (Station::new(54), FakeS3::open());
    let mut tablet = station.tablet(0);
    let (kept, torn) = (picture(40_000), picture(50_000));
    for bytes in [&kept, &torn] {
        let mut draft = tablet.draft(&*station.world, station.gacha[0]);
        let blob =
            json!({ "blob": Hash::of(bytes), "name": "a.png", "size_bytes": bytes.len(), "media_type": "image/png" });
        draft.fields.insert("answer.photo".to_owned(), blob);
        tablet.write_revision(draft);
    }
    tablet.push(&station.store, 1).unwrap();
    // The bytes are in the bucket; the store that knew of them was put back.
    let alone = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let blobs = bucket.blobs();
    alone.block_on(blobs.keep(Hash::of(&kept), kept.clone().into())).unwrap();
    alone.block_on(blobs.keep(Hash::of(&torn), torn[..49_999].to_vec().into())).unwrap();

    let doors = doors(&station, &bucket);
    let token = doors.login(&tablet);
    let own: Vec<(u64, String)> = Vec::new();
    let position = station.next_position() - 1;
    let mut scopes = tablet.held(&station.store, &own, position);
    for scope in scopes.iter_mut().filter(|scope| scope.area == station.gacha[0]) {
        tablet.bodies.iter().for_each(|body| scope.digest.add(Hash::of(body.as_bytes())));
    }
    let request = ReceiptRequest { epoch: station.epoch, position, scopes, blobs: Vec::new() };
    let receipt: Receipt = read(doors.post("/v1/sync/receipt").bearer_auth(&token).json(&request).send().unwrap());
    let body: ReceiptBody = serde_json::from_str(&receipt.body).unwrap();
    assert_eq!((body.blobs_named, body.blobs_stored, body.blobs_missing), (2, 1, vec![Hash::of(&torn)]));

    let begun = begin(&doors, &token, &torn).send().unwrap();
    assert_eq!(begun.headers().get("upload-offset").unwrap(), "0", "torn bytes are not taken for the blob");
    assert_eq!(add(&doors, &token, &at(&torn), 0, &torn), 204);
    let name = Blobs::path(Hash::of(&torn));
    assert_eq!(bucket.object(name.to_str().unwrap()).unwrap(), torn);
}

#[test]
fn a_store_that_fails_at_any_request_of_an_upload_loses_and_spoils_nothing() {
    let faults = [[Fault::Refuses; 4], [Fault::LosesAnswer; 4]];
    for faults in faults {
        let mut failed = 0;
        for n in 0.. {
            let (station, bucket) = (Station::new(53), FakeS3::open());
            let doors = doors(&station, &bucket);
            let token = doors.login(&station.tablet(0));
            let bytes = picture(1_500_000);
            // The server itself looks for old uploads when it opens.
            let before = 1;
            bucket.fails(before + n, &faults);
            let mut refused = 0;
            let upload = || {
                if !begin(&doors, &token, &bytes).send().is_ok_and(|answer| answer.status() == 201) {
                    return false;
                }
                match look(&doors, &token, &at(&bytes)) {
                    Some(offset) if offset == bytes.len() as u64 => true,
                    Some(offset) => add(&doors, &token, &at(&bytes), offset, &bytes) == 204,
                    None => false,
                }
            };
            while !upload() {
                refused += 1;
                assert!(refused < 10, "after request {n}");
            }
            let name = Blobs::path(Hash::of(&bytes));
            assert_eq!(bucket.object(name.to_str().unwrap()).unwrap(), bytes, "after request {n}");
            if bucket.asked() < before + n {
                break;
            }
            failed += 1;
        }
        assert!(failed > 5, "an upload takes more than {failed} requests");
    }
}
