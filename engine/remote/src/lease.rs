//! The right to write, for a while, and how to see that its holder is gone.
//!
//! - Reads: a lease, its age by the clock of the keeper, and this machine's processes.
//! - Returns: whether the holder may still be at work.
//! - Never: protects the state: a wrong judgement here only stops the holder, since its
//!   next write fails. That is for the conditional write (`docs/decisions/0010`).

use std::fs;
use std::time::Duration;

use pospool_engine::store::{Holder, random_name};
use serde::{Deserialize, Serialize};

/// Most seconds of a lease: thirty days.
pub(crate) const LONGEST_LEASE: u64 = 30 * 24 * 60 * 60;

/// The right to write, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// A random name, which `pospool state unlock` must be given.
    pub id: String,
    /// For how long it holds after the last write, in seconds; 0 if it never ends by itself.
    pub seconds: u64,
    /// Who has it.
    pub holder: Holder,
    /// On which machine, so that another process there can see whether the holder lives.
    pub machine: Option<String>,
    /// When the holder's process was started, in the machine's own ticks: process ids are used again.
    pub started: Option<u64>,
}

/// What is known of a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HolderStanding {
    /// It may be at work; its lease ends after so many seconds.
    Live { ends_in: Option<u64> },
    /// Its process is gone, or nothing was heard of it for a whole lease.
    Gone,
}

impl Lease {
    /// A lease for this process.
    #[must_use]
    pub fn new(command: &str, seconds: u64) -> Self {
        let holder = Holder::of_this_process(command);
        Self {
            id: random_name(),
            seconds,
            machine: machine(),
            started: started(holder.pid),
            holder,
        }
    }

    /// Whether the holder may still be at work, `age` after its last write.
    pub(crate) fn standing(&self, age: Option<Duration>) -> HolderStanding {
        if self.process_is_gone() {
            HolderStanding::Gone
        } else {
            self.standing_by_age(age)
        }
    }

    /// The same where nobody can see the holder's process.
    pub(crate) fn standing_by_age(&self, age: Option<Duration>) -> HolderStanding {
        if self.seconds == 0 {
            return HolderStanding::Live { ends_in: None };
        }
        let ends = self.seconds + margin(self.seconds);
        let age = age.map_or(0, |age| age.as_secs());
        if age > ends {
            HolderStanding::Gone
        } else {
            let ends_in = Some(ends - age + 1);
            HolderStanding::Live { ends_in }
        }
    }

    fn process_is_gone(&self) -> bool {
        let (Some(there), Some(started_then)) = (&self.machine, self.started) else {
            return false;
        };
        machine().as_ref() == Some(there) && started(self.holder.pid) != Some(started_then)
    }

    /// How often a holder gives a sign.
    pub(crate) fn rhythm(&self) -> Duration {
        Duration::from_secs(self.seconds) / 3
    }
}

/// Keepers tell times in whole seconds, and their own clocks may differ a little.
fn margin(seconds: u64) -> u64 {
    (seconds / 4).clamp(2, 15)
}

/// Name of the set of processes that this one sees: one start of a machine, one set of
/// containers on it. `None` where the system does not tell, or hides other users' processes.
fn machine() -> Option<String> {
    started(1)?;
    let start = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let processes = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", start.trim(), processes.display()))
}

/// When a living process was started, in ticks; `None` if there is none.
fn started(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, which may hold anything.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> Lease {
        Lease::new("apply", 60)
    }

    #[test]
    fn a_living_holder_keeps_its_lease_until_it_ends() {
        let age = |seconds| lease().standing(Some(Duration::from_secs(seconds)));
        assert_eq!(age(0), HolderStanding::Live { ends_in: Some(76) });
        assert_eq!(age(75), HolderStanding::Live { ends_in: Some(1) });
        assert_eq!(age(76), HolderStanding::Gone);
        let unknown = lease().standing(None);
        assert_eq!(unknown, HolderStanding::Live { ends_in: Some(76) });
    }

    #[test]
    fn a_process_that_is_gone_needs_no_waiting() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let mut lease = lease();
        lease.holder.pid = child.id();
        lease.started = started(child.id());
        assert!(matches!(lease.standing(None), HolderStanding::Live { .. }));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(lease.standing(None), HolderStanding::Gone);
        lease.machine = Some("another".to_owned());
        assert!(matches!(lease.standing(None), HolderStanding::Live { .. }));
    }

    #[test]
    fn a_process_id_that_is_used_again_is_another_process() {
        let mut lease = lease();
        lease.started = lease.started.map(|ticks| ticks - 1);
        assert_eq!(lease.standing(None), HolderStanding::Gone);
    }

    #[test]
    fn a_lock_without_an_end_is_only_judged_by_its_process() {
        let mut lease = Lease::new("apply", 0);
        let old = Some(Duration::from_hours(24));
        assert_eq!(lease.standing(old), HolderStanding::Live { ends_in: None });
        lease.started = Some(1);
        assert_eq!(lease.standing(old), HolderStanding::Gone);
    }
}
