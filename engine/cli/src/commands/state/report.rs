//! What a command that did something says at its end.

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::Failure;

/// Says what was done.
pub(crate) fn report_done(
    session: &mut Session<'_, '_>,
    text: &str,
    json: &serde_json::Value,
) -> Result<Exit, Failure> {
    let console = &mut *session.console;
    if console.json {
        console.say_json(json)?;
    } else {
        console.say(text)?;
    }
    Ok(Exit::Done)
}
