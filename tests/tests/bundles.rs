//! Without a network: a tablet's work goes to the station in files, the receipt comes back in files, and whoever carries them
//! can neither read nor change nor double anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::bundle::PART_BYTES;
use ailchin_core::device::Attached;
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::RecordId;
use ailchin_core::record::{Fields, Kind};
use ailchin_core::replica::{Change, Replica};
use ailchin_core::view::{AnswerTaken, BundleExported};
use ailchin_core::world::World;
use ailchin_tests::tablet::{TabletProgram, a_visit, photo};
use ailchin_tests::{FaultProxy, Land, Station, Tablet};

/// Parts so small that every photo and every push has its own.
const SMALL: u64 = 1;

/// A tablet that was let in, and from then on finds no network. What the station has it got as the answer to an empty bundle.
struct Remote {
    station: Station,
    wire: FaultProxy,
    tablet: Tablet,
    stick: tempfile::TempDir,
}

impl Remote {
    fn new() -> Self {
        let station = Station::here(Land::default());
        let wire = FaultProxy::to(&station.address());
        let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
        wire.cut_after(ailchin_tests::Way::Up, 0);
        let remote = Self { station, wire, tablet, stick: tempfile::tempdir().unwrap() };
        let taken = remote.is_answered(&remote.exports(PART_BYTES));
        assert!(taken.receipt && taken.covered && taken.pulled > 0);
        remote
    }

    /// Two visits with a photo each, and an edit.
    fn works(&self) {
        for (n, shade) in [(0, 10), (1, 90)] {
            let photo = Attached { question: "photo".to_owned(), bytes: photo(shade) };
            self.tablet.visits(self.station.households[n], a_visit("outreach"), &[photo]);
        }
        self.tablet.writes(self.station.households[2], "phone", "13900000007");
    }

    fn exports(&self, part_bytes: u64) -> BundleExported {
        self.tablet.export_bundle(Some(self.stick.path().to_str().unwrap()), part_bytes).unwrap()
    }

    /// The station takes all files in, and its answer is taken in.
    fn is_answered(&self, export: &BundleExported) -> AnswerTaken {
        for file in &export.files {
            self.station.takes(file).unwrap();
        }
        let answer = self.station.answers(self.tablet.device(), self.stick.path(), PART_BYTES);
        self.tablet.import_answers(&answer).unwrap()
    }
}

fn stored(station: &Station, tablet: &Tablet) -> usize {
    station.log().iter().filter(|(_, entry)| entry.revision.device == tablet.device()).count()
}

#[test]
fn a_tablet_that_never_has_a_network_gets_a_receipt_for_everything_and_doubles_nothing_when_it_has_one() {
    let remote = Remote::new();
    let Remote { station, wire, tablet, .. } = &remote;
    remote.works();
    let own = tablet.log().iter().filter(|entry| entry.revision.device == tablet.device()).count();
    let before = tablet.bundle_status().unwrap();
    assert!(before.ready && !before.covered && before.waiting.revisions > 0 && before.waiting.blobs == 2);

    let export = remote.exports(PART_BYTES);
    assert_eq!((export.files.len(), export.bundle.blobs), (1, 2));
    assert_eq!(tablet.sync_status().unwrap().waiting, before.waiting, "a bundle is a copy");
    let taken = remote.is_answered(&export);
    assert!(taken.receipt && taken.covered);
    let status = tablet.sync_status().unwrap();
    assert_eq!((status.waiting.revisions, status.waiting.blobs), (0, 0));
    assert_eq!(status.standing.made, status.standing.verified);
    assert!(status.receipt.unwrap().genuine);
    assert!(tablet.with(|replica, _, _| Ok(replica.space()?)).unwrap().can_free == 2, "photos are covered");
    assert!(tablet.bundle_status().unwrap().exports[0].answered_at.is_some());
    assert_eq!((stored(station, tablet), station.blobs()), (own, 2));

    wire.mend();
    let outcome = tablet.syncs_anew();
    assert_eq!((outcome.pushed, outcome.pulled, outcome.blobs, outcome.nothing_new), (0, 0, 0, true));
    assert_eq!((stored(station, tablet), station.receipts(tablet.device()).len()), (own, 2));
    let other = Tablet::enrolled(2, &station.invite(1));
    // Its enrolment is a record of the station.
    other.syncs();
    tablet.syncs();
    assert_eq!(other.digests(), tablet.digests());
}

#[test]
fn everything_taken_in_twice_changes_nothing_more() {
    let remote = Remote::new();
    remote.works();
    let export = remote.exports(PART_BYTES);
    remote.is_answered(&export);
    let (log, digests) = (remote.station.log(), remote.tablet.digests());
    let again = remote.station.takes(&export.files[0]).unwrap();
    assert_eq!((again.stored, again.refused), (0, 0));
    assert_eq!(again.duplicates, stored(&remote.station, &remote.tablet) as u64);
    assert_eq!(remote.station.log(), log);

    let receipts = || remote.tablet.with(|replica, _, _| Ok(replica.receipts()?)).unwrap();
    let before = receipts();
    let folder = remote.stick.path().to_str().unwrap().to_owned();
    let taken = remote.tablet.import_answers(&[folder]).unwrap();
    assert_eq!((taken.parts, taken.pulled, taken.receipt, taken.covered), (2, 0, false, true));
    assert_eq!((receipts(), remote.tablet.digests()), (before, digests));
}

#[test]
fn parts_come_in_any_order_and_one_that_needs_an_earlier_one_waits_for_it() {
    let remote = Remote::new();
    remote.works();
    // More than one push: a push has a thousand revisions at most.
    let area = remote.station.areas[1];
    let tasks = |replica: &mut Replica, author, world: &dyn World| {
        let fields = Fields::from([("note".to_owned(), "围栏".into())]);
        let task = |_| Change { record: RecordId::new(world), kind: Kind::Task, area, fields: fields.clone() };
        Ok(replica.save(author, world, &(0..1_000).map(task).collect::<Vec<_>>())?)
    };
    remote.tablet.with(tasks).unwrap();
    let export = remote.exports(SMALL);
    assert_eq!(export.files.len(), 4, "two pushes, two photos");

    assert_eq!(remote.station.takes(&export.files[1]).unwrap_err(), Code::BundleIncomplete);
    let photo = remote.station.takes(&export.files[3]).unwrap();
    assert_eq!((photo.blobs, photo.missing), (1, vec![1, 2, 3]));
    assert_eq!(remote.station.takes(&export.files[0]).unwrap().missing, [2, 3]);
    assert_eq!(remote.station.takes(&export.files[2]).unwrap().missing, [2]);
    assert_eq!(remote.station.takes(&export.files[1]).unwrap().missing, [0_u32; 0]);
    assert!(remote.is_answered(&export).covered);
}

#[test]
fn an_answer_to_a_part_covers_what_came_and_the_rest_still_waits() {
    let remote = Remote::new();
    remote.works();
    let export = remote.exports(SMALL);
    for file in &export.files[..2] {
        remote.station.takes(file).unwrap();
    }
    let answer = remote.station.answers(remote.tablet.device(), remote.stick.path(), SMALL);
    assert_eq!(answer.len(), 3, "verdicts, a page, the receipt");
    for without in [&answer[1..], &answer[2..]] {
        assert_eq!(remote.tablet.import_answers(without).unwrap_err().code(), Code::BundleIncomplete);
    }
    let taken = remote.tablet.import_answers(&answer).unwrap();
    assert!(taken.receipt && !taken.covered);
    let waiting = remote.tablet.sync_status().unwrap().waiting;
    assert_eq!((waiting.revisions, waiting.blobs), (0, 1));
    let next = remote.exports(PART_BYTES);
    assert_eq!((next.bundle.revisions, next.bundle.blobs), (0, 1));
    assert!(remote.is_answered(&next).covered);
}

#[test]
fn an_answer_to_an_older_bundle_is_still_good_and_one_that_a_sync_outran_does_no_harm() {
    let remote = Remote::new();
    let Remote { station, wire, tablet, stick } = &remote;
    remote.works();
    let first = remote.exports(PART_BYTES);
    tablet.writes(station.households[4], "phone", "13900000008");
    let second = remote.exports(PART_BYTES);
    station.takes(&first.files[0]).unwrap();
    let old = station.answers(tablet.device(), stick.path(), PART_BYTES);
    let taken = tablet.import_answers(&old).unwrap();
    assert!(taken.receipt && !taken.covered, "what was written since is not covered");
    assert_eq!(tablet.sync_status().unwrap().waiting.revisions, 1);
    station.takes(&second.files[0]).unwrap();
    let new = station.answers(tablet.device(), stick.path(), PART_BYTES);

    wire.mend();
    let other = Tablet::enrolled(2, &station.invite(1));
    other.syncs();
    other.writes(station.households[5], "phone", "13900000009");
    other.syncs();
    tablet.syncs_anew();
    let digests = tablet.digests();
    let taken = tablet.import_answers(&new).unwrap();
    assert!(!taken.receipt && taken.covered);
    assert_eq!(tablet.digests(), digests);
    assert!(tablet.syncs().nothing_new);
}

#[test]
fn an_answer_from_before_areas_were_given_takes_none_of_them_back() {
    let remote = Remote::new();
    let given = remote.station.areas[2];
    remote.station.takes_area(0, given);
    let taken = remote.is_answered(&remote.exports(PART_BYTES));
    assert!(taken.receipt && remote.tablet.digests().iter().all(|scope| scope.area != given));
    remote.tablet.writes(remote.station.households[0], "phone", "13900000007");
    let export = remote.exports(PART_BYTES);
    export.files.iter().for_each(|file| drop(remote.station.takes(file).unwrap()));
    let older = remote.station.answers(remote.tablet.device(), remote.stick.path(), PART_BYTES);
    remote.station.gives_area(0, given);
    remote.wire.mend();
    remote.tablet.syncs_anew();
    let held = remote.tablet.digests();
    assert!(held.iter().any(|scope| scope.area == given));

    let taken = remote.tablet.import_answers(&older).unwrap();
    assert_eq!((taken.pulled, taken.receipt, taken.covered), (0, false, true));
    assert_eq!(remote.tablet.digests(), held);
    assert!(remote.tablet.syncs().nothing_new);
    // The next one is answered for all areas.
    remote.wire.cut_after(ailchin_tests::Way::Up, 0);
    remote.tablet.writes(remote.station.households[2], "phone", "13900000008");
    let taken = remote.is_answered(&remote.exports(PART_BYTES));
    assert!(taken.receipt && taken.covered);
}

#[test]
fn whoever_carries_a_bundle_can_neither_read_nor_change_it() {
    let remote = Remote::new();
    remote.works();
    let export = remote.exports(PART_BYTES);
    let sealed = std::fs::read(&export.files[0]).unwrap();
    assert!(!contains(&sealed, b"13900000007") && !contains(&sealed, remote.tablet.device().as_bytes()));
    let damaged = remote.stick.path().join("damaged");
    let step = sealed.len() / 150;
    for at in (0..200).chain((0..sealed.len()).step_by(step)).chain(sealed.len() - 40..sealed.len()) {
        let mut changed = sealed.clone();
        changed[at] ^= 0x20;
        std::fs::write(&damaged, &changed).unwrap();
        remote.station.takes(&damaged).unwrap_err();
        std::fs::write(&damaged, &sealed[..at]).unwrap();
        remote.station.takes(&damaged).unwrap_err();
    }
    assert_eq!((stored(&remote.station, &remote.tablet), remote.station.blobs()), (0, 0));
    remote.station.takes(&export.files[0]).unwrap();
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_bundle_for_another_station_and_an_answer_for_another_tablet_are_refused() {
    let remote = Remote::new();
    remote.works();
    let export = remote.exports(PART_BYTES);
    let elsewhere = Station::elsewhere(Land::default());
    assert_eq!(elsewhere.takes(&export.files[0]).unwrap_err(), Code::BundleElsewhere);
    remote.station.takes(&export.files[0]).unwrap();
    let answer = remote.station.answers(remote.tablet.device(), remote.stick.path(), PART_BYTES);
    let other = Tablet::enrolled(2, &remote.station.invite(1));
    assert_eq!(other.import_answers(&answer).unwrap_err().code(), Code::BundleElsewhere);
    assert_eq!(remote.tablet.import_answers(&export.files).unwrap_err().code(), Code::BundleElsewhere);
    assert_eq!(remote.station.takes(&answer[0]).unwrap_err(), Code::BundleElsewhere);
    let nothing = tempfile::tempdir().unwrap();
    let empty = nothing.path().to_str().unwrap().to_owned();
    assert_eq!(remote.tablet.import_answers(&[empty]).unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_bundle_is_opened_by_a_station_that_was_put_back_to_a_copy_from_before_it_told_its_key() {
    let mut station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    let (file, stick) = (station.folder().join("station.db"), tempfile::tempdir().unwrap());
    station.close();
    std::fs::copy(&file, file.with_extension("copy")).unwrap();
    station.open_here();
    wire.turn_to(&station.address());
    tablet.syncs();
    tablet.writes(station.households[2], "phone", "13900000012");
    let export = tablet.export_bundle(Some(stick.path().to_str().unwrap()), PART_BYTES).unwrap();

    station.close();
    std::fs::copy(file.with_extension("copy"), &file).unwrap();
    station.open_here();
    assert_eq!(station.takes(&export.files[0]).unwrap().stored, 1);
}

#[test]
fn the_bundle_of_a_tablet_that_was_shut_out_is_refused_and_kept_sealed() {
    let remote = Remote::new();
    remote.works();
    let export = remote.exports(PART_BYTES);
    remote.station.revoke(remote.tablet.device());
    for _ in 0..2 {
        assert_eq!(remote.station.takes(&export.files[0]).unwrap_err(), Code::DeviceRevoked);
    }
    assert_eq!(stored(&remote.station, &remote.tablet), 0);
    let kept = remote.station.keeps();
    assert_eq!((kept.len(), kept[0].parts.len(), kept[0].acknowledged), (1, 1, false));
    assert_eq!(kept[0].parts[0].hash, Hash::of(&std::fs::read(&export.files[0]).unwrap()));
}

#[test]
fn the_programs_carry_a_day_of_work_in_a_folder() {
    let mut station = Station::process(Land::default());
    let tablet = TabletProgram::enrolled(&station.invite(0));
    let household = station.households[0].to_string();
    tablet.run(&["sync"]).unwrap();
    station.close();
    tablet.run(&["edit", &household, "phone=13900000011"]).unwrap();
    let stick = tempfile::tempdir().unwrap();
    let folder = stick.path().to_str().unwrap();
    let export = tablet.run(&["bundle", "export", "--to", folder]).unwrap();
    assert_eq!(export["bundle"]["revisions"], 1);
    let answered = |words: &[&str]| {
        let mut command = std::process::Command::new(&*ailchin_tests::programs::SERVER);
        let output =
            command.args(["--json", "--data"]).arg(station.folder()).arg("bundle").args(words).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = answered(&["import", folder, "--answers", folder]);
    assert_eq!((code, said.contains("\"stored\":1")), (Some(0), true), "{said}");
    std::fs::write(stick.path().join("torn.ailchin"), "torn").unwrap();
    let (code, said) = answered(&["import", folder]);
    assert_eq!((code, said.contains("bundle_unreadable"), said.contains("\"duplicates\":1")), (Some(3), true, true));
    let (code, said) = answered(&["list"]);
    assert_eq!((code, said.contains("\"missing\":[]")), (Some(0), true));
    let taken = tablet.run(&["bundle", "import", folder]).unwrap();
    assert_eq!((&taken["receipt"], &taken["covered"]), (&true.into(), &true.into()));
    let status = tablet.run(&["bundle", "status"]).unwrap();
    assert!(status["exports"][0]["answered_at"].is_number());
}
