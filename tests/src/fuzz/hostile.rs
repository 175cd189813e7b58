//! A tablet that was let in and writes whatever it likes: the station judges it, and other tablets live with what it stores.

use std::cell::RefCell;

use ailchin_core::ids::DeviceId;
use ailchin_core::record::{Entry, Kind, Level, Names};
use ailchin_core::replica::Replica;
use ailchin_core::sync::{EnrolRequest, Pulled, Verdict, read_batch};
use ailchin_core::world::Seeded;
use ailchin_server::Store;
use ailchin_server::batch::pack_pull;
use ailchin_server::store::{NewOfficer, NewStation};

use super::Target;
use super::wire::Author;
use crate::NOW;

pub(super) fn targets() -> Vec<Target> {
    vec![push_to_a_store(), received()]
}

/// A pull with whatever bodies: a replica keeps it or refuses it, and its views stay what a rebuild makes.
fn received() -> Target {
    let author = Author::new(2);
    let entries = author.writes();
    let tombstones = entries.iter().map(|entry| entry.erase().body);
    let examples = entries.iter().map(|entry| entry.body.clone()).chain(tombstones).map(String::into_bytes).collect();
    Target::new("revision from elsewhere", examples, move |bytes| {
        let Some(entry) = String::from_utf8(bytes.to_vec()).ok().and_then(|text| Entry::read(text).ok()) else {
            return false;
        };
        let mut replica = Replica::in_memory().unwrap();
        replica.set_scopes(&[author.area]).unwrap();
        let place = |entry: &Entry| (entry.revision.device, entry.revision.seq);
        let others = entries.iter().filter(|other| place(other) != place(&entry)).cloned();
        let mut feed: Vec<(u64, Entry)> = (1..).zip(others).collect();
        feed.push((9, entry));
        let elsewhere = DeviceId::from_bytes([9; 16]);
        let received = replica.receive(elsewhere, &Pulled::of(feed, 9), Some(9), NOW);
        replica.rebuild().unwrap();
        assert_eq!(replica.holdings(author.device).unwrap().scopes, replica.recount().unwrap());
        received.is_ok()
    })
}

/// Pushes of whatever bodies, rightly signed: each is stored or refused by itself, and what is stored another tablet reads.
fn push_to_a_store() -> Target {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let world = Seeded::new(3, NOW);
    let store = Store::open(&folder.path().join("station.db")).unwrap();
    let names = |zh: &str| Names { zh: zh.to_owned(), ..Names::default() };
    let new = NewStation {
        name: names("派出所"),
        root_name: names("苏木"),
        root_level: Level::Sumu,
        root_code: "150000900".to_owned(),
        root_parent: None,
    };
    let station = store.create_station(&new, &world).unwrap();
    let officer = NewOfficer { name: names("甲"), role: "officer".to_owned(), areas: Vec::new(), password_hash: None };
    let officer = store.add_officers(station.id, &[officer], &world).unwrap()[0].id;
    let enrols = move |store: &Store, world: &Seeded, author: &Author| {
        let token = store.invite(station.id, officer, 72, world).unwrap();
        let request = EnrolRequest { token, device: author.device, key: author.key.verifying_key() };
        store.enrol(&request, world).unwrap();
    };
    let reader = Author::new(4);
    enrols(&store, &world, &reader);
    let root = station.root;
    let examples = Author { area: root, officer, ..Author::new(5) }.writes();
    let lines: Vec<u8> = examples.iter().flat_map(|entry| format!("{}\n", entry.body).into_bytes()).collect();
    let next = RefCell::new(1_000_u64);
    Target::new("push of a hostile tablet", vec![lines], move |bytes| {
        let _ = &folder;
        // A device of its own each time, whose name is written into the bodies.
        let seed = next.replace_with(|seed| *seed + 1);
        let author = Author { area: root, ..Author::new(seed) };
        enrols(&store, &world, &author);
        let written = String::from_utf8_lossy(bytes).replace(&name(&examples[0]), &author.device.to_string());
        let fresh = seed.to_string();
        let bodies: Vec<Vec<u8>> = written
            .split('\n')
            .filter(|body| !body.is_empty())
            .take(50)
            // Names of revisions are taken only once.
            .map(|body| {
                body.replace("\"id\":\"019", &format!("\"id\":\"{:0>3}", &fresh[fresh.len() - 3..])).into_bytes()
            })
            .collect();
        if bodies.is_empty() {
            return false;
        }
        let (header, bodies) = author.pushes(station.epoch, bodies.iter().map(Vec::as_slice));
        let answer = store.push(station.id, author.device, &header, &bodies, &Seeded::new(1, NOW)).unwrap();
        assert_eq!(answer.items.len(), bodies.len());
        let again = store.push(station.id, author.device, &header, &bodies, &Seeded::new(1, NOW)).unwrap();
        assert!(again.items.iter().all(|item| !matches!(item.verdict, Verdict::Stored(_))));
        let stored: Vec<u64> = answer
            .items
            .iter()
            .filter_map(|item| if let Verdict::Stored(position) = item.verdict { Some(position) } else { None })
            .collect();
        let Some(first) = stored.first() else { return false };
        let pulled = read_batch(&pack_pull(&store, station.id, reader.device, first - 1).unwrap()).unwrap();
        let positions: Vec<u64> = pulled.entries().map(|(at, _)| at).collect();
        assert_eq!(positions, stored);
        let mut replica = Replica::in_memory().unwrap();
        replica.set_scopes(&[root]).unwrap();
        replica.receive(reader.device, &pulled, Some(pulled.end.end), NOW).unwrap();
        let entries: Vec<(u64, Entry)> = pulled.entries().map(|(at, entry)| (at, entry.clone())).collect();
        let before = screens(&replica, reader.device, &entries);
        replica.rebuild().unwrap();
        assert_eq!(before, screens(&replica, reader.device, &entries));
        true
    })
}

fn name(entry: &Entry) -> String {
    entry.revision.device.to_string()
}

/// Everything that a tablet shows of these records.
fn screens(replica: &Replica, device: DeviceId, entries: &[(u64, Entry)]) -> Vec<String> {
    let shown = entries.iter().map(|(_, entry)| {
        let record = entry.revision.record;
        let page =
            (entry.revision.kind == Kind::Household).then(|| format!("{:?}", replica.household(record, device, NOW)));
        let visit = (entry.revision.kind == Kind::Visit)
            .then(|| format!("{:?}", replica.visit(record, entry.revision.officer)));
        format!("{:?} {page:?} {visit:?}", replica.record(record, device))
    });
    shown.collect()
}
