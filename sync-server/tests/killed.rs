//! A station whose process is killed while photos arrive: what was acknowledged is there, and the upload goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use ailchin_core::hash::Hash;
use ailchin_core::sync::{Challenge, LoginRequest, Session};
use ailchin_server::blobs::Blobs;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;

use kit::{Station, Tablet, client, prove, read};

/// A station in a process of its own; killed when it is dropped.
struct Process {
    child: Child,
    address: String,
    client: Client,
    token: String,
}

impl Process {
    fn start(station: &Station, tablet: &Tablet) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ailchin-server"));
        command.arg("--data").arg(station.folder.path()).args(["serve", "--addr", "127.0.0.1:0", "--http"]);
        command.env("AILCHIN_SERVER_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let address = said["listening"].as_str().unwrap().to_owned();
        let client = client();
        let say = |path: &str| client.post(format!("{address}{path}"));
        let asked = say("/v1/login").json(&LoginRequest { device: tablet.device }).send().unwrap();
        let proof = prove(tablet, read::<Challenge>(asked).challenge);
        let token = read::<Session>(say("/v1/login/proof").json(&proof).send().unwrap()).token;
        Self { child, address, client, token }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.address));
        request.header("tus-resumable", "1.0.0").bearer_auth(&self.token)
    }

    fn stands(&self, at: &str) -> u64 {
        let answer = self.ask(Method::HEAD, at).send().unwrap();
        answer.headers().get("upload-offset").unwrap().to_str().unwrap().parse().unwrap()
    }

    /// Sends bytes, of which more were announced, and does not wait for an answer.
    fn hangs(&self, at: &str, offset: u64, announced: usize, bytes: &[u8]) -> TcpStream {
        let mut wire = TcpStream::connect(self.address.rsplit('/').next().unwrap()).unwrap();
        let head = format!(
            "PATCH {at} HTTP/1.1\r\nHost: station\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
             Upload-Offset: {offset}\r\nContent-Length: {announced}\r\nContent-Type: application/offset+octet-stream\r\n\r\n",
            self.token
        );
        wire.write_all(head.as_bytes()).unwrap();
        // The station may be gone before all is sent; that is what is tried.
        let _ = wire.write_all(bytes);
        wire
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_station_killed_again_and_again_keeps_what_it_acknowledged_and_the_upload_goes_on() {
    let station = Station::new(61);
    let tablet = station.tablet(0);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend((0..4_000_000_u32).flat_map(|n| [(n.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]]));
    let hash = Hash::of(&bytes);
    let at = format!("/v1/uploads/{hash}");
    let encoded = |text: &str| STANDARD.encode(text);
    let metadata = format!("blake3 {},media_type {}", encoded(&hash.to_string()), encoded("image/png"));
    let begin = |process: &Process| {
        let request = process.ask(Method::POST, "/v1/uploads").header("upload-length", bytes.len());
        assert_eq!(request.header("upload-metadata", &metadata).send().unwrap().status(), 201);
    };
    begin(&Process::start(&station, &tablet));
    let mut acknowledged = 0;
    for round in 0.. {
        let process = Process::start(&station, &tablet);
        let stands = process.stands(&at);
        assert!(stands >= acknowledged, "{stands} of {acknowledged} acknowledged bytes are there");
        let from = usize::try_from(stands).unwrap();
        if from == bytes.len() {
            break;
        }
        // A part that is acknowledged, then one in whose middle the power fails.
        let to = bytes.len().min(from + 300_000);
        let request = process.ask(Method::PATCH, &at).header("upload-offset", stands);
        let request = request.header("content-type", "application/offset+octet-stream").body(bytes[from..to].to_vec());
        let answer = request.send().unwrap();
        assert_eq!(answer.status(), 204);
        acknowledged = answer.headers().get("upload-offset").unwrap().to_str().unwrap().parse().unwrap();
        assert_eq!(acknowledged, to as u64);
        let more = bytes.len().min(to + 100_000 * (round % 15));
        let hanging = (to < bytes.len()).then(|| process.hangs(&at, to as u64, bytes.len() - to, &bytes[to..more]));
        drop(process);
        drop(hanging);
    }
    let kept = station.folder.path().join("blobs");
    assert_eq!(std::fs::read(kept.join(Blobs::path(hash))).unwrap(), bytes);
    assert!(station.store.has_blob(station.id, hash).unwrap());
}
