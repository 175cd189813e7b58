//! How the server is set: defaults, then a TOML file, then `AILCHIN_SERVER_…` variables, then flags; each overrides the one before.
//!
//! The keys stand once, in `KEYS`; a key that is not there is refused wherever it comes from.

use std::path::{Path, PathBuf};

use ailchin_core::sync::Versions;
use serde::Deserialize;
use toml::{Table, Value};

use crate::blobs::{BlobsError, Bucket, Place};
use crate::store::StoreAddress;

/// What a key is called, what it is by default (in TOML), and what it does.
const KEYS: &[(&str, &str, &str)] = &[
    ("data", "\"station\"", "Folder of everything the station keeps: store, blobs, certificate."),
    (
        "store",
        "\"\"",
        "PostgreSQL database of the store, postgres://user@host/database, or a file; empty: a file in the data folder.",
    ),
    (
        "blobs",
        "\"\"",
        "Where photos and signatures lie: a folder, or s3://bucket/prefix; empty: the folder blobs in the data folder.",
    ),
    (
        "s3_endpoint",
        "\"\"",
        "Address of the S3-compatible store; empty: Amazon's. Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    ("addr", "\"0.0.0.0:8443\"", "Address and port to listen on; port 0 takes a free one."),
    ("public_address", "\"\"", "Address that invites carry, https://host:port; empty: the one the server listens on."),
    ("http", "false", "Plain HTTP instead of TLS; on loopback addresses only."),
    ("insecure_http_anywhere", "false", "Plain HTTP on any address: passwords and names can be read on the way."),
    ("session_hours", "12", "How long a login is good."),
    ("invite_hours", "72", "How long an invite is good."),
    ("request_timeout_s", "60", "A request that takes longer is given up."),
    ("requests_at_once", "64", "Requests worked on at the same time; others wait."),
    ("logins_a_minute", "1200", "Enrolments and logins from one address in a minute."),
    ("passwords_a_minute", "10", "Console logins from one address in a minute."),
    ("log", "\"info\"", "What is logged: error, warn, info, debug, trace, or filters as in ailchin_server=debug."),
    ("log_json", "false", "Log lines as JSON."),
];

/// What the variables of the environment begin with.
const PREFIX: &str = "AILCHIN_SERVER_";

/// The server's settings.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of everything the station keeps.
    pub data: PathBuf,
    /// Where the store is; empty for a file in the data folder.
    pub store: StoreAddress,
    /// Where photos and signatures lie: a folder, or `s3://bucket/prefix`; empty for the one in the data folder.
    pub blobs: String,
    /// Address of the S3-compatible store; empty for Amazon's.
    pub s3_endpoint: String,
    /// Address and port to listen on.
    pub addr: String,
    /// Address that invites carry; empty for the one listened on.
    pub public_address: String,
    /// Plain HTTP instead of TLS, on loopback.
    pub http: bool,
    /// Plain HTTP on any address.
    pub insecure_http_anywhere: bool,
    /// How long a login is good.
    pub session_hours: u32,
    /// How long an invite is good.
    pub invite_hours: u32,
    /// A request that takes longer is given up.
    pub request_timeout_s: u32,
    /// Requests worked on at the same time.
    pub requests_at_once: u16,
    /// Enrolments and logins from one address in a minute.
    pub logins_a_minute: u32,
    /// Console logins from one address in a minute.
    pub passwords_a_minute: u32,
    /// What is logged.
    pub log: String,
    /// Log lines as JSON.
    pub log_json: bool,
    /// The versions of the protocol that are spoken. Nobody sets them, but tests that let a server be another program's.
    #[serde(skip, default = "spoken")]
    pub versions: Versions,
}

const fn spoken() -> Versions {
    Versions::SPOKEN
}

/// Why the settings cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not TOML")]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// There is no such key.
    #[error("{origin} sets {key}, which is not a key; `ailchin-server config` lists the keys")]
    UnknownKey {
        /// Who set it.
        origin: &'static str,
        /// What.
        key: String,
    },
    /// A value is not of the key's type.
    #[error("a value of the configuration is not of its key's type")]
    Value(#[source] Box<toml::de::Error>),
}

impl Config {
    /// Puts the settings together. `environment` holds all variables, `flags` what the command line set.
    ///
    /// # Errors
    /// [`ConfigError`] for an unreadable file, an unknown key or a value of a wrong type.
    pub fn gather(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Table,
    ) -> Result<Self, ConfigError> {
        let mut table = defaults();
        if let Some(path) = file {
            overlay(&mut table, "the configuration file", read_file(path)?)?;
        }
        let environment = from_environment(environment, &table);
        overlay(&mut table, "the environment", environment)?;
        overlay(&mut table, "the command line", flags)?;
        table.try_into().map_err(|source| ConfigError::Value(Box::new(source)))
    }

    /// The settings of a test or a demonstration: plain HTTP on a free loopback port.
    ///
    /// # Errors
    /// Never in practice: the defaults are of their types.
    pub fn loopback(data: &Path) -> Result<Self, ConfigError> {
        let mut flags = Table::new();
        flags.insert("data".to_owned(), Value::String(data.to_string_lossy().into_owned()));
        flags.insert("addr".to_owned(), Value::String("127.0.0.1:0".to_owned()));
        flags.insert("http".to_owned(), Value::Boolean(true));
        Self::gather(None, [], flags)
    }

    /// The settings as TOML that explains itself. A password in the store's address is left out.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let now = self.table();
        let mut text = String::from(
            "# Settings of ailchin-server. Each can also be set by the variable named beside it or by its flag.\n",
        );
        for (key, default, doc) in KEYS {
            let value = now.get(*key).map_or_else(String::new, Value::to_string);
            let variable = key.to_uppercase();
            text.push_str(&format!("\n# {doc}\n# {PREFIX}{variable}; default: {default}\n{key} = {value}\n"));
        }
        text
    }

    /// The settings by key.
    #[must_use]
    pub fn table(&self) -> Table {
        let number = |n: u32| Value::Integer(i64::from(n));
        let text = |text: &str| Value::String(text.to_owned());
        [
            ("data", text(&self.data.to_string_lossy())),
            ("store", text(&self.store.shown())),
            ("blobs", text(&self.blobs)),
            ("s3_endpoint", text(&self.s3_endpoint)),
            ("addr", text(&self.addr)),
            ("public_address", text(&self.public_address)),
            ("http", Value::Boolean(self.http)),
            ("insecure_http_anywhere", Value::Boolean(self.insecure_http_anywhere)),
            ("session_hours", number(self.session_hours)),
            ("invite_hours", number(self.invite_hours)),
            ("request_timeout_s", number(self.request_timeout_s)),
            ("requests_at_once", number(u32::from(self.requests_at_once))),
            ("logins_a_minute", number(self.logins_a_minute)),
            ("passwords_a_minute", number(self.passwords_a_minute)),
            ("log", text(&self.log)),
            ("log_json", Value::Boolean(self.log_json)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }

    /// The store's file, if no other store is set.
    #[must_use]
    pub fn store_path(&self) -> PathBuf {
        self.data.join("station.db")
    }

    /// Where the blobs lie.
    ///
    /// # Errors
    /// [`BlobsError::NoPlace`] for the address of something that is no bucket.
    pub fn blobs_place(&self) -> Result<Place, BlobsError> {
        let no_place = || BlobsError::NoPlace(self.blobs.clone());
        match self.blobs.as_str() {
            "" => Ok(Place::Folder(self.data.join("blobs"))),
            address if address.contains("://") => {
                Bucket::named(address, &self.s3_endpoint).map(Place::Bucket).ok_or_else(no_place)
            }
            folder => Ok(Place::Folder(PathBuf::from(folder))),
        }
    }
}

fn defaults() -> Table {
    KEYS.iter().filter_map(|(key, default, _)| Some(((*key).to_owned(), parse_value(default)?))).collect()
}

fn parse_value(text: &str) -> Option<Value> {
    let mut table: Table = toml::from_str(&format!("value = {text}")).ok()?;
    table.remove("value")
}

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) })
}

/// Text stays text where the key's default is text; elsewhere it is read as TOML.
fn from_environment(environment: impl IntoIterator<Item = (String, String)>, known: &Table) -> Table {
    environment
        .into_iter()
        .filter_map(|(name, text)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase();
            let value = match known.get(&key) {
                Some(Value::String(_)) | None => Value::String(text),
                Some(_) => parse_value(&text).unwrap_or(Value::String(text)),
            };
            Some((key, value))
        })
        .collect()
}

fn overlay(table: &mut Table, origin: &'static str, above: Table) -> Result<(), ConfigError> {
    for (key, value) in above {
        let Some(place) = table.get_mut(&key) else { return Err(ConfigError::UnknownKey { origin, key }) };
        *place = value;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn flags_go_before_variables_and_variables_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.toml");
        std::fs::write(&file, "session_hours = 1\ninvite_hours = 1\naddr = \"127.0.0.1:1\"\n").unwrap();
        let environment =
            [variable("AILCHIN_SERVER_INVITE_HOURS", "2"), variable("AILCHIN_SERVER_ADDR", "127.0.0.1:2")];
        let flags = Table::from_iter([("addr".to_owned(), Value::String("127.0.0.1:3".to_owned()))]);
        let config = Config::gather(Some(&file), environment, flags).unwrap();
        assert_eq!((config.session_hours, config.invite_hours, config.addr.as_str()), (1, 2, "127.0.0.1:3"));
    }

    #[test]
    fn an_unknown_key_is_refused_wherever_it_comes_from() {
        let refused = Config::gather(None, [variable("AILCHIN_SERVER_ADRR", "x")], Table::new()).unwrap_err();
        assert!(refused.to_string().contains("the environment sets adrr"), "{refused}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.toml");
        std::fs::write(&file, "adress = \"x\"\n").unwrap();
        let refused = Config::gather(Some(&file), [], Table::new()).unwrap_err();
        assert!(refused.to_string().contains("the configuration file sets adress"), "{refused}");
    }

    #[test]
    fn blobs_lie_in_the_data_folder_unless_another_place_is_named() {
        let place = |blobs: &str| {
            let mut config = Config::gather(None, [], Table::new()).unwrap();
            config.blobs = blobs.to_owned();
            config.blobs_place()
        };
        assert_eq!(place("").unwrap(), Place::Folder(PathBuf::from("station/blobs")));
        assert_eq!(place("/srv/blobs").unwrap(), Place::Folder(PathBuf::from("/srv/blobs")));
        assert!(matches!(place("s3://station/photos").unwrap(), Place::Bucket(bucket) if bucket.prefix == "photos"));
        assert!(matches!(place("ftp://station/photos"), Err(BlobsError::NoPlace(_))));
    }

    #[test]
    fn a_value_of_a_wrong_type_is_refused() {
        let refused = Config::gather(None, [variable("AILCHIN_SERVER_SESSION_HOURS", "long")], Table::new());
        assert!(matches!(refused, Err(ConfigError::Value(_))));
    }

    #[test]
    fn the_printed_settings_name_every_key_and_read_back() {
        let config = Config::gather(None, [], Table::new()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.toml");
        std::fs::write(&file, config.to_toml()).unwrap();
        assert_eq!(Config::gather(Some(&file), [], Table::new()).unwrap(), config);
        assert_eq!(config.table().keys().len(), KEYS.len());
    }
}
