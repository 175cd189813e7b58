//! What the commands print. Answers go to the standard output, everything else to the standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place where the program speaks to a terminal")]

use ailchin_core::error::Code;
use serde_json::{Value, json};

use super::Desk;

/// One answer: as JSON, or as the sentence for a person.
pub(super) fn answer(desk: &Desk, json: &Value, sentence: &str) {
    if desk.json { println!("{json}") } else { println!("{sentence}") }
}

/// One JSON line, whether or not JSON was asked for: what scripts wait for.
pub(super) fn line(json: &Value) {
    println!("{json}");
}

/// Text beside the answer, for a person only.
pub(super) fn aside(desk: &Desk, text: &str) {
    if !desk.json {
        println!("{text}");
    }
}

/// The settings in force.
pub(super) fn settings(desk: &Desk) {
    if desk.json {
        println!("{}", json!(desk.config.table()));
    } else {
        print!("{}", desk.config.to_toml());
    }
}

/// Why a command was not done.
pub(super) fn failure(json: bool, code: Option<Code>, text: &str) {
    if json {
        eprintln!("{}", json!({ "error": text, "code": code.map(Code::as_str) }));
    } else {
        eprintln!("ailchin-server: {text}");
    }
}
