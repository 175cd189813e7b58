//! The sync itself: state, push, pull, receipt, and getting back what one side has lost.

use ailchin_core::error::Code;
use ailchin_core::sync::{
    FetchRequest, GiveAnswer, IdentityRequest, PlacesAnswer, PlacesRequest, PushAnswer, RangesAnswer, RangesRequest,
    Receipt, ReceiptRequest, StateAnswer, StateQuery,
};
use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::App;
use super::access::{From, Tablet};
use super::answer::Refusal;
use super::body::{Read, capped};
use crate::batch::{Gift, MAX_PUSH_BYTES, Push, pack_fetch, pack_pull};

/// What a batch is.
const BATCH_TYPE: &str = "application/zstd";

/// `GET /v1/sync/state?after=`
pub(super) async fn state(
    State(app): State<App>,
    tablet: Tablet,
    query: Result<Query<StateQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<StateAnswer>, Refusal> {
    let Query(query) = query.map_err(|_| Code::Malformed)?;
    app.store(move |store, world| store.state(tablet.station, tablet.device, query, world.now())).await.map(Json)
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
            Ok(shared.store.push(tablet.station, tablet.device, &push.header, &bodies, &*shared.world)?)
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
    let asked = request.clone();
    let stated = app.store(move |store, world| store.receipt(tablet.station, tablet.device, &asked, world)).await?;
    let missing = stated.blobs_missing().map_err(|_| Code::StationFailed)?;
    let found = app.blobs.verified_of(&missing).await?;
    if found.is_empty() {
        return Ok(Json(stated));
    }
    // Only their rows were lost: what is stated counts them.
    tracing::info!(device = %tablet.device, found = found.len(), "blobs were found again");
    app.store(move |store, world| {
        store.keep_found(tablet.station, &found, world.now())?;
        store.receipt(tablet.station, tablet.device, &request, world)
    })
    .await
    .map(Json)
}

/// `POST /v1/sync/ranges`
pub(super) async fn ranges(
    State(app): State<App>,
    tablet: Tablet,
    Read(request): Read<RangesRequest>,
) -> Result<Json<RangesAnswer>, Refusal> {
    app.store(move |store, _| store.ranges(tablet.station, tablet.device, &request)).await.map(Json)
}

/// `POST /v1/sync/places`
pub(super) async fn places(
    State(app): State<App>,
    tablet: Tablet,
    Read(request): Read<PlacesRequest>,
) -> Result<Json<PlacesAnswer>, Refusal> {
    app.store(move |store, _| store.places(tablet.station, tablet.device, &request)).await.map(Json)
}

/// `POST /v1/sync/fetch`
pub(super) async fn fetch(
    State(app): State<App>,
    tablet: Tablet,
    Read(request): Read<FetchRequest>,
) -> Result<Response, Refusal> {
    let packed = app.store(move |store, _| pack_fetch(store, tablet.station, tablet.device, &request)).await?;
    Ok(([(CONTENT_TYPE, BATCH_TYPE)], packed).into_response())
}

/// `POST /v1/sync/give`
pub(super) async fn give(
    State(app): State<App>,
    tablet: Tablet,
    request: Request,
) -> Result<Json<GiveAnswer>, Refusal> {
    let packed = capped(request, MAX_PUSH_BYTES).await?;
    let shared = app.clone();
    let answer = app
        .blocking(move || {
            let gift = Gift::unpack(&packed)?;
            Ok(shared.store.give(tablet.station, tablet.device, &gift.header()?, &gift.logs()?, &*shared.world)?)
        })
        .await?;
    tracing::info!(device = %tablet.device, items = answer.items.len(), "given back");
    Ok(Json(answer))
}

/// `POST /v1/sync/rollback`
pub(super) async fn rollback(
    State(app): State<App>,
    tablet: Tablet,
    Read(receipt): Read<Receipt>,
) -> Result<StatusCode, Refusal> {
    app.store(move |store, world| store.show_receipt(tablet.station, &receipt, world)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/identity`
pub(super) async fn identity(
    State(app): State<App>,
    tablet: Tablet,
    Read(request): Read<IdentityRequest>,
) -> Result<StatusCode, Refusal> {
    app.store(move |store, world| store.take_name(tablet.station, tablet.device, request.device, world)).await?;
    tracing::info!(device = %tablet.device, name = %request.device, "goes on under another name");
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/enrolment`
pub(super) async fn enrolment(State(app): State<App>, from: From, request: Request) -> Result<StatusCode, Refusal> {
    app.logins.take(from.0, app.world.now())?;
    let packed = capped(request, MAX_PUSH_BYTES).await?;
    let shared = app.clone();
    app.blocking(move || {
        let gift = Gift::unpack(&packed)?;
        Ok(shared.store.learn_enrolment(&gift.logs()?, shared.world.now())?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
