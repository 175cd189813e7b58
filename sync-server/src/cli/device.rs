//! `device`: invites as text and QR code, the list, revoking.

use std::path::{Path, PathBuf};

use ailchin_core::ids::DeviceId;
use ailchin_core::sync::Invite;
use clap::{Args, Subcommand};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

use super::{CliError, Desk, output};
use crate::certificate::Certificate;
use crate::server::written_address;

#[derive(Subcommand, Debug)]
pub(super) enum DeviceCommand {
    /// Make a one-time code that lets a tablet in
    Invite(InviteArgs),
    /// List the devices
    List,
    /// Let a tablet in again that was shut out and has not erased itself yet
    LetIn {
        /// Its identifier
        device: String,
    },
    /// Shut a tablet out: at its next contact it hands over what the station does not have, and erases itself
    Revoke {
        /// Its identifier
        device: String,
    },
}

/// Make a one-time code that lets a tablet in
#[derive(Args, Debug)]
pub(super) struct InviteArgs {
    /// Number, name or identifier of the officer
    #[arg(long)]
    officer: String,
    /// Write the QR code as a picture
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// The address the tablet will use; otherwise the configured or the last one
    #[arg(long, value_name = "URL")]
    address: Option<String>,
}

pub(super) fn device(desk: &Desk, command: DeviceCommand) -> Result<(), CliError> {
    match command {
        DeviceCommand::Invite(args) => invite(desk, args),
        DeviceCommand::List => list(desk),
        DeviceCommand::LetIn { device } => let_in(desk, &device),
        DeviceCommand::Revoke { device } => revoke(desk, &device),
    }
}

fn invite(desk: &Desk, args: InviteArgs) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    let officer = store.officer(station.id, &args.officer).map_err(CliError::store("finding the officer"))?;
    let address = address(desk, args.address)?;
    let fingerprint = if address.starts_with("https://") {
        Some(Certificate::of(&desk.config.data).map_err(CliError::Certificate)?.fingerprint())
    } else {
        None
    };
    let hours = desk.config.invite_hours;
    let token =
        store.invite(station.id, officer.id, hours, &*desk.world).map_err(CliError::store("making the invite"))?;
    let invite = Invite { address, fingerprint, token };
    let text = invite.to_text();
    let picture = QrCode::new(&text).map_err(CliError::Qr)?;
    if let Some(path) = &args.png {
        write_png(&picture, path)?;
    }
    output::aside(desk, &picture.render::<Dense1x2>().quiet_zone(true).build());
    output::aside(desk, &format!("for {}, good once and for {hours} hours:", officer.name.zh));
    let json = json!({
        "invite": text, "address": invite.address, "officer": officer.id, "hours": hours,
        "png": args.png.as_deref().map(Path::to_string_lossy),
    });
    output::answer(desk, &json, &text);
    Ok(())
}

/// What was said, what is configured, or what the running server wrote down. An address of all interfaces is no address.
fn address(desk: &Desk, said: Option<String>) -> Result<String, CliError> {
    let configured = Some(desk.config.public_address.clone()).filter(|address| !address.is_empty());
    let written =
        written_address(&desk.config).filter(|address| !address.contains("//0.0.0.0") && !address.contains("//[::]"));
    let address = said.or(configured).or(written).ok_or(CliError::NoAddress)?;
    Ok(address.trim_end_matches('/').to_owned())
}

fn write_png(picture: &QrCode, path: &Path) -> Result<(), CliError> {
    let pixels = picture.render::<image::Luma<u8>>().quiet_zone(true).module_dimensions(8, 8).build();
    pixels.save_with_format(path, image::ImageFormat::Png).map_err(CliError::Picture)
}

fn list(desk: &Desk) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    for row in store.devices(station.id).map_err(CliError::store("listing devices"))? {
        let json = json!({
            "device": row.id, "officer": row.officer, "seq": row.seq, "refused": row.refused,
            "enrolled_at_ms": row.enrolled_at, "last_seen_ms": row.last_seen, "revoked_at_ms": row.revoked_at,
        });
        let whose = row.officer.map_or_else(|| "console".to_owned(), |officer| format!("officer {officer}"));
        let shut = if row.revoked_at.is_some() { ", revoked" } else { "" };
        let seen = row.last_seen.to_iso();
        output::answer(desk, &json, &format!("{} {whose}, {} revisions, last seen {seen}{shut}", row.id, row.seq));
    }
    Ok(())
}

fn let_in(desk: &Desk, text: &str) -> Result<(), CliError> {
    let device = DeviceId::parse(text).map_err(|_| CliError::Unreadable("a device's identifier"))?;
    let store = desk.store()?;
    let station = desk.station(&store)?;
    store.let_in_again(station.id, device, &*desk.world).map_err(CliError::store("letting the device in"))?;
    output::answer(desk, &json!({ "let_in": device }), &format!("{device} is let in again"));
    Ok(())
}

fn revoke(desk: &Desk, text: &str) -> Result<(), CliError> {
    let device = DeviceId::parse(text).map_err(|_| CliError::Unreadable("a device's identifier"))?;
    let store = desk.store()?;
    let station = desk.station(&store)?;
    store.revoke(station.id, device, &*desk.world).map_err(CliError::store("revoking the device"))?;
    output::answer(desk, &json!({ "revoked": device }), &format!("{device} is shut out"));
    Ok(())
}
