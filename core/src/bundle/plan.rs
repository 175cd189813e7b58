//! How a bundle is split: frames in their order into parts of about a size, and what the parts are called.

use super::{Content, EXTENSION, Head};

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
}
