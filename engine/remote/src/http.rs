//! A server of the HTTP state protocol, as Terraform's `http` backend speaks it.
//!
//! - Reads: the document, and who holds the lock.
//! - Returns: what was there; whether a write went through.
//! - Never: writes without the lock's name, which is all that the server checks, and never
//!   over a document that is not the one that was read.
//!
//! Servers differ: some answer a taken lock with 423, others with 409, and some of these
//! send the asker's own words back with only the name of the lock replaced.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use object_store::UpdateVersion;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};

use crate::failure::{Cause, RequestFailure, cause_of_text, summed_up};
use crate::lease::{LONGEST_LEASE, Lease};
use crate::seen::{BoundedBytes, MAX_BYTES, SeenDocument};
use crate::settings::HttpSettings;

/// Longest wait for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// Longest wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Most bytes of what a server says of a lock.
const LOCK_BYTES: u64 = 1 << 20;

/// One state with a server.
pub(crate) struct HttpBackend {
    client: Client,
    state: Url,
    lock: (Method, Url),
    unlock: (Method, Url),
    update: Method,
    user: Option<(String, Option<String>)>,
}

/// What the protocol says of a lock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct LockInfo {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) operation: String,
    /// The lease as JSON. A server may send the asker's instead of the holder's.
    pub(crate) info: String,
    pub(crate) who: String,
    pub(crate) version: String,
    pub(crate) created: String,
    pub(crate) path: String,
}

impl LockInfo {
    /// What we say of our own lock.
    pub(crate) fn of(lease: &Lease) -> Self {
        let holder = &lease.holder;
        Self {
            id: lease.id.clone(),
            operation: holder.command.clone(),
            info: serde_json::to_string(lease).unwrap_or_default(),
            who: format!("process {} on {}", holder.pid, holder.host),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: created_at(holder.since),
            path: String::new(),
        }
    }

    /// The lease that it speaks of, if the server kept it.
    pub(crate) fn lease(&self) -> Option<Lease> {
        let lease: Lease = serde_json::from_str(&self.info).ok()?;
        (lease.id == self.id && lease.seconds <= LONGEST_LEASE).then_some(lease)
    }
}

/// How a request for the lock ended.
pub(crate) enum Locked {
    /// It is ours.
    Taken,
    /// Somebody else has it.
    Held(LockInfo),
}

impl HttpBackend {
    pub(crate) fn new(state: &Url, settings: &HttpSettings) -> Result<Self, Cause> {
        // reqwest brings no cryptography of its own here. That somebody else installed one before is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let user = settings.username.clone();
        let user = user.map(|name| (name, settings.password.clone()));
        let usual = Usual::of(state);
        let method = |own: &Option<Method>, usual: Method| own.clone().unwrap_or(usual);
        let address = |own: &Option<Url>| own.clone().unwrap_or_else(|| usual.lock_address.clone());
        let lock = (
            method(&settings.lock_method, usual.lock),
            address(&settings.lock_address),
        );
        let unlock = (
            method(&settings.unlock_method, usual.unlock),
            address(&settings.unlock_address),
        );
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIME)
            .timeout(ANSWER_TIME);
        for url in [state, &lock.1, &unlock.1] {
            let near = url.host_str().is_some_and(is_loopback);
            if near {
                builder = builder.no_proxy();
            } else if url.scheme() != "https" {
                // A state on the way is one that anybody there can read and replace, and so is a password.
                let text = format!(
                    "everything would be readable, and could be replaced, on the way to {}; use https",
                    url.host_str().unwrap_or_default()
                );
                return Err(cause_of_text(text));
            }
        }
        Ok(Self {
            client: builder.build()?,
            state: state.clone(),
            lock,
            unlock,
            update: method(&settings.update_method, Method::POST),
            user,
        })
    }

    pub(crate) async fn read(&self) -> Result<Option<SeenDocument>, RequestFailure> {
        let answer = self.send(Method::GET, self.state.clone(), None).await?;
        match answer.status() {
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => Ok(Some(SeenDocument {
                bytes: read_body(answer, MAX_BYTES).await?,
                mark: UpdateVersion {
                    e_tag: None,
                    version: None,
                },
                age: None,
            })),
            status => Err(trouble(status)),
        }
    }

    /// Writes under the lock of this name. The protocol knows no conditions, so what is
    /// there is looked at before.
    pub(crate) async fn write(
        &self,
        id: &str,
        bytes: Vec<u8>,
        over: Option<&SeenDocument>,
    ) -> Result<SeenDocument, RequestFailure> {
        let there = self.read().await?;
        if there.as_ref().map(|seen| &seen.bytes) != over.map(|seen| &seen.bytes) {
            let text = "another document is there than the one that was written last";
            return Err(RequestFailure::Refused(cause_of_text(text)));
        }
        let mut url = self.state.clone();
        url.query_pairs_mut().append_pair("ID", id);
        let answer = self
            .send(self.update.clone(), url, Some(bytes.clone()))
            .await?;
        if !answer.status().is_success() {
            return Err(trouble(answer.status()));
        }
        Ok(SeenDocument {
            bytes,
            mark: UpdateVersion {
                e_tag: None,
                version: None,
            },
            age: None,
        })
    }

    /// Asks for the lock.
    pub(crate) async fn lock(&self, info: &LockInfo) -> Result<Locked, RequestFailure> {
        let (method, url) = self.lock.clone();
        let answer = self.send(method, url, Some(json(info))).await?;
        match answer.status() {
            StatusCode::LOCKED | StatusCode::CONFLICT => {
                let text = read_body(answer, LOCK_BYTES).await?;
                let held: LockInfo = serde_json::from_slice(&text).unwrap_or_default();
                // An answer may have been lost after the lock was given to us.
                if held.id == info.id {
                    return Ok(Locked::Taken);
                }
                Ok(Locked::Held(held))
            }
            status if status.is_success() => Ok(Locked::Taken),
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED => {
                let text = format!(
                    "the server has no lock here ({} {}: {}); \
                     POSPOOL_HTTP_LOCK_METHOD and POSPOOL_HTTP_LOCK_ADDRESS say how it locks",
                    self.lock.0,
                    self.lock.1,
                    answer.status()
                );
                Err(RequestFailure::Lasting(cause_of_text(text)))
            }
            status => Err(trouble(status)),
        }
    }

    /// Gives a lock back; who knows its name may.
    pub(crate) async fn unlock(&self, info: &LockInfo) -> Result<(), RequestFailure> {
        let (method, url) = self.unlock.clone();
        let answer = self.send(method, url, Some(json(info))).await?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(trouble(answer.status()))
        }
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<Response, RequestFailure> {
        let mut request = self.client.request(method, url);
        if let Some((name, password)) = &self.user {
            request = request.basic_auth(name, password.as_ref());
        }
        if let Some(body) = body {
            request = request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body);
        }
        request.send().await.map_err(passing)
    }
}

/// How a server locks, if the user does not say it.
struct Usual {
    lock: Method,
    unlock: Method,
    lock_address: Url,
}

impl Usual {
    /// The protocol's own way, or that of GitLab, which is known by its path.
    fn of(state: &Url) -> Self {
        let path = state.path();
        if path.contains("/api/v4/projects/") && path.contains("/terraform/state/") {
            let mut lock_address = state.clone();
            lock_address.set_path(&format!("{}/lock", path.trim_end_matches('/')));
            return Self {
                lock: Method::POST,
                unlock: Method::DELETE,
                lock_address,
            };
        }
        let method = |name: &str| Method::from_bytes(name.as_bytes()).unwrap_or(Method::POST);
        Self {
            lock: method("LOCK"),
            unlock: method("UNLOCK"),
            lock_address: state.clone(),
        }
    }
}

fn json(info: &LockInfo) -> Vec<u8> {
    serde_json::to_vec(info).unwrap_or_default()
}

/// What a status means for a write.
fn trouble(status: StatusCode) -> RequestFailure {
    let cause = cause_of_text(format!("the server answered {status}"));
    match status.as_u16() {
        409 | 412 | 422 | 423 => RequestFailure::Refused(cause),
        401 | 403 => RequestFailure::Lasting(cause_of_text(format!(
            "the server answered {status}; POSPOOL_HTTP_USERNAME and POSPOOL_HTTP_PASSWORD say who asks"
        ))),
        408 | 425 | 429 | 500..=599 => RequestFailure::Passing(cause),
        _ => RequestFailure::Lasting(cause),
    }
}

/// A request without an answer. Its URL is told elsewhere, and may hold the lock's name.
fn passing(error: reqwest::Error) -> RequestFailure {
    RequestFailure::Passing(summed_up(&error.without_url()))
}

/// Reads an answer, but no more of it than it may have.
async fn read_body(mut answer: Response, most: u64) -> Result<Vec<u8>, RequestFailure> {
    let mut body = BoundedBytes::new(most);
    body.expect(answer.content_length())?;
    while let Some(part) = answer.chunk().await.map_err(passing)? {
        body.add(&part)?;
    }
    Ok(body.into_bytes())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Seconds since 1970 as `2026-11-22T09:05:00Z`.
fn created_at(seconds: u64) -> String {
    // The end of the year 9999: what is later has no such form.
    const LAST: u64 = 253_402_300_799;
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST));
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_server_locks_in_the_usual_way_or_in_its_own() {
        let plain = url("https://states.example/harbour");
        let http = HttpBackend::new(&plain, &HttpSettings::default()).unwrap();
        assert_eq!((http.lock.0.as_str(), &http.lock.1), ("LOCK", &plain));
        assert_eq!(http.unlock.0.as_str(), "UNLOCK");
        let gitlab = url("https://git.example/api/v4/projects/7/terraform/state/harbour");
        let mut settings = HttpSettings::default();
        let http = HttpBackend::new(&gitlab, &settings).unwrap();
        assert_eq!(http.lock.0, Method::POST);
        assert!(http.lock.1.path().ends_with("/harbour/lock"));
        assert_eq!(
            (http.unlock.0, http.unlock.1),
            (Method::DELETE, http.lock.1)
        );
        settings.lock_method = Some(Method::PUT);
        settings.lock_address = Some(plain.clone());
        let http = HttpBackend::new(&gitlab, &settings).unwrap();
        assert_eq!(http.lock, (Method::PUT, plain));
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_795_338_300, "2026-11-22T09:05:00Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(created_at(seconds), text);
        }
    }

    #[test]
    fn nothing_travels_in_the_open() {
        let none = HttpSettings::default();
        for open in [
            "http://states.example/a",
            "http://10.0.0.1/a",
            "http://127.evil.example/a",
        ] {
            assert!(HttpBackend::new(&url(open), &none).is_err(), "{open}");
            let lock = HttpSettings {
                lock_address: Some(url(open)),
                ..HttpSettings::default()
            };
            assert!(HttpBackend::new(&url("https://states.example/a"), &lock).is_err());
        }
        for near in [
            "http://127.0.0.1:1/a",
            "http://localhost:1/a",
            "http://[::1]:1/a",
        ] {
            assert!(HttpBackend::new(&url(near), &none).is_ok(), "{near}");
        }
        let settings = HttpSettings {
            username: Some("me".to_owned()),
            password: Some("hunter2".to_owned()),
            ..HttpSettings::default()
        };
        for open in ["http://states.example/a", "http://127.evil.example/a"] {
            let refused = HttpBackend::new(&url(open), &settings);
            let why = refused.err().map(|error| error.to_string());
            assert!(why.is_some_and(|why| !why.contains("hunter2")), "{open}");
        }
        assert!(HttpBackend::new(&url("http://127.0.0.1:1/a"), &settings).is_ok());
        assert!(HttpBackend::new(&url("https://states.example/a"), &settings).is_ok());
    }

    #[test]
    fn a_lease_of_the_asker_is_not_taken_for_the_holders() {
        let mut info = LockInfo::of(&Lease::new("apply", 0));
        assert!(info.lease().is_some());
        info.id = "another".to_owned();
        assert!(info.lease().is_none());
    }

    #[tokio::test]
    async fn case_remote_overflow_an_answer_without_end_is_read_to_its_limit_only() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // Whoever answers before it was asked is not heard.
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head).unwrap();
            let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
            let mut sent = 0;
            // It ends when the asker hangs up.
            while stream.write_all(&chunk).is_ok() {
                sent += 1;
            }
            sent
        });
        let place = url(&format!("http://127.0.0.1:{port}/a"));
        let http = HttpBackend::new(&place, &HttpSettings::default()).unwrap();
        let why = http.read().await.map(|_| "it was read").unwrap_err();
        assert!(matches!(why, RequestFailure::Lasting(_)), "{why:?}");
        let why = why.cause().to_string();
        assert!(why.contains("larger than 67108864"), "{why}");
        drop(http);
        // The connection is closed by a task of this runtime.
        let sent = tokio::task::spawn_blocking(|| server.join().unwrap());
        assert!(sent.await.unwrap() < 2 * (MAX_BYTES >> 20));
    }
}
