//! Photos on a wire that breaks: they go on at the byte where they were, arrive once, and text is never held up by them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use ailchin_core::device::Attached;
use ailchin_core::hash::Hash;
use ailchin_tests::tablet::a_visit;
use ailchin_tests::{FaultProxy, Land, Station, Tablet, Way};

#[test]
fn a_photo_cut_after_every_byte_on_its_way_goes_on_where_it_was() {
    cut_after_every_byte(Way::Up);
}

#[test]
fn a_photo_whose_answers_are_cut_after_every_byte_arrives_once() {
    cut_after_every_byte(Way::Down);
}

/// A photo after the other, each cut one byte later than the one before, until a sync is over before the cut.
fn cut_after_every_byte(way: Way) {
    let station = Station::here(Land { households: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    let mut cuts = 0;
    for bytes in 0.. {
        let blobs = station.blobs();
        let hash = takes(&tablet, &station, &noise(bytes, 12));
        // The text goes first, by itself, so that what is cut is the photo's way.
        wire.cut_after(way, bytes);
        let over = tablet.sync().is_ok();
        if over {
            assert!(wire.passed().bytes(way) <= bytes);
            break;
        }
        cuts += 1;
        wire.mend();
        tablet.syncs();
        let receipt = tablet.sync_status().unwrap().receipt.unwrap();
        assert_eq!((station.blobs(), receipt.blobs_stored), (blobs + 1, receipt.blobs_total), "after byte {bytes}");
        assert!(station.holds(hash));
    }
    assert!(cuts > 1_000, "a photo takes more than {cuts} bytes");
    assert!(!station.folder().join("blobs/uploads").exists(), "nothing unfinished is left");
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
    takes(&first, &station, &picture);
    first.syncs();
    second.syncs();
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

/// Records a visit with a photo; the photo's hash.
fn takes(tablet: &Tablet, station: &Station, picture: &[u8]) -> Hash {
    let file = Attached { question: "photo".to_owned(), bytes: picture.to_vec() };
    let visit = tablet.visits(station.households[0], a_visit("service"), &[file]).visit;
    let page = tablet.with(|replica, _, _| Ok(replica.visit(visit)?)).unwrap();
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
