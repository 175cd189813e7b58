//! What the page of nearby tablets shows and does: one encounter at a time, on a thread of its own, from waiting or looking
//! to its end. Whoever leaves it ends it; a transfer that is left goes on at the byte where it was with the next one.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Moment};

use super::files::{Watch, Way};
use super::finding::{Announcement, Look, Neighbour, PORT};
use super::{COMPARING, LOOK_AGAIN, Meeting};
use crate::device::{DeviceError, Tablet};
use crate::error::Code;
use crate::ids::DeviceId;
use crate::record::Names;
use crate::view::{CarriedLine, Moving, NearbyStage, NearbyStatus, NeighbourLine, Refusal};

/// How long a tablet waits for another one.
const WAITING: Duration = Duration::from_secs(15 * 60);

/// The encounter that is under way or was the last one.
#[derive(Default)]
pub(in crate::device) struct Encounter(Mutex<Option<Arc<Turn>>>);

struct Turn {
    stage: Mutex<Stage>,
    /// What this officer said of the digits.
    said: Mutex<Option<bool>>,
    left: AtomicBool,
}

enum Stage {
    Waiting { addresses: Vec<String>, hidden: bool, passed: Option<Refusal> },
    Looking { look: Option<Box<dyn Look>> },
    Calling { address: String },
    Comparing { code: String, other: DeviceId, gives: bool },
    Moving { other: DeviceId, gives: bool, moving: Moving },
    Done { other: DeviceId, gives: bool, over: crate::view::HandedOver },
    Ended { gives: bool, refusal: Refusal, moved: bool },
}

impl Turn {
    fn at(stage: Stage) -> Arc<Self> {
        Arc::new(Self { stage: Mutex::new(stage), said: Mutex::default(), left: AtomicBool::new(false) })
    }

    fn is_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    fn comes_to(&self, stage: Stage) {
        *lock(&self.stage) = stage;
    }

    fn ends(&self, gives: bool, cause: &DeviceError) {
        let mut stage = lock(&self.stage);
        let moved = matches!(*stage, Stage::Moving { .. });
        *stage = Stage::Ended { gives, refusal: cause.refusal(), moved };
    }
}

impl Encounter {
    /// Ends what was under way and begins anew.
    fn begins(&self, turn: Option<Arc<Turn>>) {
        let former = std::mem::replace(&mut *lock(&self.0), turn);
        if let Some(former) = former {
            former.left.store(true, Ordering::Relaxed);
        }
    }

    /// Ends what is under way, unless files are on their way already.
    pub(in crate::device) fn lock(&self) {
        let moving = self.now().is_some_and(|turn| matches!(*lock(&turn.stage), Stage::Moving { .. }));
        if !moving {
            self.begins(None);
        }
    }

    fn now(&self) -> Option<Arc<Turn>> {
        lock(&self.0).clone()
    }
}

impl Tablet {
    /// The page of nearby tablets.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn nearby_status(&self) -> Result<NearbyStatus, DeviceError> {
        let carried = self.carried()?;
        let own = self.names()?;
        let turn = self.encounter.now();
        self.with(|replica, author, _| {
            let named = |device| Ok::<Names, DeviceError>(replica.officer_of(device)?);
            let stage = match turn {
                Some(turn) => shown(&lock(&turn.stage), &lock(&turn.said), own, &named)?,
                None => NearbyStage::Idle,
            };
            let mut lines = Vec::with_capacity(carried.len());
            for (device, of) in carried {
                let officer_name = named(device)?;
                let (parts, answers, bytes, since) = (of.parts, of.answers, of.bytes, of.since);
                lines.push(CarriedLine { device, officer_name, parts, answers, bytes, since });
            }
            Ok(NearbyStatus {
                ready: replica.sealing()?.is_some(),
                waiting: replica.waiting(author.device)?,
                covered: replica.holdings(author.device)?.covered,
                stage,
                carried: lines,
            })
        })
    }

    /// Waits for a tablet that wants to hand its work over, at most a quarter of an hour.
    ///
    /// # Errors
    /// [`Code::Locked`], [`Code::NearbyEnded`] if the system does not let it.
    pub fn nearby_open(self: &Arc<Self>) -> Result<NearbyStatus, DeviceError> {
        let (station, device) = self.names()?;
        let network = &*self.services.nearby;
        let listener = network.listen().map_err(DeviceError::Nearby)?;
        let address = listener.local_addr().map_err(DeviceError::Nearby)?;
        listener.set_nonblocking(true).map_err(DeviceError::Nearby)?;
        let announcement = network.announce(Neighbour { station, device, address }).ok();
        let addresses = network.addresses().into_iter().map(|ip| called(ip, address.port())).collect();
        let turn = Turn::at(Stage::Waiting { addresses, hidden: announcement.is_none(), passed: None });
        self.encounter.begins(Some(Arc::clone(&turn)));
        let tablet = Arc::clone(self);
        std::thread::spawn(move || {
            match tablet.waits_for_giver(&turn, &listener, announcement) {
                Ok(meeting) => tablet.goes_through(&turn, meeting),
                Err(cause) => turn.ends(false, &cause),
            };
        });
        self.nearby_status()
    }

    /// Begins to look for tablets that wait.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn nearby_look(&self) -> Result<NearbyStatus, DeviceError> {
        self.names()?;
        let look = self.services.nearby.look().ok();
        self.encounter.begins(Some(Turn::at(Stage::Looking { look })));
        self.nearby_status()
    }

    /// Calls the tablet at an address, as it was found or typed: `192.168.8.23`, or with a port.
    ///
    /// # Errors
    /// [`Code::FieldWrong`] if it is no address, [`Code::Locked`].
    pub fn nearby_call(self: &Arc<Self>, address: &str) -> Result<NearbyStatus, DeviceError> {
        self.names()?;
        let address = read_address(address).ok_or_else(|| DeviceError::Field("address".to_owned()))?;
        let turn = Turn::at(Stage::Calling { address: called(address.ip(), address.port()) });
        self.encounter.begins(Some(Arc::clone(&turn)));
        let tablet = Arc::clone(self);
        std::thread::spawn(move || {
            match tablet.meet_taker(address) {
                Ok(meeting) => tablet.goes_through(&turn, meeting),
                Err(cause) => turn.ends(true, &cause),
            };
        });
        self.nearby_status()
    }

    /// Says whether both tablets show the same digits; only the first word counts.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn nearby_confirm(&self, same: bool) -> Result<NearbyStatus, DeviceError> {
        if let Some(turn) = self.encounter.now() {
            lock(&turn.said).get_or_insert(same);
        }
        self.nearby_status()
    }

    /// Ends what is under way. The other tablet is told, if it is there.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn nearby_leave(&self) -> Result<NearbyStatus, DeviceError> {
        if let Some(turn) = self.encounter.now() {
            lock(&turn.said).get_or_insert(false);
        }
        self.encounter.begins(None);
        self.nearby_status()
    }

    fn waits_for_giver(
        &self,
        turn: &Turn,
        listener: &TcpListener,
        announcement: Option<Announcement>,
    ) -> Result<Meeting, DeviceError> {
        let begun = Moment::now();
        while !turn.is_left() {
            match listener.accept() {
                Ok((tcp, _)) => {
                    tcp.set_nonblocking(false).map_err(DeviceError::Nearby)?;
                    match self.greet_giver(tcp) {
                        Ok(meeting) => {
                            drop(announcement);
                            return Ok(meeting);
                        }
                        // Whoever was no giver of ours does not end the waiting.
                        Err(cause) => turn.passed(&cause),
                    }
                }
                Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => std::thread::park_timeout(LOOK_AGAIN),
                Err(cause) => return Err(DeviceError::Nearby(cause)),
            }
            if begun.elapsed() >= WAITING {
                return Err(DeviceError::Refused(Code::NearbyTimeout));
            }
        }
        Err(DeviceError::Refused(Code::NearbyEnded))
    }

    /// From the digits to the end.
    fn goes_through(&self, turn: &Turn, mut meeting: Meeting) {
        let (other, gives) = (meeting.other, meeting.gives);
        turn.comes_to(Stage::Comparing { code: meeting.code.clone(), other, gives });
        let decided = || if turn.is_left() { Some(false) } else { *lock(&turn.said) };
        let over = meeting.agree(COMPARING, &decided).and_then(|()| {
            let moved = |way, done, total| {
                let moving = Moving { out: way == Way::Out, done, total };
                turn.comes_to(Stage::Moving { other, gives, moving });
            };
            moved(if gives { Way::Out } else { Way::In }, 0, 0);
            self.exchange(meeting, &Watch { stopped: &|| turn.is_left(), moved: &moved })
        });
        match over {
            Ok(over) => turn.comes_to(Stage::Done { other, gives, over }),
            Err(cause) => turn.ends(gives, &cause),
        }
    }
}

impl Turn {
    /// Notes why a tablet that called was not met.
    fn passed(&self, cause: &DeviceError) {
        if let Stage::Waiting { passed, .. } = &mut *lock(&self.stage) {
            *passed = Some(cause.refusal()).filter(|refusal| refusal.code == Code::NearbyElsewhere);
        }
    }
}

/// A stage as the page shows it.
fn shown(
    stage: &Stage,
    said: &Option<bool>,
    (station, own): (crate::ids::StationId, DeviceId),
    named: &dyn Fn(DeviceId) -> Result<Names, DeviceError>,
) -> Result<NearbyStage, DeviceError> {
    let line = |device, address: &str| {
        Ok::<_, DeviceError>(NeighbourLine { device, officer_name: named(device)?, address: address.to_owned() })
    };
    Ok(match stage {
        Stage::Waiting { addresses, hidden, passed } => {
            NearbyStage::Waiting { addresses: addresses.clone(), hidden: *hidden, passed: passed.clone() }
        }
        Stage::Looking { look } => {
            let found = look.as_ref().map(|look| look.found()).unwrap_or_default();
            let ours = found.into_iter().filter(|each| each.station == station && each.device != own);
            let found = ours.map(|each| line(each.device, &each.address.to_string())).collect::<Result<_, _>>()?;
            NearbyStage::Looking { found, blind: look.is_none() }
        }
        Stage::Calling { address } => NearbyStage::Calling { address: address.clone() },
        Stage::Comparing { code, other, gives } => NearbyStage::Comparing {
            code: code.clone(),
            other: line(*other, "")?,
            gives: *gives,
            confirmed: *said == Some(true),
        },
        Stage::Moving { other, gives, moving } => {
            NearbyStage::Moving { other: line(*other, "")?, gives: *gives, moving: *moving }
        }
        Stage::Done { other, gives, over } => {
            NearbyStage::Done { other: line(*other, "")?, gives: *gives, over: *over }
        }
        Stage::Ended { gives, refusal, moved } => {
            NearbyStage::Ended { gives: *gives, refusal: refusal.clone(), moved: *moved }
        }
    })
}

/// An address as an officer types it: the usual port need not be said.
fn called(ip: IpAddr, port: u16) -> String {
    if port == PORT { ip.to_string() } else { SocketAddr::new(ip, port).to_string() }
}

/// Reads an address as it was typed, perhaps with the signs of a Chinese keyboard.
fn read_address(typed: &str) -> Option<SocketAddr> {
    let plain: String = typed
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| match letter {
            '：' => ':',
            '。' | '．' => '.',
            '０'..='９' => char::from_digit(letter as u32 - '０' as u32, 10).unwrap_or(letter),
            other => other,
        })
        .collect();
    plain.parse().ok().or_else(|| Some(SocketAddr::new(plain.parse().ok()?, PORT)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_typed_and_said_as_it_can_be_typed() {
        let there = |text: &str| read_address(text).map(|address| address.to_string());
        assert_eq!(there("192.168.8.23"), Some(format!("192.168.8.23:{PORT}")));
        assert_eq!(there(" 192.168.8.23：40417 "), Some("192.168.8.23:40417".to_owned()));
        assert_eq!(there("１９２。168．8。23"), Some(format!("192.168.8.23:{PORT}")));
        assert_eq!(there("[fe80::1]:7000"), Some("[fe80::1]:7000".to_owned()));
        for nonsense in ["", "tablet", "192.168.8", "192.168.8.23:", "192.168.8.23:99999", "300.1.1.1"] {
            assert_eq!(there(nonsense), None, "{nonsense}");
        }
        assert_eq!(called(IpAddr::from([192, 168, 8, 23]), PORT), "192.168.8.23");
        assert_eq!(called(IpAddr::from([192, 168, 8, 23]), 40_417), "192.168.8.23:40417");
    }
}
