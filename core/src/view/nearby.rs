//! The page of nearby tablets: whom this one meets, what goes over, what it carries for others.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{AnswerTaken, Names, Refusal, Waiting};
use crate::ids::DeviceId;
use crate::time::Instant;

/// The page of nearby tablets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NearbyStatus {
    /// Whether the tablet knows to whom its work is sealed.
    pub ready: bool,
    /// What would be handed over.
    pub waiting: Waiting,
    /// Whether the receipt still covers everything on this tablet.
    pub covered: bool,
    /// How far an encounter is.
    pub stage: NearbyStage,
    /// What is carried for others.
    pub carried: Vec<CarriedLine>,
}

/// How far an encounter of two tablets is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
#[ts(export)]
pub enum NearbyStage {
    /// There is none.
    Idle,
    /// This tablet waits for one that hands its work over.
    Waiting {
        /// What the other officer may type if the network does not show this tablet.
        addresses: Vec<String>,
        /// The network could not be told that this tablet waits.
        hidden: bool,
        /// Why a tablet that called was turned away.
        passed: Option<Refusal>,
    },
    /// This tablet looks for one that carries.
    Looking {
        /// Those of the own station that wait.
        found: Vec<NeighbourLine>,
        /// The network cannot be searched.
        blind: bool,
    },
    /// This tablet calls another one.
    Calling {
        /// Where.
        address: String,
    },
    /// Both officers compare.
    Comparing {
        /// Six digits that both must see.
        code: String,
        /// The other tablet, as it says.
        other: NeighbourLine,
        /// Whether this tablet hands its work over.
        gives: bool,
        /// Whether this officer has confirmed.
        confirmed: bool,
    },
    /// Files go over.
    Moving {
        /// The other tablet.
        other: NeighbourLine,
        /// Whether this tablet hands its work over.
        gives: bool,
        /// How far it is.
        moving: Moving,
    },
    /// Everything is where it belongs.
    Done {
        /// The other tablet.
        other: NeighbourLine,
        /// Whether this tablet handed its work over.
        gives: bool,
        /// What went over.
        over: HandedOver,
    },
    /// It ended early.
    Ended {
        /// Whether this tablet was to hand its work over.
        gives: bool,
        /// Why.
        refusal: Refusal,
        /// Whether files were on their way already.
        moved: bool,
    },
}

/// How far files are; the total is known, or 0 while it is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Moving {
    /// Whether they leave this tablet.
    pub out: bool,
    /// Bytes that are there.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// What a meeting brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HandedOver {
    /// Parts that went to the other tablet.
    pub given: u32,
    /// Their bytes.
    pub given_bytes: u64,
    /// Parts that came from it.
    pub taken: u32,
    /// Their bytes.
    pub taken_bytes: u64,
    /// What the answers among them brought.
    pub answer: Option<AnswerTaken>,
}

/// Another tablet of the station.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NeighbourLine {
    /// The tablet.
    pub device: DeviceId,
    /// Whose it is; empty if that is not known here.
    pub officer_name: Names,
    /// Where it waits; empty if it is met already.
    pub address: String,
}

/// What is carried for one tablet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CarriedLine {
    /// The tablet.
    pub device: DeviceId,
    /// Whose it is; empty if that is not known here.
    pub officer_name: Names,
    /// Parts for the station.
    pub parts: u32,
    /// Parts of the station's answer for the tablet.
    pub answers: u32,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Since when the oldest of them is here.
    pub since: Option<Instant>,
}

/// The tablet to be called.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NearbyCall {
    /// As it was found, or typed.
    pub address: String,
}

/// What an officer says of the digits.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NearbyConfirm {
    /// Whether both tablets show the same ones.
    pub same: bool,
}
