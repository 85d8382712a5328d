//! `pospool doctor`: which of the known states is the pool in?
//!
//! - Reads: what one look sees.
//! - Returns: each state that is present, with evidence, reason and remedy; what cannot be told, and why.
//! - Never: changes anything, or calls absent what was not seen.

use pospool_model::finding::has_trouble;
use pospool_model::status::PoolStatus;
use pospool_status::{Answer, Diagnosis, Level, diagnose};

use crate::args::DoctorArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::condition::look_at_pool;

/// Runs the command.
pub async fn run_doctor(session: &mut Session<'_, '_>, args: &DoctorArgs) -> Result<Exit, Failure> {
    let status = look_at_pool(session, &args.variables).await?;
    let diagnoses = diagnose(&status);
    let console = &mut *session.console;
    if console.json {
        console.say_json(&view::doctor::doctor_to_json(&status, &diagnoses))?;
    } else {
        let paint = console.out_paint;
        console.say(&view::doctor::format_doctor(&status, &diagnoses, paint))?;
    }
    Ok(exit_of(&status, &diagnoses))
}

/// By the worst: something wrong, or something that matters and could not be seen, is 3. What only this version does not
/// collect is no reason to worry.
fn exit_of(status: &PoolStatus, diagnoses: &[Diagnosis]) -> Exit {
    let counts = |one: &Diagnosis| {
        let bad = match one.answer {
            Answer::Present { .. } => true,
            Answer::CannotTell { looked, .. } => looked,
            Answer::Absent => false,
        };
        bad && one.state.level > Level::Note
    };
    let trouble =
        diagnoses.iter().any(counts) || !status.unseen.is_empty() || has_trouble(&status.findings);
    if trouble { Exit::OnlyDrift } else { Exit::Done }
}
