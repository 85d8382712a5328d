//! The pool that a command about a key works on, and what must not be mixed with it.
//!
//! - Reads: spec and state.
//! - Returns: the place of the key; a refusal where a bundle or key belongs elsewhere.

use pospool_docker::NodeKeyPlace;
use pospool_engine::resolve::{self, Wanted};
use pospool_engine::store::{Mode, Store};
use pospool_keys::{BundleError, Manifest, codes};
use pospool_model::state::State;
use pospool_model::{Address, Problem, Value};

use super::kept::{recorded_key, registered_keys};
use crate::args::Variables;
use crate::commands::Session;
use crate::commands::pipeline;
use crate::commands::state::open::refuse_open_effects;
use crate::failure::{Failure, KeyFailure};

/// What the spec wants, as far as it is known alone.
pub(super) fn resolve_spec(
    session: &Session<'_, '_>,
    variables: &Variables,
) -> Result<Wanted, Failure> {
    let spec = pipeline::require_spec(session, variables)?;
    let (wanted, problems) = resolve::resolve_unseen(&spec.config, session.registry);
    if pipeline::has_errors(&problems) {
        let files = spec.files;
        return Err(Failure::Problems { problems, files });
    }
    Ok(wanted)
}

/// The state, which a new project gets now: its lineage names the volume.
pub(super) fn open_or_begin(session: &Session<'_, '_>, command: &str) -> Result<Store, Failure> {
    let mut store = session.project.open_state(Mode::Write, command)?;
    refuse_open_effects(&store)?;
    store.update(|_| {})?;
    Ok(store)
}

/// The place of a key, named by its node or by the volume of one.
pub(super) fn find_place(
    address: &Address,
    wanted: &Wanted,
    state: &State,
) -> Result<NodeKeyPlace, Failure> {
    let find = match address.kind() {
        "volume" => NodeKeyPlace::find_by_volume,
        _ => NodeKeyPlace::find,
    };
    let found = find(address, &state.lineage, wanted, &state.resources);
    found.map_err(|problem| KeyFailure::Refused(problem).into())
}

/// The chain of a node.
pub(super) fn chain_of<'a>(node: &Address, wanted: &'a Wanted) -> Option<&'a Address> {
    wanted.get(node)?.get("chain").and_then(Value::as_resource)
}

/// A key must be the one that the state records of its node, and the one that is registered for it.
pub(super) fn expect_recorded(
    state: &State,
    node: &Address,
    pos_address: &str,
) -> Result<(), BundleError> {
    let recorded = recorded_key(state, node).into_iter();
    let mut known = recorded.chain(registered_keys(state, node));
    match known.find(|known| *known != pos_address) {
        None => Ok(()),
        Some(other) => Err(BundleError::OtherKey {
            found: pos_address.to_owned(),
            expected: other.to_owned(),
        }),
    }
}

/// A bundle must be of this pool. A state that knows of no key yet, as on a new host without the old state, takes any; its node's
/// chain, and then the register of PoS keys, say whether it is the right one.
pub(super) fn refuse_other_pool(
    manifest: &Manifest,
    state: &State,
    chain: Option<&Address>,
) -> Result<(), Failure> {
    let refused = |what: String| {
        let problem = Problem::new(codes::OTHER_POOL, &[], what);
        let help = "run this where that pool's spec and state are; a new project without any key takes it too";
        Failure::from(KeyFailure::Refused(problem.help(help)))
    };
    let known = chain.and_then(|chain| state.chains.get(chain));
    if let (Some(known), Some(of)) = (known, &manifest.chain)
        && known != of
    {
        return Err(refused(format!(
            "the bundle belongs to the chain {} (genesis {}), and this project to {} (genesis {})",
            of.core_chain_id, of.genesis_hash, known.core_chain_id, known.genesis_hash
        )));
    }
    if state.lineage == manifest.lineage || !knows_a_key(state) {
        return Ok(());
    }
    Err(refused(format!(
        "the bundle belongs to another pool: it was made for `{}` of the state {}, and this is the state {}",
        manifest.node, manifest.lineage, state.lineage
    )))
}

fn knows_a_key(state: &State) -> bool {
    let mut outputs = state.resources.values().map(|recorded| &recorded.outputs);
    outputs.any(|outputs| outputs.contains_key("pos_address"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_model::state::{ChainIdentity, Recorded};

    fn chain(genesis: &str) -> ChainIdentity {
        ChainIdentity {
            core_chain_id: 1,
            espace_chain_id: 71,
            genesis_hash: genesis.to_owned(),
        }
    }

    fn state(lineage: &str, key: Option<&str>) -> State {
        let mut node = Recorded::default();
        if let Some(key) = key {
            node.outputs.insert("pos_address".to_owned(), key.into());
        }
        State {
            lineage: lineage.to_owned(),
            chains: [("chain.net".parse().unwrap(), chain("0x1"))].into(),
            resources: [("node.main".parse().unwrap(), node)].into(),
            ..State::default()
        }
    }

    fn manifest() -> Manifest {
        let node = "node.main".parse().unwrap();
        let mut manifest = Manifest::new("ours".to_owned(), node, "0xab".to_owned());
        manifest.chain = Some(chain("0x1"));
        manifest
    }

    #[test]
    fn a_bundle_of_another_pool_is_refused() {
        let net = "chain.net".parse().unwrap();
        let check = |manifest: &Manifest, state: &State| {
            refuse_other_pool(manifest, state, Some(&net)).map_err(|failure| failure.code())
        };
        assert_eq!(check(&manifest(), &state("ours", Some("0xab"))), Ok(()));
        assert_eq!(check(&manifest(), &state("new", None)), Ok(()));
        let other = check(&manifest(), &state("theirs", Some("0xcd")));
        assert_eq!(other, Err(codes::OTHER_POOL));
        let mut elsewhere = manifest();
        elsewhere.chain = Some(chain("0x2"));
        let other = check(&elsewhere, &state("ours", Some("0xab")));
        assert_eq!(other, Err(codes::OTHER_POOL));
    }

    #[test]
    fn a_key_must_be_the_recorded_and_the_registered_one() {
        let node = "node.main".parse().unwrap();
        let mut state = state("ours", Some("0xab"));
        let check = |state: &State, key: &str| expect_recorded(state, &node, key);
        assert_eq!(check(&state, "0xab"), Ok(()));
        assert!(matches!(
            check(&state, "0xcd"),
            Err(BundleError::OtherKey { .. })
        ));
        let mut bond = Recorded::default();
        let of = Value::Resource(node.clone());
        bond.attributes.insert("node".to_owned(), of);
        bond.outputs.insert("pos_address".to_owned(), "0xef".into());
        let name = "pos_registration.main".parse().unwrap();
        state.resources.insert(name, bond);
        assert!(matches!(
            check(&state, "0xab"),
            Err(BundleError::OtherKey { .. })
        ));
    }
}
