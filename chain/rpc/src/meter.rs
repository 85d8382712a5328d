//! What this process has learned of each endpoint: its pace, whether it refuses, and answers that cannot change.
//!
//! - Reads: the time, what was answered.
//! - Returns: the moments at which calls may go out; known answers; which endpoints are better left for others.
//! - Never: keeps anything beyond the life of the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::call::Call;
use crate::networks::is_free_endpoint;
use crate::pace::{Allowance, CallPace};

/// How long an endpoint that lets nobody in is asked after all others.
pub(crate) const SHUT_FOR: Duration = Duration::from_mins(10);
/// How long one is that had too much to do, or gave no answer.
pub(crate) const BUSY_FOR: Duration = Duration::from_secs(30);
/// An endpoint for which more calls wait than go out in this time is asked after the others.
const BACKLOG: Duration = Duration::from_secs(10);
/// How long an answer that cannot change is believed without asking again: there may be another node behind the endpoint
/// some day, and for certain after it gave no answer.
const KNOWN_FOR: Duration = Duration::from_mins(1);

/// All endpoints of a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meters(Arc<Mutex<BTreeMap<String, Meter>>>);

#[derive(Debug, Default)]
struct Meter {
    pace: CallPace,
    /// Until when others are asked first.
    rests_until: Option<Instant>,
    /// How often in a row it was left since it had too much to do.
    busy: u32,
    /// It takes no batches.
    singly: bool,
    known: BTreeMap<String, (Instant, Json)>,
}

impl Meters {
    /// What an endpoint is known to take; otherwise it is learned from its first refusal.
    pub(crate) fn allow(&self, endpoint: &str, allowance: Allowance) {
        self.with(endpoint, |meter| meter.pace.allow(allowance));
    }

    /// When each of some calls may go out; they count from now on.
    pub(crate) fn reserve(&self, endpoint: &str, methods: &[&str]) -> Vec<Instant> {
        let now = Instant::now();
        self.with(endpoint, |meter| meter.pace.reserve(methods, now))
    }

    /// Some calls were refused for their number.
    pub(crate) fn refused(&self, endpoint: &str, methods: &[&str]) {
        let now = Instant::now();
        self.with(endpoint, |meter| meter.pace.refused(methods, now));
    }

    /// Others are asked before this one for a while.
    pub(crate) fn rest(&self, endpoint: &str, time: Duration) {
        let until = Instant::now() + time;
        self.with(endpoint, |meter| {
            meter.rests_until = Some(meter.rests_until.map_or(until, |at| at.max(until)));
            meter.known.clear();
        });
    }

    /// It had too much to do: others are asked first, for twice as long as the last time. One whose calls of the day are
    /// used up refuses in the same words as one that is busy for a second.
    pub(crate) fn rest_busy(&self, endpoint: &str) {
        let doublings = self.with(endpoint, |meter| {
            meter.busy += 1;
            (meter.busy - 1).min(8)
        });
        self.rest(endpoint, (BUSY_FOR * 2_u32.pow(doublings)).min(SHUT_FOR));
    }

    /// It answers again.
    pub(crate) fn wake(&self, endpoint: &str) {
        self.with(endpoint, |meter| {
            meter.rests_until = None;
            meter.busy = 0;
        });
    }

    /// How gladly an endpoint is asked: the smallest number first.
    pub(crate) fn rank(&self, endpoint: &str) -> u8 {
        let rests = self.rests(endpoint);
        2 * u8::from(rests) + u8::from(self.is_asked_singly(endpoint))
    }

    /// Whether others are asked first: it refused lately, or so many calls wait for it that it is as good as one that did.
    pub(crate) fn rests(&self, endpoint: &str) -> bool {
        let now = Instant::now();
        self.with(endpoint, |meter| {
            let rests = meter.rests_until.is_some_and(|until| until > now);
            rests || meter.pace.backlog(now) > BACKLOG
        })
    }

    /// It takes no batches.
    pub(crate) fn refuses_batches(&self, endpoint: &str) {
        self.with(endpoint, |meter| meter.singly = true);
    }

    /// Whether it takes no batches.
    pub(crate) fn is_asked_singly(&self, endpoint: &str) -> bool {
        self.with(endpoint, |meter| meter.singly)
    }

    /// The answer to a call that has only one, if it was given lately.
    pub(crate) fn known(&self, endpoint: &str, call: &Call) -> Option<Json> {
        let key = key_of_constant(call)?;
        let now = Instant::now();
        self.with(endpoint, |meter| {
            let (since, answer) = meter.known.get(&key)?;
            (now.duration_since(*since) < KNOWN_FOR).then(|| answer.clone())
        })
    }

    /// Keeps the answer to a call, if it has only one.
    pub(crate) fn learn(&self, endpoint: &str, call: &Call, answer: &Json) {
        let Some(key) = key_of_constant(call).filter(|_| !answer.is_null()) else {
            return;
        };
        let now = Instant::now();
        self.with(endpoint, |meter| {
            meter.known.entry(key).or_insert((now, answer.clone()));
        });
    }

    fn with<T>(&self, endpoint: &str, act: impl FnOnce(&mut Meter) -> T) -> T {
        let mut all = self.lock();
        let meter = all.entry(endpoint.to_owned()).or_insert_with(|| Meter {
            pace: CallPace::with(is_free_endpoint(endpoint).then_some(Allowance::FREE)),
            ..Meter::default()
        });
        act(meter)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Meter>> {
        // A panic elsewhere leaves nothing half-written here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name of a call whose answer cannot change while the endpoint stands for the same chain.
fn key_of_constant(call: &Call) -> Option<String> {
    let first = json!(["0x0", false]);
    let constant = match call.method {
        "eth_chainId" | "cfx_clientVersion" => true,
        "cfx_getBlockByEpochNumber" | "eth_getBlockByNumber" => call.params == first,
        _ => false,
    };
    constant.then(|| format!("{} {}", call.method, call.params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_cannot_change_is_kept_and_not_for_ever() {
        let meters = Meters::default();
        let call = |method, params| Call { method, params };
        let genesis = call("cfx_getBlockByEpochNumber", json!(["0x0", false]));
        let newest = call("cfx_getBlockByEpochNumber", json!(["latest_state", false]));
        for call in [&genesis, &newest] {
            meters.learn("http://a", call, &json!({ "hash": "0x1" }));
        }
        assert!(meters.known("http://a", &genesis).is_some());
        assert!(meters.known("http://a", &newest).is_none());
        assert!(meters.known("http://b", &genesis).is_none());
        meters.rest("http://a", BUSY_FOR);
        assert!(meters.known("http://a", &genesis).is_none());
        meters.learn("http://a", &genesis, &json!(1));
        tokio::time::advance(KNOWN_FOR).await;
        assert!(meters.known("http://a", &genesis).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_busy_again_and_again_rests_longer() {
        let meters = Meters::default();
        let rests = || meters.rank("http://a") > 0;
        for seconds in [30, 60, 120, 240, 480, 600, 600] {
            meters.rest_busy("http://a");
            tokio::time::advance(Duration::from_secs(seconds - 1)).await;
            assert!(rests(), "{seconds}");
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(!rests(), "{seconds}");
        }
        meters.wake("http://a");
        meters.rest_busy("http://a");
        tokio::time::advance(BUSY_FOR).await;
        assert!(!rests());
    }

    #[tokio::test(start_paused = true)]
    async fn one_for_which_many_calls_wait_is_asked_last_until_they_are_out() {
        let meters = Meters::default();
        meters.allow("http://a", Allowance::FREE);
        meters.reserve("http://a", &["cfx_call"; 40]);
        assert!(!meters.rests("http://a"), "8 s");
        meters.reserve("http://a", &["cfx_call"; 10]);
        assert!(meters.rests("http://a") && !meters.rests("http://b"));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!meters.rests("http://a"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_refused_is_asked_last_for_a_while() {
        let meters = Meters::default();
        meters.rest("http://a", SHUT_FOR);
        meters.refuses_batches("http://b");
        let rank = |name: &str| meters.rank(name);
        assert!(rank("http://c") < rank("http://b") && rank("http://b") < rank("http://a"));
        tokio::time::advance(SHUT_FOR).await;
        assert_eq!(rank("http://a"), rank("http://c"));
    }
}
