//! A whole station comes home at once, each tablet with a day's work.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use ailchin_tests::{Land, Station, Tablet, cluster};
use rusqlite::types::Value as Cell;

use crate::measure::{Samples, Used, span, thousands, used};
use crate::report::{Report, Table};
use crate::visits::Visits;
use crate::{Failure, Store, note};

/// So many tablets, each with so many visits.
#[derive(Clone, Copy)]
pub(crate) struct Crowd {
    pub(crate) tablets: usize,
    pub(crate) visits: u32,
    /// Everybody holds every area, so that everybody's work goes to everybody.
    pub(crate) all_hold_all: bool,
}

/// Areas of the station; every officer of a crowd holds two of them.
const GACHAS: usize = 20;

struct Came {
    visits: u64,
    until_all_receipts: Duration,
    syncs: Samples,
    delivered: u64,
    station: Used,
    station_processor: f64,
    tablets_processor: f64,
}

pub(crate) fn measure(report: &mut Report, stores: &[Store], crowds: &[Crowd]) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "store",
        "tablets × visits",
        "who holds what",
        "all receipts after",
        "visits/s",
        "sync p50",
        "sync p99",
        "revisions given out",
        "station's processor",
        "tablets' processor",
        "server's peak memory",
    ]);
    for store in stores {
        for crowd in crowds {
            let mut came = comes_home(*store, *crowd)?;
            let all = came.until_all_receipts.as_secs_f64();
            table.row(&[
                store.name().to_owned(),
                format!("{} × {}", crowd.tablets, crowd.visits),
                if crowd.all_hold_all { "everybody all" } else { "two areas of twenty each" }.to_owned(),
                span(all),
                format!("{:.0}", came.visits as f64 / all),
                span(came.syncs.median()),
                span(came.syncs.quantile(99)),
                thousands(came.delivered),
                span(came.station_processor),
                span(came.tablets_processor),
                format!("{} MiB", came.station.peak_mib),
            ]);
            if crowd.tablets == 40 && !crowd.all_hold_all {
                let what = format!("day's work of 40 tablets at once, {} visits each, {}", crowd.visits, store.name());
                let measured = format!("{}; {} MiB", span(all), came.station.peak_mib);
                let holds = all < 5.0 && came.station.peak_mib < 200;
                report.budget(what, "all receipts < 5 s; memory < 200 MB", measured, holds);
            }
            note(&format!("{} tablets came home to {}", crowd.tablets, store.name()));
        }
    }
    report.section("Everybody at once", TEXT, &table);
    Ok(())
}

fn comes_home(store: Store, crowd: Crowd) -> Result<Came, Failure> {
    let land = Land { households: 4 * GACHAS, gachas: GACHAS, crowd: crowd.tablets, durable: true, ..Land::default() };
    let station = Station::process(Land { postgres: store == Store::Postgres, ..land });
    let invites: Vec<String> =
        (0..crowd.tablets).map(|n| station.invite(if crowd.all_hold_all { 0 } else { 3 + n })).collect();
    let tablets = at_once(invites.iter().enumerate(), |(n, invite)| {
        let tablet = Tablet::enrolled(n as u64 + 1, invite);
        tablet.syncs();
        let households: Vec<_> = station.households.iter().filter(|one| tablet.show(**one).is_ok()).collect();
        let mut visits = Visits::of(n as u64)?;
        for household in households.into_iter().cycle().take(crowd.visits.try_into()?) {
            tablet.clock().advance_ms(480_000);
            tablet.visits(*household, visits.answers(), &[]);
        }
        Ok(tablet)
    })?;

    let process = station.process_id().to_string();
    let before = (used(&process)?, used("self")?);
    let together = Barrier::new(tablets.len() + 1);
    let (begun, syncs) = std::thread::scope(|scope| {
        let syncing: Vec<_> = tablets
            .iter()
            .map(|tablet| {
                scope.spawn(|| {
                    together.wait();
                    let begun = Instant::now();
                    let outcome = tablet.syncs();
                    (begun.elapsed(), Instant::now(), outcome)
                })
            })
            .collect();
        together.wait();
        let begun = Instant::now();
        (begun, syncing.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Result<Vec<_>, _>>())
    });
    let syncs = syncs.map_err(|_| "a tablet's sync ended early")?;
    let after = (used(&process)?, used("self")?);

    let visits = crowd.tablets as u64 * u64::from(crowd.visits);
    stored_once(&station, visits)?;
    let mut samples = Samples::default();
    syncs.iter().for_each(|(took, ..)| samples.add(*took));
    let last = syncs.iter().map(|(_, ended, _)| *ended).max().unwrap_or(begun);
    Ok(Came {
        visits,
        until_all_receipts: last.duration_since(begun),
        syncs: samples,
        delivered: syncs.iter().map(|(.., outcome)| outcome.pulled).sum(),
        station: after.0,
        station_processor: after.0.processor - before.0.processor,
        tablets_processor: after.1.processor - before.1.processor,
    })
}

/// Every visit is at the station, and none twice.
pub(crate) fn stored_once(station: &Station, visits: u64) -> Result<(), Failure> {
    let counted = "SELECT count(*), count(DISTINCT record) FROM log WHERE kind = 'visit'";
    let expected = i64::try_from(visits)?;
    match cluster::rows(&station.store_address(), counted)[0][..] {
        [Cell::Integer(stored), Cell::Integer(records)] if stored == expected && records == expected => Ok(()),
        ref other => Err(format!("{visits} visits were sent, {other:?} are stored").into()),
    }
}

/// Does the same for each, as many at once as there are cores; the results in order.
fn at_once<T: Send, R: Send>(
    all: impl Iterator<Item = T>,
    work: impl Fn(T) -> Result<R, Failure> + Sync,
) -> Result<Vec<R>, Failure> {
    let all: Vec<T> = all.collect();
    let count = all.len();
    let queue = std::sync::Mutex::new(all.into_iter().enumerate());
    let made = std::sync::Mutex::new(Vec::with_capacity(count));
    let next = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((place, one)) = next() {
                    let result = work(one).map_err(|cause| cause.to_string());
                    made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, result));
                }
            });
        }
    });
    let mut made = made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    made.sort_by_key(|(place, _)| *place);
    Ok(made.into_iter().map(|(_, result)| result).collect::<Result<Vec<_>, _>>()?)
}

const TEXT: &str = "All tablets begin to sync in the same moment. They are threads of the benchmark and share the machine's cores \
with the server's program, so each waits for the others' work on its own side too; *tablets' processor* is what they used of it. \
*Revisions given out* are those that a tablet fetched of its colleagues' while they were still sending. Afterwards every visit is \
at the station exactly once. *Peak memory* is of the server since it began, enrolments and first syncs included; a database's own \
memory is not in it.";
