//! Headers of every answer: what a browser may do with this page.
//!
//! - Reads: the origins of the RPCs that the page talks to; the page's own inline scripts.
//! - Returns: headers.
//! - Never: allows a script of another origin, a frame around the page, or an inline script that is not the page's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::ServeError;

/// Features of the browser that a pool's page has no use for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), \
     microphone=(), payment=(), usb=()";

/// Headers of every answer; HSTS belongs to the front that speaks TLS.
pub(crate) fn response_headers(policy: String) -> Vec<(&'static str, String)> {
    vec![
        ("content-security-policy", policy),
        (
            "cross-origin-opener-policy",
            "same-origin-allow-popups".to_owned(),
        ),
        ("permissions-policy", PERMISSIONS.to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-frame-options", "DENY".to_owned()),
    ]
}

/// The content security policy of a page.
pub(crate) fn content_security_policy(
    connect: &[String],
    index: &str,
) -> Result<String, ServeError> {
    if let Some(wrong) = connect.iter().find(|origin| !is_origin(origin)) {
        return Err(ServeError::Origin(wrong.clone()));
    }
    let mut scripts = vec!["'self'".to_owned()];
    scripts.extend(inline_scripts(index).map(|script| {
        let digest = STANDARD.encode(Sha256::digest(script.as_bytes()));
        format!("'sha256-{digest}'")
    }));
    let mut origins = vec!["'self'".to_owned()];
    origins.extend(connect.iter().cloned());
    Ok(format!(
        "default-src 'none'; base-uri 'self'; connect-src {}; font-src 'self' data:; form-action 'self'; \
         frame-ancestors 'none'; img-src 'self' data:; manifest-src 'self'; object-src 'none'; script-src {}; \
         style-src 'self' 'unsafe-inline'; worker-src 'self'",
        origins.join(" "),
        scripts.join(" "),
    ))
}

/// Scheme, host and port; nothing that could end the directive it is put into.
fn is_origin(text: &str) -> bool {
    let rest = ["https://", "http://", "wss://", "ws://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

/// Texts of the scripts that are in the page itself, as bundlers put their loaders there.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    // Of equal length, since only ASCII letters change.
    let lower = html.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = lower[at..].find("<script").map(|begin| at + begin) {
        let Some(open) = lower[begin..].find('>').map(|end| begin + end + 1) else {
            break;
        };
        let Some(close) = lower[open..].find("</script").map(|end| open + end) else {
            break;
        };
        if open < close && !lower[begin..open].contains("src=") {
            found.push(&html[open..close]);
        }
        at = close;
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_reach_its_rpc_and_run_its_own_scripts_only() {
        let index = "<html><script src=\"/a.js\"></script><SCRIPT>let a = 1;</SCRIPT></html>";
        let policy =
            content_security_policy(&["https://main.confluxrpc.com".to_owned()], index).unwrap();
        assert!(
            policy.contains("connect-src 'self' https://main.confluxrpc.com;"),
            "{policy}"
        );
        // printf 'let a = 1;' | openssl dgst -sha256 -binary | base64
        assert!(
            policy.contains(
                "script-src 'self' 'sha256-xY6QKfH9PRsQnLz56nj6MBwiK5oHg+im1Jkpdp1x/Ck=';"
            ),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-eval"), "{policy}");
    }

    #[test]
    fn an_origin_cannot_end_its_directive() {
        for wrong in [
            "",
            "main.confluxrpc.com",
            "https://",
            "https://a; script-src *",
            "https://a b",
            "https://a/x",
            "https://*",
            "javascript:alert(1)",
        ] {
            assert!(
                content_security_policy(&[wrong.to_owned()], "").is_err(),
                "{wrong}"
            );
        }
        assert!(content_security_policy(&["http://127.0.0.1:12537".to_owned()], "").is_ok());
    }

    #[test]
    fn a_page_that_ends_in_a_script_is_no_trouble() {
        for html in ["<script", "<script>", "<script>x", "<script></script>"] {
            assert_eq!(inline_scripts(html).count(), 0, "{html}");
        }
    }
}
