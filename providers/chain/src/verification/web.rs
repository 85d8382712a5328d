//! HTTP to an explorer.
//!
//! - Reads: one answer for each request, bounded in size and time.
//! - Returns: JSON, or why there is none.
//! - Never: asks one explorer more than four times in a second, follows a redirect, or tells a key in an error.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use pospool_conflux_rpc::{HttpTransport, innermost_cause};
use pospool_model::SecretRef;
use serde_json::Value as Json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::explorer::ExplorerRequest;

/// Most bytes of one answer: a source comes back whole.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;
/// Five requests in a second are allowed to everybody.
const BETWEEN: Duration = Duration::from_millis(250);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WebError {
    /// It may come later.
    Silent(String),
    /// There is no explorer's API, or it takes nothing like this.
    Wrong(String),
}

/// Ways to explorers; clones share the pace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Web {
    clients: HttpTransport,
    /// When an explorer may be asked again, by its URL.
    free: Arc<Mutex<BTreeMap<String, Instant>>>,
}

impl Web {
    /// Asks once.
    pub(super) async fn ask(
        &self,
        api: &str,
        key: Option<&SecretRef>,
        request: &ExplorerRequest,
    ) -> Result<Json, WebError> {
        let url = url(api, key, request)?;
        let client = self
            .clients
            .client(&url)
            .map_err(|error| wrong(&error.to_string()))?;
        self.wait(api).await;
        let ask = match &request.form {
            None => client.get(url),
            Some(form) => client
                .post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(encoded(form)),
        };
        let silent =
            |error: reqwest::Error| WebError::Silent(innermost_cause(&error.without_url()));
        let mut answer = ask.send().await.map_err(silent)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(silent)? {
            if body.len() + part.len() > ANSWER_LIMIT {
                return Err(wrong("the answer is larger than 32 MB"));
            }
            body.extend_from_slice(&part);
        }
        if let Ok(json) = serde_json::from_slice(&body) {
            return Ok(json);
        }
        let what = format!("HTTP status {status}, and no JSON");
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(WebError::Silent(what));
        }
        Err(WebError::Wrong(what))
    }

    /// Waits for the next moment in which this explorer may be asked.
    async fn wait(&self, api: &str) {
        let mine = {
            let mut free = self.free.lock().await;
            let now = Instant::now();
            let mine = free.get(api).copied().unwrap_or(now).max(now);
            free.insert(api.to_owned(), mine + BETWEEN);
            mine
        };
        tokio::time::sleep_until(mine).await;
    }
}

/// The whole URL of a request, with the key if there is one.
fn url(
    api: &str,
    key: Option<&SecretRef>,
    request: &ExplorerRequest,
) -> Result<reqwest::Url, WebError> {
    let text = format!("{api}{}", request.path);
    let mut url = reqwest::Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
    let key = key.map(SecretRef::read).transpose();
    let key = key.map_err(|error| wrong(&format!("`api_key` cannot be read: {error}")))?;
    if !request.query.is_empty() || key.is_some() {
        let mut pairs = url.query_pairs_mut();
        for (name, value) in &request.query {
            pairs.append_pair(name, value);
        }
        if let Some(key) = &key {
            pairs.append_pair("apiKey", key.expose());
        }
    }
    Ok(url)
}

fn wrong(what: &str) -> WebError {
    WebError::Wrong(what.to_owned())
}

/// Writes a form for the body of a request.
fn encoded(form: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in form {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                    text.push(byte.into());
                }
                // Writing to a text cannot fail.
                _ => drop(write!(text, "%{byte:02X}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_byte() {
        let form = [("a", "v0.8.4+c &=%".to_owned()), ("b", "ü".to_owned())];
        assert_eq!(encoded(&form), "a=v0.8.4%2Bc%20%26%3D%25&b=%C3%BC");
    }

    #[tokio::test(start_paused = true)]
    async fn one_explorer_is_asked_four_times_in_a_second_and_another_meanwhile() {
        let web = Web::default();
        let start = Instant::now();
        for _ in 0..5 {
            web.wait("http://a").await;
        }
        assert_eq!(start.elapsed(), BETWEEN * 4);
        web.wait("http://b").await;
        assert_eq!(start.elapsed(), BETWEEN * 4);
    }
}
