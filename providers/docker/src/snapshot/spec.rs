//! The attributes `snapshot` and `refill` of a node.
//!
//! - Reads: what a spec writes: a text, or a map.
//! - Returns: the normal form, and a typed desired config.
//! - Never: lets a URL through that may hold a secret: it would be in plans and journals.

use std::collections::BTreeMap;

use pospool_model::{Attributes, Problem, Value};

use crate::attributes::attribute_text;
use crate::codes;
use crate::place::Folder;

/// How the archive is to get into the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DesiredTransferMode {
    Spooled,
    Streamed,
}

/// A snapshot as the spec wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DesiredSnapshot {
    pub(super) from: SnapshotOrigin,
    pub(super) sha256: Option<String>,
    pub(super) way: Option<DesiredTransferMode>,
    pub(super) spool: Option<Folder>,
    /// Release that wrote the data, such as (3, 0).
    pub(super) version: Option<(u32, u32)>,
}

/// Where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SnapshotOrigin {
    /// A name: `full` or `archive`.
    Named(SnapshotSize),
    /// A URL.
    Web(String),
    /// A file of this machine.
    File(Folder),
}

/// Kind of a named snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SnapshotSize {
    Full,
    Archive,
}

/// Brings both attributes into their normal form.
pub(crate) fn normalise_snapshot(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    if let Some(Value::Text(from)) = attributes.get("snapshot") {
        let map = BTreeMap::from([("from".to_owned(), Value::from(from.as_str()))]);
        attributes.insert("snapshot".to_owned(), Value::Map(map));
    }
    match attributes.get_mut("snapshot") {
        None => {}
        Some(Value::Map(map)) => {
            map.retain(|_, value| *value != Value::Null);
            if let Err(problem) = read_map(map) {
                problems.push(problem);
            }
        }
        Some(_) => problems.push(bad(&[], "`snapshot` is a text or a map".to_owned())),
    }
    let Some(Value::Text(word)) = attributes.get("refill") else {
        return;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if word.is_empty() || word == "-" || word.len() > 64 || !word.chars().all(plain) {
        problems.push(bad_at(
            &["refill"],
            format!("`{word}` is not a word of letters, digits, `-`, `_` and `.`"),
        ));
    } else if !attributes.contains_key("snapshot") {
        problems.push(
            bad_at(
                &["refill"],
                "`refill` has no `snapshot` to fill from".to_owned(),
            )
            .help("write `snapshot`, or leave `refill` out"),
        );
    }
}

/// Reads the attribute of a node.
pub(super) fn read_snapshot(node: &Attributes) -> Result<Option<DesiredSnapshot>, Problem> {
    match node.get("snapshot") {
        None => Ok(None),
        Some(Value::Map(map)) => read_map(map).map(Some),
        Some(_) => Err(bad(
            &[],
            "`snapshot` is not known before the apply".to_owned(),
        )),
    }
}

fn read_map(map: &Attributes) -> Result<DesiredSnapshot, Problem> {
    const NAMES: [&str; 5] = ["from", "sha256", "way", "spool", "version"];
    for (name, value) in map {
        if !NAMES.contains(&name.as_str()) {
            return Err(bad(&[name], format!("`snapshot` has no `{name}`")));
        }
        if !matches!(value, Value::Text(_)) {
            return Err(bad(&[name], format!("`{name}` of `snapshot` is a text")));
        }
    }
    let from = attribute_text(map, "from")
        .ok_or_else(|| bad(&[], "`snapshot` has no `from`".to_owned()))?;
    let folder = |name: &str| {
        let folder = attribute_text(map, name).map(Folder::new).transpose();
        folder.map_err(|what| bad(&[name], what))
    };
    Ok(DesiredSnapshot {
        from: read_from(from)?,
        sha256: attribute_text(map, "sha256").map(read_sha256).transpose()?,
        way: attribute_text(map, "way").map(read_way).transpose()?,
        spool: folder("spool")?,
        version: attribute_text(map, "version")
            .map(read_version)
            .transpose()?,
    })
}

fn read_from(text: &str) -> Result<SnapshotOrigin, Problem> {
    match text {
        "full" => return Ok(SnapshotOrigin::Named(SnapshotSize::Full)),
        "archive" => return Ok(SnapshotOrigin::Named(SnapshotSize::Archive)),
        _ => {}
    }
    if text.starts_with('/') {
        let file = Folder::new(text).map_err(|what| bad(&["from"], what))?;
        return Ok(SnapshotOrigin::File(file));
    }
    let url = reqwest::Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        return Err(bad(
            &["from"],
            format!("`{text}` is not `full`, `archive`, an http or https URL, or an absolute path"),
        ));
    };
    let has_secret = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if has_secret {
        return Err(bad(
            &["from"],
            "the URL of a snapshot must not have a user, a query or a fragment: it is written into plans and journals"
                .to_owned(),
        )
        .help("load the file yourself, and write its path"));
    }
    Ok(SnapshotOrigin::Web(url.to_string()))
}

fn read_sha256(text: &str) -> Result<String, Problem> {
    let hex = text
        .strip_prefix("sha256:")
        .unwrap_or(text)
        .to_ascii_lowercase();
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hex);
    }
    Err(bad(&["sha256"], "`sha256` has 64 hex digits".to_owned()))
}

fn read_way(text: &str) -> Result<DesiredTransferMode, Problem> {
    match text {
        "spooled" => Ok(DesiredTransferMode::Spooled),
        "streamed" => Ok(DesiredTransferMode::Streamed),
        _ => Err(bad(
            &["way"],
            format!("`way` is `spooled` or `streamed`, found `{text}`"),
        )),
    }
}

fn read_version(text: &str) -> Result<(u32, u32), Problem> {
    find_release(text).ok_or_else(|| {
        bad(
            &["version"],
            format!("`{text}` is not a release such as `3.0.3`"),
        )
    })
}

/// Finds the first release in a text: `conflux-rust 3.0.3-abc` is (3, 0).
pub(super) fn find_release(text: &str) -> Option<(u32, u32)> {
    let words = text.split(|c: char| c.is_whitespace() || c == '/' || c == 'v');
    words.into_iter().find_map(|word| {
        let mut parts = word.split(|c: char| !c.is_ascii_digit());
        let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        word.contains('.').then_some((major, minor))
    })
}

fn bad(path: &[&str], what: String) -> Problem {
    let path: Vec<&str> = ["snapshot"].iter().chain(path).copied().collect();
    bad_at(&path, what)
}

fn bad_at(path: &[&str], what: String) -> Problem {
    Problem::new(codes::BAD_SNAPSHOT, path, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(snapshot: Value, refill: Option<&str>) -> Result<Attributes, Vec<Problem>> {
        let mut attributes = Attributes::from([("snapshot".to_owned(), snapshot)]);
        if let Some(word) = refill {
            attributes.insert("refill".to_owned(), word.into());
        }
        let mut problems = Vec::new();
        normalise_snapshot(&mut attributes, &mut problems);
        if problems.is_empty() {
            Ok(attributes)
        } else {
            Err(problems)
        }
    }

    fn map(entries: &[(&str, &str)]) -> Value {
        let entries = entries.iter();
        Value::Map(
            entries
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                .collect(),
        )
    }

    #[test]
    fn a_text_and_a_map_say_the_same() {
        let short = normal("full".into(), None).unwrap();
        assert_eq!(short, normal(map(&[("from", "full")]), None).unwrap());
        assert_eq!(
            read_snapshot(&short).unwrap().unwrap().from,
            SnapshotOrigin::Named(SnapshotSize::Full)
        );
        let desired = normal(
            map(&[
                ("from", "https://a.example/x.tgz"),
                ("way", "streamed"),
                ("version", "3.0.3-fix"),
                ("sha256", &"0A".repeat(32)),
            ]),
            Some("2026-11-28"),
        );
        let desired = read_snapshot(&desired.unwrap()).unwrap().unwrap();
        assert_eq!(desired.way, Some(DesiredTransferMode::Streamed));
        assert_eq!(desired.version, Some((3, 0)));
        assert_eq!(desired.sha256, Some("0a".repeat(32)));
    }

    #[test]
    fn what_is_no_snapshot_is_refused_with_its_place() {
        for snapshot in [
            map(&[]),
            map(&[("from", "fast")]),
            map(&[("from", "x.tgz")]),
            map(&[("from", "ftp://a/x.tgz")]),
            map(&[("from", "https://user:pw@a/x.tgz")]),
            map(&[("from", "https://a/x.tgz?signature=1")]),
            map(&[("from", "full"), ("way", "quick")]),
            map(&[("from", "full"), ("sha256", "12")]),
            map(&[("from", "full"), ("spool", "here")]),
            map(&[("from", "full"), ("version", "new")]),
            map(&[("from", "full"), ("form", "x")]),
            Value::Integer(1),
        ] {
            let problems = normal(snapshot.clone(), None).unwrap_err();
            assert_eq!(problems[0].code, "docker/bad-snapshot", "{snapshot:?}");
            assert_eq!(problems[0].path[0], "snapshot");
            let said = format!("{problems:?}");
            assert!(
                !said.contains("pw@") && !said.contains("signature"),
                "{said}"
            );
        }
        assert!(normal("full".into(), Some("-")).is_err());
        assert!(normal("full".into(), Some("$(x)")).is_err());
        assert!(normal(Value::Null, Some("1")).is_err());
    }

    #[test]
    fn a_release_is_found_in_what_a_program_says_of_itself() {
        for (text, found) in [
            ("conflux-rust 3.0.2", Some((3, 0))),
            ("conflux-rust/v2.4.1-8a3/x86_64", Some((2, 4))),
            ("3.1.0", Some((3, 1))),
            ("new", None),
            ("12", None),
        ] {
            assert_eq!(find_release(text), found, "{text}");
        }
    }
}
