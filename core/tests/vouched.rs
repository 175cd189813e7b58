//! What another officer's tablet wrote and the station cannot take from it any more goes on as this tablet's own: its officer
//! answers for it, and who wrote it stays known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId, RevisionId};
use ailchin_core::record::{Device, Entry, Fields, Kind, Revision};
use ailchin_core::replica::Replica;
use ailchin_core::sync::{GiveItem, Pulled, PushItem, Verdict};
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::world::{Seeded, World as _};
use serde_json::{Value, json};

#[test]
fn what_the_station_does_not_take_from_its_author_is_said_anew_by_this_tablets_officer_who_names_the_author() {
    let world = Seeded::new(1, Instant::from_ms(1_000));
    let mut replica = Replica::in_memory().unwrap();
    let [own, other, console] = [(); 3].map(|()| DeviceId::new(&world));
    let [officer, colleague] = [(); 2].map(|()| OfficerId::new(&world));
    let (root, area) = (AreaId::new(&world), AreaId::new(&world));
    replica.set_scopes(&[root, area]).unwrap();
    replica.adopt(own, EpochId::new(&world), 0).unwrap();
    let write = |device, by, record, kind, area, fields| {
        let (id, at_ms, hlc) = (RevisionId::new(&world), world.now(), Hlc::new(1_000, 0));
        let revision = Revision {
            id,
            record,
            kind,
            area,
            device,
            seq: 1,
            officer: by,
            at_ms,
            hlc,
            parents: Vec::new(),
            fields,
            erased: None,
        };
        let mut body: Value = serde_json::to_value(&revision).unwrap();
        body["of_next_year"] = json!("kept");
        Entry::read(body.to_string()).unwrap()
    };
    let enrolment = Device { key: Hash::of(b"key"), officer, revoked: false };
    let me = RecordId::from_bytes(*own.as_bytes());
    let known = write(console, OfficerId::from_bytes(*console.as_bytes()), me, Kind::Device, root, enrolment.fields());
    let fields = Fields::from([("phone".to_owned(), json!("13900000001"))]);
    let theirs = write(other, colleague, RecordId::new(&world), Kind::Household, area, fields);
    let pulled = Pulled::of([(1, known), (2, theirs.clone())], 2);
    replica.receive(own, &pulled, Some(2), world.now()).unwrap();

    let refused = PushItem { seq: 1, verdict: Verdict::Refused(Code::AuthorUnknown), filed: None };
    replica.keep_given(own, &[GiveItem { device: other, item: refused }]).unwrap();
    let batch = replica.outbox(own).unwrap().unwrap();
    assert_eq!(batch.bodies.len(), 1);
    let said: Value = serde_json::from_str(&batch.bodies[0]).unwrap();
    assert_eq!((&said["officer"], &said["device"]), (&json!(officer), &json!(own)));
    assert_eq!(said["wrote"], json!({ "officer": colleague, "device": other, "seq": 1 }));
    assert_eq!((&said["id"], &said["fields"]), (&json!(theirs.revision.id), &json!({ "phone": "13900000001" })));
    assert_eq!(said["of_next_year"], "kept");
    let again = Entry::read(batch.bodies[0].clone()).unwrap();
    assert_eq!((again.revision.seq, again.revision.officer), (1, officer));
}
