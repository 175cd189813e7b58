//! What the wire asks for: an answer of the station, time that passes, others who act meanwhile.

use ailchin_core::sync::PushAnswer;

use super::Sim;
use super::disk::Files;
use super::doors::{Answer, Door, Request};
use super::plan::Fault;
use super::planted::Planted;
use super::promises::{Broken, Invariant, hold};
use super::station::Station;
use crate::Dice;

impl Sim {
    pub(super) fn serve(&self, request: &Request) -> Option<Answer> {
        self.counts.borrow_mut().requests += 1;
        let mut station = self.station.borrow_mut();
        let kills = station.kills;
        let before = self.strikes_at(request).then(|| station.files());
        let answer = station.serve(request);
        if let Some(before) = before.filter(|_| answer.as_ref().is_some_and(|answer| !answer.refused)) {
            self.spoil(&mut station, &before);
        }
        if request.door == Door::Give {
            let said = answer.as_ref().map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
            self.say(|| format!("  the station says to a gift: {}", said.unwrap_or_default()));
        }
        if request.door == Door::Push
            && let Some(answer) = answer.as_ref().filter(|answer| !answer.refused)
        {
            let said: PushAnswer = serde_json::from_slice(&answer.body).unwrap();
            let told = self.ledger.borrow_mut().was_told(request.device, &said, &station);
            self.breaks(told);
        }
        if station.kills > kills {
            self.count(Fault::KillStation);
            self.say(|| format!("  the station was killed at {}", request.door.name()));
        }
        answer
    }

    pub(super) fn strikes_at(&self, request: &Request) -> bool {
        match request.door {
            Door::Push => self.strikes(Planted::AnswerBeforeCommit) || self.strikes(Planted::FeedRewritten),
            Door::BeginBlob { .. } | Door::AddToBlob { .. } => self.strikes(Planted::ReceiptTooMuch),
            _ => false,
        }
    }

    pub(super) fn spoil(&self, station: &mut Station, before: &Files) {
        match self.planted {
            Some(Planted::AnswerBeforeCommit) => station.put(before),
            Some(Planted::FeedRewritten) => station.rewrite(),
            Some(Planted::ReceiptTooMuch) => station.lose_blobs(),
            _ => {}
        }
    }

    /// Lets others act, and time pass.
    pub(super) fn meanwhile(&self, dice: &mut Dice) {
        let events = dice.below(4);
        for _ in 0..events {
            let next = self.queue.borrow_mut().pop_front();
            let Some(event) = next else { break };
            self.breaks(self.happen(event));
        }
        self.pass(i64::try_from(dice.below(7_200_000)).unwrap());
    }

    pub(super) fn keep_for_later(&self, request: Request) {
        self.late.borrow_mut().push(request);
    }

    /// Keeps what broke while a sync is under way until the sync is over.
    pub(super) fn breaks(&self, held: Result<(), Broken>) {
        if let Err(broken) = held {
            self.broken.borrow_mut().get_or_insert(broken);
        }
    }

    /// A tablet compares what it holds with the station: afterwards it is at the end of the feed, wherever that is now.
    pub(super) fn compares(&self, n: usize) {
        if self.tablets[n].borrow().may_differ {
            self.ledger.borrow_mut().may_begin_anew(n);
        }
    }

    /// The station said that it holds something else than this tablet.
    pub(super) fn differs(&self, n: usize) {
        let tablet = self.tablets[n].borrow();
        // Of two tablets of one name each writes what the other one does not know.
        let held = hold(Invariant::DiffersForACause, tablet.may_differ || tablet.cloned, || {
            format!("the station holds something else than tablet {n}, and nothing happened that explains it")
        });
        self.ledger.borrow_mut().may_begin_anew(n);
        self.breaks(held);
    }
}
