//! What a compiled contract is to the rest of the program.
//!
//! - Reads: the compiler's answer for one file.
//! - Returns: its contracts as [`Artifact`]s, or the compiler's complaints.
//! - Never: gives out code with holes in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    error::SourceError,
    text::{canonical_json, encode_hex, hash_keccak, shorten_text},
};

/// How much of the compiler's complaints is kept.
const MESSAGE_LIMIT: usize = 4000;

/// A compiled contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Name of the contract.
    pub contract: String,
    /// Source name of its file; with the name it is what explorers call fully qualified.
    pub file: String,
    /// Long version of the compiler: `0.8.4+commit.c7e474f2`.
    pub compiler: String,
    /// ABI.
    pub abi: Value,
    /// Code that creates the contract, before its constructor's arguments; hex with `0x`.
    pub bytecode: String,
    /// Code that stays on the chain, with zeros in the place of immutables; hex with `0x`.
    pub runtime: String,
    /// Where immutables lie in the runtime code: id -> list of `start` and `length` in bytes.
    pub immutables: Value,
    /// Where variables lie in the storage.
    pub storage_layout: Value,
    /// The compiler's own description of the contract, whose hash is part of the code.
    pub metadata: String,
    /// keccak-256 over the bytecode and the ABI, each with its length before it; hex with `0x`.
    pub digest: String,
    /// Key of the compiler's input, see [`compiler_input`](crate::compiler_input).
    pub input: String,
}

/// The contracts of one compiled file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompiledFile {
    /// Name -> contract, for those with complete code.
    pub(crate) contracts: BTreeMap<String, Artifact>,
    /// Name -> libraries that it wants to be linked with, for the others.
    pub(crate) unlinked: BTreeMap<String, Vec<String>>,
}

impl CompiledFile {
    /// Takes one contract out.
    pub(crate) fn take(&self, file: &str, contract: &str) -> Result<Artifact, SourceError> {
        if let Some(artifact) = self.contracts.get(contract) {
            return Ok(artifact.clone());
        }
        let name = contract.to_owned();
        Err(match self.unlinked.get(contract) {
            Some(libraries) => SourceError::Unlinked {
                name,
                libraries: libraries.clone(),
            },
            None => SourceError::NotDeployable {
                name,
                file: file.to_owned(),
            },
        })
    }
}

#[derive(Deserialize)]
struct SolcOutput {
    #[serde(default)]
    errors: Vec<Complaint>,
    #[serde(default)]
    contracts: BTreeMap<String, BTreeMap<String, SolcContract>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    severity: String,
    formatted_message: Option<String>,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SolcContract {
    #[serde(default)]
    abi: Value,
    #[serde(default)]
    metadata: String,
    #[serde(default)]
    storage_layout: Value,
    evm: Evm,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Evm {
    bytecode: SolcBytecode,
    deployed_bytecode: SolcBytecode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SolcBytecode {
    #[serde(default)]
    object: String,
    #[serde(default)]
    link_references: BTreeMap<String, BTreeMap<String, Value>>,
    #[serde(default)]
    immutable_references: Value,
}

/// Reads the compiler's answer for one file.
pub(crate) fn read_compiler_output(
    answer: &[u8],
    file: &str,
    compiler: &str,
    input: &str,
) -> Result<CompiledFile, SourceError> {
    let unreadable = |problem: String| SourceError::CompilerAnswer {
        file: file.into(),
        problem,
    };
    let answer: SolcOutput =
        serde_json::from_slice(answer).map_err(|error| unreadable(error.to_string()))?;
    let complaints: Vec<&str> = answer
        .errors
        .iter()
        .filter(|complaint| complaint.severity == "error")
        .map(|complaint| {
            complaint
                .formatted_message
                .as_ref()
                .unwrap_or(&complaint.message)
                .trim()
        })
        .collect();
    if !complaints.is_empty() {
        let message = shorten_text(&complaints.join("\n\n"), MESSAGE_LIMIT);
        return Err(SourceError::Compile {
            file: file.into(),
            message,
        });
    }
    let outputs = answer.contracts.into_iter().find(|(name, _)| name == file);
    let Some((_, outputs)) = outputs else {
        return Err(unreadable("it has no contract of the file".into()));
    };
    let mut result = CompiledFile {
        contracts: BTreeMap::new(),
        unlinked: BTreeMap::new(),
    };
    for (name, output) in outputs {
        let links = &output.evm.bytecode.link_references;
        let libraries: Vec<String> = links
            .iter()
            .flat_map(|(file, names)| names.keys().map(move |name| format!("{file}:{name}")))
            .collect();
        if !libraries.is_empty() {
            result.unlinked.insert(name, libraries);
        } else if !output.evm.bytecode.object.is_empty() {
            let artifact = artifact(output, &name, file, compiler, input).map_err(unreadable)?;
            result.contracts.insert(name, artifact);
        }
    }
    Ok(result)
}

fn artifact(
    output: SolcContract,
    name: &str,
    file: &str,
    compiler: &str,
    input: &str,
) -> Result<Artifact, String> {
    let Evm {
        bytecode,
        deployed_bytecode,
    } = output.evm;
    for code in [&bytecode.object, &deployed_bytecode.object] {
        if code.len() % 2 != 0 || !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("the code of `{name}` is not hex"));
        }
    }
    let (bytecode, runtime) = (
        bytecode.object.to_lowercase(),
        deployed_bytecode.object.to_lowercase(),
    );
    let digest = hash_keccak(&[bytecode.as_bytes(), canonical_json(&output.abi).as_bytes()]);
    Ok(Artifact {
        contract: name.to_owned(),
        file: file.to_owned(),
        compiler: compiler.to_owned(),
        abi: output.abi,
        bytecode: format!("0x{bytecode}"),
        runtime: format!("0x{runtime}"),
        immutables: deployed_bytecode.immutable_references,
        storage_layout: output.storage_layout,
        metadata: output.metadata,
        digest: format!("0x{}", encode_hex(&digest)),
        input: input.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(contract: &Value) -> Vec<u8> {
        json!({ "contracts": { "contracts/A.sol": { "A": contract } } })
            .to_string()
            .into_bytes()
    }

    fn read_one(answer: &[u8]) -> Result<Artifact, SourceError> {
        read_compiler_output(answer, "contracts/A.sol", "0.8.4", "key")?
            .take("contracts/A.sol", "A")
    }

    #[test]
    fn the_digest_follows_code_and_abi_only() {
        let digest = |code: &str, abi: Value, metadata: &str| {
            let code = json!({ "object": code });
            let evm = json!({ "bytecode": code, "deployedBytecode": { "object": "00" } });
            let contract = json!({ "abi": abi, "metadata": metadata, "evm": evm });
            read_one(&answer(&contract)).unwrap().digest
        };
        let base = digest(
            "60aa",
            json!([{ "type": "constructor", "inputs": [] }]),
            "m",
        );
        assert_eq!(
            base,
            digest(
                "60AA",
                json!([{ "inputs": [], "type": "constructor" }]),
                "n"
            )
        );
        assert_ne!(
            base,
            digest(
                "60ab",
                json!([{ "type": "constructor", "inputs": [] }]),
                "m"
            )
        );
        assert_ne!(base, digest("60aa", json!([]), "m"));
        assert_eq!(base.len(), 66);
    }

    #[test]
    fn complaints_come_back_and_warnings_do_not() {
        let text = json!({ "errors": [
            { "severity": "warning", "message": "w", "formattedMessage": "warning: w" },
            { "severity": "error", "message": "e", "formattedMessage": "ParserError: e\n --> A.sol:1\n" },
        ]});
        let error = read_one(text.to_string().as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`contracts/A.sol` does not compile:\nParserError: e\n --> A.sol:1"
        );
    }

    #[test]
    fn code_with_holes_and_no_code_are_refused() {
        let holes =
            json!({ "object": "60__$ab$__", "linkReferences": { "contracts/L.sol": { "L": [] } } });
        let contract = json!({ "evm": { "bytecode": holes, "deployedBytecode": {} } });
        let error = read_one(&answer(&contract)).unwrap_err().to_string();
        assert!(
            error.contains("must be linked with contracts/L.sol:L"),
            "{error}"
        );
        let contract = json!({ "evm": { "bytecode": {}, "deployedBytecode": {} } });
        assert_eq!(
            read_one(&answer(&contract)).unwrap_err().code(),
            "source/not-deployable"
        );
        let contract =
            json!({ "evm": { "bytecode": { "object": "xyz" }, "deployedBytecode": {} } });
        assert_eq!(
            read_one(&answer(&contract)).unwrap_err().code(),
            "source/compiler-answer"
        );
        for text in ["", "{}", "null", "not json"] {
            let error = read_one(text.as_bytes()).unwrap_err();
            assert_eq!(error.code(), "source/compiler-answer", "{text}");
        }
    }
}
