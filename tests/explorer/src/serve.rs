//! A request, from the wire to the answer.
//!
//! - Reads: one request for one space.
//! - Returns: the response, in the order in which the original's stages come: gate, limit, body, handler.
//! - Never: answers in the dialect of the other space.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use crate::answer::{self, HandlerAnswer};
use crate::http::{HttpRequest, Response};
use crate::parameters::Parameters;
use crate::site::SpaceSite;
use crate::{dialect, handlers, page};

/// Answers a request; nothing is the answer of one that hangs up.
pub(crate) async fn serve_request(site: Arc<SpaceSite>, request: HttpRequest) -> Option<Response> {
    if let Some(page) = page::make_page(&site, &request.method, &request.path).await {
        return Some(page);
    }
    if site.faults.bad_gateway() {
        return Some(Response::html(502, "<h1>502 Bad Gateway</h1>".to_owned()));
    }
    if over_the_limit(&site) {
        return Some(Response::json(&answer::rate_limit_answer()));
    }
    let response = api(&site, &request).await;
    if site.faults.silent() {
        return None;
    }
    Some(response)
}

fn over_the_limit(site: &SpaceSite) -> bool {
    let mut limit = site.limit.lock().unwrap_or_else(PoisonError::into_inner);
    site.faults.limited() || site.manners.rate_limit && !limit.admits(Instant::now())
}

async fn api(site: &Arc<SpaceSite>, request: &HttpRequest) -> Response {
    let space = site.chain.network.space;
    let body = match Parameters::of_body(request) {
        Ok(body) => body,
        Err(response) => return response,
    };
    let query = Parameters::of_query(&request.query);
    let found = dialect::find_question(space, &request.method, &request.path, &query, &body);
    let Some(ask) = found else {
        return Response::text(404, "Not Found");
    };
    if let Some((code, message)) = site.faults.answered() {
        return Response::json(&HandlerAnswer::no(code, message, None).body(space));
    }
    let answer = match ask {
        Ok(ask) => handlers::answer_question(site, ask, &query, &body).await,
        Err(refusal) => Err(refusal),
    };
    let answer = answer.unwrap_or_else(|refusal| refusal.answer(&query));
    Response::json(&answer.body(space))
}
