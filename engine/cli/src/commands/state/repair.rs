//! `pospool state repair`: mends what a crash left behind, as far as that needs no guess.

use pospool_engine::store::{self, Finding, Hand, Mode};
use pospool_remote::Location;

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::report::report_done;

/// Runs the command.
pub(super) fn run_state_repair(
    session: &mut Session<'_, '_>,
    dry_run: bool,
) -> Result<Exit, Failure> {
    let findings = match session.project.state()? {
        Location::File(path) => {
            let hand = if dry_run { Hand::Off } else { Hand::On };
            store::repair_state(path, hand, session.project.key()?.as_deref())?
        }
        // A remote document is written whole or not at all: only what is in it can be wrong.
        Location::Object(_) | Location::Http(_) => {
            match session.project.open_state(Mode::Read, "state repair") {
                Ok(_) => Vec::new(),
                Err(Failure::Store(error)) if Exit::of_store(&error) == Exit::BadState => {
                    vec![Finding::Unusable(error)]
                }
                Err(failure) => return Err(failure),
            }
        }
    };
    let location = session.project.state()?;
    let text = view::repair::format_findings(location, &findings, dry_run);
    let json = view::repair::findings_to_json(location, &findings, dry_run);
    report_done(session, &text, &json)?;
    Ok(if findings.iter().any(Finding::needs_a_person) {
        Exit::BadState
    } else {
        Exit::Done
    })
}
