//! Starting and stopping the server. It runs on threads of its own, so a test can start it beside itself.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ailchin_core::world::World;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::blobs::{Blobs, BlobsError};
use crate::certificate::{Certificate, CertificateError};
use crate::config::Config;
use crate::http::{self, App};
use crate::quiet::Quiet;
use crate::store::{Store, StoreError};
use crate::upkeep;

/// How long requests under way may go on after a stop was asked.
const GRACE: Duration = Duration::from_secs(20);

/// How long a connection may take to say what it wants.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The file in the data folder that holds the address of the running server.
const ADDRESS_FILE: &str = "address";

/// The station's server.
#[derive(Debug)]
pub struct Server;

/// A running server. Dropped without [`Running::stop`] it ends at once, as if the machine had failed.
#[derive(Debug)]
pub struct Running {
    url: String,
    store: Arc<Store>,
    handle: Handle<SocketAddr>,
    serving: JoinHandle<io::Result<()>>,
    runtime: Option<Runtime>,
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Plain HTTP was asked for where others can listen.
    #[error(
        "plain HTTP is for loopback addresses only; --insecure-http-anywhere says that you want it here all the same"
    )]
    PlainHttp,
    /// The address cannot be listened on.
    #[error("listening on {addr}")]
    Listening {
        /// The address.
        addr: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The data folder cannot be written.
    #[error("writing to the data folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no certificate.
    #[error("preparing TLS")]
    Certificate(#[source] CertificateError),
    /// The store cannot be opened.
    #[error("opening the station's store")]
    Store(#[source] StoreError),
    /// The place of the blobs cannot be opened.
    #[error("opening the place of the blobs")]
    Blobs(#[source] BlobsError),
    /// It failed while it ran.
    #[error("serving")]
    Serving(#[source] io::Error),
}

impl Server {
    /// Opens the store and begins to listen.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn start(config: Config, world: Arc<dyn World>) -> Result<Running, ServeError> {
        let store = open_store(&config)?;
        Self::start_with(config, Arc::new(store), world)
    }

    /// Begins to listen for a store that is open already.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn start_with(config: Config, store: Arc<Store>, world: Arc<dyn World>) -> Result<Running, ServeError> {
        let blobs = open_blobs(&config)?;
        Self::start_on(config, store, blobs, world)
    }

    /// Begins to listen for a store and blobs that are open already.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn start_on(
        config: Config,
        store: Arc<Store>,
        blobs: Blobs,
        world: Arc<dyn World>,
    ) -> Result<Running, ServeError> {
        let plain = config.http || config.insecure_http_anywhere;
        let listener = listen(&config)?;
        let address = listener.local_addr().map_err(ServeError::Serving)?;
        if plain && !address.ip().is_loopback() && !config.insecure_http_anywhere {
            return Err(ServeError::PlainHttp);
        }
        let url = format!("{}://{address}", if plain { "http" } else { "https" });
        let tls = if plain { None } else { Some(tls(&config)?) };
        fs::write(config.data.join(ADDRESS_FILE), format!("{url}\n"))
            .map_err(|source| ServeError::Folder { path: config.data.clone(), source })?;

        let runtime = Builder::new_multi_thread().enable_all().build().map_err(ServeError::Serving)?;
        let handle = Handle::new();
        let quiet = Arc::new(Quiet::default());
        runtime.spawn(upkeep::check_visits(Arc::clone(&store), Arc::clone(&quiet), Arc::clone(&world)));
        runtime.spawn(upkeep::look_after(Arc::clone(&store), blobs.clone(), Arc::clone(&world)));
        let routes = http::router(App::new(Arc::clone(&store), blobs, quiet, world, config));
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        let serving = runtime.spawn(serve(listener, tls, handle.clone(), service));
        Ok(Running { url, store, handle, serving, runtime: Some(runtime) })
    }
}

impl Running {
    /// Where it listens: `https://…` or `http://…`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.url
    }

    /// The store it serves.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Waits until the program is asked to end (SIGTERM, SIGINT), then stops.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn run(self) -> Result<(), ServeError> {
        if let Some(runtime) = &self.runtime {
            runtime.block_on(asked_to_end()).map_err(ServeError::Serving)?;
        }
        self.stop()
    }

    /// Takes no more requests, finishes those under way, and settles the store.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn stop(mut self) -> Result<(), ServeError> {
        self.handle.graceful_shutdown(Some(GRACE));
        if let Some(runtime) = self.runtime.take() {
            let ended = runtime.block_on(&mut self.serving);
            runtime.shutdown_timeout(GRACE);
            ended.map_err(io::Error::other).and_then(|served| served).map_err(ServeError::Serving)?;
        }
        self.store.settle().map_err(ServeError::Store)?;
        tracing::info!("stopped");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            self.handle.shutdown();
            runtime.shutdown_background();
        }
    }
}

/// Opens the store: the one that is set, else the one in the data folder, which is made if there is none.
///
/// # Errors
/// [`ServeError`].
pub fn open_store(config: &Config) -> Result<Store, ServeError> {
    let folder = |source| ServeError::Folder { path: config.data.clone(), source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&config.data).map_err(folder)?;
    Store::at(&config.store, &config.store_path()).map_err(ServeError::Store)
}

/// Opens the place of the blobs.
///
/// # Errors
/// [`ServeError`].
pub fn open_blobs(config: &Config) -> Result<Blobs, ServeError> {
    config.blobs_place().and_then(|place| Blobs::at(&place)).map_err(ServeError::Blobs)
}

/// The address the server of this data folder wrote down when it last started.
#[must_use]
pub fn written_address(config: &Config) -> Option<String> {
    last_address(&config.data)
}

/// The address the server of this folder wrote down when it last started.
pub(crate) fn last_address(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join(ADDRESS_FILE)).ok()?;
    Some(text.trim().to_owned())
}

fn listen(config: &Config) -> Result<TcpListener, ServeError> {
    let failed = |source| ServeError::Listening { addr: config.addr.clone(), source };
    let addresses: Vec<SocketAddr> = config.addr.to_socket_addrs().map_err(failed)?.collect();
    let plain = config.http && !config.insecure_http_anywhere;
    if plain && addresses.iter().any(|address| !address.ip().is_loopback()) {
        return Err(ServeError::PlainHttp);
    }
    TcpListener::bind(addresses.as_slice()).map_err(failed)
}

fn tls(config: &Config) -> Result<RustlsConfig, ServeError> {
    let certificate = Certificate::of(&config.data).map_err(ServeError::Certificate)?;
    tracing::info!(fingerprint = certificate.fingerprint(), "certificate");
    Ok(RustlsConfig::from_config(certificate.tls().map_err(ServeError::Certificate)?))
}

async fn serve(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
    service: IntoMakeServiceWithConnectInfo<axum::Router, SocketAddr>,
) -> io::Result<()> {
    match tls {
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls)?
                .handle(handle)
                .first_request_timeout(HEADER_TIMEOUT)
                .http1_only();
            server.http_builder().http1().header_read_timeout(HEADER_TIMEOUT);
            server.serve(service).await
        }
        None => {
            let mut server =
                axum_server::from_tcp(listener)?.handle(handle).first_request_timeout(HEADER_TIMEOUT).http1_only();
            server.http_builder().http1().header_read_timeout(HEADER_TIMEOUT);
            server.serve(service).await
        }
    }
}

#[cfg(unix)]
async fn asked_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn asked_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
