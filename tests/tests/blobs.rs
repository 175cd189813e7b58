//! Photos on a wire that breaks: they go on at the byte where they were, arrive once, and text is never held up by them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use ailchin_core::device::services::Metered;
use ailchin_core::device::{Attached, DeviceError, StationDoors as _, Transport};
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::RecordId;
use ailchin_core::replica::WaitingBlob;
use ailchin_core::view::SyncSettings;
use ailchin_tests::tablet::a_visit;
use ailchin_tests::{FaultProxy, Land, Station, Tablet, Way};

#[test]
fn an_upload_cut_after_every_byte_on_its_way_goes_on_where_it_was() {
    cut_after_every_byte(Way::Up);
}

#[test]
fn an_upload_whose_answers_are_cut_after_every_byte_arrives_once() {
    cut_after_every_byte(Way::Down);
}

/// A picture after the other, each cut one byte later than the one before, until one is over before the cut.
fn cut_after_every_byte(way: Way) {
    let station = Station::here(Land { households: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    let token = tablet.with(|replica, _, _| Ok(replica.token()?)).unwrap();
    let mut cuts = 0;
    for cut in 0.. {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.extend((0..30).flat_map(|n: u64| (n * cut).to_le_bytes()));
        let (hash, size_bytes) = (Hash::of(&bytes), bytes.len() as u64);
        let blob = WaitingBlob { hash, media_type: "image/png".to_owned(), size_bytes, upload: None };
        // Every other time all bytes come with the creation.
        let whole = (cut % 2 == 0).then_some(bytes.as_slice());
        let sends = || -> Result<(), DeviceError> {
            let station = Transport::to(&wire.address(), None, token.clone())?;
            let mut upload = station.begin_blob(&blob, whole)?;
            while upload.offset < size_bytes {
                let rest = &bytes[usize::try_from(upload.offset).unwrap()..];
                upload.offset = station.send_part(&upload, rest)?;
            }
            Ok(())
        };
        wire.cut_after(way, cut);
        let over = sends().is_ok();
        let passed = wire.passed();
        wire.mend();
        if over {
            assert!(passed.bytes(way) <= cut);
            break;
        }
        cuts += 1;
        sends().unwrap();
        assert!(station.holds(hash), "after byte {cut}");
        let again = wire.passed().up;
        assert!(again < 1_500 + size_bytes, "{again} bytes were sent after the cut at byte {cut}");
    }
    assert!(cuts > 250, "an upload takes more than {cuts} bytes");
    assert_eq!(station.blobs(), cuts + 1);
    assert!(!station.folder().join("blobs/uploads").exists(), "nothing unfinished is left");
}

#[test]
fn a_sync_cut_anywhere_brings_photo_and_receipt() {
    // Each byte of a sync is tried in `cuts.rs`, each of an upload above; here they are together.
    const STEP: usize = 131;
    let station = Station::here(Land { households: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    for way in [Way::Up, Way::Down] {
        for bytes in (0..).step_by(STEP) {
            let hash = takes(&tablet, &station, &noise(bytes, 12));
            wire.cut_after(way, bytes);
            let over = tablet.sync().is_ok();
            wire.mend();
            if over {
                break;
            }
            tablet.syncs();
            let status = tablet.sync_status().unwrap();
            let receipt = status.receipt.unwrap();
            assert!(status.covered && receipt.blobs_stored == receipt.blobs_total, "after byte {bytes}");
            assert!(station.holds(hash));
        }
    }
}

#[test]
fn a_large_photo_cut_again_and_again_is_sent_once_all_in_all() {
    let station = Station::here(Land { households: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let mut tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    let hash = takes(&tablet, &station, &noise(7, 400));
    let size = tablet.with(|replica, _, _| Ok(replica.blob(hash)?.bytes.len() as u64)).unwrap();
    assert!(size > 100_000, "{size}");
    let (mut up, mut cuts) = (0, 0);
    loop {
        wire.cut_after(Way::Up, size / 10);
        let over = tablet.sync().is_ok();
        up += wire.passed().up;
        wire.mend();
        if over {
            break;
        }
        cuts += 1;
        // Whether its program goes on or begins anew makes no difference.
        tablet = tablet.restarted();
    }
    assert!(cuts >= 9, "{cuts}");
    let headers = 2_500 * (cuts + 1);
    assert!(up <= size + headers, "{up} bytes were sent for {size} with {cuts} cuts");
    assert!(station.holds(hash));
}

#[test]
fn a_photo_that_another_tablet_brought_is_not_sent() {
    let station = Station::here(Land { households: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let (first, second) =
        (Tablet::enrolled(1, &station.invite(0)), Tablet::enrolled(2, &station.invite_by(1, &wire.address())));
    let picture = noise(1, 300);
    first.syncs();
    second.syncs();
    takes(&first, &station, &picture);
    first.syncs();
    takes(&second, &station, &picture);
    wire.mend();
    assert_eq!(second.syncs().blobs, 1);
    assert!(wire.passed().up < 10_000, "{} bytes", wire.passed().up);
    assert_eq!(station.blobs(), 1);
}

#[test]
fn what_is_small_goes_first_and_then_the_newest_photo() {
    let station = Station::here(Land { households: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    let older = takes(&tablet, &station, &noise(1, 300));
    let newer = takes(&tablet, &station, &noise(2, 300));
    let small = takes(&tablet, &station, &noise(3, 12));
    let mut came = Vec::new();
    let mut at = 4_000;
    while came.len() < 3 {
        wire.cut_after(Way::Up, at);
        let _ = tablet.sync();
        let here: BTreeSet<Hash> = [older, newer, small].into_iter().filter(|hash| station.holds(*hash)).collect();
        let seen: BTreeSet<Hash> = came.iter().copied().collect();
        came.extend(here.difference(&seen));
        at = 20_000;
    }
    assert_eq!(came, [small, newer, older]);
}

#[test]
fn what_the_station_lost_is_sent_again_and_nothing_else() {
    let mut station = Station::here(Land { households: 2, ..Land::default() });
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    let (lost, kept) = (takes(&tablet, &station, &noise(1, 300)), takes(&tablet, &station, &noise(2, 300)));
    assert_eq!(tablet.syncs().blobs, 2);
    station.loses_blob(lost);
    assert!(!station.holds(lost));
    // Something new, so that the sync comes to its receipt.
    tablet.writes(station.households[0], "phone", "13900000001");
    let outcome = tablet.syncs();
    assert_eq!((outcome.pushed, outcome.blobs), (1, 1));
    assert!(station.holds(lost) && station.holds(kept));
    let status = tablet.sync_status().unwrap();
    assert!(status.covered);
    assert_eq!(status.receipt.unwrap().blobs_stored, 2);
    station.close();
}

#[test]
fn only_what_a_receipt_covers_is_freed_and_it_is_fetched_again_to_be_seen() {
    let station = Station::here(Land { households: 2, ..Land::default() });
    let tablet = Tablet::enrolled(1, &station.invite(0));
    let other = Tablet::enrolled(2, &station.invite(1));
    let stranger = Tablet::enrolled(3, &station.invite(2));
    tablet.syncs();
    let photo = takes(&tablet, &station, &noise(1, 300));
    let bytes = tablet.blob(photo).unwrap();
    let free = |tablet: &Tablet| tablet.with(|replica, _, _| Ok(replica.free_space(u64::MAX)?)).unwrap();
    assert_eq!(free(&tablet), 0, "nothing is freed that waits");
    tablet.syncs();
    let later = takes(&tablet, &station, &noise(2, 300));
    assert_eq!(free(&tablet), bytes.bytes.len() as u64);
    assert!(tablet.with(|replica, _, _| Ok(replica.blob(photo)?)).is_err());
    assert!(tablet.with(|replica, _, _| Ok(replica.blob(later)?)).is_ok());
    assert_eq!(tablet.blob(photo).unwrap(), bytes, "it is fetched");
    assert!(tablet.with(|replica, _, _| Ok(replica.blob(photo)?)).is_ok(), "and kept for a while");

    other.syncs();
    assert_eq!(other.blob(photo).unwrap(), bytes, "a colleague sees it");
    assert_eq!(free(&other), bytes.bytes.len() as u64, "and may drop it");
    stranger.syncs();
    let elsewhere = takes_at(&tablet, station.households[1], &noise(3, 300));
    tablet.syncs();
    assert_eq!(stranger.blob(elsewhere).unwrap_err().code(), Code::NotFound, "whoever may not read it sees nothing");
    assert!(tablet.sync_status().unwrap().covered);
}

#[test]
fn photos_wait_for_wifi_where_the_officer_wants_it_and_signatures_do_not() {
    let station = Station::here(Land { households: 2, ..Land::default() });
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    let (small, large) = (takes(&tablet, &station, &noise(1, 12)), takes(&tablet, &station, &noise(2, 300)));
    let settings = SyncSettings { photos_on_wifi_only: true, ..SyncSettings::default() };
    tablet.with(|replica, _, _| Ok(replica.set_sync_settings(settings)?)).unwrap();
    tablet.is_on(Metered::Yes);
    assert_eq!(tablet.syncs().blobs, 1);
    assert!(station.holds(small) && !station.holds(large));
    let status = tablet.sync_status().unwrap();
    assert_eq!((status.photos_wait_for_wifi, status.waiting.blobs, status.covered), (1, 1, false));
    tablet.is_on(Metered::No);
    assert_eq!(tablet.sync_status().unwrap().photos_wait_for_wifi, 0);
    assert_eq!(tablet.syncs().blobs, 1);
    assert!(station.holds(large) && tablet.sync_status().unwrap().covered);
}

/// Records a visit with a photo; the photo's hash.
fn takes(tablet: &Tablet, station: &Station, picture: &[u8]) -> Hash {
    takes_at(tablet, station.households[0], picture)
}

fn takes_at(tablet: &Tablet, household: RecordId, picture: &[u8]) -> Hash {
    let file = Attached { question: "photo".to_owned(), bytes: picture.to_vec() };
    let visit = tablet.visits(household, a_visit("service"), &[file]).visit;
    let page = tablet.with(|replica, author, _| Ok(replica.visit(visit, author.officer)?)).unwrap();
    page.attachments[0].hash
}

/// A picture that cannot be packed: a JPEG of noise that a seed determines.
fn noise(seed: u64, side: u32) -> Vec<u8> {
    let mut dice = ailchin_tests::Dice::new(seed);
    let shade = |n: u64| u8::try_from(n % 256).unwrap();
    let picture = image::RgbImage::from_fn(side, side, |_, _| {
        let n = dice.below(1 << 24);
        image::Rgb([shade(n), shade(n >> 8), shade(n >> 16)])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}
