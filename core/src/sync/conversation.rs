//! The order of a sync: state → push → (repair) → pull → blobs → receipt, as a machine without I/O.
//!
//! [`Conversation::next`] says what to do, [`Conversation::told`] takes the result. Whoever drives it may stop after any
//! step and begin a new conversation: everything kept so far counts, everything sent twice is recognised.

use super::{Digest, PushAnswer, Receipt, ReceiptRequest, ScopeDigest, StateAnswer, StateQuery, Verdict};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{EpochId, ReceiptId};
use crate::time::Instant;

/// What the tablet holds, as far as a sync is concerned.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Holdings {
    /// The life of the station's store that positions belong to; `None` before the first sync.
    pub epoch: Option<EpochId>,
    /// The position up to which the tablet has the feed.
    pub cursor: u64,
    /// Own revisions without a verdict.
    pub unsent: u64,
    /// Blobs not yet at the station.
    pub unsent_blobs: u64,
    /// Count and digest of the revisions that have a position, by scope.
    pub scopes: Vec<ScopeDigest>,
    /// Whether the kept receipt covers all of that.
    pub covered: bool,
    /// As `covered`, but for blobs that the station lacks and that are not here either: a sync can do nothing more.
    pub settled: bool,
    /// Revisions of others that the station is to be given back.
    pub unplaced: u64,
    /// Another life of the station's store, or another end of the own log, was adopted, and both sides have not been compared
    /// since.
    pub to_compare: bool,
    /// The newest receipt of this life of the station's store.
    pub receipt: Option<ReceiptId>,
    /// Blobs of own revisions that no receipt has stated yet, as many as are asked about at once.
    pub blobs: Vec<Hash>,
    /// The greatest place of the own log that the station has given a verdict on.
    pub answered: u64,
}

/// What to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Look at what the tablet holds; tell [`Told::Holdings`].
    Look,
    /// Ask the station; tell [`Told::State`].
    AskState(StateQuery),
    /// The own log went two ways, because the tablet was put back to a copy or there are two of it: go on under another name,
    /// and write anew what the station does not have; tell [`Told::Kept`].
    TakeNewName,
    /// Prove to the station by this receipt, which it signed, that it was put back to an older copy; tell [`Told::Kept`].
    ShowReceipt(ReceiptId),
    /// From now on positions are of this life of the station's store, which holds the own log up to a place: what comes after
    /// waits to be sent again; tell [`Told::Kept`].
    Adopt {
        /// The life.
        epoch: EpochId,
        /// The place.
        seq: u64,
    },
    /// Find what only one side holds, fetch what is lacking here and give what is lacking there; tell [`Told::Repaired`].
    Repair(EpochId),
    /// Send the next batch of own revisions and keep the verdicts; tell [`Told::Pushed`], or [`Told::NothingToPush`].
    Push(EpochId),
    /// Fetch what comes after this position and keep it; tell [`Told::Pulled`].
    Pull {
        /// The position.
        after: u64,
    },
    /// Send the next blob and keep that it is there; tell [`Told::BlobSent`], or [`Told::NoBlobs`].
    SendBlob,
    /// Look once more; tell [`Told::Holdings`].
    LookAgain,
    /// Compare with the station; tell [`Told::Receipt`], [`Told::BlobsMissing`] or [`Told::Mismatch`].
    AskReceipt(ReceiptRequest),
    /// Keep the receipt; tell [`Told::Kept`].
    Keep(Box<Receipt>),
    /// It is over.
    Done(Outcome),
    /// It cannot go on.
    Failed(Code),
}

/// What came of a step.
#[derive(Clone, PartialEq, Debug)]
pub enum Told {
    /// What the tablet holds.
    Holdings(Holdings),
    /// What the station has.
    State {
        /// Its answer.
        answer: StateAnswer,
        /// The own log is another one up to where the station holds it.
        forked: bool,
    },
    /// Both hold the same now, as far as they could agree.
    Repaired {
        /// The feed is known up to here.
        newest: u64,
        /// Fetched because it was lacking here.
        fetched: u64,
        /// Given because it was lacking there.
        given: u64,
    },
    /// The verdicts on a batch, already kept.
    Pushed(PushAnswer),
    /// The outbox is empty.
    NothingToPush,
    /// A pull, already kept.
    Pulled {
        /// New to the tablet.
        new: u64,
        /// The tablet has the feed up to here.
        end: u64,
        /// Whether there is more.
        more: bool,
    },
    /// A blob is at the station.
    BlobSent(Hash),
    /// No blob waits.
    NoBlobs,
    /// The station agrees.
    Receipt(Box<Receipt>),
    /// The station holds something else.
    Mismatch,
    /// The station agrees, but lacks blobs that the tablet thought were there; they wait again.
    BlobsMissing,
    /// The local step is done.
    Kept,
    /// The station refused the whole step.
    Refused(Code),
}

/// What a sync did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Outcome {
    /// Own revisions stored by this sync or found to be stored already.
    pub pushed: u64,
    /// Of these, stored by an earlier sync whose answer was lost.
    pub duplicates: u64,
    /// Own revisions refused.
    pub refused: u64,
    /// Revisions of others that are new here.
    pub pulled: u64,
    /// Blobs sent.
    pub blobs: u64,
    /// Revisions that one side had lost and got back from the other.
    pub repaired: u64,
    /// Nothing was new on either side; the receipt kept before still covers everything.
    pub nothing_new: bool,
    /// The station's clock at the beginning.
    pub station_at: Option<Instant>,
}

#[derive(Clone, PartialEq, Debug)]
enum Place {
    Look,
    AskState(Holdings),
    TakeNewName,
    ShowReceipt(ReceiptId),
    Adopt { epoch: EpochId, seq: u64 },
    Push(EpochId),
    Repair(EpochId),
    Pull { epoch: EpochId, after: u64 },
    Blobs(EpochId),
    LookAgain(EpochId),
    Compare(ReceiptRequest),
    Keep(Box<Receipt>),
    Done,
    Failed(Code),
}

/// How often a sync begins anew or repairs before it gives up.
const PATIENCE: u32 = 3;

/// A sync under way.
#[derive(Clone, PartialEq, Debug)]
pub struct Conversation {
    place: Place,
    cursor: u64,
    outcome: Outcome,
    /// Something may differ that a push and a pull do not mend.
    to_repair: bool,
    begun_anew: u32,
    repaired: u32,
    sent_again: bool,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            place: Place::Look,
            cursor: 0,
            outcome: Outcome::default(),
            to_repair: false,
            begun_anew: 0,
            repaired: 0,
            sent_again: false,
        }
    }
}

impl Conversation {
    /// What to do next. Asking again without telling anything gives the same step.
    #[must_use]
    pub fn next(&self) -> Step {
        match &self.place {
            Place::Look => Step::Look,
            Place::AskState(holdings) => {
                Step::AskState(StateQuery { after: holdings.cursor, receipt: holdings.receipt })
            }
            Place::TakeNewName => Step::TakeNewName,
            Place::ShowReceipt(receipt) => Step::ShowReceipt(*receipt),
            Place::Adopt { epoch, seq } => Step::Adopt { epoch: *epoch, seq: *seq },
            Place::Push(epoch) => Step::Push(*epoch),
            Place::Repair(epoch) => Step::Repair(*epoch),
            Place::Pull { after, .. } => Step::Pull { after: *after },
            Place::Blobs(_) => Step::SendBlob,
            Place::LookAgain(_) => Step::LookAgain,
            Place::Compare(request) => Step::AskReceipt(request.clone()),
            Place::Keep(receipt) => Step::Keep(receipt.clone()),
            Place::Done => Step::Done(self.outcome),
            Place::Failed(code) => Step::Failed(*code),
        }
    }

    /// Takes what came of the step. What does not belong to the step ends the conversation with `answer_unreadable`.
    pub fn told(&mut self, told: Told) {
        let place = std::mem::replace(&mut self.place, Place::Done);
        self.place = match (place, told) {
            (Place::Done, _) | (Place::Keep(_), Told::Kept) => Place::Done,
            (Place::Failed(code), _) => Place::Failed(code),
            (_, Told::Refused(Code::LogForked)) => self.anew(Place::TakeNewName, Code::LogForked),
            (_, Told::Refused(code @ (Code::EpochChanged | Code::LogGap))) => self.anew(Place::Look, code),
            (_, Told::Refused(code)) => Place::Failed(code),
            (Place::Look, Told::Holdings(holdings)) => {
                self.cursor = holdings.cursor;
                Place::AskState(holdings)
            }
            (Place::AskState(holdings), Told::State { answer, forked }) => self.after_state(&holdings, &answer, forked),
            (Place::TakeNewName | Place::ShowReceipt(_), Told::Kept) => Place::Look,
            (Place::Adopt { epoch, .. }, Told::Kept) => Place::Push(epoch),
            (Place::Push(epoch), Told::Pushed(answer)) => {
                self.count(&answer);
                Place::Push(epoch)
            }
            (Place::Push(epoch), Told::NothingToPush) => match std::mem::take(&mut self.to_repair) {
                true => Place::Repair(epoch),
                false => Place::Pull { epoch, after: self.cursor },
            },
            (Place::Repair(epoch), Told::Repaired { newest, fetched, given }) => {
                self.outcome.repaired += fetched + given;
                self.cursor = newest;
                Place::Push(epoch)
            }
            (Place::Pull { epoch, after }, Told::Pulled { new, end, more }) => {
                self.outcome.pulled += new;
                self.cursor = end;
                match (more, end > after) {
                    (true, true) => Place::Pull { epoch, after: end },
                    (true, false) => Place::Failed(Code::AnswerUnreadable),
                    (false, _) => Place::Blobs(epoch),
                }
            }
            (Place::Blobs(epoch), Told::BlobSent(_)) => {
                self.outcome.blobs += 1;
                Place::Blobs(epoch)
            }
            (Place::Blobs(epoch), Told::NoBlobs) => Place::LookAgain(epoch),
            (Place::LookAgain(epoch), Told::Holdings(holdings)) => {
                let position = holdings.cursor;
                Place::Compare(ReceiptRequest { epoch, position, scopes: holdings.scopes, blobs: holdings.blobs })
            }
            (Place::Compare(_), Told::Receipt(receipt)) => Place::Keep(receipt),
            (Place::Compare(request), Told::BlobsMissing) if !self.sent_again => {
                self.sent_again = true;
                Place::Blobs(request.epoch)
            }
            (Place::Compare(request), Told::Mismatch) if self.repaired < PATIENCE => {
                self.repaired += 1;
                Place::Repair(request.epoch)
            }
            (Place::Compare(_), Told::Mismatch | Told::BlobsMissing) => Place::Failed(Code::DigestMismatch),
            _ => Place::Failed(Code::AnswerUnreadable),
        };
    }

    fn anew(&mut self, place: Place, code: Code) -> Place {
        self.begun_anew += 1;
        if self.begun_anew > PATIENCE { Place::Failed(code) } else { place }
    }

    fn after_state(&mut self, holdings: &Holdings, state: &StateAnswer, forked: bool) -> Place {
        self.outcome.station_at = Some(state.at_ms);
        if forked {
            return self.anew(Place::TakeNewName, Code::LogForked);
        }
        if let Some(receipt) = holdings.receipt.filter(|_| state.rolled_back && holdings.epoch == Some(state.epoch)) {
            return self.anew(Place::ShowReceipt(receipt), Code::EpochChanged);
        }
        if holdings.epoch != Some(state.epoch) || state.seq < holdings.answered {
            self.to_repair = holdings.epoch.is_some();
            return Place::Adopt { epoch: state.epoch, seq: state.seq };
        }
        let held = holdings.scopes.iter().fold(Digest::default(), |sum, scope| sum.with(scope.digest));
        self.to_repair |= holdings.unplaced > 0 || holdings.to_compare;
        let nothing_waits = holdings.unsent == 0 && holdings.unsent_blobs == 0 && !self.to_repair;
        if nothing_waits && state.position <= holdings.cursor && state.held == held && holdings.settled {
            self.outcome.nothing_new = true;
            return Place::Done;
        }
        Place::Push(state.epoch)
    }

    fn count(&mut self, answer: &PushAnswer) {
        for item in &answer.items {
            match item.verdict {
                Verdict::Stored(_) => self.outcome.pushed += 1,
                Verdict::Duplicate(_) => {
                    self.outcome.pushed += 1;
                    self.outcome.duplicates += 1;
                }
                Verdict::Refused(_) => self.outcome.refused += 1,
            }
        }
    }
}
