//! `pospool agent seal`: a secret that only this machine can open.
//!
//! - Reads: the secret, from standard input or a terminal.
//! - Does: has systemd seal it, and writes the result for root alone.
//! - Never: takes a secret's place unasked: the one that is there may be the only one that opens a key.

use std::os::unix::fs::DirBuilderExt as _;

use pospool_model::SecretRef;
use serde_json::json;
use zeroize::Zeroizing;

use super::program::{ask_secret, run_program};
use super::store::{put_file, sealed_path};
use crate::args::SealArgs;
use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{AgentFailure, Failure};
use crate::view;

/// Runs the command.
pub(super) fn run_agent_seal(
    session: &mut Session<'_, '_>,
    args: &SealArgs,
) -> Result<Exit, Failure> {
    let path = sealed_path(&args.root, &args.name);
    if !args.replace && path.symlink_metadata().is_ok() {
        return Err(AgentFailure::Sealed(args.name.clone()).into());
    }
    let secret = read_secret(session, args)?;
    let name = format!("--name={}", args.name);
    let sealed = run_program(
        "systemd-creds",
        &["encrypt", "--with-key=auto", &name, "-", "-"],
        &secret,
    )?;
    if let Some(folder) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(folder)
            .map_err(Failure::of_file("make", folder))?;
    }
    put_file(&path, 0o600, &sealed)?;
    let console = &mut *session.console;
    if console.json {
        let document = json!({"format_version": view::FORMAT_VERSION, "sealed": path});
        console.say_json(&document)?;
    } else {
        console.say(&view::agent::format_sealed(&args.name, &path))?;
    }
    Ok(Exit::Done)
}

/// One line: what a container would take for one.
fn read_secret(session: &Session<'_, '_>, args: &SealArgs) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let secret = if session.console.asks {
        Zeroizing::new(ask_secret(&format!(
            "Secret for credential \"{}\":",
            args.name
        ))?)
    } else {
        let read = SecretRef::File("/dev/stdin".into()).read();
        let secret = read.map_err(AgentFailure::NoSecret)?;
        Zeroizing::new(secret.expose().as_bytes().to_vec())
    };
    if secret.is_empty() || secret.iter().any(|byte| b"\n\r\0".contains(byte)) {
        return Err(AgentFailure::BadSecret(args.name.clone()).into());
    }
    Ok(secret)
}
