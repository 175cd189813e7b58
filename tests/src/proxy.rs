//! A wire between tablet and station that counts, and fails or is slow where it is told to.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// From the tablet to the station.
    Up,
    /// From the station to the tablet.
    Down,
}

/// What has passed since [`FaultProxy::mend`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Passed {
    /// Bytes to the station.
    pub up: u64,
    /// Bytes to the tablet.
    pub down: u64,
    /// Connections.
    pub connections: u64,
    /// Times the direction turned from "to the station" to "to the tablet": with one request at a time, round trips.
    pub round_trips: u64,
}

impl Passed {
    /// The bytes that went one way.
    #[must_use]
    pub const fn bytes(&self, way: Way) -> u64 {
        match way {
            Way::Up => self.up,
            Way::Down => self.down,
        }
    }
}

/// A TCP relay on a free port of 127.0.0.1, whose address stays while the station behind it comes and goes.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    shared: Arc<Shared>,
}

type Act = Box<dyn FnOnce() + Send>;

/// What goes at once on a throttled wire: small, so that a cut is where the throttle is.
const THROTTLED_CHUNK: usize = 2 * 1024;

#[derive(Default)]
struct Wire {
    target: String,
    passed: Passed,
    last_way: Option<Way>,
    at: Option<(Way, u64, Act)>,
    broken: bool,
    closed: bool,
    ends: Vec<TcpStream>,
    bytes_a_second: Option<u32>,
    /// When the next byte may go up, and down.
    free: [Option<Instant>; 2],
    /// How often all connections were closed.
    closings: u64,
    cuts: u64,
}

#[derive(Default)]
struct Shared {
    wire: Mutex<Wire>,
    over: Condvar,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl FaultProxy {
    /// A relay to a station's address, `http://…` or `https://…`.
    #[must_use]
    pub fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let proxy = Self { port, shared: Arc::clone(&shared) };
        proxy.turn_to(address);
        thread::spawn(move || {
            for tablet in listener.incoming() {
                if shared.lock().closed {
                    return;
                }
                if let Ok(tablet) = tablet {
                    shared.connect(&tablet);
                }
            }
        });
        proxy
    }

    /// `127.0.0.1:port` of the relay.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The relay's address for plain HTTP.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}", self.host())
    }

    /// Leads to another address from the next connection on: the station came back elsewhere.
    pub fn turn_to(&self, address: &str) {
        let host = address.rsplit('/').next().unwrap_or(address);
        host.clone_into(&mut self.shared.lock().target);
    }

    /// Whole again, and counting from zero.
    pub fn mend(&self) {
        let mut wire = self.shared.lock();
        wire.close_all();
        (wire.broken, wire.at, wire.passed, wire.last_way) = (false, None, Passed::default(), None);
    }

    /// Breaks now, until [`FaultProxy::mend`]: connections end, new ones are not taken.
    pub fn cut(&self) {
        let mut wire = self.shared.lock();
        wire.broken = true;
        wire.close_all();
    }

    /// Mends, then breaks as soon as exactly so many bytes have gone one way.
    pub fn cut_after(&self, way: Way, bytes: u64) {
        self.mend();
        if bytes == 0 {
            return self.cut();
        }
        let shared = Arc::clone(&self.shared);
        self.shared.lock().at = Some((
            way,
            bytes,
            Box::new(move || {
                let mut wire = shared.lock();
                wire.broken = true;
                wire.close_all();
            }),
        ));
    }

    /// Mends, then does something as soon as so many bytes have gone one way; the next byte waits until it is done.
    pub fn when_passed(&self, way: Way, bytes: u64, act: impl FnOnce() + Send + 'static) {
        self.mend();
        self.shared.lock().at = Some((way, bytes.max(1), Box::new(act)));
    }

    /// From now on lets no more through than so many bytes a second, each way. What waits for its turn is on the tablet's or
    /// the station's side: it has not passed, and a cut loses it.
    ///
    /// # Panics
    /// If that is nothing.
    pub fn throttle(&self, bytes_a_second: u32) {
        assert!(bytes_a_second > 0);
        self.shared.lock().bytes_a_second = Some(bytes_a_second);
    }

    /// From now on breaks again and again: whole for `whole`, then broken for `broken`. What has passed is counted on.
    pub fn cut_regularly(&self, whole: Duration, broken: Duration) {
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || {
            while shared.wait(whole) {
                {
                    let mut wire = shared.lock();
                    (wire.broken, wire.cuts) = (true, wire.cuts + 1);
                    wire.close_all();
                }
                if !shared.wait(broken) {
                    return;
                }
                shared.lock().broken = false;
            }
        });
    }

    /// How often [`FaultProxy::cut_regularly`] has cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.lock().cuts
    }

    /// What has passed since it was mended.
    #[must_use]
    pub fn passed(&self) -> Passed {
        self.shared.lock().passed
    }

    /// Whether the byte that was waited for has not come.
    #[must_use]
    pub fn still_waits(&self) -> bool {
        self.shared.lock().at.is_some()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        {
            let mut wire = self.shared.lock();
            (wire.closed, wire.broken) = (true, true);
            wire.close_all();
        }
        self.shared.over.notify_all();
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.host());
    }
}

impl Wire {
    fn close_all(&mut self) {
        self.closings += 1;
        for end in self.ends.drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a span pass; whether the proxy is still there.
    fn wait(&self, span: Duration) -> bool {
        let waited = self.over.wait_timeout_while(self.lock(), span, |wire| !wire.closed);
        !waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    /// How many of `len` bytes may go at once, after the wait that the throttle asks for.
    fn throttled(&self, way: Way, len: usize) -> usize {
        let (now, until) = {
            let mut wire = self.lock();
            let Some(rate) = wire.bytes_a_second else { return len };
            let now = len.min(THROTTLED_CHUNK);
            let free = &mut wire.free[usize::from(way == Way::Down)];
            let begins = free.unwrap_or_else(Instant::now).max(Instant::now());
            let until = begins + Duration::from_secs(now as u64) / rate;
            *free = Some(until);
            (now, until)
        };
        self.wait(until.saturating_duration_since(Instant::now()));
        now
    }

    fn connect(self: &Arc<Self>, tablet: &TcpStream) {
        let target = {
            let wire = self.lock();
            if wire.broken {
                return;
            }
            wire.target.clone()
        };
        let Ok(station) = TcpStream::connect(target) else { return };
        let mut wire = self.lock();
        if wire.broken {
            return;
        }
        for end in [tablet, &station] {
            let _ = end.set_nodelay(true);
            wire.ends.extend(end.try_clone());
        }
        wire.passed.connections += 1;
        for (way, from, to) in [(Way::Up, tablet, &station), (Way::Down, &station, tablet)] {
            if let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) {
                let (shared, of) = (Arc::clone(self), wire.closings);
                thread::spawn(move || shared.pump(way, of, from, to));
            }
        }
    }

    fn pump(&self, way: Way, of: u64, mut from: TcpStream, mut to: TcpStream) {
        let mut chunk = [0; 16 * 1024];
        while let Ok(len @ 1..) = from.read(&mut chunk) {
            let mut rest = &chunk[..len];
            while !rest.is_empty() {
                let may_go = self.throttled(way, rest.len());
                let (now, act) = self.take(way, of, may_go);
                if to.write_all(&rest[..now]).is_err() || (now == 0 && act.is_none()) {
                    let _ = from.shutdown(Shutdown::Both);
                    return;
                }
                rest = &rest[now..];
                if let Some(act) = act {
                    act();
                }
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }

    /// How many of `len` bytes may go on now, and what is to be done once they have.
    fn take(&self, way: Way, of: u64, len: usize) -> (usize, Option<Act>) {
        let mut wire = self.lock();
        // What a connection from before a cut still holds does not count in the life after it.
        if wire.broken || wire.closings != of {
            return (0, None);
        }
        let before = wire.passed.bytes(way);
        let due = match &wire.at {
            Some((of, at, _)) if *of == way && *at <= before + len as u64 => usize::try_from(at - before).ok(),
            _ => None,
        };
        let now = due.unwrap_or(len);
        match way {
            Way::Up => wire.passed.up += now as u64,
            Way::Down => wire.passed.down += now as u64,
        }
        if way == Way::Down && wire.last_way == Some(Way::Up) {
            wire.passed.round_trips += 1;
        }
        wire.last_way = Some(way);
        let act = if due.is_some() { wire.at.take().map(|(_, _, act)| act) } else { None };
        (now, act)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends back what it gets, in capitals.
    fn shouting() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut chunk = [0; 1024];
                while let Ok(len @ 1..) = client.read(&mut chunk) {
                    let _ = client.write_all(chunk[..len].to_ascii_uppercase().as_slice());
                }
            }
        });
        address
    }

    fn say(proxy: &FaultProxy, text: &str) -> String {
        let mut stream = TcpStream::connect(proxy.host()).unwrap();
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn a_whole_wire_relays_and_counts_both_ways() {
        let proxy = FaultProxy::to(&shouting());
        assert_eq!(say(&proxy, "ail"), "AIL");
        assert_eq!(proxy.passed(), Passed { up: 3, down: 3, connections: 1, round_trips: 1 });
    }

    #[test]
    fn a_wire_is_cut_after_exactly_the_byte_that_was_said_and_stays_cut_until_it_is_mended() {
        let proxy = FaultProxy::to(&shouting());
        for bytes in 0..=5 {
            proxy.cut_after(Way::Down, bytes);
            assert_eq!(say(&proxy, "camps"), "CAMPS"[..usize::try_from(bytes).unwrap()]);
            assert_eq!(say(&proxy, "again"), "");
            assert_eq!(proxy.passed().down, bytes);
        }
        proxy.mend();
        assert_eq!(say(&proxy, "again"), "AGAIN");
    }

    #[test]
    fn a_throttled_wire_needs_the_time_that_its_rate_says_and_loses_nothing() {
        const BYTES: usize = 100_000;
        let proxy = FaultProxy::to(&shouting());
        proxy.throttle(400_000);
        let begun = Instant::now();
        assert_eq!(say(&proxy, &"a".repeat(BYTES)).len(), BYTES);
        assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", begun.elapsed());
        assert_eq!((proxy.passed().up, proxy.passed().down), (BYTES as u64, BYTES as u64));
    }

    #[test]
    fn a_wire_that_is_cut_regularly_is_whole_again_by_itself_and_counts_on() {
        let proxy = FaultProxy::to(&shouting());
        proxy.throttle(10_000);
        proxy.cut_regularly(Duration::from_millis(50), Duration::from_millis(5));
        assert!(say(&proxy, &"a".repeat(2_000)).len() < 2_000);
        while say(&proxy, "camp") != "CAMP" {}
        assert!(proxy.cuts() > 0 && proxy.passed().connections > 1);
    }

    #[test]
    fn an_act_happens_before_the_next_byte() {
        let proxy = FaultProxy::to(&shouting());
        let (tell, told) = std::sync::mpsc::channel();
        let shared = Arc::clone(&proxy.shared);
        proxy.when_passed(Way::Up, 2, move || tell.send(shared.lock().passed.up).unwrap());
        assert_eq!(say(&proxy, "camp"), "CAMP");
        assert_eq!(told.recv().unwrap(), 2);
        assert!(!proxy.still_waits());
    }
}
