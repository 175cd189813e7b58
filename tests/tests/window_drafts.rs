//! The program is killed after every answer of a form: each time the form goes on where it was, with the same instance id.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::path::Path;

use ailchin_tests::tablet::PIN;
use ailchin_tests::window::{Screen, Window, WindowError};
use ailchin_tests::{Land, Station};
use serde_json::{Value, json};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;
type Act = fn(&Window) -> Result<(), WindowError>;

/// Within this time an answer is on the disk.
const KEPT_WITHIN_MS: u32 = 300;

/// What is answered, and how it is seen that it was kept. After the answer to the last question of a page its page is turned.
const ANSWERS: &[(&str, Act, Act)] = &[
    (
        "outcome",
        |window| window.press("choice-outcome-visited"),
        |window| window.see_attribute("choice-outcome-visited", "aria-checked", "true"),
    ),
    (
        "present_count",
        |window| window.write("input-present_count", "3"),
        |window| window.see_that("form", "3", |_| true).map(drop),
    ),
    (
        "purpose",
        |window| {
            window.press("choice-purpose-visit")?;
            window.press("form-next")
        },
        |window| window.see("choice-topics-fraud").map(drop),
    ),
    (
        "topics",
        |window| window.press("choice-topics-grazing"),
        |window| window.see_attribute("choice-topics-grazing", "aria-checked", "true"),
    ),
    (
        "fraud_app",
        |window| {
            window.press("choice-fraud_app-installed_now")?;
            window.press("form-next")
        },
        |window| window.see("input-opinions").map(drop),
    ),
    (
        "opinions",
        |window| window.write("input-opinions", "井边的路要修"),
        |window| window.see("input-opinions").map(drop),
    ),
];

fn ask(window: &Window, command: &str, request: &Value) -> Outcome<Value> {
    let call =
        format!("return await window.__TAURI_INTERNALS__.invoke('call', {{ name: '{command}', request: {request} }})");
    Ok(window.ask_page(&call)?)
}

/// The newest draft, as it lies on the disk.
fn kept(window: &Window) -> Outcome<String> {
    let today = ask(window, "today", &json!({}))?;
    let draft = ask(window, "open_draft", &json!({ "id": today["drafts"][0]["id"] }))?;
    Ok(draft["submission"].as_str().unwrap_or_default().to_owned())
}

fn instance_in(submission: &str) -> String {
    let from = submission.find("instanceID>").map_or(0, |at| at + "instanceID>".len());
    submission[from..].split('<').next().unwrap_or_default().to_owned()
}

fn value_of(submission: &str, question: &str) -> String {
    let (open, close) = (format!("<{question}>"), format!("</{question}>"));
    let inside = submission.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
    inside.map(|(value, _)| value.to_owned()).unwrap_or_default()
}

fn opened(screen: &Screen, tablet: &Path) -> Outcome<Window> {
    let window = Window::open(screen, tablet)?;
    window.see("lock")?;
    window.enter_pin(PIN)?;
    window.see("today")?;
    Ok(window)
}

#[test]
fn a_program_that_is_killed_after_every_answer_loses_none_and_goes_on_with_the_same_submission() -> Outcome {
    let folder = tempfile::tempdir()?;
    let tablet = folder.path().join("tablet");
    let station = Station::here(Land { tls: true, ..Land::default() });
    let screen = Screen::start()?;
    let window = Window::open(&screen, &tablet)?;
    window.enrol(&station.invite(0))?;
    window.press("nav-sync")?;
    window.press("sync-start")?;
    window.see_attribute("receipt", "data-covered", "true")?;
    window.press("nav-households")?;
    window.press("household-line")?;
    window.press("start-visit")?;

    let mut window = window;
    let mut instance = None;
    let mut answered: Vec<&str> = Vec::new();
    for (question, answer, seen) in ANSWERS {
        answer(&window)?;
        answered.push(question);
        // As long as the page itself has, by its own clock.
        window.ask_page(&format!("await new Promise((over) => setTimeout(over, {KEPT_WITHIN_MS}))"))?;
        window.kill()?;

        window = opened(&screen, &tablet)?;
        let submission = kept(&window)?;
        for question in &answered {
            assert_ne!(value_of(&submission, question), "", "{question} after {answered:?}");
        }
        let now = instance_in(&submission);
        assert!(now.starts_with("uuid:"), "{submission}");
        assert_eq!(*instance.get_or_insert(now.clone()), now, "after {answered:?}");
        window.press("today-draft")?;
        seen(&window)?;
    }
    Ok(())
}
