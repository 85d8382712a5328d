//! The time that a node has to follow its chain before the one that it replaced runs again.
//!
//! - Reads: the text of a spec.
//! - Returns: a time, or what is wrong with it.
//! - Never: takes a time that is none for a node.

use std::time::Duration;

use pospool_model::{Attributes, Problem};

use crate::attributes::attribute_text;
use crate::codes;

/// A restart on mainnet takes up to half an hour, and PoS waits for a vote for one hour at least.
pub(crate) const DEFAULT_BOUND: &str = "45m";
/// Less is no time for any node, and more is no bound.
const LEAST: Duration = Duration::from_secs(10);
const MOST: Duration = Duration::from_hours(24);

/// Checks the bound of a spec.
pub(crate) fn check_bound(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let Some(text) = attribute_text(attributes, "rollback_after") else {
        return;
    };
    let bound = humantime::parse_duration(text).ok();
    if !bound.is_some_and(|bound| (LEAST..=MOST).contains(&bound)) {
        let what = format!("`rollback_after` is \"{text}\", and not a time between 10s and 24h");
        let problem = Problem::new(codes::BAD_VALUE, &["rollback_after"], what);
        problems.push(problem.help(format!("write a time such as `{DEFAULT_BOUND}`")));
    }
}

/// Reads a bound that [`check_bound`] let through.
pub(crate) fn read_bound(text: Option<&str>) -> Duration {
    humantime::parse_duration(text.unwrap_or(DEFAULT_BOUND)).unwrap_or(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_time_of_a_sensible_length() {
        for (text, good) in [
            ("45m", true),
            ("1h 30m", true),
            ("5s", false),
            ("2d", false),
            ("soon", false),
        ] {
            let attributes = Attributes::from([("rollback_after".to_owned(), text.into())]);
            let mut problems = Vec::new();
            check_bound(&attributes, &mut problems);
            assert_eq!(problems.is_empty(), good, "{text}");
        }
        assert_eq!(read_bound(None), Duration::from_mins(45));
        assert_eq!(read_bound(Some("90s")), Duration::from_secs(90));
    }
}
