//! The documents hold together: links lead somewhere, and each decision has a number of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// All documents that git would keep.
fn documents() -> Vec<PathBuf> {
    let listed = std::process::Command::new("git")
        .current_dir(root())
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.md",
        ])
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let files = names.lines().map(|name| root().join(name));
    files.filter(|path| path.is_file()).collect()
}

/// Text outside of code.
fn prose(text: &str) -> String {
    let mut code = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    });
    let prose = lines.collect::<Vec<_>>().join("\n");
    prose.split('`').step_by(2).collect()
}

/// Targets of links: `[text](target)`.
fn links(text: &str) -> Vec<String> {
    let parts = text.split("](").skip(1);
    let targets =
        parts.filter_map(|part| part.split_once(')').map(|(target, _)| target.to_owned()));
    targets.collect()
}

/// The anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>();
    kept.replace(' ', "-")
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in links(&prose(&text)) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (path, place) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            let here = format!("{}: {link}", document.display());
            assert!(target.exists(), "{here}");
            if !place.is_empty() {
                let text = std::fs::read_to_string(&target).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|heading| anchor(heading) == place), "{here}");
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn each_decision_has_a_number_of_its_own() {
    let mut numbers: BTreeMap<String, String> = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("docs/decisions")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let number = name.split('-').next().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let head = format!("# {}. ", number.trim_start_matches('0'));
        assert!(
            text.starts_with(&head),
            "{name} does not begin with `{head}`"
        );
        let other = numbers.insert(number, name.clone());
        assert_eq!(other, None, "{name}");
    }
    assert!(numbers.len() > 15);
}

#[test]
fn case_words_what_an_operator_looks_for_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.contains("(docs/guide/everyday.md)"));
    let page = std::fs::read_to_string(root.join("docs/guide/everyday.md")).unwrap();
    let headings: Vec<&str> = page.lines().filter(|it| it.starts_with("## ")).collect();
    for words in [
        "retired",
        "claim",
        "for an hour",
        "another machine",
        "end the pool",
    ] {
        let found = headings.iter().filter(|it| it.contains(words)).count();
        assert_eq!(found, 1, "{words}: {headings:?}");
    }
}
