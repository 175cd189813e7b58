//! The station: log store, accounts, blobs and HTTP.
//!
//! # Map
//!
//! | room | question it answers |
//! |---|---|
//! | [`store`] | what the station holds, in SQLite or PostgreSQL: one method is one job is one transaction |
//! | [`batch`] | how a push is unpacked and a pull is packed |
//! | [`bundle`] | what comes and goes in files that are carried |
//! | `http` | what is said at each door, and how a refusal looks |
//! | [`server`] | how the server starts and stops |
//! | [`config`] | how it is set |
//! | [`pack`] | whether a station's own forms may be used |
//! | [`certificate`], [`password`], [`blobs`] | TLS with an own certificate, console passwords, where blobs lie |
//! | [`cli`] | the commands |
//!
//! The wire contract is `core/PROTOCOL.md`.

pub mod batch;
pub mod blobs;
pub mod bundle;
pub mod certificate;
pub mod cli;
pub mod config;
pub mod demo;
mod http;
pub mod pack;
pub mod password;
mod quiet;
pub mod server;
pub mod store;
mod upkeep;

pub use config::Config;
pub use server::{Running, Server};
pub use store::Store;

/// An error with all its causes, for a log line or the terminal.
#[must_use]
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
