//! Draws from a seeded world.

use ailchin_core::world::World;

/// Draws.
#[derive(Clone, Copy)]
pub(super) struct Chance<'w>(pub(super) &'w dyn World);

impl Chance<'_> {
    /// A number below `end`; 0 if there is none. The bias of the remainder does not matter here.
    pub(super) fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill_random(&mut bytes);
        let drawn = u64::from_le_bytes(bytes) % (end.max(1) as u64);
        usize::try_from(drawn).unwrap_or(0)
    }

    /// A number from `from` up to and including `to`.
    pub(super) fn between(&self, from: i64, to: i64) -> i64 {
        let width = usize::try_from(to - from + 1).unwrap_or(1);
        from + i64::try_from(self.below(width)).unwrap_or(0)
    }

    /// A fraction from 0 up to 1.
    pub(super) fn fraction(&self) -> f64 {
        f64::from(u32::try_from(self.below(1 << 24)).unwrap_or(0)) / f64::from(1_u32 << 24)
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&self, times: usize) -> bool {
        self.below(100) < times
    }

    /// One of the items, each so often as the number beside it says.
    pub(super) fn weighted<T: Copy>(&self, items: &[(T, usize)]) -> Option<T> {
        let mut drawn = self.below(items.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in items {
            if drawn < *weight {
                return Some(*item);
            }
            drawn -= weight;
        }
        None
    }

    /// One of the items.
    pub(super) fn one<'t, T>(&self, items: &'t [T]) -> Option<&'t T> {
        items.get(self.below(items.len()))
    }
}
