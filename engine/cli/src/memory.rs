//! The memory of the process, where keys and passwords are for a while.
//!
//! - Reads: nothing.
//! - Does: sees that no image of it reaches a disk, and that no other process of the user reads it.
//! - Never: fails a command: where the system refuses, it is as safe as it was.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids images of this process's memory, for every command: which of them will read a key is known too late.
///
/// The limit goes on to the programs that it starts, such as a node that its guard hands a password; that other
/// processes of the user cannot look into this one does not.
pub(crate) fn hide_memory() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Not enough alone: an image that is piped to a program of the system has no limit.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{dumpable_behavior, getrlimit};

    /// Of the process of this test, which reads what it needs all the same.
    #[test]
    fn no_image_is_written_and_the_process_still_reads_what_it_needs() {
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::Dumpable);
        hide_memory();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        // Its own program, of which images are made, and whether it lives, which the lock of a state asks.
        assert!(std::fs::read("/proc/self/exe").is_ok());
        assert!(std::fs::read_to_string("/proc/self/maps").is_ok_and(|maps| !maps.is_empty()));
        assert!(std::fs::read_link("/proc/self/ns/pid").is_ok());
        let stat = format!("/proc/{}/stat", std::process::id());
        assert!(std::fs::read_to_string(stat).is_ok());
    }
}
