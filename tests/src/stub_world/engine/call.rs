//! What a request of the Engine API asks for.

use std::collections::BTreeMap;

use crate::small_http::ReceivedRequest;

/// Path and query of a request, without the version of the API.
pub(super) struct EngineCall {
    pub(super) path: String,
    query: BTreeMap<String, String>,
}

impl EngineCall {
    pub(super) fn read(request: &ReceivedRequest) -> Self {
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((&request.target, ""));
        let path = path.trim_start_matches('/');
        let path = match path.split_once('/') {
            Some((version, rest)) if version.starts_with("v1.") => rest,
            _ => path,
        };
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self {
            path: decoded(path),
            query: pairs
                .map(|(name, value)| (name.to_owned(), decoded(value)))
                .collect(),
        }
    }

    /// An image's name may hold slashes.
    pub(super) fn parts(&self) -> Vec<&str> {
        match self.path.strip_prefix("images/") {
            Some(rest) => match rest.strip_suffix("/json") {
                Some(image) => vec!["images", image, "json"],
                None => vec!["images", rest],
            },
            None => self.path.split('/').collect(),
        }
    }

    pub(super) fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

/// Undoes the escapes of a URL.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, more @ ..] = rest {
        let escape = more
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match (
            first,
            escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = more;
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
