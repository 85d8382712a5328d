//! What a state says of the world is a hint where to look: whoever can write it has nothing looked at that moves money, no
//! transaction sent to a contract of theirs, and nothing removed that is not the pool's.

use pospool_cli::exit::Exit;
use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress};
use pospool_model::Value;
use pospool_model::state::State;
use pospool_modelchain::{Account, decode_transaction};
use serde_json::{Value as Json, json};

use crate::example_world::{ExampleWorld, operator, spec_of};

const NETWORK: u32 = 1234;
/// Somebody who has no account in the spec.
const STRANGER: Account = [0x16; 20];
const STATE: &str = "pospool.state.json";
/// A volume of somebody else on the same engine.
const THEIRS: &str = "theirs";

/// Where the stranger has put a contract that looks like the one at a place.
fn copy_of(mut place: Account) -> Account {
    place[19] ^= 0xff;
    place
}

struct Victim {
    pool: ExampleWorld,
    /// The genuine state.
    state: Json,
}

impl Victim {
    fn new() -> Self {
        let pool = ExampleWorld::demo(spec_of("private-network"));
        let (world, spec) = (&pool.world, &pool.spec);
        world.engine.add_volume(THEIRS);
        pool.ends(&["apply", "--auto-approve"], Exit::Done);
        // They can say of themselves what they like: that the operator owns them.
        world.chain.copy_contracts(operator(), copy_of);
        // Something of each kind is to be done.
        let changed = spec.replacen("\"90%\"", "\"85%\"", 1);
        world.write_spec(&changed.replacen("conflux-rust:3.0.2", "conflux-rust:3.0.3", 1));
        let state = std::fs::read_to_string(world.path(STATE)).unwrap();
        let state = serde_json::from_str(&state).unwrap();
        Self { pool, state }
    }

    /// With another state, a plan does nothing, and an apply nothing for the stranger. Returns whether anything was done.
    fn survives(&self, planted: &Json, what: &str) -> bool {
        let world = &self.pool.world;
        world.write(STATE, &planted.to_string());
        let (sent, changes) = (world.chain.handed_in().len(), world.engine.changes());
        let _ = self.pool.run(&["plan"]);
        let after = (world.chain.handed_in().len(), world.engine.changes());
        assert_eq!((sent, changes), after, "{what}: a plan does nothing");
        let run = self.pool.run(&["apply", "--auto-approve"]);
        let handed_in = world.chain.handed_in().split_off(sent);
        for raw in &handed_in {
            let raw = pospool_conflux::hex::hex_bytes(raw).unwrap();
            let sent = decode_transaction(&raw, NETWORK).unwrap();
            let is_theirs = |address: Account| address == STRANGER || self.is_copy(address);
            assert!(
                !sent.to.is_some_and(is_theirs),
                "{what}: sent to a stranger\n{}",
                run.out
            );
            let speaks_of = sent.data.windows(20).any(|window| {
                let address: Account = window.try_into().unwrap();
                is_theirs(address)
            });
            assert!(!speaks_of, "{what}: speaks of a stranger\n{}", run.out);
        }
        assert!(world.engine.has_volume(THEIRS), "{what}");
        !handed_in.is_empty() || world.engine.changes() != changes
    }

    fn is_copy(&self, address: Account) -> bool {
        let text = |account| CoreAddress::new(account, NETWORK).to_string();
        self.state.to_string().contains(&text(copy_of(address)))
    }
}

/// Every text of a value, and where.
fn texts(value: &Json, pointer: &str, all: &mut Vec<(String, String)>) {
    match value {
        Json::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                texts(field, &format!("{pointer}/{name}"), all);
            }
        }
        Json::Array(items) => {
            for (nth, item) in items.iter().enumerate() {
                texts(item, &format!("{pointer}/{nth}"), all);
            }
        }
        Json::String(text) => all.push((pointer.to_owned(), text.clone())),
        _ => {}
    }
}

/// What the stranger writes in the place of a text.
fn others(text: &str) -> Vec<String> {
    if let Ok(core) = text.parse::<CoreAddress>() {
        let theirs = [copy_of(core.bytes()), STRANGER];
        return theirs
            .map(|it| CoreAddress::new(it, NETWORK).to_string())
            .to_vec();
    }
    if let Ok(espace) = text.parse::<EspaceAddress>() {
        let theirs = [copy_of(espace.bytes()), STRANGER];
        return theirs.map(|it| EspaceAddress::new(it).to_string()).to_vec();
    }
    let volume = text.starts_with("pospool-").then(|| THEIRS.to_owned());
    let other = if text.starts_with("0x") {
        format!("0x{}", "16".repeat((text.len() - 2) / 2))
    } else {
        format!("{text}0")
    };
    volume.into_iter().chain([other]).collect()
}

#[test]
fn no_record_of_a_state_moves_anything_to_a_stranger() {
    let mut victim = Victim::new();
    let mut all = Vec::new();
    texts(&victim.state["state"], "/state", &mut all);
    all.retain(|(pointer, _)| {
        ["/resources", "/accounts", "/chains", "/outputs"]
            .iter()
            .any(|part| pointer.starts_with(&format!("/state{part}")))
    });
    let mut tried = 0;
    for (pointer, text) in all {
        for other in others(&text) {
            let mut planted = victim.state.clone();
            *planted.pointer_mut(&pointer).unwrap() = json!(other);
            tried += 1;
            if victim.survives(&planted, &format!("{pointer} is {other}")) {
                victim = Victim::new();
            }
        }
    }
    assert!(tried > 40, "{tried}");
}

/// Nothing of these kinds is ever recorded: a record of one would be believed over the spec, the key and the compiler.
#[test]
fn a_record_of_what_is_never_recorded_is_refused() {
    let victim = Victim::new();
    let theirs = EspaceAddress::new(STRANGER).to_string();
    let pool = victim.state["state"]["resources"]["core_contract.pool"].clone();
    for (address, outputs) in [
        ("account.operator", json!({ "espace_address": theirs })),
        (
            "source.contracts",
            json!({ "PoSPool": { "digest": "0x16" } }),
        ),
        ("host.local", json!({ "id": "theirs" })),
        ("chain.private", json!({ "epoch": 1 })),
    ] {
        let mut record = pool.clone();
        record["attributes"] = json!({});
        record["outputs"] = outputs;
        record["depends_on"] = json!([]);
        let mut planted = victim.state.clone();
        planted["state"]["resources"][address] = record;
        assert!(
            !victim.survives(&planted, address),
            "{address}: something was done"
        );
        let run = victim.pool.run(&["plan"]);
        for part in ["state/given-recorded", address] {
            assert!(run.err.contains(part), "{part}: {}", run.err);
        }
    }
}

/// Whoever can write the state has made a copy of each contract, which says that the operator owns it.
#[test]
fn no_contract_of_either_space_is_believed_because_a_state_says_where_it_is() {
    let pool = ExampleWorld::new("both-spaces", 1, spec_of("both-spaces"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    pool.world.chain.copy_contracts(operator(), copy_of);
    pool.world
        .write_spec(&pool.spec.replace("Harbour pool", "Other pool"));
    let genuine = pool.world.store().state().clone();
    let contracts = genuine.resources.iter();
    let contracts = contracts.filter(|(address, _)| address.kind().ends_with("_contract"));
    for (address, recorded) in contracts.clone() {
        let at = recorded.outputs["address"].as_text().unwrap();
        let at: ChainAddress = at.parse().unwrap();
        let theirs = at.beside(copy_of(at.bytes())).to_string();
        let plant = |state: &mut State| {
            *state = genuine.clone();
            let planted = state.resources.get_mut(address).unwrap();
            let place = Value::from(theirs.as_str());
            planted.outputs.insert("address".to_owned(), place);
        };
        pool.world.store().update(plant).unwrap();
        let before = (
            pool.world.chain.handed_in().len(),
            pool.world.engine.changes(),
        );
        for words in [&["plan"][..], &["apply", "--auto-approve"]] {
            let run = pool.ends(words, Exit::Error);
            assert!(run.err.contains("chain/unproven-place"), "{}", run.err);
            assert!(
                run.err.contains(&theirs) && run.out.is_empty(),
                "{}",
                run.out
            );
        }
        let after = (
            pool.world.chain.handed_in().len(),
            pool.world.engine.changes(),
        );
        assert_eq!(before, after, "{address}");
    }
    assert_eq!(contracts.count(), 6);
    pool.world
        .store()
        .update(|state| *state = genuine.clone())
        .unwrap();
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
}
