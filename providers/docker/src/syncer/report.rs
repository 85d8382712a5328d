//! What a syncer says of itself, as `pospool sync --health --json` prints it.
//!
//! - Reads: the output of that command in the syncer's own container.
//! - Returns: how it is, and outputs.
//! - Never: takes silence for health.

use std::time::Duration;

use bollard::models::ContainerInspectResponse;
use pospool_model::{Attributes, Drip, Value};
use serde::Deserialize;

use super::image::health_command;
use crate::client::Engine;
use crate::names::Name;

/// Time for the question.
const ASK: Duration = Duration::from_secs(15);
/// Rounds that may fail one after the other while a new syncer is waited for.
const FAILURES: u64 = 3;

/// How a syncer is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct SyncerReport {
    /// Why it is not healthy.
    why: Option<String>,
    /// Its last round; unknown fields are those of a newer program.
    report: Option<SyncerRound>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct SyncerRound {
    /// Seconds since 1970.
    #[serde(default)]
    time: u64,
    #[serde(default)]
    failures: u64,
    #[serde(default)]
    errors: Vec<SyncerFailure>,
    #[serde(default)]
    services: Vec<SyncerService>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct SyncerFailure {
    code: String,
    what: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct SyncerService {
    signer: String,
    balance_drip: String,
    #[serde(default)]
    duties: Vec<String>,
    #[serde(default)]
    waiting: Vec<String>,
    #[serde(default)]
    lag_seconds: i64,
}

/// Asks a running container; `None` while it has said nothing since its start.
pub(crate) async fn query_report(
    engine: &Engine,
    container: &Name,
    found: &ContainerInspectResponse,
) -> Option<SyncerReport> {
    let entry = found.config.as_ref()?.entrypoint.as_ref()?;
    let words = entry.iter().map(String::as_str).chain(health_command());
    let words: Vec<&str> = words.chain(["--json"]).collect();
    // A container that ends at this moment, or is paused, says nothing either.
    let ended = engine.exec(container, &words, ASK).await.ok()?;
    SyncerReport::read(&ended.out)
}

impl SyncerReport {
    fn read(text: &str) -> Option<Self> {
        let report: Self = serde_json::from_str(text.trim()).ok()?;
        // The file may not be there yet, or be half of one.
        report.report.is_some().then_some(report)
    }

    /// Whether its own health check passes.
    pub(crate) fn is_healthy(&self) -> bool {
        self.why.is_none()
    }

    /// Whether the last round succeeded.
    pub(crate) fn works(&self) -> bool {
        let failures = self.report.as_ref().map_or(0, |round| round.failures);
        self.is_healthy() && failures == 0
    }

    /// Whether it failed as often as nobody waits any longer.
    pub(crate) fn has_failed(&self) -> bool {
        let failures = self.report.as_ref().map_or(0, |round| round.failures);
        failures >= FAILURES
    }

    /// When its last round was, in seconds since 1970; `None` where it does not say.
    pub(crate) fn time(&self) -> Option<u64> {
        let time = self.report.as_ref()?.time;
        (time > 0).then_some(time)
    }

    /// What went wrong, for a message.
    pub(crate) fn trouble(&self) -> String {
        let errors = self.report.iter().flat_map(|round| &round.errors);
        let errors = errors.map(|error| format!("{}: {}", error.code, error.what));
        let errors: Vec<String> = errors.collect();
        if errors.is_empty() {
            self.why.clone().unwrap_or_default()
        } else {
            errors.join("; ")
        }
    }

    /// Outputs that only the syncer knows.
    pub(crate) fn outputs(&self) -> Attributes {
        let health = self.why.clone().unwrap_or_else(|| "well".to_owned());
        let mut outputs = Attributes::from([("health".to_owned(), Value::from(health))]);
        let texts = |list: &[String]| {
            let texts = list.iter().map(|text| Value::from(text.as_str()));
            Value::List(texts.collect())
        };
        let service = self
            .report
            .as_ref()
            .and_then(|round| round.services.first());
        let Some(service) = service else {
            return outputs;
        };
        outputs.extend([
            ("signer".to_owned(), Value::from(service.signer.as_str())),
            ("duties".to_owned(), texts(&service.duties)),
            ("waiting".to_owned(), texts(&service.waiting)),
            ("lag".to_owned(), Value::Integer(service.lag_seconds)),
        ]);
        if let Ok(drip) = service.balance_drip.parse() {
            outputs.insert("balance".to_owned(), Value::Amount(Drip(drip)));
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = r#"{"address":"bridge_service.main","signer":"cfxtest:a","balance_drip":"7","block":9,
        "duties":["cross_stake 1"],"waiting":[],"lag_seconds":12,"lag_blocks":24}"#;

    fn report(why: &str, failures: u64, errors: &str) -> SyncerReport {
        let text = format!(
            r#"{{"format_version":1,"why":{why},"report":{{"conduct":"idle","failures":{failures},
               "errors":{errors},"services":[{SERVICE}]}}}}"#
        );
        SyncerReport::read(&text).unwrap()
    }

    #[test]
    fn outputs_are_those_of_the_last_round() {
        let outputs = report("null", 0, "[]").outputs();
        assert_eq!(outputs["health"], Value::from("well"));
        assert_eq!(outputs["signer"], Value::from("cfxtest:a"));
        assert_eq!(outputs["balance"], Value::Amount(Drip(7)));
        assert_eq!(outputs["lag"], Value::Integer(12));
        let duties = Value::List(vec!["cross_stake 1".into()]);
        assert_eq!(outputs["duties"], duties);
    }

    #[test]
    fn a_failing_syncer_says_why() {
        let error = r#"[{"code":"chain/unreachable","what":"nobody answers","help":null}]"#;
        let first = report("null", 1, error);
        assert!(first.is_healthy() && !first.works() && !first.has_failed());
        let third = report("\"3 rounds failed\"", 3, error);
        assert!(!third.is_healthy() && third.has_failed());
        assert_eq!(third.trouble(), "chain/unreachable: nobody answers");
        assert_eq!(third.outputs()["health"], Value::from("3 rounds failed"));
    }

    #[test]
    fn silence_is_no_health() {
        for text in [
            "",
            "error",
            "{}",
            r#"{"format_version":1,"why":"x","report":null}"#,
        ] {
            assert_eq!(SyncerReport::read(text), None, "{text}");
        }
    }
}
