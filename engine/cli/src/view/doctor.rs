//! What the doctor found, for people and for programs.
//!
//! - Reads: diagnoses, and the status that they follow from.
//! - Returns: a block for each state that is present, then what cannot be told and why; or JSON.
//! - Never: mixes what was not seen with what is not collected.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use pospool_model::status::PoolStatus;
use pospool_status::{Answer, Diagnosis, Level, State};
use serde_json::{Value as Json, json};

use super::findings::format_findings;
use super::{FORMAT_VERSION, Paint, clean_line, indent_lines};

/// What a bundle says of itself.
pub const BUNDLE_README: &str = "What `pospool doctor --bundle` packed for somebody who helps.

status, doctor: how the pool is, and which known states it is in. pool.hcl: its spec. logs: the last lines of its containers.
There is no secret in it: a spec names secrets and holds none, and each URL that may hold a key is in its shown form.
It names hosts, addresses and balances. Read it before you hand it on: a comment of the spec is as somebody wrote it.
";

/// What is said when a bundle was written.
#[must_use]
pub fn format_bundle_written(file: &Path) -> String {
    format!("wrote {}: read it before you hand it on\n", file.display())
}

/// The doctor's word as text.
#[must_use]
pub fn format_doctor(status: &PoolStatus, diagnoses: &[Diagnosis], paint: Paint) -> String {
    let mut sections = Vec::new();
    for one in diagnoses {
        if let Answer::Present { evidence } = &one.answer {
            sections.push(format_present(one, evidence, paint));
        }
    }
    sections.extend(format_findings(&status.findings, paint));
    sections.extend(format_unseen(status, paint));
    sections.extend(format_untold(diagnoses, paint));
    sections.push(format!("{}\n", summarise(diagnoses)));
    sections.join("\n")
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Critical => "critical",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn paint_level(level: Level, text: &str, paint: Paint) -> String {
    match level {
        Level::Critical => paint.red(text),
        Level::Warning => paint.yellow(text),
        Level::Note => text.to_owned(),
    }
}

/// `N1 critical, node.main: the container is gone`.
fn head(one: &Diagnosis, paint: Paint) -> String {
    let (id, level) = (one.state.id, one.state.level);
    let about = one.address.as_ref();
    let about = about.map_or_else(String::new, |address| format!(", {address}"));
    let mark = paint_level(level, &format!("{id} {}", level_word(level)), paint);
    format!("{mark}{about}: {}", one.state.title)
}

/// A present state in one line, for a status.
pub(super) fn format_present_line(one: &Diagnosis, paint: Paint) -> String {
    let evidence = match &one.answer {
        Answer::Present { evidence } => clean_line(evidence),
        _ => String::new(),
    };
    format!("  {}: {evidence}\n", head(one, paint))
}

fn format_present(one: &Diagnosis, evidence: &str, paint: Paint) -> String {
    let mut text = format!("{}\n", head(one, paint));
    let remedy = one.remedy();
    let rows = [
        ("seen", clean_line(evidence)),
        ("why", one.state.why.to_owned()),
        ("do", remedy),
        ("more", format!("docs/{}", one.state.page)),
    ];
    for (name, row) in rows {
        let _ = writeln!(text, "  {name:5} {row}");
    }
    text
}

/// What could not be looked at.
fn format_unseen(status: &PoolStatus, paint: Paint) -> Option<String> {
    if status.unseen.is_empty() {
        return None;
    }
    let mut text = format!("{}\n", paint.bold("could not be looked at:"));
    for one in &status.unseen {
        let _ = writeln!(
            text,
            "  {} {}: {} [{}]",
            paint.yellow("?"),
            one.address,
            clean_line(&one.why),
            one.code
        );
        if let Some(help) = &one.help {
            text.push_str(&indent_lines(&clean_line(help), 6));
        }
    }
    Some(text)
}

/// The states that cannot be told, by the reason.
fn format_untold(diagnoses: &[Diagnosis], paint: Paint) -> Vec<String> {
    let mut by_reason: BTreeMap<(bool, String), Vec<&str>> = BTreeMap::new();
    for one in diagnoses {
        if let Answer::CannotTell {
            missing,
            why,
            looked,
        } = &one.answer
        {
            let about = one.address.as_ref();
            let about = about.map_or_else(String::new, |address| format!("{address}: "));
            let reason = format!("{about}{missing}: {}", clean_line(why));
            // First what was looked for.
            by_reason
                .entry((!looked, reason))
                .or_default()
                .push(one.state.id);
        }
    }
    let heads = [
        (false, "cannot be told, because it could not be seen:"),
        (
            true,
            "cannot be told, because this look does not collect it:",
        ),
    ];
    let sections = heads.iter().filter_map(|(not_collected, head)| {
        let mine = by_reason
            .iter()
            .filter(|((kind, _), _)| kind == not_collected);
        let mut lines = String::new();
        for ((_, reason), ids) in mine {
            let _ = writeln!(lines, "  ? {}  {reason}", ids.join(" "));
        }
        (!lines.is_empty()).then(|| format!("{}\n{lines}", paint.bold(head)))
    });
    sections.collect()
}

/// Numbers of states by what is known of them: present, not seen, not collected, absent.
fn count(diagnoses: &[Diagnosis]) -> [usize; 4] {
    let number = |wanted: fn(&Answer) -> bool| {
        let mut found = diagnoses.iter().collect::<Vec<_>>();
        found.retain(|one| wanted(&one.answer));
        found.len()
    };
    [
        number(|it| matches!(it, Answer::Present { .. })),
        number(|it| matches!(it, Answer::CannotTell { looked: true, .. })),
        number(|it| matches!(it, Answer::CannotTell { looked: false, .. })),
        number(|it| matches!(it, Answer::Absent)),
    ]
}

fn summarise(diagnoses: &[Diagnosis]) -> String {
    let [present, not_seen, not_collected, absent] = count(diagnoses);
    let mut parts = vec![format!("{present} present")];
    if not_seen > 0 {
        parts.push(format!("{not_seen} could not be seen"));
    }
    if not_collected > 0 {
        parts.push(format!("{not_collected} not collected by this look"));
    }
    parts.push(format!("{absent} absent"));
    format!("states: {}", parts.join(", "))
}

/// One state of one thing as JSON.
#[must_use]
pub fn diagnosis_to_json(one: &Diagnosis) -> Json {
    let mut json = json!({
        "id": one.state.id,
        "level": one.state.level,
        "title": one.state.title,
        "address": one.address,
        "why": one.state.why,
        "remedy": one.remedy(),
        "page": format!("docs/{}", one.state.page),
    });
    let (answer, evidence, missing) = match &one.answer {
        Answer::Present { evidence } => ("present", Json::from(evidence.as_str()), Json::Null),
        Answer::Absent => ("absent", Json::Null, Json::Null),
        Answer::CannotTell {
            missing,
            why,
            looked,
        } => {
            let kind = if *looked { "not_seen" } else { "not_collected" };
            let missing = json!({ "figure": missing, "kind": kind, "why": why });
            ("cannot_tell", Json::Null, missing)
        }
    };
    json["answer"] = answer.into();
    json["evidence"] = evidence;
    json["missing"] = missing;
    json
}

/// The doctor's word as JSON.
#[must_use]
pub fn doctor_to_json(status: &PoolStatus, diagnoses: &[Diagnosis]) -> Json {
    let [present, not_seen, not_collected, absent] = count(diagnoses);
    json!({
        "format_version": FORMAT_VERSION,
        "made_at": status.made_at,
        "states": diagnoses.iter().map(diagnosis_to_json).collect::<Vec<_>>(),
        "findings": status.findings,
        "unseen": status.unseen,
        "summary": {
            "present": present,
            "not_seen": not_seen,
            "not_collected": not_collected,
            "absent": absent,
        },
    })
}

/// A row of the table, for `explain`.
#[must_use]
pub fn format_state(state: &State, paint: Paint) -> String {
    let level = level_word(state.level);
    let title = format!("{} ({level}): {}", state.id, state.title);
    format!(
        "{}\n  seen by: {}\n  why:     {}\n  do:      {}\n  more:    docs/{}\n",
        paint.bold(&title),
        state.evidence,
        state.why,
        state.plain_remedy(),
        state.page
    )
}

/// All rows in one line each, for `explain states`.
#[must_use]
pub fn format_state_list(states: impl Iterator<Item = &'static State>, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold("states:"));
    for state in states {
        let _ = writeln!(text, "  {:4} {}", state.id, state.title);
    }
    text.push_str("\n`pospool explain N1` shows one of them, `pospool doctor` looks for all\n");
    text
}

/// Rows as JSON.
#[must_use]
pub fn states_to_json(states: impl Iterator<Item = &'static State>) -> Json {
    let rows = states.map(|state| {
        json!({
            "id": state.id,
            "level": state.level,
            "title": state.title,
            "evidence": state.evidence,
            "why": state.why,
            "remedy": state.plain_remedy(),
            "page": format!("docs/{}", state.page),
        })
    });
    json!({ "format_version": FORMAT_VERSION, "states": rows.collect::<Vec<_>>() })
}
