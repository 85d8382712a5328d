//! The Solidity compiler, pinned and run.
//!
//! - Reads: sources by their names; a version of the npm package `solc`.
//! - Returns: the compiler's version and its answer in the standard JSON form.
//! - Never: lets the compiler look for files, or start with anything in its environment; loads any
//!   package beside `solc` (its `soljson.js` needs none, so nothing else must be trusted).

use std::{collections::BTreeMap, path::Path, path::PathBuf, time::Duration};

use serde::Serialize;

use crate::{
    error::SourceError,
    lock::Package,
    run::{Environment, ToolRun, name_of},
    text::shorten_text,
};

const TIME_LIMIT: Duration = Duration::from_mins(5);
const OUTPUT_LIMIT: usize = 64 << 20;
const DRIVER: &str = include_str!("driver.js");

/// Versions of the npm package `solc` with the hash that the registry published.
const KNOWN: &[(&str, &str)] = &[
    (
        "0.8.4",
        "sha512-krEdbucX9yY362l79gXTK2UHhsZ02aQjQOYTzcgTd/waApueo3yWGzjX0CDJ1ByOuW46WuKAyzfbRWdFNr6OYQ==",
    ),
    (
        "0.8.19",
        "sha512-yqurS3wzC4LdEvmMobODXqprV4MYJcVtinuxgrp61ac8K2zz40vXA0eSAskSHPgv8dQo7Nux39i3QBsHx4pqyA==",
    ),
    (
        "0.8.24",
        "sha512-G5yUqjTUPc8Np74sCFwfsevhBPlUifUOfhYrgyu6CmYlC6feSw0YS6eZW47XDT23k3JYdKx5nJ+Q7whCEmNcoA==",
    ),
    (
        "0.8.28",
        "sha512-AFCiJ+b4RosyyNhnfdVH4ZR1+TxiL91iluPjw0EJslIu4LXGM9NYqi2z5y8TqochC4tcH9QsHfwWhOIC9jPDKA==",
    ),
];

/// Returns the package of a compiler version; a given hash goes before the built-in one.
pub(crate) fn solc_package(version: &str, integrity: Option<&str>) -> Result<Package, SourceError> {
    let known = KNOWN
        .iter()
        .find(|(known, _)| *known == version)
        .map(|(_, integrity)| *integrity);
    let Some(integrity) = integrity.or(known) else {
        let known = KNOWN.iter().map(|(version, _)| *version).collect();
        return Err(SourceError::UnknownCompiler {
            version: version.to_owned(),
            known,
        });
    };
    Package::new("solc", "solc", version, integrity)
}

#[derive(Serialize)]
struct Input<'a> {
    language: &'static str,
    sources: BTreeMap<&'a str, SourceContent<'a>>,
    settings: SolcSettings<'a>,
}

#[derive(Serialize)]
struct SourceContent<'a> {
    content: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SolcSettings<'a> {
    optimizer: SolcOptimizer,
    output_selection: BTreeMap<&'a str, BTreeMap<&'static str, &'static [&'static str]>>,
}

#[derive(Serialize)]
struct SolcOptimizer {
    enabled: bool,
    runs: u32,
}

/// Returns the standard JSON input for one file and all that it imports. Only the file's own
/// contracts are asked for, and the settings are those that Hardhat has without any.
pub(crate) fn write_solc_input(
    file: &str,
    sources: &BTreeMap<String, String>,
    optimizer_runs: Option<u32>,
) -> Result<Vec<u8>, SourceError> {
    const OUTPUTS: &[&str] = &[
        "abi",
        "metadata",
        "storageLayout",
        "evm.bytecode.object",
        "evm.bytecode.linkReferences",
        "evm.deployedBytecode.object",
        "evm.deployedBytecode.immutableReferences",
    ];
    let sources = sources
        .iter()
        .map(|(name, text)| (name.as_str(), SourceContent { content: text }))
        .collect();
    let settings = SolcSettings {
        optimizer: SolcOptimizer {
            enabled: optimizer_runs.is_some(),
            runs: optimizer_runs.unwrap_or(200),
        },
        output_selection: BTreeMap::from([(file, BTreeMap::from([("*", OUTPUTS)]))]),
    };
    serde_json::to_vec(&Input {
        language: "Solidity",
        sources,
        settings,
    })
    .map_err(|error| SourceError::CompilerAnswer {
        file: file.into(),
        problem: error.to_string(),
    })
}

/// Runs the compiler; returns its long version and its answer.
pub(crate) fn run_solc(
    file: &str,
    input: &[u8],
    solc: &Path,
    node: &Path,
) -> Result<(String, Vec<u8>), SourceError> {
    let soljson: PathBuf = solc.join("soljson.js");
    let doing = format!("compile `{file}`");
    let finished = ToolRun {
        tool: node,
        doing: doing.clone(),
        args: vec![
            "-e".into(),
            DRIVER.into(),
            "--".into(),
            soljson.into_os_string(),
        ],
        dir: solc,
        environment: Environment::Bare,
        variables: &[],
        input: input.to_vec(),
        output_limit: OUTPUT_LIMIT,
        time_limit: TIME_LIMIT,
    }
    .run()?;
    if !finished.success {
        let tool = name_of(node);
        return Err(SourceError::Tool {
            tool,
            doing,
            said: shorten_text(&finished.stderr, 600),
        });
    }
    let (version, answer) = split_solc_output(&finished.stdout, file)?;
    Ok((version, answer.to_vec()))
}

/// Cuts what the compiler's program printed into the long version and the answer.
pub(crate) fn split_solc_output<'a>(
    printed: &'a [u8],
    file: &str,
) -> Result<(String, &'a [u8]), SourceError> {
    let mut parts = printed.splitn(2, |byte| *byte == b'\n');
    match (parts.next(), parts.next()) {
        (Some(version), Some(answer)) => {
            Ok((long_version(&String::from_utf8_lossy(version)), answer))
        }
        _ => Err(SourceError::CompilerAnswer {
            file: file.into(),
            problem: "it has no version line".into(),
        }),
    }
}

/// Cuts off what tells how the compiler itself was built; explorers know versions without it.
fn long_version(text: &str) -> String {
    text.trim().trim_end_matches(".Emscripten.clang").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_is_that_of_hardhat() {
        let sources = BTreeMap::from([("contracts/A.sol".to_owned(), "contract A {}".to_owned())]);
        let text = String::from_utf8(write_solc_input("contracts/A.sol", &sources, None).unwrap())
            .unwrap();
        assert!(text.starts_with(
            r#"{"language":"Solidity","sources":{"contracts/A.sol":{"content":"contract A {}"}},"#
        ));
        assert!(
            text.contains(r#""optimizer":{"enabled":false,"runs":200}"#),
            "{text}"
        );
        assert!(
            text.contains(r#""outputSelection":{"contracts/A.sol":{"*":["abi","#),
            "{text}"
        );
        let optimized = write_solc_input("contracts/A.sol", &sources, Some(800)).unwrap();
        let optimized = String::from_utf8(optimized).unwrap();
        assert!(optimized.contains(r#""optimizer":{"enabled":true,"runs":800}"#));
    }

    #[test]
    fn a_compiler_is_known_or_given_with_its_hash() {
        assert!(solc_package("0.8.4", None).is_ok());
        let error = solc_package("0.8.5", None).unwrap_err();
        assert_eq!(error.code(), "source/unknown-compiler");
        assert!(
            error
                .help()
                .unwrap()
                .contains("npm view solc@0.8.5 dist.integrity")
        );
        let given = KNOWN[0].1;
        assert_eq!(solc_package("0.8.5", Some(given)).unwrap().integrity, given);
        assert_eq!(
            solc_package("latest", Some(given)).unwrap_err().code(),
            "source/request"
        );
        assert_eq!(
            solc_package("0.8.5", Some("md5-x")).unwrap_err().code(),
            "source/no-integrity"
        );
        for (version, integrity) in KNOWN {
            assert_eq!(solc_package(version, None).unwrap().integrity, *integrity);
        }
    }

    #[test]
    fn the_version_is_that_of_explorers() {
        assert_eq!(
            long_version("0.8.4+commit.c7e474f2.Emscripten.clang\n"),
            "0.8.4+commit.c7e474f2"
        );
    }
}
