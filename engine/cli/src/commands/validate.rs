//! `pospool validate`: is the spec right, as far as it can be known without looking outside?
//!
//! - Reads: the spec and variables.
//! - Returns: every problem, or how many resources there are.
//! - Never: reads the state or asks the outside.

use crate::args::ValidateArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::pipeline;

/// Runs the command.
pub fn run_validate(session: &mut Session<'_, '_>, args: &ValidateArgs) -> Result<Exit, Failure> {
    let registry = session.registry;
    let spec = pipeline::require_spec(session, &args.variables)?;
    let mut problems = spec.warnings.clone();
    problems.extend(spec.check_values(registry));
    if pipeline::has_errors(&problems) {
        return Err(Failure::Problems {
            problems,
            files: spec.files,
        });
    }
    let console = &mut *session.console;
    let resources = spec.config.resources().count();
    if console.json {
        console.say_json(&view::validate::validation_to_json(
            resources,
            &problems,
            &spec.files,
        ))?;
    } else {
        let paint = console.err_paint;
        console.tell(&view::diagnostics::format_diagnostics(
            &problems,
            &spec.files,
            paint,
        ));
        console.say(&view::validate::format_validation(
            &session.project.spec_name,
            resources,
            console.out_paint,
        ))?;
    }
    Ok(Exit::Done)
}
