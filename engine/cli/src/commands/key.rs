//! `pospool key`: PoS keys that survive.
//!
//! - Reads: bundles, their secrets, a node's volume, spec and state.
//! - Does: what the command's name says.
//! - Never: writes a key or a password in the clear anywhere but onto a node's volume, or into the file that the user named for it.

mod backup;
mod drill;
pub(crate) mod files;
mod identity;
mod import;
mod inspect;
mod kept;
mod pool;
mod put;
mod restore;
mod secrets;

use crate::args::KeyCommand;
use crate::exit::Exit;
use crate::failure::Failure;

use super::Session;

/// Runs the command.
pub async fn run_key(session: &mut Session<'_, '_>, command: &KeyCommand) -> Result<Exit, Failure> {
    match command {
        KeyCommand::Backup(args) => backup::run_key_backup(session, args).await,
        KeyCommand::Inspect(args) => inspect::run_key_inspect(session, args),
        KeyCommand::Drill(args) => drill::run_key_drill(session, args),
        KeyCommand::Restore(args) => restore::run_key_restore(session, args).await,
        KeyCommand::Import(args) => import::run_key_import(session, args).await,
        KeyCommand::Identity(args) => identity::run_key_identity(session, args),
    }
}
