//! Bytes from outside, damaged and made up: every parser takes them without a panic, or refuses them.
//!
//! A [`Target`] is a parser with valid examples. [`Target::try_one`] changes an example by the dice, hands it over, and looks
//! that what was accepted reads back the same. The same seed gives the same bytes.

mod bundle;
mod bytes;
mod forms;
mod hostile;
mod nearby;
mod repair;
mod shut_out;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Dice;

/// Takes bytes; whether it accepted them. Panics if what it accepted does not read back the same.
type Take = Box<dyn Fn(&[u8]) -> bool>;

/// A parser that meets the outside.
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    examples: Vec<Vec<u8>>,
    /// The examples are packed lines: half of the time what is inside is changed, and packed again.
    packed: bool,
    take: Take,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What became of the bytes of a seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Became {
    /// They were accepted, and read back the same.
    Accepted,
    /// They were refused.
    Refused,
    /// The parser panicked on these bytes.
    Panicked(Vec<u8>),
}

impl Target {
    fn new(name: &'static str, examples: Vec<Vec<u8>>, take: impl Fn(&[u8]) -> bool + 'static) -> Self {
        Self { name, examples, packed: false, take: Box::new(take) }
    }

    fn packed(self) -> Self {
        Self { packed: true, ..self }
    }

    /// Every target.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = wire::targets();
        all.extend(forms::targets());
        all.extend(hostile::targets());
        all.extend(bundle::targets());
        all.extend(repair::targets());
        all.extend(shut_out::targets());
        all.extend(nearby::targets());
        all
    }

    /// Whether every example is accepted as it is.
    #[must_use]
    pub fn takes_its_examples(&self) -> bool {
        self.examples.iter().all(|example| (self.take)(example))
    }

    /// Tries the bytes of one seed.
    #[must_use]
    pub fn try_one(&self, seed: u64) -> Became {
        let mut dice = Dice::new(seed);
        let bytes = bytes::changed(&mut dice, &self.examples, self.packed);
        match catch_unwind(AssertUnwindSafe(|| (self.take)(&bytes))) {
            Ok(true) => Became::Accepted,
            Ok(false) => Became::Refused,
            Err(_) => Became::Panicked(bytes),
        }
    }
}
