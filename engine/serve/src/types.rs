//! What a file is and how long a browser may keep it, by its name.
//!
//! - Reads: a file's name.
//! - Returns: content type and caching.
//! - Never: looks into a file.

/// Content types by extension.
const TYPES: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("gif", "image/gif"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("otf", "font/otf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xml", "application/xml"),
];

/// What a file with an unknown name is: something to keep, not to show or run.
const UNKNOWN: &str = "application/octet-stream";
/// For a file whose name changes with its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// For the others: kept, but asked about each time.
const ASK: &str = "no-cache";
/// Fewest characters of a hash in a file's name, and most.
const HASH: std::ops::RangeInclusive<usize> = 8..=64;

/// Content type of a file.
pub(crate) fn content_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, end)| end);
    TYPES
        .iter()
        .find(|(name, _)| extension.eq_ignore_ascii_case(name))
        .map_or(UNKNOWN, |(_, content_type)| content_type)
}

/// How long a browser may keep a file.
pub(crate) fn cache_control(path: &str) -> &'static str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let mut parts: Vec<&str> = name.split(['.', '-', '_']).collect();
    // The extension and the first part are no hashes: `deadbeef.css` has a name.
    let last = parts.pop();
    let is_html = last.is_some_and(|last| last.eq_ignore_ascii_case("html"));
    if !is_html && parts.iter().skip(1).any(|part| is_hash(part)) {
        FOR_EVER
    } else {
        ASK
    }
}

/// Bundlers write hashes in hexadecimal digits; a word such as `facade` has no digit, a year has no letter.
fn is_hash(part: &str) -> bool {
    HASH.contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        && part.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_its_name_is_kept_for_ever() {
        for path in [
            "/static/js/main.3f2a9c1b.chunk.js",
            "/assets/app-0123456789abcdef.css",
        ] {
            assert_eq!(cache_control(path), FOR_EVER, "{path}");
        }
        for path in [
            "/index.html",
            "/page.3f2a9c1b.html",
            "/pool.config.json",
            "/logo192.png",
            "/3f2a9c1b.js",
            "/a.facadefacade.js",
            "/3f2a9c1b/x.js",
        ] {
            assert_eq!(cache_control(path), ASK, "{path}");
        }
    }

    #[test]
    fn scripts_and_styles_have_their_types_and_the_unknown_is_not_run() {
        assert_eq!(content_type("/a.JS"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("/a.b/c.css"), "text/css; charset=utf-8");
        for path in ["/a", "/a.exe", "/js", "/a.js/x"] {
            assert_eq!(content_type(path), UNKNOWN, "{path}");
        }
    }
}
