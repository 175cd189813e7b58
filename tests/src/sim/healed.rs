//! What must hold when the faults are over and everybody has synced until nothing is new.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ailchin_core::hash::Hash;
use ailchin_core::ids::{RecordId, RevisionId};
use ailchin_core::record::{Entry, Kind, Revision, area_of, fold};
use ailchin_core::replica::RecordView;
use ailchin_core::view::HouseholdQuery;
use serde_json::{Value, json};

use super::promises::{Broken, Invariant, Ledger, hold};
use super::rows::Row;
use super::station::Station;
use super::tablet::{Line, Tablet};

/// Compares everything with everything.
pub(super) fn all_agree(
    ledger: &Ledger,
    station: &Station,
    tablets: &mut [(usize, &mut Tablet)],
    marks: u64,
) -> Result<(), Broken> {
    let rows = station.rows();
    let at_station: BTreeMap<RevisionId, &Row> = rows.iter().map(|row| (ledger.named(row.id, row.hash), row)).collect();
    let erased = erased(&rows);
    each_mark_once(ledger, &rows, marks)?;
    station_has_nothing_of(&erased, ledger, station, &rows)?;
    for (id, (n, _)) in &ledger.saved {
        let tablet = tablets.iter().find(|(index, _)| index == n);
        let line = tablet
            .and_then(|(_, tablet)| tablet.lines().into_iter().find(|line| ledger.named(line.id, line.hash) == *id));
        if ledger.lost.contains(id) || line.as_ref().is_some_and(|line| line.refused.is_some()) {
            continue;
        }
        // Of what was erased where this tablet may not look, it has what an officer still has to decide about.
        let untold = |line: &Line, row: &Row| line.filed.is_none() && !says_something(&row.body);
        let same = at_station.get(id).is_some_and(|row| {
            line.as_ref().is_none_or(|line| line.device != row.device || line.body == row.body || untold(line, row))
        });
        hold(Invariant::NothingMissing, same, || format!("revision {id} of tablet {n} is not at the station"))?;
    }
    let records = folded(&rows);
    for (n, tablet) in tablets {
        nothing_waits(*n, tablet, station, &rows)?;
        let lines = tablet.lines();
        same_log(*n, tablet, &lines, &rows)?;
        tablet_has_nothing_of(&erased, ledger, *n, tablet, &lines)?;
        same_records(*n, tablet, &lines, &records)?;
        views_are_rebuilds(*n, tablet)?;
    }
    Ok(())
}

/// Each mark that an officer wrote is in the revisions of one go only: nothing was written down twice.
fn each_mark_once(ledger: &Ledger, rows: &[Row], marks: u64) -> Result<(), Broken> {
    let mut seen: BTreeMap<(u64, String), RevisionId> = BTreeMap::new();
    for row in rows.iter().filter(|row| !ledger.decisions.contains(&row.id)) {
        let body: Value = serde_json::from_str(&row.body).unwrap();
        let text = body["fields"].to_string();
        let written = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u64>().ok());
        for mark in written.filter(|mark| (FIRST_MARK..FIRST_MARK + marks).contains(mark)).collect::<BTreeSet<_>>() {
            let before = seen.insert((mark, body["kind"].to_string()), row.id);
            hold(Invariant::OnlyOnce, before.is_none(), || {
                format!("what {before:?} says is said again by {}", row.id)
            })?;
        }
    }
    Ok(())
}

/// Marks begin where no other number of a story is.
pub(super) const FIRST_MARK: u64 = 7_000_000_000;

/// The records that the station's log says were erased.
fn erased(rows: &[Row]) -> BTreeSet<RecordId> {
    rows.iter().filter(|row| read(&row.body).kind == Kind::Erasure).map(|row| row.record).collect()
}

fn read(body: &str) -> Revision {
    Entry::read(body.to_owned()).unwrap().revision
}

/// Whether a body says something of an erased record: neither that it was erased nor only a tombstone.
fn says_something(body: &str) -> bool {
    let revision = read(body);
    revision.kind != Kind::Erasure && !revision.is_tombstone()
}

fn station_has_nothing_of(
    erased: &BTreeSet<RecordId>,
    ledger: &Ledger,
    station: &Station,
    rows: &[Row],
) -> Result<(), Broken> {
    let left = rows.iter().find(|row| erased.contains(&row.record) && says_something(&row.body));
    hold(Invariant::ErasedIsGone, left.is_none(), || format!("the station still has {left:?}"))?;
    let blob = ledger.blobs_of(erased).into_iter().find(|hash| station.has_bytes(*hash));
    hold(Invariant::ErasedIsGone, blob.is_none(), || format!("the station still has the bytes of {blob:?}"))?;
    nothing_is_in_files(&ledger.marks_of(erased), &station.path, "the station")
}

fn tablet_has_nothing_of(
    erased: &BTreeSet<RecordId>,
    ledger: &Ledger,
    n: usize,
    tablet: &Tablet,
    lines: &[Line],
) -> Result<(), Broken> {
    // Who does not hold the area is not told, and has only what an officer still has to decide about.
    let told: BTreeSet<RecordId> =
        lines.iter().filter(|line| read(&line.body).kind == Kind::Erasure).map(|line| line.record).collect();
    let erased: BTreeSet<RecordId> = erased.intersection(&told).copied().collect();
    let left = lines.iter().find(|line| erased.contains(&line.record) && says_something(&line.body));
    hold(Invariant::ErasedIsGone, left.is_none(), || format!("tablet {n} still has {left:?}"))?;
    let shown = erased.iter().find(|record| tablet.replica().record(**record, tablet.device).is_ok());
    hold(Invariant::ErasedIsGone, shown.is_none(), || format!("tablet {n} still shows {shown:?}"))?;
    let blob = ledger.blobs_of(&erased).into_iter().find(|hash| tablet.has_bytes(*hash));
    hold(Invariant::ErasedIsGone, blob.is_none(), || format!("tablet {n} still has the bytes of {blob:?}"))?;
    nothing_is_in_files(&ledger.marks_of(&erased), &tablet.path, &format!("tablet {n}"))
}

/// Whatever was written about records that were erased stands nowhere in a store's file or its write-ahead log.
fn nothing_is_in_files(marks: &[u64], path: &Path, whose: &str) -> Result<(), Broken> {
    let log = path.with_file_name(format!("{}-wal", path.file_name().unwrap().to_string_lossy()));
    let bytes = [std::fs::read(path).unwrap(), std::fs::read(log).unwrap_or_default()].concat();
    // All marks begin alike, so that one pass finds them.
    let begins = &FIRST_MARK.to_string()[..4];
    let there: BTreeSet<&[u8]> = bytes.windows(10).filter(|window| window.starts_with(begins.as_bytes())).collect();
    let left = marks.iter().find(|mark| there.contains(mark.to_string().as_bytes()));
    hold(Invariant::ErasedIsGone, left.is_none(), || format!("{left:?} is still in the file of {whose}"))
}

fn nothing_waits(n: usize, tablet: &Tablet, station: &Station, rows: &[Row]) -> Result<(), Broken> {
    let waits = |what: &str| format!("tablet {n}: {what}");
    let held = tablet.replica().holdings(tablet.device).unwrap();
    hold(Invariant::NothingWaits, held.unsent == 0 && held.unsent_blobs == 0, || {
        waits(&format!("{} revisions and {} blobs wait", held.unsent, held.unsent_blobs))
    })?;
    hold(Invariant::NothingWaits, tablet.replica().outbox(tablet.device).unwrap().is_none(), || {
        waits("the outbox is not empty")
    })?;
    hold(Invariant::NothingWaits, held.covered, || waits("no receipt covers everything"))?;
    let own = rows.iter().filter(|row| row.device == tablet.device);
    let named: BTreeSet<Hash> = own.flat_map(|row| row.blobs.iter().copied()).collect();
    let missing = named.iter().find(|hash| !station.has_bytes(**hash));
    hold(Invariant::NothingMissing, missing.is_none(), || waits(&format!("the station lacks blob {missing:?}")))?;
    let receipt = tablet.replica().receipt().unwrap();
    // What was refused here another tablet may have given back since; the next receipt will state it.
    let given_back = tablet.lines().iter().any(|line| line.refused.is_some());
    hold(
        Invariant::NothingWaits,
        given_back || receipt.is_some_and(|receipt| receipt.blobs_stored == named.len() as u64),
        || waits("the receipt does not state all blobs"),
    )
}

fn same_log(n: usize, tablet: &Tablet, lines: &[Line], rows: &[Row]) -> Result<(), Broken> {
    let scopes = tablet.scopes();
    let there: BTreeMap<RevisionId, &str> =
        rows.iter().filter(|row| scopes.contains(&row.area)).map(|row| (row.id, row.body.as_str())).collect();
    let here: BTreeMap<RevisionId, &str> =
        lines.iter().filter(|line| line.filed.is_some()).map(|line| (line.id, line.body.as_str())).collect();
    hold(Invariant::SameLog, here == there, || {
        let only = |a: &BTreeMap<RevisionId, &str>, b: &BTreeMap<RevisionId, &str>| {
            a.iter().filter(|(id, body)| b.get(id) != Some(body)).map(|(id, _)| id.to_string()).collect::<Vec<_>>()
        };
        format!("tablet {n} alone: {:?}; station alone: {:?}", only(&here, &there), only(&there, &here))
    })?;
    // A record that left stays as long as nobody has decided about what the station refused of it.
    let undecided: BTreeSet<RecordId> =
        lines.iter().filter(|line| line.refused.is_some()).map(|line| line.record).collect();
    let strange =
        lines.iter().find(|line| line.filed.is_none() && line.refused.is_none() && !undecided.contains(&line.record));
    hold(Invariant::SameLog, strange.is_none(), || format!("tablet {n} keeps what it does not hold: {strange:?}"))
}

/// What a record is, in a form that does not depend on who looks.
type Seen = (Value, BTreeSet<RevisionId>);

fn folded(rows: &[Row]) -> BTreeMap<RecordId, Seen> {
    let mut revisions: BTreeMap<RecordId, Vec<Revision>> = BTreeMap::new();
    for row in rows {
        revisions.entry(row.record).or_default().push(Entry::read(row.body.clone()).unwrap().revision);
    }
    // A record that was erased is none any more.
    let gone = |revisions: &[Revision]| revisions.iter().any(|revision| revision.kind == Kind::Erasure);
    let seen = revisions.into_iter().filter(|(_, revisions)| !gone(revisions)).map(|(record, revisions)| {
        let state = fold(&revisions).unwrap();
        let conflicts: Vec<Value> = state
            .conflicts()
            .map(|(field, writes)| {
                let values: Vec<Value> =
                    writes.iter().map(|write| json!([write.value, write.revision, write.at])).collect();
                json!([field, values])
            })
            .collect();
        let shown =
            json!({ "kind": state.kind, "area": area_of(&revisions), "fields": state.shown(), "conflicts": conflicts });
        (record, (shown, revisions.iter().map(|revision| revision.id).collect()))
    });
    seen.collect()
}

fn seen(view: &RecordView) -> Seen {
    let conflicts: Vec<Value> = view
        .conflicts
        .iter()
        .map(|conflict| {
            let values: Vec<Value> =
                conflict.values.iter().map(|value| json!([value.value, value.revision, value.at])).collect();
            json!([conflict.field, values])
        })
        .collect();
    let shown = json!({ "kind": view.kind, "area": view.area, "fields": view.fields, "conflicts": conflicts });
    (shown, view.log.iter().map(|line| line.id).collect())
}

/// A record that a refused revision changed is as its tablet's officer wrote it, so it is left out.
fn same_records(n: usize, tablet: &Tablet, lines: &[Line], records: &BTreeMap<RecordId, Seen>) -> Result<(), Broken> {
    let refused: BTreeSet<RecordId> =
        lines.iter().filter(|line| line.refused.is_some()).map(|line| line.record).collect();
    let held: BTreeSet<RecordId> = lines.iter().filter(|line| line.filed.is_some()).map(|line| line.record).collect();
    for record in held.difference(&refused) {
        let here = tablet.replica().record(*record, tablet.device).map(|view| seen(&view)).ok();
        let there = records.get(record);
        hold(Invariant::SameRecords, here.as_ref() == there, || {
            format!("record {record} on tablet {n}: {here:?}; by the station's log: {there:?}")
        })?;
    }
    Ok(())
}

fn views_are_rebuilds(n: usize, tablet: &mut Tablet) -> Result<(), Broken> {
    let found = |tablet: &Tablet| -> Vec<Value> {
        ["", "巴特尔", "suhe", "w", "ᠪᠠᠭᠠᠲᠤᠷ", "其其格", "139"]
            .map(|words| {
                let query = HouseholdQuery { query: words.to_owned(), area: None, offset: 0, limit: 500 };
                let mut list = serde_json::to_value(tablet.replica().households(&query).unwrap()).unwrap();
                // Equal names are in the order of rows.
                if let Some(lines) = list["lines"].as_array_mut() {
                    lines.sort_by_key(|line| line["id"].to_string());
                }
                list
            })
            .to_vec()
    };
    let (views, finds) = (tablet.views(), found(tablet));
    tablet.replica_mut().rebuild().unwrap();
    let rebuilt = tablet.views();
    for (table, before) in &views {
        let after = &rebuilt[table];
        hold(Invariant::ViewsAreRebuilds, before == after, || {
            let odd = before
                .iter()
                .filter(|row| !after.contains(row))
                .chain(after.iter().filter(|row| !before.contains(row)));
            format!("tablet {n}, {table}: {:#?}", odd.collect::<Vec<_>>())
        })?;
    }
    hold(Invariant::ViewsAreRebuilds, finds == found(tablet), || format!("tablet {n} finds others after a rebuild"))
}
