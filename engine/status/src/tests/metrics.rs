use pospool_model::status::{Budget, Figure, PoolStatus};

use super::{seen, well};
use crate::{METRICS, diagnose, find_verdict, format_metrics};

fn metrics(status: &PoolStatus) -> String {
    let diagnoses = diagnose(status);
    let verdict = find_verdict(status, &diagnoses);
    format_metrics(status, &diagnoses, &verdict)
}

fn line<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.lines().find(|line| line.starts_with(start))
}

#[test]
fn what_is_known_is_a_number_and_what_is_not_has_no_sample() {
    let mut status = well();
    let text = metrics(&status);
    for wanted in [
        "pospool_verdict{question=\"safe\",answer=\"yes\"} 1.0",
        "pospool_verdict{question=\"safe\",answer=\"unknown\"} 0.0",
        "pospool_node_running{resource=\"node.main\"} 1.0",
        "pospool_node_epoch{resource=\"node.main\"} 1000.0",
        "pospool_node_disk_free_bytes{resource=\"node.main\"} 600000000000.0",
    ] {
        assert!(line(&text, wanted).is_some(), "{wanted}: {text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
    status.nodes[0].epoch = Figure::not_seen("guard", "it is silent");
    status.nodes[0].guard = Figure::not_seen("guard", "it is silent");
    status.nodes[0].budget = seen(Budget::NotElected);
    let text = metrics(&status);
    assert_eq!(line(&text, "pospool_node_epoch{"), None);
    assert_eq!(line(&text, "pospool_node_retirement_seconds{"), None);
    let blind = "pospool_verdict{question=\"safe\",answer=\"unknown\"} 1.0";
    assert!(line(&text, blind).is_some(), "{text}");
    assert!(line(&text, "pospool_state_untold{id=").is_some(), "{text}");
}

#[test]
fn each_metric_has_a_name_of_its_own_and_a_meaning() {
    let (text, mut told) = (metrics(&well()), 0);
    for (position, metric) in METRICS.iter().enumerate() {
        assert!(metric.name.starts_with("pospool_"), "{metric:?}");
        assert!(
            METRICS[..position].iter().all(|it| it.name != metric.name),
            "{metric:?}"
        );
        let help = format!("# HELP {} {}", metric.name, metric.help);
        // One without a sample is not told of.
        let has_sample = line(&text, &format!("{}{{", metric.name)).is_some();
        assert_eq!(
            text.contains(&help),
            has_sample || metric.name.ends_with("timestamp_seconds"),
            "{help}"
        );
        told += usize::from(text.contains(&help));
    }
    assert!(told > 15, "{told}: {text}");
}
