//! The narrow way in for the fuzz targets (`tests/fuzz`): readers that are pure and not public otherwise.
//!
//! - Reads: bytes that a fuzzer chose.
//! - Returns: nothing; a broken promise is a panic.
//! - Never: is called by the program, or reaches an engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use bollard::models::{ContainerInspectResponse, ContainerSummary, CreateImageInfo};
use pospool_model::provider::{ObserveContext, Target};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Value};

use crate::client::{Engine, Layers, listed_container, socket_path};
use crate::facts::{DockerFacts, EngineFacts};
use crate::memory::{format_memory, parse_memory};
use crate::names::{self, ImageRef, Name};
use crate::node::{NodeKind, observe};
use crate::view::EngineView;
use crate::workload::ObservedContainer;
use crate::workload::look::own_container;
use crate::workload::observe::show_container;
use crate::{failures, rpc, toml};

const LINEAGE: &str = "5f0c1a7be2d94c3386a1f4e0b7d29c55";

/// What a run knows of the one node that the answers below are about.
struct FuzzHarness {
    address: Address,
    wanted: BTreeMap<Address, Attributes>,
    recorded: Recorded,
    outputs: BTreeMap<Address, Attributes>,
    used: BTreeSet<String>,
}

fn desk() -> &'static FuzzHarness {
    static DESK: OnceLock<FuzzHarness> = OnceLock::new();
    DESK.get_or_init(|| {
        let address: Address = "node.main".parse().expect("a good address");
        let data = Value::Resource("volume.main".parse().expect("a good address"));
        let attributes = Attributes::from([("data".to_owned(), data)]);
        let outputs = ["container_id", "started_at", "image_id", "pos_address"];
        let outputs = outputs.map(|name| (name.to_owned(), Value::from("a")));
        FuzzHarness {
            wanted: BTreeMap::from([(address.clone(), attributes.clone())]),
            recorded: Recorded {
                attributes,
                outputs: outputs.into(),
                complete: true,
                ..Recorded::default()
            },
            address,
            outputs: BTreeMap::new(),
            used: BTreeSet::new(),
        }
    })
}

/// A view of an engine that nobody asks.
fn view(containers: Vec<crate::client::ListedContainer>) -> EngineView {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine =
        ENGINE.get_or_init(|| Engine::connect("unix:///nowhere").expect("nothing is sent yet"));
    EngineView {
        maps_users: false,
        volumes: Vec::new(),
        docker: "unix:///nowhere".to_owned(),
        engine: engine.clone(),
        containers,
        facts: EngineFacts::default(),
    }
}

/// Reads an engine's description of a container.
pub fn fuzz_inspected(json: &[u8]) {
    let Ok(found) = serde_json::from_slice::<ContainerInspectResponse>(json) else {
        return;
    };
    let desk = desk();
    let scene = ObserveContext {
        lineage: LINEAGE,
        accounts: &BTreeMap::new(),
        wanted: &desk.wanted,
        outputs: &desk.outputs,
    };
    let state = found.state.clone().unwrap_or_default();
    let log = state.error.clone().unwrap_or_default();
    let lines: Vec<String> = log.lines().map(str::to_owned).collect();
    let _ = failures::explain_exit("node.main", &state, &lines).to_string();
    let id = found.id.clone().unwrap_or_default();
    let (Ok(id), Ok(name)) = (Name::new(id), names::object_name(LINEAGE, &desk.address)) else {
        return;
    };
    let view = view(Vec::new());
    for recorded in [None, Some(&desk.recorded)] {
        let target = Target {
            address: &desk.address,
            wanted: desk.wanted.get(&desk.address),
            recorded,
            used: &desk.used,
        };
        let seen = ObservedContainer {
            target: &target,
            scene: &scene,
            view: &view,
            id: id.clone(),
            found: found.clone(),
            name: name.clone(),
            aside: None,
        };
        let attributes = show_container(&NodeKind, &seen, &DockerFacts::default()).attributes;
        assert!(!attributes.contains_key("pos_key_password"));
        assert!(attributes.contains_key("hardening"));
        let _ = seen.container("running", false);
    }
}

/// Reads an engine's list of containers.
pub fn fuzz_listing(json: &[u8]) {
    let Ok(found) = serde_json::from_slice::<Vec<ContainerSummary>>(json) else {
        return;
    };
    let desk = desk();
    let scene = ObserveContext {
        lineage: LINEAGE,
        accounts: &BTreeMap::new(),
        wanted: &desk.wanted,
        outputs: &desk.outputs,
    };
    let target = Target {
        address: &desk.address,
        wanted: desk.wanted.get(&desk.address),
        recorded: Some(&desk.recorded),
        used: &desk.used,
    };
    let view = view(found.into_iter().map(listed_container).collect());
    let Ok(name) = names::object_name(LINEAGE, &desk.address) else {
        return;
    };
    if let Ok(own) = own_container(&target, &scene, &view, &name) {
        let own = own.map(|own| own.one);
        let _ = observe::refuse_second_user(&target, &scene, &view, own, &BTreeMap::new());
    }
}

/// Reads lines of a pull.
pub fn fuzz_pulled(lines: &[u8]) {
    let mut layers = Layers::default();
    for line in lines.split(|&byte| byte == b'\n') {
        if let Ok(line) = serde_json::from_slice::<CreateImageInfo>(line) {
            let _ = layers.note(line);
        }
    }
}

/// Reads what a node answered inside of its container.
pub fn fuzz_node_answer(text: &str) {
    if let Some(answers) = rpc::parse_answers(text, 2)
        && let Ok(Some(identity)) = rpc::read_identity(&answers)
    {
        let hex = |text: &str| text[2..].bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(identity.pos_address.len() == 66 && hex(&identity.pos_address));
        assert!(hex(&identity.register_data));
        assert_eq!(identity.register_data[10..74], identity.pos_address[2..]);
    }
    if let Some(progress) =
        rpc::parse_answers(text, 5).and_then(|answers| rpc::read_progress(&answers))
    {
        let _ = (progress.is_ready(), progress.line());
    }
}

/// Reads small texts: names, image references, amounts of memory, engines.
pub fn fuzz_texts(text: &str) {
    let _ = socket_path(text);
    if let Ok(name) = Name::new(text) {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(image) = ImageRef::parse(text) {
        assert_eq!(image.to_string(), text);
        let _ = (image.release(), image.tagged());
    }
    if let Ok(lines) = toml::parse_flat(text) {
        for (_, value) in &lines {
            let _ = toml::plain_string(value);
        }
    }
    if let Some(memory) = parse_memory(text) {
        assert_eq!(parse_memory(&format_memory(memory)), Some(memory));
    }
}
