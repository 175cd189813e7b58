//! Stores of every released form must still open and go on. `fixtures/station-form-<n>.db.zst` were written by the program that
//! released the form, with the station and the first tablet of seed 42 and three pushed revisions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod kit;

use ailchin_core::sync::Verdict;
use ailchin_server::Store;
use kit::Station;

const FORMS: &[&[u8]] = &[include_bytes!("fixtures/station-form-1.db.zst")];

#[test]
fn a_store_of_every_released_form_opens_and_goes_on() {
    for packed in FORMS {
        let station = Station::new(42);
        let mut tablet = station.tablet(0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.db");
        std::fs::write(&path, zstd::decode_all(*packed).unwrap()).unwrap();

        // What the tablet had sent when the file was recorded.
        let sent: Vec<String> = rusqlite::Connection::open(&path)
            .unwrap()
            .prepare("SELECT body FROM log WHERE device = ?1 ORDER BY seq")
            .unwrap()
            .query_map([tablet.device], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        sent.iter().for_each(|body| tablet.write_body(body));
        let old = Store::open(&path).unwrap();
        let again = tablet.push(&old, 1).unwrap();
        let verdicts: Vec<Verdict> = again.items.iter().map(|item| item.verdict).collect();
        assert_eq!(verdicts, [Verdict::Duplicate(7), Verdict::Duplicate(8), Verdict::Duplicate(9)]);
        tablet.write(&*station.world, station.gacha[0]);
        assert_eq!(tablet.push(&old, 4).unwrap().items[0].verdict, Verdict::Stored(10));
        assert_eq!(old.officers(station.id).unwrap().len(), 3);
    }
}
