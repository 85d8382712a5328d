//! Who a devnet belongs to, so that what a dead test left behind can be found.
//!
//! - Reads: `/proc`.
//! - Returns: the value of the owner label, and whether its process still lives.
//! - Never: takes a recycled process id for the process that had it before: the start time is part of the value.

use std::{collections::HashMap, fs, process};

use crate::settings::{LABEL_NAME, LABEL_OWNER, Lifetime};

/// Owner of a devnet that stays until it is taken down by name.
const DETACHED: &str = "detached";

/// Returns the labels for everything that belongs to a devnet.
pub(crate) fn owner_labels(name: &str, lifetime: Lifetime) -> HashMap<String, String> {
    let owner = match lifetime {
        Lifetime::Detached => DETACHED.to_owned(),
        Lifetime::Process => this_process(),
    };
    [
        (LABEL_NAME.to_owned(), name.to_owned()),
        (LABEL_OWNER.to_owned(), owner),
    ]
    .into()
}

/// Returns this process's id and start time.
fn this_process() -> String {
    let pid = process::id();
    format!("{pid}-{}", start_time(pid).unwrap_or_default())
}

/// Tells whether the owner is gone for good; an owner that cannot be understood is taken to live.
pub(crate) fn is_gone(owner: &str) -> bool {
    let Some((pid, started)) = owner.split_once('-') else {
        return false;
    };
    let (Ok(pid), Ok(started)) = (pid.parse::<u32>(), started.parse::<u64>()) else {
        return false;
    };
    start_time(pid) != Some(started)
}

/// Returns when a process started, in the kernel's ticks since boot.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything; the start time is field 22.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives() {
        assert!(!is_gone(&this_process()));
    }

    #[test]
    fn a_recycled_id_is_somebody_else() {
        let pid = process::id();
        assert!(is_gone(&format!("{pid}-1")));
        assert!(is_gone("4294967295-7"));
    }

    #[test]
    fn a_detached_devnet_has_no_owner_to_lose() {
        assert!(!is_gone(DETACHED));
        assert!(!is_gone("whatever"));
    }
}
