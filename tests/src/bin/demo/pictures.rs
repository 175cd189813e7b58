//! Pictures of a tablet's window where there is no display: every screen, in both languages and in vertical Mongolian.

use std::path::Path;

use ailchin_tests::window::{Screen, Window};

use crate::programs::{Failure, PIN};

const MODES: &[&str] = &["both", "mn-Mong"];

/// Opens the tablet's window on a screen that nobody sees, and walks through it; `name` finds a household with a conflict.
pub(crate) fn take(tablet: &Path, into: &Path, name: &str) -> Result<(), Failure> {
    let screen = Screen::start()?;
    let window = Window::open(&screen, tablet)?;
    window.see("lock")?;
    window.picture(&into.join("lock.png"))?;
    window.enter_pin(PIN)?;
    window.see("today")?;
    for mode in MODES {
        let first = *mode == MODES[0];
        let picture = |page: &str| window.picture(&into.join(format!("{page}-{mode}.png")));
        window.press("nav-display")?;
        window.press(&format!("display-{mode}"))?;
        window.press("nav-today")?;
        window.see("today-task")?;
        picture("today")?;
        window.press("nav-households")?;
        if first {
            window.write("households-search", name)?;
        }
        window.see_that("household-line", name, |line| line.contains(name) || !first)?;
        picture("households")?;
        window.press("household-line")?;
        window.see("household")?;
        picture("household")?;
        if first {
            window.press("start-visit")?;
            window.press("choice-outcome-visited")?;
            window.press("form-next")?;
        } else {
            window.press("resume-visit")?;
        }
        window.see("question-topics")?;
        picture("form")?;
        window.press("form-leave")?;
        window.see("household")?;
        window.press("nav-sync")?;
        window.see("receipt")?;
        picture("sync")?;
    }
    Ok(())
}
