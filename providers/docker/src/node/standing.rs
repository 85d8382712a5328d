//! Whether a node's release follows its network, how far the node is, and what its engine would do to it.
//!
//! - Reads: the node's desired config, its chain, what the last refresh found.
//! - Returns: remarks for a plan, and the refusal to make a node that its network has gone on without.
//! - Never: stops a run for a node that is there already: what else is in the plan does not depend on it.

use std::collections::BTreeMap;

use pospool_model::provider::{ObserveContext, Target};
use pospool_model::{Address, Attributes, Finding, FindingKind, Problem, Value};

use super::wish::DesiredNode;
use crate::attributes::attribute_text;
use crate::codes;
use crate::facts::DockerFacts;
use crate::names::ImageRef;
use crate::node::schema::NodeSpec;
use crate::render::networks::PublicChain;
use crate::render::release::Release;
use crate::render::releases::{DataCompatibility, Fork, ForkStatus, compare_epochs, fork_status};

/// Where the release of a desired node stands on its network.
pub(super) struct ReleaseOnNetwork {
    network: PublicChain,
    release: Option<Release>,
    /// How far the network is, as far as that is known.
    epoch: Option<u64>,
}

impl ReleaseOnNetwork {
    /// `None` on a private network, whose forks nobody knows here.
    pub(super) fn of(
        desired: &DesiredNode,
        wanted: &BTreeMap<Address, Attributes>,
        outputs: &BTreeMap<Address, Attributes>,
    ) -> Option<Self> {
        let network = attribute_text(wanted.get(&desired.chain)?, "network")?;
        let epoch = outputs
            .get(&desired.chain)
            .and_then(|outputs| outputs.get("epoch"))
            .and_then(Value::as_integer);
        Some(Self {
            network: PublicChain::by_name(network)?,
            release: Release::of_tag(&desired.image).or(desired.form),
            epoch: epoch.and_then(|epoch| u64::try_from(epoch).ok()),
        })
    }

    /// The fork behind which a release was left.
    pub(super) fn past(&self, release: Option<Release>) -> Option<&'static Fork> {
        match fork_status(self.network, release?, self.epoch) {
            ForkStatus::Past(fork) => Some(fork),
            _ => None,
        }
    }
}

/// What an engine would do to a node while it is stopped itself.
pub(crate) fn shutdown_remark(docker: &str, facts: &DockerFacts) -> Option<String> {
    let engine = facts.engines.get(docker)?;
    (!engine.live_restore).then(|| {
        "the engine stops all containers when it is upgraded or restarted (`live-restore` is off), and kills a node that \
         is not closed after `shutdown-timeout`, 15 s if daemon.json does not say more: write `{\"live-restore\": true, \
         \"shutdown-timeout\": 1260}` into /etc/docker/daemon.json"
            .to_owned()
    })
}

/// What a plan that makes a node says of its release; refused where the network has gone on without it.
pub(crate) fn release_remarks(
    desired: &DesiredNode,
    recorded: Option<&Attributes>,
    wanted: &BTreeMap<Address, Attributes>,
    outputs: &BTreeMap<Address, Attributes>,
) -> Result<Vec<String>, Problem> {
    let Some(place) = ReleaseOnNetwork::of(desired, wanted, outputs) else {
        return Ok(Vec::new());
    };
    let image = &desired.image;
    let mut notes = Vec::new();
    if let Some(release) = place.release {
        match fork_status(place.network, release, place.epoch) {
            ForkStatus::Current => {}
            ForkStatus::Until(fork) => notes.push(format!(
                "{}; {image} stops following there",
                fork.words(place.epoch)
            )),
            ForkStatus::Past(fork) if !desired.old_release => {
                let what = format!("{}; {image} does not follow it", fork.words(place.epoch));
                return Err(
                    Problem::new(codes::RELEASE_PAST_FORK, &["image"], what).help(format!(
                        "{}, or write `old_release = \"accept\"` to run it all the same",
                        fork.way_out()
                    )),
                );
            }
            ForkStatus::Past(fork) => notes.push(format!(
                "{}; {image} does not follow it, as the spec accepts",
                fork.words(place.epoch)
            )),
        }
    }
    if Release::of_tag(image).is_none() {
        notes.push(format!(
            "this build does not know the release of {image}: whether it has files of the form that `release_form` says, \
             and how long it follows {}, is for you to know",
            place.network.name()
        ));
    }
    notes.extend(recorded.and_then(|recorded| data(&place, recorded)));
    Ok(notes)
}

/// What the change means for the data on the volume.
fn data(place: &ReleaseOnNetwork, recorded: &Attributes) -> Option<String> {
    let old = ImageRef::parse(NodeSpec::read(recorded).image.known()?).ok()?;
    let form = NodeSpec::read(recorded)
        .release_form
        .known()
        .and_then(Release::by_name);
    let old = Release::of_tag(&old).or(form)?;
    let new = place.release?;
    if let Some(fork) = place.past(Some(old)).filter(|fork| new >= fork.needs) {
        return Some(format!(
            "{}: the data of release {} stands there and a newer release does not go on with it, it has to be replaced \
             by that of a snapshot",
            fork.words(place.epoch),
            old.name()
        ));
    }
    match new.reads(old) {
        DataCompatibility::AsItIs => None,
        DataCompatibility::Rebuilds => Some(format!(
            "the first start of release {} on data of {} makes an index anew: it takes long, and the node says nothing \
             meanwhile",
            new.name(),
            old.name()
        )),
        DataCompatibility::Not => Some(format!(
            "data of release {} is not made for {}: keep a copy, or begin with a snapshot",
            old.name(),
            new.name()
        )),
    }
}

/// What a refresh reports about an existing node: what is wrong, and what the spec accepts and is worth knowing.
pub(crate) fn release_findings(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    facts: &DockerFacts,
) -> (Vec<Finding>, Vec<Problem>) {
    let nothing = (Vec::new(), Vec::new());
    let desired = target
        .wanted
        .and_then(|wanted| DesiredNode::read(wanted).ok());
    let Some(desired) = desired.filter(|_| facts.containers.contains_key(target.address)) else {
        return nothing;
    };
    let epoch = facts.epochs.get(target.address).copied();
    let Some(place) = ReleaseOnNetwork::of(&desired, scene.wanted, scene.outputs) else {
        return nothing;
    };
    let (mut findings, mut warnings) = nothing;
    let wrong = |code, what: String| Finding::new(FindingKind::Wrong, target.address, code, what);
    // What runs may be older than what is wanted.
    let recorded = target
        .recorded
        .and_then(|recorded| NodeSpec::read(&recorded.attributes).image.known());
    let runs = recorded.and_then(|image| ImageRef::parse(image).ok());
    let release = runs.as_ref().and_then(Release::of_tag).or(place.release);
    if let Some(fork) = place.past(release) {
        let image = runs.as_ref().unwrap_or(&desired.image);
        let what = format!("{}; {image} does not follow it", fork.words(place.epoch));
        if desired.old_release {
            let accepted = format!("{what}, as the spec accepts");
            warnings.push(Problem::new(codes::RELEASE_PAST_FORK, &["image"], accepted));
        } else {
            findings.push(wrong(codes::RELEASE_PAST_FORK, what).remedy(fork.way_out()));
        }
    }
    if let Some((node, chain)) = epoch.zip(place.epoch)
        && let Some(what) = compare_epochs(place.network, release, node, chain)
    {
        findings.push(wrong(codes::NODE_EPOCH, what));
    }
    (findings, warnings)
}

#[cfg(test)]
mod tests {
    use pospool_model::state::Recorded;

    use super::*;
    use crate::facts::tests::container;
    use crate::node::tests::attributes;

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    type Table = BTreeMap<Address, Attributes>;

    fn chain(network: &str) -> Table {
        let chain = Attributes::from([("network".to_owned(), network.into())]);
        [(at("chain.net"), chain)].into()
    }

    fn epoch(epoch: i64) -> Table {
        let outputs = Attributes::from([("epoch".to_owned(), Value::Integer(epoch))]);
        [(at("chain.net"), outputs)].into()
    }

    fn said(
        image: &str,
        extra: &[(&str, Value)],
        old: Option<&str>,
        outputs: &Table,
    ) -> Result<String, Problem> {
        let mut all = vec![("image", image.into())];
        all.extend(extra.iter().cloned());
        let desired = DesiredNode::read(&attributes(&all)).unwrap();
        let recorded = old.map(|image| attributes(&[("image", image.into())]));
        let notes = release_remarks(&desired, recorded.as_ref(), &chain("testnet"), outputs)?;
        Ok(notes.join("\n"))
    }

    const OLD: &str = "a/b:3.0.3-testnet";
    const NEW: &str = "a/b:3.1.0-testnet";

    #[test]
    fn case_old_release_is_refused_after_its_fork_unless_told() {
        let after = epoch(260_000_000);
        let refused = said(OLD, &[], None, &after).unwrap_err();
        assert_eq!(refused.code, "docker/release-past-fork");
        assert!(refused.summary.contains("259,240,000"), "{refused:?}");
        assert!(refused.help.unwrap().contains("old_release"));
        let told = said(OLD, &[("old_release", "accept".into())], None, &after).unwrap();
        assert!(told.contains("as the spec accepts"), "{told}");
        let before = said(OLD, &[], None, &epoch(259_000_000)).unwrap();
        assert!(before.contains("in 240,000 epochs"), "{before}");
        let unknown = said(OLD, &[], None, &Table::new()).unwrap();
        assert!(unknown.contains("from epoch 259,240,000 on"), "{unknown}");
        assert_eq!(said(NEW, &[], None, &after).unwrap(), "");
    }

    #[test]
    fn a_release_that_this_build_does_not_know_is_a_remark() {
        let form = [("release_form", "3.1".into())];
        let notes = said("a/b:3.2.0-testnet", &form, None, &epoch(300_000_000)).unwrap();
        assert!(notes.contains("does not know the release"), "{notes}");
    }

    #[test]
    fn an_upgrade_says_what_becomes_of_the_data() {
        let before = said(NEW, &[], Some(OLD), &epoch(259_000_000)).unwrap();
        assert!(before.contains("makes an index anew"), "{before}");
        let after = said(NEW, &[], Some(OLD), &epoch(260_000_000)).unwrap();
        assert!(after.contains("snapshot"), "{after}");
        let back = said(OLD, &[], Some(NEW), &epoch(259_000_000)).unwrap();
        assert!(back.contains("keep a copy"), "{back}");
        assert_eq!(said(NEW, &[], Some(NEW), &epoch(1)).unwrap(), "");
    }

    fn found(
        image: &str,
        extra: &[(&str, Value)],
        network: &str,
        node: Option<u64>,
    ) -> (Vec<Finding>, Vec<Problem>) {
        let mut all = vec![("image", image.into())];
        all.extend(extra.iter().cloned());
        let wanted = attributes(&all);
        let recorded = Recorded {
            attributes: wanted.clone(),
            ..Recorded::default()
        };
        let address = at("node.main");
        let target = Target {
            address: &address,
            wanted: Some(&wanted),
            recorded: Some(&recorded),
            used: &std::collections::BTreeSet::new(),
        };
        let (chain, outputs) = (chain(network), epoch(260_000_000));
        let scene = ObserveContext {
            lineage: "1a2b3c4d-0000",
            accounts: &BTreeMap::new(),
            wanted: &chain,
            outputs: &outputs,
        };
        let container = container("pospool-1a2b3c4d-main", "running", &[]);
        let facts = DockerFacts {
            containers: [(address.clone(), container)].into(),
            epochs: node
                .map(|node| (address.clone(), node))
                .into_iter()
                .collect(),
            ..DockerFacts::default()
        };
        release_findings(&target, &scene, &facts)
    }

    #[test]
    fn a_node_that_its_network_left_behind_is_wrong_and_stops_nothing() {
        let codes = |image, network, node| -> Vec<pospool_model::Code> {
            let (found, warned) = found(image, &[], network, node);
            assert_eq!(warned, []);
            found.iter().map(|finding| finding.code).collect()
        };
        let past = "docker/release-past-fork";
        assert_eq!(codes(OLD, "testnet", None), [past]);
        assert_eq!(
            codes(OLD, "testnet", Some(259_240_000)),
            [past, "docker/node-epoch"]
        );
        assert_eq!(codes(NEW, "testnet", Some(1_000)), ["docker/node-epoch"]);
        assert_eq!(codes(NEW, "testnet", Some(260_000_000)), [""; 0]);
        assert_eq!(codes(OLD, "devnet", Some(5)), [""; 0]);
        let accepted = [("old_release", "accept".into())];
        let (found, warned) = found(OLD, &accepted, "testnet", None);
        assert_eq!(found, []);
        assert_eq!(warned[0].code, past);
    }
}
