//! The wire under a sync: HTTP to the station, its certificate pinned, a token got with the device's key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::{Method, StatusCode};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use serde::de::DeserializeOwned;

use super::{DeviceError, StationDoors, Upload};
use crate::bundle::{Carried, NAME_HEADER};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::DeviceId;
use crate::replica::{NamedBlob, StoredBlob, WaitingBlob};
use crate::sync::{
    Apart, Challenge, EnrolRequest, Enrolled, ErrorBody, FetchRequest, GiveAnswer, IdentityRequest, LoginProof,
    LoginRequest, Media, PROTOCOL_HEADER, PROTOCOLS_HEADER, PlacesAnswer, PlacesRequest, PushAnswer, RangesAnswer,
    RangesRequest, Receipt, ReceiptRequest, Session, StateAnswer, StateQuery, TUS, UPLOAD_BYTES, UPLOAD_HASH,
    UPLOAD_MEDIA_TYPE, Versions, login_message,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a batch is.
const BATCH_TYPE: &str = "application/zstd";

/// The largest answer that is read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// A connection to one station.
#[derive(Debug)]
pub struct Transport {
    client: Client,
    address: String,
    token: Option<String>,
    versions: Versions,
    other_certificate: Arc<AtomicBool>,
}

impl Transport {
    /// Prepares a connection to `address`; `fingerprint` is the SHA-256 of its certificate, `None` for plain HTTP.
    ///
    /// # Errors
    /// If the system's TLS cannot be set up.
    pub fn to(address: &str, fingerprint: Option<&str>, token: Option<String>) -> Result<Self, DeviceError> {
        let other_certificate = Arc::new(AtomicBool::new(false));
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(fingerprint) = fingerprint.and_then(crate::sync::from_hex) {
            builder = builder.https_only(true).tls_backend_preconfigured(pinned(fingerprint, &other_certificate)?);
        } else {
            builder = builder.tls_backend_preconfigured(pinned(Vec::new(), &other_certificate)?);
        }
        let client = builder.build().map_err(DeviceError::Http)?;
        let (address, versions) = (address.trim_end_matches('/').to_owned(), Versions::SPOKEN);
        Ok(Self { client, address, token, versions, other_certificate })
    }

    /// The connection of a program that speaks other versions.
    #[must_use]
    pub fn speaking(self, versions: Versions) -> Self {
        Self { versions, ..self }
    }

    /// Asks whether the station is there and well; does not wait long.
    ///
    /// # Errors
    /// The station's code, or that it does not answer, or that something else does.
    pub fn probe(&self) -> Result<(), DeviceError> {
        let answer = self.send(self.to_path(Method::GET, "/healthz").timeout(PROBE_TIMEOUT))?;
        match answer.headers().contains_key(PROTOCOL_HEADER) {
            true => Ok(()),
            false => Err(DeviceError::Station(Code::AnswerUnreadable)),
        }
    }

    /// Uses an invite.
    ///
    /// # Errors
    /// The station's code, or that it does not answer.
    pub fn enrol(&self, request: &EnrolRequest) -> Result<Enrolled, DeviceError> {
        json(self.send(self.to_path(Method::POST, "/v1/enrol").json(request))?)
    }

    /// Fetches a blob that a revision names.
    ///
    /// # Errors
    /// The station's code, [`Code::BlobWrong`] for other bytes, or that it does not answer.
    pub fn fetch_blob(&self, named: NamedBlob) -> Result<StoredBlob, DeviceError> {
        let NamedBlob { hash, device, seq } = named;
        let answer = self.send(self.to_path(Method::GET, &format!("/v1/blobs/{hash}?device={device}&seq={seq}")))?;
        let media_type = answer.headers().get("content-type").and_then(|said| said.to_str().ok()).map(str::to_owned);
        let bytes = bytes(answer)?;
        match media_type.filter(|said| Media::named(said).is_some()) {
            Some(media_type) if Hash::of(&bytes) == hash => Ok(StoredBlob { hash, media_type, bytes }),
            _ => Err(DeviceError::Station(Code::BlobWrong)),
        }
    }

    /// Hands a part over that was carried for another tablet.
    ///
    /// # Errors
    /// The station's code, or that it does not answer.
    pub fn carry(&self, sealed: Vec<u8>) -> Result<Carried, DeviceError> {
        let request = self.to_path(Method::POST, "/v1/bundles").header("content-type", UPLOAD_BYTES);
        json(self.send(request.body(sealed))?)
    }

    /// Fetches the answer for another tablet, whose bundle was handed over: what its file is called, and its bytes.
    ///
    /// # Errors
    /// The station's code, or that it does not answer.
    pub fn carried_answer(&self, device: DeviceId) -> Result<(String, Vec<u8>), DeviceError> {
        let answer = self.send(self.to_path(Method::GET, &format!("/v1/bundles/answer?device={device}")))?;
        let name = answer.headers().get(NAME_HEADER).and_then(|name| name.to_str().ok()).map(str::to_owned);
        let name = name.ok_or(DeviceError::Station(Code::AnswerUnreadable))?;
        Ok((name, bytes(answer)?))
    }

    /// A request by tus; `at` is an address that the station gave.
    fn by_tus(&self, method: Method, at: &str) -> Result<RequestBuilder, DeviceError> {
        // An address of somewhere else would take the token there.
        let path = at.strip_prefix(&self.address).unwrap_or(at);
        if !path.starts_with('/') || path.starts_with("//") {
            return Err(DeviceError::Station(Code::AnswerUnreadable));
        }
        Ok(self.to_path(method, path).header("tus-resumable", TUS))
    }

    pub(super) fn to_path(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.address));
        let request = request.header(PROTOCOL_HEADER, self.versions.to_string());
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(super) fn send(&self, request: RequestBuilder) -> Result<Response, DeviceError> {
        self.other_certificate.store(false, Ordering::Relaxed);
        let answer = request.send().map_err(|cause| self.failed(cause))?;
        let status = answer.status();
        let station = station_speaks(&answer);
        if status.is_success() {
            // One that does not know ranges answers in what it speaks.
            return match said(&answer, PROTOCOL_HEADER).unwrap_or(Versions::UNSAID).common(self.versions) {
                Some(_) => Ok(answer),
                None => Err(DeviceError::Apart(Apart { tablet: self.versions, station })),
            };
        }
        // An answer to HEAD has no body to name the code.
        match (status, json::<ErrorBody>(answer)) {
            (_, Ok(ErrorBody { code: Code::ProtocolUnknown, protocols, .. })) => {
                let station = protocols.map_or(station, |apart| apart.station);
                Err(DeviceError::Apart(Apart { tablet: self.versions, station }))
            }
            (_, Ok(body)) => Err(DeviceError::Station(body.code)),
            (StatusCode::NOT_FOUND | StatusCode::GONE, Err(_)) => Err(DeviceError::Station(Code::NotFound)),
            (StatusCode::UNAUTHORIZED, Err(_)) => Err(DeviceError::Station(Code::NotLoggedIn)),
            (StatusCode::FORBIDDEN, Err(_)) => Err(DeviceError::Station(Code::DeviceRevoked)),
            (StatusCode::UNPROCESSABLE_ENTITY, Err(_)) => Err(DeviceError::Station(Code::BlobWrong)),
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::LOCKED, Err(_)) => {
                Err(DeviceError::Station(Code::TooManyRequests))
            }
            (status, Err(_)) if status.is_server_error() => Err(DeviceError::Station(Code::StationFailed)),
            (_, Err(_)) => Err(DeviceError::Station(Code::AnswerUnreadable)),
        }
    }

    fn failed(&self, cause: reqwest::Error) -> DeviceError {
        match self.other_certificate.load(Ordering::Relaxed) {
            true => DeviceError::CertificateChanged,
            false => DeviceError::Http(cause),
        }
    }
}

impl StationDoors for Transport {
    fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    fn log_in(&mut self, device: DeviceId, key: &SigningKey) -> Result<Session, DeviceError> {
        let challenge: Challenge =
            json(self.send(self.to_path(Method::POST, "/v1/login").json(&LoginRequest { device }))?)?;
        let signature = key.sign(&login_message(device, challenge.challenge));
        let proof = LoginProof { device, challenge: challenge.challenge, signature };
        let session: Session = json(self.send(self.to_path(Method::POST, "/v1/login/proof").json(&proof))?)?;
        self.token = Some(session.token.clone());
        Ok(session)
    }

    fn state(&self, query: StateQuery) -> Result<StateAnswer, DeviceError> {
        let receipt = query.receipt.map(|id| format!("&receipt={id}")).unwrap_or_default();
        json(self.send(self.to_path(Method::GET, &format!("/v1/sync/state?after={}{receipt}", query.after)))?)
    }

    fn push(&self, batch: Vec<u8>) -> Result<PushAnswer, DeviceError> {
        let request = self.to_path(Method::POST, "/v1/sync/push");
        json(self.send(request.header("content-type", BATCH_TYPE).body(batch))?)
    }

    fn pack(&self, hash: Hash) -> Result<Vec<u8>, DeviceError> {
        bytes(self.send(self.to_path(Method::GET, &format!("/v1/packs/{hash}")))?)
    }

    fn pull(&self, after: u64) -> Result<Vec<u8>, DeviceError> {
        bytes(self.send(self.to_path(Method::GET, &format!("/v1/sync/pull?after={after}")))?)
    }

    fn receipt(&self, request: &ReceiptRequest) -> Result<Option<Receipt>, DeviceError> {
        match self.send(self.to_path(Method::POST, "/v1/sync/receipt").json(request)) {
            Ok(answer) => json(answer).map(Some),
            Err(DeviceError::Station(Code::DigestMismatch)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn places(&self, request: &PlacesRequest) -> Result<PlacesAnswer, DeviceError> {
        json(self.send(self.to_path(Method::POST, "/v1/sync/places").json(request))?)
    }

    fn take_name(&self, request: IdentityRequest) -> Result<(), DeviceError> {
        self.send(self.to_path(Method::POST, "/v1/identity").json(&request)).map(|_| ())
    }

    fn show_receipt(&self, receipt: &Receipt) -> Result<(), DeviceError> {
        self.send(self.to_path(Method::POST, "/v1/sync/rollback").json(receipt)).map(|_| ())
    }

    fn ranges(&self, request: &RangesRequest) -> Result<RangesAnswer, DeviceError> {
        json(self.send(self.to_path(Method::POST, "/v1/sync/ranges").json(request))?)
    }

    fn fetch(&self, request: &FetchRequest) -> Result<Vec<u8>, DeviceError> {
        bytes(self.send(self.to_path(Method::POST, "/v1/sync/fetch").json(request))?)
    }

    fn give(&self, batch: Vec<u8>) -> Result<GiveAnswer, DeviceError> {
        json(self.send(self.to_path(Method::POST, "/v1/sync/give").header("content-type", BATCH_TYPE).body(batch))?)
    }

    fn show_enrolment(&self, batch: Vec<u8>) -> Result<(), DeviceError> {
        let request = self.to_path(Method::POST, "/v1/enrolment");
        self.send(request.header("content-type", BATCH_TYPE).body(batch)).map(|_| ())
    }

    fn begin_blob(&self, blob: &WaitingBlob, whole: Option<&[u8]>) -> Result<Upload, DeviceError> {
        let (hash, media_type) = (STANDARD.encode(blob.hash.to_string()), STANDARD.encode(&blob.media_type));
        let mut request = self
            .by_tus(Method::POST, "/v1/uploads")?
            .header("upload-length", blob.size_bytes)
            .header("upload-metadata", format!("{UPLOAD_HASH} {hash},{UPLOAD_MEDIA_TYPE} {media_type}"));
        if let Some(bytes) = whole {
            request = request.header("content-type", UPLOAD_BYTES).body(bytes.to_vec());
        }
        let answer = self.send(request)?;
        let address = answer.headers().get("location").and_then(|at| at.to_str().ok()).map(str::to_owned);
        let offset = offset(&answer)?;
        address.map(|address| Upload { address, offset }).ok_or(DeviceError::Station(Code::AnswerUnreadable))
    }

    fn blob_at(&self, address: &str) -> Result<Option<Upload>, DeviceError> {
        match self.send(self.by_tus(Method::HEAD, address)?) {
            Ok(answer) => Ok(Some(Upload { address: address.to_owned(), offset: offset(&answer)? })),
            Err(DeviceError::Station(Code::NotFound | Code::BlobWrong)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn send_part(&self, upload: &Upload, bytes: &[u8]) -> Result<u64, DeviceError> {
        let request = self.by_tus(Method::PATCH, &upload.address)?.header("upload-offset", upload.offset);
        offset(&self.send(request.header("content-type", UPLOAD_BYTES).body(bytes.to_vec()))?)
    }
}

/// The range that the station says, or the one version that an older program says.
fn station_speaks(answer: &Response) -> Versions {
    said(answer, PROTOCOLS_HEADER).or_else(|| said(answer, PROTOCOL_HEADER)).unwrap_or(Versions::UNSAID)
}

fn said(answer: &Response, header: &str) -> Option<Versions> {
    Versions::read(answer.headers().get(header)?.to_str().ok()?).ok()
}

fn offset(answer: &Response) -> Result<u64, DeviceError> {
    let said = answer.headers().get("upload-offset").and_then(|offset| offset.to_str().ok()?.parse().ok());
    said.ok_or(DeviceError::Station(Code::AnswerUnreadable))
}

pub(super) fn json<T: DeserializeOwned>(answer: Response) -> Result<T, DeviceError> {
    let bytes = bytes(answer)?;
    serde_json::from_slice(&bytes).map_err(|_| DeviceError::Station(Code::AnswerUnreadable))
}

fn bytes(answer: Response) -> Result<Vec<u8>, DeviceError> {
    if answer.content_length().is_some_and(|length| length > MAX_ANSWER_BYTES) {
        return Err(DeviceError::Station(Code::AnswerUnreadable));
    }
    Ok(answer.bytes().map_err(DeviceError::Http)?.into())
}

fn pinned(fingerprint: Vec<u8>, other: &Arc<AtomicBool>) -> Result<rustls::ClientConfig, DeviceError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pin = Pin { fingerprint, other: Arc::clone(other), provider: Arc::clone(&provider) };
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| DeviceError::Refused(Code::FileFailed))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pin))
        .with_no_client_auth())
}

/// Accepts exactly the certificate whose fingerprint the invite carried; names and dates do not matter then.
#[derive(Debug)]
struct Pin {
    fingerprint: Vec<u8>,
    other: Arc<AtomicBool>,
    provider: Arc<rustls::crypto::CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if sha256(end_entity) == self.fingerprint.as_slice() {
            return Ok(ServerCertVerified::assertion());
        }
        self.other.store(true, Ordering::Relaxed);
        Err(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}
