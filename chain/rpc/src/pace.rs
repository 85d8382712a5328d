//! How many calls an endpoint takes: what its operator publishes, what a spec says, or what refusals taught.
//!
//! - Reads: the time, methods of calls, refusals.
//! - Returns: the moment from which a call may go out.
//! - Never: waits, or sends anything.
//!
//! Confura, the gateway in front of Conflux's public nodes, counts each call of a batch: all calls of a client in one
//! bucket, and those of each expensive method in one of its own. Both are kept here as one number each (the generic cell
//! rate algorithm): the time at which the bucket would be full again.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Beginnings of the methods that the public gateway counts apart, in both spaces.
const COUNTED_APART: &[&str] = &["call", "getBlockBy", "getTransaction", "getLogs"];
/// The calls that tell a nonce, which must not be newer than what became of a transaction.
const NONCES: &[&str] = &["cfx_getNextNonce", "eth_getTransactionCount"];
/// Beginnings of the methods that tell what became of a transaction.
const FATES: &[&str] = &["getTransactionReceipt", "getTransactionByHash"];
/// After a refusal in spite of its pace an endpoint is asked more slowly, by this factor and down to this rate.
const SLOWER: f64 = 0.7;
const SLOWEST: f64 = 0.25;
/// Refusals within this time are of one bucket that was empty, and slow down once.
const SAME_REFUSAL: Duration = Duration::from_secs(1);
/// In so much time without a refusal the pace doubles, up to what is allowed: whoever shares the address may be gone.
const DOUBLES_IN: Duration = Duration::from_mins(1);
/// It never falls so low that it takes more than six of these to come back.
const LEAST_LEFT: f64 = 1.0 / 64.0;

/// How often something may happen: so many times at once, and so many times a second from then on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PaceRate {
    pub(crate) burst: f64,
    pub(crate) per_second: f64,
}

/// What an endpoint takes from one client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Allowance {
    /// Of all calls.
    pub(crate) all: PaceRate,
    /// Of each method that is counted apart.
    pub(crate) method: PaceRate,
}

impl Allowance {
    /// The free tier of the public networks is 50 calls a second, and 5 of a method that is counted apart; each is thought
    /// to be the burst too. A tenth of the rate is left, and of the burst as much as calls may be pressed together by
    /// waiting for each other ([`super::ask`]) and on the way.
    pub(crate) const FREE: Self = Self {
        all: PaceRate {
            burst: 30.0,
            per_second: 45.0,
        },
        method: PaceRate {
            burst: 3.0,
            per_second: 4.5,
        },
    };

    /// So many calls a second, of whatever method: a paid endpoint.
    pub(crate) fn of(per_second: u32) -> Self {
        let rate = PaceRate {
            burst: f64::from(per_second.max(1)),
            per_second: f64::from(per_second.max(1)),
        };
        Self {
            all: rate,
            method: rate,
        }
    }
}

/// Whether the public gateway counts a method apart.
pub(crate) fn is_counted_apart(method: &str) -> bool {
    begins_with(method, COUNTED_APART)
}

/// Whether a call goes before others: nonces, and what is not counted apart.
pub(crate) fn goes_first(method: &str) -> bool {
    !is_counted_apart(method) || tells_nonce(method)
}

/// Whether a call tells a nonce.
pub(crate) fn tells_nonce(method: &str) -> bool {
    NONCES.contains(&method)
}

/// Whether a call tells what became of a transaction.
pub(crate) fn tells_fate(method: &str) -> bool {
    begins_with(method, FATES)
}

fn begins_with(method: &str, parts: &[&str]) -> bool {
    let name = method
        .strip_prefix("cfx_")
        .or_else(|| method.strip_prefix("eth_"));
    name.is_some_and(|name| parts.iter().any(|part| name.starts_with(part)))
}

/// One bucket.
#[derive(Clone, Copy, Debug, Default)]
struct PaceBucket {
    full_at: Option<Instant>,
}

impl PaceBucket {
    /// Takes one call out; returns when it may go out.
    fn take(&mut self, rate: PaceRate, now: Instant) -> Instant {
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        let full_at = full_at + Duration::from_secs_f64(1.0 / rate.per_second);
        self.full_at = Some(full_at);
        let room = Duration::from_secs_f64(rate.burst / rate.per_second);
        full_at.checked_sub(room).map_or(now, |at| at.max(now))
    }

    /// How long the next call has to wait.
    fn backlog(self, rate: PaceRate, now: Instant) -> Duration {
        { self }.take(rate, now).duration_since(now)
    }

    /// The endpoint says that it is empty.
    fn empty(&mut self, rate: PaceRate, now: Instant) {
        let empty = now + Duration::from_secs_f64(rate.burst / rate.per_second);
        self.full_at = Some(self.full_at.map_or(empty, |at| at.max(empty)));
    }
}

/// The pace of one endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallPace {
    /// `None` until it is known that the endpoint counts.
    allowance: Option<Allowance>,
    all: PaceBucket,
    methods: BTreeMap<String, PaceBucket>,
    /// What is left of the allowance after refusals, and since when.
    slowed: Option<(f64, Instant)>,
}

impl CallPace {
    pub(crate) fn with(allowance: Option<Allowance>) -> Self {
        Self {
            allowance,
            ..Self::default()
        }
    }

    pub(crate) fn allow(&mut self, allowance: Allowance) {
        self.allowance = Some(allowance);
    }

    /// When each of some calls may go out. Nonces, and what is not counted apart, go out together where the burst allows it,
    /// so that what they tell belongs together, and before the others: a nonce that is read before a receipt never makes
    /// the receipt look lost.
    pub(crate) fn reserve(&mut self, methods: &[&str], now: Instant) -> Vec<Instant> {
        let Some(allowance) = self.effective(now) else {
            return vec![now; methods.len()];
        };
        let mut each = vec![now; methods.len()];
        let (first, later): (Vec<usize>, Vec<usize>) =
            (0..methods.len()).partition(|slot| goes_first(methods[*slot]));
        let mut last = now;
        for slot in &first {
            each[*slot] = self.take(methods[*slot], allowance, now);
            last = last.max(each[*slot]);
        }
        if number(first.len()) <= allowance.all.burst {
            for slot in first {
                each[slot] = last;
            }
        }
        for slot in later {
            each[slot] = self.take(methods[slot], allowance, last);
        }
        each
    }

    /// One call, from a moment on. Its own bucket counts from the moment at which it may go out for all else: to wait for
    /// that must not press calls together.
    fn take(&mut self, method: &str, allowance: Allowance, from: Instant) -> Instant {
        let at = self.all.take(allowance.all, from);
        if !is_counted_apart(method) {
            return at;
        }
        let bucket = self.methods.entry(method.to_owned()).or_default();
        bucket.take(allowance.method, at)
    }

    /// Learns from a refusal of a call, or of a whole request where no method is named.
    pub(crate) fn refused(&mut self, methods: &[&str], now: Instant) {
        if self.allowance.is_none() {
            self.allowance = Some(Allowance::FREE);
        } else {
            self.slow_down(now);
        }
        let Some(allowance) = self.effective(now) else {
            return;
        };
        let mut all = false;
        for method in methods {
            if is_counted_apart(method) {
                let bucket = self.methods.entry((*method).to_owned()).or_default();
                bucket.empty(allowance.method, now);
            } else {
                all = true;
            }
        }
        if all {
            self.all.empty(allowance.all, now);
        }
    }

    /// How long the next call has to wait for those that are to go out before it.
    pub(crate) fn backlog(&self, now: Instant) -> Duration {
        let Some(allowance) = self.effective(now) else {
            return Duration::ZERO;
        };
        let methods = self.methods.values();
        let of_methods = methods.map(|bucket| bucket.backlog(allowance.method, now));
        let longest = of_methods.max().unwrap_or_default();
        longest.max(self.all.backlog(allowance.all, now))
    }

    fn slow_down(&mut self, now: Instant) {
        let same = |(_, since): (f64, Instant)| now.duration_since(since) < SAME_REFUSAL;
        if !self.slowed.is_some_and(same) {
            self.slowed = Some(((self.left(now) * SLOWER).max(LEAST_LEFT), now));
        }
    }

    /// What is left of the allowance.
    fn left(&self, now: Instant) -> f64 {
        self.slowed.map_or(1.0, |(left, since)| {
            let doublings = now.duration_since(since).as_secs_f64() / DOUBLES_IN.as_secs_f64();
            (left * doublings.exp2()).min(1.0)
        })
    }

    fn effective(&self, now: Instant) -> Option<Allowance> {
        let allowance = self.allowance?;
        let left = self.left(now);
        let slow = |rate: PaceRate| {
            let per_second = (rate.per_second * left).max(SLOWEST.min(rate.per_second));
            let burst = (rate.burst * left).max(1.0);
            PaceRate { burst, per_second }
        };
        Some(Allowance {
            all: slow(allowance.all),
            method: slow(allowance.method),
        })
    }
}

fn number(length: usize) -> f64 {
    // Far below the numbers that a float cannot hold.
    u32::try_from(length).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(from: Instant, moments: &[Instant]) -> Vec<f64> {
        let each = moments
            .iter()
            .map(|at| at.duration_since(from).as_secs_f64());
        each.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_counts_is_given_a_burst_and_then_its_rate() {
        let now = Instant::now();
        let mut pace = CallPace::with(Some(Allowance::FREE));
        let at = seconds(now, &pace.reserve(&["cfx_call"; 12], now));
        assert!(at[..3].iter().all(|at| *at == 0.0), "{at:?}");
        assert!((at[11] - 9.0 / 4.5).abs() < 1e-6, "{at:?}");
        // Another method has a bucket of its own.
        let at = seconds(now, &pace.reserve(&["cfx_getTransactionReceipt"], now));
        assert!(at[0] < 0.001, "{at:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_belongs_together_goes_first_and_together() {
        let now = Instant::now();
        let mut pace = CallPace::with(Some(Allowance::FREE));
        let methods = ["cfx_call", "cfx_getNextNonce", "cfx_epochNumber"].repeat(15);
        let at = pace.reserve(&methods, now);
        let free: Vec<_> = at
            .iter()
            .zip(&methods)
            .filter(|(_, method)| **method != "cfx_call")
            .collect();
        assert!(free.iter().all(|(at, _)| **at == *free[0].0));
        assert!(at.iter().all(|at| *at >= *free[0].0));
    }

    #[tokio::test(start_paused = true)]
    async fn nonces_of_espace_go_before_receipts_though_both_are_counted_apart() {
        let now = Instant::now();
        let mut pace = CallPace::with(Some(Allowance::FREE));
        let look = [
            "eth_getTransactionReceipt",
            "eth_getTransactionCount",
            "eth_getTransactionCount",
            "eth_blockNumber",
        ];
        for _ in 0..9 {
            let at = pace.reserve(&look, now);
            assert!(at[1] == at[2] && at[2] == at[3] && at[0] >= at[1], "{at:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_endpoint_is_not_paced_until_it_refuses() {
        let now = Instant::now();
        let mut pace = CallPace::default();
        assert_eq!(pace.reserve(&["cfx_call"; 99], now), vec![now; 99]);
        pace.refused(&["cfx_call"], now);
        let at = seconds(now, &pace.reserve(&["cfx_call"; 2], now));
        assert!(at[0] > 0.0 && at[1] > at[0], "{at:?}");
        let at = seconds(now, &pace.reserve(&["cfx_getNextNonce"], now));
        assert!(at[0] < 0.001, "{at:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_refuses_in_spite_of_its_pace_is_asked_more_slowly_for_a_while() {
        let now = Instant::now();
        let mut pace = CallPace::with(Some(Allowance::FREE));
        pace.refused(&["cfx_call"], now);
        let gap = |at: &[f64]| at[1] - at[0];
        let slow = gap(&seconds(now, &pace.reserve(&["cfx_call"; 2], now)));
        assert!((slow - 1.0 / (4.5 * SLOWER)).abs() < 1e-6, "{slow}");
        let later = now + DOUBLES_IN;
        let at = seconds(later, &pace.reserve(&["cfx_call"; 6], later));
        assert!((at[5] - at[4] - 1.0 / 4.5).abs() < 1e-6, "{at:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn many_refusals_at_once_slow_down_once_and_however_many_are_made_up_for() {
        let now = Instant::now();
        let mut pace = CallPace::with(Some(Allowance::FREE));
        for _ in 0..9 {
            pace.refused(&["cfx_call"], now);
        }
        assert!((pace.left(now) - SLOWER).abs() < 1e-6);
        let mut later = now;
        for _ in 0..99 {
            later += SAME_REFUSAL;
            pace.refused(&["cfx_call", "cfx_getStatus"], later);
        }
        let slowest = pace.effective(later).unwrap();
        assert!((slowest.method.per_second - SLOWEST).abs() < 1e-6);
        assert!((slowest.all.per_second - 45.0 * LEAST_LEFT).abs() < 1e-6);
        assert_eq!(
            pace.effective(later + DOUBLES_IN * 6),
            Some(Allowance::FREE)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_wait_are_a_backlog_and_asking_for_it_takes_nothing() {
        let now = Instant::now();
        let mut pace = CallPace::with(Some(Allowance::FREE));
        assert_eq!(pace.backlog(now), Duration::ZERO);
        let at = pace.reserve(&["cfx_call"; 48], now);
        let next = at[47] + Duration::from_secs_f64(1.0 / 4.5);
        for _ in 0..3 {
            let backlog = pace.backlog(now).as_secs_f64();
            assert!((backlog - next.duration_since(now).as_secs_f64()).abs() < 1e-6);
        }
        assert_eq!(pace.backlog(next), Duration::ZERO);
        assert_eq!(CallPace::default().backlog(now), Duration::ZERO);
    }

    #[test]
    fn the_methods_that_the_gateway_counts_apart_are_known() {
        for method in [
            "cfx_call",
            "eth_call",
            "cfx_getBlockByEpochNumber",
            "eth_getBlockByNumber",
            "cfx_getTransactionReceipt",
            "eth_getTransactionByHash",
            "eth_getTransactionCount",
            "eth_getLogs",
        ] {
            assert!(is_counted_apart(method), "{method}");
        }
        for method in ["cfx_getNextNonce", "cfx_getStorageAt", "txpool_nextNonce"] {
            assert!(!is_counted_apart(method), "{method}");
        }
    }
}
