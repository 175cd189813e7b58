//! Uploads of blobs: tus 1.0.0 with the extensions creation, creation-with-upload, checksum, expiration and termination.
//!
//! | file | what |
//! |---|---|
//! | here | the doors |
//! | [`headers`] | what they say in headers |
//! | [`receiving`] | a body, whatever becomes of its connection |
//! | [`turns`] | one request at a time |

mod headers;
mod receiving;
mod turns;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::sync::{MAX_BLOB_BYTES, TUS, UPLOAD_BYTES};
use ailchin_core::time::Instant;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{head, post};

use self::headers::{
    CHECKSUMS, Checksum, TUS_CHECKSUM_ALGORITHM, TUS_EXTENSION, TUS_MAX_SIZE, TUS_RESUMABLE, TUS_VERSION,
    UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, Wanted, metadata, number, text,
};
use self::receiving::Receiving;
use self::turns::Turn;
pub(super) use self::turns::Turns;
use super::App;
use super::access::Tablet;
use super::answer::Refusal;
use super::body::discard;
use crate::blobs::uploads::{Arrived, Info, UploadName};

/// The door of creations; an upload's own address is below it.
pub(super) const PATH: &str = "/v1/uploads";

const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";

/// How long an upload is kept that nobody finishes.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Uploads that a device may have under way.
const MOST_UNDER_WAY: usize = 100;

/// The doors of uploads.
pub(super) fn routes() -> Router<App> {
    let upload = head(look).patch(add).delete(end).post(as_said).options(able);
    Router::new()
        .route(PATH, post(create).options(able))
        .route(&format!("{PATH}/{{hash}}"), upload)
        .layer(from_fn(around))
}

/// Around every door: the version of tus.
async fn around(request: Request, next: Next) -> Response {
    let version = text(request.headers(), &TUS_RESUMABLE);
    let mut response = match version {
        Some(TUS) => next.run(request).await,
        _ if request.method() == Method::OPTIONS => next.run(request).await,
        _ => {
            let refusal = Refusal::with(Code::ProtocolUnknown, StatusCode::PRECONDITION_FAILED);
            ([(TUS_VERSION, TUS)], refusal).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(TUS));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `OPTIONS`: what is spoken here, to anybody.
async fn able() -> Response {
    let said = [
        (TUS_VERSION, TUS.to_owned()),
        (TUS_EXTENSION, EXTENSIONS.to_owned()),
        (TUS_MAX_SIZE, MAX_BLOB_BYTES.to_string()),
        (TUS_CHECKSUM_ALGORITHM, CHECKSUMS.to_owned()),
        (ALLOW, "OPTIONS, POST, HEAD, PATCH, DELETE".to_owned()),
    ];
    (StatusCode::NO_CONTENT, said).into_response()
}

/// `POST /v1/uploads`: begins an upload, or finds the one under way, or says that the blob is here.
async fn create(State(app): State<App>, tablet: Tablet, request: Request) -> Result<Response, Refusal> {
    let wanted = Wanted::read(request.headers())?;
    let checksum = Checksum::read(request.headers())?;
    let brings = request.headers().get(CONTENT_TYPE).is_some_and(|said| said == UPLOAD_BYTES);
    let body = request.into_body();
    let name = UploadName { station: tablet.station, device: tablet.device, hash: wanted.hash };
    // Whoever has the turn may bring the rest.
    let turn = turn(&app, name).await?;
    if let Some(size) = here_or_found(&app, name).await? {
        discard(body).await;
        return if size == wanted.size_bytes {
            Ok(created(name, size, None))
        } else {
            Err(Refusal::from(Code::BlobWrong))
        };
    }
    let (info, begun) = match app.blobs.upload(name).await? {
        Some(info) if info.fits(&wanted) && info.expires_ms > app.world.now() => (info, true),
        _ => {
            if app.blobs.uploads_of(name.station, name.device).await? >= MOST_UNDER_WAY {
                return Err(Refusal::from(Code::TooManyRequests));
            }
            let (size_bytes, media_type) = (wanted.size_bytes, wanted.media.media_type.to_owned());
            (Info { size_bytes, media_type, expires_ms: app.world.now().plus_ms(KEPT_MS) }, false)
        }
    };
    let arrived = if begun { app.blobs.arrived(name).await? } else { Arrived::default() };
    let expires = info.expires_ms;
    if !brings || arrived.bytes > 0 {
        if !begun {
            app.blobs.begin_upload(name, &info).await?;
        }
        discard(body).await;
        return Ok(created(name, arrived.bytes, Some(expires)));
    }
    let offset = receive(Receiving { app, turn, name, info, begun, arrived, checksum }, body).await?;
    Ok(created(name, offset, Some(expires)))
}

/// `HEAD /v1/uploads/{hash}`: how many bytes are here.
async fn look(State(app): State<App>, tablet: Tablet, Path(hash): Path<String>) -> Result<Response, Refusal> {
    let name = named(tablet, &hash)?;
    // Whoever has the turn may bring the rest.
    let turn = turn(&app, name).await?;
    let (size, offset, media_type, expires) = match here(&app, name).await? {
        Some(size) => (size, size, None, None),
        None => {
            let info = under_way(&app, name).await?;
            let arrived = app.blobs.arrived(name).await?;
            let offset = arrived.bytes;
            let (size, media_type, expires) = (info.size_bytes, info.media_type.clone(), info.expires_ms);
            if offset == size {
                // A server ended between the last byte and the verification.
                let all = Receiving { app, turn, name, info, begun: true, arrived, checksum: None };
                detached(async move { all.complete().await }).await?;
            }
            (size, offset, Some(media_type), Some(expires))
        }
    };
    let mut response = StatusCode::OK.into_response();
    let said = response.headers_mut();
    said.insert(UPLOAD_OFFSET, HeaderValue::from(offset));
    said.insert(UPLOAD_LENGTH, HeaderValue::from(size));
    insert(said, media_type.map(|media_type| (UPLOAD_METADATA, metadata(name.hash, &media_type))));
    insert(said, expires.map(|at| (UPLOAD_EXPIRES, at.to_http_date())));
    Ok(response)
}

/// `PATCH /v1/uploads/{hash}`: takes bytes from where the upload stands.
async fn add(
    State(app): State<App>,
    tablet: Tablet,
    Path(hash): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let name = named(tablet, &hash)?;
    let length = number(request.headers(), &CONTENT_LENGTH);
    let (offset, checksum) = match brings(request.headers()) {
        Ok(brings) => brings,
        Err(refusal) => {
            discard(request.into_body()).await;
            return Err(refusal);
        }
    };
    let body = request.into_body();
    if here(&app, name).await?.is_some() {
        return Err(refused(Code::OffsetWrong, body).await);
    }
    let turn = turn(&app, name).await?;
    let info = match under_way(&app, name).await {
        Ok(info) => info,
        Err(refusal) => {
            discard(body).await;
            return Err(refusal);
        }
    };
    let arrived = app.blobs.arrived(name).await?;
    if arrived.bytes != offset {
        return Err(refused(Code::OffsetWrong, body).await);
    }
    if length.is_some_and(|length| length > info.size_bytes - offset) {
        return Err(refused(Code::TooLarge, body).await);
    }
    let expires = info.expires_ms;
    let offset = receive(Receiving { app, turn, name, info, begun: true, arrived, checksum }, body).await?;
    let said = [(UPLOAD_OFFSET, offset.to_string()), (UPLOAD_EXPIRES, expires.to_http_date())];
    Ok((StatusCode::NO_CONTENT, said).into_response())
}

/// From where on bytes come, and what they are checked against.
fn brings(headers: &HeaderMap) -> Result<(u64, Option<Checksum>), Refusal> {
    if headers.get(CONTENT_TYPE).is_none_or(|said| said != UPLOAD_BYTES) {
        return Err(Refusal::with(Code::Malformed, StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let offset = number(headers, &UPLOAD_OFFSET).ok_or(Code::Malformed)?;
    Ok((offset, Checksum::read(headers)?))
}

/// `DELETE /v1/uploads/{hash}`: gives an upload up.
async fn end(State(app): State<App>, tablet: Tablet, Path(hash): Path<String>) -> Result<StatusCode, Refusal> {
    let name = named(tablet, &hash)?;
    let _turn = turn(&app, name).await?;
    under_way(&app, name).await?;
    app.blobs.end_upload(name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/uploads/{hash}`: for those who can send no other method.
async fn as_said(state: State<App>, tablet: Tablet, hash: Path<String>, request: Request) -> Result<Response, Refusal> {
    match request.headers().get("x-http-method-override").and_then(|said| said.to_str().ok()) {
        Some("PATCH") => add(state, tablet, hash, request).await,
        Some("DELETE") => end(state, tablet, hash).await.map(axum::response::IntoResponse::into_response),
        _ => Err(Refusal::from(Code::Malformed)),
    }
}

fn named(tablet: Tablet, hash: &str) -> Result<UploadName, Refusal> {
    let hash = Hash::parse(hash).map_err(|_| Code::NotFound)?;
    Ok(UploadName { station: tablet.station, device: tablet.device, hash })
}

/// The size of the blob, if the station has verified its bytes and they are where they should be.
async fn here(app: &App, name: UploadName) -> Result<Option<u64>, Refusal> {
    if app.store(move |store, _| store.has_blob(name.station, name.hash)).await? {
        return Ok(app.blobs.size(name.hash).await?);
    }
    Ok(None)
}

/// The same, also if only the bytes are where they should be and nobody knows of them.
async fn here_or_found(app: &App, name: UploadName) -> Result<Option<u64>, Refusal> {
    if let Some(size) = here(app, name).await? {
        return Ok(Some(size));
    }
    let Some(found) = app.blobs.verified(name.hash).await? else { return Ok(None) };
    app.store(move |store, world| store.keep_found(name.station, &[found], world.now())).await?;
    Ok(Some(found.size_bytes))
}

/// What is to come; 404 if nothing is, 410 if nobody finished it in time.
async fn under_way(app: &App, name: UploadName) -> Result<Info, Refusal> {
    let info = app.blobs.upload(name).await?.ok_or(Code::NotFound)?;
    if info.expires_ms <= app.world.now() {
        return Err(Refusal::with(Code::NotFound, StatusCode::GONE));
    }
    Ok(info)
}

async fn turn(app: &App, name: UploadName) -> Result<Turn, Refusal> {
    app.turns.take(name).await.ok_or(Refusal::with(Code::TooManyRequests, StatusCode::LOCKED))
}

/// Receives a body on a task of its own: it goes on if the connection, and with it this request, ends.
async fn receive(receiving: Receiving, body: Body) -> Result<u64, Refusal> {
    detached(async move {
        let at_once = receiving.app.uploads_at_once.clone();
        let _place = at_once.acquire().await.map_err(|_| Code::StationFailed)?;
        receiving.take(body).await
    })
    .await
}

async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::spawn(work).await.unwrap_or_else(|failed| {
        tracing::error!(error = %failed, "an upload ended early");
        Err(Refusal::from(Code::StationFailed))
    })
}

/// A refusal that is heard: whoever is cut off in the middle of a body would not read it.
async fn refused(code: Code, body: Body) -> Refusal {
    discard(body).await;
    Refusal::from(code)
}

fn created(name: UploadName, offset: u64, expires: Option<Instant>) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let said = response.headers_mut();
    said.insert(UPLOAD_OFFSET, HeaderValue::from(offset));
    insert(said, Some((LOCATION, format!("{PATH}/{}", name.hash))));
    insert(said, expires.map(|at| (UPLOAD_EXPIRES, at.to_http_date())));
    response
}

fn insert(headers: &mut HeaderMap, said: Option<(axum::http::HeaderName, String)>) {
    if let Some((name, text)) = said
        && let Ok(value) = HeaderValue::try_from(text)
    {
        headers.insert(name, value);
    }
}

impl Info {
    /// Whether this is what a creation asks for.
    fn fits(&self, wanted: &Wanted) -> bool {
        self.size_bytes == wanted.size_bytes && self.media_type == wanted.media.media_type
    }
}
