//! Push and pull of many visits: what one costs, and whether many cost as many times more.

use std::time::Instant;

use ailchin_tests::{FaultProxy, Land, Passed, Station, Tablet};

use crate::measure::{ratio, span, thousands, used};
use crate::report::{Report, Table};
use crate::visits::Visits;
use crate::{Failure, Store, note};

const LAND: Land = Land { households: 40, gachas: 4, tls: false, postgres: false, durable: true, crowd: 0 };

/// A sync that brought many revisions one way.
struct Moved {
    revisions: u64,
    seconds: f64,
    passed: Passed,
    /// The station's processor time.
    station: f64,
}

impl Moved {
    fn a_revision(&self) -> f64 {
        self.seconds / self.revisions as f64
    }
}

/// What a sync with nothing new takes.
struct Quiet {
    seconds: f64,
    passed: Passed,
}

impl Quiet {
    fn bytes(&self) -> u64 {
        self.passed.up + self.passed.down
    }
}

pub(crate) fn measure(report: &mut Report, stores: &[Store], sizes: &[u32]) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "store",
        "visits",
        "push",
        "a visit",
        "on the wire",
        "station's processor",
        "pull",
        "a visit",
        "on the wire",
        "station's processor",
    ]);
    let mut quiet_table = Table::new(&["store", "revisions held", "round trips", "out", "in", "time"]);
    let mut growth = Vec::new();
    for store in stores {
        let mut before: Option<(Moved, Moved)> = None;
        for visits in sizes {
            let (push, pull, quiet) = one(*store, *visits)?;
            let cells = |moved: &Moved, before: Option<&Moved>| {
                let grown = before.map(|before| format!(", {}", ratio(moved.a_revision() / before.a_revision())));
                let bytes = (moved.passed.up + moved.passed.down) as f64 / moved.revisions as f64;
                [
                    span(moved.seconds),
                    format!("{}{}", span(moved.a_revision()), grown.unwrap_or_default()),
                    format!("{bytes:.0} bytes"),
                    span(moved.station / moved.revisions as f64),
                ]
            };
            let mut row = vec![store.name().to_owned(), thousands((*visits).into())];
            row.extend(cells(&push, before.as_ref().map(|before| &before.0)));
            row.extend(cells(&pull, before.as_ref().map(|before| &before.1)));
            table.row(&row);
            quiet_table.row(&[
                store.name().to_owned(),
                thousands(pull.revisions),
                quiet.passed.round_trips.to_string(),
                format!("{} bytes", quiet.passed.up),
                format!("{} bytes", quiet.passed.down),
                span(quiet.seconds),
            ]);
            if sizes.last() == Some(visits) {
                let holds = quiet.passed.round_trips == 1 && quiet.bytes() <= 1_024;
                let measured = format!("{}, {} bytes", quiet.passed.round_trips, quiet.bytes());
                let what = format!("sync with nothing new, {} revisions, {}", thousands(pull.revisions), store.name());
                report.budget(what, "1 round trip, ≤ 1 KB", measured, holds);
            }
            if let Some((push_before, pull_before)) = &before {
                growth.push(push.a_revision() / push_before.a_revision());
                growth.push(pull.a_revision() / pull_before.a_revision());
            }
            before = Some((push, pull));
            note(&format!("{visits} visits went to {} and came from it", store.name()));
        }
    }
    let tls = tls()?;
    quiet_table.row(&[
        "SQLite, with TLS and its handshake",
        "",
        &tls.passed.round_trips.to_string(),
        &format!("{} bytes", tls.passed.up),
        &format!("{} bytes", tls.passed.down),
        &span(tls.seconds),
    ]);
    let worst = growth.iter().copied().fold(f64::NAN, f64::max);
    report.budget(
        "growth of push and pull from size to size, a visit",
        "linear: ≤ 1.25 × a visit",
        format!("at most {}", ratio(worst)),
        worst <= 1.25,
    );
    report.section("Push and pull", PUSH_AND_PULL, &table);
    report.section("Sync with nothing new", NOTHING_NEW, &quiet_table);
    Ok(())
}

fn one(store: Store, visits: u32) -> Result<(Moved, Moved, Quiet), Failure> {
    let station = Station::process(Land { postgres: store == Store::Postgres, ..LAND });
    let wire = FaultProxy::to(&station.address());
    let writer = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    writer.syncs();
    Visits::of(visits.into())?.save_many(&writer, &station.households, visits)?;
    let push = moved(&station, &wire, &writer)?;
    let reader = Tablet::enrolled(2, &station.invite_by(1, &wire.address()));
    let pull = moved(&station, &wire, &reader)?;
    if push.revisions != u64::from(visits) || pull.revisions < push.revisions {
        return Err(format!("{} of {visits} went and {} came", push.revisions, pull.revisions).into());
    }
    let quiet = quiet(&wire, &reader)?;
    Ok((push, pull, quiet))
}

fn moved(station: &Station, wire: &FaultProxy, tablet: &Tablet) -> Result<Moved, Failure> {
    let process = station.process_id().to_string();
    wire.mend();
    let (before, begun) = (used(&process)?, Instant::now());
    let outcome = tablet.syncs();
    let seconds = begun.elapsed().as_secs_f64();
    let station = used(&process)?.processor - before.processor;
    Ok(Moved { revisions: outcome.pushed + outcome.pulled, seconds, passed: wire.passed(), station })
}

fn quiet(wire: &FaultProxy, tablet: &Tablet) -> Result<Quiet, Failure> {
    wire.mend();
    let begun = Instant::now();
    let outcome = tablet.syncs();
    let seconds = begun.elapsed().as_secs_f64();
    match outcome.nothing_new {
        true => Ok(Quiet { seconds, passed: wire.passed() }),
        false => Err("the station has something new although nothing happened".into()),
    }
}

fn tls() -> Result<Quiet, Failure> {
    let station = Station::process(Land { tls: true, ..LAND });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &format!("https://{}", wire.host())));
    tablet.syncs();
    quiet(&wire, &tablet)
}

const PUSH_AND_PULL: &str = "One tablet saves so many visits and syncs; another one, which holds nothing, syncs after it. Both by \
real HTTP against the server's program, over a relay that counts; with everything that a sync does: login, receipts, keeping. The \
bytes are all that went either way, headers included. The second ratio is what a visit costs, to what it costs at the size before: \
1 is linear.";

const NOTHING_NEW: &str = "The same tablet syncs once more, over a connection of its own.";
