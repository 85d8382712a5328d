//! `pospool version`.
//!
//! - Reads: nothing.
//! - Returns: the versions of the program and of its forms.
//! - Never: looks at the machine.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;

/// Runs the command.
pub fn run_version(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let console = &mut *session.console;
    if console.json {
        console.say_json(&view::version::version_to_json())?;
    } else {
        console.say(&view::version::format_version())?;
    }
    Ok(Exit::Done)
}
