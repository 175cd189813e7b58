//! The tablet's window: it holds a tablet, shows the interface and hands each command to core.
//!
//! Not here: what a command does (`ailchin_core::device`), what people see (`ui/`).

#[cfg(target_os = "linux")]
mod capture;
mod command;
mod printer;
#[cfg(target_os = "linux")]
mod webkit;
mod window;

pub use window::{WindowError, build, run};
