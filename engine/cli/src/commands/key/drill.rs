//! `pospool key drill`: would this bundle bring the key back?
//!
//! - Reads: the bundle and its secret, and nothing else: no node, no engine, no chain. The state, if there is one here.
//! - Does: opens it, lets the password open the key, derives the address, compares; notes the date in the state.
//! - Never: writes any part of it, or keeps it longer than that takes.

use std::path::Path;

use pospool_engine::store::Mode;
use pospool_keys::{KeyBundle, Manifest};
use pospool_model::Address;

use super::files::read_file;
use super::kept::{DRILL, find_key_holder, note_date, time_now};
use super::pool::expect_recorded;
use super::secrets::{of_bundle, require_opener};
use crate::args::DrillArgs;
use crate::commands::Session;
use crate::commands::state::open::open_changeable;
use crate::commands::state::report::report_done;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

/// Runs the command.
pub(super) fn run_key_drill(
    session: &mut Session<'_, '_>,
    args: &DrillArgs,
) -> Result<Exit, Failure> {
    let path = session.project.path(&args.bundle);
    let file = read_file(&path)?;
    let opener = require_opener(session, &args.opener)?;
    // All proofs are part of opening it; its secrets are wiped at the end of this statement.
    let manifest = KeyBundle::open(&file, &opener)
        .map(|bundle| bundle.manifest)
        .map_err(of_bundle(&path))?;
    let node = compare_recorded(session, &path, &manifest)?;
    let text = view::key::format_drill(&path, &manifest, node.is_some());
    let json = view::key::drill_json(&path, &manifest, node.is_some());
    report_done(session, &text, &json)?;
    let Some(node) = node else {
        return Ok(Exit::Done);
    };
    let noted = open_changeable(session, "key drill").and_then(|mut store| {
        note_date(&mut store, &node, DRILL, &manifest.pos_address, &time_now())
            .map_err(Failure::from)
    });
    if noted.is_err() {
        session.console.tell(view::key::NOT_NOTED);
    }
    noted.map(|()| Exit::Done)
}

/// Compares the key with what the state of its pool records, and returns the node that has it. Without that state there is
/// nothing to compare with, and nowhere to note a date.
fn compare_recorded(
    session: &Session<'_, '_>,
    path: &Path,
    manifest: &Manifest,
) -> Result<Option<Address>, Failure> {
    let store = session.project.open_state(Mode::Read, "key drill")?;
    let state = store.state();
    if !store.exists() || state.lineage != manifest.lineage {
        return Ok(None);
    }
    expect_recorded(state, &manifest.node, &manifest.pos_address).map_err(of_bundle(path))?;
    Ok(find_key_holder(state, &manifest.pos_address).cloned())
}
