//! Where a store is: a file, or a PostgreSQL database and how it is spoken to.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use postgres::Config;
use postgres::config::{Host, SslMode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The address of a store as an operator writes it: `postgres://user@host/database`, the path of a file, or nothing for the file
/// in the data folder. It may hold a password and does not show it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StoreAddress(String);

/// Why an address leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Another scheme.
    #[error("the store's address must be postgres://… or the path of a file")]
    Scheme,
    /// PostgreSQL's client cannot read it.
    #[error("reading the store's address")]
    Unreadable(#[source] postgres::Error),
    /// `sslrootcert` cannot be read.
    #[error("reading the certificates in {path}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// There is nothing that a certificate could be checked against.
    #[error("no certificate of an authority to check the database's by; say sslrootcert=FILE in the store's address")]
    NoAuthority,
    /// TLS cannot be prepared.
    #[error("preparing TLS to the database")]
    Tls(#[source] rustls::Error),
}

/// An address that was read.
pub(super) enum Place {
    File(PathBuf),
    Postgres(Box<Config>, Option<MakeRustlsConnect>),
}

impl StoreAddress {
    /// An address.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether it is the file in the data folder, because nothing else was said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address without its password.
    #[must_use]
    pub fn shown(&self) -> String {
        let (address, query) = self.0.split_once('?').map_or((self.0.as_str(), None), |(a, q)| (a, Some(q)));
        let mut shown = match (address.split_once("://"), address.rsplit_once('@')) {
            (Some((scheme, rest)), Some((_, place))) => {
                let user = rest.split(['@', ':']).next().unwrap_or_default();
                format!("{scheme}://{user}@{place}")
            }
            _ => address.to_owned(),
        };
        let words = query.into_iter().flat_map(|query| query.split('&')).filter(|word| !word.starts_with("password="));
        for (index, word) in words.enumerate() {
            shown.push(if index == 0 { '?' } else { '&' });
            shown.push_str(word);
        }
        shown
    }

    /// Reads it; `file` is what nothing means.
    pub(super) fn read(&self, file: &Path) -> Result<Place, AddressError> {
        match self.0.split_once("://") {
            None if self.0.is_empty() => Ok(Place::File(file.to_owned())),
            None => Ok(Place::File(PathBuf::from(&self.0))),
            Some(("postgres" | "postgresql", _)) => self.read_postgres(),
            Some(_) => Err(AddressError::Scheme),
        }
    }

    /// Understands libpq's `sslmode=verify-full` and `sslrootcert=FILE` too. A certificate is always checked in full.
    fn read_postgres(&self) -> Result<Place, AddressError> {
        let (address, query) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let mut authorities = None;
        let mut kept = Vec::new();
        for word in query.split('&').filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some(("sslrootcert", path)) => {
                    authorities = Some(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned()));
                }
                Some(("sslmode", "verify-full" | "verify-ca")) => kept.push("sslmode=require"),
                _ => kept.push(word),
            }
        }
        let mut config: Config = format!("{address}?{}", kept.join("&")).parse().map_err(AddressError::Unreadable)?;
        if config.get_application_name().is_none() {
            config.application_name("ailchin-server");
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => false,
            SslMode::Prefer => authorities.is_some() || !config.get_hosts().iter().all(is_near),
            _ => true,
        };
        // What is asked for is insisted on: "prefer" would fall back to a connection that everybody can read.
        config.ssl_mode(if tls { SslMode::Require } else { SslMode::Disable });
        let tls = if tls { Some(connector(authorities)?) } else { None };
        Ok(Place::Postgres(Box::new(config), tls))
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreAddress").field(&self.shown()).finish()
    }
}

/// A socket in the file system or the loopback: nobody listens on the way.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn connector(authorities: Option<PathBuf>) -> Result<MakeRustlsConnect, AddressError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            let failed = |source| AddressError::Certificates { path: path.clone(), source };
            for certificate in CertificateDer::pem_file_iter(&path).map_err(failed)? {
                roots.add(certificate.map_err(failed)?).map_err(AddressError::Tls)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(AddressError::NoAuthority);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(AddressError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Place, AddressError> {
        StoreAddress::new(text.to_owned()).read(Path::new("station/station.db"))
    }

    fn insists_on_tls(text: &str) -> bool {
        match read(text) {
            Ok(Place::Postgres(config, tls)) => {
                assert_eq!(tls.is_some(), config.get_ssl_mode() == SslMode::Require);
                tls.is_some()
            }
            // A machine without any authority's certificate: TLS was wanted.
            Err(AddressError::NoAuthority) => true,
            _ => panic!("{text}"),
        }
    }

    #[test]
    fn nothing_is_the_file_in_the_data_folder_and_an_unknown_scheme_is_refused() {
        assert!(matches!(read(""), Ok(Place::File(path)) if path == Path::new("station/station.db")));
        assert!(matches!(read("/srv/other.db"), Ok(Place::File(path)) if path == Path::new("/srv/other.db")));
        assert!(matches!(read("mysql://host/station"), Err(AddressError::Scheme)));
        assert!(matches!(read("postgres://host/station?sslmode=perhaps"), Err(AddressError::Unreadable(_))));
    }

    #[test]
    fn a_database_elsewhere_is_spoken_to_by_tls_unless_that_is_switched_off() {
        assert!(!insists_on_tls("postgres://station@localhost/station"));
        assert!(!insists_on_tls("postgres://station@127.0.0.1:5433/station"));
        assert!(!insists_on_tls("postgres:///station?host=/run/postgresql"));
        assert!(!insists_on_tls("postgres://station@db.example/station?sslmode=disable"));
        assert!(insists_on_tls("postgres://station@db.example/station"));
        assert!(insists_on_tls("postgresql://station@db.example/station?sslmode=prefer"));
        assert!(insists_on_tls("postgres://station@localhost/station?sslmode=verify-full"));
        assert!(insists_on_tls("postgres://station@localhost,db.example/station"));
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let address = format!("postgres://localhost/station?sslrootcert={}", file.display());
        assert!(matches!(read(&address), Err(AddressError::Certificates { .. })));
        std::fs::write(&file, "no certificate").unwrap();
        assert!(matches!(read(&address), Err(AddressError::NoAuthority)));
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = |text: &str| StoreAddress::new(text.to_owned()).shown();
        assert_eq!(shown("postgres://u:se@cret@db/s?sslmode=require"), "postgres://u@db/s?sslmode=require");
        assert_eq!(shown("postgres://u@db/s?password=secret&port=1"), "postgres://u@db/s?port=1");
        assert_eq!(shown("/srv/station.db"), "/srv/station.db");
        assert!(!format!("{:?}", StoreAddress::new("postgres://u:secret@db/s".to_owned())).contains("secret"));
    }
}
