//! From one tablet to another on the same network: both officers compare six digits, then sealed parts go over, and answers
//! come back.
//!
//! The wire is TLS between certificates made for the moment, which nobody knows. Somebody in between would have two such wires,
//! so both sides make a short code from what binds them to *their* wire and from a number of each side. One side commits to
//! its number before it sees the other's: whoever is in between has one guess in a million, and the officers see it.
//!
//! ```text
//! giver                                    taker
//!   hello, hash of a number       ─▶
//!                                 ◀─   hello, a number
//!   the number                    ─▶
//!   code = BLAKE3("ailchin nearby" 00 exporter, giver's number, taker's number) mod 1,000,000
//!   yes                           ◀▶   yes                      (after both officers compared)
//!   what there is; bytes          ─▶   how much is here already
//!   how much is here already      ◀─   answers for the giver; bytes
//! ```
//! A transfer that ends early goes on at the byte where it was. What goes over is sealed to the station or to the giver.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ServerConfig, ServerConnection, SignatureScheme, StreamOwned,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::carrying::{MOST_BYTES, parts_in, remove, size};
use super::{DeviceError, Tablet};
use crate::bundle::{CARRIED_PART_BYTES, MAX_CARRIED_BYTES, PartName};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{DeviceId, StationId};
use crate::view::AnswerTaken;
use crate::world::World;

/// How long the other side may be silent: two officers compare digits.
const PATIENCE: Duration = Duration::from_secs(120);

/// The longest message.
const MAX_MESSAGE_BYTES: u32 = 1024 * 1024;

/// At most so many files at once.
const MOST_FILES: usize = 1_000;

/// What binds the code to the wire.
const EXPORTER: &[u8] = b"EXPORTER-ailchin-nearby";

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// Two tablets that have met; nothing goes over before both officers confirmed.
pub struct Meeting {
    wire: Box<dyn Wire>,
    code: String,
    other: DeviceId,
    gives: bool,
}

/// What a meeting brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct HandedOver {
    /// Parts that went to the other tablet.
    pub given: u32,
    /// Parts that came from it.
    pub taken: u32,
    /// What the answers among them brought.
    pub answer: Option<AnswerTaken>,
}

#[derive(Serialize, Deserialize)]
struct Hello {
    station: StationId,
    device: DeviceId,
    /// The giver's: the hash of its number. The taker's: its number.
    number: Hash,
}

#[derive(Serialize, Deserialize)]
struct Offered {
    name: String,
    bytes: u64,
    hash: Hash,
}

impl std::fmt::Debug for Meeting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meeting").field("other", &self.other).finish_non_exhaustive()
    }
}

impl Tablet {
    /// Waits for one tablet that wants to give its bundle.
    ///
    /// # Errors
    /// [`Code::NearbyEnded`]; [`Code::BundleElsewhere`] for a tablet of another station; [`Code::Locked`].
    pub fn meet_giver(&self, listener: &TcpListener) -> Result<Meeting, DeviceError> {
        let (tcp, _) = listener.accept().map_err(DeviceError::Nearby)?;
        let mut tls = StreamOwned::new(ServerConnection::new(serving()?).map_err(tls_failed)?, patient(tcp)?);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).map_err(DeviceError::Nearby)?;
        }
        let bound = tls.conn.export_keying_material([0; 32], EXPORTER, None).map_err(tls_failed)?;
        let mut wire: Box<dyn Wire> = Box::new(tls);
        let own = number(&*self.world);
        let theirs: Hello = receive(&mut wire)?;
        let other = self.greets(&mut wire, own, &theirs)?;
        let revealed: Hash = receive(&mut wire)?;
        if commitment(revealed) != theirs.number {
            return Err(DeviceError::Refused(Code::NearbyEnded));
        }
        Ok(Meeting { code: code(bound, revealed, own), wire, other, gives: false })
    }

    /// Goes to a tablet that waits for a bundle.
    ///
    /// # Errors
    /// As [`Tablet::meet_giver`].
    pub fn meet_taker(&self, address: SocketAddr) -> Result<Meeting, DeviceError> {
        let tcp = TcpStream::connect_timeout(&address, Duration::from_secs(10)).map_err(DeviceError::Nearby)?;
        let name = ServerName::from(address.ip());
        let mut tls = StreamOwned::new(ClientConnection::new(asking()?, name).map_err(tls_failed)?, patient(tcp)?);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).map_err(DeviceError::Nearby)?;
        }
        let bound = tls.conn.export_keying_material([0; 32], EXPORTER, None).map_err(tls_failed)?;
        let mut wire: Box<dyn Wire> = Box::new(tls);
        let own = number(&*self.world);
        let (station, device) = self.names()?;
        send(&mut wire, &Hello { station, device, number: commitment(own) })?;
        let theirs: Hello = receive(&mut wire)?;
        if theirs.station != station {
            return Err(DeviceError::Refused(Code::BundleElsewhere));
        }
        send(&mut wire, &own)?;
        Ok(Meeting { code: code(bound, own, theirs.number), wire, other: theirs.device, gives: true })
    }

    /// Goes on after this officer confirmed the code, as soon as the other one did. The giver's parts go over, then the
    /// answers that the taker carries for it.
    ///
    /// # Errors
    /// [`Code::NearbyEnded`]: what came so far is kept, the next meeting goes on there; [`Code::TooLarge`] if the taker carries
    /// as much as it may; what [`Tablet::export_bundle`] and [`Tablet::import_answers`] say.
    pub fn confirmed(&self, mut meeting: Meeting) -> Result<HandedOver, DeviceError> {
        let wire = &mut meeting.wire;
        send(wire, &true)?;
        if !receive::<bool>(wire)? {
            return Err(DeviceError::Refused(Code::NearbyEnded));
        }
        if meeting.gives { self.give(wire) } else { self.take_from(wire, meeting.other) }
    }

    fn give(&self, wire: &mut Box<dyn Wire>) -> Result<HandedOver, DeviceError> {
        let outgoing = self.own_folder("outgoing")?;
        let incoming = self.own_folder("incoming")?;
        // What a meeting that ended early left goes first; it is a copy, and does no harm.
        if parts_in(&outgoing)?.is_empty() {
            self.export_bundle(outgoing.to_str(), CARRIED_PART_BYTES)?;
        }
        let parts = parts_in(&outgoing)?;
        let given = offer(wire, &parts)?;
        parts.iter().try_for_each(|(_, path)| remove(path))?;
        let own = self.names()?.1;
        let taken = accept(wire, &incoming, &|name| name.answer && name.device == own)?;
        let answer = match taken {
            0 => None,
            _ => Some(self.import_answers(&[incoming.to_string_lossy().into_owned()])?),
        };
        parts_in(&incoming)?.iter().try_for_each(|(_, path)| remove(path))?;
        Ok(HandedOver { given, taken, answer })
    }

    fn take_from(&self, wire: &mut Box<dyn Wire>, giver: DeviceId) -> Result<HandedOver, DeviceError> {
        let folder = self.carried_folder()?;
        let taken = accept(wire, &folder, &|name| !name.answer && name.device == giver)?;
        let mut answers = parts_in(&folder)?;
        answers.retain(|(name, _)| name.answer && name.device == giver);
        let given = offer(wire, &answers)?;
        answers.iter().try_for_each(|(_, path)| remove(path))?;
        Ok(HandedOver { given, taken, answer: None })
    }

    fn greets(&self, wire: &mut Box<dyn Wire>, number: Hash, theirs: &Hello) -> Result<DeviceId, DeviceError> {
        let (station, device) = self.names()?;
        if theirs.station != station {
            return Err(DeviceError::Refused(Code::BundleElsewhere));
        }
        send(wire, &Hello { station, device, number })?;
        Ok(theirs.device)
    }

    fn names(&self) -> Result<(StationId, DeviceId), DeviceError> {
        let open = self.lock_open();
        let open = open.as_ref().ok_or(DeviceError::Refused(Code::Locked))?;
        Ok((open.note.station, open.author.device))
    }
}

impl Meeting {
    /// The six digits that both officers must see.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The other tablet, as it says.
    #[must_use]
    pub const fn other(&self) -> DeviceId {
        self.other
    }
}

/// Sends files, each from the byte that the other side is at; how many are there now.
fn offer(wire: &mut Box<dyn Wire>, parts: &[(PartName, PathBuf)]) -> Result<u32, DeviceError> {
    let read = |path: &Path| std::fs::read(path).map_err(DeviceError::file("reading what is given"));
    let mut offers = Vec::with_capacity(parts.len());
    for (_, path) in parts {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = read(path)?;
        offers.push(Offered { name, bytes: bytes.len() as u64, hash: Hash::of(&bytes) });
    }
    send(wire, &offers)?;
    let offsets: Vec<u64> = receive(wire)?;
    for ((_, path), offset) in parts.iter().zip(&offsets) {
        let bytes = read(path)?;
        let from = usize::try_from(*offset).unwrap_or(usize::MAX).min(bytes.len());
        wire.write_all(&bytes[from..]).and_then(|()| wire.flush()).map_err(DeviceError::Nearby)?;
    }
    match receive::<Option<u32>>(wire)? {
        Some(there) => Ok(there),
        None => Err(DeviceError::Refused(Code::NearbyEnded)),
    }
}

/// Receives files into a folder, going on where an earlier meeting ended; how many came.
fn accept(wire: &mut Box<dyn Wire>, folder: &Path, wanted: &dyn Fn(&PartName) -> bool) -> Result<u32, DeviceError> {
    let offers: Vec<Offered> = receive(wire)?;
    let sound = |offered: &Offered| {
        offered.bytes <= MAX_CARRIED_BYTES && PartName::read(&offered.name).is_some_and(|name| wanted(&name))
    };
    if offers.len() > MOST_FILES || !offers.iter().all(sound) {
        return Err(DeviceError::Refused(Code::BundleUnreadable));
    }
    let mut carried: u64 = offers.iter().map(|offered| offered.bytes).sum();
    for (_, path) in parts_in(folder)? {
        carried += size(&path)?;
    }
    if carried > MOST_BYTES {
        return Err(DeviceError::Refused(Code::TooLarge));
    }
    let begun = |offered: &Offered| folder.join(format!("{}.begun", offered.name));
    let here = |offered: &Offered| match std::fs::metadata(begun(offered)) {
        Ok(file) if file.len() <= offered.bytes => file.len(),
        _ => 0,
    };
    let offsets: Vec<u64> = offers.iter().map(here).collect();
    send(wire, &offsets)?;
    let mut whole = true;
    for (offered, offset) in offers.iter().zip(offsets) {
        let path = begun(offered);
        append(wire, &path, offset, offered.bytes - offset)?;
        let bytes = std::fs::read(&path).map_err(DeviceError::file("reading what came"))?;
        if Hash::of(&bytes) == offered.hash {
            std::fs::rename(&path, folder.join(&offered.name)).map_err(DeviceError::file("keeping what came"))?;
        } else {
            whole = false;
            remove(&path)?;
        }
    }
    let came = u32::try_from(offers.len()).unwrap_or(u32::MAX);
    send(wire, &whole.then_some(came))?;
    if whole { Ok(came) } else { Err(DeviceError::Refused(Code::NearbyEnded)) }
}

/// Adds so many bytes to a file at an offset, as they come.
fn append(wire: &mut Box<dyn Wire>, path: &Path, offset: u64, mut left: u64) -> Result<(), DeviceError> {
    let doing = || DeviceError::file("keeping what comes");
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).truncate(false).open(path).map_err(doing())?;
    file.set_len(offset).map_err(doing())?;
    let mut buffer = vec![0; 64 * 1024];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let got = match wire.read(&mut buffer[..most]) {
            Ok(0) => return Err(DeviceError::Nearby(io::ErrorKind::UnexpectedEof.into())),
            Ok(got) => got,
            Err(cause) => return Err(DeviceError::Nearby(cause)),
        };
        file.write_all(&buffer[..got]).map_err(doing())?;
        left -= got as u64;
    }
    file.sync_all().map_err(doing())
}

fn send<T: Serialize>(wire: &mut Box<dyn Wire>, message: &T) -> Result<(), DeviceError> {
    let bytes = serde_json::to_vec(message).map_err(|cause| DeviceError::Nearby(cause.into()))?;
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let sent = wire.write_all(&length).and_then(|()| wire.write_all(&bytes)).and_then(|()| wire.flush());
    sent.map_err(DeviceError::Nearby)
}

fn receive<T: DeserializeOwned>(wire: &mut Box<dyn Wire>) -> Result<T, DeviceError> {
    let mut length = [0; 4];
    wire.read_exact(&mut length).map_err(DeviceError::Nearby)?;
    let length = u32::from_be_bytes(length);
    if length > MAX_MESSAGE_BYTES {
        return Err(DeviceError::Nearby(io::ErrorKind::InvalidData.into()));
    }
    let mut bytes = Vec::new();
    wire.take(length.into()).read_to_end(&mut bytes).map_err(DeviceError::Nearby)?;
    serde_json::from_slice(&bytes).map_err(|cause| DeviceError::Nearby(cause.into()))
}

fn number(world: &dyn World) -> Hash {
    let mut bytes = [0; 32];
    world.fill_random(&mut bytes);
    Hash::from_bytes(bytes)
}

fn commitment(number: Hash) -> Hash {
    Hash::of_parts("ailchin nearby number", &[number.as_bytes()])
}

/// Six digits.
fn code(bound: [u8; 32], giver: Hash, taker: Hash) -> String {
    let hash = Hash::of_parts("ailchin nearby", &[&bound, giver.as_bytes(), taker.as_bytes()]);
    let number = hash.as_bytes().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}

fn patient(tcp: TcpStream) -> Result<TcpStream, DeviceError> {
    let set = tcp.set_read_timeout(Some(PATIENCE)).and_then(|()| tcp.set_write_timeout(Some(PATIENCE)));
    set.and_then(|()| tcp.set_nodelay(true)).map_err(DeviceError::Nearby)?;
    Ok(tcp)
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
