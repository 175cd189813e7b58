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

mod encounter;
mod files;
mod finding;
mod wire;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant as Moment};

use serde::{Deserialize, Serialize};

use self::files::{Watch, accept, offer};
use self::wire::Wire;
use super::carrying::{parts_in, remove};
use super::{DeviceError, Tablet};
use crate::bundle::CARRIED_PART_BYTES;
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{DeviceId, StationId};
use crate::view::HandedOver;
use crate::world::World;

pub(super) use self::encounter::Encounter;
pub use self::finding::{Announcement, LocalNetwork, Look, Neighbour, Neighbourhood, SetNeighbours};

/// How long a tablet may take to answer a call, and to say hello.
const HELLO: Duration = Duration::from_secs(10);

/// How long two officers may take to compare digits.
const COMPARING: Duration = Duration::from_secs(120);

/// How long the other side may be silent while files go over: it may be writing or reading them.
const SILENCE: Duration = Duration::from_secs(120);

/// So often it is looked whether this officer has decided.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Two tablets that have met; nothing goes over before both officers confirmed.
pub struct Meeting {
    wire: Wire,
    code: String,
    other: DeviceId,
    gives: bool,
}

#[derive(Serialize, Deserialize)]
struct Hello {
    station: StationId,
    device: DeviceId,
    /// The giver's: the hash of its number. The taker's: its number.
    number: Hash,
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
    /// [`Code::NearbyEnded`]; [`Code::NearbyElsewhere`] for a tablet of another station; [`Code::Locked`].
    pub fn meet_giver(&self, listener: &TcpListener) -> Result<Meeting, DeviceError> {
        let (tcp, _) = listener.accept().map_err(DeviceError::Nearby)?;
        self.greet_giver(tcp)
    }

    /// Meets a tablet that has called.
    fn greet_giver(&self, tcp: TcpStream) -> Result<Meeting, DeviceError> {
        let (mut wire, bound) = Wire::called(tcp, HELLO)?;
        let own = number(&*self.world);
        let (station, device) = self.names()?;
        let theirs: Hello = wire.receive()?;
        // Said to a stranger too, so that its officer learns why nothing comes of it.
        wire.send(&Hello { station, device, number: own })?;
        if theirs.station != station {
            return Err(DeviceError::Refused(Code::NearbyElsewhere));
        }
        let revealed: Hash = wire.receive()?;
        if commitment(revealed) != theirs.number {
            return Err(DeviceError::Refused(Code::NearbyEnded));
        }
        Ok(Meeting { code: code(bound, revealed, own), wire, other: theirs.device, gives: false })
    }

    /// Goes to a tablet that waits for a bundle.
    ///
    /// # Errors
    /// As [`Tablet::meet_giver`]; [`Code::NearbyUnreachable`] if no tablet waits there.
    pub fn meet_taker(&self, address: SocketAddr) -> Result<Meeting, DeviceError> {
        let (station, device) = self.names()?;
        let tcp = TcpStream::connect_timeout(&address, HELLO).map_err(DeviceError::NearbyAway)?;
        let (mut wire, bound) = Wire::calling(tcp, address.ip(), HELLO)?;
        let own = number(&*self.world);
        wire.send(&Hello { station, device, number: commitment(own) })?;
        let theirs: Hello = wire.receive()?;
        if theirs.station != station {
            return Err(DeviceError::Refused(Code::NearbyElsewhere));
        }
        wire.send(&own)?;
        Ok(Meeting { code: code(bound, own, theirs.number), wire, other: theirs.device, gives: true })
    }

    /// Goes on after this officer confirmed the code, as soon as the other one did. The giver's parts go over, then the
    /// answers that the taker carries for it.
    ///
    /// # Errors
    /// [`Code::NearbyDeclined`] if the other officer did not confirm, [`Code::NearbyTimeout`] if nobody did for two minutes,
    /// [`Code::NearbyEnded`]: what came so far is kept, the next meeting goes on there; [`Code::CarriesTooMuch`] if the taker
    /// carries as much as it may; what [`Tablet::export_bundle`] and [`Tablet::import_answers`] say.
    pub fn confirmed(&self, mut meeting: Meeting) -> Result<HandedOver, DeviceError> {
        meeting.agree(COMPARING, &|| Some(true))?;
        self.exchange(meeting, &Watch { stopped: &|| false, moved: &|_, _, _| {} })
    }

    /// Lets files go over between two tablets whose officers agreed.
    fn exchange(&self, mut meeting: Meeting, watch: &Watch<'_>) -> Result<HandedOver, DeviceError> {
        meeting.wire.bears(SILENCE)?;
        if meeting.gives { self.give(&mut meeting.wire, watch) } else { self.take_from(&mut meeting, watch) }
    }

    fn give(&self, wire: &mut Wire, watch: &Watch<'_>) -> Result<HandedOver, DeviceError> {
        let outgoing = self.own_folder("outgoing")?;
        let incoming = self.own_folder("incoming")?;
        // What a meeting that ended early left goes first; it is a copy, and does no harm.
        if parts_in(&outgoing)?.is_empty() {
            self.export_bundle(outgoing.to_str(), CARRIED_PART_BYTES)?;
        }
        let parts = parts_in(&outgoing)?;
        let given = offer(wire, &parts, watch)?;
        parts.iter().try_for_each(|(_, path)| remove(path))?;
        let own = self.names()?.1;
        let taken = accept(wire, &incoming, &|name| name.answer && name.device == own, watch)?;
        // An earlier meeting may have ended between an answer's coming and its being taken in.
        let answers = parts_in(&incoming)?;
        let answer = match answers.as_slice() {
            [] => None,
            _ => match self.import_answers(&[incoming.to_string_lossy().into_owned()]) {
                Err(cause) if may_be_taken_in_later(cause.code()) => return Err(cause),
                taken_in => {
                    answers.iter().try_for_each(|(_, path)| remove(path))?;
                    Some(taken_in?)
                }
            },
        };
        Ok(HandedOver {
            given: given.files,
            given_bytes: given.bytes,
            taken: taken.files,
            taken_bytes: taken.bytes,
            answer,
        })
    }

    fn take_from(&self, meeting: &mut Meeting, watch: &Watch<'_>) -> Result<HandedOver, DeviceError> {
        let (wire, giver) = (&mut meeting.wire, meeting.other);
        let folder = self.carried_folder()?;
        let taken = accept(wire, &folder, &|name| !name.answer && name.device == giver, watch)?;
        let mut answers = parts_in(&folder)?;
        answers.retain(|(name, _)| name.answer && name.device == giver);
        let given = offer(wire, &answers, watch)?;
        answers.iter().try_for_each(|(_, path)| remove(path))?;
        let answer = None;
        Ok(HandedOver {
            given: given.files,
            given_bytes: given.bytes,
            taken: taken.files,
            taken_bytes: taken.bytes,
            answer,
        })
    }

    pub(super) fn names(&self) -> Result<(StationId, DeviceId), DeviceError> {
        let open = self.lock_open();
        let open = open.as_ref().ok_or(DeviceError::Refused(Code::Locked))?;
        Ok((open.note.station, open.author_now()?.device))
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

    /// Waits until both officers have confirmed. `decided` says whether this one has, and how.
    fn agree(&mut self, within: Duration, decided: &dyn Fn() -> Option<bool>) -> Result<(), DeviceError> {
        self.wire.bears(LOOK_AGAIN)?;
        let begun = Moment::now();
        let (mut own, mut theirs) = (None, None);
        while own.is_none() || theirs.is_none() {
            if own.is_none()
                && let Some(yes) = decided()
            {
                self.wire.send(&yes)?;
                own = Some(yes);
                if !yes {
                    return Err(DeviceError::Refused(Code::NearbyEnded));
                }
            }
            if theirs.is_none() {
                theirs = self.wire.received::<bool>()?;
                if theirs == Some(false) {
                    return Err(DeviceError::Refused(Code::NearbyDeclined));
                }
            } else {
                std::thread::park_timeout(LOOK_AGAIN);
            }
            if begun.elapsed() >= within && (own.is_none() || theirs.is_none()) {
                return Err(DeviceError::Refused(Code::NearbyTimeout));
            }
        }
        Ok(())
    }
}

/// Whether it is not the answer's fault that it was not taken in.
const fn may_be_taken_in_later(code: Code) -> bool {
    matches!(code, Code::Locked | Code::SyncRunning | Code::DiskFull | Code::FileFailed)
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
