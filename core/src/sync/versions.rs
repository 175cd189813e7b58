//! Which versions of the protocol a program speaks, and which one two programs speak with each other.
//!
//! A range is written `1` or `1-3`. Whoever asks says its range in [`PROTOCOL_HEADER`]; whoever answers says there the version
//! of the answer, the newest that both speak, and its own range in [`PROTOCOLS_HEADER`].

use serde::{Deserialize, Serialize};

/// The header in which a request says the versions it may be answered in, and an answer the one it is in.
pub const PROTOCOL_HEADER: &str = "ailchin-protocol";

/// The header in which an answer says the versions that the station speaks.
pub const PROTOCOLS_HEADER: &str = "ailchin-protocols";

/// A range of versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Versions {
    oldest: u32,
    newest: u32,
}

/// The text is not a range of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a range of protocol versions")]
pub struct NoVersions;

impl Versions {
    /// What this program speaks.
    pub const SPOKEN: Self = Self::only(1);

    /// What a program speaks that says nothing about it.
    pub const UNSAID: Self = Self::only(1);

    /// A range of one.
    #[must_use]
    pub const fn only(version: u32) -> Self {
        Self { oldest: version, newest: version }
    }

    /// Reads `1` or `1-3`.
    ///
    /// # Errors
    /// [`NoVersions`] for anything else, for version 0 and for a range that ends before it begins.
    pub fn read(text: &str) -> Result<Self, NoVersions> {
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u32>().map_err(|_| NoVersions),
            false => Err(NoVersions),
        };
        let (oldest, newest) = text.split_once('-').unwrap_or((text, text));
        let read = Self { oldest: number(oldest)?, newest: number(newest)? };
        if read.oldest == 0 || read.newest < read.oldest { Err(NoVersions) } else { Ok(read) }
    }

    /// The newest version that both speak.
    #[must_use]
    pub fn common(self, other: Self) -> Option<u32> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest)
    }
}

impl std::fmt::Display for Versions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.oldest == self.newest {
            true => write!(f, "{}", self.newest),
            false => write!(f, "{}-{}", self.oldest, self.newest),
        }
    }
}

impl TryFrom<String> for Versions {
    type Error = NoVersions;

    fn try_from(text: String) -> Result<Self, NoVersions> {
        Self::read(&text)
    }
}

impl From<Versions> for String {
    fn from(versions: Versions) -> Self {
        versions.to_string()
    }
}

/// Two programs that have no version in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Apart {
    /// What the tablet speaks.
    pub tablet: Versions,
    /// What the station speaks.
    pub station: Versions,
}

/// Whose program is older than the other one can bear.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Older {
    /// The tablet's.
    Tablet,
    /// The station's.
    Station,
}

impl Apart {
    /// Whose program is to be updated.
    #[must_use]
    pub const fn older(self) -> Older {
        if self.tablet.newest < self.station.oldest { Older::Tablet } else { Older::Station }
    }
}

impl std::fmt::Display for Apart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let older = match self.older() {
            Older::Tablet => "tablet",
            Older::Station => "station",
        };
        let Self { tablet, station } = self;
        write!(f, "the tablet speaks protocol {tablet}, the station {station}: update the {older}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_is_written_as_it_is_read_and_nothing_else_is_one() {
        for text in ["1", "1-2", "3-17", "4294967295"] {
            assert_eq!(Versions::read(text).unwrap().to_string(), text);
        }
        assert_eq!(Versions::read("2-2").unwrap().to_string(), "2");
        for text in ["", "0", "0-1", "2-1", "1-", "-1", "+1", "1 - 2", "1-2-3", "v1", "１", "4294967296"] {
            assert_eq!(Versions::read(text), Err(NoVersions), "{text}");
        }
    }

    #[test]
    fn the_side_that_is_too_old_is_named() {
        let apart = |tablet, station| Apart {
            tablet: Versions::read(tablet).unwrap(),
            station: Versions::read(station).unwrap(),
        };
        assert_eq!(apart("1", "2-3").older(), Older::Tablet);
        assert_eq!(apart("3-4", "1-2").older(), Older::Station);
        assert_eq!(apart("1", "2-3").to_string(), "the tablet speaks protocol 1, the station 2-3: update the tablet");
    }

    proptest! {
        #[test]
        fn the_common_version_is_the_newest_that_is_in_both(a in 1_u32..9, b in 0_u32..9, c in 1_u32..9, d in 0_u32..9) {
            let (one, other) = (Versions { oldest: a, newest: a + b }, Versions { oldest: c, newest: c + d });
            let both = (a..=a + b).filter(|version| (c..=c + d).contains(version)).max();
            prop_assert_eq!(one.common(other), both);
            prop_assert_eq!(other.common(one), both);
        }
    }
}
