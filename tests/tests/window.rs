//! A day with the tablet's real window: enrol, sync, visit without a network, die in the middle of the form, go on, sync,
//! hold the receipt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use ailchin_core::view::TimelineEntry;
use ailchin_tests::tablet::PIN;
use ailchin_tests::window::{Screen, Window, program};
use ailchin_tests::{FaultProxy, Land, Station, Tablet};
use serde_json::json;

const HEARD: &str = "井边的路要修";

type Outcome = Result<(), Box<dyn Error>>;

fn picture(window: &Window, name: &str) -> Outcome {
    let target = program("ailchin")?;
    let folder = target.ancestors().nth(2).unwrap_or(Path::new("target")).join("screenshots");
    Ok(window.picture(&folder.join(format!("{name}.png")))?)
}

#[test]
fn a_visit_without_a_network_survives_a_dead_tablet_and_reaches_the_station() -> Outcome {
    let folder = tempfile::tempdir()?;
    let tablet = folder.path().join("tablet");
    let mut station = Station::process(Land { households: 40, gachas: 4, tls: true, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let screen = Screen::start()?;

    // A new tablet comes to the station.
    let window = Window::open(&screen, &tablet)?;
    window.write("enrol-invite", &station.invite_by(0, &format!("https://{}", wire.host())))?;
    picture(&window, "01-enrol")?;
    window.press("enrol-read")?;
    window.see("enrol-fingerprint")?;
    picture(&window, "02-station")?;
    window.press("enrol-matches")?;
    window.enter_pin(PIN)?;
    window.see_attribute("pin-pad", "data-step", "again")?;
    window.enter_pin(PIN)?;
    window.see("today")?;

    // The first sync brings the station's records, and a receipt.
    window.press("nav-sync")?;
    window.press("sync-start")?;
    window.see_attribute("receipt", "data-covered", "true")?;
    let before = number(&window.see("receipt-count")?);
    assert!(before > 40, "{before} records after the first sync");
    picture(&window, "03-first-receipt")?;

    // On the road there is no network.
    wire.cut();
    station.kill();
    window.press("nav-households")?;
    window.see("household-line")?;
    picture(&window, "04-households")?;
    let name = "巴特尔";
    window.write("households-search", "bte")?;
    window.see_that("household-line", name, |line| line.contains(name))?;
    picture(&window, "05-found-by-initials")?;
    window.press_saying("household-line", name)?;
    window.see_that("household-name", name, |shown| shown.contains(name))?;
    let visits = window.texts("history-visit")?.len();
    picture(&window, "06-household")?;

    window.press("start-visit")?;
    window.press("choice-outcome-visited")?;
    window.write("input-present_count", "3")?;
    window.press("choice-purpose-visit")?;
    picture(&window, "07-form")?;
    window.press("form-next")?;
    window.press("choice-topics-fraud")?;
    window.press("choice-topics-grazing")?;
    window.press("choice-fraud_app-installed_now")?;
    window.press("form-next")?;
    window.write("input-opinions", HEARD)?;
    window.see_attribute("form", "data-saved", "saved")?;
    picture(&window, "08-form-before-death")?;
    window.kill()?;

    // The battery died; nothing that was typed is lost.
    let window = Window::open(&screen, &tablet)?;
    window.see("lock")?;
    picture(&window, "09-locked")?;
    window.enter_pin(PIN)?;
    window.press("today-draft")?;
    assert_eq!(window.value("input-opinions")?, HEARD);
    picture(&window, "10-resumed")?;
    window.press("form-back")?;
    window.see_attribute("choice-topics-grazing", "aria-checked", "true")?;
    window.see_attribute("choice-topics-fire", "aria-checked", "false")?;
    window.see_attribute("choice-fraud_app-installed_now", "aria-checked", "true")?;
    window.press("form-back")?;
    window.see_attribute("choice-outcome-visited", "aria-checked", "true")?;
    assert_eq!(window.value("input-present_count")?, "3");

    for _ in 0..3 {
        window.press("form-next")?;
    }
    window.press("choice-follow_up-no")?;
    window.press("form-next")?;
    window.press("form-next")?;
    window.press("choice-signed-declined")?;
    picture(&window, "11-form-end")?;
    window.press("form-finish")?;
    window.see("household")?;
    assert_eq!(window.texts("history-visit")?.len(), visits + 1);
    picture(&window, "12-visit-waits")?;

    // Without a network a sync says so, and keeps everything.
    window.press("nav-sync")?;
    window.see_attribute("receipt", "data-covered", "false")?;
    window.press("sync-start")?;
    window.see("refusal")?;
    picture(&window, "13-no-network")?;

    // Back at the station.
    station.open_process();
    wire.turn_to(&station.address());
    wire.mend();
    window.press("sync-start")?;
    window.see_attribute("receipt", "data-covered", "true")?;
    assert_eq!(number(&window.see("receipt-count")?), before + 1);
    picture(&window, "14-receipt")?;
    drop(window);

    // The station has it: a colleague's tablet gets exactly this one visit.
    let colleague = Tablet::enrolled(2, &station.invite(1));
    colleague.syncs();
    let visits: Vec<_> = station.households.iter().flat_map(|household| colleague.page(*household).timeline).collect();
    let [TimelineEntry::Visit { id, .. }] = visits.as_slice() else { panic!("not one visit: {visits:?}") };
    let visit = colleague.with(|replica, author, _| Ok(replica.visit(*id, author.officer)?))?;
    assert_eq!(visit.answers["opinions"], HEARD);
    Ok(())
}

#[test]
fn in_vertical_mongolian_the_fields_stand_upright_too() -> Outcome {
    let (folder, screen) = (tempfile::tempdir()?, Screen::start()?);
    let window = Window::open(&screen, folder.path())?;
    window.press("nav-display")?;
    window.press("display-mn-Mong")?;
    window.see("enrol-invite")?;
    picture(&window, "15-vertical")?;
    let upright = window.ask_page(
        "const field = document.body.appendChild(document.createElement('input')); \
         const box = field.getBoundingClientRect(); \
         return [getComputedStyle(field).writingMode, box.height > box.width]",
    )?;
    assert_eq!(upright, json!(["vertical-lr", true]));
    Ok(())
}

#[test]
fn the_page_reaches_nothing_but_its_own_core() -> Outcome {
    let (folder, screen) = (tempfile::tempdir()?, Screen::start()?);
    let elsewhere = TcpListener::bind("127.0.0.1:0")?;
    elsewhere.set_nonblocking(true)?;
    let window = Window::open(&screen, folder.path())?;
    window.see("enrol-invite")?;
    let address = elsewhere.local_addr()?;
    let told = window.ask_page(&format!("await fetch('http://{address}/'); return 'reached'"))?;
    assert_ne!(told, json!("reached"));
    assert_eq!(elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody was called");
    let core = window.ask_page("return '__TAURI_INTERNALS__' in window && !('__TAURI__' in window)")?;
    assert_eq!(core, json!(true));
    Ok(())
}

/// The figure in a sentence, its separators left out.
fn number(text: &str) -> u64 {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
}
