//! The commands: what the operator of a station types.
//!
//! Exit codes: 0 done, 2 usage or settings, 3 refused, 4 the store or a file failed.

mod account;
mod backup;
mod bundle;
mod demo;
mod device;
mod form;
mod migrate;
mod output;
mod pack;
mod record;
mod run;
mod station;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use ailchin_core::error::Code;
use ailchin_core::form::FormError;
use ailchin_core::world::{Machine, World};
use clap::{Args, Parser, Subcommand};
use toml::{Table, Value};

use crate::bundle::BundleError;
use crate::certificate::CertificateError;
use crate::config::{Config, ConfigError};
use crate::demo::DemoError;
use crate::pack::{BuildError, PackUnreadable};
use crate::password::PasswordError;
use crate::server::{ServeError, open_store};
use crate::store::{StationRow, Store, StoreError};

/// The station of the Ailchin field visit tool.
#[derive(Parser, Debug)]
#[command(name = "ailchin-server", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const USAGE: u8 = 2;
const REFUSED: u8 = 3;
const FAILED: u8 = 4;

#[derive(Args, Debug)]
struct Common {
    /// Configuration file (TOML); `ailchin-server config` prints one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of everything the station keeps
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The store, if it is not the file in the data folder: postgres://user@host/database
    #[arg(long, global = true, value_name = "ADDRESS")]
    store: Option<String>,
    /// What is logged, to the standard error
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
    /// Answer in JSON, one object or one a line
    #[arg(long, global = true)]
    json: bool,
    /// The station's identifier, if the store holds several
    #[arg(long, global = true, value_name = "ID")]
    station: Option<String>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server until it is asked to end
    Serve(run::Serve),
    /// Make or show the station
    #[command(subcommand)]
    Station(station::StationCommand),
    /// Make or list areas
    #[command(subcommand)]
    Area(station::AreaCommand),
    /// Make or list officers, give and take areas, set console passwords
    #[command(subcommand)]
    Officer(account::OfficerCommand),
    /// Invite, list or revoke tablets
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Take in what tablets without a network have sent, and answer it
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    /// Find and erase records
    #[command(subcommand)]
    Record(record::RecordCommand),
    /// Check submissions by the rules of their forms, and show what was found in those that came
    #[command(subcommand)]
    Form(form::FormCommand),
    /// Check, build and publish the forms of a station
    #[command(subcommand)]
    Pack(pack::PackCommand),
    Backup(backup::Backup),
    Migrate(migrate::Migrate),
    /// Fill an empty store with generated data; no person in it is real
    DemoData(demo::DemoData),
    /// Print the settings in force, with every key explained
    Config,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("reading the settings")]
    Config(#[source] ConfigError),
    #[error("running the server")]
    Serve(#[source] ServeError),
    #[error("{doing}")]
    Store {
        doing: &'static str,
        #[source]
        source: StoreError,
    },
    #[error("filling the store")]
    Demo(#[source] DemoError),
    #[error("preparing the certificate")]
    Certificate(#[source] CertificateError),
    #[error("setting the password")]
    Password(#[source] PasswordError),
    #[error("{doing}")]
    File {
        doing: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{doing}")]
    Bundle {
        doing: &'static str,
        #[source]
        source: BundleError,
    },
    #[error("{doing}")]
    Form {
        doing: &'static str,
        #[source]
        source: FormError,
    },
    #[error("checking the pack")]
    Pack(#[source] PackUnreadable),
    #[error("building the pack")]
    Build(#[source] BuildError),
    #[error(
        "表单内容已改但版本未变，请在 settings 中提高 version：{0}。These forms changed under the same version, raise it on the sheet settings: {0}"
    )]
    SameVersion(String),
    #[error("{0} faults: the pack cannot be used")]
    NotSound(usize),
    #[error("{0} of the files were not taken")]
    NotTaken(usize),
    #[error("the invite does not fit into a QR code")]
    Qr(#[source] qrcode::types::QrError),
    #[error("writing the QR code's picture")]
    Picture(#[source] image::ImageError),
    #[error("there is no station yet: `ailchin-server station create` makes one")]
    NoStation,
    #[error("the store holds several stations: say which with --station")]
    SeveralStations,
    #[error("there is no station of that identifier")]
    UnknownStation,
    #[error("a server serves this store: stop it first")]
    StillServed,
    #[error("the server's address is not known: start it once, or say --address https://host:port")]
    NoAddress,
    #[error("the store is in PostgreSQL: back it up with pg_dump, and keep its copies no longer than 30 days")]
    NotAFile,
    #[error("the text is not {0}")]
    Unreadable(&'static str),
}

impl CliError {
    fn store(doing: &'static str) -> impl FnOnce(StoreError) -> Self {
        move |source| Self::Store { doing, source }
    }

    fn exit(&self) -> u8 {
        match self {
            Self::Config(ConfigError::File { .. }) => FAILED,
            Self::Config(_)
            | Self::Unreadable(_)
            | Self::SeveralStations
            | Self::NoAddress
            | Self::NotAFile
            | Self::Serve(ServeError::PlainHttp | ServeError::Store(StoreError::Address(_)))
            | Self::Store { source: StoreError::Address(_), .. } => USAGE,
            Self::Store {
                source: StoreError::Refused(_) | StoreError::Mismatch(_) | StoreError::StationThere(_),
                ..
            }
            | Self::Demo(DemoError::NotEmpty)
            | Self::Password(PasswordError::Weak)
            | Self::NoStation
            | Self::StillServed
            | Self::NotTaken(_)
            | Self::NotSound(_)
            | Self::SameVersion(_)
            | Self::Build(BuildError::NotSound(_) | BuildError::Refused(_) | BuildError::Pack(_))
            | Self::Form { .. }
            | Self::Bundle { source: BundleError::Refused(_) | BundleError::Unreadable(_), .. }
            | Self::UnknownStation => REFUSED,
            _ => FAILED,
        }
    }

    fn code(&self) -> Option<Code> {
        match self {
            Self::Store { source, .. } => Some(source.code()),
            Self::Bundle { source, .. } => Some(source.code()),
            Self::Form { source, .. } => Some(source.code()),
            _ => None,
        }
    }
}

/// What every command works with.
struct Desk {
    config: Config,
    json: bool,
    station: Option<String>,
    world: Arc<dyn World>,
}

impl Desk {
    fn store(&self) -> Result<Store, CliError> {
        open_store(&self.config).map_err(CliError::Serve)
    }

    /// The station that was named, or the only one.
    fn station(&self, store: &Store) -> Result<StationRow, CliError> {
        let mut stations = store.stations().map_err(CliError::store("finding the station"))?;
        match &self.station {
            Some(id) => {
                stations.into_iter().find(|station| station.id.to_string() == *id).ok_or(CliError::UnknownStation)
            }
            None if stations.len() > 1 => Err(CliError::SeveralStations),
            None => stations.pop().ok_or(CliError::NoStation),
        }
    }
}

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.common.json;
    match act(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(json, error.code(), &crate::causes(&error));
            ExitCode::from(error.exit())
        }
    }
}

fn act(cli: Cli) -> Result<(), CliError> {
    let Cli { common, command } = cli;
    let mut flags = Table::new();
    if let Some(data) = &common.data {
        flags.insert("data".to_owned(), Value::String(data.to_string_lossy().into_owned()));
    }
    if let Some(store) = common.store {
        flags.insert("store".to_owned(), Value::String(store));
    }
    if let Some(log) = common.log {
        flags.insert("log".to_owned(), Value::String(log));
    }
    if let Command::Serve(serve) = &command {
        serve.set(&mut flags);
    }
    let config = Config::gather(common.config.as_deref(), std::env::vars(), flags).map_err(CliError::Config)?;
    let desk = Desk { config, json: common.json, station: common.station, world: Arc::new(Machine) };
    match command {
        Command::Serve(_) => run::serve(&desk),
        Command::Station(command) => station::station(&desk, command),
        Command::Area(command) => station::area(&desk, command),
        Command::Officer(command) => account::officer(&desk, command),
        Command::Device(command) => device::device(&desk, command),
        Command::Bundle(command) => bundle::bundle(&desk, command),
        Command::Record(command) => record::record(&desk, command),
        Command::Form(command) => form::form(&desk, &command),
        Command::Pack(command) => pack::pack(&desk, &command),
        Command::Backup(command) => backup::backup(&desk, &command),
        Command::Migrate(command) => migrate::migrate(&desk, &command),
        Command::DemoData(command) => demo::demo_data(&desk, &command),
        Command::Config => {
            output::settings(&desk);
            Ok(())
        }
    }
}
