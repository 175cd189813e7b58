//! A store that speaks as much of S3 as our blobs ask for, over real HTTP on loopback, and fails where it is told to.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use ailchin_server::blobs::{Blobs, Bucket, Place};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::Runtime;

/// What a failing store does with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Nothing, and it says so.
    Refuses,
    /// It does it, and the answer is lost.
    LosesAnswer,
}

#[derive(Default)]
struct Shelf {
    objects: BTreeMap<String, Bytes>,
    asked: usize,
    faults: BTreeMap<usize, Fault>,
}

/// An S3-compatible store with one bucket.
pub(crate) struct FakeS3 {
    address: String,
    shelf: Arc<Mutex<Shelf>>,
    _runtime: Runtime,
}

pub(crate) const BUCKET: &str = "station";
const PREFIX: &str = "photos";

impl FakeS3 {
    pub(crate) fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&shelf));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { address, shelf, _runtime: runtime }
    }

    pub(crate) fn blobs(&self) -> Blobs {
        let named = Bucket::named(&format!("s3://{BUCKET}/{PREFIX}"), &self.address).unwrap();
        let credentials = Some(("key".to_owned(), "secret".to_owned()));
        Blobs::at(&Place::Bucket(Bucket { credentials, ..named })).unwrap()
    }

    /// The names of all objects.
    pub(crate) fn names(&self) -> Vec<String> {
        lock(&self.shelf).objects.keys().cloned().collect()
    }

    pub(crate) fn object(&self, name: &str) -> Option<Bytes> {
        lock(&self.shelf).objects.get(&format!("{PREFIX}/{name}")).cloned()
    }

    /// Damages the bytes of an object.
    pub(crate) fn spoil(&self, name: &str) {
        lock(&self.shelf).objects.insert(name.to_owned(), Bytes::from_static(b"spoilt"));
    }

    /// How many requests came.
    pub(crate) fn asked(&self) -> usize {
        lock(&self.shelf).asked
    }

    /// The requests `from` on, as many as there are faults, fail; the first that ever came was 0.
    pub(crate) fn fails(&self, from: usize, faults: &[Fault]) {
        lock(&self.shelf).faults = (from..).zip(faults.iter().copied()).collect();
    }
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap()
}

async fn answer(State(shelf): State<Arc<Mutex<Shelf>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    let query: BTreeMap<String, String> = axum::extract::Query::try_from_uri(&head.uri).map(|query| query.0).unwrap();
    let path = head.uri.path().strip_prefix(&format!("/{BUCKET}")).unwrap();
    let mut shelf = lock(&shelf);
    let fault = {
        let n = shelf.asked;
        shelf.faults.remove(&n)
    };
    shelf.asked += 1;
    if fault == Some(Fault::Refuses) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let done = shelf.does(&head.method, path.trim_start_matches('/'), &query, &head.headers, body);
    match fault {
        Some(Fault::LosesAnswer) => StatusCode::BAD_GATEWAY.into_response(),
        _ => done,
    }
}

impl Shelf {
    fn does(
        &mut self,
        method: &Method,
        name: &str,
        query: &BTreeMap<String, String>,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response {
        match *method {
            Method::GET if name.is_empty() => self.list(query),
            Method::GET | Method::HEAD => self.object(method, name, headers),
            Method::PUT => {
                if headers.contains_key("if-none-match") && self.objects.contains_key(name) {
                    return StatusCode::PRECONDITION_FAILED.into_response();
                }
                let tag = tag(&body);
                self.objects.insert(name.to_owned(), body);
                ([("etag", tag)], StatusCode::OK).into_response()
            }
            Method::DELETE => {
                self.objects.remove(name);
                StatusCode::NO_CONTENT.into_response()
            }
            // Several at once.
            Method::POST if query.contains_key("delete") => {
                let text = String::from_utf8(body.to_vec()).unwrap();
                let names = text.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
                let mut done = String::from("<DeleteResult>");
                for (name, _) in names {
                    self.objects.remove(name);
                    done.push_str(&format!("<Deleted><Key>{name}</Key></Deleted>"));
                }
                done.push_str("</DeleteResult>");
                done.into_response()
            }
            _ => StatusCode::NOT_IMPLEMENTED.into_response(),
        }
    }

    fn object(&self, method: &Method, name: &str, headers: &HeaderMap) -> Response {
        let Some(bytes) = self.objects.get(name) else { return StatusCode::NOT_FOUND.into_response() };
        let mut response = Response::new(Body::from(bytes.clone()));
        let range = headers.get("range").and_then(|range| range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'));
        if let Some((from, to)) = range {
            let (from, to) = (from.parse::<usize>().unwrap(), to.parse::<usize>().unwrap());
            response = Response::new(Body::from(bytes.slice(from..=to)));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let said = format!("bytes {from}-{to}/{}", bytes.len());
            response.headers_mut().insert("content-range", said.parse().unwrap());
        }
        let said = response.headers_mut();
        said.insert("etag", tag(bytes).parse().unwrap());
        said.insert("last-modified", HeaderValue::from_static("Mon, 01 Jun 2026 00:00:00 GMT"));
        if method == Method::HEAD {
            said.insert("content-length", bytes.len().into());
            *response.body_mut() = Body::empty();
        }
        response
    }

    fn list(&self, query: &BTreeMap<String, String>) -> Response {
        let prefix = query.get("prefix").cloned().unwrap_or_default();
        let delimiter = query.get("delimiter");
        let from = (Bound::Included(prefix.clone()), Bound::Unbounded);
        let (mut objects, mut folders) = (String::new(), std::collections::BTreeSet::new());
        for (name, bytes) in self.objects.range(from).take_while(|(name, _)| name.starts_with(&prefix)) {
            match delimiter.and_then(|by| name[prefix.len()..].split_once(by.as_str())) {
                Some((folder, _)) => {
                    folders.insert(format!("{prefix}{folder}/"));
                }
                None => objects.push_str(&format!(
                    "<Contents><Key>{name}</Key><LastModified>2026-06-01T00:00:00.000Z</LastModified>\
                     <ETag>{}</ETag><Size>{}</Size></Contents>",
                    tag(bytes),
                    bytes.len()
                )),
            }
        }
        let folders: String =
            folders.iter().map(|name| format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>")).collect();
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix>\
             <IsTruncated>false</IsTruncated>{objects}{folders}</ListBucketResult>"
        );
        ([("content-type", "application/xml")], text).into_response()
    }
}

fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", ailchin_core::hash::Hash::of(bytes))
}
