//! What lies on a disk at a moment, and what lies there if the power fails between two moments.
//!
//! SQLite writes a transaction to the end of its write-ahead log, from front to back, and makes it durable before it says
//! so. A kill between two moments therefore leaves the log of the later one up to some byte, perhaps with rubbish in the
//! sectors after it. That is what [`Files::killed_before`] makes, at every byte. When SQLite began the log anew or moved it
//! into the main file in between, it leaves the one moment or the other as a whole.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Dice;

/// The header of a write-ahead log.
const HEADER: usize = 32;
/// The header of one page in it.
const FRAME_HEADER: usize = 24;

/// A database's files.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Files {
    main: Vec<u8>,
    log: Vec<u8>,
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

impl Files {
    /// The files as they lie there.
    pub(super) fn at(path: &Path) -> Self {
        let read = |path: &Path| fs::read(path).unwrap_or_default();
        Self { main: read(path), log: read(&beside(path, "-wal")) }
    }

    /// Puts the files in place of what lies there. Nobody may have them open.
    pub(super) fn put(&self, path: &Path) {
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(path, suffix));
        }
        fs::write(path, &self.main).unwrap();
        if !self.log.is_empty() {
            fs::write(beside(path, "-wal"), &self.log).unwrap();
        }
    }

    /// What lies there if the machine stopped on the way from `self` to `after`.
    pub(super) fn killed_before(&self, after: &Self, dice: &mut Dice) -> Self {
        let salts = |files: &Self| files.log.get(16..24).map(<[u8]>::to_vec);
        let same_log = self.log.is_empty() || salts(self) == salts(after);
        if self.main != after.main || !same_log {
            return if dice.below(2) == 0 { self.clone() } else { after.clone() };
        }
        let page = after.main.get(16..18).map_or(4096, |size| usize::from(u16::from_be_bytes([size[0], size[1]])));
        let frame = FRAME_HEADER + if page == 1 { 65_536 } else { page.max(512) };
        let differs = |at: &usize| self.log.get(*at) != after.log.get(*at);
        let Some(first) = (0..after.log.len()).find(differs) else { return after.clone() };
        let last = (first..after.log.len()).rev().find(differs).unwrap_or(first);
        // Whole frames, so that the choice does not hang on the random salts in their headers.
        let index = |at: usize| at.saturating_sub(HEADER) / frame;
        let (from, to) = (index(first), index(last));
        let at =
            if dice.below(3) == 0 { to } else { from + usize::try_from(dice.below((to - from + 1) as u64)).unwrap() };
        // Often a whole frame: only then is there anything of the last transaction.
        let within = if dice.below(2) == 0 { frame } else { usize::try_from(dice.below(frame as u64)).unwrap() };
        let end = (HEADER + at * frame + within).min(after.log.len());
        let mut log = after.log.get(..end).unwrap_or_default().to_vec();
        log.extend_from_slice(self.log.get(end..).unwrap_or_default());
        if dice.below(4) == 0 && end < log.len().max(after.log.len()) {
            let rubbish = usize::try_from(dice.below(512)).unwrap();
            log.truncate(end);
            log.extend((0..rubbish).map(|_| u8::try_from(dice.below(256)).unwrap()));
        }
        Self { main: self.main.clone(), log }
    }
}
