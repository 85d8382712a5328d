//! How a node is, in rows for people.

use std::fmt::Write as _;

use pospool_model::group_digits;
use pospool_model::guard::Voting;
use pospool_model::status::{Budget, ContainerState, NodeStatus};
use pospool_status::{format_bytes, format_duration};

use crate::view::Paint;
use crate::view::figures::{container_word, format_figure, format_row};

/// The rows of a node.
pub(super) fn node_rows(node: &NodeStatus, paint: Paint) -> String {
    let row = |name: &str, text: String| format_row(name, &text, paint);
    let mut text = row("container", node_container(node));
    text.push_str(&row("sync", node_sync(node)));
    let peers = node.live_peers.map(|live| match node.sessions.known() {
        Some(sessions) => format!("{live} live of {sessions}"),
        None => format!("{live} live"),
    });
    text.push_str(&row("peers", format_figure(&peers, Clone::clone)));
    text.push_str(&row("PoS", node_pos(node)));
    text.push_str(&row("voting", node_voting(node)));
    let budget = format_figure(&node.budget, |budget| budget_words(*budget));
    text.push_str(&row("retirement", budget));
    let disk = node
        .disk_free_bytes
        .join(&node.disk_total_bytes, |free, total| {
            format!("{} free of {}", format_bytes(*free), format_bytes(*total))
        });
    text.push_str(&row("disk", format_figure(&disk, Clone::clone)));
    let kept = |kept: &bool| {
        if *kept {
            "kept by a time source"
        } else {
            "kept by nobody"
        }
    };
    let clock = format_figure(&node.clock_synchronised, |it| kept(it).to_owned());
    text.push_str(&row("clock", clock));
    text.push_str(&row(
        "release",
        format_figure(&node.client_version, Clone::clone),
    ));
    text.push_str(&row("key bundle", node_bundle(node)));
    text
}

fn node_container(node: &NodeStatus) -> String {
    let mut text = format_figure(&node.container, |state| container_word(*state).to_owned());
    if node.container.known() == Some(&ContainerState::Running) {
        if let Some(seconds) = node.running_seconds.known() {
            let _ = write!(text, " for {}", format_duration(*seconds));
        }
        if let Some(Some(limit)) = node.memory_limit_bytes.known() {
            let _ = write!(text, ", may use {} of memory", format_bytes(*limit));
        }
        if let Some(starts) = node.conflux_starts.known().filter(|starts| **starts > 1) {
            let _ = write!(text, ", conflux was started {starts} times in it");
        }
    }
    if node.out_of_memory.known() == Some(&true) {
        text.push_str(", was killed for its memory");
    }
    if let Some(Some(code)) = node.last_failure.known() {
        let _ = write!(text, ", ended for `{code}`");
    }
    text
}

fn node_sync(node: &NodeStatus) -> String {
    let phase = |phase: &String| match phase.as_str() {
        "NormalSyncPhase" => "in the normal phase".to_owned(),
        other => format!("catching up ({other})"),
    };
    let mut text = format_figure(&node.phase, phase);
    if node.phase.known().is_none() {
        return text;
    }
    let number = |number: &u64| group_digits(*number);
    let _ = write!(text, ", epoch {}", format_figure(&node.epoch, number));
    let _ = write!(
        text,
        ", {} behind",
        format_figure(&node.behind_epochs, number)
    );
    let age = |age: &i64| match u64::try_from(*age) {
        Ok(age) => format!("{} old", format_duration(age)),
        Err(_) => format!("{} in the future", format_duration(age.unsigned_abs())),
    };
    let _ = write!(
        text,
        ", newest block {}",
        format_figure(&node.head_age_seconds, age)
    );
    text
}

fn node_pos(node: &NodeStatus) -> String {
    let started =
        |epoch: &Option<u64>| epoch.map_or("not started".to_owned(), |it| format!("epoch {it}"));
    let mut text = format_figure(&node.pos_epoch, started);
    if let Some(Some(height)) = node.pos_height.known() {
        let _ = write!(text, ", height {}", group_digits(*height));
    }
    if let Some((answering, all)) = node.sources.known() {
        let height = node.source_height.known();
        let height = height.map_or(String::new(), |height| {
            format!(" at height {}", group_digits(*height))
        });
        let _ = write!(text, "; {answering} of {all} other sources answer{height}");
    }
    text
}

fn node_voting(node: &NodeStatus) -> String {
    let mut text = format_figure(&node.guard, |guard| {
        let word = match guard.voting {
            Voting::On => "on",
            Voting::Candidate => "stands for election",
            Voting::Off => "off",
        };
        format!("{word}: {}", guard.why)
    });
    if let Some(elected) = node.elected.known() {
        text.push_str(if *elected {
            "; elected"
        } else {
            "; not elected"
        });
    }
    if let Some(Some(round)) = node.seen_signed.known() {
        let _ = write!(text, "; last seen vote in {round}");
    }
    text
}

fn budget_words(budget: Budget) -> String {
    match budget {
        Budget::NotElected => {
            "nothing is expected of the key: it is elected for no known term".to_owned()
        }
        Budget::Left {
            epoch,
            blocks,
            seconds,
            voted,
        } => {
            let time = seconds.map_or_else(|| format!("{blocks} blocks"), format_duration);
            let voted = if voted { "has voted" } else { "has NOT voted" };
            format!(
                "{time} left without a vote (end of PoS epoch {epoch}); it {voted} in this epoch"
            )
        }
    }
}

fn node_bundle(node: &NodeStatus) -> String {
    let ago = |age: &Option<u64>, never: &str, word: &str| match age {
        None => never.to_owned(),
        Some(age) => format!("{word} {} ago", format_duration(*age)),
    };
    let mut text = format_figure(&node.backup_age_seconds, |age| {
        ago(age, "none was made", "made")
    });
    if let (Some(Some(_)), Some(drill)) = (
        node.backup_age_seconds.known(),
        node.drill_age_seconds.known(),
    ) {
        let _ = write!(text, ", {}", ago(drill, "never tried", "tried"));
    }
    text
}
