//! How often somebody may ask: a token bucket for each address and door, forgotten when it is full again.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use ailchin_core::error::Code;
use ailchin_core::time::Instant;

/// Above so many buckets the full ones are forgotten.
const MANY: usize = 4_096;

/// Buckets that hold a minute's allowance and refill evenly.
#[derive(Debug)]
pub(crate) struct Cap {
    a_minute: u32,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

/// What is left, in sixty-thousandths of a request, so that a millisecond refills whole numbers.
#[derive(Debug)]
struct Bucket {
    left: i64,
    at: Instant,
}

const ONE: i64 = 60_000;

impl Cap {
    pub(crate) fn new(a_minute: u32) -> Self {
        Self { a_minute, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one from the address's bucket.
    pub(crate) fn take(&self, address: IpAddr, now: Instant) -> Result<(), Code> {
        let full = i64::from(self.a_minute) * ONE;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MANY {
            buckets.retain(|_, bucket| bucket.after(now, self.a_minute) < full);
        }
        let bucket = buckets.entry(address).or_insert(Bucket { left: full, at: now });
        let left = bucket.after(now, self.a_minute);
        *bucket = Bucket { left, at: now };
        if left < ONE {
            return Err(Code::TooManyRequests);
        }
        bucket.left -= ONE;
        Ok(())
    }
}

impl Bucket {
    fn after(&self, now: Instant, a_minute: u32) -> i64 {
        let refill = now.since(self.at).clamp(0, 60_000).saturating_mul(i64::from(a_minute));
        self.left.saturating_add(refill).min(i64::from(a_minute) * ONE)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn an_empty_bucket_refills_with_time_and_others_are_not_touched() {
        let cap = Cap::new(3);
        let start = Instant::from_ms(1_000_000);
        for _ in 0..3 {
            cap.take(HERE, start).unwrap();
        }
        assert_eq!(cap.take(HERE, start), Err(Code::TooManyRequests));
        assert_eq!(cap.take(THERE, start), Ok(()));
        assert_eq!(cap.take(HERE, start.plus_ms(19_999)), Err(Code::TooManyRequests));
        assert_eq!(cap.take(HERE, start.plus_ms(20_000)), Ok(()));
        assert_eq!(cap.take(HERE, start.plus_ms(20_000)), Err(Code::TooManyRequests));
    }

    #[test]
    fn a_clock_that_goes_back_neither_fills_nor_drains() {
        let cap = Cap::new(1);
        let start = Instant::from_ms(1_000_000);
        cap.take(HERE, start).unwrap();
        assert_eq!(cap.take(HERE, start.plus_ms(-500_000)), Err(Code::TooManyRequests));
    }
}
