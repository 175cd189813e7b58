//! What checking the submissions of visits found: kept beside the log for somebody to look at. Nothing is refused for it.
//!
//! Whatever way a visit came (push, bundle, gift), it is checked once, in the order of positions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use ailchin_core::error::Code;
use ailchin_core::form::{Findings, FormError, FormRules, RuleKind, Unchecked};
use ailchin_core::hash::Hash;
use ailchin_core::ids::{RecordId, RevisionId, StationId};
use ailchin_core::pack::{Pack, builtin};
use ailchin_core::record::{self, Kind};
use ailchin_core::time::Instant;
use serde_json::Value;

use super::error::Fault;
use super::sql::{Tx, cells};
use super::{Store, StoreError, station};

/// Visits that are checked in one go.
const AT_ONCE: u64 = 500;

/// The rules of the forms of packs, by id and version.
#[derive(Debug, Default)]
pub struct Rules {
    forms: BTreeMap<(String, String), FormRules>,
    /// Of which packs.
    packs: Vec<Hash>,
}

/// What was found in the submission of a visit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The visit.
    pub record: RecordId,
    /// The revision that holds the submission.
    pub revision: RevisionId,
    /// When it was checked.
    pub at: Instant,
    /// The JSON of its [`Findings`].
    pub findings: String,
    /// When somebody had looked at it.
    pub settled_at: Option<Instant>,
}

impl Rules {
    /// Adds those of a pack; a form in a version that is there already is the same form.
    ///
    /// # Errors
    /// [`FormError`] of the first form that cannot be read.
    pub fn add(&mut self, pack: &Pack) -> Result<(), FormError> {
        for form in &pack.forms {
            let key = (form.model.id.clone(), form.model.version.clone());
            if let Entry::Vacant(place) = self.forms.entry(key) {
                place.insert(FormRules::parse(&form.xform)?);
            }
        }
        self.packs.push(pack.hash);
        Ok(())
    }

    /// What is to be looked at in a visit; `None` if everything was evaluated and holds, or if there is no submission.
    fn check(&self, body: String) -> Option<Findings> {
        let fields = record::Entry::read(body).ok()?.revision.fields;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let submission = text("submission").filter(|submission| !submission.is_empty())?;
        let (form, version) = (text("form").unwrap_or_default(), text("form_version").unwrap_or_default());
        let unread = |why: String| Findings {
            form: form.to_owned(),
            version: version.to_owned(),
            unchecked: vec![Unchecked { at: "/".to_owned(), rule: RuleKind::Form, why, by_nature: false }],
            ..Findings::default()
        };
        let findings = match self.forms.get(&(form.to_owned(), version.to_owned())) {
            None => unread(format!("the form {form} {version} is not here")),
            Some(rules) => rules.check(submission).unwrap_or_else(|cause| unread(cause.to_string())),
        };
        // What nobody could check from here is no reason to look at a visit.
        let looked_through = findings.unchecked.iter().all(|unchecked| unchecked.by_nature);
        let all_is_well = findings.violations.is_empty() && findings.differs.is_empty() && looked_through;
        (!all_is_well).then_some(findings)
    }
}

impl Store {
    /// The rules of all forms of a station: of the built-in pack and of those it published. `known` is given back if it is them.
    /// A pack that this program cannot read is left out; what was filled in with it stays unchecked, and says so.
    ///
    /// # Errors
    /// What the database says.
    pub fn rules(&self, station: StationId, known: Option<Arc<Rules>>) -> Result<Arc<Rules>, StoreError> {
        let published = self.packs(station)?;
        let builtin = builtin().ok();
        let packs: Vec<Hash> = published.iter().map(|pack| pack.hash).chain(builtin.map(|pack| pack.hash)).collect();
        if let Some(known) = known.filter(|known| known.packs == packs) {
            return Ok(known);
        }
        let mut rules = Rules::default();
        for row in &published {
            match self.pack(station, row.hash)? {
                Ok(pack) if rules.add(&pack).is_ok() => {}
                _ => tracing::warn!(pack = %row.hash, "a published pack cannot be read"),
            }
        }
        if builtin.is_some_and(|pack| rules.add(pack).is_err()) {
            tracing::error!("the built-in pack's forms cannot be read");
        }
        rules.packs = packs;
        Ok(Arc::new(rules))
    }

    /// Checks the visits that were stored since it was asked last, some hundred at a time and as long as `go_on` says so. How many
    /// were checked, of how many something is kept, and whether that was all.
    ///
    /// # Errors
    /// What the database says; `not_found` for a station that is not here.
    pub fn check_visits(
        &self,
        station: StationId,
        rules: &Rules,
        now: Instant,
        go_on: &dyn Fn() -> bool,
    ) -> Result<(u64, u64, bool), StoreError> {
        let (mut checked, mut kept) = (0, 0);
        loop {
            let (from, end, visits) = self.read("reading visits to check", |tx| waiting(tx, station))?;
            if from >= end || !go_on() {
                return Ok((checked, kept, from >= end));
            }
            checked += visits.len() as u64;
            let found: Vec<(RevisionId, RecordId, String)> = visits
                .into_iter()
                .filter_map(|(revision, record, body)| {
                    let findings = rules.check(body)?;
                    Some((revision, record, serde_json::to_string(&findings).ok()?))
                })
                .collect();
            kept += self.write("keeping what checking found", |tx| keep(tx, station, end, &found, now))?;
        }
    }

    /// What was found, the oldest first; that which somebody has looked at only if `settled`.
    ///
    /// # Errors
    /// What the database says.
    pub fn findings(&self, station: StationId, settled: bool) -> Result<Vec<Found>, StoreError> {
        self.read("reading what checking found", |tx| {
            let sql = match settled {
                true => "SELECT * FROM finding WHERE station = $1 ORDER BY found_at, revision",
                false => "SELECT * FROM finding WHERE station = $1 AND settled_at IS NULL ORDER BY found_at, revision",
            };
            tx.all(sql, cells![station], |row| {
                Ok(Found {
                    record: row.get("record")?,
                    revision: row.get("revision")?,
                    at: row.get("found_at")?,
                    findings: row.get("findings")?,
                    settled_at: row.get("settled_at")?,
                })
            })
        })
    }

    /// Somebody has looked at what was found in a submission.
    ///
    /// # Errors
    /// `not_found` if nothing was found there.
    pub fn settle_finding(&self, station: StationId, revision: RevisionId, now: Instant) -> Result<(), StoreError> {
        self.write("noting that a finding was looked at", |tx| {
            let sql = "UPDATE finding SET settled_at = $1 WHERE station = $2 AND revision = $3";
            if tx.execute(sql, cells![now, station, revision])? == 0 { Err(Code::NotFound.into()) } else { Ok(()) }
        })
    }
}

type Waiting = (u64, u64, Vec<(RevisionId, RecordId, String)>);

/// From which position on visits wait, up to which they were read, and those visits.
fn waiting(tx: &Tx<'_>, station: StationId) -> Result<Waiting, Fault> {
    let last = station::require(tx, station)?.next_position - 1;
    let sql = "SELECT position FROM checked WHERE station = $1";
    let from = tx.optional(sql, cells![station], |row| row.get::<u64>("position"))?.unwrap_or(0);
    let visits = tx.all(
        "SELECT id, record, body, position FROM log
         WHERE station = $1 AND position > $2 AND kind IN ($3, $4) ORDER BY position LIMIT $5",
        cells![station, from, Kind::Visit.as_str(), Kind::Activity.as_str(), AT_ONCE],
        |row| Ok(((row.get("id")?, row.get("record")?, row.get("body")?), row.get::<u64>("position")?)),
    )?;
    let end = match visits.last() {
        Some((_, position)) if visits.len() as u64 == AT_ONCE => *position,
        _ => last,
    };
    Ok((from, end, visits.into_iter().map(|(visit, _)| visit).collect()))
}

fn keep(
    tx: &Tx<'_>,
    station: StationId,
    end: u64,
    found: &[(RevisionId, RecordId, String)],
    now: Instant,
) -> Result<u64, Fault> {
    station::require(tx, station)?;
    let mut kept = 0;
    for (revision, record, findings) in found {
        // It may have been erased meanwhile.
        let stands = "SELECT 1 FROM log WHERE station = $1 AND id = $2";
        if !tx.exists(stands, cells![station, *revision])? {
            continue;
        }
        kept += tx.execute(
            "INSERT INTO finding (station, revision, record, found_at, findings, settled_at)
             VALUES ($1, $2, $3, $4, $5, NULL) ON CONFLICT DO NOTHING",
            cells![station, *revision, *record, now, findings.as_str()],
        )?;
    }
    tx.execute(
        "INSERT INTO checked (station, position) VALUES ($1, $2)
         ON CONFLICT (station) DO UPDATE SET position = excluded.position",
        cells![station, end],
    )?;
    Ok(kept)
}

/// Of a record that was erased nothing that was found in it stays.
pub(super) fn forget(tx: &Tx<'_>, station: StationId, record: RecordId) -> Result<(), Fault> {
    tx.execute("DELETE FROM finding WHERE station = $1 AND record = $2", cells![station, record]).map(|_| ())
}
