//! Another tablet on the same network, whose officer was taken in: once the wire stands it says whatever it likes.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use ailchin_core::hash::Hash;
use ailchin_core::ids::{BundleId, DeviceId};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::Target;
use crate::{Land, Station, Tablet};

/// A tablet keeps nothing of what no station can have written, and goes on as if nothing had been.
pub(super) fn targets() -> Vec<Target> {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    let (own, other) = (tablet.device(), DeviceId::from_bytes([7; 16]));
    let hello = json!({ "station": station.id, "device": other, "number": Hash::of(b"taker") });
    let file = vec![0x5a; 3_000];
    let name = format!("{own}-{}-answer-001.ailchin", BundleId::from_bytes([8; 16]));
    let offered = json!([{ "name": name, "bytes": file.len(), "hash": Hash::of(&file) }]);
    // Hello; yes; the giver's parts are wanted from the beginning, and came; no answers, or one that nobody can open.
    let said = [frame(&hello), frame(&json!(true)), frame(&json!([0])), frame(&json!(1))].concat();
    let without = [said.clone(), frame(&json!([]))].concat();
    let with = [said, frame(&offered), file].concat();
    let wire = Arc::new(serving());
    let log = Cell::new(tablet.log().len());
    vec![Target::new("another tablet's words", vec![without.clone(), without, with.clone()], move |bytes| {
        let _ = &station;
        ["outgoing", "incoming"].iter().for_each(|folder| drop(std::fs::remove_dir_all(tablet.folder().join(folder))));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = listener.local_addr().unwrap();
        let (wire, words) = (Arc::clone(&wire), bytes.to_vec());
        let other = thread::spawn(move || says(&listener.accept().unwrap().0, wire, &words));
        let met = tablet.meet_taker(there).and_then(|meeting| tablet.confirmed(meeting));
        other.join().unwrap();
        assert_eq!(tablet.log().len(), log.get());
        only_parts_are_in(&tablet.folder().join("incoming"), own);
        // An answer that nobody can open is refused after it came.
        met.is_ok() || bytes == with
    })]
}

/// A message as it goes over the wire.
fn frame(message: &Value) -> Vec<u8> {
    let json = serde_json::to_vec(message).unwrap();
    [u32::try_from(json.len()).unwrap().to_be_bytes().to_vec(), json].concat()
}

fn serving() -> ServerConfig {
    let made = rcgen::generate_simple_self_signed(["nearby".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap()
}

/// Says everything at once, and listens until the tablet has nothing more to say.
fn says(tcp: &TcpStream, wire: Arc<ServerConfig>, words: &[u8]) {
    let mut tls = StreamOwned::new(ServerConnection::new(wire).unwrap(), tcp);
    // The tablet may hang up before it has heard everything.
    if tls.write_all(words).is_ok() {
        tls.conn.send_close_notify();
        let _ = tls.flush();
        let _ = tls.read_to_end(&mut Vec::new());
    }
}

fn only_parts_are_in(folder: &Path, own: DeviceId) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(name.starts_with(&own.to_string()) && name.contains("-answer-"), "{name}");
    }
}
