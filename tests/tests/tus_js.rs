//! A client that we did not write, `tus-js-client`, uploads to the station; it is interrupted, and goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ailchin_core::hash::Hash;
use ailchin_tests::programs::Process;
use ailchin_tests::{Dice, FaultProxy, Land, Station, Tablet, Way};
use serde_json::{Value, json};

/// A station, a wire to it that breaks, and a picture to be brought by a client of a tablet's rights.
struct Scene {
    station: Station,
    wire: Arc<FaultProxy>,
    token: String,
    picture: Vec<u8>,
    folder: tempfile::TempDir,
}

impl Scene {
    fn with(size: usize) -> Self {
        let station = Station::here(Land::default());
        let wire = Arc::new(FaultProxy::to(&station.address()));
        let tablet = Tablet::enrolled(1, &station.invite(0));
        let token = tablet.with(|replica, _, _| Ok(replica.token()?)).unwrap().unwrap();
        let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut dice = Dice::new(1);
        picture.resize_with(size, || u8::try_from(dice.below(256)).unwrap());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("picture.png"), &picture).unwrap();
        Self { station, wire, token, picture, folder }
    }

    fn hash(&self) -> Hash {
        Hash::of(&self.picture)
    }

    /// Runs the client to its end: how it ended, and the requests that were answered.
    fn uploads(&self, more: &Value) -> (String, Vec<String>) {
        let mut asked = json!({
            "endpoint": self.wire.address(), "token": self.token, "hash": self.hash(), "type": "image/png",
            "file": self.folder.path().join("picture.png"), "urls": self.folder.path().join("urls.json"),
        });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let client = client();
        let mut command = Command::new("node");
        command.current_dir(client.parent().unwrap()).arg(&client).arg(asked.to_string());
        let errors = self.folder.path().join("errors.log");
        let (code, printed) = Process::begin(&mut command, &errors).wait();
        let errors = std::fs::read_to_string(errors).unwrap();
        assert_eq!(code, Some(0), "{errors}");
        let said: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}{errors}"));
        (said["ended"].as_str().unwrap().to_owned(), serde_json::from_value(said["requests"].clone()).unwrap())
    }
}

fn client() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tus-js");
    assert!(folder.join("node_modules/tus-js-client").exists(), "`make setup` installs what this test needs");
    folder.join("upload.js")
}

fn done(answered: &[&str]) -> (String, Vec<String>) {
    ("done".to_owned(), answered.iter().map(ToString::to_string).collect())
}

#[test]
fn a_foreign_client_uploads_in_each_of_its_ways() {
    let ways = [
        (json!({}), vec!["POST 201", "PATCH 204"]),
        (json!({ "chunk": 20_000 }), vec!["POST 201", "PATCH 204", "PATCH 204", "PATCH 204"]),
        (json!({ "withCreation": true }), vec!["POST 201"]),
        (json!({ "override": true }), vec!["POST 201", "POST 204"]),
    ];
    for (way, answered) in ways {
        let scene = Scene::with(50_000);
        assert_eq!(scene.uploads(&way), done(&answered));
        assert!(scene.station.holds(scene.hash()));
        assert_eq!(scene.station.blobs(), 1);
    }
}

#[test]
fn a_foreign_client_that_brings_what_is_here_sends_no_bytes_twice() {
    let scene = Scene::with(50_000);
    scene.uploads(&json!({ "withCreation": true }));
    let (ended, answered) = scene.uploads(&json!({}));
    // It knows nothing of blobs that are here: it offers the bytes, is told where it stands, and is content.
    assert_eq!((ended.as_str(), answered), ("done", vec!["POST 201".into(), "PATCH 409".into(), "HEAD 200".into()]));
    assert_eq!(scene.station.blobs(), 1);
}

#[test]
fn a_foreign_client_that_was_ended_goes_on_from_the_address_it_remembers() {
    let scene = Scene::with(4_000_000);
    let (ended, _) = scene.uploads(&json!({ "chunk": 500_000, "abortAt": 1_500_000 }));
    assert_eq!(ended, "aborted");
    assert!(!scene.station.holds(scene.hash()));
    scene.wire.mend();
    assert_eq!(scene.uploads(&json!({})), done(&["HEAD 200", "PATCH 204"]));
    let again = scene.wire.passed().up;
    assert!(again < 2_600_000, "{again} bytes were sent the second time");
    assert!(scene.station.holds(scene.hash()));
}

#[test]
fn a_foreign_client_that_gives_up_leaves_nothing_behind() {
    let scene = Scene::with(4_000_000);
    let (ended, answered) = scene.uploads(&json!({ "chunk": 500_000, "abortAt": 1_500_000, "terminate": true }));
    assert_eq!(ended, "aborted");
    assert_eq!(answered.last().unwrap(), "DELETE 204");
    assert!(!scene.station.folder().join("blobs/uploads").exists());
}

#[test]
fn a_foreign_client_on_a_wire_that_breaks_again_and_again_brings_the_whole() {
    for way in [Way::Up, Way::Down] {
        let scene = Scene::with(1_000_000);
        // To the tablet go a few hundred bytes an answer.
        let bytes = if way == Way::Up { 90_000 } else { 150 };
        break_every(&scene.wire, way, bytes, 8);
        let (ended, _) = scene.uploads(&json!({ "chunk": 250_000 }));
        assert_eq!(ended, "done");
        assert!(scene.station.holds(scene.hash()));
        assert_eq!(scene.station.blobs(), 1);
    }
}

/// Breaks all connections whenever so many bytes have gone one way; new ones are taken at once.
fn break_every(wire: &Arc<FaultProxy>, way: Way, bytes: u64, times: u32) {
    let again = Arc::clone(wire);
    wire.when_passed(way, bytes, move || match times {
        0 => again.mend(),
        _ => break_every(&again, way, bytes, times - 1),
    });
}
