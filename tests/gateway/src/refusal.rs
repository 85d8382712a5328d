//! The forms in which a gateway answers instead of the node.
//!
//! - Reads: which form is set, and the calls of a request.
//! - Returns: answers: for one call, or for the whole request.
//! - Never: decides when; that is for `limits` and the tests.

use pospool_explorer::http::Response;
use serde_json::{Value as Json, json};

use crate::limits::LimitVerdict;

/// The code of a call that is one too many, in Confura.
pub const TOO_MANY: i64 = -32005;
const BAD_JSON: i64 = -32700;
const BAD_REQUEST: i64 = -32600;
const NO_SUCH_METHOD: i64 = -32601;

/// Modules that the original serves in full or nearly so; of `txpool` it has one method.
const MODULES: &[&str] = &["cfx", "eth", "net", "pos", "trace", "web3"];
const OF_TXPOOL: &str = "txpool_nextNonce";

/// How requests are treated, whatever is in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GateMode {
    /// Calls pass as far as the limits go.
    #[default]
    Open,
    /// HTTP 429 and a page.
    TooManyRequests,
    /// HTTP 401 and a JSON-RPC error: the key in the URL is not known.
    Unauthorised,
    /// HTTP 403 and a page.
    Forbidden,
    /// HTTP 502 and a page: the gateway is there, and nothing behind it.
    BadGateway,
    /// HTTP 200 and a page instead of JSON, as captive portals and checks of browsers answer.
    Page,
    /// A batch is answered with one error object instead of an array; single calls pass.
    NoBatches,
    /// Every call is one too many, for ever.
    Exhausted,
}

impl GateMode {
    /// All of them, by the names that the program takes.
    pub const ALL: [(&'static str, Self); 8] = [
        ("open", Self::Open),
        ("429", Self::TooManyRequests),
        ("401", Self::Unauthorised),
        ("403", Self::Forbidden),
        ("502", Self::BadGateway),
        ("page", Self::Page),
        ("no-batches", Self::NoBatches),
        ("exhausted", Self::Exhausted),
    ];

    /// The answer to a whole request, in those forms that look at nothing in it.
    pub(crate) fn whole(self) -> Option<Response> {
        Some(match self {
            Self::Open | Self::NoBatches | Self::Exhausted => return None,
            Self::TooManyRequests => error_page(429, "429 Too Many Requests"),
            Self::Forbidden => error_page(403, "403 Forbidden"),
            Self::BadGateway => error_page(502, "502 Bad Gateway"),
            Self::Page => error_page(200, "One moment, please"),
            Self::Unauthorised => Response {
                status: 401,
                ..Response::json(&error(&Json::Null, -32001, "invalid api key"))
            },
        })
    }
}

/// A page, as servers before the gateway make them.
pub(crate) fn error_page(status: u16, title: &str) -> Response {
    let text = format!(
        "<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n\
         <body><center><h1>{title}</h1></center></body>\n</html>\n"
    );
    Response::html(status, text)
}

/// The answer to a call that does not pass.
pub(crate) fn refuse_call(id: &Json, verdict: LimitVerdict) -> Json {
    let words = match verdict {
        LimitVerdict::DayIsOver => "daily request count exceeded",
        LimitVerdict::Passes | LimitVerdict::TooFast => "request rate exceeded",
    };
    error(id, TOO_MANY, words)
}

pub(crate) fn no_batches() -> Json {
    error(&Json::Null, BAD_REQUEST, "batch requests are not supported")
}

pub(crate) fn empty_batch() -> Json {
    error(&Json::Null, BAD_REQUEST, "empty batch")
}

/// The answer to a method that the node may have and its gateway has not, such as those of `debug` and `test`.
pub(crate) fn not_served(id: &Json, method: &str) -> Option<Json> {
    let module = method.split('_').next().unwrap_or_default();
    let served = MODULES.contains(&module) || method == OF_TXPOOL;
    let words = || format!("the method {method} does not exist/is not available");
    (!served).then(|| error(id, NO_SUCH_METHOD, &words()))
}

pub(crate) fn not_a_call(id: &Json) -> Json {
    error(id, BAD_REQUEST, "invalid request")
}

pub(crate) fn not_json() -> Json {
    error(&Json::Null, BAD_JSON, "parse error")
}

fn error(id: &Json, code: i64, message: &str) -> Json {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
