//! `pospool key restore`: the key of a bundle onto the volume of a node that does not run.
//!
//! - Reads: the bundle and its secret, spec and state, the volume.
//! - Does: writes the key and, if it is newer, the safety file; and a mark with which the node's guard waits for a whole PoS epoch.
//! - Never: writes over another key, of another pool, beside a running node, or takes a safety file back.

use pospool_keys::{BroughtKey, KeyBundle, PosKey};
use pospool_model::Secret;

use super::files::{read_file, refuse_existing, write_new_file};
use super::pool::{
    chain_of, expect_recorded, find_place, open_or_begin, refuse_other_pool, resolve_spec,
};
use super::put::put_key;
use super::secrets::{of_bundle, read_node_password, require_opener};
use crate::args::RestoreArgs;
use crate::commands::Session;
use crate::commands::state::report::report_done;
use crate::exit::Exit;
use crate::failure::{Failure, KeyFailure};
use crate::view;

/// Runs the command.
pub(super) async fn run_key_restore(
    session: &mut Session<'_, '_>,
    args: &RestoreArgs,
) -> Result<Exit, Failure> {
    let path = session.project.path(&args.bundle);
    let password_to = args.password_to.as_ref().map(|to| session.project.path(to));
    if let Some(to) = &password_to {
        refuse_existing(to)?;
    }
    let file = read_file(&path)?;
    let opener = require_opener(session, &args.opener)?;
    let bundle = KeyBundle::open(&file, &opener).map_err(of_bundle(&path))?;
    let wanted = resolve_spec(session, &args.variables)?;
    let store = open_or_begin(session, "key restore")?;
    let state = store.state();
    let place = find_place(&args.to, &wanted, state)?;
    refuse_other_pool(&bundle.manifest, state, chain_of(&place.node, &wanted))?;
    let expected = expect_recorded(state, &place.node, &bundle.manifest.pos_address);
    expected.map_err(of_bundle(&path))?;
    if password_to.is_none() {
        prove_password(&bundle, &read_node_password(&place).map_err(lost_password)?)?;
    }
    let brought = BroughtKey {
        pos_key: &bundle.pos_key,
        password: &bundle.password,
        safety_file: bundle.safety_file.as_deref(),
    };
    let placed = put_key(&place, brought).await?;
    if let Some(to) = &password_to {
        write_new_file(to, bundle.password.expose().as_bytes())?;
    }
    let address = &bundle.manifest.pos_address;
    let text = view::key::format_placed(&place, address, placed, password_to.as_deref());
    let json = view::key::placed_json(&place, address, placed);
    report_done(session, &text, &json)
}

/// The node will be started with what the spec names: that has to open the key.
fn prove_password(bundle: &KeyBundle, password: &Secret) -> Result<(), Failure> {
    let opened = PosKey::open(&bundle.pos_key, password);
    let failed = |error| {
        Failure::from(KeyFailure::OtherPassword(pospool_keys::BundleError::from(
            error,
        )))
    };
    opened.map(|_| ()).map_err(failed)
}

/// A host that has lost the password gets it from the bundle.
fn lost_password(failure: Failure) -> Failure {
    match failure {
        Failure::Key(failure) => match *failure {
            KeyFailure::NoSecret { what, source } => {
                KeyFailure::LostPassword { what, source }.into()
            }
            other => other.into(),
        },
        other => other,
    }
}
