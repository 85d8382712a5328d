//! What the alert rules and the dashboard ask for is what `pospool status --metrics` writes. What the rules do is tested by
//! scripts/rules, with promtool.

use std::collections::BTreeSet;
use std::path::Path;

use pospool_status::METRICS;

fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Words that begin like a metric of ours.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !is_word(letter));
    words.filter(|word| word.starts_with("pospool_")).collect()
}

#[test]
fn rules_and_dashboard_name_only_metrics_that_are_there() {
    let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    for name in [
        "pospool.rules.yml",
        "pospool.rules.test.yml",
        "dashboard.json",
    ] {
        let text = read(name);
        let asked = metrics_in(&text);
        assert!(asked.len() > 4, "{name}");
        let unknown: Vec<_> = asked.difference(&known).collect();
        assert!(unknown.is_empty(), "{name} asks for {unknown:?}");
    }
    let dashboard: serde_json::Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    assert_eq!(dashboard["uid"], "pospool");
}

#[test]
fn each_rule_has_a_test() {
    let (rules, tests) = (read("pospool.rules.yml"), read("pospool.rules.test.yml"));
    let names: Vec<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert_eq!(names.len(), 9);
    for name in names {
        assert!(tests.contains(&format!("alertname: {name}")), "{name}");
    }
}
