//! Bodies of requests, capped.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use ailchin_core::error::Code;
use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_LENGTH;
use serde::de::DeserializeOwned;

use super::answer::Refusal;

/// The largest body of a JSON request.
const MAX_JSON_BYTES: usize = 64 * 1024;

/// How much of a body that is too large is read all the same.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// How long the next bytes of a refused body are waited for.
const QUIET: Duration = Duration::from_secs(2);

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

/// The bytes of a request's body. One that announces more than the cap is refused without keeping any of it.
pub(super) async fn capped(request: Request, cap: usize) -> Result<axum::body::Bytes, Refusal> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > cap) {
        discard(request.into_body()).await;
        return Err(Refusal::from(Code::TooLarge));
    }
    take(request.into_body(), cap).await
}

/// Throws a refused body away: a sender that is cut off in the middle of it would not read why. One that sends nothing is not
/// waited for.
pub(super) async fn discard(mut body: Body) {
    let mut left = MAX_DISCARDED_BYTES;
    let mut next =
        async || tokio::time::timeout(QUIET, poll_fn(|context| Pin::new(&mut body).poll_frame(context))).await;
    while let Ok(Some(Ok(frame))) = next().await {
        match left.checked_sub(frame.data_ref().map_or(0, axum::body::Bytes::len)) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
