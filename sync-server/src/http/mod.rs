//! The doors of the station: routes, and what holds for every request.
//!
//! A handler extracts, checks, makes one call and answers. What is said at each door is `core/PROTOCOL.md`.

mod access;
mod answer;
mod blobs;
mod body;
mod bundles;
mod caps;
mod console;
mod enrol;
mod packs;
mod shut_out;
mod sync;
mod tus;

use std::sync::Arc;
use std::time::Duration;

use ailchin_core::error::Code;
use ailchin_core::sync::{Apart, PROTOCOL_HEADER, PROTOCOLS_HEADER, Versions};
use ailchin_core::world::World;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, head, post, put};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use crate::blobs::Blobs;
use crate::config::Config;
use crate::quiet::Quiet;
use crate::store::{Store, StoreError};

use answer::Refusal;
use caps::Cap;
use tus::Turns;

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct App {
    store: Arc<Store>,
    quiet: Arc<Quiet>,
    world: Arc<dyn World>,
    blobs: Blobs,
    turns: Turns,
    config: Arc<Config>,
    at_once: Arc<Semaphore>,
    uploads_at_once: Arc<Semaphore>,
    passwords_at_once: Arc<Semaphore>,
    last_parts_at_once: Arc<Semaphore>,
    logins: Arc<Cap>,
    passwords: Arc<Cap>,
}

/// Argon2id takes memory and a core: so many at a time, others wait.
const PASSWORDS_AT_ONCE: usize = 2;

/// Uploads whose bytes are taken at the same time, each with at most 1 MiB in memory before it is kept.
const UPLOADS_AT_ONCE: usize = 64;

/// Parts of devices that were shut out, each whole in memory until it is kept.
const LAST_PARTS_AT_ONCE: usize = 2;

impl App {
    pub(crate) fn new(
        store: Arc<Store>,
        blobs: Blobs,
        quiet: Arc<Quiet>,
        world: Arc<dyn World>,
        config: Config,
    ) -> Self {
        Self {
            store,
            quiet,
            world,
            blobs,
            turns: Turns::default(),
            uploads_at_once: Arc::new(Semaphore::new(UPLOADS_AT_ONCE)),
            at_once: Arc::new(Semaphore::new(usize::from(config.requests_at_once.max(1)))),
            passwords_at_once: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE)),
            last_parts_at_once: Arc::new(Semaphore::new(LAST_PARTS_AT_ONCE)),
            logins: Arc::new(Cap::new(config.logins_a_minute)),
            passwords: Arc::new(Cap::new(config.passwords_a_minute)),
            config: Arc::new(config),
        }
    }

    /// Does a job of the store on a thread that may block.
    async fn store<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Store, &dyn World) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let app = self.clone();
        self.blocking(move || job(&app.store, &*app.world).map_err(Refusal::from)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        tokio::task::spawn_blocking(job).await.unwrap_or_else(|failed| {
            tracing::error!(error = %failed, "a job ended early");
            Err(Refusal::from(Code::StationFailed))
        })
    }
}

/// All doors.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/v1/enrol", post(enrol::enrol))
        .route("/v1/login", post(enrol::login))
        .route("/v1/login/proof", post(enrol::prove))
        .route("/v1/sync/state", get(sync::state))
        .route("/v1/sync/push", post(sync::push))
        .route("/v1/sync/pull", get(sync::pull))
        .route("/v1/sync/receipt", post(sync::receipt))
        .route("/v1/sync/ranges", post(sync::ranges))
        .route("/v1/sync/places", post(sync::places))
        .route("/v1/sync/fetch", post(sync::fetch))
        .route("/v1/sync/give", post(sync::give))
        .route("/v1/sync/rollback", post(sync::rollback))
        .route("/v1/identity", post(sync::identity))
        .route("/v1/enrolment", post(sync::enrolment))
        .route("/v1/blobs/{hash}", head(blobs::look).get(blobs::show))
        .merge(tus::routes())
        .route("/v1/packs/{hash}", get(packs::pack))
        .route("/v1/bundles", post(bundles::take))
        .route("/v1/bundles/answer", get(bundles::answer))
        .route("/v1/shut-out", post(shut_out::admission))
        .route("/v1/shut-out/{device}", post(shut_out::all))
        .route("/v1/shut-out/{device}/{hash}", put(shut_out::part))
        .route("/v1/console/login", post(console::login))
        .route("/v1/console/overview", get(console::overview))
        .fallback(|| async { Refusal::from(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Refusal::from(Code::Malformed) })
        .layer(catch_panics())
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app)
}

/// Around every request: the protocol's version, how many at once, how long, panics, the log line.
async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let version = common_version(&app, &request);
    app.quiet.disturb();
    let mut response = match version {
        Err(ref refusal) => refusal.clone().into_response(),
        // Photos on a slow wire take as long as they take, and never hold up text: uploads have caps of their own.
        Ok(_) if path.starts_with(tus::PATH) => next.run(request).await,
        Ok(_) => in_time(&app, request, next).await,
    };
    app.quiet.disturb();
    tracing::info!(%method, path, status = response.status().as_u16(), "answered");
    let headers = response.headers_mut();
    if let Ok(version) = version {
        headers.insert(HeaderName::from_static(PROTOCOL_HEADER), HeaderValue::from(version));
    }
    if let Ok(range) = HeaderValue::try_from(app.config.versions.to_string()) {
        headers.insert(HeaderName::from_static(PROTOCOLS_HEADER), range);
    }
    response
}

async fn in_time(app: &App, request: Request, next: Next) -> Response {
    let limit = Duration::from_secs(u64::from(app.config.request_timeout_s.max(1)));
    let work = async {
        match app.at_once.acquire().await {
            Ok(_place) => next.run(request).await,
            Err(_) => Refusal::from(Code::StationFailed).into_response(),
        }
    };
    match tokio::time::timeout(limit, work).await {
        Ok(response) => response,
        Err(_) => Refusal::from(Code::StationFailed).into_response(),
    }
}

/// The version to answer in. A request without the header is one of a program that knows no ranges.
fn common_version(app: &App, request: &Request) -> Result<u32, Refusal> {
    let tablet = match request.headers().get(PROTOCOL_HEADER) {
        Some(said) => said.to_str().ok().and_then(|said| Versions::read(said).ok()).ok_or(Code::Malformed)?,
        None => Versions::UNSAID,
    };
    let station = app.config.versions;
    tablet.common(station).ok_or_else(|| Refusal::apart(Apart { tablet, station }))
}

async fn health(State(app): State<App>) -> Result<&'static str, Refusal> {
    app.store(|store, _| store.answers()).await.map(|()| "ok\n")
}

/// What a panic in a handler is answered with.
fn catch_panics() -> CatchPanicLayer<fn(Box<dyn std::any::Any + Send>) -> Response> {
    fn answer(_: Box<dyn std::any::Any + Send>) -> Response {
        tracing::error!("a handler panicked");
        Refusal::from(Code::StationFailed).into_response()
    }
    CatchPanicLayer::custom(answer)
}
