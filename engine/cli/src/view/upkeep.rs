//! What the commands on the state did.
//!
//! - Reads: places, names, locks.
//! - Returns: what was done and what follows from it; as text or JSON.
//! - Never: shows more of a lock than its name and its holder.

use std::fmt::Write as _;
use std::path::Path;

use pospool_engine::store::OpenEffect;
use pospool_model::Address;
use pospool_model::state::State;
use pospool_remote::{Held, Location};
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, clean_line, format_count};

/// A pulled state lacks what only the journal has.
#[must_use]
pub fn pulled_with_open(open: usize) -> String {
    let effects = format_count(open, "effect is", "effects are");
    format!(
        "{effects} under way; the tickets stay with the state, and this copy does not have them\n"
    )
}

/// `state push` was done.
#[must_use]
pub fn format_state_pushed(location: &Location, state: &State) -> String {
    let resources = format_count(state.resources.len(), "resource", "resources");
    format!(
        "`{location}` has serial {} and {resources} now; run `pospool plan` to see what differs outside\n",
        state.serial
    )
}

/// `state push` was done, as JSON.
#[must_use]
pub fn pushed_json(location: &Location, state: &State) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "state": location.to_string(),
        "lineage": state.lineage,
        "serial": state.serial,
    })
}

/// `state mv` was done.
#[must_use]
pub fn format_resource_renamed(from: &Address, to: &Address) -> String {
    format!("`{from}` is `{to}` now; rename its block in the spec too\n")
}

/// `state rm` was done.
#[must_use]
pub fn format_resource_forgotten(address: &Address) -> String {
    format!(
        "`{address}` is forgotten: what it is outside stays as it is, and pospool knows nothing of it any more. \
         As long as the spec has its block, the next apply makes it again\n"
    )
}

/// A change of names, as JSON.
#[must_use]
pub fn change_json(what: &str, address: &Address, to: Option<&Address>, serial: u64) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "change": what,
        "address": address,
        "to": to,
        "serial": serial,
    })
}

/// What is under way, one line each.
#[must_use]
pub fn format_open_effects(open: &[OpenEffect]) -> String {
    if open.is_empty() {
        return "nothing is under way\n".to_owned();
    }
    let mut text =
        "under way when the last run stopped; `pospool apply` finds out what came of it:\n"
            .to_owned();
    for open in open {
        let (id, key) = (open.id.to_string(), &open.ticket.key);
        let _ = writeln!(text, "  {} ({})", clean_line(&id), clean_line(key));
    }
    text
}

/// What is under way, as JSON.
#[must_use]
pub fn open_effects_json(open: &[OpenEffect]) -> Json {
    let open = open.iter().map(open_effect_json);
    json!({ "format_version": FORMAT_VERSION, "open_effects": open.collect::<Vec<_>>() })
}

/// One thing that is under way, as JSON.
#[must_use]
pub fn open_effect_json(open: &OpenEffect) -> Json {
    json!({"effect": open.id.to_string(), "provider": open.provider, "key": open.ticket.key})
}

/// A ticket was closed by a person.
#[must_use]
pub fn format_ticket_dropped(dropped: &OpenEffect, left: usize) -> String {
    let left = match left {
        0 => "nothing else is under way".to_owned(),
        left => format_count(left, "other is under way", "others are under way"),
    };
    format!(
        "the ticket `{}` ({}) is closed, {left}. If it was a transaction that was sent, it may still take effect: the next plan \
         shows what is there\n",
        clean_line(&dropped.id.to_string()),
        clean_line(&dropped.ticket.key)
    )
}

/// A ticket was closed by a person, as JSON.
#[must_use]
pub fn ticket_json(dropped: &OpenEffect, left: usize) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "dropped": open_effect_json(dropped),
        "open_effects": left,
    })
}

/// `state migrate` was done.
#[must_use]
pub fn format_state_moved(from: &Location, to: &Location) -> String {
    format!(
        "the state is at `{to}` now, read back and compared; `{from}` says so to everybody who asks there.\n\
         Write it into the spec: state {{ url = \"{to}\" }}\n"
    )
}

/// `state migrate` was done, as JSON.
#[must_use]
pub fn moved_json(from: &Location, to: &Location, state: &State) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "from": from.to_string(),
        "to": to.to_string(),
        "lineage": state.lineage,
        "serial": state.serial,
    })
}

/// Why the lock of a file needs no hand.
#[must_use]
pub fn no_lock_to_take(path: &Path) -> String {
    format!(
        "`{}` is a file: the system lets go of its lock when the process that holds it ends, however it ends. \
         There is nothing to take away\n",
        path.display()
    )
}

/// Who holds a lock, and how it ends.
#[must_use]
pub fn format_lock(location: &Location, held: Option<&Held>) -> String {
    let Some(held) = held else {
        return format!("nobody holds the lock of `{location}`\n");
    };
    let ends = match (held.live, held.ends_in) {
        (false, _) => "its holder is gone, and the next run takes over by itself".to_owned(),
        (true, Some(seconds)) => {
            format!("it ends in {seconds} s if nothing is heard of its holder until then")
        }
        (true, None) => format!(
            "it never ends by itself; if you know that its holder is gone: pospool state unlock {}",
            clean_line(&held.id)
        ),
    };
    format!("lock {} of {}: {ends}\n", clean_line(&held.id), held.holder)
}

/// `state unlock` was done.
#[must_use]
pub fn format_unlocked(location: &Location, held: &Held) -> String {
    format!(
        "took the lock of `{location}` away from {}; if it is still at work, it stops at its next write\n",
        held.holder
    )
}

/// A lock as JSON.
#[must_use]
pub fn lock_json(held: Option<&Held>, taken_away: bool) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "lock": held.map(|held| json!({
            "id": held.id,
            "holder": held.holder,
            "live": held.live,
            "ends_in_seconds": held.ends_in,
        })),
        "taken_away": taken_away,
    })
}
