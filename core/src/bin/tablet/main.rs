//! A tablet without a window: the same device, driven from a shell. For the demonstration, the tests, support staff and scripts.
//!
//! Answers are JSON on standard output; errors are JSON on standard error with a closed code. Exit codes: 0 done, 2 the
//! command line is wrong, 3 refused (somebody has to change something), 4 try again later, 5 the tablet's own files fail.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use ailchin_core::device::services::{Desktop, SecretFile};
use ailchin_core::device::{Attached, DeviceError, LocalNetwork, Meeting, Services, Tablet};
use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, RecordId};
use ailchin_core::view::HouseholdQuery;
use ailchin_core::world::Machine;
use clap::{Parser, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

/// A tablet without a window.
#[derive(Parser)]
#[command(name = "tablet", version, about)]
struct Arguments {
    /// The folder that holds the tablet's files.
    #[arg(long, env = "AILCHIN_TABLET_DIR")]
    dir: PathBuf,
    /// The officer's PIN.
    #[arg(long, env = "AILCHIN_PIN", hide_env_values = true)]
    pin: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Uses an invite (its text, or a file with a picture of its QR code) and sets the PIN.
    Enrol {
        /// `ailchin1:…`, or the path of a PNG or JPEG.
        invite: String,
    },
    /// Says where the tablet stands.
    State,
    /// Shows what is due, begun and waiting.
    Today,
    /// Finds households by Han, pinyin, initials, Mongolian, Latin or digits; without words, lists them.
    Households {
        /// What to look for.
        #[arg(default_value = "")]
        query: String,
        /// Only this area.
        #[arg(long)]
        area: Option<AreaId>,
        /// Lines wanted, at most 500.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Shows a household's page.
    Household {
        /// The household.
        household: RecordId,
    },
    /// Records a visit.
    Visit {
        /// The household.
        household: RecordId,
        /// A JSON file: answers by question name.
        #[arg(long)]
        answers: PathBuf,
        /// A picture that answers a question: `photo=FILE`.
        #[arg(long = "file", value_parser = pair)]
        files: Vec<(String, String)>,
        /// The form.
        #[arg(long, default_value = "household_visit")]
        form: String,
    },
    /// Changes fields of a record: `phone=…`; a value that is JSON is taken as JSON, `null` removes.
    Edit {
        /// The record.
        record: RecordId,
        /// What changes.
        #[arg(required = true, value_parser = pair)]
        fields: Vec<(String, String)>,
    },
    /// Exchanges revisions and files with the station and gets a receipt.
    Sync,
    /// What is carried instead of sent: bundles for the station, and its answers.
    #[command(subcommand)]
    Bundle(Bundle),
    /// Shows the last receipt, and whether it covers everything on the tablet.
    Receipt,
    /// Shows one record with its whole history.
    Show {
        /// The record.
        record: RecordId,
    },
    /// Shows what the station refused.
    Refused,
    /// Writes every revision on the tablet as NDJSON, byte for byte as its author wrote it.
    Export,
    /// What becomes of a tablet that was shut out; takes no PIN.
    #[command(subcommand)]
    ShutOut(ShutOut),
    /// Compares what is kept of every scope with a recount of the log.
    Check,
}

#[derive(Subcommand)]
enum Bundle {
    /// Writes what the station does not have into files that only the station can read.
    Export {
        /// A folder that is there; `exports` beside the tablet's files if not given.
        #[arg(long)]
        to: Option<String>,
        /// Files of about so many MiB.
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=64))]
        part_mib: u64,
    },
    /// Takes in what the station answered.
    Import {
        /// Files, or folders of files.
        #[arg(required = true)]
        from: Vec<String>,
    },
    /// Shows which bundles were written, and which of them are answered.
    Status,
    /// Waits for a tablet on the same network that gives its bundle; the station gets it with the next sync.
    ///
    /// Both sides say a code. If the officers see the same one, both write `yes` on a line.
    Take {
        /// Where to wait.
        #[arg(long, default_value = "0.0.0.0:0")]
        at: SocketAddr,
    },
    /// Gives a bundle to a tablet that waits, and takes the answers that it brought.
    Give {
        /// Where it waits.
        to: SocketAddr,
    },
    /// Shows what is carried for others.
    Carried,
}

#[derive(Subcommand)]
enum ShutOut {
    /// Shows how far it is with handing over and erasing.
    Status,
    /// Goes on with it.
    Go,
    /// Copies the sealed work into a folder, for a stick.
    Export {
        /// A folder that is there; `exports` beside the tablet's files if not given.
        #[arg(long)]
        to: Option<String>,
    },
    /// Takes in the station's acknowledgement, and erases.
    Import {
        /// Files, or folders of files.
        #[arg(required = true)]
        from: Vec<String>,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            say_error(&cause);
            ExitCode::from(exit_code(cause.code()))
        }
    }
}

fn run(arguments: Arguments) -> Result<(), DeviceError> {
    let services = Services {
        position: Box::new(Desktop),
        camera: Box::new(Desktop),
        network: Box::new(Desktop),
        secrets: Box::new(SecretFile::at(arguments.dir.join("device-secret"))),
        nearby: Box::new(LocalNetwork::default()),
        printer: Box::new(Desktop),
    };
    let tablet = Arc::new(Tablet::new(arguments.dir, Arc::new(Machine), services));
    let pin = arguments.pin;
    if let Command::State = arguments.command {
        return say(&tablet.state()?);
    }
    if let Command::Enrol { invite } = arguments.command {
        let pin = pin.ok_or(DeviceError::Refused(Code::PinTooWeak))?;
        tablet.enrol(&invite_text(&invite)?, &pin.into())?;
        return say(&tablet.state()?);
    }
    if let Command::ShutOut(command) = &arguments.command {
        return match command {
            ShutOut::Status => say(&tablet.shut_out()?),
            ShutOut::Go => {
                tablet.hand_over_last_work()?;
                say(&tablet.shut_out()?)
            }
            ShutOut::Export { to } => say(&tablet.export_last_work(to.as_deref())?),
            ShutOut::Import { from } => {
                tablet.import_acknowledgement(from)?;
                say(&tablet.shut_out()?)
            }
        };
    }
    let state = tablet.state()?;
    let officer = state.officers.first().ok_or(DeviceError::Refused(Code::NotEnrolled))?.id;
    tablet.unlock(officer, &pin.ok_or(DeviceError::Refused(Code::Locked))?.into())?;
    match arguments.command {
        Command::Enrol { .. } | Command::State | Command::ShutOut(_) => Ok(()),
        Command::Today => say(&tablet.with(|r, who, world| Ok(r.today(who.device, who.officer, world.now())?))?),
        Command::Households { query, area, limit } => {
            let asked = HouseholdQuery { query, area, offset: 0, limit };
            say(&tablet.with(|replica, _, _| Ok(replica.households(&asked)?))?)
        }
        Command::Household { household } => {
            say(&tablet.with(|replica, who, world| Ok(replica.household(household, who.device, world.now())?))?)
        }
        Command::Visit { household, answers, files, form } => {
            let answers = read_file(&answers)?;
            let answers = serde_json::from_slice(&answers).map_err(|_| DeviceError::Refused(Code::FormUnreadable))?;
            let files = files
                .into_iter()
                .map(|(question, path)| Ok(Attached { question, bytes: read_file(&path.into())? }))
                .collect::<Result<Vec<_>, DeviceError>>()?;
            say(&tablet.record_visit(household, &form, answers, &files)?)
        }
        Command::Edit { record, fields } => {
            let fields = fields.into_iter().map(|(name, value)| (name, json_or_text(value)));
            say(&tablet.edit(record, fields.collect::<BTreeMap<_, _>>())?)
        }
        Command::Sync => say(&tablet.sync()?),
        Command::Bundle(Bundle::Export { to, part_mib }) => say(&tablet.export_bundle(to.as_deref(), part_mib << 20)?),
        Command::Bundle(Bundle::Import { from }) => say(&tablet.import_answers(&from)?),
        Command::Bundle(Bundle::Status) => say(&tablet.bundle_status()?),
        Command::Bundle(Bundle::Take { at }) => {
            let listener = TcpListener::bind(at).map_err(DeviceError::Nearby)?;
            say(&json!({ "waits_at": listener.local_addr().map_err(DeviceError::Nearby)? }))?;
            confirm(&tablet, tablet.meet_giver(&listener)?)
        }
        Command::Bundle(Bundle::Give { to }) => confirm(&tablet, tablet.meet_taker(to)?),
        Command::Bundle(Bundle::Carried) => say(&tablet.carried()?),
        Command::Receipt => {
            let status = tablet.sync_status()?;
            say(&json!({ "receipt": status.receipt, "covered": status.covered, "waiting": status.waiting }))
        }
        Command::Show { record } => say(&tablet.show(record)?),
        Command::Refused => say(&tablet.refused()?),
        Command::Export => {
            let out = std::io::stdout();
            tablet.with(|replica, _, _| Ok(replica.export(&mut out.lock())?))
        }
        Command::Check => {
            let (kept, counted, count) = tablet.with(|replica, who, _| {
                Ok((replica.holdings(who.device)?.scopes, replica.recount()?, replica.revisions()?))
            })?;
            say(&json!({ "equal": kept == counted, "revisions": count, "scopes": counted }))
        }
    }
}

/// Goes on if the officer has seen the same code on the other tablet.
fn confirm(tablet: &Tablet, meeting: Meeting) -> Result<(), DeviceError> {
    say(&json!({ "code": meeting.code(), "tablet": meeting.other() }))?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(DeviceError::Nearby)?;
    if line.trim() != "yes" {
        return Err(DeviceError::Refused(Code::NearbyEnded));
    }
    say(&tablet.confirmed(meeting)?)
}

fn invite_text(invite: &str) -> Result<String, DeviceError> {
    if invite.starts_with("ailchin") {
        return Ok(invite.to_owned());
    }
    ailchin_core::device::read_qr(&read_file(&invite.into())?)
}

fn read_file(path: &PathBuf) -> Result<Vec<u8>, DeviceError> {
    std::fs::read(path)
        .map_err(|source| DeviceError::File { doing: "reading a file named on the command line", source })
}

fn json_or_text(value: String) -> Value {
    match serde_json::from_str(&value) {
        Ok(json @ (Value::Null | Value::Object(_) | Value::Array(_))) => json,
        _ => Value::String(value),
    }
}

fn say<T: Serialize>(answer: &T) -> Result<(), DeviceError> {
    let text = serde_json::to_string(answer).map_err(DeviceError::VaultUnreadable)?;
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever read the answer has read enough.
        Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|source| DeviceError::File { doing: "writing the answer", source }),
    }
}

fn say_error(cause: &DeviceError) {
    let mut why = cause.to_string();
    let mut source = std::error::Error::source(cause);
    while let Some(deeper) = source {
        why.push_str(": ");
        why.push_str(&deeper.to_string());
        source = deeper.source();
    }
    let refusal = cause.refusal();
    let said = json!({ "code": refusal.code, "field": refusal.field, "wait_ms": refusal.wait_ms, "why": why });
    // There is nowhere left to say that this could not be said; the exit code tells.
    let _ = writeln!(std::io::stderr(), "{said}");
}

fn exit_code(code: Code) -> u8 {
    match code {
        Code::FileFailed | Code::DiskFull | Code::FileTooNew => 5,
        code if code.retry_helps() => 4,
        _ => 3,
    }
}
