//! A tablet that was shut out hands over what the station does not have, and erases itself: never before the station has
//! acknowledged all of it, never on anybody else's word, and to the end whatever happens in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ailchin_core::device::Attached;
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::RecordId;
use ailchin_core::record::{Fields, Kind};
use ailchin_core::replica::Change;
use ailchin_core::replica::Subject;
use ailchin_core::sync::{Admission, AdmissionRequest, Rhythm};
use ailchin_core::view::{Phase, ShutOutStage};
use ailchin_tests::tablet::{PIN, TabletProgram, a_visit, photo};
use ailchin_tests::{Dice, FaultProxy, Land, Station, Tablet, Way};
use ed25519_dalek::SigningKey;
use serde_json::json;

/// A tablet with work of every kind that the station does not have.
struct AtWork {
    station: Station,
    wire: FaultProxy,
    tablet: Tablet,
}

impl AtWork {
    fn new(seed: u64) -> Self {
        let station = Station::here(Land::default());
        let wire = FaultProxy::to(&station.address());
        let tablet = Tablet::enrolled(seed, &station.invite_by(2, &wire.address()));
        tablet.syncs();
        // One that the station refuses, and one that it has.
        let elsewhere = station.areas[2];
        let fields = Fields::from([("note".to_owned(), json!("不归这里"))]);
        let change = Change { record: record(&tablet), kind: Kind::Task, area: elsewhere, fields };
        tablet.with(|replica, author, world| Ok(replica.save(author, world, &[change])?)).unwrap();
        tablet.writes(station.households[0], "phone", "15511110001");
        tablet.syncs();

        let file = Attached { question: "photo".to_owned(), bytes: photo(10) };
        tablet.visits(station.households[0], a_visit("outreach"), &[file]);
        tablet.writes(station.households[2], "phone", "15511110002");
        let draft = tablet.begin_form(Subject::household(station.households[2]), "household_visit").unwrap().draft;
        tablet.attach(draft, "photo-x.jpg", &photo(200)).unwrap();
        tablet.save_draft(draft, "<data id=\"household_visit\"><note>还没写完</note></data>", 1).unwrap();
        Self { station, wire, tablet }
    }

    fn stored(&self, value: &str) -> bool {
        self.station.log().iter().any(|(_, entry)| entry.body.contains(value))
    }
}

fn record(tablet: &Tablet) -> RecordId {
    tablet.with(|_, _, world| Ok(RecordId::new(world))).unwrap()
}

fn phase(tablet: &Tablet) -> Phase {
    tablet.state().unwrap().phase
}

fn stage(tablet: &Tablet) -> Option<ShutOutStage> {
    tablet.shut_out().unwrap().map(|status| status.stage)
}

/// What is left in the tablet's folder.
fn left(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_tablet_that_was_shut_out_hands_over_all_that_waits_erases_itself_and_is_enrolled_anew() {
    let AtWork { station, wire, tablet } = AtWork::new(1);
    let device = tablet.device();
    tablet.export_refused(None).unwrap();
    station.revoke(device);
    assert_eq!(tablet.sync_fails(), Code::DeviceRevoked);

    assert_eq!((phase(&tablet), stage(&tablet)), (Phase::ShutOut, Some(ShutOutStage::Erased)));
    assert_eq!(left(tablet.folder()), ["shut-out.json"]);
    let status = tablet.shut_out().unwrap().unwrap();
    assert_eq!((status.revisions, status.refused, status.drafts, status.blobs), (2, 1, 1, 2));
    assert_eq!(tablet.with(|_, _, _| Ok(())).unwrap_err().code(), Code::Locked);

    // The station keeps it sealed, out of the log, until somebody decides.
    let kept = station.keeps();
    assert!(kept.len() == 1 && kept[0].acknowledged && kept[0].taken_at.is_none());
    let log = station.log();
    assert!(!log.iter().any(|(_, entry)| entry.body.contains("15511110002")));
    assert!(log.iter().any(|(_, entry)| entry.body.contains("last_work_kept")), "who kept what is in the log");
    let folder = tempfile::tempdir().unwrap();
    let taken = station.takes_in(folder.path());
    assert_eq!((taken.stored, taken.blobs, taken.not_taken, taken.drafts), (2, 1, 1, 1));
    assert!(station.log().iter().any(|(_, entry)| entry.body.contains("15511110002")));
    let names = left(folder.path());
    let text: String = names
        .iter()
        .map(|name| String::from_utf8_lossy(&std::fs::read(folder.path().join(name)).unwrap()).into_owned())
        .collect();
    assert!(
        names.len() == 3 && text.contains("还没写完") && text.contains("不归这里") && text.contains("out_of_scope")
    );
    let again = station.takes_in(folder.path());
    assert_eq!((again.stored, again.duplicates, again.not_taken), (0, 2, 1), "taken in twice nothing is doubled");
    assert_eq!((station.discards(), station.keeps().len()), (kept[0].parts.len(), 0));
    assert!(station.log().iter().any(|(_, entry)| entry.body.contains("last_work_discarded")));

    // The same device as a new tablet.
    tablet.enrol(&station.invite_by(2, &wire.address()), &PIN.into()).unwrap();
    assert!(phase(&tablet) == Phase::Open && tablet.shut_out().unwrap().is_none() && tablet.device() != device);
    tablet.syncs();
    assert_eq!(tablet.page(station.households[2]).phone, "15511110002");
}

#[test]
fn from_the_moment_it_knows_no_record_is_shown_and_it_goes_on_without_a_pin_until_the_station_answers() {
    let AtWork { station, wire, tablet } = AtWork::new(2);
    station.revoke(tablet.device());
    // The login's refusal and the station's statement get through, nothing after them.
    let mut cut = 0;
    let officer = tablet.state().unwrap().officers[0].id;
    while phase(&tablet) != Phase::ShutOut {
        wire.mend();
        wire.cut_after(Way::Down, cut);
        tablet.sync_fails();
        cut += 40;
    }
    assert!(matches!(stage(&tablet), Some(ShutOutStage::HandingOver)));
    assert!(left(tablet.folder()).contains(&"replica.db".to_owned()), "nothing is erased yet");
    assert_eq!(tablet.with(|_, _, _| Ok(())).unwrap_err().code(), Code::Locked);
    assert_eq!(tablet.unlock(officer, &PIN.into()).unwrap_err().code(), Code::DeviceRevoked);
    assert_eq!(tablet.enrol(&station.invite(2), &PIN.into()).unwrap_err().code(), Code::DeviceRevoked);

    wire.mend();
    wire.cut_after(Way::Up, 0);
    let tablet = tablet.switched_off_and_on();
    assert_eq!(tablet.hand_over_last_work().unwrap_err().code(), Code::StationUnreachable);
    assert!(left(tablet.folder()).contains(&"replica.db".to_owned()));
    wire.mend();
    tablet.hand_over_last_work().unwrap();
    assert_eq!((stage(&tablet), left(tablet.folder()).len()), (Some(ShutOutStage::Erased), 1));
    assert_eq!(station.takes_in(tempfile::tempdir().unwrap().path()).stored, 2);
}

#[test]
fn cut_after_any_byte_and_switched_off_it_goes_on_and_erases_nothing_that_is_not_acknowledged() {
    for way in [Way::Up, Way::Down] {
        let AtWork { station, wire, mut tablet } = AtWork::new(3);
        station.revoke(tablet.device());
        let mut dice = Dice::new(7);
        let (mut cuts, mut cut) = (0, 0);
        loop {
            wire.mend();
            wire.cut_after(way, cut);
            let over = match stage(&tablet) {
                None => tablet.sync().is_ok(),
                Some(_) => tablet.hand_over_last_work().is_ok(),
            };
            let whole = left(tablet.folder()).contains(&"replica.db".to_owned());
            let acknowledged = station.keeps().iter().any(|kept| kept.acknowledged);
            assert!(whole || acknowledged, "erased after byte {cut} without an acknowledgement");
            match stage(&tablet) {
                Some(ShutOutStage::Erased) => break,
                // Killed: the keys are gone with the program, unless the work was sealed.
                Some(_) => tablet = tablet.switched_off_and_on(),
                None => assert!(!over),
            }
            cuts += 1;
            cut += 1 + dice.below(if cut < 4_000 { 120 } else { 4_000 });
        }
        assert!(cuts > 10, "{cuts} cuts");
        assert_eq!(left(tablet.folder()), ["shut-out.json"]);
        let taken = station.takes_in(tempfile::tempdir().unwrap().path());
        assert_eq!((taken.stored, taken.blobs, taken.not_taken, taken.drafts), (2, 1, 1, 1));
    }
}

#[test]
fn work_that_was_not_sealed_before_a_kill_is_sealed_with_a_pin_and_shows_nothing() {
    let AtWork { station, wire: _wire, tablet } = AtWork::new(4);
    station.revoke(tablet.device());
    // No room for the sealed work.
    std::fs::write(tablet.folder().join("last"), b"in the way").unwrap();
    assert_eq!(tablet.sync_fails(), Code::DeviceRevoked);
    assert_eq!(stage(&tablet), Some(ShutOutStage::Sealing));
    let tablet = tablet.switched_off_and_on();
    assert_eq!((phase(&tablet), stage(&tablet)), (Phase::ShutOut, Some(ShutOutStage::NeedsPin)));
    assert_eq!(tablet.hand_over_last_work().unwrap_err().code(), Code::Locked);
    std::fs::remove_file(tablet.folder().join("last")).unwrap();
    let officer = tablet.state().unwrap().officers[0].id;
    assert_eq!(tablet.unlock(officer, &"314159".into()).unwrap_err().code(), Code::WrongPin);
    tablet.unlock(officer, &PIN.into()).unwrap();
    assert_eq!((phase(&tablet), stage(&tablet)), (Phase::ShutOut, Some(ShutOutStage::HandingOver)));
    tablet.hand_over_last_work().unwrap();
    assert_eq!(stage(&tablet), Some(ShutOutStage::Erased));
    assert_eq!(station.takes_in(tempfile::tempdir().unwrap().path()).stored, 2);
}

#[test]
fn by_a_stick_the_work_goes_to_the_station_and_the_acknowledgement_comes_back() {
    let AtWork { station, wire, tablet } = AtWork::new(5);
    station.revoke(tablet.device());
    let mut cut = 0;
    while phase(&tablet) != Phase::ShutOut {
        wire.mend();
        wire.cut_after(Way::Down, cut);
        tablet.sync_fails();
        cut += 40;
    }
    wire.cut_after(Way::Up, 0);
    let stick = tempfile::tempdir().unwrap();
    let folder = stick.path().to_str().unwrap();
    let exported = tablet.export_last_work(Some(folder)).unwrap();
    let files: Vec<_> = std::fs::read_dir(stick.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), exported.count as usize);
    assert_eq!(tablet.import_acknowledgement(&[folder.to_owned()]).unwrap_err().code(), Code::NotFound);
    for (n, file) in files.iter().enumerate() {
        if n > 0 && n + 1 == files.len() {
            assert_eq!(station.acknowledges_brought(stick.path()).unwrap_err(), Code::BundleIncomplete);
        }
        assert_eq!(station.takes(file).unwrap_err(), Code::DeviceRevoked);
    }
    station.acknowledges_brought(stick.path()).unwrap();
    let name = left(stick.path()).into_iter().find(|name| name.ends_with("acknowledged.json")).unwrap();
    let genuine = std::fs::read_to_string(stick.path().join(&name)).unwrap();
    std::fs::write(stick.path().join(&name), genuine.replace("parts", "carts")).unwrap();
    assert_eq!(tablet.import_acknowledgement(&[folder.to_owned()]).unwrap_err().code(), Code::BundleElsewhere);
    assert!(left(tablet.folder()).contains(&"replica.db".to_owned()));
    std::fs::write(stick.path().join(&name), genuine).unwrap();
    tablet.import_acknowledgement(&[folder.to_owned()]).unwrap();
    assert_eq!((stage(&tablet), left(tablet.folder()).len()), (Some(ShutOutStage::Erased), 1));
}

#[test]
fn let_in_again_before_it_is_erased_a_tablet_goes_on_as_if_nothing_had_been() {
    let at_work = AtWork::new(6);
    let AtWork { station, wire, tablet } = &at_work;
    station.revoke(tablet.device());
    station.lets_in(tablet.device());
    tablet.syncs();
    station.revoke(tablet.device());
    tablet.writes(station.households[4], "phone", "15511110003");
    let mut cut = 0;
    while phase(tablet) != Phase::ShutOut {
        wire.mend();
        wire.cut_after(Way::Down, cut);
        tablet.sync_fails();
        cut += 40;
    }
    wire.mend();
    let officer = tablet.state().unwrap().officers[0].id;
    let device = {
        let rows = station.store().devices(station.id).unwrap();
        rows.iter().find(|row| row.revoked_at.is_some()).unwrap().id
    };
    station.lets_in(device);
    tablet.hand_over_last_work().unwrap();
    assert_eq!((phase(tablet), stage(tablet)), (Phase::Locked, None));
    tablet.unlock(officer, &PIN.into()).unwrap();
    tablet.syncs();
    assert!(at_work.stored("15511110003"));
    assert!(!left(tablet.folder()).contains(&"last".to_owned()));
}

#[test]
fn a_station_put_back_to_a_copy_in_which_a_tablet_is_shut_out_that_was_let_in_since_erases_nothing() {
    let AtWork { mut station, wire, tablet } = AtWork::new(7);
    station.revoke(tablet.device());
    put(&mut station, &wire, "station.db", "copy");
    station.lets_in(tablet.device());
    tablet.syncs();
    put(&mut station, &wire, "copy", "station.db");
    assert_eq!(tablet.sync_fails(), Code::RevocationUnproven);
    assert_eq!((phase(&tablet), stage(&tablet)), (Phase::Open, None));
    // Shut out once more, and meant.
    station.lets_in(tablet.device());
    station.revoke(tablet.device());
    assert_eq!(tablet.sync_fails(), Code::DeviceRevoked);
    assert_eq!(stage(&tablet), Some(ShutOutStage::Erased));
}

#[test]
fn a_station_put_back_to_before_it_shut_a_tablet_out_gets_all_of_it_and_the_tablet_is_let_in() {
    let mut at_work = AtWork::new(8);
    put(&mut at_work.station, &at_work.wire, "station.db", "copy");
    at_work.tablet.syncs();
    let device = at_work.tablet.device();
    at_work.station.revoke(device);
    at_work.tablet.writes(at_work.station.households[4], "phone", "15511110004");
    let mut cut = 0;
    while phase(&at_work.tablet) != Phase::ShutOut {
        at_work.wire.mend();
        at_work.wire.cut_after(Way::Down, cut);
        at_work.tablet.sync_fails();
        cut += 40;
    }
    at_work.wire.mend();
    put(&mut at_work.station, &at_work.wire, "copy", "station.db");
    at_work.tablet.hand_over_last_work().unwrap();
    assert_eq!(phase(&at_work.tablet), Phase::Locked);
    let officer = at_work.tablet.state().unwrap().officers[0].id;
    at_work.tablet.unlock(officer, &PIN.into()).unwrap();
    at_work.tablet.syncs();
    for value in ["15511110002", "15511110004"] {
        assert!(at_work.stored(value), "{value}");
    }
}

/// Copies the station's file while it is closed.
fn put(station: &mut Station, wire: &FaultProxy, from: &str, to: &str) {
    station.close();
    std::fs::copy(station.folder().join(from), station.folder().join(to)).unwrap();
    station.open_here();
    wire.turn_to(&station.address());
}

#[test]
fn nobody_but_the_station_can_shut_a_tablet_out() {
    let AtWork { station, wire, tablet } = AtWork::new(9);
    let device = tablet.device();
    // A statement of the station's own, of another time.
    station.revoke(device);
    let asked = AdmissionRequest { device, nonce: Hash::of(b"another time") };
    let old = station.store().admission(&asked, tablet.clock()).unwrap();
    station.lets_in(device);
    let forged = {
        let body: serde_json::Value = serde_json::from_str(&old.body).unwrap();
        let body = serde_json::from_value(body).unwrap();
        Admission::sign(&SigningKey::from_bytes(&[9; 32]), &body).unwrap()
    };
    for (answer, expected) in [
        (None, Code::DeviceRevoked),
        (Some(serde_json::to_string(&old).unwrap()), Code::RevocationUnproven),
        (Some(serde_json::to_string(&forged).unwrap()), Code::RevocationUnproven),
    ] {
        let impostor = Impostor::answering(answer);
        wire.turn_to(&impostor.address);
        tablet.with(|replica, _, _| Ok(replica.keep_token("of another time")?)).unwrap();
        assert_eq!(tablet.sync_fails(), expected);
        assert_eq!((phase(&tablet), stage(&tablet)), (Phase::Open, None));
        assert!(!left(tablet.folder()).contains(&"shut-out.json".to_owned()));
    }
    wire.turn_to(&station.address());
    tablet.syncs_anew();
}

/// Somebody else at the station's address, who says to everything that the tablet is shut out.
struct Impostor {
    address: String,
    over: Arc<AtomicBool>,
}

impl Impostor {
    fn answering(admission: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        std::thread::spawn(move || {
            for tcp in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let mut tcp = tcp.unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && tcp.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.push(byte[0]);
                }
                let text = String::from_utf8_lossy(&request).to_lowercase();
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                let _ = tcp.read_exact(&mut body);
                let (status, said) = match (&admission, text.contains("/v1/shut-out ")) {
                    (Some(admission), true) => ("200 OK", admission.clone()),
                    (None, true) => ("404 Not Found", "{\"code\":\"not_found\"}".to_owned()),
                    _ => ("403 Forbidden", "{\"code\":\"device_revoked\"}".to_owned()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nailchin-protocol: 1\r\nailchin-protocols: 1\r\nconnection: close\r\n\
                     content-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    said.len()
                );
                let _ = tcp.write_all((head + &said).as_bytes());
            }
        });
        Self { address, over }
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = std::net::TcpStream::connect(self.address.trim_start_matches("http://"));
    }
}

#[test]
fn it_learns_of_it_by_itself_and_goes_by_itself() {
    let AtWork { station, wire: _wire, tablet } = AtWork::new(10);
    station.revoke(tablet.device());
    let soon = Rhythm { soon_ms: 5, saved_ms: 5, idle_ms: 10, retry_ms: 5, waiting_cap_ms: 20, idle_cap_ms: 20 };
    tablet.sync_by_itself(soon);
    let begun = std::time::Instant::now();
    while stage(&tablet) != Some(ShutOutStage::Erased) {
        assert!(begun.elapsed().as_secs() < 120, "{:?}", tablet.shut_out());
        std::thread::yield_now();
    }
    assert_eq!(left(tablet.folder()), ["shut-out.json"]);
}

#[test]
fn the_programs_shut_a_tablet_out_take_in_what_it_had_and_a_kill_at_any_moment_only_delays_it() {
    let station = Station::process(Land::default());
    let tablet = TabletProgram::enrolled(&station.invite(0));
    let household = station.households[0].to_string();
    tablet.run(&["sync"]).unwrap();
    tablet.run(&["edit", &household, "phone=15511110011"]).unwrap();
    let server = |words: &[&str]| {
        let mut command = std::process::Command::new(&*ailchin_tests::programs::SERVER);
        let output = command.args(["--json", "--data"]).arg(station.folder()).args(words).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let devices = station.store().devices(station.id).unwrap();
    let device = devices.iter().find(|row| row.officer.is_some()).unwrap().id.to_string();
    assert_eq!(server(&["device", "revoke", &device]).0, Some(0));
    let mut dice = Dice::new(11);
    let mut kills = 0;
    loop {
        let state = tablet.run(&["state"]).unwrap();
        let begun = match state["phase"].as_str().unwrap() {
            "shut_out" => tablet.begin(&["shut-out", "go"]),
            _ => tablet.begin(&["sync"]),
        };
        if kills < 30 {
            let killer = begun.killer();
            let us = dice.below(400_000);
            let begun_at = std::time::Instant::now();
            while begun_at.elapsed().as_micros() < u128::from(us) {
                std::thread::yield_now();
            }
            killer.kill();
            kills += 1;
        }
        let _ = begun.wait();
        let status = tablet.run(&["shut-out", "status"]).unwrap();
        match status["stage"].as_str() {
            Some("erased") => break,
            // Killed between knowing and sealing: the PIN seals it.
            Some("needs_pin") => drop(tablet.begin(&["today"]).wait()),
            _ => {}
        }
        assert!(kills <= 60);
    }
    let (code, said) = server(&["bundle", "kept"]);
    assert!(code == Some(0) && said.contains("\"acknowledged\":true"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = server(&["bundle", "take", &device, "--to", folder.path().to_str().unwrap()]);
    assert!(code == Some(0) && said.contains("\"stored\":1"), "{said}");
    let (code, said) = server(&["bundle", "discard", &device]);
    assert!(code == Some(0) && said.contains("discarded"), "{said}");
    assert_eq!(server(&["bundle", "discard", &device]).0, Some(3));
    assert!(station.log().iter().any(|(_, entry)| entry.body.contains("15511110011")));
    assert!(tablet.run(&["enrol", &station.invite(0)]).is_some(), "{}", tablet.errors());
}
