//! An owner whose key is not here: what only they may do is shown, written for them, waited for, and seen when it is done.

use pospool_cli::exit::Exit;
use pospool_conflux::Key;
use serde_json::Value as Json;

use crate::example_world::{ExampleWorld, spec_of};

const NETWORK: u32 = 1234;
const SHARE: (&str, &str) = ("\"90%\"", "\"85%\"");

/// The demo's pool, which its maker has given to somebody with a wallet of their own.
fn owned_elsewhere() -> ExampleWorld {
    let safe = Key::parse(&"33".repeat(32)).unwrap().core_address(NETWORK);
    let account = format!("account \"safe\" {{\n  address = \"{safe}\"\n}}\n\nhost \"local\" {{}}");
    let spec = spec_of("private-network").replacen("host \"local\" {}", &account, 1);
    let spec = spec.replacen(
        "  proxy    = true",
        "  owner    = account.operator\n  proxy    = true",
        1,
    );
    let given = spec.replacen(
        "user_share_ratio = \"90%\" }",
        "user_share_ratio = \"90%\", owner = account.safe, manager = account.safe }\n  lifecycle {\n    irreversible = \"accept\"\n  }",
        1,
    );
    let mut owned = ExampleWorld::demo(spec);
    // Who registers carries money, and signs here: it is given away afterwards.
    owned.ends(&["apply", "--auto-approve"], Exit::Done);
    owned.spec = given;
    owned.world.write_spec(&owned.spec);
    owned.ends(&["apply", "--auto-approve"], Exit::Done);
    owned
}

/// A person reads a call in words, and who the addresses are.
fn is_in_words(owned: &ExampleWorld, call: &Json) {
    assert_eq!(call["function"], "setPoolUserShareRatio(uint64)");
    assert_eq!(call["arguments"][0]["value"], "8500");
    let text = std::fs::read_to_string(owned.world.path("calls/calls.txt")).unwrap();
    for part in [
        "calls setPoolUserShareRatio(uint64)\n",
        "uint64 8500, that is 85%\n",
        "(account.safe)\n",
        "(core_contract.pool)\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_call_is_written_for_its_owner_and_seen_when_it_is_sent() {
    let owned = owned_elsewhere();
    owned.edit(SHARE.0, SHARE.1);
    let plan = owned.ends(&["plan"], Exit::Done);
    assert!(plan.out.contains("elsewhere"), "{}", plan.out);
    assert!(
        !plan.out.contains("money, at most"),
        "their gas is theirs: {}",
        plan.out
    );
    let sent = owned.world.chain.handed_in().len();
    let run = owned.ends(&["apply", "--auto-approve"], Exit::Converging);
    for part in ["to be signed by", "--unsigned DIR"] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    let words = ["apply", "--auto-approve", "--unsigned", "calls"];
    let run = owned.ends(&words, Exit::Converging);
    assert!(
        run.err.contains("1 call to be signed elsewhere"),
        "{}",
        run.err
    );
    assert_eq!(
        owned.world.chain.handed_in().len(),
        sent,
        "nobody signs here"
    );
    let text = std::fs::read(owned.world.path("calls/calls.json")).unwrap();
    let file: Json = serde_json::from_slice(&text).unwrap();
    let call = &file["calls"][0];
    assert_eq!(call["effect"], "core_contract.pool/set user_share_ratio");
    assert_eq!(
        (&call["chain_id"], &call["space"]),
        (&1234.into(), &"core".into())
    );
    // The words of the call are what the setter takes.
    let data = call["data"].as_str().unwrap();
    let setter = "setPoolUserShareRatio(uint64)";
    let selector = pospool_conflux::abi::function_selector(setter);
    let selector = pospool_conflux::hex::hex_text(&selector);
    assert!(data.starts_with(&selector), "{data}");
    assert!(data.ends_with(&format!("{:x}", 8_500)), "{data}");

    is_in_words(&owned, call);

    owned.world.chain.set_by_hand("PoSPool", setter, 8_500);
    owned.ends(&["apply", "--auto-approve"], Exit::Done);
    let plan = owned.ends(&["plan", "--detailed-exitcode"], Exit::Done);
    assert!(plan.out.contains("nothing to do"), "{}", plan.out);
    // Nobody signs what an earlier run waited for.
    owned.ends(&words, Exit::Done);
    let text = std::fs::read(owned.world.path("calls/calls.json")).unwrap();
    let file: Json = serde_json::from_slice(&text).unwrap();
    assert_eq!(file["calls"], Json::Array(Vec::new()));
    owned.edit("\"90%\"", "\"80%\"");
    owned.ends(&words, Exit::Converging);
}

#[test]
fn other_files_are_not_replaced_by_calls() {
    let owned = owned_elsewhere();
    owned.edit(SHARE.0, SHARE.1);
    for name in ["calls.json", "calls.txt"] {
        let path = owned.world.path("papers");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join(name), "mine").unwrap();
        let sent = owned.world.chain.handed_in().len();
        let run = owned.run(&["apply", "--auto-approve", "--unsigned", "papers"]);
        assert_eq!(run.exit, Exit::Error, "{}", run.err);
        assert!(run.err.contains(name), "{}", run.err);
        assert_eq!(std::fs::read_to_string(path.join(name)).unwrap(), "mine");
        assert_eq!(owned.world.chain.handed_in().len(), sent);
        std::fs::remove_file(path.join(name)).unwrap();
    }
}

#[test]
fn an_address_inside_of_a_call_is_in_its_own_form_and_has_its_name() {
    let owned = owned_elsewhere();
    owned.edit("owner = account.safe,", "owner = account.operator,");
    let words = ["apply", "--auto-approve", "--unsigned", "calls"];
    owned.ends(&words, Exit::Converging);
    let text = std::fs::read_to_string(owned.world.path("calls/calls.txt")).unwrap();
    let line = text.lines().find(|line| line.contains("   address "));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(
        text.contains("calls transferOwnership(address)\n"),
        "{text}"
    );
    assert!(
        line.contains(" net1234:") && line.ends_with("(account.operator)"),
        "{line}"
    );
}
