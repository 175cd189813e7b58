//! Two officers far from the station: one hands work over in the tablet's real window, the other one's tablet carries it
//! home, and brings the receipt back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use ailchin_core::view::NearbyStage;
use ailchin_tests::window::{PATIENCE, Screen, Window, program};
use ailchin_tests::{FaultProxy, Land, Station, Tablet, Way};

type Outcome = Result<(), Box<dyn Error>>;

/// Keeps pictures of the page in every language, lying and standing, and leaves it in both languages, lying.
fn pictures(window: &Window, name: &str) -> Outcome {
    let target = program("ailchin")?;
    let folder = target.ancestors().nth(2).unwrap_or(Path::new("target")).join("screenshots");
    for (shape, width, height) in [("l", 1280, 800), ("p", 800, 1280)] {
        window.resize(width, height)?;
        for mode in ["zh", "mn-Mong", "both"] {
            window.press("nav-display")?;
            window.press(&format!("display-{mode}"))?;
            window.see_gone("sheet")?;
            window.picture(&folder.join(format!("{name}-{mode}-{shape}.png")))?;
        }
    }
    Ok(window.resize(1280, 800)?)
}

/// Looks at the colleague's tablet until it is as expected.
fn once<T>(tablet: &Tablet, what: &str, right: impl Fn(&NearbyStage) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        let stage = tablet.nearby_status().unwrap().stage;
        if let Some(seen) = right(&stage) {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}: {stage:?}");
        std::thread::park_timeout(Duration::from_millis(40));
    }
}

fn own_address(colleague: &Tablet) -> String {
    once(colleague, "the address", |stage| match stage {
        NearbyStage::Waiting { addresses, .. } => addresses.first().cloned(),
        _ => None,
    })
}

/// The officer at the window calls the colleague, both compare, both confirm.
fn hands_over(window: &Window, colleague: &Tablet, stop_at_digits: impl FnOnce() -> Outcome) -> Outcome {
    colleague.nearby_open()?;
    window.press("nearby-give")?;
    window.see("nearby-looking")?;
    window.overwrite("nearby-address", &own_address(colleague))?;
    window.press("nearby-call")?;
    let theirs = once(colleague, "the digits", |stage| match stage {
        NearbyStage::Comparing { code, .. } => Some(code.clone()),
        _ => None,
    });
    window
        .see_that("nearby-code", "the colleague's digits", |shown| shown.replace(char::is_whitespace, "") == theirs)?;
    stop_at_digits()?;
    window.press("nearby-same")?;
    window.see("nearby-confirmed")?;
    colleague.nearby_confirm(true)?;
    window.see("nearby-done")?;
    once(colleague, "the end", |stage| matches!(stage, NearbyStage::Done { .. }).then_some(()));
    Ok(())
}

#[test]
fn work_is_handed_to_a_colleague_and_the_receipt_comes_back_from_tablet_to_tablet() -> Outcome {
    let folder = tempfile::tempdir()?;
    let station = Station::process(Land { households: 4, gachas: 2, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let screen = Screen::start()?;
    let window = Window::open(&screen, &folder.path().join("tablet"))?;
    window.enrol(&station.invite_by(0, &wire.address()))?;
    let colleague = Tablet::enrolled(7, &station.invite(1));
    colleague.syncs();
    window.press("nav-sync")?;
    window.press("sync-start")?;
    window.see_attribute("sync-state", "data-standing", "verified")?;

    // Out of reach of the station a change is made.
    wire.cut_after(Way::Up, 0);
    window.press("nav-households")?;
    window.press_saying("household-line", "巴特尔")?;
    window.press("phone-edit")?;
    window.overwrite("phone-input", "13800000009")?;
    window.press("phone-save")?;
    window.see_that("phone", "the new number", |shown| shown.contains("13800000009"))?;
    window.press("nav-sync")?;
    window.see_attribute("sync-state", "data-standing", "waiting")?;
    window.press("sync-nearby")?;
    window.see_that("nearby-holds", "one change", |said| said.contains("1 处修改"))?;
    pictures(&window, "50-nearby")?;

    // An address that is none, and one at which nobody waits.
    window.press("nearby-give")?;
    window.see("nearby-looking")?;
    window.write("nearby-address", "192.168.8")?;
    window.press("nearby-call")?;
    window.see("nearby-no-address")?;
    pictures(&window, "51-nearby-looking")?;
    window.overwrite("nearby-address", "127.0.0.1:9")?;
    window.press("nearby-call")?;
    window.see_attribute("nearby-ended", "data-code", "nearby_unreachable")?;
    pictures(&window, "52-nearby-nobody")?;
    window.press("nearby-leave")?;

    // The officers see that the digits differ: nothing goes over.
    colleague.nearby_open()?;
    window.press("nearby-give")?;
    window.overwrite("nearby-address", &own_address(&colleague))?;
    window.press("nearby-call")?;
    window.see("nearby-code")?;
    colleague.nearby_confirm(false)?;
    window.see_attribute("nearby-ended", "data-code", "nearby_declined")?;
    window.press("nearby-leave")?;

    // Then they agree.
    hands_over(&window, &colleague, || pictures(&window, "53-nearby-digits"))?;
    window.see_that("nearby-done", "what is true", |said| said.contains("还不算同步好"))?;
    pictures(&window, "54-nearby-done")?;
    window.press("nearby-finish")?;
    window.see("nearby-give")?;
    assert_eq!(colleague.carried()?.len(), 1);

    // The colleague comes home, and meets the officer again.
    colleague.syncs();
    let phones = station.log().iter().filter(|(_, entry)| entry.body.contains("13800000009")).count();
    assert_eq!(phones, 1);
    hands_over(&window, &colleague, || Ok(()))?;
    window.see_that("nearby-done", "the receipt", |said| said.contains("回执已核对"))?;
    window.press("nearby-finish")?;
    window.see_that("nearby-holds", "that all is covered", |said| said.contains("已确认收到全部"))?;

    // The other way round, the window waits: it says where it can be reached.
    window.press("nearby-take")?;
    window.see("nearby-own-address")?;
    pictures(&window, "55-nearby-waiting")?;
    window.press("nearby-leave")?;
    window.press("nav-sync")?;
    window.see_attribute("sync-state", "data-standing", "verified")?;
    window.see_attribute("receipt", "data-covered", "true")?;
    pictures(&window, "56-sync")?;
    Ok(())
}
