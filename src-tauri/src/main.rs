//! The tablet's program on a desktop.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match ailchin_app::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            say(&cause);
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stderr, reason = "without a window, standard error is the only place to say why")]
fn say(cause: &dyn Error) {
    let mut why = cause.to_string();
    let mut source = cause.source();
    while let Some(deeper) = source {
        why.push_str(": ");
        why.push_str(&deeper.to_string());
        source = deeper.source();
    }
    eprintln!("ailchin: {why}");
}
