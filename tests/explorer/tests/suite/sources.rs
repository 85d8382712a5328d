//! Contracts that were really compiled.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use pospool_source::{SourceRequest, Tools, compile_contracts, compiler_input, run_compiler};
use serde_json::{Value as Json, json};

use crate::client::{Form, cache};

const STAND_INS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts");
const COMPILER: &str = "v0.8.4+commit.c7e474f2";

/// A contract, its code and what it was made from. Codes are hex without `0x`.
#[derive(Clone, Debug)]
pub(crate) struct Contract {
    pub(crate) input: String,
    /// `file:Name`.
    pub(crate) name: String,
    pub(crate) creation: String,
    pub(crate) runtime: String,
    /// The compiler's `evm` of it.
    pub(crate) evm: Json,
}

impl Contract {
    /// A submission of it.
    pub(crate) fn form(&self, address: &str) -> Form {
        Form::new(&[
            ("module", "contract"),
            ("action", "verifysourcecode"),
            ("contractaddress", address),
            ("sourceCode", &self.input),
            ("codeformat", "solidity-standard-json-input"),
            ("contractname", &self.name),
            ("compilerversion", COMPILER),
            ("licenseType", "12"),
        ])
    }

    /// The same with a change in its sources, which must be there.
    pub(crate) fn changed(&self, from: &str, to: &str) -> Self {
        assert!(self.input.contains(from), "{from}");
        let input = self.input.replacen(from, to, 1);
        Self {
            input,
            ..self.clone()
        }
    }
}

/// Compiles a stand-in of the pool's contracts, such as `PoSPool`.
pub(crate) fn stand_in(name: &str) -> Contract {
    let request = SourceRequest::folder(STAND_INS, cache());
    let artifact = compile_contracts(&request, &[name.to_owned()]).unwrap()[name].clone();
    let code = |text: &str| text.trim_start_matches("0x").to_owned();
    Contract {
        input: compiler_input(&cache().folder, &artifact).unwrap(),
        name: format!("{}:{}", artifact.file, artifact.contract),
        creation: code(&artifact.bytecode),
        runtime: code(&artifact.runtime),
        evm: Json::Null,
    }
}

/// Compiles a contract of one file, `A.sol`, with the optimizer off.
pub(crate) fn small(name: &str, source: &str) -> Contract {
    let input = json!({
        "language": "Solidity",
        "sources": { "A.sol": { "content": source } },
        "settings": { "optimizer": { "enabled": false, "runs": 200 } },
    });
    let evm = compiled(&input)["contracts"]["A.sol"][name]["evm"].clone();
    let code = |part: &str| evm[part]["object"].as_str().unwrap().to_owned();
    Contract {
        input: input.to_string(),
        name: format!("A.sol:{name}"),
        creation: code("bytecode"),
        runtime: code("deployedBytecode"),
        evm,
    }
}

/// The compiler's answer; the same input is compiled once.
fn compiled(input: &Json) -> Json {
    static KEPT: LazyLock<Mutex<HashMap<String, Json>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap();
    let key = input.to_string();
    kept.entry(key)
        .or_insert_with(|| {
            let mut input = input.clone();
            input["settings"]["outputSelection"] = json!({ "*": { "*": [
                "evm.bytecode.object",
                "evm.bytecode.linkReferences",
                "evm.deployedBytecode.object",
                "evm.deployedBytecode.linkReferences",
                "evm.deployedBytecode.immutableReferences",
            ] } });
            let input = input.to_string();
            let tools = Tools::default();
            let answer = run_compiler("0.8.4", None, input.as_bytes(), &cache(), &tools);
            serde_json::from_slice(&answer.unwrap().json).unwrap()
        })
        .clone()
}

/// A contract that counts up by three.
pub(crate) fn counter() -> Contract {
    small("Counter", COUNTER)
}

const COUNTER: &str = "// SPDX-License-Identifier: MIT
pragma solidity ^0.8.4;
contract Counter {
  uint256 public count; // starts at zero
  function add() public { count += 3; }
}
";
