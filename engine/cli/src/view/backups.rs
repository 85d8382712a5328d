//! The states that were replaced, for people.
//!
//! - Reads: what is kept.
//! - Returns: a list, newest first, and what came of bringing one back.
//! - Never: shows values of a state: the list is for telling one from another.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use pospool_engine::store::{Backup, StoreError};
use pospool_model::Address;
use pospool_model::state::State;
use pospool_remote::Location;
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, format_count};

/// A kept state, and what is in it.
pub type ReadBackup<'a> = (&'a Backup, Result<State, StoreError>);

/// Resources that a line names.
const NAMED: usize = 3;

/// The list of what is kept.
#[must_use]
pub fn format_backups(location: &Location, backups: &[ReadBackup<'_>]) -> String {
    if backups.is_empty() {
        return format!("no state was replaced at `{location}` yet\n");
    }
    let mut text = String::from("number  serial  lineage   replaced at           held\n");
    for (backup, read) in backups {
        let (number, at) = (backup.number, format_time(backup.kept_at));
        let (serial, lineage, held) = match read {
            Ok(state) => (state.serial.to_string(), short(state), held(state)),
            Err(error) => ("-".to_owned(), "-", format!("cannot be read: {error}")),
        };
        // A text takes any number of lines.
        let _ = writeln!(text, "{number:>6}  {serial:>6}  {lineage:<8}  {at}  {held}");
    }
    text.push_str("\nbring one back with: pospool state restore NUMBER\n");
    text
}

/// The same as JSON.
#[must_use]
pub fn backups_to_json(location: &Location, backups: &[ReadBackup<'_>]) -> Json {
    let backups = backups.iter().map(|(backup, read)| {
        let state = read.as_ref().ok();
        json!({
            "number": backup.number,
            "replaced_at": format_time(backup.kept_at),
            "lineage": state.map(|state| &state.lineage),
            "serial": state.map(|state| state.serial),
            "resources": state.map(|state| state.resources.keys().collect::<Vec<_>>()),
            "error": read.as_ref().err().map(ToString::to_string),
        })
    });
    json!({
        "format_version": FORMAT_VERSION,
        "state": location.to_string(),
        "backups": backups.collect::<Vec<_>>(),
    })
}

/// A state was brought back.
#[must_use]
pub fn format_restored(location: &Location, number: u64, state: &State) -> String {
    let resources = format_count(state.resources.len(), "resource", "resources");
    format!(
        "`{location}` holds state {number} again, with {resources} and serial {}; what it replaced is kept too. \
         Run `pospool plan` to see what differs outside\n",
        state.serial
    )
}

fn held(state: &State) -> String {
    let count = state.resources.len();
    let names: Vec<&str> = state.resources.keys().map(Address::as_str).collect();
    let first = names[..count.min(NAMED)].join(", ");
    let more = match count.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{}: {first}{more}",
        format_count(count, "resource", "resources")
    )
}

fn short(state: &State) -> &str {
    state.lineage.get(..8).unwrap_or(&state.lineage)
}

/// `2026-11-22T08:15:00Z`; far away where a file says something that is no time.
fn format_time(seconds: u64) -> String {
    /// The end of the year 9999, the last that has four digits.
    const LAST: u64 = 253_402_300_799;
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST));
    humantime::format_rfc3339_seconds(time).to_string()
}
