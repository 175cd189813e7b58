//! The station's own certificate: made at the first start, pinned by tablets through its fingerprint.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use ailchin_core::sync::to_hex;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

const CERTIFICATE_FILE: &str = "certificate.der";
const KEY_FILE: &str = "certificate.key";

/// A certificate and its key.
pub struct Certificate {
    der: Vec<u8>,
    key: Vec<u8>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The files cannot be read or written.
    #[error("reading or writing the station's certificate")]
    File(#[source] std::io::Error),
    /// It cannot be made.
    #[error("making the station's certificate")]
    Making(#[source] rcgen::Error),
    /// It cannot be used for TLS.
    #[error("the station's certificate and key do not fit TLS")]
    Tls(#[source] rustls::Error),
}

impl Certificate {
    /// The certificate in the folder; made if there is none.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn of(folder: &Path) -> Result<Self, CertificateError> {
        let (der_path, key_path) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
        if der_path.exists() {
            let der = std::fs::read(der_path).map_err(CertificateError::File)?;
            let key = std::fs::read(key_path).map_err(CertificateError::File)?;
            return Ok(Self { der, key });
        }
        let names = ["ailchin-station", "localhost", "127.0.0.1"].map(str::to_owned).to_vec();
        let made = rcgen::generate_simple_self_signed(names).map_err(CertificateError::Making)?;
        let this = Self { der: made.cert.der().to_vec(), key: made.signing_key.serialize_der() };
        // The key first: a certificate that is there has its key.
        write_private(&key_path, &this.key).map_err(CertificateError::File)?;
        write_private(&der_path, &this.der).map_err(CertificateError::File)?;
        Ok(this)
    }

    /// SHA-256 of the certificate, 64 hexadecimal digits: what invites carry.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        to_hex(ring::digest::digest(&ring::digest::SHA256, &self.der).as_ref())
    }

    /// Settings for TLS with this certificate.
    ///
    /// # Errors
    /// [`CertificateError::Tls`] if certificate and key do not fit.
    pub fn tls(&self) -> Result<Arc<ServerConfig>, CertificateError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Tls)?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(self.der.clone())], key)
            .map_err(CertificateError::Tls)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}
