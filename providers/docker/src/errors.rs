//! What the engine's errors mean for a plan.
//!
//! - Reads: errors of bollard, and what was asked.
//! - Returns: a [`ProviderError`] by what may be done next.
//! - Never: repeats the cause's text in its own.

use bollard::errors::Error as EngineError;
use pospool_model::{Code, ProviderError};

use crate::client::{is_too_large, is_unsent};
use crate::codes;

/// Whether a call changes something in the engine: then a lost answer leaves the outcome open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// It only reads.
    Read,
    /// It changes something.
    Change,
}

/// Whether the engine said that there is no such object.
pub(crate) fn is_absent(error: &EngineError) -> bool {
    http_status(error) == Some(404)
}

/// HTTP status of a refusal.
pub(crate) fn http_status(error: &EngineError) -> Option<u16> {
    match error {
        EngineError::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Turns an error of the engine into one that says what may be done next.
pub(crate) fn call_failed(call: CallKind, what: &str, error: EngineError) -> ProviderError {
    match &error {
        EngineError::DockerResponseServerError {
            status_code,
            message,
        } => {
            let (code, help) = refusal(*status_code, message);
            ProviderError::Refused {
                code,
                what: format!("Docker refused to {what}{help}"),
                source: Some(Box::new(error)),
            }
        }
        EngineError::DockerStreamError { .. } | EngineError::DockerContainerWaitError { .. } => {
            ProviderError::Refused {
                code: codes::REFUSED,
                what: format!("Docker failed to {what}"),
                source: Some(Box::new(error)),
            }
        }
        _ if is_unsent(&error) => unreachable(error),
        _ if is_too_large(&error) => too_large(call, what),
        _ if call == CallKind::Read => unreachable(error),
        _ => ProviderError::OutcomeUnknown {
            code: codes::OUTCOME_UNKNOWN,
            what: format!("Docker was asked to {what} and gave no answer"),
            source: Some(Box::new(error)),
        },
    }
}

/// The time of our own ran out.
pub(crate) fn timed_out(call: CallKind, what: &str) -> ProviderError {
    match call {
        CallKind::Read => ProviderError::Unreachable {
            code: codes::UNREACHABLE,
            what: format!("Docker Engine (asked to {what}, no answer in time)"),
            source: None,
        },
        CallKind::Change => ProviderError::OutcomeUnknown {
            code: codes::OUTCOME_UNKNOWN,
            what: format!("Docker was asked to {what} and gave no answer in time"),
            source: None,
        },
    }
}

/// Code of an answer that was cut for its size.
pub(crate) const TOO_LARGE: Code = codes::ANSWER_TOO_LARGE;

/// An answer was cut for its size.
pub(crate) fn too_large(call: CallKind, what: &str) -> ProviderError {
    let code = TOO_LARGE;
    match call {
        CallKind::Read => ProviderError::refused(
            code,
            format!(
                "Docker was asked to {what} and answered more than pospool reads; check the engine and its logs"
            ),
        ),
        CallKind::Change => ProviderError::OutcomeUnknown {
            code,
            what: format!("Docker was asked to {what} and answered more than pospool reads"),
            source: None,
        },
    }
}

fn unreachable(error: EngineError) -> ProviderError {
    ProviderError::Unreachable {
        code: codes::UNREACHABLE,
        what: "Docker Engine".to_owned(),
        source: Some(Box::new(error)),
    }
}

/// Refusals with a known way out: part of the engine's message, code, help.
const REFUSALS: &[(&str, Code, &str)] = &[
    (
        "port is already allocated",
        codes::PORT_TAKEN,
        "; another process has the port of `publish_p2p` or `listen`: choose another one",
    ),
    (
        "address already in use",
        codes::PORT_TAKEN,
        "; another process has the port of `publish_p2p` or `listen`: choose another one",
    ),
    (
        "non-overlapping",
        codes::NO_SUBNET,
        "; the engine has no free subnet: remove unused networks with `docker network prune`, or name one in `docker_network`",
    ),
    (
        "no space left on device",
        codes::DISK_FULL,
        "; the host's disk is full: make room and run again",
    ),
    (
        "volume is in use",
        codes::VOLUME_IN_USE,
        "; a container still uses the volume: remove that container first",
    ),
];

fn refusal(status: u16, message: &str) -> (Code, &'static str) {
    REFUSALS
        .iter()
        .find(|(part, _, _)| message.contains(part))
        .map_or_else(
            || match status {
                404 => (codes::ABSENT, ""),
                409 => (codes::CONFLICT, ""),
                _ => (codes::REFUSED, ""),
            },
            |(_, code, help)| (*code, *help),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status_code: u16, message: &str) -> EngineError {
        EngineError::DockerResponseServerError {
            status_code,
            message: message.to_owned(),
        }
    }

    #[test]
    fn known_refusals_have_a_code_and_a_way_out() {
        let error = call_failed(
            CallKind::Change,
            "start container `a`",
            answer(
                500,
                "Bind for 0.0.0.0:32323 failed: port is already allocated",
            ),
        );
        assert_eq!(error.code(), "docker/port-taken");
        assert!(error.to_string().contains("publish_p2p"), "{error}");
        assert_eq!(
            call_failed(CallKind::Read, "x", answer(500, "?")).code(),
            "docker/refused"
        );
    }

    #[test]
    fn a_lost_answer_leaves_only_changes_open() {
        let lost = || EngineError::RequestTimeoutError;
        assert_eq!(
            call_failed(CallKind::Read, "look", lost()).code(),
            "docker/unreachable"
        );
        let open = call_failed(CallKind::Change, "start", lost());
        assert!(matches!(open, ProviderError::OutcomeUnknown { .. }));
    }
}
