//! Blobs that are here: whether, and their bytes. How they come here is [`super::tus`].

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::App;
use super::access::Tablet;
use super::answer::Refusal;

/// `HEAD /v1/blobs/{hash}`.
pub(super) async fn look(
    State(app): State<App>,
    tablet: Tablet,
    Path(hash): Path<String>,
) -> Result<StatusCode, Refusal> {
    let hash = Hash::parse(&hash).map_err(|_| Code::Malformed)?;
    let here = app.store(move |store, _| store.has_blob(tablet.station, hash)).await?;
    if here { Ok(StatusCode::OK) } else { Err(Refusal::from(Code::NotFound)) }
}
