//! Random histories of one household, as several devices write it that meet now and then.
#![allow(unreachable_pub, reason = "a module of tests")]

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, OfficerId, RecordId, RevisionId};
use ailchin_core::record::{Fields, Kind, Revision, State, fold};
use ailchin_core::time::{Hlc, Instant};
use proptest::prelude::{Strategy, prop, prop_oneof};
use serde_json::{Value, json};

/// How many devices write.
pub const DEVICES: usize = 4;

/// The fields that are written; the last is one that this program does not know.
pub const FIELDS: [&str; 4] = ["name_zh", "phone", "note", "of_next_year"];

/// The values a field can have; the first removes it.
pub fn value(field: usize, choice: usize) -> Value {
    match (choice, FIELDS[field]) {
        (0, _) => Value::Null,
        (n, "phone") => json!(format!("1380000000{n}")),
        (n, "of_next_year") => json!({ "深": [n, { "x": null }] }),
        (n, field) => json!(format!("{field} {n}")),
    }
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Act {
    /// A device writes fields.
    Write { device: usize, fields: Vec<(usize, usize)>, clock: i64 },
    /// A device gets everything that another one has.
    Meet { from: usize, to: usize },
}

/// Up to `most` things that happen.
pub fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let fields = prop::collection::vec((0..FIELDS.len(), 0..4_usize), 1..4);
    // Few clock readings, so that they tie and run backwards: only parents may order.
    let write = (0..DEVICES, fields, 0..5_i64).prop_map(|(device, fields, clock)| Act::Write { device, fields, clock });
    let meet = (0..DEVICES, 0..DEVICES).prop_map(|(from, to)| Act::Meet { from, to });
    prop::collection::vec(prop_oneof![3 => write, 2 => meet], 1..most)
}

/// What a list of acts makes.
#[derive(Default)]
pub struct Play {
    /// All revisions, in the order they were written.
    pub revisions: Vec<Revision>,
    /// Which of them each device has.
    pub has: [BTreeSet<usize>; DEVICES],
}

impl Play {
    /// Plays the acts. `wrote` is told of every revision, `met` of every meeting.
    pub fn of(acts: &[Act], mut wrote: impl FnMut(usize, &Revision), mut met: impl FnMut(usize, usize)) -> Self {
        let mut play = Self::default();
        for act in acts {
            match act {
                Act::Write { device, fields, clock } => {
                    if let Some(revision) = play.write(*device, fields, *clock) {
                        wrote(*device, &revision);
                        play.has[*device].insert(play.revisions.len());
                        play.revisions.push(revision);
                    }
                }
                Act::Meet { from, to } => {
                    let brought = play.has[*from].clone();
                    play.has[*to].extend(brought);
                    met(*from, *to);
                }
            }
        }
        play
    }

    /// What a device's record is.
    pub fn state(&self, device: usize) -> Option<State> {
        fold(self.has[device].iter().map(|index| &self.revisions[*index]))
    }

    /// What the device saves; `None` if nothing would change. Like the product, it writes a field only if its value changes
    /// or the field is in conflict.
    fn write(&self, device: usize, fields: &[(usize, usize)], clock: i64) -> Option<Revision> {
        let state = self.state(device);
        let shown = state.as_ref().map(State::shown).unwrap_or_default();
        let undecided: BTreeSet<&str> = state.iter().flat_map(State::conflicts).map(|(field, _)| field).collect();
        let mut changed = Fields::new();
        for (field, choice) in fields {
            let (name, value) = (FIELDS[*field], value(*field, *choice));
            if undecided.contains(name) || shown.get(name).unwrap_or(&Value::Null) != &value {
                changed.insert(name.to_owned(), value);
            } else {
                changed.remove(name);
            }
        }
        if changed.is_empty() {
            return None;
        }
        let seq = 1 + self.revisions.iter().filter(|revision| revision.device == device_id(device)).count() as u64;
        let heads = state.map(|state| state.heads).unwrap_or_default();
        Some(revision(device, seq, heads, changed, clock))
    }
}

/// A revision of the one household of these histories.
pub fn revision(device: usize, seq: u64, parents: Vec<RevisionId>, fields: Fields, clock: i64) -> Revision {
    Revision {
        id: RevisionId::from_bytes(bytes(&format!("revision {device} {seq}"))),
        record: record(),
        kind: Kind::Household,
        area: area(),
        device: device_id(device),
        seq,
        officer: OfficerId::from_bytes(bytes(&format!("officer {device}"))),
        at_ms: Instant::from_ms(1_780_000_000_000 + clock),
        hlc: Hlc::new(1_780_000_000_000 + clock, 0),
        parents,
        fields,
        erased: None,
    }
}

/// The household.
pub fn record() -> RecordId {
    RecordId::from_bytes(bytes("household"))
}

/// Its area.
pub fn area() -> AreaId {
    AreaId::from_bytes(bytes("gacha"))
}

/// A device.
pub fn device_id(device: usize) -> DeviceId {
    DeviceId::from_bytes(bytes(&format!("device {device}")))
}

/// Every revision with all that came before it, found by following parents one by one.
pub fn ancestors(revisions: &[Revision]) -> BTreeMap<RevisionId, BTreeSet<RevisionId>> {
    let parents: BTreeMap<RevisionId, &[RevisionId]> =
        revisions.iter().map(|revision| (revision.id, revision.parents.as_slice())).collect();
    let before = |id: RevisionId| {
        let mut found = BTreeSet::new();
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            let known = parents.get(&id).copied().unwrap_or_default();
            next.extend(known.iter().copied().filter(|parent| parents.contains_key(parent) && found.insert(*parent)));
        }
        found
    };
    parents.keys().map(|id| (*id, before(*id))).collect()
}

fn bytes(name: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Hash::of(name.as_bytes()).as_bytes()[..16]);
    bytes
}
