//! Which revisions only one side holds, found in few exchanges.
//!
//! The revisions of an area are a set of body hashes. A *range* are those that begin with some hexadecimal digits. The station
//! tells of a range either its sixteen parts with count and digest, or, if it is small, everything in it. The tablet looks
//! into the parts that differ, so that *n* revisions take about log₁₆ *n* exchanges, whatever the difference is.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, EpochId};

/// A range with at most so many revisions is listed.
pub const LISTED: usize = 32;

/// The most ranges in one request.
pub const MAX_RANGES: usize = 256;

/// The most digits of a range.
const MAX_DIGITS: usize = 32;

/// The revisions of an area whose body hash begins with some digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Range {
    /// The area that they are filed in.
    pub area: AreaId,
    /// Lower-case hexadecimal digits, none for all of the area.
    pub digits: String,
}

/// A revision that is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Held {
    /// The hash of its body.
    pub hash: Hash,
    /// In whose log it stands …
    pub device: DeviceId,
    /// … at which place.
    pub seq: u64,
}

/// What is held of a range.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub enum RangeHeld {
    /// Everything in it.
    Listed(Vec<Held>),
    /// Count and digest of the sixteen ranges with one digit more.
    Parts(Vec<Digest>),
}

/// [`RangeHeld`] as it is written: one of these.
#[derive(Serialize, Deserialize)]
struct Members {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listed: Option<Vec<Held>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parts: Option<Vec<Digest>>,
}

impl From<RangeHeld> for Members {
    fn from(held: RangeHeld) -> Self {
        match held {
            RangeHeld::Listed(listed) => Self { listed: Some(listed), parts: None },
            RangeHeld::Parts(parts) => Self { listed: None, parts: Some(parts) },
        }
    }
}

impl TryFrom<Members> for RangeHeld {
    type Error = &'static str;

    fn try_from(members: Members) -> Result<Self, Self::Error> {
        match (members.listed, members.parts) {
            (Some(listed), _) => Ok(Self::Listed(listed)),
            (None, Some(parts)) => Ok(Self::Parts(parts)),
            (None, None) => Err("what is held of a range is listed or told in parts"),
        }
    }
}

/// `POST /v1/sync/ranges`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RangesRequest {
    /// The life of the station's store as the tablet knows it.
    pub epoch: EpochId,
    /// At most [`MAX_RANGES`].
    pub ranges: Vec<Range>,
}

/// What the station holds of each range, in the order of the request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RangesAnswer {
    /// The newest position of the feed: nothing up to it is left out.
    pub newest: u64,
    /// What is held.
    pub ranges: Vec<RangeHeld>,
}

impl RangeHeld {
    /// How it was told.
    #[must_use]
    pub const fn detail(&self) -> Detail {
        match self {
            Self::Listed(_) => Detail::Listed,
            Self::Parts(_) => Detail::Parts,
        }
    }
}

impl Range {
    /// All of an area.
    #[must_use]
    pub const fn all(area: AreaId) -> Self {
        Self { area, digits: String::new() }
    }

    /// The sixteen ranges with one digit more.
    pub fn parts(&self) -> impl Iterator<Item = Self> + '_ {
        "0123456789abcdef".chars().map(|digit| Self { area: self.area, digits: format!("{}{digit}", self.digits) })
    }

    /// Whether the digits are digits, and not too many.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.digits.len() <= MAX_DIGITS && self.digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    }
}

/// How a range is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Everything in it, whatever its size.
    Listed,
    /// In sixteen parts, whatever its size.
    Parts,
    /// Listed if it is small.
    AsFits,
}

/// Tells what is held of some ranges of one area, from all its revisions in any order.
#[derive(Debug)]
pub struct Tally<'a> {
    /// Digits → which range, and how many digits there may be.
    places: HashMap<&'a str, usize>,
    lengths: BTreeSet<usize>,
    held: Vec<(Vec<Held>, Vec<Digest>, Detail)>,
}

impl<'a> Tally<'a> {
    /// For these ranges.
    pub fn of(ranges: impl IntoIterator<Item = (&'a Range, Detail)>) -> Self {
        let mut tally = Self { places: HashMap::new(), lengths: BTreeSet::new(), held: Vec::new() };
        for (range, detail) in ranges {
            tally.places.insert(&range.digits, tally.held.len());
            tally.lengths.insert(range.digits.len());
            tally.held.push((Vec::new(), vec![Digest::default(); 16], detail));
        }
        tally
    }

    /// One of the area's revisions.
    pub fn add(&mut self, revision: Held) {
        let digits = revision.hash.to_string();
        for length in &self.lengths {
            let Some((listed, parts, detail)) =
                digits.get(..*length).and_then(|begin| self.places.get(begin)).and_then(|at| self.held.get_mut(*at))
            else {
                continue;
            };
            if *detail == Detail::Listed || listed.len() <= LISTED {
                listed.push(revision);
            }
            let next = digits.get(*length..).and_then(|rest| rest.chars().next()).and_then(|digit| digit.to_digit(16));
            if let Some(part) = next.and_then(|digit| parts.get_mut(digit as usize)) {
                part.add(revision.hash);
            }
        }
    }

    /// What is held, in the order of the ranges.
    pub fn tell(self) -> impl Iterator<Item = RangeHeld> {
        self.held.into_iter().map(|(mut listed, parts, detail)| {
            if detail == Detail::Listed || (detail == Detail::AsFits && listed.len() <= LISTED) {
                listed.sort_unstable();
                RangeHeld::Listed(listed)
            } else {
                RangeHeld::Parts(parts)
            }
        })
    }
}

/// A comparison under way, from the tablet's side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    asked: Vec<Range>,
    /// The newest position when it began.
    pub newest: Option<u64>,
    /// What only the station holds.
    pub lacking: BTreeSet<Held>,
    /// What only the tablet holds.
    pub extra: BTreeSet<Held>,
}

impl Comparison {
    /// Of these areas.
    pub fn of(areas: impl IntoIterator<Item = AreaId>) -> Self {
        let asked = areas.into_iter().map(Range::all).collect();
        Self { asked, newest: None, lacking: BTreeSet::new(), extra: BTreeSet::new() }
    }

    /// What to ask next; empty at the end.
    #[must_use]
    pub fn asks(&self) -> &[Range] {
        self.asked.get(..MAX_RANGES).unwrap_or(&self.asked)
    }

    /// Takes what the station holds of the ranges asked for, and what the tablet holds: listed where the station listed, in
    /// parts where it told parts.
    ///
    /// # Errors
    /// `answer_unreadable` if the answer does not fit the question.
    pub fn told(&mut self, station: &RangesAnswer, mine: &[RangeHeld]) -> Result<(), Code> {
        let asked: Vec<Range> = self.asks().to_vec();
        if asked.is_empty() || station.ranges.len() != asked.len() || mine.len() != asked.len() {
            return Err(Code::AnswerUnreadable);
        }
        self.newest.get_or_insert(station.newest);
        self.asked.drain(..asked.len());
        for ((range, theirs), mine) in asked.iter().zip(&station.ranges).zip(mine) {
            match (theirs, mine) {
                (RangeHeld::Listed(theirs), RangeHeld::Listed(mine)) => {
                    self.lacking.extend(theirs.iter().filter(|one| !mine.contains(one)));
                    self.extra.extend(mine.iter().filter(|one| !theirs.contains(one)));
                }
                (RangeHeld::Parts(theirs), RangeHeld::Parts(mine))
                    if theirs.len() == 16 && mine.len() == 16 && range.digits.len() < MAX_DIGITS =>
                {
                    let differing = range.parts().zip(theirs.iter().zip(mine)).filter(|(_, (one, other))| one != other);
                    self.asked.extend(differing.map(|(part, _)| part));
                }
                _ => return Err(Code::AnswerUnreadable),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Instant;
    use crate::world::Seeded;

    fn told(held: &[Held], ranges: &[Range], detail: impl Fn(usize) -> Detail) -> Vec<RangeHeld> {
        let mut tally = Tally::of(ranges.iter().enumerate().map(|(index, range)| (range, detail(index))));
        held.iter().for_each(|one| tally.add(*one));
        tally.tell().collect()
    }

    /// Compares two sides; how many exchanges it took, what one lacks and what the other.
    fn compared(station: &[Held], tablet: &[Held], area: AreaId) -> (u32, BTreeSet<Held>, BTreeSet<Held>) {
        let mut comparison = Comparison::of([area]);
        let mut exchanges = 0;
        while !comparison.asks().is_empty() {
            let asked = comparison.asks().to_vec();
            let answer = RangesAnswer { newest: 1, ranges: told(station, &asked, |_| Detail::AsFits) };
            let mine = told(tablet, &asked, |index| answer.ranges[index].detail());
            comparison.told(&answer, &mine).unwrap();
            exchanges += 1;
        }
        (exchanges, comparison.lacking, comparison.extra)
    }

    fn many(from: u64, to: u64) -> Vec<Held> {
        let device = DeviceId::from_bytes([7; 16]);
        (from..to).map(|seq| Held { hash: Hash::of(&seq.to_be_bytes()), device, seq }).collect()
    }

    proptest! {
        #[test]
        fn exactly_what_differs_is_found(common in 0_u64..600, here in 0_u64..60, there in 0_u64..60) {
            let area = AreaId::new(&Seeded::new(1, Instant::from_ms(1)));
            let (mut station, mut tablet) = (many(0, common), many(0, common));
            station.extend(many(10_000, 10_000 + there));
            tablet.extend(many(20_000, 20_000 + here));
            let (_, lacking, extra) = compared(&station, &tablet, area);
            prop_assert_eq!(lacking, many(10_000, 10_000 + there).into_iter().collect());
            prop_assert_eq!(extra, many(20_000, 20_000 + here).into_iter().collect());
        }
    }

    #[test]
    fn one_difference_among_twenty_thousand_takes_five_exchanges_at_most() {
        let area = AreaId::new(&Seeded::new(1, Instant::from_ms(1)));
        let station = many(0, 20_000);
        let tablet: Vec<Held> = station.iter().copied().filter(|one| one.seq != 4_711).collect();
        let (exchanges, lacking, extra) = compared(&station, &tablet, area);
        assert_eq!((lacking.len(), extra.len()), (1, 0));
        assert!(exchanges <= 5, "{exchanges} exchanges");
    }
}
