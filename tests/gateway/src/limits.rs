//! How much one client may ask.
//!
//! - Reads: the method of a call, and the moment at which it comes.
//! - Returns: whether it may pass, and if not, which limit it met.
//! - Never: looks at a clock itself, or at what is asked.
//!
//! Three limits stand one after the other, as in Confura's chain of middlewares: the day, all calls, the method. What a
//! later one refuses has been counted by those before it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A token of a bucket, in the unit in which buckets count.
const TOKEN: u128 = 1_000_000_000;
/// The daily budget is one for a fixed window.
const DAY: Duration = Duration::from_hours(24);

/// A token bucket: so many in a second, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRate {
    /// Tokens that come back in a second.
    pub per_second: u32,
    /// Tokens of a full bucket.
    pub burst: u32,
}

/// What one client may ask of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Each method that is dear has a bucket of its own.
    pub method: Option<LimitRate>,
    /// All calls together.
    pub all: Option<LimitRate>,
    /// Calls in 24 hours.
    pub daily: Option<u64>,
}

impl Limits {
    /// What the public endpoints give to who does not pay. The bursts are not published: five of a method is the least
    /// that a limit of five in a second can mean.
    pub const FREE: Self = Self {
        method: Some(LimitRate {
            per_second: 5,
            burst: 5,
        }),
        all: Some(LimitRate {
            per_second: 50,
            burst: 50,
        }),
        daily: Some(100_000),
    };

    /// Everything passes.
    pub const NONE: Self = Self {
        method: None,
        all: None,
        daily: None,
    };
}

/// Methods with a bucket of their own, in both spaces; a star stands for any end. `getTransaction*` is published like
/// this, so `eth_getTransactionCount` is taken for one of them.
const DEAR: &[&str] = &["call", "getBlockBy*", "getTransaction*", "getLogs"];

/// Whether a method has a bucket of its own.
#[must_use]
pub fn is_dear(method: &str) -> bool {
    let Some(name) = ["cfx_", "eth_"]
        .iter()
        .find_map(|space| method.strip_prefix(space))
    else {
        return false;
    };
    DEAR.iter().any(|dear| match dear.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *dear,
    })
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitVerdict {
    Passes,
    /// Too many in a short time.
    TooFast,
    /// The budget of the day is used up.
    DayIsOver,
}

/// The limits, and what is left of them.
#[derive(Debug)]
pub(crate) struct LimitMeter {
    limits: Limits,
    all: Option<LimitBucket>,
    methods: BTreeMap<String, LimitBucket>,
    /// When the day began, and what was used of it.
    day: Option<(Instant, u64)>,
}

impl LimitMeter {
    /// All buckets are full.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            all: None,
            methods: BTreeMap::new(),
            day: None,
        }
    }

    /// Counts a call.
    pub(crate) fn admit(&mut self, method: &str, now: Instant) -> LimitVerdict {
        if !self.admit_today(now) {
            return LimitVerdict::DayIsOver;
        }
        if let Some(rate) = self.limits.all {
            let bucket = self.all.get_or_insert_with(|| LimitBucket::full(rate, now));
            if !bucket.take(now) {
                return LimitVerdict::TooFast;
            }
        }
        if let Some(rate) = self.limits.method.filter(|_| is_dear(method)) {
            let bucket = self.methods.entry(method.to_owned());
            if !bucket
                .or_insert_with(|| LimitBucket::full(rate, now))
                .take(now)
            {
                return LimitVerdict::TooFast;
            }
        }
        LimitVerdict::Passes
    }

    fn admit_today(&mut self, now: Instant) -> bool {
        let Some(budget) = self.limits.daily else {
            return true;
        };
        let day = self.day.get_or_insert((now, 0));
        if now.saturating_duration_since(day.0) >= DAY {
            *day = (now, 0);
        }
        let admitted = day.1 < budget;
        day.1 += u64::from(admitted);
        admitted
    }
}

#[derive(Debug)]
struct LimitBucket {
    rate: LimitRate,
    level: u128,
    since: Instant,
}

impl LimitBucket {
    fn full(rate: LimitRate, now: Instant) -> Self {
        Self {
            rate,
            level: u128::from(rate.burst) * TOKEN,
            since: now,
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_nanos();
        self.since = self.since.max(now);
        let level = self.level + passed * u128::from(self.rate.per_second);
        self.level = level.min(u128::from(self.rate.burst) * TOKEN);
        let admitted = self.level >= TOKEN;
        if admitted {
            self.level -= TOKEN;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many calls pass at a moment.
    fn passed(meter: &mut LimitMeter, method: &str, calls: u32, now: Instant) -> usize {
        let verdicts = (0..calls).map(|_| meter.admit(method, now));
        verdicts
            .filter(|verdict| *verdict == LimitVerdict::Passes)
            .count()
    }

    #[test]
    fn case_rate_limit_five_calls_of_a_method_pass_and_one_more_each_fifth_of_a_second() {
        let mut meter = LimitMeter::new(Limits::FREE);
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(passed(&mut meter, "cfx_call", 8, at(0)), 5);
        assert_eq!(passed(&mut meter, "cfx_call", 1, at(199)), 0);
        assert_eq!(passed(&mut meter, "cfx_call", 2, at(200)), 1);
        assert_eq!(passed(&mut meter, "cfx_call", 9, at(800)), 3);
        assert_eq!(
            passed(&mut meter, "cfx_call", 9, at(60_000)),
            5,
            "a bucket holds no more than its burst"
        );
    }

    #[test]
    fn case_rate_limit_each_method_has_a_bucket_of_its_own() {
        let mut meter = LimitMeter::new(Limits::FREE);
        let now = Instant::now();
        for method in ["cfx_call", "eth_call", "cfx_getTransactionReceipt"] {
            assert_eq!(passed(&mut meter, method, 6, now), 5, "{method}");
        }
        assert_eq!(passed(&mut meter, "cfx_getTransactionByHash", 6, now), 5);
    }

    #[test]
    fn case_rate_limit_all_calls_count_together_those_that_their_method_refuses_too() {
        let mut meter = LimitMeter::new(Limits::FREE);
        let start = Instant::now();
        assert_eq!(passed(&mut meter, "cfx_call", 20, start), 5);
        assert_eq!(passed(&mut meter, "cfx_getBalance", 40, start), 30);
        let later = start + Duration::from_millis(100);
        assert_eq!(passed(&mut meter, "cfx_getBalance", 40, later), 5);
    }

    #[test]
    fn case_rate_limit_the_budget_of_a_day_comes_back_with_the_next_one() {
        let limits = Limits {
            daily: Some(3),
            ..Limits::NONE
        };
        let mut meter = LimitMeter::new(limits);
        let start = Instant::now();
        assert_eq!(passed(&mut meter, "cfx_getBalance", 5, start), 3);
        assert_eq!(meter.admit("cfx_call", start), LimitVerdict::DayIsOver);
        let evening = start + DAY.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(passed(&mut meter, "cfx_getBalance", 5, evening), 0);
        assert_eq!(passed(&mut meter, "cfx_getBalance", 5, start + DAY), 3);
    }

    #[test]
    fn dear_methods_are_those_that_the_public_endpoints_name() {
        for method in [
            "cfx_call",
            "eth_call",
            "cfx_getLogs",
            "cfx_getBlockByEpochNumber",
            "eth_getBlockByNumber",
            "cfx_getTransactionByHash",
            "eth_getTransactionReceipt",
            "eth_getTransactionCount",
        ] {
            assert!(is_dear(method), "{method}");
        }
        for method in [
            "cfx_getBlocksByEpoch",
            "cfx_getStorageAt",
            "cfx_getNextNonce",
            "cfx_callMany",
            "pos_getAccount",
            "debug_call",
            "call",
        ] {
            assert!(!is_dear(method), "{method}");
        }
    }
}
