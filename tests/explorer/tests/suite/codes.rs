//! Codes that the compiler leaves holes in, and contracts inside of contracts.

use pospool_explorer::{ExplorerSpace, Match};
use serde_json::Value as Json;

use crate::chain::FakeChain;
use crate::client::{explorer, verify};
use crate::sources::{Contract, small};

const PASS: &str = "Pass - Verified";

/// Writes hex digits over the places that a part of the compiler's answer names.
fn filled(code: &str, references: &Json, digits: &str) -> String {
    let mut code = code.to_owned();
    let lists = references.as_object().unwrap().values();
    let places: Vec<&Json> = lists.flat_map(|list| list.as_array().unwrap()).collect();
    assert!(!places.is_empty());
    for place in places {
        let number = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
        let (start, length) = (number("start") * 2, number("length") * 2);
        assert_eq!(digits.len(), length);
        code.replace_range(start..start + length, digits);
    }
    code
}

async fn ends(
    contract: &Contract,
    submitted: &Contract,
    runtime: &str,
    creation: &str,
) -> (String, Option<Match>) {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let address = chain.deploy(ExplorerSpace::Espace, runtime, Some(creation));
    assert!(!contract.creation.is_empty());
    let words = verify(&explorer, ExplorerSpace::Espace, &submitted.form(&address)).await;
    let verified = explorer.verified(ExplorerSpace::Espace, &address);
    (words, verified.and_then(|verified| verified.runtime))
}

#[tokio::test]
async fn immutables_may_have_any_value() {
    let source = "pragma solidity ^0.8.4;
contract Fixed {
  uint256 public immutable value;
  constructor(uint256 given) { value = given; }
  function twice() public view returns (uint256) { return value * 2; }
}";
    let contract = small("Fixed", source);
    let value = format!("{:0>64}", "2a");
    let references = &contract.evm["deployedBytecode"]["immutableReferences"];
    let runtime = filled(&contract.runtime, references, &value);
    assert_ne!(runtime, contract.runtime);
    let creation = format!("{}{value}", contract.creation);
    let (words, level) = ends(&contract, &contract, &runtime, &creation).await;
    assert_eq!((words.as_str(), level), (PASS, Some(Match::Exact)));

    let changed = contract.changed("* 2", "* 3");
    let (words, level) = ends(&contract, &changed, &runtime, &creation).await;
    assert!(words.starts_with("no_match:"), "{words}");
    assert_eq!(level, None);
}

const LINKED: &str = "pragma solidity ^0.8.4;
library Sums { function add(uint256 a, uint256 b) public pure returns (uint256) { return a + b; } }
contract User { function three() public pure returns (uint256) { return Sums.add(1, 2); } }";

#[tokio::test]
async fn a_linked_library_may_be_anywhere() {
    let contract = small("User", LINKED);
    let at = "77".repeat(20);
    let linked =
        |part: &str, code: &str| filled(code, &contract.evm[part]["linkReferences"]["A.sol"], &at);
    assert!(contract.runtime.contains("__$"), "there is a placeholder");
    let runtime = linked("deployedBytecode", &contract.runtime);
    let creation = linked("bytecode", &contract.creation);
    let (words, level) = ends(&contract, &contract, &runtime, &creation).await;
    assert_eq!((words.as_str(), level), (PASS, Some(Match::Exact)));
}

#[tokio::test]
async fn a_library_is_verified_with_its_own_address_in_it() {
    let library = small("Sums", LINKED);
    assert!(
        library
            .runtime
            .starts_with(&format!("73{}", "00".repeat(20)))
    );
    let runtime = format!("73{}{}", "85".repeat(20), &library.runtime[42..]);
    let (words, level) = ends(&library, &library, &runtime, &library.creation).await;
    assert_eq!((words.as_str(), level), (PASS, Some(Match::Exact)));
}

const MAKER: &str = "pragma solidity ^0.8.4;
contract Made { uint256 public kept = 5; } // made
contract Maker { function make() public returns (address) { return address(new Made()); } }";

#[tokio::test]
async fn metadata_of_a_contract_inside_counts_as_metadata() {
    let maker = small("Maker", MAKER);
    let comment = maker.changed("// made", "// Made");
    let (words, level) = ends(&maker, &maker, &maker.runtime, &maker.creation).await;
    assert_eq!((words.as_str(), level), (PASS, Some(Match::Exact)));
    let (words, level) = ends(&maker, &comment, &maker.runtime, &maker.creation).await;
    assert_eq!((words.as_str(), level), (PASS, Some(Match::Partial)));
    let changed = maker.changed("kept = 5", "kept = 6");
    let (words, _) = ends(&maker, &changed, &maker.runtime, &maker.creation).await;
    assert!(words.starts_with("no_match:"), "{words}");
}

#[tokio::test]
async fn what_the_compiler_does_not_make_is_said_by_its_code() {
    let made = small("Made", MAKER);
    let abstracted = made.changed(
        "contract Made {",
        "interface Shape { function f() external; } contract Made {",
    );
    let name = |contract: &Contract, name: &str| Contract {
        name: name.to_owned(),
        ..contract.clone()
    };
    let table = [
        (made.changed("uint256", "uint257"), "compiler_error"),
        (
            name(&made, "A.sol:Other"),
            "contract_not_found_in_compiler_output",
        ),
        (
            name(&made, "B.sol:Made"),
            "contract_not_found_in_compiler_output",
        ),
        (name(&made, "Made"), "contract_not_found_in_compiler_output"),
        (
            name(&abstracted, "A.sol:Shape"),
            "compiled_bytecode_is_zero",
        ),
    ];
    for (submitted, code) in table {
        let (words, level) = ends(&made, &submitted, &made.runtime, &made.creation).await;
        assert_eq!(words.split(':').next(), Some(code), "{words}");
        assert_eq!(level, None);
    }
}
