//! The wire between two tablets: TLS between certificates made for the moment, and messages on it.
//!
//! A message is its length (u32, big endian) and JSON.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ServerConfig, ServerConnection, SignatureScheme, StreamOwned,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::device::DeviceError;

/// The longest message.
const MAX_MESSAGE_BYTES: u32 = 1024 * 1024;

/// What binds the code to the wire.
const EXPORTER: &[u8] = b"EXPORTER-ailchin-nearby";

/// Both ends of a wire, from either side.
pub(super) struct Wire {
    tls: Box<dyn Stream>,
    /// The same socket, to say how long it may be silent.
    tcp: TcpStream,
    /// What is here of a message that has not come to its end.
    begun: Vec<u8>,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Wire {
    /// The side that was called. Besides the wire, 32 bytes that only its two ends know.
    pub(super) fn called(tcp: TcpStream, silence: Duration) -> Result<(Self, [u8; 32]), DeviceError> {
        let (own, tcp) = twice(tcp, silence)?;
        let mut tls = StreamOwned::new(ServerConnection::new(serving()?).map_err(tls_failed)?, tcp);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).map_err(DeviceError::Nearby)?;
        }
        let bound = tls.conn.export_keying_material([0; 32], EXPORTER, None).map_err(tls_failed)?;
        Ok((Self { tls: Box::new(tls), tcp: own, begun: Vec::new() }, bound))
    }

    /// The side that calls.
    pub(super) fn calling(tcp: TcpStream, at: IpAddr, silence: Duration) -> Result<(Self, [u8; 32]), DeviceError> {
        let (own, tcp) = twice(tcp, silence)?;
        let name = ServerName::from(at);
        let mut tls = StreamOwned::new(ClientConnection::new(asking()?, name).map_err(tls_failed)?, tcp);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).map_err(DeviceError::Nearby)?;
        }
        let bound = tls.conn.export_keying_material([0; 32], EXPORTER, None).map_err(tls_failed)?;
        Ok((Self { tls: Box::new(tls), tcp: own, begun: Vec::new() }, bound))
    }

    /// How long the other side may be silent from now on.
    pub(super) fn bears(&self, silence: Duration) -> Result<(), DeviceError> {
        let set = self.tcp.set_read_timeout(Some(silence));
        set.and_then(|()| self.tcp.set_write_timeout(Some(silence))).map_err(DeviceError::Nearby)
    }

    /// Sends a message.
    pub(super) fn send<T: Serialize>(&mut self, message: &T) -> Result<(), DeviceError> {
        let bytes = serde_json::to_vec(message).map_err(|cause| DeviceError::Nearby(cause.into()))?;
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
        self.write(&length)?;
        self.write(&bytes)
    }

    /// Waits for a message.
    pub(super) fn receive<T: DeserializeOwned>(&mut self) -> Result<T, DeviceError> {
        match self.received()? {
            Some(message) => Ok(message),
            None => Err(DeviceError::Nearby(io::ErrorKind::TimedOut.into())),
        }
    }

    /// A message; `None` if the other side was silent for as long as it may be. What came of it is kept.
    pub(super) fn received<T: DeserializeOwned>(&mut self) -> Result<Option<T>, DeviceError> {
        loop {
            let wanted = match self.begun.first_chunk::<4>() {
                None => 4,
                Some(length) => match u32::from_be_bytes(*length) {
                    length if length > MAX_MESSAGE_BYTES => {
                        return Err(DeviceError::Nearby(io::ErrorKind::InvalidData.into()));
                    }
                    length => 4 + length as usize,
                },
            };
            if self.begun.len() == wanted && wanted > 4 {
                let message = serde_json::from_slice(&self.begun[4..]);
                self.begun.clear();
                return message.map(Some).map_err(|cause| DeviceError::Nearby(cause.into()));
            }
            let mut bytes = vec![0; (wanted - self.begun.len()).min(64 * 1024)];
            match self.tls.read(&mut bytes) {
                Ok(0) => return Err(DeviceError::Nearby(io::ErrorKind::UnexpectedEof.into())),
                Ok(got) => self.begun.extend_from_slice(&bytes[..got]),
                Err(cause) if matches!(cause.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(DeviceError::Nearby(cause)),
            }
        }
    }

    /// Sends bytes as they are.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        self.tls.write_all(bytes).and_then(|()| self.tls.flush()).map_err(DeviceError::Nearby)
    }

    /// Waits for bytes as they are, and says how many came.
    pub(super) fn read(&mut self, bytes: &mut [u8]) -> Result<usize, DeviceError> {
        match self.tls.read(bytes) {
            Ok(0) => Err(DeviceError::Nearby(io::ErrorKind::UnexpectedEof.into())),
            Ok(got) => Ok(got),
            Err(cause) => Err(DeviceError::Nearby(cause)),
        }
    }
}

fn twice(tcp: TcpStream, silence: Duration) -> Result<(TcpStream, TcpStream), DeviceError> {
    let set = tcp.set_read_timeout(Some(silence)).and_then(|()| tcp.set_write_timeout(Some(silence)));
    let own = set.and_then(|()| tcp.set_nodelay(true)).and_then(|()| tcp.try_clone());
    Ok((own.map_err(DeviceError::Nearby)?, tcp))
}

fn tls_failed(cause: rustls::Error) -> DeviceError {
    DeviceError::Nearby(io::Error::other(cause))
}

fn serving() -> Result<Arc<ServerConfig>, DeviceError> {
    let failed = |cause| DeviceError::Nearby(io::Error::other(cause));
    let made = rcgen::generate_simple_self_signed(["nearby".to_owned()]).map_err(failed)?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())
        .map_err(|cause| DeviceError::Nearby(io::Error::other(cause)))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(tls_failed)?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(tls_failed)?;
    Ok(Arc::new(config))
}

fn asking() -> Result<Arc<ClientConfig>, DeviceError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(tls_failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Accepts any certificate: who is at the other end is what the officers find out.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only TLS 1.3 is spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
