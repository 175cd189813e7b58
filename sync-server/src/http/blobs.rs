//! Blobs: whether one is here, and taking one in.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::sync::MAX_BLOB_BYTES;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;

use super::App;
use super::access::Tablet;
use super::answer::Refusal;
use super::body::capped;

/// What a blob may be.
const MEDIA_TYPES: &[&str] = &["image/jpeg", "image/png"];

/// `HEAD /v1/blobs/{hash}`; a `GET` says no more.
pub(super) async fn look(
    State(app): State<App>,
    tablet: Tablet,
    Path(hash): Path<String>,
) -> Result<StatusCode, Refusal> {
    let hash = Hash::parse(&hash).map_err(|_| Code::Malformed)?;
    let here = app.store(move |store, _| store.has_blob(tablet.station, hash)).await?;
    if here { Ok(StatusCode::OK) } else { Err(Refusal::from(Code::NotFound)) }
}

/// `PUT /v1/blobs/{hash}`: 201, also when it was here already.
pub(super) async fn put(
    State(app): State<App>,
    tablet: Tablet,
    Path(hash): Path<String>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let hash = Hash::parse(&hash).map_err(|_| Code::Malformed)?;
    let named = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = MEDIA_TYPES.iter().find(|known| Some(**known) == named).ok_or(Code::Malformed)?;
    let bytes = capped(request, MAX_BLOB_BYTES).await?;
    let shared = app.clone();
    app.blocking(move || {
        if Hash::of(&bytes) != hash {
            return Err(Refusal::from(Code::BlobWrong));
        }
        shared.blobs.keep(hash, &bytes).map_err(|cause| {
            tracing::error!(error = %cause, "a blob could not be written");
            Code::StationFailed
        })?;
        let now = shared.world.now();
        Ok(shared.store.keep_blob(tablet.station, hash, bytes.len() as u64, media_type, now)?)
    })
    .await?;
    Ok(StatusCode::CREATED)
}
