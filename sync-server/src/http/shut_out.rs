//! The doors of a tablet that was shut out: it asks whether it is, and hands over what it has. None of them opens the log.

use ailchin_core::bundle::MAX_CARRIED_BYTES;
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::DeviceId;
use ailchin_core::sync::{
    Admission, AdmissionRequest, LastParts, LastPartsAnswer, MAX_LAST_PARTS, PART_SIGNATURE, from_hex, part_message,
};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use ed25519_dalek::Signature;

use super::App;
use super::access::From;
use super::answer::Refusal;
use super::body::{Read, capped, discard};
use crate::blobs::LastName;
use crate::bundle::{Bundles, Room, missing_of, room};

/// The largest list of parts.
const MAX_LIST_BYTES: usize = 128 + MAX_LAST_PARTS * 68 + 256;

/// `POST /v1/shut-out`: whether a device is let in. It says nothing that a login would not say, but signed.
pub(super) async fn admission(
    State(app): State<App>,
    from: From,
    Read(asked): Read<AdmissionRequest>,
) -> Result<Json<Admission>, Refusal> {
    app.logins.take(from.0, app.world.now())?;
    app.store(move |store, world| store.admission(&asked, world)).await.map(Json)
}

/// `PUT /v1/shut-out/{device}/{hash}`: one sealed part, from the device that signed its hash.
pub(super) async fn part(
    State(app): State<App>,
    Path((device, hash)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let signed = (device_named(&device), Hash::parse(&hash).map_err(|_| Code::Malformed), signature(request.headers()));
    let (Ok(device), Ok(hash), Some(signature)) = signed else { return Err(unread(Code::Malformed, request).await) };
    let (station, author) = match app.store(move |store, _| store.shut_out(device)).await {
        Ok(found) => found,
        Err(refusal) => {
            discard(request.into_body()).await;
            return Err(refusal);
        }
    };
    if author.key.verify_strict(&part_message(station, device, hash), &signature).is_err() {
        return Err(unread(Code::DeviceUnknown, request).await);
    }
    let _place = app.last_parts_at_once.acquire().await.map_err(|_| Code::StationFailed)?;
    let sealed = capped(request, usize::try_from(MAX_CARRIED_BYTES).unwrap_or(usize::MAX)).await?;
    if Hash::of(&sealed) != hash {
        return Err(Refusal::from(Code::BlobWrong));
    }
    let (shared, bytes) = (app.clone(), sealed.clone());
    let part = app
        .blocking(move || {
            let bundles = Bundles { store: &shared.store, blobs: &shared.blobs, world: &*shared.world };
            bundles.last_part((station, &author), &bytes).map_err(|error| Refusal::from(error.code()))
        })
        .await?;
    match room(&app.blobs.last_parts(station, device).await?, part) {
        Room::There => {}
        Room::None => return Err(Refusal::from(Code::TooLarge)),
        Room::Free => app.blobs.keep_last(part, sealed).await?,
    }
    tracing::info!(%device, part = part.part, bytes = part.size_bytes, "a device that was shut out handed over a part");
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/shut-out/{device}`: these are all parts. Says which are missing, or acknowledges all of them.
pub(super) async fn all(
    State(app): State<App>,
    from: From,
    Path(device): Path<String>,
    request: Request,
) -> Result<Json<LastPartsAnswer>, Refusal> {
    app.logins.take(from.0, app.world.now())?;
    let device = device_named(&device)?;
    let list = capped(request, MAX_LIST_BYTES).await?;
    let list: LastParts = serde_json::from_slice(&list).map_err(|_| Code::Malformed)?;
    if list.parts.is_empty() || list.parts.len() > MAX_LAST_PARTS {
        return Err(Refusal::from(Code::Malformed));
    }
    let (station, author) = app.store(move |store, _| store.shut_out(device)).await?;
    if !list.is_by(&author.key, station, device) {
        return Err(Refusal::from(Code::DeviceUnknown));
    }
    let of = LastName { station, device, bundle: list.bundle };
    let answer = missing_of(&app.blobs, of, &list).await?;
    if !answer.missing.is_empty() {
        return Ok(Json(answer));
    }
    let first = app.blobs.note_acknowledged(of, &list.parts).await?;
    let shared = app.clone();
    let acknowledgement = app
        .blocking(move || {
            let bundles = Bundles { store: &shared.store, blobs: &shared.blobs, world: &*shared.world };
            bundles.state(of, &list.parts, first).map_err(|error| Refusal::from(error.code()))
        })
        .await?;
    tracing::info!(%device, bundle = %of.bundle, "the work of a device that was shut out is kept");
    Ok(Json(LastPartsAnswer { acknowledgement: Some(acknowledgement), ..LastPartsAnswer::default() }))
}

fn device_named(text: &str) -> Result<DeviceId, Code> {
    DeviceId::parse(text).map_err(|_| Code::Malformed)
}

fn signature(headers: &HeaderMap) -> Option<Signature> {
    Signature::from_slice(&from_hex(headers.get(PART_SIGNATURE)?.to_str().ok()?)?).ok()
}

/// A refusal that is heard: whoever is cut off in the middle of a body would not read it.
async fn unread(code: Code, request: Request) -> Refusal {
    discard(request.into_body()).await;
    Refusal::from(code)
}
