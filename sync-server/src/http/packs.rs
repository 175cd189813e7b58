//! Published packs.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use super::App;
use super::access::Tablet;
use super::answer::Refusal;

/// `GET /v1/packs/{hash}`: its bytes.
pub(super) async fn pack(
    State(app): State<App>,
    tablet: Tablet,
    Path(hash): Path<String>,
) -> Result<Response, Refusal> {
    let hash = Hash::parse(&hash).map_err(|_| Code::Malformed)?;
    let bytes = app.store(move |store, _| store.pack_bytes(tablet.station, hash)).await?;
    Ok(([(CONTENT_TYPE, "application/zstd")], bytes).into_response())
}
