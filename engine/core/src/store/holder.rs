//! Who holds a lock, as its note and our messages say it.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

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

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            // What other programs say of themselves is one word for all of it.
            let known = Some(self.host.as_str()).filter(|host| !host.is_empty());
            return f.write_str(known.unwrap_or("another process"));
        }
        let age = now().saturating_sub(self.since);
        let (command, pid, host) = (&self.command, self.pid, &self.host);
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
