//! Bodies of requests, capped.

use ailchin_core::error::Code;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_LENGTH;
use serde::de::DeserializeOwned;

use super::answer::Refusal;

/// The largest body of a JSON request.
const MAX_JSON_BYTES: usize = 64 * 1024;

/// A JSON body.
pub(super) struct Read<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Read<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let bytes = take(request.into_body(), MAX_JSON_BYTES).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|_| Refusal::from(Code::Malformed))
    }
}

/// The bytes of a body; `too_large` beyond the cap.
pub(super) async fn take(body: Body, cap: usize) -> Result<axum::body::Bytes, Refusal> {
    to_bytes(body, cap).await.map_err(|cause| {
        let cut = std::error::Error::source(&cause).is_none_or(|source| !source.to_string().contains("length limit"));
        Refusal::from(if cut { Code::Malformed } else { Code::TooLarge })
    })
}

/// Whether the request announces more than the cap, so that nothing of it need be read.
pub(super) fn announces_more_than(request: &Request, cap: usize) -> bool {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > cap)
}
