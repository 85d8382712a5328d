//! Why a node's container ended, in words and with a way out.
//!
//! - Reads: the last lines of its log, its exit code.
//! - Returns: a refusal with a stable code.
//! - Never: guesses: a log that fits no row is shown as it is.

use bollard::models::ContainerState;
use pospool_model::{Code, ProviderError};

use crate::codes;

/// Lines of the log that are read.
pub(crate) const LOOKED_AT: usize = 60;
/// Lines of the log that are shown.
const SHOWN: usize = 15;

/// One known failure.
struct KnownFailure {
    /// Parts of a line, all of which must be there; in lower case.
    parts: &'static [&'static str],
    code: Code,
    what: &'static str,
    remedy: &'static str,
}

const FAILURES: &[KnownFailure] = &[
    KnownFailure {
        parts: &["pospool: no password came"],
        code: codes::NO_PASSWORD,
        what: "it got no password for its PoS key",
        remedy: "run `pospool apply` again; do not start this container by hand",
    },
    KnownFailure {
        parts: &["pospool: the password of the pos key cannot be used"],
        code: codes::NO_SECRET,
        what: "it cannot read the password that is mounted",
        remedy: "the file must be readable by user 10001 and by nobody else: `chown 10001` and `chmod 0400` it",
    },
    KnownFailure {
        parts: &["pospool: another guard has this volume"],
        code: codes::VOLUME_IN_USE,
        what: "another container's guard has its volume",
        remedy: "two processes with one PoS key must never vote: find the other container and stop it",
    },
    KnownFailure {
        parts: &["load pos_key failed"],
        code: codes::WRONG_PASSWORD,
        what: "the password does not open its PoS key",
        remedy: "give the password that was in use when the key was made, then run `pospool apply` again",
    },
    KnownFailure {
        parts: &["pkcs#8 cryptographic error"],
        code: codes::WRONG_PASSWORD,
        what: "the password does not open its PoS key",
        remedy: "give the password that was in use when the key was made, then run `pospool apply` again",
    },
    KnownFailure {
        parts: &["os error 6"],
        code: codes::NO_PASSWORD,
        what: "it asked a terminal for the password, and has none",
        remedy: "the image does not take the password from its environment: use conflux-rust 2.0.1 or newer",
    },
    KnownFailure {
        parts: &["failed to load node config"],
        code: codes::POS_CONFIG,
        what: "its release does not read this pos_config.yaml",
        remedy: "the image's tag must name the release that is in it; for a private network fix pos_config.yaml in \
                 `node_files`",
    },
    KnownFailure {
        parts: &["unknown field"],
        code: codes::POS_CONFIG,
        what: "its release does not know a key of pos_config.yaml",
        remedy: "the image's tag must name the release that is in it; for a private network fix pos_config.yaml in \
                 `node_files`",
    },
    KnownFailure {
        parts: &["waypoint verification failed"],
        code: codes::GENESIS_MISMATCH,
        what: "the data on its volume, or its genesis file, belongs to another PoS network",
        remedy: "use the volume that belongs to this network, or a new one",
    },
    KnownFailure {
        parts: &["genesis", "mismatch"],
        code: codes::GENESIS_MISMATCH,
        what: "it has another genesis than its network",
        remedy: "image, configuration and data must belong to one network and one release; a network's snapshot goes \
                 with its own release only",
    },
    KnownFailure {
        parts: &["lock", "resource temporarily unavailable"],
        code: codes::DATA_IN_USE,
        what: "another process has its data open",
        remedy: "find the container or process that uses the volume and stop it: two nodes must never share a key",
    },
    KnownFailure {
        parts: &["no space left on device"],
        code: codes::DISK_FULL,
        what: "the host's disk is full",
        remedy: "make room (a full node needs 1.2 TB and more), then run `pospool apply` again",
    },
    KnownFailure {
        parts: &["unable to open database file"],
        code: codes::DISK_FULL,
        what: "it cannot write its databases",
        remedy: "check the host's free space and inodes, then run `pospool apply` again",
    },
    KnownFailure {
        parts: &["previously marked as corrupted"],
        code: codes::DATA_DAMAGED,
        what: "its database is damaged",
        remedy: "restore blockchain_data and pos_db from a snapshot, but keep pos_key and pos_db/secure_storage.json",
    },
    KnownFailure {
        parts: &["too many open files"],
        code: codes::OPEN_FILES,
        what: "it may not open enough files",
        remedy: "raise the limit of the Docker service itself (LimitNOFILE)",
    },
    KnownFailure {
        parts: &["illegal instruction"],
        code: codes::PROCESSOR,
        what: "its program needs a newer processor",
        remedy: "use an image that is built for this machine",
    },
    KnownFailure {
        parts: &["glibc_"],
        code: codes::IMAGE_LIBRARIES,
        what: "its program needs other system libraries than the image has",
        remedy: "use the official image of this release",
    },
    KnownFailure {
        parts: &["permission denied"],
        code: codes::PERMISSION,
        what: "it may not write to its volume",
        remedy: "the files on the volume must belong to user 10001: copy data in as that user",
    },
    KnownFailure {
        parts: &["exec format error"],
        code: codes::ARCHITECTURE,
        what: "its program is built for another processor",
        remedy: "use an image of the host's architecture",
    },
];

/// Explains why a container is not running any more.
pub(crate) fn explain_exit(who: &str, state: &ContainerState, lines: &[String]) -> ProviderError {
    let exit = state.exit_code.unwrap_or_default();
    if state.oom_killed == Some(true) {
        return ProviderError::refused(
            codes::OUT_OF_MEMORY,
            format!(
                "{who} was killed: it needed more memory than it may use; raise `memory` of the node"
            ),
        );
    }
    let shown = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    let log = if shown.is_empty() {
        String::new()
    } else {
        format!("; its last output:\n{shown}")
    };
    match recognise(lines) {
        Some(failure) => ProviderError::refused(
            failure.code,
            format!("{who} stopped: {}; {}{log}", failure.what, failure.remedy),
        ),
        None => ProviderError::refused(
            codes::NODE_STOPPED,
            format!("{who} stopped with exit code {exit}{log}"),
        ),
    }
}

/// The code of the failure that the last lines of a log name, if they name one.
pub(crate) fn known_failure(lines: &[String]) -> Option<Code> {
    recognise(lines).map(|failure| failure.code)
}

/// Finds the first known failure; the newest line counts first.
fn recognise(lines: &[String]) -> Option<&'static KnownFailure> {
    lines.iter().rev().find_map(|line| {
        let line = line.to_ascii_lowercase();
        FAILURES
            .iter()
            .find(|failure| failure.parts.iter().all(|part| line.contains(part)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_last_words_are_recognised() {
        for (line, code) in [
            (
                "failed to start conflux: Load pos_key failed: decrypt with error: PKCS#8 cryptographic error",
                "docker/wrong-password",
            ),
            (
                "Os { code: 6, message: No such device or address (os error 6) }",
                "docker/no-password",
            ),
            (
                "Failed to load node config: e=unknown field `role`",
                "docker/pos-config",
            ),
            (
                "InvalidStatus(\"genesis hash mismatches\")",
                "docker/genesis-mismatch",
            ),
            (
                "IO error: While lock file: /data/x/LOCK: Resource temporarily unavailable",
                "docker/data-in-use",
            ),
            (
                "write: No space left on device (os error 28)",
                "docker/disk-full",
            ),
            (
                "DB has been previously marked as corrupted, attempting repair",
                "docker/data-damaged",
            ),
            (
                "mkdir: cannot create directory '/data/log': Permission denied",
                "docker/permission",
            ),
            ("something new", "docker/node-stopped"),
        ] {
            let lines = ["starting".to_owned(), line.to_owned(), "goodbye".to_owned()];
            let error = explain_exit("node.main", &ContainerState::default(), &lines);
            assert_eq!(error.code(), code, "{line}");
            assert!(error.to_string().contains("goodbye"), "{error}");
        }
    }

    #[test]
    fn a_lack_of_memory_is_seen_without_a_log() {
        let state = ContainerState {
            oom_killed: Some(true),
            ..ContainerState::default()
        };
        assert_eq!(
            explain_exit("node.main", &state, &[]).code(),
            "docker/out-of-memory"
        );
    }
}
