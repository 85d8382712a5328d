//! `pospool key inspect`: what a bundle is.
//!
//! - Reads: the bundle; its secret if one is named.
//! - Returns: how it is locked, and with the secret its manifest.

use pospool_keys::{KeyBundle, age};

use super::files::read_file;
use super::secrets::{of_bundle, read_opener};
use crate::args::InspectArgs;
use crate::commands::Session;
use crate::commands::state::report::report_done;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

/// Runs the command.
pub(super) fn run_key_inspect(
    session: &mut Session<'_, '_>,
    args: &InspectArgs,
) -> Result<Exit, Failure> {
    let path = session.project.path(&args.bundle);
    let file = read_file(&path)?;
    let failed = of_bundle(&path);
    let kind = age::lock_kind(&file).map_err(|error| failed(error.into()))?;
    let opener = read_opener(session, &args.opener)?;
    let bundle = opener.map(|opener| KeyBundle::open(&file, &opener));
    let bundle = bundle.transpose().map_err(&failed)?;
    let manifest = bundle.as_ref().map(|bundle| &bundle.manifest);
    let text = view::key::format_bundle(&path, kind, file.len(), manifest);
    let json = view::key::bundle_json(&path, kind, file.len(), manifest);
    report_done(session, &text, &json)
}
