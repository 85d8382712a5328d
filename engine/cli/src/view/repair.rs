//! What `state repair` found.
//!
//! - Reads: the findings.
//! - Returns: what each is, what was done about it or what a person has to do.
//! - Never: calls something mended that was only looked at.

use std::error::Error as _;
use std::fmt::Write as _;

use pospool_engine::store::{Finding, StoreError};
use pospool_remote::Location;
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, clean_line, clean_text, format_count};

/// The findings as text.
#[must_use]
pub fn format_findings(location: &Location, findings: &[Finding], dry_run: bool) -> String {
    if findings.is_empty() {
        return format!("`{location}`: nothing to repair\n");
    }
    let mut text = String::new();
    for finding in findings {
        let (what, remedy) = words(finding);
        let did = match (finding.needs_a_person(), dry_run) {
            (true, _) => format!("for you to do: {remedy}"),
            (false, true) => format!("would be mended: {remedy}"),
            (false, false) => format!("mended: {remedy}"),
        };
        let _ = writeln!(text, "{}\n  {}", clean_text(&what), clean_text(&did));
    }
    let left = findings.iter().filter(|it| it.needs_a_person()).count();
    if left > 0 {
        let left = format_count(left, "thing needs a person", "things need a person");
        let _ = writeln!(
            text,
            "{left}; nothing was made up, and nothing of it was touched"
        );
    }
    text
}

/// The findings as JSON.
#[must_use]
pub fn findings_to_json(location: &Location, findings: &[Finding], dry_run: bool) -> Json {
    let findings = findings.iter().map(|finding| {
        let (what, remedy) = words(finding);
        json!({
            "finding": name(finding),
            "summary": what,
            "remedy": remedy,
            "mended": !dry_run && !finding.needs_a_person(),
            "needs_a_person": finding.needs_a_person(),
        })
    });
    json!({
        "format_version": FORMAT_VERSION,
        "state": location.to_string(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn name(finding: &Finding) -> &'static str {
    match finding {
        Finding::TornEnd { .. } => "torn_end",
        Finding::SpentJournal { .. } => "spent_journal",
        Finding::EmptyJournal { .. } => "empty_journal",
        Finding::Leftover { .. } => "leftover",
        Finding::OnlyCopy { .. } => "only_copy",
        Finding::KeptState { .. } => "kept_state",
        Finding::Unusable(error) => error.code().as_str(),
    }
}

/// What it is, and what is done about it.
fn words(finding: &Finding) -> (String, String) {
    match finding {
        Finding::TornEnd { path, bytes } => (
            format!(
                "the last line of `{}` was not written to its end",
                path.display()
            ),
            format!("{bytes} bytes are cut off; nothing was begun whose line was not whole"),
        ),
        Finding::SpentJournal { path } => (
            format!(
                "every entry of `{}` is in the state already",
                path.display()
            ),
            "it is removed".to_owned(),
        ),
        Finding::EmptyJournal { path } => (
            format!("`{}` has no whole entry", path.display()),
            "it is removed; nothing was begun under it".to_owned(),
        ),
        Finding::Leftover { path } => (
            format!(
                "`{}` was to be put in place when its run was cut",
                path.display()
            ),
            "it is removed; the state is whole without it".to_owned(),
        ),
        Finding::OnlyCopy { path } => (
            format!(
                "`{}` was to be put in place when its run was cut, and there is no usable state",
                path.display()
            ),
            "look into it; if it is a whole state, it can be put in the place of the state"
                .to_owned(),
        ),
        Finding::KeptState { path, state } => (
            format!(
                "`{}` was replaced while a run went on, whose own state is `{}`",
                state.display(),
                path.display()
            ),
            format!(
                "to go on with the run's own state, and the journal that belongs to it: mv '{}' '{}'. \
                 To stay with the one that replaced it: remove `{}`",
                path.display(),
                state.display(),
                path.display()
            ),
        ),
        Finding::Unusable(error) => unusable(error),
    }
}

fn unusable(error: &StoreError) -> (String, String) {
    let mut what = error.to_string();
    if let Some(cause) = error.source() {
        let _ = write!(what, ": {cause}");
    }
    let remedy = match error {
        StoreError::JournalWithoutState { path } => format!(
            "put the state file back that belongs to `{}`: a backup of the same serial. The journal \
             holds the tickets of what was under way, so do not remove it as long as that is not known",
            path.display()
        ),
        StoreError::ForeignJournal { path } => format!(
            "`pospool state show` on a backup tells its lineage and serial: put the state back that `{}` was \
             written with, or, if you are sure that nothing of it is under way, move the journal away",
            path.display()
        ),
        StoreError::DamagedJournal { .. } => {
            "restore state and journal together from one backup; the lines before the damage can be read in the file".to_owned()
        }
        StoreError::Moved { to, .. } => {
            let to = clean_line(to);
            format!("use `{to}`; `state migrate --to` brings it back here")
        }
        StoreError::TooNew { .. } => "use the newer pospool".to_owned(),
        _ => "restore it from a backup, or fetch it with `state pull` from where it was copied to".to_owned(),
    };
    (what, remedy)
}
