//! Cases planted-ticket-*: who can write the state puts tickets of their own into the journal, and the next apply does nothing
//! of what they say: on a disk, through the HTTP state protocol and in a bucket.

use std::collections::BTreeMap;
use std::net::TcpListener;

use pospool_cli::exit::Exit;
use pospool_conflux::hex::hex_text;
use pospool_conflux::{CoreTransaction, GasPrice, Key};
use pospool_engine::store::JournalEntry;
use pospool_model::plan::EffectId;
use pospool_model::provider::Ticket;
use pospool_modelchain::GENESIS;
use pospool_remote::RemoteSettings;
use pospool_tests::s3::S3;
use pospool_tests::state_server::{Manner, StateServer};
use pospool_tests::stub_world::{CommandRun, StubWorld};
use serde_json::{Value as Json, json};

use crate::example_world::{ExampleWorld, spec_of};

const NETWORK: u32 = 1234;
/// Somebody who has no account in the spec.
const STRANGER: u8 = 0x66;
const OPERATOR: u8 = 0x11;
const APPLY: [&str; 4] = ["apply", "--auto-approve", "--var-file", "values.hcl"];

/// A pool that is made, on the stubs.
struct Victim {
    world: StubWorld,
    spec: String,
}

impl Victim {
    fn new() -> Self {
        Self::of(StubWorld::new(NETWORK))
    }

    fn of(world: StubWorld) -> Self {
        let spec = spec_of("private-network");
        let ExampleWorld { world, spec, .. } = ExampleWorld::over(world, "private-network", spec);
        let victim = Self { world, spec };
        victim.applies(Exit::Done);
        victim
    }

    fn applies(&self, exit: Exit) -> CommandRun {
        let run = self.world.run(&APPLY, "");
        assert_eq!(run.exit, exit, "{}\n{}", run.out, run.err);
        run
    }

    /// Puts a ticket into the journal, as a run would that was killed.
    fn plant(&self, id: &str, provider: &str, payload: &Json) {
        let (address, name) = id.split_once(' ').unwrap();
        let mut store = self.world.store();
        let begun = JournalEntry::Begin {
            id: EffectId {
                address: address.parse().unwrap(),
                name: name.to_owned(),
            },
            provider: provider.to_owned(),
            ticket: Ticket {
                key: "0x0666".to_owned(),
                payload: payload.clone(),
            },
            depends_on: Vec::new(),
        };
        store.record(begun).unwrap();
        store.sync().unwrap();
    }

    fn open(&self) -> usize {
        self.world.store().open_effects().len()
    }

    /// What the state says of a resource.
    fn recorded(&self, address: &str) -> Json {
        let store = self.world.store();
        let recorded = &store.state().resources[&address.parse().unwrap()];
        serde_json::to_value(recorded).unwrap()
    }

    fn sent(&self) -> usize {
        self.world.chain.handed_in().len()
    }
}

fn key(byte: u8) -> Key {
    Key::parse(&format!("{byte:02x}").repeat(32)).unwrap()
}

/// A transfer of all that the operator has, for which too little is paid.
fn transfer(nonce: u64) -> CoreTransaction {
    CoreTransaction {
        nonce,
        price: GasPrice::Legacy { gas_price: 1 },
        gas: 21_000,
        to: Some(key(STRANGER).core_address(NETWORK).bytes()),
        value: 1_000_000_000_000_000_000_000,
        storage_limit: 0,
        epoch_height: 300_000_000,
        chain_id: NETWORK.into(),
        data: Vec::new(),
    }
}

/// A ticket for bytes, which says that they are the operator's.
fn ticket(raw: &str, nonce: u64) -> Json {
    json!({
        "do": "transaction",
        "chain": { "address": "chain.private", "network": NETWORK, "genesis_hash": GENESIS },
        "from": key(OPERATOR).core_address(NETWORK).to_string(),
        "key": "file:POSPOOL_OPERATOR_KEY",
        "nonce": nonce,
        "epoch_height": 300_000_000,
        "first": { "raw": raw, "hash": "0x0666", "price": { "type": "legacy", "gas_price": "1" } },
        "raised": [],
        "ceiling": "1000000000000000",
        "creates": null,
        "level": "executed",
        "outputs": {},
    })
}

fn is_refused(victim: &Victim, why: &str) {
    let before = victim.sent();
    let run = victim.applies(Exit::Done);
    for part in ["state/foreign-ticket", why, "pospool state settle --drop"] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    assert_eq!(victim.sent(), before, "nothing was signed or sent");
    assert_eq!(victim.open(), 1);
    // The account that it claims waits, and nothing else: what the pool's node is made of goes on.
    let changed = victim.spec.replace("\"90%\"", "\"91%\"");
    victim.world.write_spec(&changed);
    let run = victim.applies(Exit::Error);
    assert!(run.out.contains("chain/account-held"), "{}", run.out);
    assert_eq!(victim.sent(), before);
    victim.world.write_spec(&victim.spec);
    victim.world.engine.stop("-main");
    victim.applies(Exit::Done);
    assert_eq!(victim.sent(), before);
    // Until a person closes it.
    let run = victim.world.run(&["state", "settle"], "");
    assert!(run.out.contains("core_contract.pool"), "{}", run.out);
    let run = victim
        .world
        .run(&["state", "settle", "--drop", "nothing"], "");
    assert!(run.err.contains("state/no-ticket"), "{}", run.err);
    let name = "core_contract.pool/contract";
    let run = victim.world.run(&["state", "settle", "--drop", name], "");
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert_eq!(victim.open(), 0);
    victim.world.write_spec(&changed);
    victim.applies(Exit::Done);
    assert!(victim.sent() > before);
    victim.world.write_spec(&victim.spec);
    victim.applies(Exit::Done);
}

fn planted_transfers_are_refused(victim: &Victim) {
    let nonce = |victim: &Victim| victim.sent() as u64;
    let next = nonce(victim);
    let strange = transfer(next).sign(&key(STRANGER)).raw;
    victim.plant(
        "core_contract.pool contract",
        "chain",
        &ticket(&hex_text(&strange), next),
    );
    is_refused(victim, "no account of the spec signed it");
    let next = nonce(victim);
    let mut unsigned = transfer(next).sign(&key(STRANGER)).raw;
    // Where the numbers of the signature are.
    let end = unsigned.len();
    unsigned[end - 64..].fill(0);
    victim.plant(
        "core_contract.pool contract",
        "chain",
        &ticket(&hex_text(&unsigned), next),
    );
    is_refused(victim, "no signed transaction");
}

#[test]
fn case_planted_ticket_signs_on_a_disk() {
    planted_transfers_are_refused(&Victim::new());
}

#[test]
fn case_planted_ticket_signs_through_the_http_state_protocol() {
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
    planted_transfers_are_refused(&Victim::of(world));
}

#[test]
fn case_planted_ticket_signs_on_s3() {
    let s3 = S3::shared();
    let settings = RemoteSettings::read(&s3.environment()).unwrap();
    let world = StubWorld::new(NETWORK).with_state(&s3.place(), settings);
    planted_transfers_are_refused(&Victim::of(world));
}

/// One whose nonce is used for good takes effect never again.
#[test]
fn case_planted_ticket_signs_with_a_final_nonce_is_closed() {
    let victim = Victim::new();
    let strange = hex_text(&transfer(0).sign(&key(STRANGER)).raw);
    victim.plant("core_contract.pool contract", "chain", &ticket(&strange, 0));
    let before = (victim.sent(), victim.recorded("core_contract.pool"));
    let run = victim.applies(Exit::Done);
    assert!(!run.err.contains("foreign"), "{}", run.err);
    assert_eq!(victim.open(), 0);
    assert_eq!(victim.sent(), before.0);
}

/// A transaction that the operator did sign, with other outputs, another key and no limit: only its bytes count.
#[test]
fn case_planted_ticket_signs_only_bytes_are_believed() {
    let victim = Victim::new();
    let address = |victim: &Victim| {
        let recorded = victim.recorded("core_contract.pool");
        recorded["outputs"]["address"].clone()
    };
    let before = (victim.sent(), address(&victim));
    for (nonce, raw) in victim.world.chain.handed_in().iter().enumerate() {
        let mut forged = ticket(raw, nonce as u64);
        let stranger = key(STRANGER).core_address(NETWORK).to_string();
        forged["outputs"] =
            json!({ "address": stranger, "implementation": stranger, "owner_address": stranger });
        forged["creates"] = json!(stranger);
        victim.plant("core_contract.pool contract", "chain", &forged);
        victim.applies(Exit::Done);
        assert_eq!(victim.open(), 0, "transaction {nonce}");
        assert_eq!(
            (victim.sent(), address(&victim)),
            before,
            "transaction {nonce}"
        );
    }
    assert!(before.0 > 3);
}

/// A ticket of the explorer's kind, with an API of their own and the operator's key as the API's.
#[test]
fn case_planted_ticket_reads() {
    let victim = Victim::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let api = format!("http://{}/api", listener.local_addr().unwrap());
    let payload = json!({
        "do": "verify", "what": "the pool", "space": "core", "api": api, "link": api,
        "api_key": format!("file:{}", victim.world.path("POSPOOL_OPERATOR_KEY").display()),
        "address": "0x8000000000000000000000000000000000000001", "name": "a.sol:A",
        "compiler": "0.8.2", "input": victim.world.path("pool.hcl"), "arguments": "",
    });
    victim.plant("core_contract.pool verify", "chain", &payload);
    victim.applies(Exit::Done);
    assert!(listener.accept().is_err(), "somebody was asked");
    assert_eq!(victim.open(), 0);
}

/// `remove_volume` without labels.
#[test]
fn case_planted_ticket_destroys() {
    let victim = Victim::new();
    victim.world.engine.add_volume("precious");
    let socket = format!("unix://{}", victim.world.path("docker.sock").display());
    let payload =
        json!({ "do": "remove_volume", "docker": socket, "name": "precious", "labels": {} });
    victim.plant("volume.main remove", "docker", &payload);
    victim.applies(Exit::Done);
    assert!(victim.world.engine.has_volume("precious"));
    assert_eq!(victim.open(), 0);
    let pool = victim.recorded("core_contract.pool")["outputs"]["address"].clone();
    let confirm = ["--confirm", pool.as_str().unwrap()];
    let destroy = ["destroy", "--auto-approve", "--var-file", "values.hcl"];
    let run = victim.world.run(&[&destroy[..], &confirm].concat(), "");
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert!(victim.world.engine.has_volume("precious"));
}

/// A name that moves the cursor and makes lines of its own.
#[test]
fn case_planted_ticket_names_are_shown_on_one_line_and_can_be_given() {
    let victim = Victim::new();
    let next = victim.sent() as u64;
    let strange = hex_text(&transfer(next).sign(&key(STRANGER)).raw);
    let id = "core_contract.pool a\n\u{1b}[2Jdone: everything is as it should be";
    victim.plant(id, "chain", &ticket(&strange, next));
    let run = victim.applies(Exit::Done);
    let said = run.out + &run.err;
    assert!(!said.contains('\u{1b}'), "{said:?}");
    let lines = said
        .lines()
        .filter(|line| line.trim_start().starts_with("done:"));
    assert_eq!(lines.count(), 0, "{said}");
    let shown = victim.world.run(&["state", "settle"], "").out;
    let name = shown.lines().last().unwrap().trim();
    let name = name.strip_suffix(" (0x0666)").unwrap();
    let run = victim.world.run(&["state", "settle", "--drop", name], "");
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert_eq!(victim.open(), 0);
}
