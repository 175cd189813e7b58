//! Blobs that are here: whether, and their bytes. How they come here is [`super::tus`].

use std::ops::Range;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::DeviceId;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::App;
use super::access::Tablet;
use super::answer::Refusal;

/// `HEAD /v1/blobs/{hash}`: whether verified bytes are here.
pub(super) async fn look(
    State(app): State<App>,
    tablet: Tablet,
    Path(hash): Path<String>,
) -> Result<StatusCode, Refusal> {
    let hash = Hash::parse(&hash).map_err(|_| Code::Malformed)?;
    let here = app.store(move |store, _| store.has_blob(tablet.station, hash)).await?;
    if here { Ok(StatusCode::OK) } else { Err(Refusal::from(Code::NotFound)) }
}

/// The revision that names a blob.
#[derive(Deserialize)]
pub(super) struct NamedBy {
    device: DeviceId,
    seq: u64,
}

/// `GET /v1/blobs/{hash}?device=&seq=`: the bytes, or a range of them, for whoever may read the revision that names them.
pub(super) async fn show(
    State(app): State<App>,
    tablet: Tablet,
    Path(hash): Path<String>,
    named_by: Result<Query<NamedBy>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let hash = Hash::parse(&hash).map_err(|_| Code::Malformed)?;
    let Query(NamedBy { device, seq }) = named_by.map_err(|_| Code::Malformed)?;
    let found = app.store(move |store, _| store.blob_for(tablet.station, tablet.device, hash, (device, seq))).await?;
    let (size, media_type) = found.ok_or(Code::NotFound)?;
    let said = [(CONTENT_TYPE, media_type), (ACCEPT_RANGES, "bytes".to_owned())];
    let asked = headers.get(RANGE).and_then(|range| range.to_str().ok());
    let part = match asked {
        None => None,
        Some(asked) => match range(asked, size) {
            Some(part) => Some(part),
            None => {
                let whole = [(CONTENT_RANGE, format!("bytes */{size}"))];
                return Ok((whole, Refusal::with(Code::Malformed, StatusCode::RANGE_NOT_SATISFIABLE)).into_response());
            }
        },
    };
    let bytes = app.blobs.read(hash, part.clone()).await?.ok_or(Code::NotFound)?;
    Ok(match part {
        None => (said, bytes).into_response(),
        Some(part) => {
            let shown = [(CONTENT_RANGE, format!("bytes {}-{}/{size}", part.start, part.end - 1))];
            (StatusCode::PARTIAL_CONTENT, said, shown, bytes).into_response()
        }
    })
}

/// The one range that `Range` asks for; `None` if it asks for anything else, or for nothing that there is.
fn range(asked: &str, size: u64) -> Option<Range<u64>> {
    let (from, to) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let part = match (from, to) {
        ("", last) => size.saturating_sub(last.parse().ok()?)..size,
        (from, "") => from.parse().ok()?..size,
        (from, to) => from.parse().ok()?..to.parse::<u64>().ok()?.saturating_add(1).min(size),
    };
    (part.start < part.end).then_some(part)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_and_of_what_there_is() {
        assert_eq!(range("bytes=0-4", 10), Some(0..5));
        assert_eq!(range("bytes=7-", 10), Some(7..10));
        assert_eq!(range("bytes=7-99", 10), Some(7..10));
        assert_eq!(range("bytes=-3", 10), Some(7..10));
        assert_eq!(range("bytes=-30", 10), Some(0..10));
        for wrong in ["bytes=10-", "bytes=5-4", "bytes=-0", "bytes=0-1,3-4", "lines=1-2", "bytes=x-y"] {
            assert_eq!(range(wrong, 10), None, "{wrong}");
        }
    }
}
