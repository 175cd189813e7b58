//! Letting tablets in: enrolment, and login with the device's key.

use ailchin_core::sync::{Challenge, EnrolRequest, Enrolled, LoginProof, LoginRequest, Session};
use axum::Json;
use axum::extract::State;

use super::App;
use super::access::From;
use super::answer::Refusal;
use super::body::Read;

/// `POST /v1/enrol`
pub(super) async fn enrol(
    State(app): State<App>,
    from: From,
    Read(request): Read<EnrolRequest>,
) -> Result<Json<Enrolled>, Refusal> {
    app.logins.take(from.0, app.world.now())?;
    app.store(move |store, world| store.enrol(&request, world)).await.map(Json)
}

/// `POST /v1/login`
pub(super) async fn login(
    State(app): State<App>,
    from: From,
    Read(request): Read<LoginRequest>,
) -> Result<Json<Challenge>, Refusal> {
    app.logins.take(from.0, app.world.now())?;
    app.store(move |store, world| store.challenge(&request, world)).await.map(Json)
}

/// `POST /v1/login/proof`
pub(super) async fn prove(
    State(app): State<App>,
    from: From,
    Read(proof): Read<LoginProof>,
) -> Result<Json<Session>, Refusal> {
    app.logins.take(from.0, app.world.now())?;
    let hours = app.config.session_hours;
    app.store(move |store, world| store.prove(&proof, hours, world)).await.map(Json)
}
