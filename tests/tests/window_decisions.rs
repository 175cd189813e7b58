//! What an officer decides in the tablet's real window: how far a sync is, what the receipt says, which of two values is
//! right, and what becomes of a change that the station does not take.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::path::Path;
use std::sync::mpsc;

use ailchin_core::record::Fields;
use ailchin_tests::window::{PATIENCE, Screen, Window, program};
use ailchin_tests::{FaultProxy, Land, Station, Tablet, Way};
use serde_json::json;

type Outcome = Result<(), Box<dyn Error>>;

/// Keeps a picture of the page as it is, without the sentence about what was just done.
fn picture(window: &Window, name: &str) -> Outcome {
    window.ask_page("document.querySelector('[data-testid=notice]')?.click()")?;
    let target = program("ailchin")?;
    let folder = target.ancestors().nth(2).unwrap_or(Path::new("target")).join("screenshots");
    Ok(window.picture(&folder.join(format!("{name}.png")))?)
}

/// Keeps pictures of the page in every language, lying and standing, and leaves it in both languages, lying.
fn pictures(window: &Window, name: &str) -> Outcome {
    for (shape, width, height) in [("l", 1280, 800), ("p", 800, 1280)] {
        window.resize(width, height)?;
        for mode in ["zh", "mn-Mong", "both"] {
            speak(window, mode)?;
            picture(window, &format!("{name}-{mode}-{shape}"))?;
        }
    }
    Ok(window.resize(1280, 800)?)
}

fn speak(window: &Window, mode: &str) -> Outcome {
    window.press("nav-display")?;
    window.press(&format!("display-{mode}"))?;
    Ok(window.see_gone("sheet")?)
}

fn enrolled(screen: &Screen, folder: &Path, invite: &str) -> Result<Window, Box<dyn Error>> {
    let window = Window::open(screen, folder)?;
    window.enrol(invite)?;
    Ok(window)
}

fn sync(window: &Window) -> Outcome {
    window.press("nav-sync")?;
    Ok(window.press("sync-start")?)
}

fn change_phone(window: &Window, household: &str, phone: &str) -> Outcome {
    window.press("nav-households")?;
    window.press_saying("household-line", household)?;
    window.see_that("household-name", household, |shown| shown.contains(household))?;
    window.press("phone-edit")?;
    window.overwrite("phone-input", phone)?;
    window.press("phone-save")?;
    window.see_that("phone", phone, |shown| shown.contains(phone))?;
    Ok(())
}

#[test]
fn conflicts_are_decided_by_touch_and_what_the_station_refuses_is_corrected() -> Outcome {
    let folder = tempfile::tempdir()?;
    let station = Station::process(Land { households: 4, gachas: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let screen = Screen::start()?;
    let window = enrolled(&screen, &folder.path().join("tablet"), &station.invite_by(0, &wire.address()))?;

    // How far a sync is, while the wire holds it up.
    window.press("nav-sync")?;
    pictures(&window, "20-never")?;
    let (release, held) = mpsc::channel::<()>();
    wire.when_passed(Way::Down, 600, move || {
        // Released below, or given up when the test ends.
        let _ = held.recv_timeout(PATIENCE);
    });
    window.press("sync-start")?;
    window.see("sync-stop")?;
    window.see_that("sync-progress", "what it is at", |told| told.contains("正在"))?;
    picture(&window, "21-running")?;
    release.send(())?;
    window.see_attribute("receipt", "data-covered", "true")?;
    pictures(&window, "22-verified")?;

    // The receipt in full.
    window.press("receipt-show")?;
    window.see_that("receipt-text", "what was signed", |text| text.contains("\"own_seq\":0"))?;
    pictures(&window, "23-receipt")?;
    window.press("back")?;
    window.see("receipt-line")?;

    // A colleague changes what this officer changes too.
    let colleague = Tablet::enrolled(2, &station.invite(1));
    colleague.syncs();
    let theirs = json!({ "phone": "13800000001", "name_mong": "ᠪᠠᠭᠠᠲᠤᠷ" });
    colleague.edit(station.households[0], serde_json::from_value::<Fields>(theirs)?)?;
    colleague.syncs();
    change_phone(&window, "巴特尔", "13800000002")?;
    sync(&window)?;
    window.press("sync-conflicts")?;
    window.see_that("conflict-line", "what about", |line| line.contains("巴特尔") && line.contains("电话"))?;
    pictures(&window, "24-conflicts")?;
    window.press("conflict-line")?;
    window.see_that("conflict-base", "what was before", |base| base.contains("13900000000"))?;
    pictures(&window, "25-conflict")?;
    window.press_saying("conflict-side", "13800000002")?;
    window.press("conflict-type")?;
    window.overwrite("input-phone", "13800000003")?;
    picture(&window, "26-typed")?;
    window.press_saying("conflict-side", "13800000001")?;
    window.see_attribute("conflict-field", "data-picked", "side")?;
    picture(&window, "27-picked")?;
    window.press("conflict-save")?;
    window.see("empty")?;
    picture(&window, "28-decided")?;
    sync(&window)?;
    window.see_attribute("receipt", "data-covered", "true")?;
    window.see_gone("sync-conflicts")?;
    colleague.syncs();
    let page = colleague.page(station.households[0]);
    assert_eq!((page.phone.as_str(), page.conflicts.len()), ("13800000001", 0));

    // The history tells it.
    window.press("nav-households")?;
    window.press_saying("household-line", "巴特尔")?;
    window.press("household-past")?;
    window.see("history-entry")?;
    assert_eq!(window.texts("history-entry")?.len(), 4);
    pictures(&window, "29-history")?;

    // The officer loses a gacha between saving and syncing.
    change_phone(&window, "其其格", "13700000001")?;
    station.takes_area(0, station.areas[2]);
    station.logs_everybody_out();
    sync(&window)?;
    window.see("sync-refused")?;
    window.see_attribute("sync-state", "data-standing", "refused")?;
    pictures(&window, "30-refused-on-sync")?;
    window.press("sync-refused")?;
    window.see_attribute("refused-line", "data-code", "out_of_scope")?;
    pictures(&window, "31-refused")?;
    window.press("refused-export")?;
    let told = window.see("refused-exported")?;
    assert!(told.contains("exports"), "{told}");
    window.press("refused-correct")?;
    window.press_saying("refused-area", "示范1嘎查")?;
    window.overwrite("input-phone", "13700000002")?;
    pictures(&window, "32-correct")?;
    window.press("refused-save")?;
    window.see("empty")?;
    picture(&window, "33-corrected")?;
    sync(&window)?;
    window.see_attribute("receipt", "data-covered", "true")?;
    window.see_gone("sync-refused")?;
    colleague.syncs();
    assert_eq!(colleague.page(station.households[1]).phone, "13700000002");

    // Without a network it says so, and what to do.
    wire.cut();
    change_phone(&window, "苏和", "13700000003")?;
    sync(&window)?;
    window.see_attribute("refusal", "data-code", "station_unreachable")?;
    pictures(&window, "34-no-network")
}

#[test]
fn a_tablet_in_its_window_syncs_without_a_hand_until_an_officer_switches_that_off() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut station = Station::process(Land { households: 4, gachas: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let screen = Screen::start()?;
    let window = Window::open_as_it_is(&screen, &folder.path().join("tablet"))?;
    window.enrol(&station.invite_by(0, &wire.address()))?;
    window.press("nav-sync")?;
    window.see_attribute("sync-state", "data-standing", "verified")?;
    window.see_that("by-itself-line", "that the station was there", |told| told.contains("派出所有应答"))?;
    pictures(&window, "40-by-itself")?;

    // What is saved goes soon; without the station that is no error, and the page says when it looks again.
    change_phone(&window, "巴特尔", "13900000001")?;
    window.press("nav-sync")?;
    window.see_attribute("sync-state", "data-standing", "verified")?;
    assert_eq!(
        station.log().last().map(|(_, entry)| entry.revision.fields["phone"].clone()),
        Some(json!("13900000001"))
    );
    station.kill();
    change_phone(&window, "巴特尔", "13900000002")?;
    window.press("nav-sync")?;
    window.see_that("by-itself-line", "that the station was not there", |told| told.contains("连不上派出所"))?;
    window.see_attribute("sync-state", "data-standing", "waiting")?;
    window.see_gone("refusal")?;
    pictures(&window, "41-by-itself-away")?;

    window.press("by-itself-toggle")?;
    window.see_attribute("by-itself", "data-on", "false")?;
    window.see_gone("by-itself-line")?;
    picture(&window, "42-by-hand")
}
