//! One request: which of its calls pass, what the node says to them, and the answer.
//!
//! - Reads: requests over HTTP; the limits, and the form that is set.
//! - Returns: the node's answers and the refusals, each in the slot of its call, in the order of the calls.
//! - Never: asks the node twice, or lets a call through that it counts as refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pospool_explorer::http::{HttpRequest, Response};
use serde_json::{Value as Json, json};

use crate::Profile;
use crate::count::Counts;
use crate::limits::{LimitMeter, LimitVerdict, Limits};
use crate::node::UpstreamNode;
use crate::refusal::{self, GateMode};

/// Largest request, as in Confura (its default for `maxHttpRequestBodyBytes`).
pub const BODY_LIMIT: usize = 10 << 20;

/// Any page may ask, as at the public endpoints.
const ANYBODY: &[(&str, &str)] = &[
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "POST, GET"),
    ("access-control-allow-headers", "content-type"),
    ("access-control-max-age", "600"),
];

/// Tells the time to the limits.
pub type GateClock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// What stands in front of one node.
pub(crate) struct Gate {
    node: UpstreamNode,
    clock: GateClock,
    inner: Mutex<GateState>,
}

struct GateState {
    meter: LimitMeter,
    latency: Duration,
    form: GateMode,
    /// A form for the next requests, and how many of them.
    next: (GateMode, u32),
    counts: Counts,
}

/// A request that is JSON.
struct GateRequest {
    batch: bool,
    calls: Vec<Json>,
}

impl Gate {
    pub(crate) fn new(node: UpstreamNode, profile: Profile, clock: GateClock) -> Self {
        let inner = GateState {
            meter: LimitMeter::new(profile.limits),
            latency: profile.latency,
            form: GateMode::Open,
            next: (GateMode::Open, 0),
            counts: Counts::default(),
        };
        Self {
            node,
            clock,
            inner: Mutex::new(inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        self.lock().meter = LimitMeter::new(limits);
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    pub(crate) fn set_form(&self, form: GateMode) {
        self.lock().form = form;
    }

    pub(crate) fn set_next(&self, form: GateMode, requests: u32) {
        self.lock().next = (form, requests);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: &HttpRequest) -> Response {
        let response = match (request.method.as_str(), request.path.as_str()) {
            ("OPTIONS", _) => Response::text(204, ""),
            // Not of the original: for scripts that want to know.
            ("GET", "/counts") => Response::json(&self.counts().json()),
            _ => {
                let latency = self.lock().latency;
                tokio::time::sleep(latency / 2).await;
                let response = self.serve(request).await;
                tokio::time::sleep(latency / 2).await;
                response
            }
        };
        Response {
            headers: ANYBODY,
            ..response
        }
    }

    async fn serve(&self, request: &HttpRequest) -> Response {
        let form = self.lock().begin();
        if let Some(refusal) = unreadable(request) {
            return refusal;
        }
        let asked = GateRequest::read(&request.body);
        if let Some(response) = form.whole() {
            if let Ok(asked) = &asked {
                self.lock().refuse_all(asked);
            }
            return response;
        }
        let asked = match asked {
            Ok(asked) => asked,
            Err(refusal) => return Response::json(&refusal),
        };
        if asked.batch && form == GateMode::NoBatches {
            self.lock().refuse_all(&asked);
            return Response::json(&refusal::no_batches());
        }
        let now = (self.clock)();
        let slots = self.lock().judge(form, &asked, now);
        self.pass_on(&asked, slots).await
    }

    /// Fills the empty slots with what the node says.
    async fn pass_on(&self, asked: &GateRequest, mut slots: Vec<Option<Json>>) -> Response {
        let passing: Vec<usize> = (0..slots.len())
            .filter(|slot| slots[*slot].is_none())
            .collect();
        if !passing.is_empty() {
            let question = asked.question(&passing);
            let Ok(answer) = self.node.ask(&question).await else {
                self.lock().counts.lost += passing.len() as u64;
                return refusal::error_page(502, "502 Bad Gateway");
            };
            if asked.batch && !answer.is_array() {
                // The node says one thing to all of them.
                self.lock().counts.lost += passing.len() as u64;
                return Response::json(&answer);
            }
            for (slot, answer) in by_slot(answer) {
                if let (Some(place), Some(call)) = (slots.get_mut(slot), asked.calls.get(slot)) {
                    *place = Some(with_id(answer, &call["id"]));
                }
            }
        }
        let answered: Vec<Json> = slots.iter().flatten().cloned().collect();
        self.lock().counts.lost += (slots.len() - answered.len()) as u64;
        match answered.first() {
            Some(only) if !asked.batch => Response::json(only),
            None if !asked.batch => refusal::error_page(502, "502 Bad Gateway"),
            _ => Response::json(&Json::Array(answered)),
        }
    }
}

impl GateState {
    /// Counts a request and says how it is treated.
    fn begin(&mut self) -> GateMode {
        self.counts.requests += 1;
        let (form, left) = &mut self.next;
        if *left == 0 {
            return self.form;
        }
        *left -= 1;
        *form
    }

    fn refuse_all(&mut self, asked: &GateRequest) {
        for call in &asked.calls {
            self.counts.note(method(call).unwrap_or_default(), true);
        }
    }

    /// The refusal of each call that does not pass.
    fn judge(&mut self, form: GateMode, asked: &GateRequest, now: Instant) -> Vec<Option<Json>> {
        let calls = asked.calls.iter();
        calls
            .map(|call| {
                let Some(method) = method(call) else {
                    return Some(refusal::not_a_call(&call["id"]));
                };
                let verdict = match form {
                    GateMode::Exhausted => LimitVerdict::TooFast,
                    _ => self.meter.admit(method, now),
                };
                let passes = verdict == LimitVerdict::Passes;
                self.counts.note(method, !passes);
                if passes {
                    refusal::not_served(&call["id"], method)
                } else {
                    Some(refusal::refuse_call(&call["id"], verdict))
                }
            })
            .collect()
    }
}

impl GateRequest {
    /// Reads a body; what is none is answered with an error.
    fn read(body: &[u8]) -> Result<Self, Json> {
        match serde_json::from_slice(body) {
            Ok(Json::Array(calls)) if calls.is_empty() => Err(refusal::empty_batch()),
            Ok(Json::Array(calls)) => Ok(Self { batch: true, calls }),
            Ok(call) => Ok(Self {
                batch: false,
                calls: vec![call],
            }),
            Err(_) => Err(refusal::not_json()),
        }
    }

    /// What the node is asked: ids are the numbers of the slots, whatever the client called them.
    fn question(&self, passing: &[usize]) -> Json {
        let calls = passing
            .iter()
            .map(|slot| with_id(self.calls[*slot].clone(), &json!(slot)));
        let mut calls: Vec<Json> = calls.collect();
        if self.batch {
            Json::Array(calls)
        } else {
            calls.swap_remove(0)
        }
    }
}

fn method(call: &Json) -> Option<&str> {
    call.get("method")?.as_str()
}

/// What the server refuses before it looks into the body.
fn unreadable(request: &HttpRequest) -> Option<Response> {
    if request.method != "POST" {
        return Some(Response::text(405, "method not allowed"));
    }
    if request.body.len() > BODY_LIMIT {
        return Some(Response::text(413, "content length too large"));
    }
    if !request.content_type.starts_with("application/json") {
        let words = "invalid content type, only application/json is supported";
        return Some(Response::text(415, words));
    }
    None
}

fn by_slot(answer: Json) -> BTreeMap<usize, Json> {
    let answers = match answer {
        Json::Array(answers) => answers,
        one => vec![one],
    };
    let slot = |answer: &Json| usize::try_from(answer.get("id")?.as_u64()?).ok();
    let pairs = answers
        .into_iter()
        .filter_map(|answer| Some((slot(&answer)?, answer)));
    pairs.collect()
}

fn with_id(mut message: Json, id: &Json) -> Json {
    if let Some(fields) = message.as_object_mut() {
        fields.insert("id".to_owned(), id.clone());
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time is virtual here, and nobody is asked: the form answers.
    #[tokio::test(start_paused = true)]
    async fn a_request_is_on_its_way_as_long_as_the_profile_says() {
        let node = UpstreamNode::at("http://127.0.0.1:9").unwrap();
        let gate = Gate::new(node, Profile::FREE, Arc::new(Instant::now));
        gate.set_form(GateMode::TooManyRequests);
        let request = HttpRequest {
            method: "POST".to_owned(),
            content_type: "application/json".to_owned(),
            body: b"{}".to_vec(),
            ..HttpRequest::default()
        };
        let start = tokio::time::Instant::now();
        assert_eq!(gate.answer(&request).await.status, 429);
        assert_eq!(start.elapsed(), Duration::from_millis(150));
    }
}
