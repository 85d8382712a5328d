//! The narrow way in for the fuzz targets (`tests/fuzz`): readers that are pure and not public otherwise.
//!
//! - Reads: bytes that a fuzzer chose.
//! - Returns: nothing; a broken promise is a panic.
//! - Never: is called by the program, or reaches an engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use bollard::models::{ContainerInspectResponse, ContainerSummary, CreateImageInfo};
use pospool_model::provider::{Scene, Target};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Value};

use crate::client::{Engine, Layers, listed, socket};
use crate::facts::{DockerFacts, EngineFacts};
use crate::names::{self, ImageRef, Name};
use crate::node::wish::{bytes, bytes_text};
use crate::node::{Node, observe};
use crate::observe::View;
use crate::workload::Seen;
use crate::workload::look::own_container;
use crate::workload::observe::shown;
use crate::{failures, rpc, toml};

const LINEAGE: &str = "5f0c1a7be2d94c3386a1f4e0b7d29c55";

/// What a run knows of the one node that the answers below are about.
struct Desk {
    address: Address,
    wanted: BTreeMap<Address, Attributes>,
    recorded: Recorded,
    outputs: BTreeMap<Address, Attributes>,
    used: BTreeSet<String>,
}

fn desk() -> &'static Desk {
    static DESK: OnceLock<Desk> = OnceLock::new();
    DESK.get_or_init(|| {
        let address: Address = "node.main".parse().expect("a good address");
        let data = Value::Resource("volume.main".parse().expect("a good address"));
        let attributes = Attributes::from([("data".to_owned(), data)]);
        let outputs = ["container_id", "started_at", "image_id", "pos_address"];
        let outputs = outputs.map(|name| (name.to_owned(), Value::from("a")));
        Desk {
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
fn view(containers: Vec<crate::client::Listed>) -> View {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine =
        ENGINE.get_or_init(|| Engine::connect("unix:///nowhere").expect("nothing is sent yet"));
    View {
        maps_users: false,
        volumes: Vec::new(),
        docker: "unix:///nowhere".to_owned(),
        engine: engine.clone(),
        containers,
        facts: EngineFacts::default(),
    }
}

/// Reads an engine's description of a container.
pub fn inspected(json: &[u8]) {
    let Ok(found) = serde_json::from_slice::<ContainerInspectResponse>(json) else {
        return;
    };
    let desk = desk();
    let scene = Scene {
        lineage: LINEAGE,
        wanted: &desk.wanted,
        outputs: &desk.outputs,
    };
    let state = found.state.clone().unwrap_or_default();
    let log = state.error.clone().unwrap_or_default();
    let lines: Vec<String> = log.lines().map(str::to_owned).collect();
    let _ = failures::explain("node.main", &state, &lines).to_string();
    let id = found.id.clone().unwrap_or_default();
    let (Ok(id), Ok(name)) = (Name::new(id), names::object(LINEAGE, &desk.address)) else {
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
        let seen = Seen {
            target: &target,
            scene: &scene,
            view: &view,
            id: id.clone(),
            found: found.clone(),
            name: name.clone(),
            aside: None,
        };
        let (attributes, _) = shown(&Node, &seen, &DockerFacts::default());
        assert!(!attributes.contains_key("pos_key_password"));
        assert!(attributes.contains_key("hardening"));
        let _ = seen.container("running", false);
    }
}

/// Reads an engine's list of containers.
pub fn listing(json: &[u8]) {
    let Ok(found) = serde_json::from_slice::<Vec<ContainerSummary>>(json) else {
        return;
    };
    let desk = desk();
    let scene = Scene {
        lineage: LINEAGE,
        wanted: &desk.wanted,
        outputs: &desk.outputs,
    };
    let target = Target {
        address: &desk.address,
        wanted: desk.wanted.get(&desk.address),
        recorded: Some(&desk.recorded),
        used: &desk.used,
    };
    let view = view(found.into_iter().map(listed).collect());
    let Ok(name) = names::object(LINEAGE, &desk.address) else {
        return;
    };
    if let Ok(own) = own_container(&target, &scene, &view, &name) {
        let own = own.map(|own| own.one);
        let _ = observe::refuse_second_user(&target, &scene, &view, own, &BTreeMap::new());
    }
}

/// Reads lines of a pull.
pub fn pulled(lines: &[u8]) {
    let mut layers = Layers::default();
    for line in lines.split(|&byte| byte == b'\n') {
        if let Ok(line) = serde_json::from_slice::<CreateImageInfo>(line) {
            let _ = layers.note(line);
        }
    }
}

/// Reads what a node answered inside of its container.
pub fn node_answer(text: &str) {
    if let Some(answers) = rpc::answers(text, 2)
        && let Ok(Some(identity)) = rpc::read_identity(&answers)
    {
        let hex = |text: &str| text[2..].bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(identity.pos_address.len() == 66 && hex(&identity.pos_address));
        assert!(hex(&identity.register_data));
        assert_eq!(identity.register_data[10..74], identity.pos_address[2..]);
    }
    if let Some(progress) = rpc::answers(text, 5).and_then(|answers| rpc::read_progress(&answers)) {
        let _ = (progress.is_ready(), progress.line());
    }
}

/// Reads small texts: names, image references, amounts of memory, engines.
pub fn texts(text: &str) {
    let _ = socket(text);
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
    if let Some(memory) = bytes(text) {
        assert_eq!(bytes(&bytes_text(memory)), Some(memory));
    }
}
