//! `pospool doctor`: which of the known states is the pool in?
//!
//! - Reads: what one look sees.
//! - Does: writes a bundle for somebody who helps, where it is asked for.
//! - Returns: each state that is present, with evidence, reason and remedy; what cannot be told, and why.
//! - Never: changes anything, or calls absent what was not seen.

mod bundle;
mod host;

use pospool_model::finding::has_trouble;
use pospool_model::status::PoolStatus;
use pospool_status::{Answer, Diagnosis, Grade, Level, diagnose, grade_machine};

use crate::args::DoctorArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::condition::look_at_pool;
use super::key::files::{refuse_existing, write_new_file};

/// So many of the last lines of each container go into a bundle.
const LOG_LINES: usize = 400;

/// Runs the command.
pub async fn run_doctor(session: &mut Session<'_, '_>, args: &DoctorArgs) -> Result<Exit, Failure> {
    if args.host {
        return grade_host(session, args).await;
    }
    let bundle = args.bundle.as_ref().map(|file| session.project.path(file));
    if let Some(bundle) = &bundle {
        // Before anything is asked: nobody waits for a bundle that cannot be kept.
        refuse_existing(bundle)?;
    }
    let lines = bundle.as_ref().map_or(0, |_| LOG_LINES);
    let look = look_at_pool(session, &args.variables, lines).await?;
    let status = &look.status;
    let diagnoses = diagnose(status);
    if let Some(file) = &bundle {
        let spec = session.project.read_spec()?.map(|spec| spec.text.clone());
        let packed = bundle::pack_bundle(&look, &diagnoses, spec.as_deref())?;
        write_new_file(file, &packed)?;
        session
            .console
            .tell(&view::doctor::format_bundle_written(file));
    }
    let console = &mut *session.console;
    if console.json {
        console.say_json(&view::doctor::doctor_to_json(status, &diagnoses))?;
    } else {
        let paint = console.out_paint;
        console.say(&view::doctor::format_doctor(status, &diagnoses, paint))?;
    }
    Ok(exit_of(status, &diagnoses))
}

/// Grades the machine: 3 where something is poor, or nobody can tell.
async fn grade_host(session: &mut Session<'_, '_>, args: &DoctorArgs) -> Result<Exit, Failure> {
    let folder = session.project.path(&args.folder);
    let machine = host::look_at_machine(&folder).await;
    let graded = grade_machine(&machine);
    let console = &mut *session.console;
    if console.json {
        console.say_json(&view::machine::machine_to_json(&machine, &graded))?;
    } else {
        let paint = console.out_paint;
        console.say(&view::machine::format_machine(&machine, &graded, paint))?;
    }
    let well = graded.iter().all(|one| one.grade < Grade::Unknown);
    Ok(if well { Exit::Done } else { Exit::OnlyDrift })
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
