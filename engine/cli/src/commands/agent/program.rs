//! Programs of systemd.
//!
//! - Reads: what a program says.
//! - Returns: that, or why it failed.
//! - Never: passes a secret as an argument.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::failure::{AgentFailure, Failure};

/// Runs a program that gets `input`, and returns what it says.
pub(super) fn run_program(
    program: &'static str,
    arguments: &[&str],
    input: &[u8],
) -> Result<Vec<u8>, Failure> {
    let run = || {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            // One that ended early says why by itself.
            let _ = pipe.write_all(input);
        }
        child.wait_with_output()
    };
    let output = run().map_err(|source| AgentFailure::NoProgram { program, source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(AgentFailure::Program { program, said }.into())
}

/// Asks for a secret on the terminal, without an echo.
pub(super) fn ask_secret(question: &str) -> Result<Vec<u8>, Failure> {
    const PROGRAM: &str = "systemd-ask-password";
    let asked = Command::new(PROGRAM)
        .args(["--timeout=0", "-n", question])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output();
    let output = asked.map_err(|source| AgentFailure::NoProgram {
        program: PROGRAM,
        source,
    })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Failure::Declined)
    }
}
