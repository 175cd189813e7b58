//! `pack`: whether a station's own forms may be used.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{CliError, Desk, output};
use crate::pack::{self, Gravity};

#[derive(Subcommand, Debug)]
pub(super) enum PackCommand {
    /// Check the spreadsheets of a pack's forms: what is wrong in which cell
    Check {
        /// The pack's folder, with `forms/` in it
        folder: PathBuf,
    },
}

pub(super) fn pack(desk: &Desk, command: &PackCommand) -> Result<(), CliError> {
    let PackCommand::Check { folder } = command;
    let remarks = pack::check(folder).map_err(CliError::Pack)?;
    for remark in &remarks {
        let mark = if remark.gravity == Gravity::Refused { "✗" } else { "!" };
        let place = format!("{} {}!{}", remark.file, remark.sheet, remark.cell);
        output::answer(desk, &json!(remark), &format!("{mark} {place}: {}。{}", remark.zh, remark.en));
    }
    match remarks.iter().filter(|remark| remark.gravity == Gravity::Refused).count() {
        0 => Ok(()),
        refused => Err(CliError::NotSound(refused)),
    }
}
