//! Which records were kept as long as their kind is kept.
//!
//! A household and its persons are kept as long as anything happens to the household, an officer as long as there is an account.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ailchin_core::ids::{RecordId, StationId};
use ailchin_core::pack::KindRule;
use ailchin_core::record::Kind;
use ailchin_core::time::Instant;

use super::error::Fault;
use super::sql::{Tx, cells};
use super::{Store, StoreError, station};

/// A clock that jumped further than this since records were last looked through is not believed.
const LARGEST_STEP_MS: i64 = 40 * DAY_MS;

/// A record whose time is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PastRetention {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// When something of it, or of what keeps it, was last stored.
    pub last: Instant,
}

/// Whether records are to be looked through without anybody's hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Now.
    Now,
    /// They were within the last day.
    Done,
    /// Not before somebody says so: the clock jumped by more than forty days, or nobody looked for so long.
    ByHand,
}

/// A record, as far as its time is concerned.
struct Kept {
    record: RecordId,
    kind: Kind,
    household: Option<RecordId>,
    last: Instant,
}

impl Store {
    /// The records whose time is over at `now`, by the rules of a pack.
    ///
    /// # Errors
    /// What the database says.
    pub fn past_retention(
        &self,
        station: StationId,
        rules: &[KindRule],
        now: Instant,
    ) -> Result<Vec<PastRetention>, StoreError> {
        self.read("looking for records that were kept long enough", |tx| past(tx, station, rules, now))
    }

    /// Whether records are to be looked through; if so, or if `by_hand`, this is noted as done now. A wrong clock must not erase
    /// anything.
    ///
    /// # Errors
    /// `not_found` for a station that is not here.
    pub fn retention_is_due(&self, station: StationId, by_hand: bool, now: Instant) -> Result<Due, StoreError> {
        self.write("noting that records are looked through", |tx| {
            let made_at = station::require(tx, station)?.made_at;
            let before = tx.optional("SELECT looked_at FROM retention WHERE station = $1", cells![station], |row| {
                row.get::<Instant>("looked_at")
            })?;
            let step = now.since(before.unwrap_or(made_at));
            // A clock that was put back is believed from now on; one that jumped ahead only by hand.
            let due = match step {
                _ if by_hand => Due::Now,
                ..0 => Due::Done,
                0..DAY_MS if before.is_some() => return Ok(Due::Done),
                0..=LARGEST_STEP_MS => Due::Now,
                _ => Due::ByHand,
            };
            if due != Due::ByHand {
                tx.execute(
                    "INSERT INTO retention (station, looked_at) VALUES ($1, $2)
                     ON CONFLICT (station) DO UPDATE SET looked_at = excluded.looked_at",
                    cells![station, now],
                )?;
            }
            Ok(due)
        })
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn past(tx: &Tx<'_>, station: StationId, rules: &[KindRule], now: Instant) -> Result<Vec<PastRetention>, Fault> {
    let mut kept = Vec::new();
    let mut active: BTreeMap<RecordId, Instant> = BTreeMap::new();
    tx.each(
        "SELECT log.record AS record, min(log.kind) AS kind, max(log.stored_at) AS last, record.household AS household
         FROM log JOIN record ON record.station = log.station AND record.record = log.record
         WHERE log.station = $1 AND record.erased IS NULL GROUP BY log.record, record.household ORDER BY log.record",
        cells![station],
        |row| {
            let (record, last): (RecordId, Instant) = (row.get("record")?, row.get("last")?);
            let household: Option<RecordId> = row.get("household")?;
            let latest = active.entry(household.unwrap_or(record)).or_insert(last);
            *latest = last.max(*latest);
            kept.push(Kept { record, kind: Kind::named(row.text("kind")?), household, last });
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let mut past = Vec::new();
    for one in kept {
        let Some(months) = rules.iter().find(|rule| rule.kind == one.kind).and_then(|rule| rule.retention_months)
        else {
            continue;
        };
        let keeps_it = match one.kind {
            Kind::Household => Some(one.record),
            Kind::Person => one.household,
            _ => None,
        };
        let last = keeps_it.and_then(|household| active.get(&household).copied()).unwrap_or(one.last);
        if last.day().plus_months(months) > now.day() {
            continue;
        }
        let has_account = one.kind == Kind::Officer
            && tx.exists("SELECT 1 FROM officer WHERE station = $1 AND officer = $2", cells![station, one.record])?;
        if !has_account {
            past.push(PastRetention { record: one.record, kind: one.kind, last });
        }
    }
    Ok(past)
}
