//! Bundles that a tablet carries for another one: taken in, and answered. Who brings them is known; whose they are they prove.

use ailchin_core::bundle::{Carried, MAX_CARRIED_BYTES, NAME_HEADER};
use ailchin_core::error::Code;
use ailchin_core::ids::DeviceId;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::App;
use super::access::Tablet;
use super::answer::Refusal;
use super::body::capped;
use crate::bundle::{BundleError, Bundles};

/// Whose answer is wanted.
#[derive(Deserialize)]
pub(super) struct AnswerFor {
    device: DeviceId,
}

/// `POST /v1/bundles`: a part. What is wrong with it is no fault of its carrier, and told in the answer.
pub(super) async fn take(State(app): State<App>, carrier: Tablet, request: Request) -> Result<Json<Carried>, Refusal> {
    let sealed = capped(request, usize::try_from(MAX_CARRIED_BYTES).unwrap_or(usize::MAX)).await?;
    let taken = with_bundles(&app, move |bundles| match bundles.take(&sealed) {
        Ok(taken) => {
            tracing::info!(device = %taken.device, part = taken.part, stored = taken.stored, "a bundle was carried here");
            Ok(Carried::default())
        }
        Err(error) if error.code() == Code::StationFailed => Err(error),
        Err(error) => Ok(Carried { refused: Some(error.code()) }),
    });
    let carried = taken.await?;
    tracing::info!(carrier = %carrier.device, refused = ?carried.refused, "a bundle was handed over");
    Ok(Json(carried))
}

/// `GET /v1/bundles/answer?device=`: the answer for another tablet, in one part.
pub(super) async fn answer(
    State(app): State<App>,
    carrier: Tablet,
    query: Result<Query<AnswerFor>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(AnswerFor { device }) = query.map_err(|_| Code::Malformed)?;
    let parts = with_bundles(&app, move |bundles| bundles.answer(carrier.station, device, u64::MAX)).await?;
    let part = parts.into_iter().next().ok_or(Code::NotFound)?;
    let said = [(CONTENT_TYPE.as_str(), "application/octet-stream"), (NAME_HEADER, part.name.as_str())];
    Ok((said, part.bytes).into_response())
}

async fn with_bundles<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(Bundles<'_>) -> Result<T, BundleError> + Send + 'static,
) -> Result<T, Refusal> {
    let shared = app.clone();
    app.blocking(move || {
        let bundles = Bundles { store: &shared.store, blobs: &shared.blobs, world: &*shared.world };
        work(bundles).map_err(|error| {
            if error.code() == Code::StationFailed {
                tracing::error!(error = %crate::causes(&error), "a bundle failed");
            }
            // Whatever is the matter with the other tablet is not the carrier's.
            Refusal::from(if error.code() == Code::StationFailed { Code::StationFailed } else { Code::NotFound })
        })
    })
    .await
}
