//! From a request to its answer.
//!
//! - Reads: method, path and headers of a request; the table of files.
//! - Returns: status, headers and bytes.
//! - Never: looks at a query, a cookie or a body.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderValue, IF_NONE_MATCH, VARY,
};
use hyper::{Method, Response, StatusCode};

use crate::site::{Asset, INDEX, Site, TaggedBytes};

/// Where a health check asks.
pub(crate) const HEALTH: &str = "/healthz";

/// An answer and the number of its bytes.
pub(crate) type SiteResponse = Response<Full<Bytes>>;

/// Answers one request.
pub(crate) fn answer_request(
    site: &Site,
    method: &Method,
    path: &str,
    asked: &HeaderMap,
) -> SiteResponse {
    let mut answer = match (method, decode(path)) {
        (&Method::GET | &Method::HEAD, None) => plain(StatusCode::BAD_REQUEST, "bad path\n"),
        (&Method::GET | &Method::HEAD, Some(path)) if path == HEALTH => {
            plain(StatusCode::OK, "ok\n")
        }
        (&Method::GET | &Method::HEAD, Some(path)) => match find(site, &path) {
            Some(asset) => file(asset, asked),
            None => plain(StatusCode::NOT_FOUND, "not found\n"),
        },
        _ => {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            put(&mut answer, ALLOW.as_str(), "GET, HEAD");
            answer
        }
    };
    for (name, value) in site.headers() {
        put(&mut answer, name, value);
    }
    if method == Method::HEAD {
        *answer.body_mut() = Full::default();
    }
    answer
}

/// The file of a path; a path of the page's own, which has no extension, is the page.
fn find<'a>(site: &'a Site, path: &str) -> Option<&'a Asset> {
    let last = path.rsplit('/').next().unwrap_or_default();
    site.file(path)
        .or_else(|| site.file(INDEX).filter(|_| !last.contains('.')))
}

fn file(asset: &Asset, asked: &HeaderMap) -> SiteResponse {
    let form = match &asset.gzip {
        Some(gzip) if takes_gzip(asked) => gzip,
        _ => &asset.plain,
    };
    let known = is_known(form, asked);
    let body = if known {
        Bytes::new()
    } else {
        form.bytes.clone()
    };
    let length = body.len();
    let mut answer = Response::new(Full::new(body));
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        put(&mut answer, CONTENT_TYPE.as_str(), asset.content_type);
        put(&mut answer, CONTENT_LENGTH.as_str(), &length.to_string());
        if !std::ptr::eq(form, &raw const asset.plain) {
            put(&mut answer, "content-encoding", "gzip");
        }
    }
    put(&mut answer, CACHE_CONTROL.as_str(), asset.caching);
    put(&mut answer, ETAG.as_str(), &form.etag);
    put(&mut answer, VARY.as_str(), ACCEPT_ENCODING.as_str());
    answer
}

fn plain(status: StatusCode, text: &'static str) -> SiteResponse {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    put(
        &mut answer,
        CONTENT_TYPE.as_str(),
        "text/plain; charset=utf-8",
    );
    put(
        &mut answer,
        CONTENT_LENGTH.as_str(),
        &text.len().to_string(),
    );
    put(&mut answer, CACHE_CONTROL.as_str(), "no-store");
    answer
}

fn put(answer: &mut SiteResponse, name: &str, value: &str) {
    let name = hyper::header::HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        answer.headers_mut().insert(name, value);
    }
}

/// Whether the browser takes gzip: named, and not with the weight 0.
fn takes_gzip(asked: &HeaderMap) -> bool {
    list(asked, ACCEPT_ENCODING.as_str()).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, "q=1"));
        let weight = weight.trim().trim_start_matches("q=").trim();
        matches!(name.trim(), "gzip" | "*")
            && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}

/// Whether the browser has this very form already.
fn is_known(form: &TaggedBytes, asked: &HeaderMap) -> bool {
    list(asked, IF_NONE_MATCH.as_str())
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == form.etag)
}

/// Parts of a header with commas, trimmed.
fn list<'a>(asked: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    asked
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// Decodes a path; `None` for one that nobody would write who means well.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    let path = String::from_utf8(bytes).ok()?;
    let bad = !path.starts_with('/')
        || path.contains(['\\', '\0'])
        || path.chars().any(char::is_control)
        || path.split('/').any(|part| part == ".." || part == ".");
    (!bad).then_some(path)
}

#[cfg(test)]
mod tests {
    use hyper::body::Body as _;

    use super::*;

    fn site() -> Site {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("static")).unwrap();
        for (name, text) in [
            ("index.html", "<p>page</p>"),
            ("static/a.0123abcd.js", "let a = 1;"),
            ("static/a.0123abcd.js.gz", "packed"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Site::load(folder.path(), &["https://rpc.example".to_owned()]).unwrap()
    }

    fn get(path: &str, asked: &[(&'static str, &str)]) -> SiteResponse {
        let asked = asked
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect();
        answer_request(&site(), &Method::GET, path, &asked)
    }

    fn header<'a>(answer: &'a SiteResponse, name: &str) -> &'a str {
        answer
            .headers()
            .get(name)
            .map_or("", |it| it.to_str().unwrap())
    }

    fn size(answer: &SiteResponse) -> u64 {
        answer.body().size_hint().exact().unwrap()
    }

    #[test]
    fn the_page_answers_for_its_own_paths_and_not_for_missing_files() {
        for path in ["/", "/index.html", "/pool/cfxtest:abc", "/pool/"] {
            let answer = get(path, &[]);
            assert_eq!(answer.status(), 200, "{path}");
            assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
            assert_eq!(header(&answer, "cache-control"), "no-cache");
        }
        let missing = get("/static/b.js", &[]);
        assert_eq!(missing.status(), 404);
        assert_eq!(header(&missing, "x-content-type-options"), "nosniff");
    }

    #[test]
    fn paths_that_climb_are_refused() {
        for path in [
            "/../etc/passwd",
            "/%2e%2e/etc/passwd",
            "/a/%2E%2e%2fx",
            "/..%5c..%5cx",
            "/a%00b",
            "/%zz",
            "/%",
            "/%ff",
            "*",
            "",
        ] {
            assert_eq!(get(path, &[]).status(), 400, "{path}");
        }
    }

    #[test]
    fn the_compressed_form_goes_to_those_who_take_it() {
        let path = "/static/a.0123abcd.js";
        let packed = get(path, &[("accept-encoding", "br, gzip;q=0.5")]);
        assert_eq!(header(&packed, "content-encoding"), "gzip");
        assert_eq!(size(&packed), 6);
        assert!(header(&packed, "cache-control").contains("immutable"));
        for refused in ["", "br", "gzip;q=0", "gzip;q=0.0"] {
            let plain = get(path, &[("accept-encoding", refused)]);
            assert_eq!(header(&plain, "content-encoding"), "", "{refused}");
            assert_eq!(size(&plain), 10);
            assert_eq!(header(&plain, "vary"), "accept-encoding");
        }
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        let path = "/static/a.0123abcd.js";
        let etag = header(&get(path, &[]), "etag").to_owned();
        let known = format!("\"x\", W/{etag}");
        let again = get(path, &[("if-none-match", &known)]);
        assert_eq!(again.status(), 304);
        assert_eq!(size(&again), 0);
        assert_eq!(header(&again, "etag"), etag);
        let other = [
            ("if-none-match", etag.as_str()),
            ("accept-encoding", "gzip"),
        ];
        assert_eq!(
            get(path, &other).status(),
            200,
            "the tag is of another form"
        );
    }

    #[test]
    fn only_reading_is_allowed_and_a_head_has_no_body() {
        let nothing = HeaderMap::new();
        let head = answer_request(&site(), &Method::HEAD, "/", &nothing);
        assert_eq!((head.status().as_u16(), size(&head)), (200, 0));
        assert_eq!(header(&head, "content-length"), "11");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let refused = answer_request(&site(), &method, "/", &nothing);
            assert_eq!(refused.status(), 405, "{method}");
            assert_eq!(header(&refused, "allow"), "GET, HEAD");
        }
    }

    #[test]
    fn every_answer_carries_the_policy() {
        for path in ["/", "/healthz", "/x.js", "/%"] {
            let answer = get(path, &[]);
            let policy = header(&answer, "content-security-policy");
            assert!(policy.contains("https://rpc.example"), "{path}: {policy}");
        }
    }
}
