//! Exit codes that scripts may rely on.
//!
//! - Reads: nothing.
//! - Returns: one code per cause.
//! - Never: changes the meaning of a code that was released.

use pospool_engine::codes;
use pospool_engine::store::StoreError;
use pospool_model::codes::APPLY_CONVERGING;
use pospool_model::finding::has_trouble;
use pospool_model::plan::BlockedResource;
use pospool_model::{Code, Diagnostic, Finding, Severity};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An error: wrong arguments, a wrong spec, or an outside that refused.
    Error = 1,
    /// `plan --detailed-exitcode`: there are changes to apply.
    Changes = 2,
    /// `plan --detailed-exitcode`: all changes only mend what moved outside, or there are none, and something is wrong or
    /// cannot be seen. `apply`: everything was done, and the same is true of what no step was about.
    OnlyDrift = 3,
    /// Another process holds the state.
    Locked = 4,
    /// It goes on outside, and the time to wait for it is over: apply again.
    Converging = 5,
    /// Refused by a protection: `prevent_destroy`, an irreversible step that nobody accepted, what must be confirmed, or a state
    /// that may be lost or older.
    Protected = 6,
    /// The saved plan is stale.
    Stale = 7,
    /// Stopped by the user: a signal, or another answer than `yes`.
    Cancelled = 8,
    /// The state, the journal or a saved plan cannot be used.
    BadState = 9,
}

/// Every code with its meaning, for the reference page.
pub const EXITS: &[(Exit, &str)] = &[
    (Exit::Done, "done, or nothing to do"),
    (
        Exit::Error,
        "an error: wrong arguments, an invalid spec, a remote system that refused, or a part of the plan that a fault blocks",
    ),
    (
        Exit::Changes,
        "`plan --detailed-exitcode`: there are changes to apply",
    ),
    (
        Exit::OnlyDrift,
        "`plan --detailed-exitcode`: every change only repairs drift, or there is none and something is wrong or cannot \
         be seen; `apply`: everything was done, and something is wrong or cannot be seen that no step was about",
    ),
    (Exit::Locked, "another process holds the state"),
    (
        Exit::Converging,
        "still in progress when `--wait` expired; run apply again",
    ),
    (
        Exit::Protected,
        "refused by a protection: `prevent_destroy`, an irreversible step that is not accepted, something that must be confirmed \
         by name and was not, or a state that may be lost or older than another copy",
    ),
    (Exit::Stale, "the saved plan is stale"),
    (
        Exit::Cancelled,
        "stopped by the user: a signal, or another answer than `yes`",
    ),
    (
        Exit::BadState,
        "the state, the journal or a saved plan cannot be used",
    ),
];

/// What is refused although it could be done, until somebody says that it is meant.
const PROTECTIONS: &[Code] = &[
    codes::PLAN_PROTECTED,
    codes::PLAN_IRREVERSIBLE,
    codes::STATE_LOST,
    codes::STATE_OTHER_HAND,
];

impl Exit {
    /// The number that the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The code of a state that cannot be used.
    #[must_use]
    pub fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Locked { .. } | StoreError::Leased { .. } | StoreError::LockLost { .. } => {
                Self::Locked
            }
            StoreError::Io { .. } | StoreError::Keeper { .. } | StoreError::OtherFile { .. } => {
                Self::Error
            }
            _ => Self::BadState,
        }
    }

    /// The code of a run that did all that its plan said, beside what is left that no step was about.
    #[must_use]
    pub fn of_whole_run(left: &[Finding]) -> Self {
        if has_trouble(left) {
            Self::OnlyDrift
        } else {
            Self::Done
        }
    }

    /// The code of a run that could do everything but what is blocked, or `None` if nothing is: what only takes its time is no
    /// error.
    #[must_use]
    pub fn of_blocked(blocked: &[BlockedResource]) -> Option<Self> {
        if blocked.is_empty() {
            return None;
        }
        let waits = |one: &BlockedResource| APPLY_CONVERGING == one.code.as_str();
        Some(if blocked.iter().all(waits) {
            Self::Converging
        } else {
            Self::Error
        })
    }

    /// The code of problems, or `None` if none of them is an error. A protection
    /// alone has a code of its own; beside other errors it is one of them.
    #[must_use]
    pub fn of_problems(problems: &[Diagnostic]) -> Option<Self> {
        let errors = problems.iter().filter(|p| p.severity == Severity::Error);
        let mut codes = errors.map(|problem| problem.code).peekable();
        codes.peek()?;
        let only_protections = codes.all(|code| PROTECTIONS.contains(&code));
        Some(if only_protections {
            Self::Protected
        } else {
            Self::Error
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_code_in_order() {
        for (number, (exit, _)) in EXITS.iter().enumerate() {
            assert_eq!(usize::from(exit.code()), number);
        }
    }

    #[test]
    fn a_protection_beside_other_errors_is_an_error() {
        let protected = Diagnostic::error(codes::PLAN_PROTECTED, "x");
        let other = Diagnostic::error(codes::PLAN_FIXED_ATTRIBUTE, "x");
        let mut warning = Diagnostic::error(crate::codes::STATE_OPEN_EFFECTS, "x");
        warning.severity = Severity::Warning;
        let of = |problems: &[&Diagnostic]| {
            let problems: Vec<Diagnostic> = problems.iter().map(|&p| p.clone()).collect();
            Exit::of_problems(&problems)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&warning]), None);
        assert_eq!(of(&[&warning, &protected]), Some(Exit::Protected));
        assert_eq!(of(&[&protected, &other]), Some(Exit::Error));
    }
}
