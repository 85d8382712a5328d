//! `pospool agent install`: the unit that opens a sealed secret at each boot.
//!
//! - Reads: the machine's units.
//! - Does: shows the unit, asks, writes it, and has systemd start it now and at each boot.
//! - Never: installs a program that somebody else than root can change: the unit runs as root.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::program::run_program;
use super::store::{put_file, sealed_path};
use super::unit::{TEMPLATE, write_unit};
use crate::args::InstallArgs;
use crate::commands::{Session, run};
use crate::exit::Exit;
use crate::failure::{AgentFailure, Failure};
use crate::view;

const UNITS: &str = "etc/systemd/system";
/// It is there where systemd is process 1.
const SYSTEMD: &str = "/run/systemd/system";

/// Runs the command.
pub(super) fn run_agent_install(
    session: &mut Session<'_, '_>,
    args: &InstallArgs,
) -> Result<Exit, Failure> {
    let here = args.root == Path::new("/");
    if sealed_path(&args.root, &args.name)
        .symlink_metadata()
        .is_err()
    {
        return Err(AgentFailure::NotSealed(args.name.clone()).into());
    }
    if here && !Path::new(SYSTEMD).exists() {
        return Err(AgentFailure::NoSystemd.into());
    }
    let program = program(args)?;
    if here {
        refuse_writable(&program)?;
    }
    let unit = write_unit(&program);
    let path = args.root.join(UNITS).join(TEMPLATE);
    let instance = TEMPLATE.replace('@', &format!("@{}", args.name));
    let text = view::agent::format_unit(&path, &unit, &instance, here);
    session.console.tell(&text);
    if !args.auto_approve {
        run::approve(session)?;
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::of_file("make", folder))?;
    }
    put_file(&path, 0o644, unit.as_bytes())?;
    if here {
        run_program("systemctl", &["daemon-reload"], &[])?;
        run_program("systemctl", &["enable", &instance], &[])?;
        // A secret that was sealed anew is opened again.
        run_program("systemctl", &["restart", &instance], &[])?;
    }
    let console = &mut *session.console;
    if console.json {
        console.say_json(&json!({
            "format_version": view::FORMAT_VERSION,
            "unit": path,
            "instance": instance,
            "started": here,
        }))?;
    } else {
        console.say(&view::agent::format_installed(&args.name, &instance, here))?;
    }
    Ok(Exit::Done)
}

fn program(args: &InstallArgs) -> Result<PathBuf, Failure> {
    let program = match &args.program {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .map_err(|source| Failure::System("find this program", source))?,
    };
    // What a unit would read as more than a path.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte);
    let text = program.to_string_lossy();
    if program.is_absolute() && text.bytes().all(plain) {
        Ok(program)
    } else {
        Err(AgentFailure::BadProgram(program).into())
    }
}

/// The program and every folder above it must be root's, and nobody else may write there.
fn refuse_writable(program: &Path) -> Result<(), Failure> {
    let real = program
        .canonicalize()
        .map_err(Failure::of_file("find", program))?;
    for part in real.ancestors() {
        let found = part.metadata().map_err(Failure::of_file("look at", part))?;
        if found.uid() != 0 || found.mode() & 0o022 != 0 {
            return Err(AgentFailure::BadProgram(program.to_owned()).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_others_can_change_is_not_installed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pospool");
        std::fs::write(&path, "").unwrap();
        // Everybody may write into the folder of temporary files.
        let error = refuse_writable(&path).unwrap_err();
        assert_eq!(error.code(), "agent/program", "{error}");
        let shell = Path::new("/bin/sh");
        refuse_writable(shell).unwrap();
    }
}
