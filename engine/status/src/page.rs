//! The table of states as a page of the reference.

use std::fmt::Write as _;

use crate::doctor::states;
use crate::machine::requirements;
use crate::state::{Level, State};

const HEAD: &str = "# What the doctor knows

Made from the program's own table; `pospool doctor` checks each of these states, and `pospool explain N1` shows one.
Each check sees only what the look has collected. It says *present*, *absent*, or *cannot tell* with the figure that is missing:
what was not seen is never called absent. [The guide](../guide/watching.md) has the commands, their JSON and their exit codes.

| id | state | how bad |
|---|---|---|
";

const MACHINE: &str = "
## A machine

`pospool doctor --host` grades a machine before anything is on it: *good*, *enough*, *poor*, or *?* where nobody can tell.

| id | | needs | why | do |
|---|---|---|---|---|
";

/// The page.
#[must_use]
pub fn format_states_page() -> String {
    let mut page = HEAD.to_owned();
    for state in states() {
        let _ = writeln!(
            page,
            "| [{}](#{}) | {} | {} |",
            state.id,
            state.id.to_lowercase(),
            state.title,
            level_word(state.level)
        );
    }
    for state in states() {
        page.push_str(&section(state));
    }
    page.push_str(MACHINE);
    for one in requirements() {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            one.id, one.title, one.needs, one.why, one.remedy
        );
    }
    page
}

fn section(state: &State) -> String {
    let remedy = state.plain_remedy();
    let (command, note) = match remedy.split_once("    # ") {
        Some((command, note)) => (command, format!(" ({note})")),
        None => (remedy.as_str(), String::new()),
    };
    let page = state.page;
    let at = page
        .strip_prefix("reference/")
        .map_or_else(|| format!("../{page}"), std::borrow::ToOwned::to_owned);
    format!(
        "\n## {}\n\n**{}.**\nSeen by: {}.\nWhy: {}.\nDo: `{command}`{note}. More: [{page}]({at}).\n",
        state.id, state.title, state.evidence, state.why
    )
}

/// A level as a word of the page.
fn level_word(level: Level) -> &'static str {
    match level {
        Level::Critical => "critical",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}
