//! How a pool is, for people and for programs.
//!
//! - Reads: a status, what the doctor makes of it, the verdict.
//! - Returns: text whose first line is the verdict, or JSON.
//! - Never: leaves out that something is not known.

mod node;

use std::fmt::Write as _;

use pospool_model::status::{
    AccountStatus, ChainStatus, Figure, HostStatus, KeyStatus, PageStatus, PoolStatus, QueuedVotes,
    SyncerStatus, Votes,
};
use pospool_model::{Drip, group_digits};
use pospool_status::{Answer, Answered, Diagnosis, Light, Verdict, format_duration};
use serde_json::{Value as Json, json};

use self::node::node_rows;
use super::doctor::{diagnosis_to_json, format_present_line};
use super::figures::{container_word, format_figure, format_row};
use super::{FORMAT_VERSION, Paint, clean_line, format_count};

/// The status as JSON. Its keys are promises, and units are in their names.
#[must_use]
pub fn status_to_json(status: &PoolStatus, diagnoses: &[Diagnosis], verdict: &Verdict) -> Json {
    let present = diagnoses.iter().filter(|one| is_present(one));
    json!({
        "format_version": FORMAT_VERSION,
        "verdict": verdict,
        "status": status,
        "present": present.map(diagnosis_to_json).collect::<Vec<_>>(),
    })
}

fn is_present(one: &Diagnosis) -> bool {
    matches!(one.answer, Answer::Present { .. })
}

/// The line before each look of a watch.
#[must_use]
pub fn format_next_look(made_at: u64, paint: Paint) -> String {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(made_at);
    let at = humantime::format_rfc3339_seconds(at);
    format!("\n{}\n", paint.dim(&format!("--- {at} ---")))
}

/// The status as text.
#[must_use]
pub fn format_status(
    status: &PoolStatus,
    diagnoses: &[Diagnosis],
    verdict: &Verdict,
    paint: Paint,
) -> String {
    let mut text = format_verdict(verdict, paint);
    for node in &status.nodes {
        text.push_str(&section(
            node.address.as_str(),
            &node_rows(node, paint),
            paint,
        ));
    }
    for key in &status.keys {
        text.push_str(&section(key.address.as_str(), &key_rows(key, paint), paint));
    }
    for syncer in &status.syncers {
        text.push_str(&section(
            syncer.address.as_str(),
            &syncer_rows(syncer, paint),
            paint,
        ));
    }
    for page in &status.pages {
        text.push_str(&section(
            page.address.as_str(),
            &page_rows(page, paint),
            paint,
        ));
    }
    for account in &status.accounts {
        let title = format!("{} ({})", account.address, account.space);
        text.push_str(&section(&title, &account_rows(account, paint), paint));
    }
    for chain in &status.chains {
        text.push_str(&section(
            chain.address.as_str(),
            &chain_rows(chain, paint),
            paint,
        ));
    }
    for host in &status.hosts {
        text.push_str(&section(
            host.address.as_str(),
            &host_rows(host, paint),
            paint,
        ));
    }
    text.push_str(&section("plan", &change_rows(status, paint), paint));
    text.push_str(&format_states(diagnoses, paint));
    text
}

fn section(title: &str, rows: &str, paint: Paint) -> String {
    format!("\n{}\n{rows}", paint.bold(title))
}

fn format_verdict(verdict: &Verdict, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(&verdict.sentence));
    let rows = [
        ("safe", &verdict.safe),
        ("earning", &verdict.earning),
        ("restart now", &verdict.may_restart),
    ];
    for (name, answered) in rows {
        text.push_str(&format_row(name, &answer(answered, paint), paint));
    }
    text
}

fn answer(answered: &Answered, paint: Paint) -> String {
    let word = match answered.light {
        Light::Yes => paint.green("yes"),
        Light::No => paint.red("no"),
        Light::Unknown => paint.yellow("?"),
    };
    format!("{word}: {}", clean_line(&answered.why))
}

/// The present states, in one line each, and where to read on.
fn format_states(diagnoses: &[Diagnosis], paint: Paint) -> String {
    let present: Vec<&Diagnosis> = diagnoses.iter().filter(|one| is_present(one)).collect();
    let untold = |one: &&Diagnosis| matches!(one.answer, Answer::CannotTell { looked: true, .. });
    let unseen = diagnoses.iter().filter(untold).count();
    let mut text = String::new();
    if !present.is_empty() {
        let _ = write!(text, "\n{}\n", paint.bold("states"));
        for one in &present {
            text.push_str(&format_present_line(one, paint));
        }
    }
    let mut parts = Vec::new();
    if !present.is_empty() {
        parts.push("says what to do about them".to_owned());
    }
    if unseen > 0 {
        let counted = format_count(
            unseen,
            "state that cannot be told",
            "states that cannot be told",
        );
        parts.push(format!("names {counted}"));
    }
    if !parts.is_empty() {
        let _ = writeln!(text, "\n`pospool doctor` {}", parts.join(", and "));
    }
    text
}

fn key_rows(key: &KeyStatus, paint: Paint) -> String {
    let row = |name: &str, text: String| format_row(name, &text, paint);
    let mut text = row("key", format_figure(&key.key, Clone::clone));
    text.push_str(&row("votes", format_figure(&key.votes, votes_words)));
    if let Some(votes) = key.votes.known() {
        for (name, queue) in [("locking", &votes.locking), ("leaving", &votes.leaving)] {
            for one in queue {
                text.push_str(&row(name, queued_words(one)));
            }
        }
        if let Some(view) = votes.retired_at {
            text.push_str(&row("retired", format!("at view {view}")));
        }
        if votes.disputed {
            text.push_str(&row("disputed", "its votes are held".to_owned()));
        }
    }
    let until = key
        .elected
        .map(|elected| match (elected, key.elected_until_view.known()) {
            (true, Some(Some(view))) => format!("yes, until view {view}"),
            (true, _) => "yes".to_owned(),
            (false, _) => "no".to_owned(),
        });
    text.push_str(&row("elected", format_figure(&until, Clone::clone)));
    let missed = format_figure(&key.missed, |missed| {
        format!(
            "{} of the last {} blocks have its vote",
            missed.blocks - missed.missed,
            missed.blocks
        )
    });
    text.push_str(&row("voted", missed));
    if let Some(due) = key.restake_due.known().filter(|due| **due > 0) {
        text.push_str(&row(
            "restake",
            format!("{due} votes can be staked again now"),
        ));
    }
    text
}

fn votes_words(votes: &Votes) -> String {
    format!(
        "{} work ({} locked), {} ever became free",
        group_digits(votes.working),
        group_digits(votes.locked),
        group_digits(votes.unlocked)
    )
}

fn queued_words(one: &QueuedVotes) -> String {
    let time = one.in_seconds.map_or(String::new(), |seconds| {
        format!(", in about {}", format_duration(seconds))
    });
    format!(
        "{} until view {}{time}",
        format_count(
            usize::try_from(one.votes).unwrap_or(usize::MAX),
            "vote",
            "votes"
        ),
        one.view
    )
}

fn drip_words(drip: &Drip) -> String {
    drip.to_string()
}

fn syncer_rows(syncer: &SyncerStatus, paint: Paint) -> String {
    let row = |name: &str, text: String| format_row(name, &text, paint);
    let state = format_figure(&syncer.container, |state| container_word(*state).to_owned());
    let health = format_figure(&syncer.trouble, |trouble| {
        trouble.clone().unwrap_or_else(|| "well".to_owned())
    });
    let mut text = row("container", state);
    text.push_str(&row("health", health));
    let lag = format_figure(&syncer.lag_seconds, |lag| format_duration(*lag));
    text.push_str(&row("lag", lag));
    text.push_str(&row(
        "balance",
        format_figure(&syncer.balance_drip, drip_words),
    ));
    for (name, list) in [("to do", &syncer.duties), ("waits", &syncer.waiting)] {
        if list.known().is_some_and(|list| !list.is_empty()) {
            text.push_str(&row(name, format_figure(list, |list| list.join("; "))));
        }
    }
    text
}

fn page_rows(page: &PageStatus, paint: Paint) -> String {
    let state = format_figure(&page.container, |state| container_word(*state).to_owned());
    let answers = format_figure(&page.answers, |answers| {
        let word = if *answers { "yes" } else { "no" };
        word.to_owned()
    });
    format_row("container", &state, paint) + &format_row("answers", &answers, paint)
}

fn account_rows(account: &AccountStatus, paint: Paint) -> String {
    let mut text = format_row("address", &clean_line(&account.account), paint);
    let balance = format_figure(&account.balance_drip, drip_words);
    text.push_str(&format_row("balance", &balance, paint));
    if account.signs {
        let calls = format_figure(&account.calls_left, |calls| {
            format!("for about {} usual calls", group_digits(*calls))
        });
        text.push_str(&format_row("gas", &calls, paint));
    }
    text
}

fn chain_rows(chain: &ChainStatus, paint: Paint) -> String {
    let number = |figure: &Figure<u64>| format_figure(figure, |number| group_digits(*number));
    let mut pos = format!("epoch {}", number(&chain.pos_epoch));
    if chain.pos_epoch.known().is_none() {
        pos = number(&chain.pos_epoch);
    }
    if let Some(height) = chain.pos_height.known() {
        let _ = write!(pos, ", height {}", group_digits(*height));
    }
    if let Some(stands) = chain.pos_stands_seconds.known() {
        let _ = write!(pos, ", newest block {} old", format_duration(*stands));
    }
    format_row("epoch", &number(&chain.epoch), paint) + &format_row("PoS", &pos, paint)
}

fn host_rows(host: &HostStatus, paint: Paint) -> String {
    let engine = format_figure(&host.engine_version, |version| {
        format!("Docker Engine {version}")
    });
    let mut text = format_row("engine", &engine, paint);
    if host.live_restore.known() == Some(&false) {
        let word = "off: an upgrade of the engine stops all containers";
        text.push_str(&format_row("live-restore", word, paint));
    }
    text
}

fn change_rows(status: &PoolStatus, paint: Paint) -> String {
    let words = format_figure(&status.changes, |changes| {
        let drifted = changes.iter().filter(|change| change.is_drift).count();
        match (changes.len(), drifted) {
            (0, _) => "nothing to change".to_owned(),
            (all, 0) => format_count(
                all,
                "change of the spec is not applied",
                "changes of the spec are not applied",
            ),
            (all, drifted) => format!(
                "{}, {} of them because of what moved outside",
                format_count(all, "change", "changes"),
                drifted
            ),
        }
    });
    let mut text = format_row("changes", &words, paint);
    if status.open_effects > 0 {
        let effects = usize::try_from(status.open_effects).unwrap_or(usize::MAX);
        let counted = format_count(effects, "effect is", "effects are");
        text.push_str(&format_row(
            "under way",
            &format!("{counted} begun and not ended"),
            paint,
        ));
    }
    for one in &status.unseen {
        let line = format!("? {}: {} [{}]", one.address, clean_line(&one.why), one.code);
        text.push_str(&format_row("not seen", &line, paint));
    }
    text
}
