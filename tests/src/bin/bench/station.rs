//! A station with the generated data of a whole year, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ailchin_core::device::{StationDoors as _, Transport};
use ailchin_core::ids::{AreaId, DeviceId};
use ailchin_core::sync::{EnrolRequest, Invite};
use ailchin_core::world::{Machine, World as _};
use ailchin_tests::programs::{Process, SERVER};
use ed25519_dalek::SigningKey;

use crate::Failure;

pub(crate) struct DemoStation {
    data: PathBuf,
    _process: Process,
    address: String,
}

/// A tablet's door to the station.
pub(crate) struct Door {
    pub(crate) device: DeviceId,
    pub(crate) transport: Transport,
    pub(crate) scopes: Vec<AreaId>,
}

impl DemoStation {
    pub(crate) fn of(data: &Path, households: u32, visits: u32) -> Result<Self, Failure> {
        let (households, visits) = (households.to_string(), visits.to_string());
        let size = ["--seed", "7", "--households", &households, "--visits", &visits];
        let made = server(data).arg("demo-data").args(size).stdout(Stdio::null()).status()?;
        if !made.success() {
            return Err("demo-data failed".into());
        }
        let mut serve = server(data);
        serve.args(["--log", "error", "serve", "--http", "--addr", "127.0.0.1:0"]);
        let (process, line) = Process::start(&mut serve, &data.join("errors.log"));
        let said: serde_json::Value = serde_json::from_str(&line)?;
        let address = said["listening"].as_str().ok_or("the server does not say where it listens")?.to_owned();
        Ok(Self { data: data.to_owned(), _process: process, address })
    }

    /// A tablet that holds all areas of the station.
    pub(crate) fn enrol(&self) -> Result<Door, Failure> {
        let invite = ["--json", "device", "invite", "--officer", "1", "--address", &self.address];
        let said: serde_json::Value = serde_json::from_slice(&server(&self.data).args(invite).output()?.stdout)?;
        let invite = Invite::read(said["invite"].as_str().ok_or("no invite")?)?;
        let device = DeviceId::new(&Machine);
        let mut seed = [0; 32];
        Machine.fill_random(&mut seed);
        let key = SigningKey::from_bytes(&seed);
        let mut transport = Transport::to(&self.address, None, None)?;
        transport.enrol(&EnrolRequest { token: invite.token, device, key: key.verifying_key() })?;
        let session = transport.log_in(device, &key)?;
        Ok(Door { device, transport, scopes: session.scopes })
    }
}

fn server(data: &Path) -> Command {
    let mut server = Command::new(&*SERVER);
    server.arg("--data").arg(data);
    server
}
