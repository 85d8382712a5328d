//! Who can write the state says that an account of the spec is theirs, and has what the spec does not write down: no money goes
//! to a pool that they made, and no wallet is asked for a call that names them.

use pospool_cli::exit::Exit;
use pospool_conflux::hex::hex_text;
use pospool_conflux::{CoreAddress, Key};
use pospool_model::state::{AccountIdentity, State};
use pospool_model::{Address, SecretRef, Value};

use crate::example_world::{ExampleWorld, spec_of};

const NETWORK: u32 = 1234;
const OPERATOR: u8 = 0x11;
const STRANGER: u8 = 0x22;
const SECOND: u8 = 0x33;
const SAFE: u8 = 0x44;
const HOST: &str = "host \"local\" {}";

fn victim_of(spec: String) -> ExampleWorld {
    let victim = ExampleWorld::demo(spec);
    victim.world.write_key("second-key", SECOND);
    victim.world.write_key("their-key", STRANGER);
    victim
}

fn plant(victim: &ExampleWorld, change: impl FnOnce(&mut State)) {
    victim.world.store().update(change).unwrap();
}

/// The second account is the stranger's.
fn second_is_theirs(victim: &ExampleWorld, state: &mut State) {
    let account = AccountIdentity {
        secret: SecretRef::File(victim.world.path("second-key")),
        address: core(STRANGER).to_string(),
        espace_address: key(STRANGER).espace_address().to_string(),
    };
    state.accounts.insert(named("account.second"), account);
}

fn demo() -> String {
    let owned = "  owner    = account.operator\n  proxy    = true";
    spec_of("private-network").replacen("  proxy    = true", owned, 1)
}

fn with_account(spec: &str, label: &str, line: &str) -> String {
    let account = format!("account \"{label}\" {{\n  {line}\n}}\n\n{HOST}");
    spec.replacen(HOST, &account, 1)
}

fn key(byte: u8) -> Key {
    Key::parse(&format!("{byte:02x}").repeat(32)).unwrap()
}

fn core(byte: u8) -> CoreAddress {
    key(byte).core_address(NETWORK)
}

fn named(name: &str) -> Address {
    name.parse().unwrap()
}

const SECOND_KEY: &str = "private_key = file(\"/run/secrets/second-key\")";

#[test]
fn no_money_goes_to_a_pool_that_a_planted_account_made() {
    // Made from the same source, by somebody else.
    let theirs = with_account(
        &demo(),
        "theirs",
        "private_key = file(\"/run/secrets/their-key\")",
    );
    let theirs = theirs.replacen(
        "owner    = account.operator",
        "owner    = account.theirs",
        1,
    );
    for is_planted in [false, true] {
        let victim = victim_of(theirs.clone());
        let part = ["apply", "--auto-approve", "--target", "core_contract.pool"];
        victim.ends(&part, Exit::Done);
        victim
            .world
            .write_spec(&with_account(&demo(), "second", SECOND_KEY));
        plant(&victim, |state| {
            state.counters.clear();
            state.accounts.clear();
            if is_planted {
                second_is_theirs(&victim, state);
            }
            let pool = state.resources.get_mut(&named("core_contract.pool"));
            let owner = Value::Resource(named("account.operator"));
            pool.unwrap().attributes.insert("owner".to_owned(), owner);
        });
        // Whose it is, their contract may say as they like.
        victim.world.chain.hand_over(core(OPERATOR).bytes());
        let before = victim.world.chain.handed_in().len();
        let run = victim.ends(&["apply", "--auto-approve"], Exit::Error);
        assert_eq!(victim.world.chain.handed_in().len(), before, "{}", run.err);
        let code = if is_planted {
            "chain/no-key"
        } else {
            "chain/unproven-place"
        };
        assert!(run.err.contains(code), "{code}: {}", run.err);
    }
}

#[test]
fn no_wallet_is_asked_for_a_call_that_names_a_planted_account() {
    let safe = format!("address = \"{}\"", core(SAFE));
    let spec = with_account(&demo(), "safe", &safe);
    let spec = with_account(&spec, "second", SECOND_KEY);
    let victim = victim_of(spec.clone());
    victim.ends(&["apply", "--auto-approve"], Exit::Done);
    let settings = "user_share_ratio = \"90%\" }";
    let given = |more: &str| {
        let settings_now = format!(
            "user_share_ratio = \"90%\", owner = account.safe{more} }}\n  lifecycle {{\n    irreversible = \"accept\"\n  }}"
        );
        spec.replacen(settings, &settings_now, 1)
    };
    victim.world.write_spec(&given(""));
    victim.ends(&["apply", "--auto-approve"], Exit::Done);
    plant(&victim, |state| second_is_theirs(&victim, state));
    victim
        .world
        .write_spec(&given(", manager = account.second"));
    let words = ["apply", "--auto-approve", "--unsigned", "calls"];
    let run = victim.ends(&words, Exit::Error);
    assert!(run.err.contains("chain/no-key"), "{}", run.err);
    let written = std::fs::read_to_string(victim.world.path("calls/calls.json")).unwrap();
    let theirs = hex_text(&core(STRANGER).bytes());
    assert!(
        !written.contains(theirs.trim_start_matches("0x")),
        "{written}"
    );
    // Without the planted one the call is written.
    plant(&victim, |state| {
        _ = state.accounts.remove(&named("account.second"));
    });
    victim.ends(&words, Exit::Converging);
    let written = std::fs::read_to_string(victim.world.path("calls/calls.json")).unwrap();
    let genuine = hex_text(&core(SECOND).bytes());
    assert!(
        written.contains(genuine.trim_start_matches("0x")),
        "{written}"
    );
}

/// A run that was cut left an implementation and no proxy: so says a state, of code that somebody else put there.
#[test]
fn no_proxy_is_made_over_an_implementation_that_a_state_alone_knows() {
    let victim = victim_of(demo());
    let part = ["apply", "--auto-approve", "--target", "core_contract.pool"];
    victim.ends(&part, Exit::Done);
    // Any code will do, such as that of a copy of the proxy.
    let pool = named("core_contract.pool");
    let place = victim.world.store().state().resources[&pool].outputs["address"].clone();
    let place: CoreAddress = place.as_text().unwrap().parse().unwrap();
    let copy_of = |mut from: [u8; 20]| {
        from[19] ^= 0xff;
        from
    };
    victim
        .world
        .chain
        .copy_contracts(core(STRANGER).bytes(), copy_of);
    let theirs = CoreAddress::new(copy_of(place.bytes()), NETWORK);
    plant(&victim, |state| {
        state.counters.clear();
        let planted = state.resources.get_mut(&pool).unwrap();
        planted.complete = false;
        planted.outputs.retain(|name, _| name == "code");
        let text = Value::from(theirs.to_string().as_str());
        planted.outputs.insert("implementation".to_owned(), text);
    });
    let before = victim.world.chain.handed_in().len();
    let run = victim.run(&["apply", "--auto-approve"]);
    let digits = hex_text(&theirs.bytes());
    let digits = digits.trim_start_matches("0x");
    let sent = victim.world.chain.handed_in().split_off(before);
    let named: Vec<_> = sent.iter().filter(|raw| raw.contains(digits)).collect();
    assert!(named.is_empty(), "{}\n{}", run.out, run.err);
}

/// Nothing is signed for a container, so nobody asks the key of the account that a state names.
#[test]
fn no_container_takes_the_address_of_a_contract_that_a_planted_account_made() {
    let host = "host \"local\" {\n  docker = \"unix:///var/run/docker.sock\"\n}";
    let mut spec = spec_of("both-spaces").replacen(host, HOST, 1);
    // Nobody but the syncer speaks of the bridge.
    for line in [
        "espace_bridge = core_contract.bridge",
        "bridge        = core_contract.bridge # its account in eSpace is set",
    ] {
        assert!(spec.contains(line), "{line}");
        spec = spec.replacen(line, "", 1);
    }
    let spec = with_account(&spec, "second", SECOND_KEY);
    let victim = ExampleWorld::new("both-spaces", 1, spec);
    victim.world.write_key("second-key", SECOND);
    victim.ends(&["apply", "--auto-approve"], Exit::Done);
    let stranger = key(STRANGER).core_address(1);
    let made = |from: [u8; 20]| {
        let mut init = [0; 32];
        init[..20].copy_from_slice(&from);
        (CoreAddress::of_creation_of(stranger, 0, &init), init)
    };
    let bridge = named("core_contract.bridge");
    let known = victim.world.store().state().resources[&bridge].clone();
    let at: CoreAddress = known.outputs["address"].as_text().unwrap().parse().unwrap();
    let owner: CoreAddress = known.outputs["owner_address"]
        .as_text()
        .unwrap()
        .parse()
        .unwrap();
    victim
        .world
        .chain
        .copy_contracts(owner.bytes(), |from| made(from).0.bytes());
    let (theirs, init) = made(at.bytes());
    plant(&victim, |state| {
        let account = AccountIdentity {
            secret: SecretRef::File(victim.world.path("second-key")),
            address: stranger.to_string(),
            espace_address: key(STRANGER).espace_address().to_string(),
        };
        state.accounts.insert(named("account.second"), account);
        let planted = state.resources.get_mut(&bridge).unwrap();
        planted.outputs.insert(
            "address".to_owned(),
            Value::from(theirs.to_string().as_str()),
        );
        let made_with = [
            ("nonce".to_owned(), Value::Integer(0)),
            ("init".to_owned(), Value::Text(hex_text(&init))),
        ];
        planted
            .outputs
            .insert("made_with".to_owned(), Value::Map(made_with.into()));
    });
    let before = victim.world.engine.changes();
    let run = victim.run(&["apply", "--auto-approve", "--target", "syncer.main"]);
    assert!(run.err.contains("chain/no-key"), "{}\n{}", run.out, run.err);
    assert_eq!(victim.world.engine.changes(), before);
}
