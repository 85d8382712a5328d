//! The commands, one file each: arguments in, text and an exit code out.
//!
//! - Reads: arguments, the project's files, and the outside through the registry.
//! - Does: what the command's name says.
//! - Never: makes text; the views do.

pub mod agent;
pub mod apply;
mod clock;
mod condition;
mod confirm;
pub mod destroy;
pub mod doctor;
pub mod explain;
pub mod guard;
pub mod import;
pub mod init;
pub mod key;
mod meant;
mod moment;
mod pipeline;
pub mod plan;
pub mod render;
mod run;
pub mod serve;
mod session;
pub mod show;
pub mod start;
pub mod state;
pub mod status;
pub mod sync;
pub(crate) mod unsigned;
pub mod validate;
pub mod version;

use crate::args::Command;
use crate::exit::Exit;
use crate::failure::Failure;

pub use session::Session;

/// Whether a command looks outside, and so needs a runtime with timers and signals.
#[must_use]
pub fn looks_outside(command: &Command) -> bool {
    match command {
        Command::Plan(_)
        | Command::Apply(_)
        | Command::Import(_)
        | Command::Destroy(_)
        | Command::Start(_)
        | Command::Status(_)
        | Command::Doctor(_) => true,
        Command::Sync(args) => !args.health,
        Command::Key(args) => args.command.looks_outside(),
        _ => false,
    }
}

/// Whether a command is a server, which hears signals by itself.
#[must_use]
pub fn is_server(command: &Command) -> bool {
    matches!(command, Command::Serve(_) | Command::Guard(_))
}

/// Whether a command reads a spec, whose relative paths start at its folder.
#[must_use]
pub fn reads_spec(command: &Command) -> bool {
    looks_outside(command) || matches!(command, Command::Validate(_) | Command::Render(_))
}

/// Runs a command.
pub async fn run_command(
    session: &mut Session<'_, '_>,
    command: &Command,
) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run_init(session, args),
        Command::Validate(args) => validate::run_validate(session, args),
        Command::Render(args) => render::run_render(session, args),
        Command::Plan(args) => plan::run_plan(session, args).await,
        Command::Apply(args) => apply::run_apply(session, args).await,
        Command::Destroy(args) => destroy::run_destroy(session, args).await,
        Command::Import(args) => import::run_import(session, args).await,
        Command::Start(args) => start::run_start(session, args).await,
        Command::Sync(args) => sync::run_sync(session, args).await,
        Command::Status(args) => status::run_status(session, args).await,
        Command::Doctor(args) => doctor::run_doctor(session, args).await,
        Command::Show(args) => show::run_show(session, args),
        Command::State(args) => state::run_state(session, &args.command),
        Command::Agent(args) => agent::run_agent(session, &args.command),
        Command::Key(args) => key::run_key(session, &args.command).await,
        Command::Explain(args) => explain::run_explain(session, args),
        Command::Serve(args) => serve::run_serve(session, args).await,
        Command::Guard(args) => guard::run_guard(session, args).await,
        Command::Version => version::run_version(session),
    }
}
