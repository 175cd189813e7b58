//! What the commands print. Answers go to the standard output, everything else to the standard error.
//!
//! A reader that went away, as `head` does, is no failure: what cannot be printed is dropped.

use std::io::{Write as _, stderr, stdout};

use ailchin_core::error::Code;
use serde_json::{Value, json};

use super::Desk;

/// One answer: as JSON, or as the sentence for a person.
pub(super) fn answer(desk: &Desk, json: &Value, sentence: &str) {
    let _ = if desk.json { writeln!(stdout(), "{json}") } else { writeln!(stdout(), "{sentence}") };
}

/// One JSON line, whether or not JSON was asked for: what scripts wait for.
pub(super) fn line(json: &Value) {
    let _ = writeln!(stdout(), "{json}");
}

/// Text beside the answer, for a person only.
pub(super) fn aside(desk: &Desk, text: &str) {
    if !desk.json {
        let _ = writeln!(stdout(), "{text}");
    }
}

/// The settings in force.
pub(super) fn settings(desk: &Desk) {
    let text = if desk.json { format!("{}\n", json!(desk.config.table())) } else { desk.config.to_toml() };
    let _ = write!(stdout(), "{text}");
}

/// Why a command was not done.
pub(super) fn failure(json: bool, code: Option<Code>, text: &str) {
    let line = if json {
        json!({ "error": text, "code": code.map(Code::as_str) }).to_string()
    } else {
        format!("ailchin-server: {text}")
    };
    let _ = writeln!(stderr(), "{line}");
}
