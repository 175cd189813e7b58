//! An officer's work on a tablet: what is decided by the dice, and done on the real replica.

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DraftId, RecordId, RevisionId};
use ailchin_core::record::{Fields, Kind};
use ailchin_core::replica::{Author, Change, FinishedForm, ReplicaError, StoredBlob, Subject};
use ailchin_core::sync::Media;
use ailchin_core::world::World as _;
use serde_json::{Value, json};

use super::tablet::Tablet;
use crate::Dice;

/// What an officer does in one go.
pub(super) enum Act {
    Save(Vec<Change>),
    /// Conflicts are decided for a value that is there already.
    Decide(Vec<Change>),
    /// A form is begun, with photos, and stays open.
    Begin {
        household: RecordId,
        photos: Vec<StoredBlob>,
    },
    /// A form is finished: one that was left open, perhaps under an older pack, or one that is begun now.
    Visit {
        draft: Option<DraftId>,
        household: RecordId,
        photos: Vec<StoredBlob>,
        changes: Vec<Change>,
    },
}

impl Act {
    /// The photos in it, and the record that they belong to.
    pub(super) fn photos(&self) -> Vec<(Hash, RecordId)> {
        let (of, photos) = match self {
            Self::Begin { household, photos } => (*household, photos.as_slice()),
            Self::Visit { changes, photos, .. } => (changes[0].record, photos.as_slice()),
            Self::Save(_) | Self::Decide(_) => return Vec::new(),
        };
        photos.iter().map(|photo| (photo.hash, of)).collect()
    }

    /// The records that it writes.
    pub(super) fn records(&self) -> BTreeSet<RecordId> {
        match self {
            Self::Save(changes) | Self::Decide(changes) | Self::Visit { changes, .. } => {
                changes.iter().map(|change| change.record).collect()
            }
            Self::Begin { .. } => BTreeSet::new(),
        }
    }
}

impl Tablet {
    fn records(&self, condition: &str) -> Vec<(RecordId, String)> {
        self.peek(|at| {
            let mut statement =
                at.prepare(&format!("SELECT id, coalesce(conflicts, '') FROM record WHERE {condition} ORDER BY id"))?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// What the officer will do next; `None` if there is nothing to do it with. `mark` is in it and nowhere else.
    pub(super) fn decides(&self, dice: &mut Dice, mark: u64) -> Option<Act> {
        let areas = self.scopes().split_off(1);
        let area = *one_of(dice, &areas)?;
        let households = self.records("kind = 'household'");
        // Half of the work is on one household, so that there is something to disagree about.
        let household = |dice: &mut Dice| {
            let among = if dice.below(2) == 0 { 1.min(households.len()) } else { households.len() };
            one_of(dice, &households[..among]).map(|(id, _)| *id)
        };
        let edit = |record: RecordId, fields: Value| {
            let (kind, area) = self.replica().place_of(record).ok()?;
            areas.contains(&area).then(|| Act::Save(vec![Change { record, kind, area, fields: object(fields) }]))
        };
        match dice.below(if self.pack > 0 { 16 } else { 14 }) {
            0 | 1 => Some(Act::Save(self.family(dice, area, mark))),
            2 => {
                let fields = json!({ "household": household(dice)?, "name_zh": "其其格", "role": "head", "phone": mark.to_string() });
                Some(Act::Save(vec![self.made(Kind::Person, area, fields)]))
            }
            3 | 4 => edit(household(dice)?, json!({ "phone": mark.to_string() })),
            // Two may write the same.
            5 => edit(household(dice)?, json!({ "name_zh": one_of(dice, &["苏和", "乌云"])? })),
            6 => edit(household(dice)?, json!({ "note": format!("记 {mark}"), "phone": mark.to_string() })),
            7 => edit(household(dice)?, json!({ "note": null })),
            8 => edit(household(dice)?, json!({ "winter_camp": { "name": { "zh": format!("北井 {mark}") } } })),
            9 | 10 => {
                let begun = self.draft.filter(|(draft, _)| self.replica().draft(*draft).is_ok());
                let household = begun.map(|(_, household)| household).or_else(|| household(dice))?;
                if begun.is_none() && dice.below(3) == 0 {
                    let photos = (0..dice.below(3)).map(|_| photo(dice)).collect();
                    return Some(Act::Begin { household, photos });
                }
                self.visit(dice, begun.map(|(draft, _)| draft), household, mark)
            }
            11 => {
                let open = self.records("kind = 'task'");
                edit(one_of(dice, &open)?.0, json!({ "done_at_ms": mark }))
            }
            12 | 13 => {
                let undecided = self.records("conflicts IS NOT NULL");
                let (record, conflicts) = one_of(dice, &undecided)?;
                let conflicts: BTreeMap<String, Vec<Value>> = serde_json::from_str(conflicts).unwrap();
                let decided = conflicts.into_iter().map(|(field, values)| (field, one_of(dice, &values).cloned()));
                match edit(*record, decided.map(|(field, value)| (field, value.unwrap_or_default())).collect())? {
                    Act::Save(changes) => Some(Act::Decide(changes)),
                    other => Some(other),
                }
            }
            14 => {
                let kind = Kind::named("herd");
                let fields = json!({ "household": household(dice)?, "sheep": { "ewes": 120, "mark": mark } });
                Some(Act::Save(vec![self.made(kind, area, fields)]))
            }
            _ => edit(household(dice)?, json!({ "field_of_2029": ["ᠵᠢᠯ", mark] })),
        }
    }

    fn made(&self, kind: Kind, area: AreaId, fields: Value) -> Change {
        Change { record: RecordId::new(&*self.world), kind, area, fields: object(fields) }
    }

    /// A household with its members, in one go.
    fn family(&self, dice: &mut Dice, area: AreaId, mark: u64) -> Vec<Change> {
        let fields = json!({ "name_zh": "巴特尔", "name_mong": "ᠪᠠᠭᠠᠲᠤᠷ", "note": format!("记 {mark}") });
        let household = self.made(Kind::Household, area, fields);
        let member = json!({ "household": household.record, "name_zh": "乌云", "role": "adult" });
        let members = (0..dice.below(3)).map(|_| self.made(Kind::Person, area, member.clone())).collect::<Vec<_>>();
        std::iter::once(household).chain(members).collect()
    }

    fn visit(&self, dice: &mut Dice, draft: Option<DraftId>, household: RecordId, mark: u64) -> Option<Act> {
        let (_, area) = self.replica().place_of(household).ok()?;
        if !self.scopes().contains(&area) {
            return None;
        }
        let photos: Vec<StoredBlob> = (0..dice.below(3)).map(|_| photo(dice)).collect();
        let mut fields = json!({
            "household": household, "officer": self.officer, "visited_at_ms": self.world.now(),
            "form": "household_visit", "form_version": format!("2026{:02}", self.pack + 1), "instance": format!("uuid:{mark}"), "answer.outcome": "visited",
            "submission": format!("<data id=\"household_visit\"><note>记 {mark}</note></data>"),
        });
        if self.pack > 0 {
            fields["answer.asked_since_pack"] = json!(self.pack);
        }
        for (n, photo) in photos.iter().enumerate() {
            fields[format!("answer.photo_{n}")] = json!({
                "blob": photo.hash, "name": format!("{n}.png"), "size_bytes": photo.bytes.len(),
                "media_type": photo.media_type,
            });
        }
        let visit = self.made(Kind::Visit, area, fields);
        let mut changes = vec![visit];
        if dice.below(2) == 0 {
            let fields = json!({ "household": household, "visit": changes[0].record, "note": format!("再访 {mark}"), "due": "2026-08-01" });
            changes.push(self.made(Kind::Task, area, fields));
        }
        Some(Act::Visit { draft, household, photos, changes })
    }

    /// Does it. What was saved is named.
    pub(super) fn does(&mut self, act: &Act) -> Result<Vec<RevisionId>, ReplicaError> {
        let author = Author { device: self.device, officer: self.officer };
        let world = std::rc::Rc::clone(&self.world);
        let replica = self.replica_mut();
        match act {
            Act::Save(changes) | Act::Decide(changes) => replica.save(author, &*world, changes),
            Act::Begin { household, photos } => {
                let draft = replica.begin_draft(&*world, Subject::household(*household), "household_visit")?.id;
                for (n, photo) in photos.iter().enumerate() {
                    replica.attach(draft, &format!("{n}.png"), photo)?;
                }
                replica.save_draft(draft, "<data/>", 0, world.now())?;
                self.draft = Some((draft, *household));
                Ok(Vec::new())
            }
            Act::Visit { draft, household, photos, changes } => {
                let draft = match draft {
                    Some(draft) => *draft,
                    None => replica.begin_draft(&*world, Subject::household(*household), "household_visit")?.id,
                };
                for (n, photo) in photos.iter().enumerate() {
                    replica.attach(draft, &format!("{n}.png"), photo)?;
                }
                replica.save_draft(draft, "<data/>", 0, world.now())?;
                replica.finish(
                    author,
                    &*world,
                    &FinishedForm { draft, changes: changes.clone(), based: BTreeMap::new() },
                )
            }
        }
    }
}

fn object(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

/// Bytes that stand for a picture: mostly small, sometimes large, seldom the same as another.
fn photo(dice: &mut Dice) -> StoredBlob {
    let length = match dice.below(8) {
        0 => 20_000 + dice.below(40_000),
        _ => 100 + dice.below(3_000),
    };
    let shade = dice.below(200);
    let begins = Media::named("image/png").unwrap().begins_with;
    let rest = (0..length).map(|at| u8::try_from((at * 31 + shade * 7 + at * at / 13) % 256).unwrap());
    let bytes: Vec<u8> = begins.iter().copied().chain(rest).collect();
    StoredBlob { hash: Hash::of(&bytes), media_type: "image/png".to_owned(), bytes }
}

pub(super) fn one_of<'a, T>(dice: &mut Dice, all: &'a [T]) -> Option<&'a T> {
    match all.len() as u64 {
        0 => None,
        length => all.get(usize::try_from(dice.below(length)).unwrap()),
    }
}
