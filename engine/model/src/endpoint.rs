//! Endpoints: where a node is asked, shown without what may be a key.
//!
//! A URL of a paid RPC holds a key: in its user and password, its path or its query. So a URL that has any of these is
//! shown, recorded and compared as scheme, host and port with a fingerprint, `https://rpc.example#3f9a0c71`, and only
//! the one that connects gets the whole. A URL without them is not secret, and is its own shown form.

use std::borrow::Cow;
use std::fmt;

use sha3::{Digest, Sha3_256};
use url::Url;

use crate::hex;
use crate::secret::{SecretError, SecretRef};

/// Bytes of the hash that a fingerprint shows: enough to see a change, too few to prove a guess.
const FINGERPRINT: usize = 4;

/// A URL of a node, or the name of a secret that holds one. It cannot be serialised, and prints its shown form.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(EndpointSource);

#[derive(Clone, PartialEq, Eq)]
enum EndpointSource {
    /// Parsed, with its shown form.
    Known { url: Url, shown: String },
    /// Read at each use.
    Named(SecretRef),
}

/// Why something is not an endpoint. No variant repeats what may be a key.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It is no URL, or one of another scheme.
    #[error("not a URL with `http://` or `https://` and a host")]
    NotUrl,
    /// It has a fragment, which no server is ever sent: most likely it is the shown form of an endpoint.
    #[error(
        "a URL with `#…`: that is how pospool shows an endpoint without its key; write the whole URL"
    )]
    Fragment,
    /// The secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The secret is something else.
    #[error("what `{name}` holds is {what}")]
    Held {
        /// Name of the secret.
        name: SecretRef,
        /// Why it is no endpoint.
        what: Box<EndpointError>,
    },
}

impl Endpoint {
    /// Parses a URL.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text).map_err(|_| EndpointError::NotUrl)?;
        if !url.has_host() || !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointError::NotUrl);
        }
        if url.fragment().is_some() {
            return Err(EndpointError::Fragment);
        }
        let shown = shown(&url);
        Ok(Self(EndpointSource::Known { url, shown }))
    }

    /// An endpoint whose URL is a secret.
    #[must_use]
    pub fn named(name: SecretRef) -> Self {
        Self(EndpointSource::Named(name))
    }

    /// The whole URL, for the one that connects; a secret is read now.
    pub fn url(&self) -> Result<Url, EndpointError> {
        match &self.0 {
            EndpointSource::Known { url, .. } => Ok(url.clone()),
            EndpointSource::Named(name) => {
                let held = |what| EndpointError::Held {
                    name: name.clone(),
                    what: Box::new(what),
                };
                Self::parse(name.read()?.expose()).map_err(held)?.url()
            }
        }
    }

    /// Whether it must not be shown whole.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        match &self.0 {
            EndpointSource::Known { url, .. } => holds_key(url),
            EndpointSource::Named(_) => true,
        }
    }

    /// The name of the secret that holds it, if it is one.
    #[must_use]
    pub fn name(&self) -> Option<&SecretRef> {
        match &self.0 {
            EndpointSource::Known { .. } => None,
            EndpointSource::Named(name) => Some(name),
        }
    }

    /// What is shown and recorded: `https://rpc.example:8443`, with `#` and a fingerprint if there is more to it; or
    /// `env:NAME`.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        match &self.0 {
            EndpointSource::Known { shown, .. } => Cow::Borrowed(shown),
            EndpointSource::Named(name) => Cow::Owned(name.to_string()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// Whether a text is the shown form of an endpoint with a key.
#[must_use]
pub fn is_shown_form(text: &str) -> bool {
    let digits = text
        .rsplit_once('#')
        .filter(|(start, _)| Endpoint::parse(start).is_ok_and(|it| !it.is_secret()));
    digits.is_some_and(|(_, digits)| {
        digits.len() == 2 * FINGERPRINT && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Whether a URL in a text, such as a line of a spec, may hold a key.
#[must_use]
pub fn any_key_in(text: &str) -> bool {
    let schemes = ["http", "https", "ws", "wss"];
    text.match_indices("://").any(|(at, _)| {
        let start = text[..at].rfind(|c: char| !c.is_ascii_alphanumeric());
        let scheme = start.map_or(&text[..at], |before| {
            text[before..at].trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
        });
        let stops = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
        let rest = text[at + 3..].split(stops).next().unwrap_or_default();
        let after = rest.find(['/', '?']).map_or("", |end| &rest[end..]);
        let is_node = schemes.contains(&scheme.to_ascii_lowercase().as_str());
        is_node && (rest.contains('@') || after.len() > 1)
    })
}

/// A text with the shown form in the place of each URL that may hold a key. What cannot be read as a URL goes as a whole.
#[must_use]
pub fn show_endpoints(text: &str) -> String {
    let stops = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | '`' | '<' | '>' | '\\' | ',' | ')' | ']' | '}'
            )
    };
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let start = rest[..at]
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |before| {
                before + rest[before..].chars().next().map_or(1, char::len_utf8)
            });
        let end = rest[at..].find(stops).map_or(rest.len(), |end| at + end);
        let url = &rest[start..end];
        shown.push_str(&rest[..start]);
        // A user with a password is one with any scheme.
        if any_key_in(url) || url.contains('@') {
            match Endpoint::parse(url) {
                Ok(endpoint) => shown.push_str(&endpoint.shown()),
                Err(_) => shown.push_str("(a URL that is not shown)"),
            }
        } else {
            shown.push_str(url);
        }
        rest = &rest[end..];
    }
    shown.push_str(rest);
    shown
}

/// Whether a URL has a part that may be a key.
fn holds_key(url: &Url) -> bool {
    let user = !url.username().is_empty() || url.password().is_some();
    user || url.path() != "/" || url.query().is_some()
}

fn shown(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    if !holds_key(url) {
        return origin;
    }
    let hash = Sha3_256::digest(url.as_str().as_bytes());
    format!("{origin}#{}", hex::encode(&hash[..FINGERPRINT]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_key_in_url_every_part_that_may_be_a_key_is_left_out() {
        for (text, origin) in [
            ("https://user@rpc.example", "https://rpc.example"),
            ("https://:hunter2@rpc.example/", "https://rpc.example"),
            ("https://rpc.example/v2/hunter2", "https://rpc.example"),
            (
                "http://rpc.example:8545?key=hunter2",
                "http://rpc.example:8545",
            ),
            ("https://rpc.example:443/hunter2", "https://rpc.example"),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            let (start, digits) = text_of(&endpoint);
            assert_eq!(start, origin, "{text}");
            assert_eq!(digits.len(), 8, "{text}");
            assert!(endpoint.is_secret(), "{text}");
            assert!(is_shown_form(&endpoint.shown()), "{text}");
            for shown in [endpoint.to_string(), format!("{endpoint:?}")] {
                assert!(
                    !shown.contains("hunter2") && !shown.contains("user"),
                    "{shown}"
                );
            }
            assert_eq!(endpoint.url().unwrap(), Url::parse(text).unwrap());
        }
    }

    fn text_of(endpoint: &Endpoint) -> (String, String) {
        let shown = endpoint.shown().into_owned();
        let (start, digits) = shown.split_once('#').unwrap();
        (start.to_owned(), digits.to_owned())
    }

    #[test]
    fn a_url_without_a_key_is_its_own_shown_form() {
        for (text, shown) in [
            ("http://127.0.0.1:12537", "http://127.0.0.1:12537"),
            (
                "HTTPS://Main.ConfluxRPC.com:443/",
                "https://main.confluxrpc.com",
            ),
            ("http://[::1]:8545", "http://[::1]:8545"),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.shown(), shown);
            assert!(!endpoint.is_secret() && !is_shown_form(shown));
        }
    }

    #[test]
    fn another_key_is_another_fingerprint_and_the_same_key_the_same() {
        let shown = |text: &str| Endpoint::parse(text).unwrap().to_string();
        assert_eq!(
            shown("https://a.example/k1"),
            shown("https://A.example:443/k1")
        );
        assert_ne!(shown("https://a.example/k1"), shown("https://a.example/k2"));
        assert_ne!(
            shown("https://u:1@a.example"),
            shown("https://u:2@a.example")
        );
    }

    #[test]
    fn what_is_no_endpoint_is_refused_and_not_repeated() {
        for text in [
            "",
            "rpc.example",
            "ws://u:hunter2@a",
            "https://",
            "hunter2",
            "file:///hunter2",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(matches!(error, EndpointError::NotUrl), "{text}");
            assert!(!error.to_string().contains("hunter2"));
        }
        let shown = Endpoint::parse("https://rpc.example/hunter2")
            .unwrap()
            .to_string();
        let error = Endpoint::parse(&shown).unwrap_err();
        assert!(matches!(error, EndpointError::Fragment), "{error}");
    }

    #[test]
    fn a_named_endpoint_is_read_at_its_use() {
        let file = std::env::temp_dir().join(format!("pospool-endpoint-{}", std::process::id()));
        let endpoint = Endpoint::named(SecretRef::File(file.clone()));
        assert_eq!(endpoint.shown(), format!("file:{}", file.display()));
        assert!(endpoint.is_secret());
        assert!(matches!(endpoint.url(), Err(EndpointError::Secret(_))));
        std::fs::write(&file, "https://rpc.example/hunter2\n").unwrap();
        assert_eq!(
            endpoint.url().unwrap().as_str(),
            "https://rpc.example/hunter2"
        );
        std::fs::write(&file, "hunter2\n").unwrap();
        let error = endpoint.url().unwrap_err();
        assert!(matches!(error, EndpointError::Held { .. }));
        assert!(!error.to_string().contains("hunter2"), "{error}");
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_line_with_a_key_is_known_and_one_without_is_none() {
        for (line, expected) in [
            ("core_rpc = \"https://me:hunter2@a.example\"", true),
            ("  \"HTTPS://a.example/hunter2\",", true),
            ("rpc=ws://a.example?k=hunter2", true),
            (
                "core_rpc = [\"http://127.0.0.1:1\", \"https://a.example/\"] # a/b",
                false,
            ),
            ("bootnodes = \"cfxnode://0a@127.0.0.1:32323\"", false),
            ("ä://hunter2/é", false),
            ("write \"http://…\" or \"https://…\"", false),
        ] {
            assert_eq!(any_key_in(line), expected, "{line}");
        }
    }

    #[test]
    fn a_text_shows_no_key_of_a_url() {
        let text = r#"core_rpc = ["https://rpc.example/v1/SECRET", "http://127.0.0.1:12537"] # wss://me:SECRET@x.example/?k=SECRET
data = "/data" url=https://rpc.example?token=SECRET, and (https://h.example/SECRET)"#;
        let shown = show_endpoints(text);
        assert!(!shown.contains("SECRET"), "{shown}");
        for kept in [
            "core_rpc = [\"https://rpc.example#",
            "\"http://127.0.0.1:12537\"",
            "# (a URL that is not shown)",
            "data = \"/data\"",
        ] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        let plain = "no URL: a//b, c:/d";
        assert_eq!(show_endpoints(plain), plain);
        assert_eq!(
            show_endpoints("db = \"postgres://me:SECRET@host/x\""),
            "db = \"(a URL that is not shown)\""
        );
    }
}
