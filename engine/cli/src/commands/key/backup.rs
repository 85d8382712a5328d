//! `pospool key backup`: a bundle of a node's key.
//!
//! - Reads: the node's volume through Docker, the password, the state.
//! - Does: proves that key, password, address and safety file belong together; writes one locked file.
//! - Never: lets any of it touch a disk in the clear, or overwrites a file.

use pospool_docker::NodeKeyPlace;
use pospool_engine::resolve::Wanted;
use pospool_keys::{BundleError, KeyBundle, Manifest, PosKey};
use pospool_model::state::State;
use pospool_model::{Address, Problem};

use super::files::{refuse_existing, write_new_file};
use super::kept::{BACKUP, note_date, time_now};
use super::pool::{chain_of, expect_recorded, find_place, resolve_spec};
use super::secrets::{read_lock, read_node_password};
use crate::args::BackupArgs;
use crate::commands::Session;
use crate::commands::state::open::open_changeable;
use crate::commands::state::report::report_done;
use crate::exit::Exit;
use crate::failure::{Failure, KeyFailure};
use crate::view;

/// Runs the command.
pub(super) async fn run_key_backup(
    session: &mut Session<'_, '_>,
    args: &BackupArgs,
) -> Result<Exit, Failure> {
    let lock = read_lock(session, args)?;
    let to = session.project.path(&args.to);
    refuse_existing(&to)?;
    let wanted = resolve_spec(session, &args.variables)?;
    let mut store = open_changeable(session, "key backup")?;
    let place = find_place(&args.node, &wanted, store.state())?;
    let bundle = make_bundle(&place, &wanted, store.state()).await?;
    let of_key = |source| {
        let node = place.node.clone();
        Failure::from(KeyFailure::OfNode { node, source })
    };
    write_new_file(&to, &bundle.lock(&lock).map_err(of_key)?)?;
    let manifest = &bundle.manifest;
    let text = view::key::format_backup(&to, manifest, &lock);
    report_done(session, &text, &view::key::backup_json(&to, manifest))?;
    let noted = note_date(
        &mut store,
        &place.node,
        BACKUP,
        &manifest.pos_address,
        &manifest.made_at,
    );
    if noted.is_err() {
        session.console.tell(view::key::NOT_NOTED);
    }
    noted?;
    Ok(Exit::Done)
}

/// Reads the parts from the node's volume, and puts them together.
async fn make_bundle(
    place: &NodeKeyPlace,
    wanted: &Wanted,
    state: &State,
) -> Result<KeyBundle, Failure> {
    let node = &place.node;
    let failed = |source| {
        let node = node.clone();
        Failure::from(KeyFailure::OfNode { node, source })
    };
    let files = place.read().await.map_err(Failure::Look)?;
    let pos_key = files.pos_key.ok_or_else(|| no_key(place))?;
    let password = read_node_password(place)?;
    let key =
        PosKey::open(&pos_key, &password).map_err(|error| failed(BundleError::from(error)))?;
    let address = key.pos_address_text();
    expect_recorded(state, node, &address).map_err(failed)?;
    let mut manifest = Manifest::new(state.lineage.clone(), node.clone(), address);
    manifest.made_at = time_now();
    let chain = chain_of(node, wanted);
    manifest.chain = chain.and_then(|chain| state.chains.get(chain)).cloned();
    manifest.contracts = contracts(state);
    // An empty one is what conflux makes before it writes the first.
    let safety = files.safety_file.filter(|it| !it.trim_ascii().is_empty());
    KeyBundle::seal(manifest, pos_key, password, safety).map_err(failed)
}

/// Addresses of the contracts that the state knows.
fn contracts(state: &State) -> std::collections::BTreeMap<Address, String> {
    let contracts = state.resources.iter();
    let contracts = contracts
        .filter(|(address, _)| ["core_contract", "espace_contract"].contains(&address.kind()));
    let each = contracts.filter_map(|(address, recorded)| {
        let at = recorded.outputs.get("address")?.as_text()?;
        Some((address.clone(), at.to_owned()))
    });
    each.collect()
}

fn no_key(place: &NodeKeyPlace) -> Failure {
    let what = format!("`{}` holds no PoS key", place.place());
    let problem = Problem::new(pospool_docker::codes::POS_KEY_LOST, &[], what)
        .help("a node makes its key at its first start: apply first. If there was one, restore it: `pospool key restore`");
    KeyFailure::Refused(problem).into()
}
