//! The program itself: what scripts and operators rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, RecordId};
use ailchin_core::record::Kind;
use ailchin_core::sync::{EnrolRequest, Enrolled, Invite};
use ailchin_core::time::Instant;
use ailchin_core::world::{Seeded, World as _};
use ailchin_server::blobs::Blobs;
use ailchin_server::store::{ConsoleChange, Store};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ailchin-server"));
    command.arg("--json").arg("--data").arg(folder.join("station")).stdin(Stdio::null());
    command
}

fn run(folder: &Path, words: &[&str]) -> Output {
    command(folder).args(words).output().unwrap()
}

/// The one JSON answer of a command that was done.
fn answer(folder: &Path, words: &[&str]) -> Value {
    let output = run(folder, words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|cause| panic!("{words:?}: {cause}"))
}

fn exit(folder: &Path, words: &[&str]) -> i32 {
    run(folder, words).status.code().unwrap()
}

fn make_station(folder: &Path) {
    answer(folder, &["station", "create", "--name", "试验派出所", "--area", "试验苏木", "--area-code", "159900101"]);
    answer(folder, &["area", "add", "--name", "一嘎查", "--code", "159900101201"]);
    answer(folder, &["officer", "add", "--name", "巴特尔", "--area", "159900101201"]);
}

struct Serving(Child, String);

impl Serving {
    fn start(folder: &Path, words: &[&str]) -> Self {
        let mut child =
            command(folder).arg("serve").args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let listening: Value = serde_json::from_str(&line).unwrap();
        Self(child, listening["listening"].as_str().unwrap().to_owned())
    }

    /// Asks it to end; returns its exit code and what it logged.
    fn end(mut self) -> (i32, String) {
        assert!(Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap().success());
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.0.wait().unwrap().code().unwrap(), log)
    }
}

#[test]
fn a_station_is_made_served_and_lets_a_tablet_in_without_logging_names_or_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_station(folder);
    let serving = Serving::start(folder, &["--http", "--addr", "127.0.0.1:0", "--log", "debug"]);
    let picture = folder.join("invite.png");
    let invite = answer(folder, &["device", "invite", "--officer", "巴特尔", "--png", picture.to_str().unwrap()]);
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    let invite = Invite::read(invite["invite"].as_str().unwrap()).unwrap();
    assert_eq!((invite.address.as_str(), &invite.fingerprint), (serving.1.as_str(), &None));

    let world = Seeded::new(1, Instant::from_ms(1_780_272_000_000));
    let key = SigningKey::from_bytes(&[9; 32]);
    let request = EnrolRequest { token: invite.token.clone(), device: DeviceId::new(&world), key: key.verifying_key() };
    let client = kit::client();
    let enrolled: Enrolled =
        kit::read(client.post(format!("{}/v1/enrol", invite.address)).json(&request).send().unwrap());
    assert_eq!(enrolled.officer_name.zh, "巴特尔");
    let refused = client.get(format!("{}/v1/sync/state?after=0", invite.address)).bearer_auth("s3cret").send().unwrap();
    assert_eq!(refused.status(), 401);

    let (code, log) = serving.end();
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("/v1/enrol") && log.contains("stopped"), "{log}");
    for hidden in ["巴特尔", "s3cret", invite.token.as_str()] {
        assert!(!log.contains(hidden), "{hidden} in the log");
    }
    let listed = run(folder, &["device", "list"]);
    let devices: Vec<Value> =
        String::from_utf8(listed.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(devices.iter().any(|device| device["device"] == json!(request.device)));
    answer(folder, &["device", "revoke", &request.device.to_string()]);
}

#[test]
fn an_officer_is_given_areas_and_areas_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_station(folder);
    answer(folder, &["area", "add", "--name", "二嘎查", "--code", "159900101202"]);
    let areas = |row: &Value| row["areas"].as_array().unwrap().len();
    assert_eq!(areas(&answer(folder, &["officer", "area", "add", "巴特尔", "159900101201,159900101202"])), 2);
    assert_eq!(exit(folder, &["officer", "area", "remove", "1", "159900101299"]), 3);
    assert_eq!(exit(folder, &["officer", "area", "remove", "1", "159900101"]), 3, "every tablet holds the root");
    assert_eq!(exit(folder, &["officer", "area", "remove", "1"]), 2);
    assert_eq!(areas(&answer(folder, &["officer", "area", "remove", "1", "159900101201"])), 1);
    assert_eq!(areas(&answer(folder, &["officer", "list"])), 1);
}

#[test]
fn exit_codes_tell_usage_refusal_and_failure_apart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(exit(folder, &["serve", "--no-such-flag"]), 2);
    assert_eq!(exit(folder, &["serve", "--http", "--addr", "0.0.0.0:0"]), 2);
    assert_eq!(exit(folder, &["station", "show"]), 3, "no station yet");
    make_station(folder);
    assert_eq!(exit(folder, &["officer", "add", "--name", "乙", "--area", "no such code"]), 3);
    assert_eq!(exit(folder, &["device", "invite", "--officer", "1"]), 2, "nobody knows the address yet");
    assert_eq!(exit(folder, &["demo-data"]), 3, "the store is not empty");
    std::fs::write(folder.join("not-a-folder"), b"").unwrap();
    let inside = folder.join("not-a-folder").join("data");
    assert_eq!(exit(folder, &["--data", inside.to_str().unwrap(), "station", "show"]), 2, "said twice");
    let mut elsewhere = Command::new(env!("CARGO_BIN_EXE_ailchin-server"));
    let failed = elsewhere.arg("--data").arg(inside).args(["station", "show"]).output().unwrap();
    assert_eq!(failed.status.code(), Some(4));
}

#[test]
fn an_unknown_key_in_the_environment_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path()).arg("config").env("AILCHIN_SERVER_ADRR", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("adrr"));
    let set = command(folder.path()).arg("config").env("AILCHIN_SERVER_SESSION_HOURS", "3").output().unwrap();
    let settings: Value = serde_json::from_slice(&set.stdout).unwrap();
    assert_eq!(settings["session_hours"], 3);
}

#[test]
fn a_console_password_comes_from_the_standard_input_and_a_weak_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_station(folder);
    let set = |password: &str| {
        let mut child = command(folder)
            .args(["officer", "set-password", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
        child.wait().unwrap().code().unwrap()
    };
    assert_eq!(set("short"), 3);
    assert_eq!(answer(folder, &["officer", "list"])["console"], false);
    assert_eq!(set("grass and wind"), 0);
    assert_eq!(answer(folder, &["officer", "list"])["console"], true);
}

/// Stores a household and a visit with a photo as a tablet would, and gives back their records and the photo's hash.
fn with_a_visited_household(folder: &Path) -> [RecordId; 2] {
    let store = Store::open(&folder.join("station/station.db")).unwrap();
    let world = Seeded::new(8, Instant::from_ms(1_780_272_000_000));
    let station = store.stations().unwrap().remove(0);
    let (household, visit) = (RecordId::new(&world), RecordId::new(&world));
    let change = |record, kind, fields: Value| ConsoleChange {
        record,
        kind,
        area: station.root,
        parents: Vec::new(),
        fields: serde_json::from_value(fields).unwrap(),
    };
    let photo = json!({ "blob": Hash::of(b"photo"), "name": "p.jpg", "size_bytes": 5, "media_type": "image/jpeg" });
    let changes = [
        change(household, Kind::Household, json!({ "name_zh": "巴特尔", "phone": "100-7654" })),
        change(visit, Kind::Visit, json!({ "household": household, "answer.photo": photo })),
    ];
    store.author(station.id, &changes, &world).unwrap();
    Blobs::in_folder(&folder.join("station/blobs"))
        .unwrap()
        .keep_and_wait(Hash::of(b"photo"), b"photo".to_vec())
        .unwrap();
    store.keep_blob(station.id, Hash::of(b"photo"), 5, "image/jpeg", world.now()).unwrap();
    [household, visit]
}

#[test]
fn a_household_that_asks_is_found_and_erased_with_its_photos() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_station(folder);
    let [household, visit] = with_a_visited_household(folder);
    for words in ["巴特尔", "7654"] {
        let found = answer(folder, &["record", "find", words]);
        assert_eq!((&found["record"], &found["kind"]), (&json!(household), &json!("household")));
    }
    let photo = folder.join("station/blobs").join(Blobs::path(Hash::of(b"photo")));
    assert!(photo.exists());
    assert_eq!(exit(folder, &["record", "erase", "not an id"]), 2);
    let erased = answer(folder, &["record", "erase", &household.to_string()]);
    let mut both = [household, visit];
    both.sort_unstable();
    assert_eq!((&erased["erased"], &erased["blobs"]), (&json!(both), &json!(1)));
    assert!(!photo.exists());
    assert!(run(folder, &["record", "find", "7654"]).stdout.is_empty());
    let bytes = std::fs::read(folder.join("station/station.db")).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"100-7654"));
    assert_eq!(answer(folder, &["record", "erase", &household.to_string()])["erased"], json!([]));
}

#[test]
fn a_backup_is_a_whole_store_and_lets_go_of_photos_that_were_erased() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_station(folder);
    let [household, _] = with_a_visited_household(folder);
    let to = folder.join("backup");
    let made = answer(folder, &["backup", "--to", to.to_str().unwrap()]);
    assert_eq!(made["blobs_copied"], 1);
    let copy = Store::open(Path::new(made["copy"].as_str().unwrap())).unwrap();
    assert_eq!(copy.find_records(copy.stations().unwrap()[0].id, "7654").unwrap()[0].record, household);
    let photo = to.join("blobs").join(Blobs::path(Hash::of(b"photo")));
    assert_eq!(std::fs::read(&photo).unwrap(), b"photo");
    answer(folder, &["record", "erase", &household.to_string()]);
    answer(folder, &["backup", "--to", to.to_str().unwrap()]);
    assert!(!photo.exists());
    assert_eq!(exit(folder, &["backup", "--to", to.to_str().unwrap(), "--keep-days", "0"]), 2);
}

#[test]
fn what_was_kept_long_enough_is_listed_and_erased_when_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_station(folder);
    with_a_visited_household(folder);
    // Stored in June 2026 by the clock of this test; whether that is long ago depends on today.
    let store = Store::open(&folder.join("station/station.db")).unwrap();
    let station = store.stations().unwrap().remove(0);
    let kinds = &ailchin_core::pack::builtin().unwrap().kinds;
    let far = Instant::from_ms(1_780_272_000_000 + 4_000 * 86_400_000);
    assert_eq!(store.past_retention(station.id, kinds, far).unwrap().len(), 2);
    let now = ailchin_core::world::Machine.now();
    let expected = store.past_retention(station.id, kinds, now).unwrap().len();
    drop(store);
    let listed = run(folder, &["record", "expired"]);
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), expected);
    assert_eq!(answer(folder, &["record", "expired", "--erase"])["reason"], "retention");
}
