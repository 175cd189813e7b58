//! Bugs that are planted to see that the simulation finds them: at least one for each invariant.
//!
//! None is in the product: they are done around it, by the wire, by writing into a file beside the program, or by putting an
//! older file back.

use ailchin_core::sync::{read_lines, write_batch};
use rusqlite::Connection;

use super::plan::Fault;
use super::promises::Invariant;
use super::tablet::Tablet;

macro_rules! planted {
    ($($(#[doc = $doc:literal])* $name:ident breaks $invariant:ident,)*) => {
        /// A planted bug.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Planted { $($(#[doc = $doc])* $name,)* }

        impl Planted {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What it breaks first.
            #[must_use]
            pub const fn breaks(self) -> Invariant {
                match self { $(Self::$name => Invariant::$invariant,)* }
            }

            /// What it does.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*),)* }
            }
        }
    };
}

planted! {
    /// A tablet says that it saved before it is durable: now and then a save is gone.
    SaveNotDurable breaks SavedStays,
    /// A kill leaves the first half of a save.
    HalfASave breaks AllOrNothing,
    /// The station answers a push and then does not commit it.
    AnswerBeforeCommit breaks ToldIsStored,
    /// A tablet saves the same work once more under a new name.
    SavedTwice breaks OnlyOnce,
    /// The station changes a revision that it has stored.
    FeedRewritten breaks FeedOnlyGrows,
    /// A tablet notes an older place in the feed than it has.
    PlaceGoesBack breaks PlaceNeverBack,
    /// A tablet does not add a revision to its area's digest.
    DigestNotCounted breaks DigestsAreRecounts,
    /// The station states blobs whose bytes it has lost.
    ReceiptTooMuch breaks ReceiptIsTrue,
    /// Positions become visible out of order: a reader passes over one.
    PositionPassedOver breaks DiffersForACause,
    /// The station refuses a whole push for one revision in it.
    PushRefusedWhole breaks ErrorsHaveCauses,
    /// The station loses its photos after the last receipt.
    PhotosLost breaks NothingMissing,
    /// A tablet loses somebody else's revision after its last receipt.
    OthersForgotten breaks SameLog,
    /// A tablet takes a revision for one of another record.
    WrongRecord breaks SameRecords,
    /// A tablet does not bring a view up to a revision that came from elsewhere.
    ViewNotUpdated breaks ViewsAreRebuilds,
    /// A tablet does not keep its receipts.
    ReceiptNotKept breaks NothingWaits,
    /// The station says each time that something is new.
    NeverQuiet breaks QuietSoon,
    /// The station takes a part of a bundle in that was changed on its way.
    DamagedTaken breaks DamagedIsRefused,
    /// The station copies what it erases.
    ErasedKept breaks ErasedIsGone,
    /// The last part of an answer, with the receipt, is never written.
    AnswerCutShort breaks FilesAreEnough,
}

impl Planted {
    /// The fault without which it never shows.
    pub(super) const fn needs(self) -> Option<Fault> {
        match self {
            Self::HalfASave => Some(Fault::KillSaving),
            Self::DamagedTaken => Some(Fault::PartDamaged),
            Self::AnswerCutShort => Some(Fault::ByFile),
            Self::ErasedKept => Some(Fault::Erased),
            _ => None,
        }
    }

    /// What it does to a tablet after a sync, before anything is looked at.
    pub(super) fn after_sync(self, tablet: &Tablet) {
        let sql = match self {
            Self::PlaceGoesBack => "UPDATE meta SET value = value - 3 WHERE key = 'cursor' AND value > 12",
            Self::DigestNotCounted => "UPDATE scope SET count = count - 1 WHERE count > 3",
            Self::ViewNotUpdated => "UPDATE household SET phone = '1' WHERE r = (SELECT max(r) FROM household)",
            _ => return,
        };
        Connection::open(&tablet.path).unwrap().execute(sql, []).unwrap();
    }

    /// What it does to a tablet when everybody has synced for the last time.
    pub(super) fn at_the_end(self, tablet: &Tablet) {
        let sql = match self {
            Self::OthersForgotten => "DELETE FROM log WHERE n = (SELECT max(n) FROM log WHERE chain IS NULL)",
            Self::WrongRecord => {
                "UPDATE log SET record = (SELECT record FROM log WHERE chain IS NULL ORDER BY n LIMIT 1)
                 WHERE n = (SELECT max(n) FROM log WHERE chain IS NULL)"
            }
            Self::ReceiptNotKept => "DELETE FROM receipt",
            _ => return,
        };
        Connection::open(&tablet.path).unwrap().execute(sql, []).unwrap();
    }

    /// What it does to a pull on its way.
    pub(super) fn on_pull(self, packed: Vec<u8>) -> Vec<u8> {
        match (self, read_lines(&packed)) {
            (Self::PositionPassedOver, Ok(mut lines)) if lines.len() > 2 => {
                lines.remove(1);
                write_batch(lines.iter().map(String::as_str)).unwrap()
            }
            _ => packed,
        }
    }
}
