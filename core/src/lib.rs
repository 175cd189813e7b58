//! What is true: records, merge, forms, packs, search, the replica and the sync conversation.
//!
//! # Map
//!
//! | room | question it answers | I/O |
//! |---|---|---|
//! | [`ids`], [`time`], [`hash`], [`world`], [`error`] | what things are called and when they happened | none |
//! | [`record`] | what a record is: revisions, merge, kinds | none |
//! | [`text`] | how text is folded so that a search finds it | none |
//! | [`pack`], [`form`] | which forms exist and what a submission says | none |
//! | [`sync`] | what is said between tablet and station, and in which order | none |
//! | `bundle` (feature) | what they send each other without a network, in files that anybody may carry | none |
//! | [`view`] | what crosses to the interface | none |
//! | [`replica`] | how one device keeps its copy in SQLite and answers the screens | a file |
//! | `device` (feature) | what makes a replica a tablet: vault, drafts, transport, blobs, commands | files, network |
//!
//! # Words
//!
//! One word per idea, in code, SQL, interface and documents:
//!
//! *station*, *area* (league, banner, sumu, gacha, grid, camp), *officer*, *tablet*, *household*, *person*, *visit*,
//! *gathering*, *case*, *task* (follow-up), *team*, *activity*, *bulletin*, *form*, *draft*, *pack*; *revision* (one
//! immutable saved change), *record* (the fold of its revisions), *replica* (a file with records), *outbox* (revisions the
//! station has not confirmed), *scope* (an area whose revisions a tablet holds), *position* (place in the station's feed),
//! *conflict* (values that did not know each other), *receipt* (the station's signed statement of what it holds),
//! *checkpoint* (a device's signature over its log), *bundle* (what a tablet
//! or a station says in files that are carried), *part* (one such file), *meeting* (of two tablets whose
//! officers compare a code), *blob* (bytes named by their hash), *invite* (a one-time code
//! that lets a tablet in), *vault* (the wrapped keys of a tablet).

#[cfg(feature = "bundle")]
pub mod bundle;
pub mod error;
pub mod form;
pub mod hash;
pub mod ids;
pub mod pack;
pub mod record;
pub mod replica;
pub mod sync;
pub mod text;
pub mod time;
pub mod view;
pub mod world;

#[cfg(feature = "device")]
pub mod device;
