//! What must always hold, and whether it does: looked at after every sync, kill and restore, beside the product's own code.

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, RecordId, RevisionId};
use ailchin_core::record::body_hash;
use ailchin_core::sync::{Digest, PushAnswer, Receipt, ReceiptBody, Verdict};
use serde_json::json;

use super::rows::Row;
use super::station::Station;
use super::tablet::{Line, Tablet};
use super::unexpected;

macro_rules! invariants {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// What must hold.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Invariant { $($(#[doc = $doc])* $name,)* }

        impl Invariant {
            /// All of them, with what they say.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, concat!($($doc),*)),)*];
        }
    };
}

invariants! {
    /// A revision that was said to be saved is on its tablet, byte for byte, whatever happened since.
    SavedStays,
    /// What is saved in one go is there as a whole or not at all after a kill.
    AllOrNothing,
    /// A revision that the station said it stored is at the station.
    ToldIsStored,
    /// Nothing is there twice: no name, no place of a log, no position, no content.
    OnlyOnce,
    /// Positions have no gaps, and what stands at one never changes in one life of the store.
    FeedOnlyGrows,
    /// A tablet's place in the feed never goes back within one life of the store, unless it began anew for a cause.
    PlaceNeverBack,
    /// Counts and digests of scopes, as they are kept, are what a recount finds, on tablets and at the station.
    DigestsAreRecounts,
    /// A receipt states what is there, not more: revisions, digests, blobs with the right bytes.
    ReceiptIsTrue,
    /// Tablet and station never differ without a cause (a restore, areas given or taken).
    DiffersForACause,
    /// An error has a cause: a sync ends early only with codes that the faults explain.
    ErrorsHaveCauses,
    /// After healing every revision that was not lost with its disk is at the station, byte for byte.
    NothingMissing,
    /// After healing all tablets hold exactly what the station holds of their areas.
    SameLog,
    /// After healing every record is the same on all tablets, and is what a fold of the station's log gives.
    SameRecords,
    /// Views equal what a rebuild from the log makes, search included.
    ViewsAreRebuilds,
    /// After healing nothing waits, and the newest receipt covers everything.
    NothingWaits,
    /// Without faults every sync succeeds, and after a bounded number of rounds there is nothing new.
    QuietSoon,
    /// A part of a bundle that was cut or changed on its way is refused, and nothing of it counts.
    DamagedIsRefused,
    /// After healing nothing is left of what was erased: not in a log, a view, a file of the store or of a tablet, nor as a blob.
    ErasedIsGone,
    /// Without a network files alone bring everything to the station and a receipt back.
    FilesAreEnough,
}

/// An invariant that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Which.
    pub invariant: Invariant,
    /// What was seen.
    pub seen: String,
}

pub(super) fn hold(invariant: Invariant, holds: bool, seen: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { invariant, seen: seen() }) }
}

/// What was said and seen so far.
#[derive(Default)]
pub(super) struct Ledger {
    /// Said to be saved: on which tablet.
    pub(super) saved: BTreeMap<RevisionId, (usize, DeviceId)>,
    /// What the bodies of these hash to: a tombstone has no other name for what was there.
    bodies: BTreeMap<Hash, RevisionId>,
    /// What records the revisions are about that were said to be saved.
    records: BTreeMap<RevisionId, RecordId>,
    /// What was written down with a mark is about these records.
    pub(super) about: BTreeMap<u64, BTreeSet<RecordId>>,
    /// The photos that were put to these records.
    pub(super) photos: BTreeMap<Hash, BTreeSet<RecordId>>,
    /// Decisions, which say again what was said.
    pub(super) decisions: BTreeSet<RevisionId>,
    /// Lost with a disk, so nobody can bring it back.
    pub(super) lost: BTreeSet<RevisionId>,
    /// Told by the station to a tablet: stored at this position.
    told: BTreeMap<(DeviceId, u64), u64>,
    /// Refused by the station.
    pub(super) refused: BTreeSet<(DeviceId, u64)>,
    /// The feed as it was seen last, in this life of the store.
    feed: Vec<(Hash, AreaId, bool)>,
    /// The revisions at the station when it was looked at last.
    there: BTreeSet<RevisionId>,
    /// Let go by this tablet, with its record, while they were at the station: from then on others answer for them.
    handed_over: BTreeSet<(usize, RevisionId)>,
    epoch: Option<EpochId>,
    places: BTreeMap<usize, (Option<EpochId>, u64)>,
}

impl Ledger {
    /// Said to be saved on a tablet.
    pub(super) fn was_saved(&mut self, made: &[RevisionId], n: usize, tablet: &Tablet) {
        for id in made {
            self.saved.insert(*id, (n, tablet.device));
            if let Some((hash, record)) = tablet.body_of(*id) {
                self.bodies.insert(hash, *id);
                self.records.insert(*id, record);
            }
        }
    }

    /// The revision that has, or had, this body.
    pub(super) fn named(&self, id: RevisionId, hash: Hash) -> RevisionId {
        self.bodies.get(&hash).copied().unwrap_or(id)
    }

    /// The marks that are about these records only.
    pub(super) fn marks_of(&self, records: &BTreeSet<RecordId>) -> Vec<u64> {
        let about = self.about.iter().filter(|(_, about)| !about.is_empty() && about.is_subset(records));
        about.map(|(mark, _)| *mark).collect()
    }

    /// The photos that belong to these records only.
    pub(super) fn blobs_of(&self, records: &BTreeSet<RecordId>) -> Vec<Hash> {
        let of = self.photos.iter().filter(|(_, of)| !of.is_empty() && of.is_subset(records));
        of.map(|(hash, _)| *hash).collect()
    }

    /// A revision that another name was given to has another body.
    fn note_body(&mut self, id: RevisionId, hash: Hash, body: &str) {
        if self.saved.contains_key(&id) && Hash::of(body.as_bytes()) == hash {
            self.bodies.insert(hash, id);
        }
    }

    /// A revision that was written anew under another name and then erased, in one sync: its tombstone is of a body that nobody
    /// saw here.
    fn note_rewritten(&mut self, n: usize, lines: &[Line]) {
        let here: BTreeSet<RevisionId> = lines.iter().map(|line| self.named(line.id, line.hash)).collect();
        let unseen =
            |line: &&Line| Hash::of(line.body.as_bytes()) != line.hash && !self.bodies.contains_key(&line.hash);
        let unseen: Vec<(RecordId, Hash)> = lines.iter().filter(unseen).map(|line| (line.record, line.hash)).collect();
        let mut missing: Vec<RevisionId> =
            self.saved.iter().filter(|(id, (on, _))| *on == n && !here.contains(id)).map(|(id, _)| *id).collect();
        for (record, hash) in unseen {
            let of_record = |id: &RevisionId| self.records.get(id) == Some(&record);
            if let Some(at) = missing.iter().position(of_record) {
                self.bodies.insert(hash, missing.remove(at));
            }
        }
    }

    /// The station answers a push; whether the answer arrives or not, it must be true.
    pub(super) fn was_told(&mut self, device: DeviceId, said: &PushAnswer, station: &Station) -> Result<(), Broken> {
        for item in &said.items {
            match item.verdict {
                Verdict::Stored(position) | Verdict::Duplicate(position) => {
                    self.told.insert((device, item.seq), position);
                    let stored = station.stands_at(device, item.seq);
                    hold(Invariant::ToldIsStored, stored == Some(position), || {
                        format!(
                            "the station says that place {} of {device} is stored at {position}: {stored:?}",
                            item.seq
                        )
                    })?;
                }
                Verdict::Refused(_) => {
                    self.refused.insert((device, item.seq));
                }
            }
        }
        Ok(())
    }

    /// The station was restored: what it said before says nothing about positions any more.
    pub(super) fn new_life(&mut self) {
        self.told.clear();
        self.refused.clear();
        self.feed.clear();
        self.epoch = None;
    }

    /// A tablet may begin its feed anew.
    pub(super) fn may_begin_anew(&mut self, tablet: usize) {
        self.places.remove(&tablet);
    }

    /// The station's log by itself.
    pub(super) fn look_at_station(&mut self, station: &Station) -> Result<Vec<Row>, Broken> {
        use Invariant as I;
        let rows = station.rows();
        let epoch = station.epoch();
        if self.epoch.is_some_and(|known| known != epoch) {
            self.new_life();
        }
        self.epoch = Some(epoch);
        let mut digests = BTreeMap::new();
        let mut names = BTreeSet::new();
        let mut places: BTreeMap<(DeviceId, u64), u64> = BTreeMap::new();
        let feed = station.feed();
        for (index, (at, hash, area, moved)) in feed.iter().enumerate() {
            hold(I::FeedOnlyGrows, *at == index as u64 + 1, || format!("position {at} stands at place {index}"))?;
            let known = self.feed.get(index);
            hold(I::FeedOnlyGrows, known.is_none_or(|known| known.0 == *hash && known.1 == *area), || {
                format!("position {at} holds something else than before")
            })?;
            hold(I::FeedOnlyGrows, known.is_none_or(|known| *moved || !known.2), || {
                format!("what stood at {at} had moved, and is back")
            })?;
        }
        hold(I::FeedOnlyGrows, feed.len() >= self.feed.len(), || {
            format!("the feed had {} positions and has {}", self.feed.len(), feed.len())
        })?;
        for row in &rows {
            let at = row.position;
            let stands = usize::try_from(at).ok().and_then(|at| feed.get(at - 1));
            hold(
                I::FeedOnlyGrows,
                stands.is_some_and(|(_, hash, area, moved)| (hash, area, moved) == (&row.hash, &row.area, &false)),
                || format!("revision {} says that it stands at {at}: {stands:?}", row.id),
            )?;
            hold(I::FeedOnlyGrows, body_hash(row.body.as_bytes()) == row.hash, || {
                format!("the body at {at} has another hash")
            })?;
            self.note_body(row.id, row.hash, &row.body);
            hold(I::OnlyOnce, names.insert(self.named(row.id, row.hash)), || {
                format!("revision {} is there twice", row.id)
            })?;
            let before = places.insert((row.device, row.seq), at);
            hold(I::OnlyOnce, before.is_none(), || format!("place {} of {} is there twice", row.seq, row.device))?;
            digests.entry(row.area).or_insert_with(Digest::default).add(row.hash);
        }
        self.feed = feed.into_iter().map(|(_, hash, area, moved)| (hash, area, moved)).collect();
        for (device, seq) in self.told.keys() {
            hold(I::ToldIsStored, places.contains_key(&(*device, *seq)), || {
                format!("{device} was told that its place {seq} is stored, and it is not there")
            })?;
        }
        for area in &station.areas {
            let digest = digests.get(area).copied().unwrap_or_default();
            let kept = station.kept(*area, u64::MAX >> 1);
            hold(I::DigestsAreRecounts, kept == (digest.count, digest.sum()), || {
                format!("the station keeps {} of area {area}, a recount finds {}", kept.0, digest.count)
            })?;
        }
        self.there = names;
        Ok(rows)
    }

    /// A tablet by itself.
    pub(super) fn look_at_tablet(&mut self, n: usize, tablet: &Tablet) -> Result<(), Broken> {
        use Invariant as I;
        let lines = tablet.lines();
        lines.iter().for_each(|line| self.note_body(line.id, line.hash, &line.body));
        self.note_rewritten(n, &lines);
        let here: BTreeSet<RevisionId> = lines.iter().map(|line| self.named(line.id, line.hash)).collect();
        let counted = lines.iter().filter(|line| line.refused.as_deref() != Some("revision_known")).count();
        hold(I::OnlyOnce, here.len() >= counted, || format!("tablet {n} holds a revision twice"))?;
        for (id, _) in self.saved.iter().filter(|(_, (on, _))| *on == n) {
            if !here.contains(id) && self.there.contains(id) {
                self.handed_over.insert((n, *id));
            }
            // What a tablet lost with its file or handed over, and the station with its own, another tablet may have: that is
            // looked at in the end.
            let elsewhere = self.lost.contains(id) || self.handed_over.contains(&(n, *id)) || tablet.was_put_back;
            let stays = here.contains(id) || elsewhere;
            hold(I::SavedStays, stays, || {
                format!("revision {id} was said to be saved on tablet {n} and is not there")
            })?;
        }
        let wrong = lines.iter().find(|line| body_hash(line.body.as_bytes()) != line.hash);
        hold(I::SavedStays, wrong.is_none(), || format!("tablet {n} holds other bytes than were saved: {wrong:?}"))?;
        let counted = tablet.replica().recount().map_err(|error| unexpected(n, &error))?;
        let kept = tablet.replica().holdings(tablet.device).map_err(|error| unexpected(n, &error))?.scopes;
        hold(I::DigestsAreRecounts, kept == counted, || {
            format!("tablet {n} keeps {kept:?}, a recount finds {counted:?}")
        })?;
        let place = tablet.place();
        if let Some(before) = self.places.insert(n, place) {
            hold(I::PlaceNeverBack, before.0 != place.0 || before.1 <= place.1, || {
                format!("tablet {n} was at {} of the feed and is at {}", before.1, place.1)
            })?;
        }
        Ok(())
    }

    /// The receipt of a sync that just succeeded.
    pub(super) fn look_at_receipt(n: usize, tablet: &Tablet, station: &Station, rows: &[Row]) -> Result<(), Broken> {
        use Invariant as I;
        let kept = tablet.receipt();
        let Some((body, signature)) = kept else {
            return hold(I::ReceiptIsTrue, false, || format!("tablet {n} synced and has no receipt"));
        };
        let receipt: Receipt = serde_json::from_value(json!({ "body": body, "signature": signature })).unwrap();
        let said: ReceiptBody = receipt.read(&tablet.station_key).map_err(|error| unexpected(n, &error))?;
        hold(I::ReceiptIsTrue, said.device == tablet.device && Some(said.epoch) == tablet.place().0, || {
            format!("tablet {n} synced and its receipt is of another device")
        })?;
        for scope in &said.scopes {
            let kept = station.kept(scope.area, said.position);
            hold(I::ReceiptIsTrue, kept == (scope.digest.count, scope.digest.sum()), || {
                format!(
                    "a receipt of tablet {n} states {} of area {}, there are {}",
                    scope.digest.count, scope.area, kept.0
                )
            })?;
        }
        let own: Vec<&Row> = rows.iter().filter(|row| row.device == tablet.device).collect();
        hold(I::ReceiptIsTrue, said.own_stored <= own.len() as u64, || {
            format!("a receipt states {} own revisions of tablet {n}, there are {}", said.own_stored, own.len())
        })?;
        let named: BTreeSet<Hash> = own.iter().flat_map(|row| row.blobs.iter().copied()).collect();
        let stored = named.iter().filter(|hash| station.has_bytes(**hash)).count() as u64;
        hold(I::ReceiptIsTrue, said.blobs_stored <= stored && said.blobs_named <= named.len() as u64, || {
            format!("a receipt states {} blobs of tablet {n}, the station has bytes of {stored}", said.blobs_stored)
        })
    }
}
