//! `serve`.

use std::io::IsTerminal as _;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use toml::{Table, Value};
use tracing_subscriber::EnvFilter;

use super::{CliError, Desk, output};
use crate::Server;
use crate::config::Config;

/// Run the server until it is asked to end
#[derive(Args, Debug)]
pub(super) struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT")]
    addr: Option<String>,
    /// Plain HTTP instead of TLS; on loopback addresses only
    #[arg(long)]
    http: bool,
    /// Plain HTTP on any address
    #[arg(long)]
    insecure_http_anywhere: bool,
    /// Address that invites carry
    #[arg(long, value_name = "URL")]
    public_address: Option<String>,
}

impl Serve {
    /// Puts the flags that were given among the settings.
    pub(super) fn set(&self, flags: &mut Table) {
        for (key, value) in [("addr", &self.addr), ("public_address", &self.public_address)] {
            if let Some(value) = value {
                flags.insert(key.to_owned(), Value::String(value.clone()));
            }
        }
        for (key, value) in [("http", self.http), ("insecure_http_anywhere", self.insecure_http_anywhere)] {
            if value {
                flags.insert(key.to_owned(), Value::Boolean(true));
            }
        }
    }
}

pub(super) fn serve(desk: &Desk) -> Result<(), CliError> {
    start_log(&desk.config);
    let running = Server::start(desk.config.clone(), Arc::clone(&desk.world)).map_err(CliError::Serve)?;
    output::line(&json!({ "listening": running.address() }));
    running.run().map_err(CliError::Serve)
}

fn start_log(config: &Config) {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let coloured = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(coloured).with_writer(std::io::stderr);
    // A second start in one program keeps the first log.
    let _ = if config.log_json { log.json().try_init() } else { log.try_init() };
}
