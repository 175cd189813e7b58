//! `bundle`: what tablets without a network have sent, and the answers to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ailchin_core::bundle::{ACKNOWLEDGED, EXTENSION, MAX_PART_BYTES};
use ailchin_core::error::Code;
use ailchin_core::ids::{BundleId, DeviceId, StationId};
use clap::{Args, Subcommand};
use serde_json::{json, to_value};

use super::{CliError, Desk, output};
use crate::blobs::{Blobs, LastName};
use crate::bundle::{BundleError, Bundles, write_whole};
use crate::server::open_blobs;
use crate::store::Store;

#[derive(Subcommand, Debug)]
pub(super) enum BundleCommand {
    /// Take in the parts of bundles that somebody brought; the server may go on serving
    Import(Import),
    /// Make the answer for a tablet whose bundle was taken in
    Answer(Answer),
    /// List the bundles that came
    List,
    /// List what tablets that were shut out have handed over; it is kept sealed until somebody decides about it
    Kept,
    /// Take in what a tablet handed over that was shut out
    Take(Take),
    /// Discard what a tablet handed over that was shut out
    Discard(OfTablet),
}

/// Take in what a tablet handed over that was shut out
///
/// Its changes and photos go into the store. Forms that were not finished, and changes that cannot be stored, are written into
/// files. These are not encrypted: delete them when they are no longer needed. The sealed files stay until they are discarded.
#[derive(Args, Debug)]
pub(super) struct Take {
    #[command(flatten)]
    of: OfTablet,
    /// Write what has no place in the store into this folder
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct OfTablet {
    /// The tablet's identifier
    device: String,
    /// Only this bundle of it
    #[arg(long, value_name = "ID")]
    bundle: Option<String>,
}

/// Take in the parts of bundles that somebody brought; the server may go on serving
///
/// Whatever their order, and however often: what was taken before is recognised. A part that is cut, changed or not for this
/// station is refused, and the others are taken.
#[derive(Args, Debug)]
pub(super) struct Import {
    /// Files, or folders of files
    #[arg(required = true)]
    from: Vec<PathBuf>,
    /// Write the answers into this folder
    #[arg(long, value_name = "FOLDER")]
    answers: Option<PathBuf>,
    #[command(flatten)]
    size: Size,
}

/// Make the answer for a tablet whose bundle was taken in
#[derive(Args, Debug)]
pub(super) struct Answer {
    /// The tablet's identifier
    device: String,
    /// Write the answer into this folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    to: PathBuf,
    #[command(flatten)]
    size: Size,
}

#[derive(Args, Debug)]
struct Size {
    /// Files of about so many MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=64))]
    part_mib: u64,
}

pub(super) fn bundle(desk: &Desk, command: BundleCommand) -> Result<(), CliError> {
    let store = desk.store()?;
    let blobs = open_blobs(&desk.config).map_err(CliError::Serve)?;
    let work = Work { desk, store, blobs };
    match command {
        BundleCommand::Import(import) => work.import(&import),
        BundleCommand::Answer(answer) => {
            let device = DeviceId::parse(&answer.device).map_err(|_| CliError::Unreadable("a device's identifier"))?;
            let station = desk.station(&work.store)?.id;
            work.answer(station, device, &answer.to, &answer.size)
        }
        BundleCommand::List => work.list(),
        BundleCommand::Kept => work.kept(),
        BundleCommand::Take(take) => work.take(&take),
        BundleCommand::Discard(of) => work.discard(&of),
    }
}

struct Work<'d> {
    desk: &'d Desk,
    store: Store,
    blobs: Blobs,
}

impl Work<'_> {
    fn bundles(&self) -> Bundles<'_> {
        Bundles { store: &self.store, blobs: &self.blobs, world: &*self.desk.world }
    }

    fn import(&self, import: &Import) -> Result<(), CliError> {
        let mut refused = 0;
        let mut readable = Vec::new();
        for path in files(&import.from)? {
            match read(&path).and_then(|bytes| self.bundles().head(&bytes)) {
                Ok(head) => readable.push((head.device, head.at_ms, head.bundle, head.part, head.station, path)),
                Err(error) => {
                    refused += 1;
                    self.not_taken(&path, &error);
                }
            }
        }
        // In the order in which they were made: no part waits for another.
        readable.sort();
        let (mut came, mut kept) = (BTreeSet::new(), BTreeSet::new());
        for (device, _, bundle, _, station, path) in readable {
            match read(&path).and_then(|bytes| self.bundles().take(&bytes)) {
                Ok(taken) => {
                    came.insert((taken.station, taken.device));
                    let json = to_value(&taken).unwrap_or_default();
                    let sentence = format!(
                        "{}: {} revisions stored, {} known, {} refused, {} photos; part {} of {}{}",
                        path.display(),
                        taken.stored,
                        taken.duplicates,
                        taken.refused,
                        taken.blobs,
                        taken.part,
                        taken.parts,
                        missing(&taken.missing),
                    );
                    output::answer(self.desk, &json, &sentence);
                }
                // That is where it belongs.
                Err(error) if error.code() == Code::DeviceRevoked => {
                    kept.insert(LastName { station, device, bundle });
                    self.not_taken(&path, &error);
                }
                Err(error) => {
                    refused += 1;
                    self.not_taken(&path, &error);
                }
            }
        }
        if let Some(folder) = &import.answers {
            kept.into_iter().try_for_each(|of| self.acknowledge(of, folder))?;
            came.into_iter().try_for_each(|(station, device)| self.answer(station, device, folder, &import.size))?;
        }
        if refused == 0 { Ok(()) } else { Err(CliError::NotTaken(refused)) }
    }

    fn not_taken(&self, path: &Path, error: &BundleError) {
        let name = path.display();
        let json = json!({ "file": name.to_string(), "code": error.code() });
        let why = match error.code() {
            Code::DeviceRevoked => "the tablet was shut out; the file is kept sealed (see `bundle kept`)".to_owned(),
            Code::BundleIncomplete => "an earlier part is missing: bring it, and this one again".to_owned(),
            Code::BundleElsewhere => "it is not for this station, or was damaged on the way".to_owned(),
            _ => crate::causes(error),
        };
        output::answer(self.desk, &json, &format!("{name}: not taken: {why}"));
    }

    fn answer(&self, station: StationId, device: DeviceId, folder: &Path, size: &Size) -> Result<(), CliError> {
        let making = |source| CliError::Bundle { doing: "making an answer", source };
        let parts = self.bundles().answer(station, device, size.part_mib << 20).map_err(making)?;
        let writing = |source| CliError::File { doing: "writing an answer", source };
        std::fs::create_dir_all(folder).map_err(writing)?;
        for part in parts {
            let path = folder.join(part.name);
            write_whole(&path, &part.bytes).map_err(writing)?;
            let json = json!({ "answer": path.to_string_lossy(), "device": device, "bytes": part.bytes.len() });
            output::answer(self.desk, &json, &format!("answer for {device}: {}", path.display()));
        }
        Ok(())
    }

    /// Writes the acknowledgement of what a tablet handed over, so that it erases itself.
    fn acknowledge(&self, of: LastName, folder: &Path) -> Result<(), CliError> {
        let acknowledgement = match self.bundles().acknowledge_brought(of) {
            Ok(acknowledgement) => acknowledgement,
            Err(error) if error.code() == Code::BundleIncomplete => {
                let json = json!({ "device": of.device, "bundle": of.bundle, "code": error.code() });
                let sentence = format!("{}: more files of {} are still to come", of.device, of.bundle);
                output::answer(self.desk, &json, &sentence);
                return Ok(());
            }
            Err(source) => return Err(CliError::Bundle { doing: "acknowledging what was handed over", source }),
        };
        let writing = |source| CliError::File { doing: "writing an acknowledgement", source };
        std::fs::create_dir_all(folder).map_err(writing)?;
        let path = folder.join(format!("{}-{}{ACKNOWLEDGED}", of.device, of.bundle));
        write_whole(&path, &serde_json::to_vec(&acknowledgement).unwrap_or_default()).map_err(writing)?;
        let json = json!({ "acknowledgement": path.to_string_lossy(), "device": of.device, "bundle": of.bundle });
        output::answer(self.desk, &json, &format!("acknowledgement for {}: {}", of.device, path.display()));
        Ok(())
    }

    fn kept(&self) -> Result<(), CliError> {
        let station = self.desk.station(&self.store)?;
        for kept in self.bundles().kept(station.id).map_err(doing("listing what is kept"))? {
            let bytes: u64 = kept.parts.iter().map(|part| part.size_bytes).sum();
            let json = json!({
                "device": kept.of.device, "bundle": kept.of.bundle, "parts": kept.parts.len(), "bytes": bytes,
                "acknowledged": kept.acknowledged, "taken_at_ms": kept.taken_at,
            });
            let whole = if kept.acknowledged { "complete" } else { "not complete yet" };
            let taken = kept.taken_at.map(|at| format!(", taken in {}", at.to_iso())).unwrap_or_default();
            let sentence = format!(
                "{} of {}: {} parts, {bytes} bytes, {whole}{taken}",
                kept.of.bundle,
                kept.of.device,
                kept.parts.len()
            );
            output::answer(self.desk, &json, &sentence);
        }
        Ok(())
    }

    fn take(&self, take: &Take) -> Result<(), CliError> {
        for of in self.named(&take.of)? {
            let taken = self.bundles().take_in(of, &take.to).map_err(doing("taking in what is kept"))?;
            tracing::info!(device = %of.device, bundle = %of.bundle, stored = taken.stored, "taken in");
            let mut json = to_value(taken).unwrap_or_default();
            json["bundle"] = json!(of.bundle);
            let sentence = format!(
                "{}: {} revisions stored, {} known, {} photos, {} not taken, {} forms not finished; see {}",
                of.bundle,
                taken.stored,
                taken.duplicates,
                taken.blobs,
                taken.not_taken,
                taken.drafts,
                take.to.display(),
            );
            output::answer(self.desk, &json, &sentence);
        }
        Ok(())
    }

    fn discard(&self, of: &OfTablet) -> Result<(), CliError> {
        for of in self.named(of)? {
            let parts = self.bundles().discard(of).map_err(doing("discarding what is kept"))?;
            tracing::info!(device = %of.device, bundle = %of.bundle, parts, "discarded");
            let json = json!({ "discarded": of.bundle, "parts": parts });
            output::answer(self.desk, &json, &format!("{}: {parts} parts discarded", of.bundle));
        }
        Ok(())
    }

    /// The kept bundles of a tablet, or the one of them that was named.
    fn named(&self, of: &OfTablet) -> Result<Vec<LastName>, CliError> {
        let device = DeviceId::parse(&of.device).map_err(|_| CliError::Unreadable("a device's identifier"))?;
        let bundle = of.bundle.as_deref().map(BundleId::parse).transpose();
        let bundle = bundle.map_err(|_| CliError::Unreadable("a bundle's identifier"))?;
        let station = self.desk.station(&self.store)?;
        let mut kept = self.bundles().kept(station.id).map_err(doing("looking for what is kept"))?;
        kept.retain(|kept| kept.of.device == device && bundle.is_none_or(|bundle| kept.of.bundle == bundle));
        if kept.is_empty() {
            return Err(doing("looking for what is kept")(BundleError::Refused(Code::NotFound)));
        }
        Ok(kept.into_iter().map(|kept| kept.of).collect())
    }

    fn list(&self) -> Result<(), CliError> {
        let station = self.desk.station(&self.store)?;
        for row in self.store.bundles(station.id).map_err(CliError::store("listing bundles"))? {
            let json = json!({
                "bundle": row.id, "device": row.device, "parts": row.parts, "missing": row.missing,
                "came_at_ms": row.came_at,
            });
            let (when, missing) = (row.came_at.to_iso(), missing(&row.missing));
            let sentence = format!("{} of {}: {} parts, last came {when}{missing}", row.id, row.device, row.parts);
            output::answer(self.desk, &json, &sentence);
        }
        Ok(())
    }
}

fn doing(doing: &'static str) -> impl FnOnce(BundleError) -> CliError {
    move |source| CliError::Bundle { doing, source }
}

fn missing(parts: &[u32]) -> String {
    let list: Vec<String> = parts.iter().map(u32::to_string).collect();
    if list.is_empty() { String::new() } else { format!("; still to come: {}", list.join(", ")) }
}

/// The files that were named, and those in the folders that were named.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let looking = |source| CliError::File { doing: "looking into a folder", source };
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in std::fs::read_dir(path).map_err(looking)? {
            let path = entry.map_err(looking)?.path();
            // Answers that lie beside are for tablets.
            let answer = path.file_name().is_some_and(|name| name.to_string_lossy().contains("-answer-"));
            if path.extension().is_some_and(|extension| extension == EXTENSION) && !answer {
                files.push(path);
            }
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, BundleError> {
    let reading = |source| BundleError::File { doing: "reading a file", source };
    if std::fs::metadata(path).map_err(reading)?.len() > MAX_PART_BYTES {
        return Err(BundleError::Refused(Code::TooLarge));
    }
    std::fs::read(path).map_err(reading)
}
