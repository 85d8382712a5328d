//! Observing one syncer: what it says of itself, and whether it would be made so now.
//!
//! - Reads: its own health check; its labels, and the chain as the spec wants it.
//! - Returns: its state, and what was changed since.
//! - Never: believes a label that the container itself contradicts.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::provider::{ObserveContext, Observed, Target};
use pospool_model::{Address, Attributes, Problem, Value};

use super::SYNCER;
use super::design::syncer_image_build;
use super::endpoints::CORE_RPC;
use super::report::SyncerReport;
use super::wish::DesiredSyncer;
use crate::attributes::attribute_text;
use crate::client::ListedContainer;
use crate::codes;
use crate::image::Buildable;
use crate::names;
use crate::syncer::image::SYNCERS;
use crate::workload::ObservedContainer;
use crate::workload::spec::ContainerSpec;

/// The attribute whose secret signs.
const KEY: &str = "private_key";

/// The output that says with which account.
const SIGNER: &str = "signer";

/// The attribute `state`.
pub(super) fn syncer_state(running: bool, report: Option<&SyncerReport>) -> &'static str {
    match (running, report) {
        (false, _) => "stopped",
        (true, None) => "waiting for its key",
        (true, Some(report)) if report.is_healthy() => "running",
        (true, Some(_)) => "unwell",
    }
}

/// A syncer is not made while one of another address runs with its key: one whose block has a new label, or that the state
/// forgot. Those that are there already stay.
pub(super) fn refuse_second_syncer(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    containers: &[ListedContainer],
) -> Result<(), Problem> {
    let Some(key) = target.wanted.and_then(|wanted| wanted.get(KEY)) else {
        return Ok(());
    };
    let Some((other, container)) = containers.iter().find_map(|it| {
        let labelled = it.labels.get(names::ATTRIBUTES)?;
        let made_from: Attributes = serde_json::from_str(labelled).ok()?;
        let address: Address = it.labels.get(names::ADDRESS)?.parse().ok()?;
        let ours = it.labels.get(names::LINEAGE).map(String::as_str) == Some(scene.lineage);
        let same =
            ours && address.kind() == target.address.kind() && made_from.get(KEY) == Some(key);
        (it.running && same && address != *target.address).then_some((address, &it.name))
    }) else {
        return Ok(());
    };
    let what = format!(
        "container `{container}` of {other} runs with the key of {}: two syncers with one key take each other's nonces",
        target.address
    );
    let problem = Problem::new(codes::KEY_IN_USE, &[KEY], what).help(format!(
        "keep the label of {other}; or take its block out and apply (`docker rm --force {container}` where the state does \
         not know it), then write {} and apply",
        target.address
    ));
    // The other one would be taken down for a block that was renamed.
    Err(problem.against_everything())
}

/// The accounts that the syncers among these sign with: as they say themselves, or as they said in an earlier run where they
/// are stopped or gone, since what they sent before counts too.
pub(crate) fn signing_accounts(
    targets: &[&Target<'_>],
    seen: &BTreeMap<Address, Observed>,
) -> BTreeSet<String> {
    let syncers = targets
        .iter()
        .filter(|target| target.address.kind() == SYNCER.kind);
    let signers = syncers.filter_map(|target| {
        let now = match seen.get(target.address) {
            Some(Observed::Present { outputs, .. }) => attribute_text(outputs, SIGNER),
            _ => None,
        };
        let recorded = target.recorded;
        now.or_else(|| attribute_text(&recorded?.outputs, SIGNER))
    });
    signers.map(str::to_owned).collect()
}

/// The container as its labels say that it was made.
pub(super) fn labelled_syncer(
    seen: &ObservedContainer<'_>,
    attributes: &Attributes,
) -> Option<ContainerSpec> {
    DesiredSyncer::read(attributes).ok()?;
    let digest = seen.label(names::DIGEST)?.to_owned();
    let whose = (seen.scene.lineage, seen.target.address, &seen.name);
    Some(ContainerSpec::new(whose, (SYNCERS, digest), attributes))
}

/// The endpoints of a container whose label does not name them, as earlier versions made it with those of its chain: they
/// are known if its image is the one that would be made now.
pub(super) fn inherited_endpoints(
    spec: Option<&ContainerSpec>,
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
) -> Option<Value> {
    let spec = spec.filter(|spec| !spec.attributes.contains_key(CORE_RPC))?;
    if is_another_image(spec, scene) {
        return None;
    }
    target.wanted?.get(CORE_RPC).cloned()
}

/// Whether the same attributes would make another image now: its chain changed, or pospool is another release.
pub(super) fn is_another_image(spec: &ContainerSpec, scene: &ObserveContext<'_>) -> bool {
    let Ok(desired) = DesiredSyncer::read(&spec.attributes) else {
        return false;
    };
    let Some(chain) = scene.wanted.get(&desired.chain) else {
        return false;
    };
    syncer_image_build(&desired, chain).is_ok_and(|recipe| recipe.digest() != spec.digest)
}

#[cfg(test)]
mod tests {
    use super::super::wish::tests::attributes;
    use super::*;
    use crate::workload::labels;
    use pospool_model::SecretRef;
    use pospool_model::state::Recorded;

    const LINEAGE: &str = "1a2b3c4d-0000";

    /// What a refresh reports about a wanted `syncer.new` while a container of this address runs, or is there.
    fn refused(lineage: &str, address: &str, running: bool, wanted: &Attributes) -> bool {
        let labels =
            labels::container_labels(lineage, &address.parse().unwrap(), "d", &attributes(&[]));
        let listed = ListedContainer {
            id: "c0ffee".to_owned(),
            name: "pospool-1a2b3c4d-syncer.old".to_owned(),
            labels,
            running,
            volumes: Vec::new(),
            folders: Vec::new(),
            ports: Vec::new(),
        };
        let target = Target {
            address: &"syncer.new".parse().unwrap(),
            wanted: Some(wanted),
            recorded: None,
            used: &BTreeSet::new(),
        };
        let scene = ObserveContext {
            lineage: LINEAGE,
            accounts: &BTreeMap::new(),
            wanted: &BTreeMap::new(),
            outputs: &BTreeMap::new(),
        };
        match refuse_second_syncer(&target, &scene, &[listed]) {
            Ok(()) => false,
            Err(problem) => {
                assert_eq!(problem.code, "docker/key-in-use");
                assert!(
                    problem
                        .help
                        .unwrap()
                        .contains("keep the label of syncer.old")
                );
                true
            }
        }
    }

    #[test]
    fn case_state_mv_no_second_syncer_is_made_for_a_key_that_is_in_use() {
        let wanted = attributes(&[]);
        assert!(refused(LINEAGE, "syncer.old", true, &wanted));
        assert!(!refused(LINEAGE, "syncer.old", false, &wanted), "stopped");
        assert!(!refused(LINEAGE, "syncer.new", true, &wanted), "its own");
        assert!(!refused(LINEAGE, "node.old", true, &wanted));
        assert!(!refused("another", "syncer.old", true, &wanted));
        let other = Value::Secret(SecretRef::Env("OTHER".into()));
        let wanted = attributes(&[("private_key", other)]);
        assert!(!refused(LINEAGE, "syncer.old", true, &wanted));
    }

    #[test]
    fn case_false_alarm_a_syncer_names_its_account_also_where_it_is_stopped() {
        let signer = |text: &str| Attributes::from([(SIGNER.to_owned(), Value::from(text))]);
        let recorded = Recorded {
            attributes: Attributes::new(),
            outputs: signer("cfx:before"),
            depends_on: Vec::new(),
            protected: false,
            complete: true,
        };
        let (address, node) = ("syncer.a".parse().unwrap(), "node.a".parse().unwrap());
        let used = BTreeSet::new();
        let target = |address, recorded| Target {
            address,
            wanted: None,
            recorded,
            used: &used,
        };
        let named = |target: Target<'_>, outputs: Option<Attributes>| {
            let seen = outputs.map(|outputs| Observed::Present {
                attributes: Attributes::new(),
                outputs,
            });
            let seen = seen.map(|seen| (target.address.clone(), seen));
            let found = signing_accounts(&[&target], &seen.into_iter().collect());
            found.into_iter().next()
        };
        let syncer = target(&address, Some(&recorded));
        let says = |text: &str| Some(text.to_owned());
        assert_eq!(named(syncer, Some(signer("cfx:now"))), says("cfx:now"));
        assert_eq!(named(syncer, Some(Attributes::new())), says("cfx:before"));
        assert_eq!(named(syncer, None), says("cfx:before"));
        assert_eq!(named(target(&address, None), None), None);
        assert_eq!(named(target(&node, Some(&recorded)), None), None);
    }
}
