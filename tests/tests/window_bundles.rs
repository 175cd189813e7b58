//! A day without a network in the tablet's real window: work goes out in files, the receipt comes back in files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::path::Path;

use ailchin_core::bundle::PART_BYTES;
use ailchin_core::ids::DeviceId;
use ailchin_tests::window::{Screen, Window, program};
use ailchin_tests::{FaultProxy, Land, Station, Way};

type Outcome = Result<(), Box<dyn Error>>;

fn picture(window: &Window, name: &str) -> Outcome {
    let target = program("ailchin")?;
    let folder = target.ancestors().nth(2).unwrap_or(Path::new("target")).join("screenshots");
    Ok(window.picture(&folder.join(format!("{name}.png")))?)
}

/// Somebody carries what the tablet wrote to the station, and the answer back.
fn carry(station: &Station, folder: &Path) {
    let exports = folder.join("exports");
    let mut device = None;
    for entry in std::fs::read_dir(&exports).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains("-answer-") {
            device = Some(station.takes(&path).unwrap().device);
        }
    }
    let device: DeviceId = device.expect("the tablet wrote a bundle");
    station.answers(device, &exports, PART_BYTES);
}

#[test]
fn a_tablet_without_a_network_writes_a_bundle_and_takes_the_receipt_in() -> Outcome {
    let folder = tempfile::tempdir()?;
    let tablet = folder.path().join("tablet");
    let station = Station::process(Land { households: 4, gachas: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let screen = Screen::start()?;
    let window = Window::open(&screen, &tablet)?;
    window.enrol(&station.invite_by(0, &wire.address()))?;
    wire.cut_after(Way::Up, 0);

    // Nothing waits yet: an empty bundle asks for what the station has.
    window.press("nav-sync")?;
    window.press("sync-bundles")?;
    window.see_that("bundle-holds", "that nothing waits", |said| said.contains("没有等待的修改"))?;
    window.press("bundle-export")?;
    window.see_that("bundle-exported", "one file", |said| said.contains("1 个文件"))?;
    carry(&station, &tablet);
    window.press("bundle-look")?;
    window.see("bundle-answers")?;
    window.press("bundle-import")?;
    window.see_that("bundle-taken", "the receipt", |said| said.contains("回执已核对"))?;

    // A change is made, carried and covered.
    window.press("nav-households")?;
    window.press_saying("household-line", "巴特尔")?;
    window.press("phone-edit")?;
    window.overwrite("phone-input", "13800000007")?;
    window.press("phone-save")?;
    window.see_that("phone", "the new number", |shown| shown.contains("13800000007"))?;
    window.press("nav-sync")?;
    window.see_attribute("sync-state", "data-standing", "waiting")?;
    window.press("sync-bundles")?;
    window.see_that("bundle-holds", "one change", |said| said.contains("1 处修改"))?;
    window.press("bundle-export")?;
    window.see("bundle-exported")?;
    picture(&window, "40-bundle-written")?;
    carry(&station, &tablet);
    window.press("bundle-look")?;
    window.press("bundle-import")?;
    window.see_that("bundle-holds", "that all is covered", |said| said.contains("已确认收到全部"))?;
    picture(&window, "41-bundle-answered")?;
    window.press("nav-sync")?;
    window.see_attribute("sync-state", "data-standing", "verified")?;
    window.see_attribute("receipt", "data-covered", "true")?;
    let phones = station.log().iter().filter(|(_, entry)| entry.body.contains("13800000007")).count();
    assert_eq!(phones, 1);
    Ok(())
}
