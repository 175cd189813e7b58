//! A day's load over a slow wire that breaks every minute: how much is sent for it, what is safe first, whether anything is there
//! twice.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ailchin_core::ids::RecordId;
use ailchin_core::replica::{FinishedForm, Subject};
use ailchin_core::sync::{Rhythm, write_batch};
use ailchin_tests::{Dice, FaultProxy, Land, Station, Tablet, cluster};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};
use rusqlite::types::Value as Cell;
use serde_json::json;

use crate::crowd::stored_once;
use crate::measure::{ratio, span, thousands};
use crate::report::{Report, Table};
use crate::visits::Visits;
use crate::{Failure, Store, note};

/// A day's work, and the wire it goes over.
#[derive(Clone, Copy)]
pub(crate) struct Day {
    pub(crate) visits: u32,
    pub(crate) photos: u32,
    pub(crate) photo_width: u32,
    pub(crate) bytes_a_second: u32,
    pub(crate) whole: Duration,
    pub(crate) broken: Duration,
    /// How the tablet syncs by itself; `None`: as every tablet does.
    pub(crate) rhythm: Option<Rhythm>,
}

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// So often the station is looked at.
const LOOK: Duration = Duration::from_millis(100);

struct Arrived {
    payload: u64,
    sent: u64,
    cuts: u64,
    connections: u64,
    text: Duration,
    photos_before_text: i64,
    first_photo: Duration,
    photos: Duration,
    receipt: Duration,
}

pub(crate) fn measure(report: &mut Report, stores: &[Store], day: Day) -> Result<(), Failure> {
    let photos: Vec<Vec<u8>> =
        (0..day.photos).map(|n| photo(n.into(), day.photo_width)).collect::<Result<_, Failure>>()?;
    // The wire is the bottleneck: the stores do not disturb one another.
    let arrived = std::thread::scope(|scope| {
        let days: Vec<_> = stores
            .iter()
            .map(|store| scope.spawn(|| arrives(*store, day, &photos).map_err(|cause| cause.to_string())))
            .collect();
        days.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Result<Vec<_>, _>>()
    });
    let arrived = arrived.map_err(|_| "a day's load did not arrive")?;
    let mut table = Table::new(&[
        "store",
        "payload",
        "sent",
        "ratio",
        "cuts",
        "connections",
        "last text stored after",
        "first photo",
        "all photos",
        "receipt for everything",
        "the payload alone would take",
    ]);
    for (store, arrived) in stores.iter().zip(arrived) {
        let arrived = arrived?;
        let sent = arrived.sent as f64 / arrived.payload as f64;
        table.row(&[
            store.name().to_owned(),
            format!("{} bytes", thousands(arrived.payload)),
            format!("{} bytes", thousands(arrived.sent)),
            ratio(sent),
            arrived.cuts.to_string(),
            arrived.connections.to_string(),
            span(arrived.text.as_secs_f64()),
            span(arrived.first_photo.as_secs_f64()),
            span(arrived.photos.as_secs_f64()),
            span(arrived.receipt.as_secs_f64()),
            span(arrived.payload as f64 / f64::from(day.bytes_a_second)),
        ]);
        let what = format!("{} visits and {} photos over a wire that breaks, {}", day.visits, day.photos, store.name());
        let holds = sent <= 1.05 && arrived.photos_before_text == 0;
        let text = if arrived.photos_before_text == 0 { "text first" } else { "text not first" };
        let measured = format!("{}, nothing twice, {text}", ratio(sent));
        report.budget(what, "sent ≤ 1.05 × payload, nothing twice, text first", measured, holds);
    }
    let text = format!(
        "{} visits with {} photos, from a tablet that syncs by itself, over a wire that lets {} bytes a second through each way, \
         is whole for {} and then broken for {}, again and again. *Payload* is the photos' bytes and the packed revisions; *sent* \
         is all that went over the wire to the station, headers and what was sent again included. Afterwards the station holds \
         every visit and every photo exactly once, or the benchmark fails. The built-in form asks for one photo: the others stand \
         in further fields of the visits.",
        day.visits,
        day.photos,
        thousands(day.bytes_a_second.into()),
        span(day.whole.as_secs_f64()),
        span(day.broken.as_secs_f64()),
    );
    report.section("A day's load over a slow wire that breaks", &text, &table);
    Ok(())
}

fn arrives(store: Store, day: Day, photos: &[Vec<u8>]) -> Result<Arrived, Failure> {
    let station = Station::process(Land { postgres: store == Store::Postgres, durable: true, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    let mut visits = Visits::of(28)?;
    let households = station.households.iter().cycle();
    for (visit, household) in (0..day.visits).zip(households) {
        let of_it = photos.iter().skip(visit.try_into()?).step_by(day.visits.try_into()?);
        visit_with_photos(&tablet, &mut visits, *household, of_it)?;
    }
    let payload = tablet.with(|replica, author, _| {
        let bodies = replica.outbox(author.device)?.map(|batch| batch.bodies).unwrap_or_default();
        let packed = write_batch(bodies.iter().map(String::as_str))?.len() as u64;
        Ok(packed + replica.waiting(author.device)?.blob_bytes)
    })?;
    note(&format!("{} photos wait for {}", photos.len(), store.name()));

    wire.mend();
    wire.throttle(day.bytes_a_second);
    wire.cut_regularly(day.whole, day.broken);
    let begun = Instant::now();
    tablet.sync_by_itself(day.rhythm.unwrap_or_default());
    let (mut text, mut first_photo, mut all_photos) = (None, None, None);
    let receipt = loop {
        let (visits, blobs) = (count(&station, "log WHERE kind = 'visit'")?, count(&station, "blob")?);
        let now = begun.elapsed();
        if visits == i64::from(day.visits) {
            text.get_or_insert((now, blobs));
        }
        if blobs > 0 {
            first_photo.get_or_insert(now);
        }
        if blobs == i64::from(day.photos) {
            all_photos.get_or_insert(now);
        }
        let status = tablet.sync_status()?;
        if status.covered && status.receipt.is_some_and(|receipt| receipt.blobs_stored == u64::from(day.photos)) {
            break begun.elapsed();
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("after {PATIENCE:?} {visits} visits and {blobs} photos have come").into());
        }
        std::thread::park_timeout(LOOK);
    };
    let passed = wire.passed();
    stored_once(&station, day.visits.into())?;
    if count(&station, "blob")? != i64::from(day.photos) {
        return Err("the station does not hold every photo once".into());
    }
    let (text, photos_before_text) = text.ok_or("the text never came")?;
    Ok(Arrived {
        payload,
        sent: passed.up,
        cuts: wire.cuts(),
        connections: passed.connections,
        text,
        photos_before_text,
        first_photo: first_photo.ok_or("no photo came")?,
        photos: all_photos.ok_or("not every photo came")?,
        receipt,
    })
}

fn visit_with_photos<'a>(
    tablet: &Tablet,
    visits: &mut Visits,
    household: RecordId,
    photos: impl Iterator<Item = &'a Vec<u8>>,
) -> Result<(), Failure> {
    let draft = tablet.begin_form(Subject::household(household), "household_visit")?.draft;
    let mut attached = Vec::new();
    for (n, bytes) in photos.enumerate() {
        attached.push(tablet.attach(draft, &format!("photo-{n}.jpg"), bytes)?);
    }
    let area = tablet.with(|replica, _, _| Ok(replica.place_of(household)?.1))?;
    let officer = tablet.state()?.officer.ok_or("the tablet is locked")?;
    tablet.clock().advance_ms(900_000);
    let mut change = visits.change(household, area, officer, tablet.clock())?;
    for (n, photo) in attached.iter().enumerate() {
        let name = if n == 0 { "answer.photo".to_owned() } else { format!("answer.photo_{}", n + 1) };
        let (size_bytes, media_type) = (photo.size_bytes, &photo.media_type);
        let value =
            json!({ "blob": photo.hash, "name": photo.name, "size_bytes": size_bytes, "media_type": media_type });
        change.fields.insert(name, value);
    }
    let finished = FinishedForm { draft, changes: vec![change], based: BTreeMap::new() };
    tablet.with(|replica, author, world| Ok(replica.finish(author, world, &finished)?))?;
    Ok(())
}

fn count(station: &Station, of: &str) -> Result<i64, Failure> {
    match cluster::rows(&station.store_address(), &format!("SELECT count(*) FROM {of}"))[0][..] {
        [Cell::Integer(count)] => Ok(count),
        ref other => Err(format!("{other:?} is no count").into()),
    }
}

/// A picture with as much in it as a photo has: soft shapes, and noise.
fn photo(seed: u64, width: u32) -> Result<Vec<u8>, Failure> {
    let height = width * 3 / 4;
    let mut dice = Dice::new(seed);
    let mut shapes = RgbImage::new(32, 24);
    for sample in shapes.iter_mut() {
        *sample = u8::try_from(dice.below(256))?;
    }
    let mut picture = image::imageops::resize(&shapes, width, height, FilterType::CatmullRom);
    let mut state = dice.below(u64::MAX) | 1;
    for sample in picture.iter_mut() {
        // Marsaglia's xorshift: noise as of a sensor, ±8.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *sample = sample.saturating_add((state % 16) as u8).saturating_sub(8);
    }
    let mut bytes = Vec::new();
    DynamicImage::ImageRgb8(picture).write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90))?;
    Ok(bytes)
}
