//! The sync itself: state, push, pull, receipt.

use std::io::{Read as _, Write as _};

use ailchin_core::error::Code;
use ailchin_core::sync::{
    MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, PushAnswer, PushHeader, Receipt, ReceiptRequest, StateAnswer, StateQuery,
};
use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::App;
use super::access::Tablet;
use super::answer::Refusal;
use super::body::{Read, capped};
use crate::store::{PullLimits, Store, StoreError};

/// What a batch is.
const BATCH_TYPE: &str = "application/zstd";

/// The largest packed push.
const MAX_PUSH_BYTES: usize = 6 * 1024 * 1024;

/// Room for the header line and the line feeds beside [`MAX_BATCH_BYTES`] of bodies.
const FRAME_BYTES: usize = 64 * 1024;

/// `GET /v1/sync/state?after=`
pub(super) async fn state(
    State(app): State<App>,
    tablet: Tablet,
    query: Result<Query<StateQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<StateAnswer>, Refusal> {
    let Query(query) = query.map_err(|_| Code::Malformed)?;
    app.store(move |store, world| store.state(tablet.station, tablet.device, query.after, world.now())).await.map(Json)
}

/// `POST /v1/sync/push`
pub(super) async fn push(
    State(app): State<App>,
    tablet: Tablet,
    request: Request,
) -> Result<Json<PushAnswer>, Refusal> {
    let packed = capped(request, MAX_PUSH_BYTES).await?;
    let shared = app.clone();
    let answer = app
        .blocking(move || {
            let batch = unpack(&packed)?;
            let mut lines = batch.split(|byte| *byte == b'\n');
            let header: PushHeader =
                lines.next().and_then(|line| serde_json::from_slice(line).ok()).ok_or(Code::Malformed)?;
            let mut bodies: Vec<&[u8]> = lines.collect();
            // What follows the last line feed.
            if bodies.pop().is_none_or(|rest| !rest.is_empty()) {
                return Err(Refusal::from(Code::Malformed));
            }
            if bodies.len() > MAX_BATCH_ENTRIES {
                return Err(Refusal::from(Code::TooLarge));
            }
            let now = shared.world.now();
            Ok(shared.store.push(tablet.station, tablet.device, &header, &bodies, now)?)
        })
        .await?;
    tracing::info!(device = %tablet.device, items = answer.items.len(), seq = answer.seq, "pushed");
    Ok(Json(answer))
}

/// `GET /v1/sync/pull?after=`
pub(super) async fn pull(
    State(app): State<App>,
    tablet: Tablet,
    query: Result<Query<StateQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|_| Code::Malformed)?;
    let packed = app.store(move |store, _| pack(store, tablet, query.after)).await?;
    Ok(([(CONTENT_TYPE, BATCH_TYPE)], packed).into_response())
}

/// `POST /v1/sync/receipt`
pub(super) async fn receipt(
    State(app): State<App>,
    tablet: Tablet,
    Read(request): Read<ReceiptRequest>,
) -> Result<Json<Receipt>, Refusal> {
    app.store(move |store, world| store.receipt(tablet.station, tablet.device, &request, world)).await.map(Json)
}

/// Unlike `read_lines`, takes lines of any length: a body that is too large is refused alone, not with its batch.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Code> {
    let decoder = zstd::Decoder::new(packed).map_err(|_| Code::Malformed)?;
    let cap = MAX_BATCH_BYTES + FRAME_BYTES;
    let mut batch = Vec::new();
    decoder.take(cap as u64 + 1).read_to_end(&mut batch).map_err(|_| Code::Malformed)?;
    if batch.len() > cap { Err(Code::TooLarge) } else { Ok(batch) }
}

/// Packs while reading, so that only the packed bytes are held.
fn pack(store: &Store, tablet: Tablet, after: u64) -> Result<Vec<u8>, StoreError> {
    let packing = |source| StoreError::File { doing: "packing a pull", source };
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).map_err(packing)?;
    let end = store.pull(tablet.station, tablet.device, after, PullLimits::default(), |at, body| {
        writeln!(encoder, "{{\"at\":{at},\"rev\":{body}}}")
    })?;
    serde_json::to_writer(&mut encoder, &end).map_err(|cause| packing(cause.into()))?;
    encoder.write_all(b"\n").map_err(packing)?;
    encoder.finish().map_err(packing)
}
