//! `pack`: from a station's own spreadsheets to the forms on its tablets.

use std::path::{Path, PathBuf};

use ailchin_core::ids::StationId;
use ailchin_core::pack::{Pack, builtin};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{CliError, Desk, output};
use crate::pack::{self, BuildError, Built, Gravity, Remark};
use crate::store::Store;

#[derive(Subcommand, Debug)]
pub(super) enum PackCommand {
    /// Check the spreadsheets of a pack's forms: what is wrong in which cell
    Check {
        /// The pack's folder, with `forms/` in it
        folder: PathBuf,
    },
    /// Check them, make the forms beside them, and have these validated
    Build(Source),
    /// Build a pack and publish it: tablets begin forms with it after their next sync
    Publish(Source),
    /// List the packs that were published, the newest first
    List,
}

#[derive(Args, Debug)]
pub(super) struct Source {
    /// The pack's folder, with `pack.json` and `forms/` in it
    folder: PathBuf,
    /// The Python that has pyxform
    #[arg(long, env = "AILCHIN_PYTHON", default_value = "python3")]
    python: PathBuf,
}

pub(super) fn pack(desk: &Desk, command: &PackCommand) -> Result<(), CliError> {
    match command {
        PackCommand::Check { folder } => check(desk, folder),
        PackCommand::Build(source) => build(desk, source).map(|_| ()),
        PackCommand::Publish(source) => publish(desk, source),
        PackCommand::List => list(desk),
    }
}

fn check(desk: &Desk, folder: &Path) -> Result<(), CliError> {
    let remarks = pack::check(folder).map_err(CliError::Pack)?;
    tell(desk, &remarks);
    match remarks.iter().filter(|remark| remark.gravity == Gravity::Refused).count() {
        0 => Ok(()),
        refused => Err(CliError::NotSound(refused)),
    }
}

fn tell(desk: &Desk, remarks: &[Remark]) {
    for remark in remarks {
        let mark = if remark.gravity == Gravity::Refused { "✗" } else { "!" };
        let place = format!("{} {}!{}", remark.file, remark.sheet, remark.cell);
        output::answer(desk, &json!(remark), &format!("{mark} {place}: {}。{}", remark.zh, remark.en));
    }
}

fn build(desk: &Desk, source: &Source) -> Result<Built, CliError> {
    let built = pack::build(&source.folder, &source.python).map_err(|error| {
        if let BuildError::NotSound(remarks) = &error {
            tell(desk, remarks);
        }
        CliError::Build(error)
    })?;
    tell(desk, &built.remarks);
    if !built.validated {
        let zh = "没有 Java：未用 ODK Validate 检查表单";
        let en = "Java is missing: ODK Validate did not look at the forms";
        output::answer(desk, &json!({ "gravity": "warning", "zh": zh, "en": en }), &format!("! {zh}。{en}"));
    }
    for form in &built.pack.forms {
        let (id, version) = (&form.model.id, &form.model.version);
        let json = json!({ "form": id, "version": version, "hash": form.hash, "about": form.about });
        output::answer(desk, &json, &format!("{id} {version} {}", form.hash));
    }
    let Pack { id, version, hash, .. } = &built.pack;
    output::answer(desk, &json!({ "pack": id, "version": version, "hash": hash }), &format!("{id} {version} {hash}"));
    Ok(built)
}

fn publish(desk: &Desk, source: &Source) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    let Built { pack, .. } = build(desk, source)?;
    let changed = changed_in_place(&store, station.id, &pack)?;
    if !changed.is_empty() {
        return Err(CliError::SameVersion(changed.join(", ")));
    }
    let bytes = pack.files.to_bytes().map_err(|cause| CliError::Build(BuildError::Pack(cause)))?;
    store.publish_pack(station.id, &pack, &bytes, desk.world.now()).map_err(CliError::store("publishing the pack"))?;
    let json = json!({ "published": pack.hash, "size_bytes": bytes.len() });
    output::answer(desk, &json, &format!("published: {} ({} bytes)", pack.hash, bytes.len()));
    Ok(())
}

/// The forms that say something else under a version that was published or is built in: what was filled in would be read wrongly.
fn changed_in_place(store: &Store, station: StationId, pack: &Pack) -> Result<Vec<String>, CliError> {
    let mut changed = Vec::new();
    let mut compare = |other: &Pack| {
        for form in &pack.forms {
            let same = other.form(&form.model.id).filter(|other| other.model.version == form.model.version);
            if same.is_some_and(|other| other.hash != form.hash) && !changed.contains(&form.model.id) {
                changed.push(form.model.id.clone());
            }
        }
    };
    if let Ok(builtin) = builtin() {
        compare(builtin);
    }
    for row in store.packs(station).map_err(CliError::store("reading which packs were published"))? {
        let read = store.pack(station, row.hash).map_err(CliError::store("reading a published pack"))?;
        if let Ok(other) = read {
            compare(&other);
        }
    }
    Ok(changed)
}

fn list(desk: &Desk) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    let packs = store.packs(station.id).map_err(CliError::store("reading which packs were published"))?;
    for (place, row) in packs.iter().enumerate() {
        let json = json!({
            "pack": row.id, "version": row.version, "hash": row.hash, "size_bytes": row.size_bytes,
            "published_at": row.published_at, "current": place == 0,
        });
        let mark = if place == 0 { "*" } else { " " };
        let at = row.published_at.to_iso();
        output::answer(desk, &json, &format!("{mark} {} {} {} {at}", row.id, row.version, row.hash));
    }
    Ok(())
}
