//! The sync itself: state, push, pull, receipt.

use ailchin_core::error::Code;
use ailchin_core::sync::{PushAnswer, Receipt, ReceiptRequest, StateAnswer, StateQuery};
use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::App;
use super::access::Tablet;
use super::answer::Refusal;
use super::body::{Read, capped};
use crate::batch::{MAX_PUSH_BYTES, Push, pack_pull};

/// What a batch is.
const BATCH_TYPE: &str = "application/zstd";

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
            let push = Push::unpack(&packed)?;
            let bodies: Vec<&[u8]> = push.bodies().collect();
            let now = shared.world.now();
            Ok(shared.store.push(tablet.station, tablet.device, &push.header, &bodies, now)?)
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
    let packed = app.store(move |store, _| pack_pull(store, tablet.station, tablet.device, query.after)).await?;
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
