//! `pospool agent`: secrets that are sealed to a machine, and open again after each boot.
//!
//! - Reads: standard input, the machine's units, what systemd hands over.
//! - Does: what the command's name says; systemd seals and opens.
//! - Never: writes an open secret anywhere but into memory, or passes one as an argument.

mod install;
mod open;
mod program;
mod seal;
mod unit;

use std::path::{Path, PathBuf};

use pospool_model::CredentialName;

use crate::args::AgentCommand;
use crate::exit::Exit;
use crate::failure::Failure;

use super::Session;

/// Where systemd looks for sealed secrets.
const STORE: &str = "etc/credstore.encrypted";

/// Runs the command.
pub fn run_agent(session: &mut Session<'_, '_>, command: &AgentCommand) -> Result<Exit, Failure> {
    match command {
        AgentCommand::Seal(args) => seal::run_agent_seal(session, args),
        AgentCommand::Install(args) => install::run_agent_install(session, args),
        AgentCommand::Run => open::run_agent_run(session),
    }
}

/// The file of a sealed secret.
fn sealed_path(root: &Path, name: &CredentialName) -> PathBuf {
    root.join(STORE).join(format!("pospool.{name}"))
}

/// A failure with a file.
fn failed(verb: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.to_owned();
    move |source| Failure::File {
        verb,
        path: path.clone(),
        source,
    }
}

/// Writes a file so that its name always means a whole one.
fn put_file(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    let written = write();
    if written.is_err() {
        // It may not be there, and nobody misses it.
        let _ = std::fs::remove_file(&draft);
    }
    written.map_err(failed("write", path))
}
