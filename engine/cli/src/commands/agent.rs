//! `pospool agent`: secrets that are sealed to a machine, and open again after each boot.
//!
//! - Reads: standard input, the machine's units, what systemd hands over.
//! - Does: what the command's name says; systemd seals and opens.
//! - Never: writes an open secret anywhere but into memory, or passes one as an argument.

mod install;
mod open;
mod program;
mod seal;
mod store;
mod unit;

use crate::args::AgentCommand;
use crate::exit::Exit;
use crate::failure::Failure;

use super::Session;

/// Runs the command.
pub fn run_agent(session: &mut Session<'_, '_>, command: &AgentCommand) -> Result<Exit, Failure> {
    match command {
        AgentCommand::Seal(args) => seal::run_agent_seal(session, args),
        AgentCommand::Install(args) => install::run_agent_install(session, args),
        AgentCommand::Run => open::run_agent_run(session),
    }
}
