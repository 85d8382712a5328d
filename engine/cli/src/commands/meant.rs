//! What an apply refuses unless the user says that it is meant.
//!
//! - Reads: the problems of a plan, and what the user says.
//! - Does: makes errors of doubts that nobody spoke of.
//! - Never: judges whether there is a doubt; the engine's check does.

use pospool_engine::check::{Doubt, find_doubt};
use pospool_model::{Diagnostic, Severity};

use crate::args::MeantArgs;

/// Turns each doubt into an error, but those that the user speaks of.
pub(super) fn refuse_doubts(problems: &mut [Diagnostic], args: MeantArgs) {
    for problem in problems {
        let (meant, way) = match find_doubt(problem) {
            None => continue,
            Some(Doubt::LostState) => (args.new_pool, "if a new pool is meant: --new-pool"),
            Some(Doubt::OtherHand) => (
                args.signed_by_hand,
                "if it was done by hand and this is the newest copy: --signed-by-hand",
            ),
        };
        if meant {
            continue;
        }
        problem.severity = Severity::Error;
        let help = problem.help.take().unwrap_or_default();
        problem.help = Some(format!("{help}; {way}"));
    }
}
