//! A bucket of an S3-compatible store, and how it is reached.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, RetryConfig};

use super::BlobsError;

/// How long one request to the bucket may take. A blob is at most 8 MiB.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a request is tried again where trying again may help.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

/// Where a bucket is. Credentials come from the variables that every S3 client knows (`AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY` …) or from the machine's role, never from our own settings, which may be printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all objects begin with; may be empty.
    pub prefix: String,
    /// The store's address; `None` for Amazon's own.
    pub endpoint: Option<String>,
    /// Access key and secret instead of the variables; for tests.
    pub credentials: Option<(String, String)>,
}

impl Bucket {
    /// The bucket that `s3://name/prefix` names; `None` if the text is no such address.
    #[must_use]
    pub fn named(text: &str, endpoint: &str) -> Option<Self> {
        let (name, prefix) = match text.strip_prefix("s3://")?.split_once('/') {
            Some((name, prefix)) => (name, prefix.trim_matches('/')),
            None => (text.strip_prefix("s3://")?, ""),
        };
        let endpoint = Some(endpoint).filter(|endpoint| !endpoint.is_empty()).map(str::to_owned);
        (!name.is_empty()).then(|| Self {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            endpoint,
            credentials: None,
        })
    }

    pub(super) fn open(&self) -> Result<Arc<dyn ObjectStore>, BlobsError> {
        let plain = self.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.name)
            // Stores that run in one's own house have no name for every bucket.
            .with_virtual_hosted_style_request(false)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_http_connector(Connector)
            .with_client_options(ClientOptions::new().with_allow_http(plain).with_timeout(REQUEST_TIMEOUT))
            .with_retry(RetryConfig { max_retries: 3, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() });
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((key, secret)) = &self.credentials {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret);
        }
        let bucket = builder.build().map_err(BlobsError::doing("preparing the bucket of blobs"))?;
        match self.prefix.as_str() {
            "" => Ok(Arc::new(bucket)),
            prefix => Ok(Arc::new(PrefixStore::new(bucket, prefix))),
        }
    }
}

/// Requests to the bucket, with the one TLS of this program.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        // A second one is not installed; it would be the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(REQUEST_TIMEOUT).build();
        let failed = |source| object_store::Error::Generic { store: "S3", source: Box::new(source) };
        client.map(HttpClient::new).map_err(failed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_bucket_and_perhaps_what_names_begin_with() {
        let named = |text| Bucket::named(text, "").map(|bucket| (bucket.name, bucket.prefix));
        assert_eq!(named("s3://station"), Some(("station".to_owned(), String::new())));
        assert_eq!(named("s3://station/photos/2026/"), Some(("station".to_owned(), "photos/2026".to_owned())));
        assert_eq!(named("s3:///photos"), None);
        assert_eq!(named("/var/lib/blobs"), None);
    }
}
