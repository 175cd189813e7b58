//! The console's doors: login with a password, and the first look.

use ailchin_core::error::Code;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::App;
use super::access::{Console, From};
use super::answer::Refusal;
use super::body::Read;
use crate::password;
use crate::store::Overview;

/// `POST /v1/console/login`
#[derive(Deserialize)]
pub(super) struct ConsoleLogin {
    /// Number, name or identifier.
    officer: String,
    password: String,
}

/// The answer to a console login.
#[derive(Serialize)]
pub(super) struct ConsoleSession {
    token: String,
    expires_in_s: u32,
}

/// `POST /v1/console/login`. An unknown officer takes as long as a wrong password.
pub(super) async fn login(
    State(app): State<App>,
    from: From,
    Read(request): Read<ConsoleLogin>,
) -> Result<Json<ConsoleSession>, Refusal> {
    app.passwords.take(from.0, app.world.now())?;
    let _place = app.passwords_at_once.acquire().await.map_err(|_| Code::StationFailed)?;
    let shared = app.clone();
    let hours = app.config.session_hours;
    let token = app
        .blocking(move || {
            let account = shared.store.account(&request.officer)?;
            let hash = account.as_ref().map(|(_, _, hash)| hash.as_str());
            let right = password::is_right(&request.password, hash);
            let (station, officer, _) = account.filter(|_| right).ok_or(Code::WrongPassword)?;
            Ok(shared.store.open_console(station, officer, hours, &*shared.world)?)
        })
        .await?;
    Ok(Json(ConsoleSession { token, expires_in_s: hours.saturating_mul(3_600) }))
}

/// `GET /v1/console/overview`
pub(super) async fn overview(State(app): State<App>, console: Console) -> Result<Json<Overview>, Refusal> {
    app.store(move |store, _| store.overview(console.station)).await.map(Json)
}
