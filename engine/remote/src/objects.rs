//! One object in an object store, written only over the version that was read.
//!
//! - Reads: the object, its version, and the store's own clock.
//! - Returns: what was there; whether a write went through.
//! - Never: asks a second time by itself: whether a write that got no answer arrived is
//!   for [`super::place`] to find out.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use futures_util::StreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    RetryConfig, UpdateVersion,
};
use reqwest::Url;

use crate::failure::{Cause, RequestFailure, summed_up};
use crate::seen::{BoundedBytes, MAX_BYTES, SeenDocument};

/// One object.
#[derive(Debug)]
pub(crate) struct Objects {
    store: Box<dyn ObjectStore>,
    key: Path,
    clock: StoreClock,
}

impl Objects {
    /// The object that a URL names; `environment` holds the credentials.
    pub(crate) fn new(url: &Url, environment: &BTreeMap<String, String>) -> Result<Self, Cause> {
        let clock = StoreClock::default();
        let store = connect(url, environment, &clock)?;
        let key = Path::from_url_path(url.path())?;
        Ok(Self { store, key, clock })
    }

    /// An object in a store that is already there.
    #[cfg(test)]
    pub(crate) fn over(store: impl ObjectStore) -> Self {
        Self {
            store: Box::new(store),
            key: Path::from("state.json"),
            clock: StoreClock::default(),
        }
    }

    pub(crate) async fn read(&self) -> Result<Option<SeenDocument>, RequestFailure> {
        let found = match self.store.get(&self.key).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(|error| trouble(&error))?,
        };
        let mut body = BoundedBytes::new(MAX_BYTES);
        body.expect(Some(found.meta.size))?;
        let mark = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let written = u64::try_from(found.meta.last_modified.timestamp()).unwrap_or_default();
        let age = self.clock.now().map(|now| now.saturating_sub(written));
        let mut parts = found.into_stream();
        while let Some(part) = parts.next().await {
            body.add(&part.map_err(|error| trouble(&error))?)?;
        }
        Ok(Some(SeenDocument {
            bytes: body.into_bytes(),
            mark,
            age: age.map(Duration::from_secs),
        }))
    }

    /// Writes in the place of what was seen there, or where nothing was.
    pub(crate) async fn write(
        &self,
        bytes: Vec<u8>,
        over: Option<&SeenDocument>,
    ) -> Result<SeenDocument, RequestFailure> {
        let mode = match over {
            None => PutMode::Create,
            Some(seen) => PutMode::Update(seen.mark.clone()),
        };
        let put = self
            .store
            .put_opts(&self.key, bytes.clone().into(), PutOptions::from(mode))
            .await
            .map_err(|error| trouble(&error))?;
        let mark = UpdateVersion {
            e_tag: put.e_tag,
            version: put.version,
        };
        let age = Some(Duration::ZERO);
        Ok(SeenDocument { bytes, mark, age })
    }

    /// Whether the store refuses what it must refuse; some servers take conditions and ignore them.
    pub(crate) async fn keeps_conditions(
        &self,
        there: &SeenDocument,
    ) -> Result<bool, RequestFailure> {
        // These bytes are there already, so that a store that fails this loses nothing by it.
        let again = self.write(there.bytes.clone(), None).await;
        if !refused(again)? {
            return Ok(false);
        }
        let mut stale = there.clone();
        let flipped = |text: &String| text.replace(['0', '1', '2', '3', '4'], "5");
        stale.mark.e_tag = there.mark.e_tag.as_ref().map(flipped);
        stale.mark.version = there.mark.version.as_ref().map(flipped);
        if stale.mark == there.mark {
            return Ok(true);
        }
        refused(self.write(there.bytes.clone(), Some(&stale)).await)
    }
}

fn refused(written: Result<SeenDocument, RequestFailure>) -> Result<bool, RequestFailure> {
    match written {
        Ok(_) => Ok(false),
        Err(RequestFailure::Refused(_)) => Ok(true),
        Err(trouble) => Err(trouble),
    }
}

/// What an error of the store means for a write.
fn trouble(error: &Error) -> RequestFailure {
    let cause = summed_up(error);
    match error {
        Error::Precondition { .. } | Error::AlreadyExists { .. } | Error::NotModified { .. } => {
            RequestFailure::Refused(cause)
        }
        Error::Generic { .. } | Error::JoinError { .. } => RequestFailure::Passing(cause),
        _ => RequestFailure::Lasting(cause),
    }
}

fn connect(
    url: &Url,
    environment: &BTreeMap<String, String>,
    clock: &StoreClock,
) -> Result<Box<dyn ObjectStore>, Cause> {
    // reqwest brings no cryptography of its own here. That somebody else installed one before is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 0,
        retry_timeout: Duration::ZERO,
    };
    let connector = clock.clone();
    Ok(match url.scheme() {
        "gs" => {
            let mut builder = GoogleCloudStorageBuilder::new();
            for (key, value) in keys(environment, "GOOGLE_") {
                builder = builder.with_config(key, value);
            }
            let builder = builder.with_url(url.as_str()).with_retry(retry);
            Box::new(builder.with_http_connector(connector).build()?)
        }
        "az" => {
            let mut builder = MicrosoftAzureBuilder::new();
            for (key, value) in keys(environment, "AZURE_") {
                builder = builder.with_config(key, value);
            }
            let builder = builder.with_url(url.as_str()).with_retry(retry);
            Box::new(builder.with_http_connector(connector).build()?)
        }
        _ => {
            let mut builder = AmazonS3Builder::new();
            for (key, value) in keys(environment, "AWS_") {
                builder = builder.with_config(key, value);
            }
            let builder = builder.with_url(url.as_str()).with_retry(retry);
            Box::new(builder.with_http_connector(connector).build()?)
        }
    })
}

/// The variables of one store that its library knows.
fn keys<'a, K: FromStr>(
    environment: &'a BTreeMap<String, String>,
    prefix: &'static str,
) -> impl Iterator<Item = (K, &'a str)> {
    let ours = environment
        .iter()
        .filter(move |(name, _)| name.starts_with(prefix));
    ours.filter_map(|(name, value)| {
        let key = name.to_ascii_lowercase().parse().ok()?;
        Some((key, value.as_str()))
    })
}

/// The time that the store named in its last answer. A document's age is told by this
/// clock alone, which also dated the document: those of two machines may differ.
#[derive(Clone, Debug, Default)]
struct StoreClock(Arc<AtomicU64>);

impl StoreClock {
    /// Seconds since 1970; `None` before the first answer with a date.
    fn now(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0)
    }
}

impl HttpConnector for StoreClock {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        let clock = self.clone();
        Ok(HttpClient::new(Dated { inner, clock }))
    }
}

/// A client that looks at the dates of answers.
struct Dated {
    inner: HttpClient,
    clock: StoreClock,
}

impl fmt::Debug for Dated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dated").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl HttpService for Dated {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.inner.execute(request).await?;
        let date = answer.headers().get(reqwest::header::DATE);
        if let Some(now) = date.and_then(|text| seconds_of(text.to_str().ok()?)) {
            self.clock.0.store(now, Ordering::Relaxed);
        }
        Ok(answer)
    }
}

/// A date of HTTP as seconds since 1970.
fn seconds_of(date: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(date).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(
            seconds_of("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777)
        );
        assert_eq!(seconds_of("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        for wrong in [
            "",
            "now",
            "Sun, 06 Nov 1994",
            "Sun, 06 Foo 1994 08:49:37 GMT",
        ] {
            assert_eq!(seconds_of(wrong), None, "{wrong}");
        }
    }
}
