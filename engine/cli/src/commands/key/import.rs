//! `pospool key import`: the key of a node that was made by hand, onto the volume of one that pospool makes.
//!
//! - Reads: the key's file, the spec's password, perhaps register data and a safety file.
//! - Does: the same as a restore.
//! - Never: takes a key whose password the node would not have, or register data of another key.

use std::path::Path;

use pospool_keys::{BroughtKey, BundleError, PosKey};
use pospool_model::Problem;

use super::files::read_file;
use super::pool::{expect_recorded, find_place, open_or_begin, resolve_spec};
use super::put::put_key;
use super::secrets::{of_bundle, read_node_password};
use crate::args::ImportArgs;
use crate::commands::Session;
use crate::commands::state::report::report_done;
use crate::exit::Exit;
use crate::failure::{Failure, KeyFailure};
use crate::view;

/// Runs the command.
pub(super) async fn run_key_import(
    session: &mut Session<'_, '_>,
    args: &ImportArgs,
) -> Result<Exit, Failure> {
    let path = session.project.path(&args.pos_key);
    let pos_key = read_file(&path)?;
    let safety = args.safety_file.as_ref();
    let safety = safety.map(|it| read_file(&session.project.path(it)));
    let safety = safety.transpose()?;
    let wanted = resolve_spec(session, &args.variables)?;
    let store = open_or_begin(session, "key import")?;
    let place = find_place(&args.to, &wanted, store.state())?;
    let password = read_node_password(&place)?;
    let key = PosKey::open(&pos_key, &password);
    let key = key.map_err(|error| of_bundle(&path)(BundleError::from(error)))?;
    let address = key.pos_address_text();
    if let Some(data) = &args.register_data {
        expect_register_data(&session.project.path(data), &address)?;
    }
    let expected = expect_recorded(store.state(), &place.node, &address);
    expected.map_err(of_bundle(&path))?;
    let brought = BroughtKey {
        pos_key: &pos_key,
        password: &password,
        safety_file: safety.as_deref(),
    };
    let placed = put_key(&place, brought).await?;
    let text = view::key::format_placed(&place, &address, placed, None);
    let json = view::key::placed_json(&place, &address, placed);
    report_done(session, &text, &json)
}

/// Register data must be of this key: it is what a pool is bound with.
fn expect_register_data(path: &Path, address: &str) -> Result<(), Failure> {
    let bytes = read_file(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let found = pospool_chain::registered_key(&text).map_err(|what| {
        let what = format!("`{}` holds no register data: {what}", path.display());
        let problem = Problem::new(pospool_chain::codes::BAD_REGISTER_DATA, &[], what);
        let help = "ask the node again: `conflux rpc local pos register --power 1`";
        Failure::from(KeyFailure::Refused(problem.help(help)))
    })?;
    if found == address {
        return Ok(());
    }
    let expected = address.to_owned();
    Err(of_bundle(path)(BundleError::OtherKey { found, expected }))
}
