//! How tablets on one network find each other: who waits says so by multicast DNS, who gives listens for it.
//!
//! What is said is a station, a tablet and where it waits; names stand in the replicas of the station's own tablets. Where a
//! network does not let multicast through, an address is typed.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mdns_sd::{IfKind, Receiver, ServiceDaemon, ServiceEvent, ServiceInfo};

use crate::ids::{DeviceId, StationId};

/// Where a tablet waits if nobody else does on this machine, so that only the address need be typed.
pub(super) const PORT: u16 = 7447;

const SERVICE: &str = "_ailchin._tcp.local.";

/// A tablet that waits for another one's work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Neighbour {
    /// Its station.
    pub station: StationId,
    /// The tablet.
    pub device: DeviceId,
    /// Where it waits.
    pub address: SocketAddr,
}

/// The network around a tablet.
pub trait Neighbourhood: Send + Sync {
    /// Listens for tablets that call.
    ///
    /// # Errors
    /// What the system says.
    fn listen(&self) -> io::Result<TcpListener>;

    /// Under which addresses others can call this tablet.
    fn addresses(&self) -> Vec<IpAddr>;

    /// Tells the network that this tablet waits, until the announcement is dropped.
    ///
    /// # Errors
    /// If nothing can be told.
    fn announce(&self, waiting: Neighbour) -> io::Result<Announcement>;

    /// Begins to look for tablets that wait.
    ///
    /// # Errors
    /// If nothing can be looked for.
    fn look(&self) -> io::Result<Box<dyn Look>>;
}

/// A search that goes on until it is dropped.
pub trait Look: Send + Sync {
    /// Whom it has found and not lost again.
    fn found(&self) -> Vec<Neighbour>;
}

/// Ends with what it announces.
pub struct Announcement(Option<Box<dyn FnOnce() + Send>>);

impl Announcement {
    /// Does this at its end.
    #[must_use]
    pub fn until(end: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl std::fmt::Debug for Announcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Announcement")
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

/// The network that the device is on.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalNetwork {
    loopback: bool,
}

impl LocalNetwork {
    /// Only this machine: for tests.
    #[must_use]
    pub const fn on_loopback() -> Self {
        Self { loopback: true }
    }

    fn daemon(self) -> mdns_sd::Result<ServiceDaemon> {
        let daemon = ServiceDaemon::new()?;
        if self.loopback {
            daemon.disable_interface(IfKind::All)?;
            daemon.enable_interface(IfKind::LoopbackV4)?;
        } else {
            daemon.disable_interface(vec![IfKind::IPv6, IfKind::LoopbackV4])?;
        }
        Ok(daemon)
    }
}

impl Neighbourhood for LocalNetwork {
    fn listen(&self) -> io::Result<TcpListener> {
        if self.loopback {
            return TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        }
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))
    }

    fn addresses(&self) -> Vec<IpAddr> {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default().into_iter();
        let ours = interfaces.filter(|interface| interface.is_loopback() == self.loopback && interface.is_oper_up());
        ours.map(|interface| interface.ip()).filter(|ip| ip.is_ipv4() && !is_link_local(*ip)).collect()
    }

    fn announce(&self, waiting: Neighbour) -> io::Result<Announcement> {
        let daemon = self.daemon().map_err(io::Error::other)?;
        let said = [("station", waiting.station.to_string()), ("device", waiting.device.to_string())];
        let instance = waiting.device.to_string();
        let host = format!("{instance}.local.");
        let port = waiting.address.port();
        let info = ServiceInfo::new(SERVICE, &instance, &host, "", port, &said[..]).map_err(io::Error::other)?;
        let name = info.get_fullname().to_owned();
        daemon.register(info.enable_addr_auto()).map_err(io::Error::other)?;
        Ok(Announcement::until(move || {
            // Whoever does not hear the farewell forgets the tablet after a while.
            drop(daemon.unregister(&name));
            drop(daemon.shutdown());
        }))
    }

    fn look(&self) -> io::Result<Box<dyn Look>> {
        let daemon = self.daemon().map_err(io::Error::other)?;
        let events = daemon.browse(SERVICE).map_err(io::Error::other)?;
        Ok(Box::new(Browsing { daemon, events, found: Mutex::default() }))
    }
}

const fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_link_local())
}

struct Browsing {
    daemon: ServiceDaemon,
    events: Receiver<ServiceEvent>,
    found: Mutex<BTreeMap<String, Neighbour>>,
}

impl Look for Browsing {
    fn found(&self) -> Vec<Neighbour> {
        let mut found = lock(&self.found);
        for event in self.events.try_iter() {
            match event {
                ServiceEvent::ServiceResolved(service) => {
                    if let Some(neighbour) = neighbour(&service) {
                        found.insert(service.get_fullname().to_owned(), neighbour);
                    }
                }
                ServiceEvent::ServiceRemoved(_, name) => {
                    found.remove(&name);
                }
                _ => {}
            }
        }
        found.values().copied().collect()
    }
}

impl Drop for Browsing {
    fn drop(&mut self) {
        drop(self.daemon.shutdown());
    }
}

/// What a tablet says of itself; `None` if it is none of ours.
fn neighbour(service: &mdns_sd::ResolvedService) -> Option<Neighbour> {
    let address = service.get_addresses_v4().into_iter().min()?;
    Some(Neighbour {
        station: StationId::parse(service.get_property_val_str("station")?).ok()?,
        device: DeviceId::parse(service.get_property_val_str("device")?).ok()?,
        address: (address, service.get_port()).into(),
    })
}

/// A network on which there is who a test puts there, on this machine. Clones are the same network.
#[derive(Clone, Debug, Default)]
pub struct SetNeighbours(Arc<Mutex<Vec<Neighbour>>>);

impl SetNeighbours {
    /// Who waits now.
    #[must_use]
    pub fn waiting(&self) -> Vec<Neighbour> {
        lock(&self.0).clone()
    }
}

impl Neighbourhood for SetNeighbours {
    fn listen(&self) -> io::Result<TcpListener> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
    }

    fn addresses(&self) -> Vec<IpAddr> {
        vec![Ipv4Addr::LOCALHOST.into()]
    }

    fn announce(&self, waiting: Neighbour) -> io::Result<Announcement> {
        let waiting = Neighbour { address: (Ipv4Addr::LOCALHOST, waiting.address.port()).into(), ..waiting };
        lock(&self.0).push(waiting);
        let all = Arc::clone(&self.0);
        Ok(Announcement::until(move || lock(&all).retain(|each| *each != waiting)))
    }

    fn look(&self) -> io::Result<Box<dyn Look>> {
        Ok(Box::new(self.clone()))
    }
}

impl Look for SetNeighbours {
    fn found(&self) -> Vec<Neighbour> {
        self.waiting()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
