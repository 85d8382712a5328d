//! `log.yaml`: what a node writes to its standard output and to its log files.
//!
//! - Returns: the text; it is the same for every node.
//! - Never: grows without end, as the one of the releases does in effect: it keeps 50 archives of 2 GB.

use super::yaml::{self, Yaml, map};

/// One line of the log.
const PATTERN: &str = "{d} {l:5.5} {T:<20.20} {t:12.12} - {m:.20000}{n}";

/// Renders the file.
pub(super) fn config() -> String {
    let encoder = || map([("pattern", PATTERN.into())]);
    let threshold = map([("kind", "threshold".into()), ("level", "info".into())]);
    let stdout = map([
        ("kind", "console".into()),
        ("encoder", encoder()),
        ("filters", Yaml::List(vec![threshold])),
    ]);
    let trigger = map([("kind", "size".into()), ("limit", "200 mb".into())]);
    let roller = map([
        ("kind", "fixed_window".into()),
        ("pattern", "log/archive/conflux.{}.gz".into()),
        ("count", 20.into()),
    ]);
    let policy = map([
        ("kind", "compound".into()),
        ("trigger", trigger),
        ("roller", roller),
    ]);
    let logfile = map([
        ("kind", "rolling_file".into()),
        ("path", "log/conflux.log".into()),
        ("encoder", encoder()),
        ("policy", policy),
    ]);
    let root = map([
        ("level", "info".into()),
        (
            "appenders",
            Yaml::List(vec!["stdout".into(), "logfile".into()]),
        ),
    ]);
    let appenders = map([("stdout", stdout), ("logfile", logfile)]);
    yaml::write(&map([("appenders", appenders), ("root", root)]))
}
