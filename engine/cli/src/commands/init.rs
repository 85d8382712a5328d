//! `pospool init`: writes a first spec from a few answers.
//!
//! - Reads: flags, and answers on a terminal for what they leave out.
//! - Does: writes one new file.
//! - Never: overwrites a file, or asks for a secret.

pub(super) mod answers;
mod trial;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use pospool_lang::spec::SourceFile;
use serde_json::json;

use crate::args::InitArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;

/// Runs the command.
pub fn run_init(session: &mut Session<'_, '_>, args: &InitArgs) -> Result<Exit, Failure> {
    let path = session.project.spec.clone();
    if path.exists() {
        return Err(Failure::Exists(path));
    }
    let answers = answers::gather_answers(session, args)?;
    let text = view::template::write_spec(&answers);
    // The files of a private network are only there where its node will run.
    let problems = trial::find_spec_problems(session.registry, &text, answers.devnet.is_none());
    if !problems.is_empty() {
        return Err(Failure::Problems {
            problems,
            files: vec![SourceFile::new(&session.project.spec_name, text)],
        });
    }
    write_new(&path, &text)?;
    let console = &mut *session.console;
    if console.json {
        console.say_json(&json!({"format_version": view::FORMAT_VERSION, "written": path}))?;
    } else {
        let name = &session.project.spec_name;
        console.say(&view::template::format_spec_written(name, &answers))?;
    }
    Ok(Exit::Done)
}

/// Writes a file that must not be there.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        });
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Failure::Exists(path.to_owned()),
        _ => Failure::File {
            verb: "write",
            path: path.to_owned(),
            source,
        },
    })
}
