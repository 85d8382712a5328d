//! Who can write where a state is kept puts something genuine into another place, or something else into each place of the
//! document: nothing is signed, sent or removed for them.

use std::collections::BTreeMap;

use pospool_cli::exit::Exit;
use pospool_conflux::hex::hex_bytes;
use pospool_conflux::{CoreAddress, Key};
use pospool_engine::store::{JournalEntry, Store};
use pospool_model::plan::EffectId;
use pospool_model::provider::Ticket;
use pospool_modelchain::{GENESIS, decode_transaction};
use pospool_remote::RemoteSettings;
use pospool_tests::state_server::{Manner, StateServer};
use pospool_tests::stub_world::StubWorld;
use serde_json::{Value as Json, json};

use crate::example_world::{ExampleWorld, spec_of};

const NETWORK: u32 = 1234;
const STATE: &str = "pospool.state.json";
/// A volume of somebody else on the same engine.
const THEIRS: &str = "theirs";

/// The pool of the demo, whose state an HTTP server keeps.
struct Served {
    server: StateServer,
    pool: ExampleWorld,
    document: Json,
}

impl Served {
    fn new() -> Self {
        let server = StateServer::start(Manner::Plain);
        let names = [
            ("POSPOOL_HTTP_USERNAME", "pool"),
            ("POSPOOL_HTTP_PASSWORD", "hunter2"),
        ];
        let environment: BTreeMap<String, String> = names
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let settings = RemoteSettings::read(&environment).unwrap();
        let world = StubWorld::new(NETWORK).with_state(server.url(), settings);
        let pool = ExampleWorld::over(world, "private-network", spec_of("private-network"));
        pool.world.engine.add_volume(THEIRS);
        pool.ends(&["apply", "--auto-approve"], Exit::Done);
        // A replaced state is kept in the document too.
        pool.edit("\"90%\"", "\"85%\"");
        pool.ends(&["apply", "--auto-approve"], Exit::Done);
        let document = server.document();
        Self {
            server,
            pool,
            document,
        }
    }

    /// Nothing is done under another document: the outside is as the spec wants it already. Returns whether it was believed.
    fn does_nothing_under(&self, document: &Json, what: &str) -> bool {
        self.server
            .replace_document(document.to_string().as_bytes());
        let world = &self.pool.world;
        let before = (world.chain.handed_in(), world.engine.changes());
        let mut is_believed = false;
        for line in [
            &["plan"][..],
            &["apply", "--auto-approve"],
            &["state", "restore", "1"],
            &["apply", "--auto-approve"],
        ] {
            let run = match line[0] {
                "state" => world.run(line, ""),
                _ => self.pool.run(line),
            };
            let after = (world.chain.handed_in(), world.engine.changes());
            assert_eq!(before, after, "{what}: {line:?}\n{}\n{}", run.out, run.err);
            assert!(world.engine.has_volume(THEIRS), "{what}");
            is_believed |= line[0] == "plan" && run.exit == Exit::Done;
        }
        is_believed
    }
}

/// Every value of a document that holds no others, and where; what a state says is another test's.
fn leaves(value: &Json, pointer: &str, all: &mut Vec<String>) {
    match value {
        Json::Object(fields) if !fields.is_empty() => {
            for (name, field) in fields {
                if pointer != "/snapshot/state" || name == "serial" || name == "version" {
                    leaves(field, &format!("{pointer}/{name}"), all);
                }
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (nth, item) in items.iter().enumerate() {
                leaves(item, &format!("{pointer}/{nth}"), all);
            }
        }
        _ => all.push(pointer.to_owned()),
    }
}

/// What somebody writes in the place of a value.
fn others(value: &Json) -> Vec<Json> {
    match value {
        Json::Number(number) => {
            let number = number.as_u64().unwrap_or_default();
            [0, number + 1, 1 << 52, u64::MAX].map(Json::from).to_vec()
        }
        Json::String(text) => {
            let half = text.get(..text.len() / 2).unwrap_or_default();
            vec![json!(""), json!(half), json!(format!("{text}0"))]
        }
        _ => vec![json!("01234567 {}\n"), json!({}), json!(7)],
    }
}

#[test]
fn no_field_of_a_remote_document_makes_anything_happen() {
    let served = Served::new();
    let mut all = Vec::new();
    leaves(&served.document, "", &mut all);
    for part in ["/serial", "/lease/id", "/journal", "/backups/0/number"] {
        assert!(all.iter().any(|it| it == part), "{part}: {all:?}");
    }
    assert!(served.does_nothing_under(&served.document, "the genuine one"));
    let (mut tried, mut believed) = (0, 0);
    for pointer in all {
        for other in others(served.document.pointer(&pointer).unwrap()) {
            let mut planted = served.document.clone();
            *planted.pointer_mut(&pointer).unwrap() = other.clone();
            tried += 1;
            let what = format!("{pointer} is {other}");
            believed += usize::from(served.does_nothing_under(&planted, &what));
        }
    }
    // Some of it is refused; in most places a document may say what it will.
    assert!(
        tried > 40 && believed > 10 && believed < tried,
        "{believed} of {tried}"
    );
}

#[test]
fn an_older_genuine_document_is_seen_and_nothing_is_signed() {
    let served = Served::new();
    let pool = &served.pool;
    let older = served.document.clone();
    pool.edit("\"90%\"", "\"80%\"");
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    served.server.replace_document(older.to_string().as_bytes());
    let sent = pool.world.chain.handed_in().len();
    pool.edit("\"90%\"", "\"70%\"");
    let run = pool.ends(&["apply", "--auto-approve"], Exit::Protected);
    assert!(run.err.contains("state/other-hand"), "{}", run.err);
    assert_eq!(pool.world.chain.handed_in().len(), sent);
}

/// A genuine older state with its right seal, and nothing that moved on the chain meanwhile.
#[test]
fn an_older_genuine_sealed_state_is_seen_and_nothing_is_signed() {
    let spec = spec_of("private-network");
    let sealed = format!("state {{\n  key = file(\"state-key\")\n}}\n\n{spec}");
    let mut pool = ExampleWorld::demo(spec);
    pool.spec = sealed;
    pool.world.write_spec(&pool.spec);
    pool.world.write_key("state-key", 0x5e);
    // The world begins with a state in plain.
    let run = pool.world.run(&["state", "seal"], "");
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let path = pool.world.path(STATE);
    let older = std::fs::read(&path).unwrap();
    assert!(String::from_utf8_lossy(&older).contains("\"seal\""));
    pool.edit("conflux-rust:3.0.2", "conflux-rust:3.0.3");
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    std::fs::write(&path, &older).unwrap();
    pool.edit("\"90%\"", "\"70%\"");
    let sent = pool.world.chain.handed_in().len();
    let changes = pool.world.engine.changes();
    for line in [&["plan"][..], &["apply", "--auto-approve"]] {
        let run = pool.ends(line, Exit::BadState);
        assert!(run.err.contains("state/older"), "{}", run.err);
    }
    assert_eq!(pool.world.chain.handed_in().len(), sent);
    assert_eq!(pool.world.engine.changes(), changes);
    assert_eq!(std::fs::read(&path).unwrap(), older);
}

/// A ticket of a creation that was signed by an account, with what it leaves behind.
fn creation(from: &str, raw: &str, nonce: u64, address: &str) -> Ticket {
    let price = json!({ "type": "legacy", "gas_price": "1" });
    Ticket {
        key: "0x0777".to_owned(),
        payload: json!({
            "do": "transaction",
            "chain": { "address": "chain.private", "network": NETWORK, "genesis_hash": GENESIS },
            "from": from,
            "key": "file:POSPOOL_OPERATOR_KEY",
            "nonce": nonce,
            "epoch_height": 300_000_000,
            "first": { "raw": raw, "hash": "0x0777", "price": price },
            "raised": [],
            "ceiling": "1000000000000000",
            "creates": address,
            "level": "executed",
            "outputs": { "address": address },
        }),
    }
}

fn begin(store: &mut Store, address: &str, ticket: Ticket) {
    let begun = JournalEntry::Begin {
        id: EffectId {
            address: address.parse().unwrap(),
            name: "contract".to_owned(),
        },
        provider: "chain".to_owned(),
        ticket,
        depends_on: Vec::new(),
    };
    store.record(begun).unwrap();
    store.sync().unwrap();
}

const MANAGER: &str = "core_contract \"m\" {\n  code       = source.contracts.PoolManager\n  proxy      = true\n  \
                       settings   = { pools = [core_contract.pool] }\n  depends_on = [core_contract.pool]\n}\n";

/// The tickets of two contracts that an account of the spec made, each under the name of the other one. Both are signed, so
/// both addresses are proven; which of them is which is not.
#[test]
fn two_genuine_tickets_that_are_swapped_send_nothing_to_the_wrong_contract() {
    let spec = format!("{}\n{MANAGER}", spec_of("private-network"));
    let pool = ExampleWorld::demo(spec);
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let recorded = |address: &str| {
        let store = pool.world.store();
        let outputs = &store.state().resources[&address.parse().unwrap()].outputs;
        outputs["address"].as_text().unwrap().to_owned()
    };
    let names = ["core_contract.pool", "core_contract.m"];
    let places = names.map(recorded);
    let operator = Key::parse(&"11".repeat(32)).unwrap();
    let from = operator.core_address(NETWORK);
    let made = pool.world.chain.handed_in();
    let creations = places.clone().map(|place| {
        let nth = made.iter().enumerate().find(|(nonce, raw)| {
            let raw = hex_bytes(raw).unwrap();
            let sent = decode_transaction(&raw, NETWORK).unwrap();
            let nonce = *nonce as u64;
            let created = CoreAddress::of_creation(from, nonce, &sent.data);
            sent.to.is_none() && created.to_string() == place
        });
        let (nonce, raw) = nth.unwrap();
        creation(&from.to_string(), raw, nonce as u64, &place)
    });
    let mut store = pool.world.store();
    let [of_pool, of_manager] = creations;
    begin(&mut store, names[0], of_manager);
    begin(&mut store, names[1], of_pool);
    drop(store);
    let done = || {
        let world = &pool.world;
        (world.chain.handed_in().len(), world.engine.changes())
    };
    let before = done();
    let _ = pool.run(&["plan"]);
    assert_eq!(before, done());
    // Each is settled as what its bytes say, and then the look finds the key of the node bound to the other contract.
    let run = pool.ends(&["apply", "--auto-approve"], Exit::Error);
    assert!(run.err.contains("chain/already-registered"), "{}", run.err);
    assert_eq!(before, done(), "{}\n{}", run.out, run.err);
    assert!(pool.world.store().open_effects().is_empty());
}
