//! Who holds a lock, as its note and our messages say it.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use pospool_model::shown::clean_line;
use serde::{Deserialize, Serialize};

/// Who holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
    /// What it does: `apply`.
    pub command: String,
    /// Since when, in seconds since 1970 (UTC).
    pub since: u64,
}

impl Holder {
    /// This process, from now on.
    #[must_use]
    pub fn of_this_process(command: &str) -> Self {
        Self {
            pid: std::process::id(),
            host: std::fs::read_to_string("/proc/sys/kernel/hostname")
                .map(|name| name.trim().to_owned())
                .unwrap_or_default(),
            command: command.to_owned(),
            since: now(),
        }
    }
}

/// On one line: whoever can write beside the state can write the note too, and lines in it that look like ours.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            // What other programs say of themselves is one word for all of it.
            let known = Some(clean_line(&self.host)).filter(|host| !host.is_empty());
            return f.write_str(known.as_deref().unwrap_or("another process"));
        }
        let age = now().saturating_sub(self.since);
        let (command, host) = (clean_line(&self.command), clean_line(&self.host));
        let pid = self.pid;
        write!(
            f,
            "`pospool {command}`, process {pid} on {host}, for {age} s"
        )
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_note_makes_no_line_and_no_colour_of_its_own() {
        let planted = "a\n\u{1b}[2Jdone: all is well\r\u{202e}";
        for pid in [0, 7] {
            let holder = Holder {
                pid,
                host: planted.to_owned(),
                command: planted.to_owned(),
                since: 0,
            };
            let shown = holder.to_string();
            assert!(!shown.contains(char::is_control), "{shown:?}");
            assert!(!shown.contains('\u{202e}'), "{shown:?}");
            assert!(shown.contains("a \u{fffd}[2Jdone: all is well"), "{shown}");
        }
        let blank = Holder {
            host: " \n".to_owned(),
            ..Holder::default()
        };
        assert_eq!(blank.to_string(), "another process");
    }
}
