//! `pospool agent run`: puts the secrets that systemd has opened where containers find them.
//!
//! - Reads: the folders that systemd names.
//! - Does: writes each secret into memory, for the containers' user alone.
//! - Never: writes one that a container would not take, or leaves half of one.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use pospool_docker::{GROUP_ID, USER_ID};
use pospool_model::{CredentialName, SecretRef};

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{AgentFailure, Failure};
use crate::view;

/// Where systemd puts what it has opened for a unit.
const FROM: &str = "CREDENTIALS_DIRECTORY";
/// The folder in memory that it has made for the unit.
const INTO: &str = "RUNTIME_DIRECTORY";

/// Runs the command.
pub(super) fn run_agent_run(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let (from, into) = (folder(FROM)?, folder(INTO)?);
    let mut opened = 0;
    let entries = std::fs::read_dir(&from).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    for entry in entries.map_err(Failure::of_file("read", &from))? {
        let name = entry.file_name();
        let name = CredentialName::new(&name.to_string_lossy()).map_err(AgentFailure::NoSecret)?;
        open_secret(&entry.path(), &into, &name)?;
        session.console.tell(&view::agent::format_opened(&name));
        opened += 1;
    }
    if opened == 0 {
        return Err(AgentFailure::NothingToOpen(from).into());
    }
    Ok(Exit::Done)
}

fn folder(variable: &'static str) -> Result<PathBuf, Failure> {
    let folder = std::env::var_os(variable).filter(|it| !it.is_empty());
    folder.map_or_else(
        || Err(AgentFailure::NotByUnit(variable).into()),
        |it| Ok(PathBuf::from(it)),
    )
}

/// It has its name when it is whole, its owner's and readable by nobody else.
fn open_secret(from: &Path, into: &Path, name: &CredentialName) -> Result<(), Failure> {
    let secret = SecretRef::File(from.to_owned()).read();
    let secret = secret.map_err(AgentFailure::NoSecret)?;
    if !secret.is_one_line() {
        return Err(AgentFailure::BadSecret(name.clone()).into());
    }
    let path = into.join(name.as_str());
    // No name of a secret begins so.
    let draft = into.join(format!(".{name}"));
    let put = || {
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(&draft)?;
        file.write_all(secret.expose().as_bytes())?;
        fchown(&file, Some(USER_ID), Some(GROUP_ID))?;
        std::fs::rename(&draft, &path)
    };
    put().map_err(Failure::of_file("write", &path))
}
