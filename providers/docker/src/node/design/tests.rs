//! Plans for nodes and volumes, as a reader of a plan sees them.

use std::collections::BTreeMap;

use pospool_model::guard::{GuardReport, HELD};
use pospool_model::plan::Action;
use pospool_model::provider::{ChangeRequest, Design, Facts, Observed, PlanContext};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, Value};

use crate::facts::tests::container;
use crate::facts::{DockerFacts, EngineFacts, KeptContainer};
use crate::job::DockerJob;
use crate::names::{self, Name};
use crate::node::NodeKind;
use crate::node::budget::BudgetFacts;
use crate::node::tests::{attributes, node_files};
use crate::workload::WayBack;
use crate::workload::design::plan_container;

const LINEAGE: &str = "1a2b3c4d-0000";
const DOCKER: &str = "unix:///var/run/docker.sock";
const VOLUME: &str = "pospool-1a2b3c4d-main";

struct Outside {
    wanted: BTreeMap<Address, Attributes>,
    recorded: BTreeMap<Address, Recorded>,
    facts: DockerFacts,
}

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn outside(extra: &[(&str, Value)]) -> Outside {
    let host = [("host".to_owned(), Value::Resource(at("host.main")))];
    let chain = [("network", "devnet"), ("node_files", "net")];
    let wanted = [
        (at("node.main"), attributes(extra)),
        (at("volume.main"), host.into()),
        (
            at("chain.net"),
            chain
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into(),
        ),
    ];
    let engine = EngineFacts {
        id: "ENGINE".to_owned(),
        live_restore: true,
        volumes: [(VOLUME.to_owned(), BTreeMap::new())].into(),
        ..EngineFacts::default()
    };
    Outside {
        wanted: wanted.into(),
        recorded: BTreeMap::new(),
        facts: DockerFacts {
            hosts: [(at("host.main"), DOCKER.to_owned())].into(),
            engines: [(DOCKER.to_owned(), engine)].into(),
            files: [(at("chain.net"), node_files())].into(),
            ..DockerFacts::default()
        },
    }
}

impl Outside {
    fn running(mut self, has_password: bool) -> Self {
        let state = if has_password {
            "running"
        } else {
            "waiting for its password"
        };
        let node = container(VOLUME, state, &[(names::DIGEST, "0123456789ab")]);
        self.facts.containers.insert(at("node.main"), node);
        let outputs = [
            ("pos_address", "0xab"),
            ("register_data", "0xcd"),
            ("docker", DOCKER),
        ];
        let recorded = Recorded {
            attributes: self.wanted[&at("node.main")].clone(),
            outputs: outputs
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into(),
            ..Recorded::default()
        };
        self.recorded.insert(at("node.main"), recorded);
        self
    }

    fn design(&self, name: &str, action: Action, by_name: bool) -> Result<Design, Vec<Problem>> {
        let address = at(name);
        let nothing = Attributes::new();
        let wanted = match action {
            Action::Delete => &nothing,
            _ => self.wanted.get(&address).unwrap_or(&nothing),
        };
        let task = ChangeRequest {
            address: &address,
            action,
            wanted,
            observed: &Observed::Absent,
            recorded: self.recorded.get(&address),
            changed: &[],
            delete_by_name: by_name,
        };
        let world = PlanContext {
            lineage: LINEAGE,
            facts: &Facts::new(self.facts.clone()),
            wanted: &self.wanted,
            recorded: &self.recorded,
            outputs: &BTreeMap::new(),
            effects: &BTreeMap::new(),
        };
        match address.kind() {
            "volume" => crate::volume::plan_volume(&task, &world),
            _ => plan_container(&NodeKind, &task, &world),
        }
    }
}

fn effects(design: &Design) -> Vec<&str> {
    design
        .effects
        .iter()
        .map(|effect| effect.name.as_str())
        .collect()
}

#[test]
fn a_new_node_is_built_made_and_waited_for() {
    let design = outside(&[])
        .design("node.main", Action::Create, false)
        .unwrap();
    assert_eq!(
        effects(&design),
        ["image", "container", "identity", "ready"]
    );
    for name in [
        "container_id",
        "pos_address",
        "register_data",
        "client_version",
    ] {
        assert_eq!(design.outputs[name], Value::Unknown, "{name}");
    }
    assert_eq!(design.outputs["container_name"], Value::from(VOLUME));
    assert!(design.notes[0].contains("not pinned"), "{:?}", design.notes);
    for effect in &design.effects {
        let job: DockerJob = serde_json::from_value(effect.payload.clone()).unwrap();
        assert_eq!(serde_json::to_value(&job).unwrap(), effect.payload);
    }
}

#[test]
fn a_replaced_node_is_stopped_and_removed_before_the_new_one_is_made() {
    let outside = outside(&[]).running(true);
    let design = outside.design("node.main", Action::Replace, false).unwrap();
    assert_eq!(
        effects(&design),
        [
            "image",
            "prove",
            "stop",
            "container",
            "identity",
            "ready",
            "remove"
        ]
    );
    // The key stays on the volume, so what depends on it needs no change.
    assert_eq!(design.outputs["pos_address"], Value::from("0xab"));
    assert_eq!(design.outputs["register_data"], Value::from("0xcd"));
    assert_eq!(design.outputs["container_id"], Value::Unknown);
}

#[test]
fn a_state_changes_in_place() {
    let stop = outside(&[("state", "stopped".into())]).running(true);
    let design = stop.design("node.main", Action::Update, false).unwrap();
    assert_eq!(effects(&design), ["stop"]);
    // Running, and an earlier run did not wait for it to the end.
    let running = outside(&[]).running(true);
    let design = running.design("node.main", Action::Update, false).unwrap();
    assert_eq!(effects(&design), ["identity", "ready"]);
    // Started by hand, and its entrypoint waits.
    let waiting = outside(&[]).running(false);
    let design = waiting.design("node.main", Action::Update, false).unwrap();
    assert_eq!(effects(&design), ["start", "identity", "ready"]);
}

#[test]
fn a_node_is_taken_down_without_its_spec() {
    let mut outside = outside(&[]).running(true);
    outside.wanted.clear();
    let design = outside.design("node.main", Action::Delete, false).unwrap();
    assert_eq!(effects(&design), ["stop", "remove"]);
    assert!(design.notes[0].contains("0xab"), "{:?}", design.notes);
}

#[test]
fn a_volume_with_a_key_stays_unless_it_is_named() {
    let outside = outside(&[]).running(true);
    let design = outside
        .design("volume.main", Action::Delete, false)
        .unwrap();
    assert!(design.forget && design.effects.is_empty());
    assert!(
        design.notes[0].contains("docker volume rm"),
        "{:?}",
        design.notes
    );
    let design = outside.design("volume.main", Action::Delete, true).unwrap();
    assert!(!design.forget);
    assert_eq!(effects(&design), ["volume"]);
}

#[test]
fn a_volume_that_never_held_a_key_is_removed() {
    let mut outside = outside(&[]);
    outside.wanted.clear();
    let design = outside
        .design("volume.main", Action::Delete, false)
        .unwrap();
    assert_eq!(effects(&design), ["volume"]);
}

/// A node with a recorded key, whose block names another volume now.
fn on_another_volume(registered: Option<&str>) -> Outside {
    let mut outside = outside(&[]).running(true);
    let host = [("host".to_owned(), Value::Resource(at("host.main")))];
    outside.wanted.insert(at("volume.other"), host.into());
    let node = outside.wanted.get_mut(&at("node.main")).unwrap();
    node.insert("data".to_owned(), Value::Resource(at("volume.other")));
    if let Some(key) = registered {
        let registration = Recorded {
            outputs: [("pos_address".to_owned(), key.into())].into(),
            ..Recorded::default()
        };
        outside
            .recorded
            .insert(at("pos_registration.main"), registration);
    }
    outside
}

#[test]
fn case_rename_volume_of_a_registered_key_is_refused_with_the_way() {
    let design = |outside: &Outside| outside.design("node.main", Action::Replace, false);
    let refused = design(&on_another_volume(Some("0xab"))).unwrap_err();
    assert_eq!(refused[0].code, "docker/registered-key");
    assert!(refused[0].summary.contains("volume.main"), "{refused:?}");
    let help = refused[0].help.clone().unwrap();
    assert!(help.contains("`data = volume.main`"), "{help}");
    // Nobody has registered this key.
    assert!(design(&on_another_volume(None)).is_ok());
    assert!(design(&on_another_volume(Some("0xcd"))).is_ok());
}

#[test]
fn a_plan_that_stops_a_voter_says_what_of_its_budget_that_eats() {
    let mut outside = outside(&[]).running(true);
    let notes = |outside: &Outside| {
        let design = outside.design("node.main", Action::Replace, false);
        design.unwrap().notes.join("\n")
    };
    let said = notes(&outside);
    assert!(
        said.contains("is not known: the node does not vote now"),
        "{said}"
    );
    let budget = BudgetFacts {
        epoch: 15,
        view: 152,
        elected: true,
        coming: vec![(160, true), (280, true)],
        last_vote: Some(15),
        gap: Some(30),
    };
    outside.facts.budgets.insert(at("node.main"), budget);
    let said = notes(&outside);
    assert!(
        said.contains("retired at the end of PoS epoch 18"),
        "{said}"
    );
    // What was stopped before is not stopped by the plan.
    let mut stopped = outside;
    let node = stopped.facts.containers.get_mut(&at("node.main")).unwrap();
    node.running = false;
    assert!(!notes(&stopped).contains("retired"));
}

#[test]
fn two_nodes_never_share_a_key_and_a_lost_key_stops_the_plan() {
    let code = |outside: &Outside| {
        outside
            .design("node.main", Action::Replace, false)
            .unwrap_err()[0]
            .code
    };
    let mut shared = outside(&[]).running(true);
    shared.wanted.insert(at("node.backup"), attributes(&[]));
    assert_eq!(code(&shared), "docker/shared-key");

    let mut lost = outside(&[]).running(true);
    lost.facts.engines.get_mut(DOCKER).unwrap().volumes.clear();
    assert_eq!(code(&lost), "docker/pos-key-lost");

    let mut elsewhere = outside(&[]).running(true);
    let other = Value::Resource(at("host.other"));
    elsewhere
        .wanted
        .get_mut(&at("volume.main"))
        .unwrap()
        .insert("host".to_owned(), other);
    assert_eq!(code(&elsewhere), "docker/other-host");
}

#[test]
fn equal_inputs_give_equal_plans() {
    let outside = outside(&[]).running(true);
    let plan = || outside.design("node.main", Action::Replace, false).unwrap();
    assert_eq!(plan(), plan());
}

fn in_folder(mut outside: Outside, path: &str) -> Outside {
    let volume = outside.wanted.get_mut(&at("volume.main")).unwrap();
    volume.insert("path".to_owned(), path.into());
    outside
}

#[test]
fn a_folder_is_marked_and_stays_unless_it_is_named() {
    let mut outside = in_folder(outside(&[]), "/srv/pool");
    let design = outside
        .design("volume.main", Action::Create, false)
        .unwrap();
    assert_eq!(
        design.effects[0].summary,
        "mark folder /srv/pool as volume.main"
    );
    let node = outside.design("node.main", Action::Create, false).unwrap();
    let summary = &node.effects[1].summary;
    assert!(summary.contains("on volume /srv/pool"), "{summary}");

    let recorded = Recorded {
        outputs: [("name", "/srv/pool"), ("docker", DOCKER)]
            .map(|(name, value)| (name.to_owned(), value.into()))
            .into(),
        ..Recorded::default()
    };
    outside.recorded.insert(at("volume.main"), recorded);
    let kept = outside
        .design("volume.main", Action::Delete, false)
        .unwrap();
    assert!(kept.forget && kept.effects.is_empty());
    assert!(
        kept.notes[0].contains("/srv/pool stays"),
        "{:?}",
        kept.notes
    );
    let named = outside.design("volume.main", Action::Delete, true).unwrap();
    assert_eq!(named.effects[0].summary, "empty folder /srv/pool");
}

#[test]
fn a_volume_that_was_never_made_is_taken_down_where_it_was_to_be() {
    let mut outside = in_folder(outside(&[]), "/srv/pool");
    let recorded = Recorded {
        attributes: outside.wanted.remove(&at("volume.main")).unwrap(),
        ..Recorded::default()
    };
    outside.recorded.insert(at("volume.main"), recorded);
    let design = outside.design("volume.main", Action::Delete, true).unwrap();
    let job: DockerJob = serde_json::from_value(design.effects[0].payload.clone()).unwrap();
    let DockerJob::RemoveFolder(job) = job else {
        panic!("{job:?}")
    };
    assert_eq!(
        (job.folder.to_string(), job.docker),
        ("/srv/pool".to_owned(), DOCKER.to_owned())
    );
}

#[test]
fn data_moves_with_its_node_while_that_is_stopped() {
    let stopped = || {
        let mut outside = in_folder(outside(&[]).running(true), "/srv/pool");
        let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
        (node.running, node.state) = (false, "stopped");
        outside
    };
    let design = stopped().design("node.main", Action::Replace, false);
    let design = design.unwrap();
    let names = effects(&design);
    assert_eq!(
        names,
        [
            "image",
            "stop",
            "move",
            "container",
            "identity",
            "ready",
            "remove"
        ]
    );
    let job: DockerJob = serde_json::from_value(design.effects[2].payload.clone()).unwrap();
    let DockerJob::Move(job) = job else {
        panic!("{job:?}")
    };
    assert_eq!(job.from.to_string(), VOLUME);
    assert_eq!(job.to.to_string(), "/srv/pool");

    let running = in_folder(outside(&[]).running(true), "/srv/pool");
    let problems = running.design("node.main", Action::Replace, false);
    assert_eq!(problems.unwrap_err()[0].code, "docker/volume-move");

    let mut alone = stopped();
    let recorded = Recorded {
        outputs: [("name".to_owned(), VOLUME.into())].into(),
        ..Recorded::default()
    };
    alone.recorded.insert(at("volume.main"), recorded);
    let design = alone.design("volume.main", Action::Update, false).unwrap();
    assert!(
        design.notes[0].contains("stays as it is"),
        "{:?}",
        design.notes
    );
    alone.wanted.remove(&at("node.main"));
    let problems = alone.design("volume.main", Action::Update, false);
    assert_eq!(problems.unwrap_err()[0].code, "docker/volume-move");
}

/// What is made after the removal is of the same image where only something else has changed.
#[test]
fn case_image_removed_an_image_that_is_needed_next_does_not_go_with_the_old_container() {
    let removed = |design: &Design| {
        let jobs = design.effects.iter().map(|effect| {
            serde_json::from_value::<DockerJob>(effect.payload.clone()).expect("a job")
        });
        let mut removals = jobs.filter_map(|job| match job {
            DockerJob::Remove(job) => Some(job.images),
            _ => None,
        });
        removals.next().expect("a removal")
    };
    let mut outside = outside(&[]).running(true);
    let other = outside.design("node.main", Action::Replace, false).unwrap();
    assert_eq!(removed(&other), ["pospool/node:0123456789ab"]);
    let planned = other.effects.iter().find_map(|effect| {
        match serde_json::from_value(effect.payload.clone()).expect("a job") {
            DockerJob::Up(job) => Some(job.spec.digest),
            _ => None,
        }
    });
    let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
    let digest = planned.expect("a container");
    node.labels.insert(names::DIGEST.to_owned(), digest);
    let same = outside.design("node.main", Action::Replace, false).unwrap();
    assert_eq!(removed(&same), [""; 0]);
}

/// What is kept, and until when.
#[test]
fn case_stop_before_proof_the_old_container_is_kept_until_the_new_one_is_ready() {
    let mut outside = outside(&[]).running(true);
    let job = |design: &Design, name: &str| {
        let effect = design.effects.iter().find(|effect| effect.name == name);
        serde_json::from_value::<DockerJob>(effect.expect(name).payload.clone()).expect("a job")
    };
    let replaced = |design: &Design, name: &str| match job(design, name) {
        DockerJob::Up(job) | DockerJob::Identity(job) | DockerJob::Ready(job) => {
            let old = job.replaces.expect("an old container");
            (old.container.to_string(), old.ran)
        }
        other => panic!("{other:?}"),
    };
    let removed = |design: &Design, name: &str| match job(design, name) {
        DockerJob::Remove(job) => job.container.to_string(),
        other => panic!("{other:?}"),
    };
    let design = outside.design("node.main", Action::Replace, false).unwrap();
    for name in ["container", "identity", "ready"] {
        assert_eq!(replaced(&design, name), ("c0ffee".to_owned(), true));
    }
    assert_eq!(removed(&design, "remove"), "c0ffee");

    // A run was cut after the new one was made: the one before it still is the one to go back to.
    let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
    node.aside = Some(kept("a/b:3.0.2"));
    let again = outside.design("node.main", Action::Update, false).unwrap();
    assert_eq!(effects(&again), ["identity", "ready", "remove"]);
    assert_eq!(replaced(&again, "ready"), ("0ld".to_owned(), true));
    let other = outside.design("node.main", Action::Replace, false).unwrap();
    let expected = [
        "image",
        "prove",
        "stop",
        "discard",
        "container",
        "identity",
        "ready",
        "remove",
    ];
    assert_eq!(effects(&other), expected);
    assert_eq!(removed(&other, "discard"), "c0ffee");
    assert_eq!(replaced(&other, "container"), ("0ld".to_owned(), true));
    assert_eq!(removed(&other, "remove"), "0ld");
    let gone = outside.design("node.main", Action::Delete, false).unwrap();
    assert_eq!(effects(&gone), ["stop", "discard", "remove"]);
}

/// The label of a node's attributes.
fn made_from(image: &str) -> (String, String) {
    let attributes = attributes(&[("image", image.into())]);
    let label = serde_json::to_string(&attributes).unwrap();
    (names::ATTRIBUTES.to_owned(), label)
}

fn kept(image: &str) -> KeptContainer {
    KeptContainer {
        id: Name::new("0ld").unwrap(),
        labels: [made_from(image)].into(),
    }
}

/// A node of the first image was replaced by one of the second, and the run was cut; the spec names the third.
fn cut(before: &str, now: &str, wanted: &str) -> Outside {
    let mut outside = outside(&[("image", wanted.into())]).running(true);
    let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
    node.labels.extend([made_from(now)]);
    node.aside = Some(kept(before));
    outside
}

/// The way back of each effect that has one to a container of another image.
fn ways_back(design: &Design) -> Vec<(&str, WayBack)> {
    let effects = design.effects.iter().filter_map(|effect| {
        let job = serde_json::from_value(effect.payload.clone()).unwrap();
        let (DockerJob::Up(job) | DockerJob::Identity(job) | DockerJob::Ready(job)) = job else {
            return None;
        };
        Some((effect.name.as_str(), job.replaces?.way_back))
    });
    effects.collect()
}

/// What became of a world.
type Change = fn(Outside) -> Outside;

#[test]
fn case_upgrade_cut_the_next_run_knows_the_way_back_of_the_one_before() {
    let open = WayBack {
        within: Some(2700),
        ..WayBack::default()
    };
    let is_closed = |way_back: &WayBack| way_back.closed.is_some() && way_back.within.is_none();
    let update = |outside: &Outside| outside.design("node.main", Action::Update, false).unwrap();
    // Waited for; stopped since, and started again; and started as it is, by whoever names it.
    let waited = |outside: Outside| outside;
    let stopped = |mut outside: Outside| {
        let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
        (node.running, node.state) = (false, "stopped");
        outside
    };
    let all = ["start", "identity", "ready"];
    let steps: [(Change, &[&str]); 3] = [
        (waited, &all[1..]),
        (stopped, &all),
        (stopped_as_made, &all),
    ];
    for (change, expected) in steps {
        let design = update(&change(cut("a/b:3.0.2", "a/b:3.0.3", "a/b:3.0.3")));
        let ways = ways_back(&design);
        assert_eq!(
            ways.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            expected
        );
        assert!(ways.iter().all(|(_, way)| *way == open), "{ways:?}");
        assert!(design.notes[0].contains("runs again"), "{:?}", design.notes);

        let design = update(&change(cut("a/b:3.0.3", "a/b:3.1.0", "a/b:3.1.0")));
        let ways = ways_back(&design);
        assert!(ways.iter().all(|(_, way)| is_closed(way)), "{ways:?}");
        assert!(
            design.notes[0].contains("no way back"),
            "{:?}",
            design.notes
        );
    }
}

/// What counts is what lies on the volume, and the state may know of another run.
#[test]
fn case_upgrade_cut_what_the_release_in_between_has_written_closes_the_way() {
    let way_back = |outside: &Outside| {
        let design = outside.design("node.main", Action::Replace, false).unwrap();
        let (_, way_back) = ways_back(&design).remove(0);
        (way_back.closed.is_some(), way_back.written)
    };
    // The spec is back at a release that the one before could go on from.
    let mut outside = cut("a/b:3.0.3", "a/b:3.1.0", "a/b:3.0.2");
    assert_eq!(way_back(&outside), (true, true));
    let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
    node.started_at = None;
    assert_eq!(way_back(&outside), (false, false), "it never ran");
    let forward = cut("a/b:3.0.2", "a/b:3.0.3", "a/b:3.1.0");
    assert_eq!(way_back(&forward), (true, false));
    // Nobody knows what would run again.
    let mut unknown = outside;
    let node = unknown.facts.containers.get_mut(&at("node.main")).unwrap();
    node.aside.as_mut().unwrap().labels.clear();
    assert!(way_back(&unknown).0);
}

/// A node that was made and is stopped, and is started as it is.
fn stopped_as_made(mut outside: Outside) -> Outside {
    let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
    (node.running, node.state) = (false, "stopped");
    node.made = Some(crate::node::tests::spec());
    outside.recorded.get_mut(&at("node.main")).unwrap().complete = true;
    outside
}

#[test]
fn case_two_voters_a_start_looks_after_the_key_of_the_container_that_is_there() {
    let key = |outside: &Outside| {
        let design = outside.design("node.main", Action::Update, false)?;
        let job = serde_json::from_value(design.effects[0].payload.clone()).unwrap();
        let DockerJob::Up(job) = job else {
            panic!("{job:?}")
        };
        Ok::<_, Vec<Problem>>(job.key)
    };
    // The spec names another volume by now, and what starts has the key that is recorded.
    let mut outside = stopped_as_made(on_another_volume(None));
    assert_eq!(key(&outside).unwrap().as_deref(), Some("0xab"));
    // Another node is to have that volume.
    outside.wanted.insert(at("node.other"), attributes(&[]));
    let refused = key(&outside).unwrap_err();
    assert_eq!(refused[0].code, "docker/shared-key");
}

/// A person who has not looked is not spoken for.
#[test]
fn case_two_voters_a_guard_that_holds_its_node_is_not_asked_for_a_start() {
    let mut outside = outside(&[]).running(true);
    let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
    node.made = Some(crate::node::tests::spec());
    outside.recorded.get_mut(&at("node.main")).unwrap().complete = true;
    let mut names = |given_up, hold: Option<&str>| {
        let report = GuardReport {
            given_up,
            ..crate::node::voter::tests::report(hold)
        };
        outside.facts.guards.insert(at("node.main"), Some(report));
        let design = outside.design("node.main", Action::Update, false).unwrap();
        effects(&design).join(" ")
    };
    assert_eq!(names(true, None), "resume identity ready");
    assert_eq!(names(true, Some(HELD)), "identity ready");
    assert_eq!(names(false, None), "identity ready");
}

/// What Docker can change on the running container is changed there.
#[test]
fn case_heavy_repair_settings_are_put_right_without_a_stop() {
    let mut outside = outside(&[]).running(true);
    let node = outside.facts.containers.get_mut(&at("node.main")).unwrap();
    node.drifted = true;
    let design = outside.design("node.main", Action::Update, false).unwrap();
    assert_eq!(effects(&design), ["repair", "identity", "ready"]);
}

/// A node whose spec names no memory, on a host with 32 GB.
fn without_memory() -> Outside {
    let mut outside = outside(&[]);
    let node = outside.wanted.get_mut(&at("node.main")).unwrap();
    node.remove("memory");
    let engine = outside.facts.engines.get_mut(DOCKER).unwrap();
    engine.memory = Some(32 << 30);
    outside
}

/// The label of the container that a design makes.
fn memory_of(design: &Design) -> Option<String> {
    let container = design
        .effects
        .iter()
        .find(|effect| effect.name == "container");
    let labels = &container.unwrap().payload["made"]["more"];
    labels
        .get(names::MEMORY)
        .map(|label| label.as_str().unwrap().to_owned())
}

#[test]
fn a_new_container_may_use_a_share_of_the_hosts_memory_and_the_plan_says_it() {
    let said = "it may use 26112m of memory, 80 % of the host's: `memory` says another limit";
    for (action, world) in [
        (Action::Create, without_memory()),
        (Action::Replace, without_memory().running(true)),
    ] {
        let design = world.design("node.main", action, false).unwrap();
        assert_eq!(memory_of(&design), Some((26112_i64 << 20).to_string()));
        assert!(
            design.notes.iter().any(|note| note == said),
            "{:?}",
            design.notes
        );
    }
    // The spec says it, or nobody knows what there is.
    let mut unknown = without_memory();
    unknown.facts.engines.get_mut(DOCKER).unwrap().memory = None;
    let mut named = without_memory();
    let node = named.wanted.get_mut(&at("node.main")).unwrap();
    node.insert("memory".to_owned(), "16g".into());
    for world in [unknown, named] {
        let design = world.design("node.main", Action::Create, false).unwrap();
        assert_eq!(memory_of(&design), None);
        assert!(
            !design.notes.iter().any(|note| note.contains("of memory")),
            "{:?}",
            design.notes
        );
    }
}

#[test]
fn a_container_that_is_there_keeps_the_limit_that_it_was_made_with() {
    for label in [None, Some("1073741824")] {
        let mut world = without_memory().running(true);
        let old = world.facts.containers.get_mut(&at("node.main")).unwrap();
        old.drifted = true;
        let label = label.map(|bytes| (names::MEMORY.to_owned(), bytes.to_owned()));
        old.labels.extend(label.clone());
        let design = world.design("node.main", Action::Update, false).unwrap();
        let text = serde_json::to_string(&design.effects).unwrap();
        assert_eq!(text.contains(names::MEMORY), label.is_some(), "{text}");
        assert_eq!(text.contains("\"1073741824\""), label.is_some(), "{text}");
    }
}
