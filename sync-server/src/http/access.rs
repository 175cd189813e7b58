//! Who asks: the bearer token of a tablet or of the console.

use std::net::{IpAddr, SocketAddr};

use ailchin_core::error::Code;
use ailchin_core::ids::{DeviceId, StationId};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::App;
use super::answer::Refusal;
use crate::store::Access;

/// A tablet that is logged in.
#[derive(Clone, Copy)]
pub(super) struct Tablet {
    pub(super) station: StationId,
    pub(super) device: DeviceId,
}

/// An officer who is logged in at the console.
pub(super) struct Console {
    pub(super) station: StationId,
}

/// Where a request comes from.
pub(super) struct From(pub(super) IpAddr);

impl FromRequestParts<App> for Tablet {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let access = access(parts, app).await?;
        let device = access.device.ok_or(Code::NotLoggedIn)?;
        if access.note_contact {
            app.store(move |store, world| store.seen(access.station, device, world.now())).await?;
        }
        Ok(Self { station: access.station, device })
    }
}

impl FromRequestParts<App> for Console {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let access = access(parts, app).await?;
        if access.device.is_some() || access.officer.is_none() {
            return Err(Refusal::from(Code::NotLoggedIn));
        }
        Ok(Self { station: access.station })
    }
}

impl FromRequestParts<App> for From {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        connection.map(|info| Self(info.0.ip())).ok_or(Refusal::from(Code::StationFailed))
    }
}

async fn access(parts: &Parts, app: &App) -> Result<Access, Refusal> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|text| text.strip_prefix("Bearer ")).ok_or(Code::NotLoggedIn)?.to_owned();
    app.store(move |store, world| store.access(&token, world.now())).await
}
