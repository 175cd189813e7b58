//! A station with generated data in a process of its own, and a door that counts the bytes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ailchin_core::device::{StationDoors as _, Transport};
use ailchin_core::ids::DeviceId;
use ailchin_core::sync::{EnrolRequest, Invite, StateQuery};
use ailchin_core::world::Machine;
use ed25519_dalek::SigningKey;

use crate::Failure;
use crate::bare::Replicated;

pub(crate) struct Station {
    data: PathBuf,
    child: Child,
    pub(crate) address: String,
}

/// A tablet's door to the station.
pub(crate) struct Door {
    pub(crate) device: DeviceId,
    pub(crate) transport: Transport,
    pub(crate) scopes: Vec<ailchin_core::ids::AreaId>,
}

fn program() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    Ok(here.parent().ok_or("the benchmark has no folder")?.join("ailchin-server"))
}

impl Station {
    pub(crate) fn with_demo_data(data: &Path, households: u32, visits: u32) -> Result<Self, Failure> {
        let made = Command::new(program()?)
            .arg("--data")
            .arg(data)
            .args([
                "demo-data",
                "--seed",
                "7",
                "--households",
                &households.to_string(),
                "--visits",
                &visits.to_string(),
            ])
            .stdout(Stdio::null())
            .status()?;
        if !made.success() {
            return Err("demo-data failed".into());
        }
        let mut child = Command::new(program()?)
            .arg("--data")
            .arg(data)
            .args(["--log", "error", "serve", "--http", "--addr", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or("the server has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let said: serde_json::Value = serde_json::from_str(&line)?;
        let address = said["listening"].as_str().ok_or("the server does not say where it listens")?.to_owned();
        Ok(Self { data: data.to_owned(), child, address })
    }

    /// A tablet that holds all areas of the station.
    pub(crate) fn enrol(&self) -> Result<Door, Failure> {
        let said = Command::new(program()?)
            .arg("--data")
            .arg(&self.data)
            .args(["--json", "device", "invite", "--officer", "1", "--address", &self.address])
            .output()?;
        let said: serde_json::Value = serde_json::from_slice(&said.stdout)?;
        let invite = Invite::read(said["invite"].as_str().ok_or("no invite")?)?;
        let device = DeviceId::new(&Machine);
        let mut seed = [0; 32];
        ailchin_core::world::World::fill_random(&Machine, &mut seed);
        let key = SigningKey::from_bytes(&seed);
        let mut transport = Transport::to(&self.address, None, None)?;
        transport.enrol(&EnrolRequest { token: invite.token, device, key: key.verifying_key() })?;
        let session = transport.log_in(device, &key)?;
        Ok(Door { device, transport, scopes: session.scopes })
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // The process is ours and holds nothing worth keeping.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct NothingNew {
    pub(crate) round_trips: u32,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

/// A second sync, through a door that counts.
pub(crate) fn nothing_new(station: &Station, replicated: &mut Replicated) -> Result<NothingNew, Failure> {
    let counted = Counted::before(&station.address)?;
    let door = &replicated.door;
    let token = door.transport.token().map(str::to_owned);
    let transport = Transport::to(&counted.address, None, token)?;
    let holdings = replicated.replica.holdings(door.device)?;
    let state = transport.state(StateQuery { after: holdings.cursor, receipt: holdings.receipt })?;
    let held = holdings.scopes.iter().fold(ailchin_core::sync::Digest::default(), |sum, scope| sum.with(scope.digest));
    if state.held != held || state.position > holdings.cursor {
        return Err("the station has something new although nothing happened".into());
    }
    drop(transport);
    Ok(NothingNew {
        round_trips: 1,
        sent: counted.sent.load(Ordering::SeqCst),
        received: counted.received.load(Ordering::SeqCst),
    })
}

struct Counted {
    address: String,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
}

impl Counted {
    fn before(address: &str) -> Result<Self, Failure> {
        let station = address.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let (sent, received) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counters = (Arc::clone(&sent), Arc::clone(&received));
        std::thread::spawn(move || {
            let (Ok((tablet, _)), Ok(station)) = (listener.accept(), TcpStream::connect(station)) else { return };
            let (Ok(tablet_in), Ok(station_in)) = (tablet.try_clone(), station.try_clone()) else { return };
            std::thread::spawn(move || carry(tablet_in, station, &counters.0));
            carry(station_in, tablet, &counters.1);
        });
        Ok(Self { address, sent, received })
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, counter: &AtomicU64) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        counter.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
