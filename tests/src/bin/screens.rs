//! Takes pictures of the demonstration's tablet, where there is no display to open its window on.
//!
//! Used by `scripts/demo` in place of the window's program: the tablet is the one in `AILCHIN_TABLET_DIR`, the pictures go
//! to `screens` beside it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ailchin_core::device::services::{Desktop, SecretFile};
use ailchin_core::device::{Services, Tablet};
use ailchin_core::view::HouseholdQuery;
use ailchin_core::world::Machine;
use ailchin_tests::tablet::PIN;
use ailchin_tests::window::{Screen, Window};

fn main() -> Result<(), Box<dyn Error>> {
    let tablet = PathBuf::from(std::env::var_os("AILCHIN_TABLET_DIR").ok_or("AILCHIN_TABLET_DIR names no tablet")?);
    let folder = tablet.with_file_name("screens");
    let disputed = disputed(&tablet)?;
    let screen = Screen::start()?;
    let window = Window::open(&screen, &tablet)?;
    let picture = |name: &str| window.picture(&folder.join(format!("{name}.png")));

    window.see("lock")?;
    picture("lock")?;
    window.enter_pin(PIN)?;
    window.see("today")?;
    picture("today")?;

    window.press("nav-households")?;
    window.see("household-line")?;
    picture("households")?;
    window.write("households-search", &disputed)?;
    window.press_saying("household-line", &disputed)?;
    window.see("conflict")?;
    picture("conflict")?;
    window.press("nav-display")?;
    window.press("display-mn-Mong")?;
    window.see("household")?;
    picture("household-mongolian")?;
    window.press("nav-display")?;
    window.press("display-both")?;

    window.press("start-visit")?;
    window.see("question-outcome")?;
    window.press("choice-outcome-visited")?;
    window.press("choice-purpose-outreach")?;
    picture("form")?;
    window.press("form-next")?;
    window.press("choice-topics-fraud")?;
    window.press("choice-fraud_app-installed_now")?;
    picture("form-talk")?;
    window.press("form-leave")?;

    window.press("nav-sync")?;
    window.see("receipt")?;
    picture("receipt")?;
    say(&format!("Pictures of tablet A's window are in {}.", folder.display()));
    Ok(())
}

/// The telephone number that tablet A shows of the household whose number was changed on both tablets.
fn disputed(tablet: &Path) -> Result<String, Box<dyn Error>> {
    let services = Services {
        position: Box::new(Desktop),
        camera: Box::new(Desktop),
        secrets: Box::new(SecretFile::at(tablet.join("device-secret"))),
    };
    let core = Tablet::new(tablet.to_owned(), Arc::new(Machine), services);
    let officer = core.state()?.officers.first().ok_or("the tablet is not enrolled")?.id;
    core.unlock(officer, &PIN.into())?;
    for query in ["1000-0111-2222", "1000-0333-4444"].map(str::to_owned) {
        let asked = HouseholdQuery { query, ..HouseholdQuery::default() };
        let found = core.with(|replica, _, _| Ok(replica.households(&asked)?))?;
        if let Some(line) = found.lines.into_iter().find(|line| line.conflict) {
            return Ok(line.phone);
        }
    }
    Err("the demonstration left no conflict".into())
}

#[allow(clippy::print_stdout, reason = "says where the pictures are")]
fn say(text: &str) {
    println!("{text}");
}
