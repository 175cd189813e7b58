//! How a bundle is split: frames in their order into parts of about a size, and what the parts are called.

use super::{Content, EXTENSION, Head};
use crate::ids::{BundleId, DeviceId};

/// Which frame goes into which part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts(Vec<std::ops::Range<usize>>);

impl Parts {
    /// Splits frames of these sizes. A frame larger than a part has a part to itself; there is at least one part.
    #[must_use]
    pub fn of(sizes: &[u64], part_bytes: u64) -> Self {
        let (mut parts, mut from, mut bytes) = (Vec::new(), 0, 0_u64);
        for (index, size) in sizes.iter().enumerate() {
            if index > from && bytes + size > part_bytes {
                parts.push(from..index);
                (from, bytes) = (index, 0);
            }
            bytes += size;
        }
        parts.push(from..sizes.len());
        Self(parts)
    }

    /// How many parts.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The number of each part, from 1 on, and its frames.
    pub fn each(&self) -> impl Iterator<Item = (u32, std::ops::Range<usize>)> {
        (1..).zip(self.0.iter().cloned())
    }
}

/// What the file of a part is called: whose, of which bundle, which part.
#[must_use]
pub fn part_name(head: &Head) -> String {
    let answer = match head.content {
        Content::Ask(_) => "",
        Content::Reply(_) => "answer-",
    };
    format!("{}-{}-{answer}{:03}.{EXTENSION}", head.device, head.bundle, head.part)
}

/// What the name of a part's file says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PartName {
    /// Whose bundle it is.
    pub device: DeviceId,
    /// The bundle.
    pub bundle: BundleId,
    /// Whether it is the station's answer.
    pub answer: bool,
    /// Which part.
    pub part: u32,
}

impl PartName {
    /// Reads a name as [`part_name`] writes it; `None` for any other, so that none leads out of a folder.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        let (device, rest) = (stem.get(..36)?, stem.get(36..)?.strip_prefix('-')?);
        let (bundle, rest) = (rest.get(..36)?, rest.get(36..)?.strip_prefix('-')?);
        let (answer, part) = rest.strip_prefix("answer-").map_or((false, rest), |part| (true, part));
        let digits = (3..=6).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let (device, bundle) = (DeviceId::parse(device).ok()?, BundleId::parse(bundle).ok()?);
        Some(Self { device, bundle, answer, part: part.parse().ok().filter(|_| digits)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_their_order_and_every_frame_is_in_one_part() {
        let ends = |sizes: &[u64], most| {
            let parts = Parts::of(sizes, most);
            let ranges: Vec<_> = parts.each().map(|(_, range)| range).collect();
            assert!(ranges.windows(2).all(|two| two[0].end == two[1].start));
            ranges.iter().map(|range| range.end).collect::<Vec<_>>()
        };
        assert_eq!(ends(&[], 10), [0]);
        assert_eq!(ends(&[4, 4, 4], 10), [2, 3]);
        assert_eq!(ends(&[50, 1, 50, 9, 1], 10), [1, 2, 3, 5]);
    }

    #[test]
    fn only_a_name_of_a_part_is_one() {
        let (device, bundle) = (DeviceId::from_bytes([1; 16]), BundleId::from_bytes([2; 16]));
        let name = format!("{device}-{bundle}-answer-012.ailchin");
        assert_eq!(PartName::read(&name), Some(PartName { device, bundle, answer: true, part: 12 }));
        assert!(PartName::read(&name.replace("answer-", "")).is_some_and(|name| !name.answer));
        for wrong in [
            "../x.ailchin".to_owned(),
            format!("../{name}"),
            name.replace("012", "../012"),
            name.replace("012", "+12"),
            name.replace(".ailchin", ".ailchin.new"),
            name.replace(".ailchin", ""),
        ] {
            assert_eq!(PartName::read(&wrong), None, "{wrong}");
        }
    }
}
