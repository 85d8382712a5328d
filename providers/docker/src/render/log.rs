//! `log.yaml`: what a node writes to its standard output and to its log files.
//!
//! - Returns: the text; it is the same for every node.
//! - Never: grows without end, as the one of the releases does in effect: it keeps 50 archives of 2 GB.

use super::yaml::{self, Yaml, yaml_map};

/// One line of the log.
const PATTERN: &str = "{d} {l:5.5} {T:<20.20} {t:12.12} - {m:.20000}{n}";

/// Renders the file.
pub(super) fn log_config() -> String {
    let encoder = || yaml_map([("pattern", PATTERN.into())]);
    let threshold = yaml_map([("kind", "threshold".into()), ("level", "info".into())]);
    let stdout = yaml_map([
        ("kind", "console".into()),
        ("encoder", encoder()),
        ("filters", Yaml::List(vec![threshold])),
    ]);
    let trigger = yaml_map([("kind", "size".into()), ("limit", "200 mb".into())]);
    let roller = yaml_map([
        ("kind", "fixed_window".into()),
        ("pattern", "log/archive/conflux.{}.gz".into()),
        ("count", 20.into()),
    ]);
    let policy = yaml_map([
        ("kind", "compound".into()),
        ("trigger", trigger),
        ("roller", roller),
    ]);
    let logfile = yaml_map([
        ("kind", "rolling_file".into()),
        ("path", "log/conflux.log".into()),
        ("encoder", encoder()),
        ("policy", policy),
    ]);
    let root = yaml_map([
        ("level", "info".into()),
        (
            "appenders",
            Yaml::List(vec!["stdout".into(), "logfile".into()]),
        ),
    ]);
    let appenders = yaml_map([("stdout", stdout), ("logfile", logfile)]);
    yaml::write_yaml(&yaml_map([("appenders", appenders), ("root", root)]))
}
