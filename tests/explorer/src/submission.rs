//! What a client hands in, checked in the order of the original.
//!
//! - Reads: the body of a submission.
//! - Returns: an [`Order`] for the verifier, or the refusal that comes before one.
//! - Never: compiles, or asks a chain.

use serde_json::{Map, Value as Json, json};

use crate::address::{SpaceNetwork, Submitted};
use crate::answer::HandlerRefusal;
use crate::compilers::{self, Compiler};
use crate::parameters::Parameters;

/// Formats that the original knows; only the first two have a compiler here.
const FORMATS: &[&str] = &[
    "solidity-single-file",
    "solidity-standard-json-input",
    "vyper-single-file",
    "vyper-json",
    "fe-single-file",
    "fe-json",
];

/// Virtual machines that the original takes by name. `default` is not one of them.
const MACHINES: &[&str] = &[
    "homestead",
    "tangerineWhistle",
    "spuriousDragon",
    "byzantium",
    "constantinople",
    "petersburg",
    "istanbul",
    "berlin",
    "london",
    "paris",
    "shanghai",
    "cancun",
];

/// Names of the licences, from number 1 on.
const LICENCES: &[&str] = &[
    "None",
    "Unlicense",
    "MIT",
    "GNU GPLv2",
    "GNU GPLv3",
    "GNU LGPLv2.1",
    "GNU LGPLv3",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "MPL-2.0",
    "OSL-3.0",
    "Apache-2.0",
    "GNU AGPLv3",
    "BSL 1.1",
];

/// Work for the verifier.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) submitted: Submitted,
    pub(crate) compiler: Compiler,
    /// Standard JSON input.
    pub(crate) input: Json,
    /// Source name of the contract's file.
    pub(crate) file: String,
    pub(crate) contract: String,
    /// Encoded arguments of the constructor, as they were handed in.
    pub(crate) arguments: Option<String>,
    pub(crate) licence: &'static str,
}

/// Checks a submission.
pub(crate) fn check_submission(
    body: &Parameters,
    network: SpaceNetwork,
    compilers: &[Compiler],
) -> Result<Order, HandlerRefusal> {
    let needed = |name: &str, shown| body.get(name).ok_or_else(|| HandlerRefusal::absent(shown));
    let address = needed("contractaddress", "contractAddress")?;
    let source = needed("sourceCode", "sourceCode")?;
    let version = needed("compilerversion", "compilerVersion")?;
    let name = needed("contractname", "fullQualifiedName")?;
    let format = format(body.filled("codeformat"))?;
    let compiler = compilers::find_compiler(compilers, version)?;
    let (file, contract) = name.rsplit_once(':').unwrap_or(("", name));

    let standard = (format == FORMATS[1])
        .then(|| standard(source))
        .transpose()?;
    let optimizer = match &standard {
        Some((_, optimizer)) => optimizer.clone(),
        None => SubmittedOptimizer {
            used: body.get("optimizationUsed").map(number),
            runs: body.get("runs").map(number),
        },
    };
    let optimizer = optimizer.check()?;
    let libraries = libraries(body)?;
    let machine = machine(body.filled("evmversion"))?;
    let licence = licence(body.get("licenseType"))?;
    let input = match standard {
        Some((input, _)) => input,
        None => single(file, source, machine, optimizer, libraries),
    };

    // From here on it is the verifier that refuses, and the client is only told that it did.
    let submitted = network.submitted(address)?;
    complete(&input).ok_or_else(|| HandlerRefusal::Error("Bad Request".to_owned()))?;
    let arguments = body.filled("constructorArguements");
    let arguments = arguments.or_else(|| body.filled("constructorArguments"));
    Ok(Order {
        submitted,
        compiler,
        input,
        file: file.to_owned(),
        contract: contract.to_owned(),
        arguments: arguments.map(str::to_owned),
        licence,
    })
}

fn format(asked: Option<&str>) -> Result<&str, HandlerRefusal> {
    let refused = |words: String| Err(HandlerRefusal::Error(words));
    match asked {
        None => refused("code format required".to_owned()),
        Some(format) if !FORMATS.contains(&format) => {
            refused(format!("code format {format} not supported"))
        }
        Some(format) if !format.starts_with("solidity") => {
            refused(format!("no compiler for code format {format} here"))
        }
        Some(format) => Ok(format),
    }
}

/// A standard JSON input and its optimizer. Without `settings.optimizer` the original stumbles.
fn standard(source: &str) -> Result<(Json, SubmittedOptimizer), HandlerRefusal> {
    let thrown = |words: String| HandlerRefusal::Words(words);
    let input: Json = serde_json::from_str(source)
        .map_err(|error| thrown(format!("SyntaxError: sourceCode: {error}")))?;
    let optimizer = input
        .get("settings")
        .and_then(|settings| settings.get("optimizer"))
        .filter(|optimizer| !optimizer.is_null())
        .ok_or_else(|| {
            let what = "settings.optimizer of sourceCode is undefined (reading 'enabled')";
            thrown(format!("TypeError: {what}"))
        })?;
    let optimizer = SubmittedOptimizer {
        used: optimizer.get("enabled").and_then(number_of),
        runs: optimizer.get("runs").and_then(number_of),
    };
    Ok((input, optimizer))
}

/// What a submission says of the optimizer.
#[derive(Clone, Debug)]
struct SubmittedOptimizer {
    used: Option<i64>,
    runs: Option<i64>,
}

impl SubmittedOptimizer {
    /// Returns whether it is used, and for how many runs; without that they are any number.
    fn check(&self) -> Result<(bool, i64), HandlerRefusal> {
        let wrong = |name| HandlerRefusal::Error(format!("Invalid parameter {name}"));
        let (used, runs) = (self.used.unwrap_or(0), self.runs.unwrap_or(200));
        match (used, runs) {
            (0, _) => Ok((false, runs)),
            (1, 0..) => Ok((true, runs)),
            (1, _) => Err(wrong("runs, expect 0 or more")),
            _ => Err(wrong("optimizationUsed, expect 0 or 1")),
        }
    }
}

/// What is no whole number.
const NO_NUMBER: i64 = i64::MIN;

/// Reads a number as JavaScript does, to which an empty text is zero.
fn number(text: &str) -> i64 {
    match text.trim() {
        "" => 0,
        digits => digits.parse().unwrap_or(NO_NUMBER),
    }
}

fn number_of(value: &Json) -> Option<i64> {
    match value {
        Json::Null => None,
        Json::Bool(yes) => Some(i64::from(*yes)),
        Json::String(text) => Some(number(text)),
        other => Some(other.as_i64().unwrap_or(NO_NUMBER)),
    }
}

/// Library names and addresses, each with its number from 1 to 10.
fn libraries(body: &Parameters) -> Result<Map<String, Json>, HandlerRefusal> {
    let mut libraries = Map::new();
    for number in 1..=10 {
        let name = body.filled(&format!("libraryname{number}"));
        let address = body.filled(&format!("libraryaddress{number}"));
        match (name, address) {
            (Some(name), Some(address)) => {
                libraries.insert(name.to_owned(), address.into());
            }
            (None, None) => {}
            _ => {
                let words = format!("libraryname{number} and libraryaddress{number} are a pair");
                return Err(HandlerRefusal::Error(words));
            }
        }
    }
    Ok(libraries)
}

fn machine(asked: Option<&str>) -> Result<Option<&str>, HandlerRefusal> {
    match asked {
        Some(name) if !MACHINES.contains(&name) => Err(HandlerRefusal::Error(format!(
            "EVM version {name} not supported"
        ))),
        known => Ok(known),
    }
}

fn licence(asked: Option<&str>) -> Result<&'static str, HandlerRefusal> {
    let asked = match asked.map_or(1, number) {
        // What is no number slips through.
        NO_NUMBER => 1,
        number => number,
    };
    let index = usize::try_from(asked - 1).ok();
    let name = index.and_then(|index| LICENCES.get(index));
    name.copied().ok_or_else(|| {
        let words = format!("Invalid parameter licenseType [{asked}], expect 1 to 14");
        HandlerRefusal::Error(words)
    })
}

/// The standard JSON input of a single file.
fn single(
    file: &str,
    source: &str,
    machine: Option<&str>,
    (optimized, runs): (bool, i64),
    libraries: Map<String, Json>,
) -> Json {
    let mut settings = json!({ "optimizer": { "enabled": optimized } });
    // The compiler takes no other number, and without the optimizer it is not used.
    if runs >= 0 {
        settings["optimizer"]["runs"] = runs.into();
    }
    if let Some(machine) = machine {
        settings["evmVersion"] = machine.into();
    }
    if !libraries.is_empty() {
        settings["libraries"] = json!({ file: Json::Object(libraries) });
    }
    let content = one_licence(source);
    json!({
        "language": "Solidity",
        "sources": { file: { "content": content } },
        "settings": settings,
    })
}

/// Leaves only the first licence line of files that were put into one.
fn one_licence(source: &str) -> String {
    const MARK: &str = "SPDX-License-Identifier";
    match source.split_once(MARK) {
        Some((before, after)) => format!("{before}{MARK}{}", after.replace(MARK, "SLI")),
        None => source.to_owned(),
    }
}

/// Has the input a language, and sources that all have their text?
fn complete(input: &Json) -> Option<()> {
    let filled = |value: &Json| value.as_str().is_some_and(|text| !text.is_empty());
    let language = filled(input.get("language")?);
    let sources = input.get("sources")?.as_object()?;
    let all = sources
        .values()
        .all(|source| source.get("content").is_some_and(filled));
    (language && all).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExplorerSpace;

    const ADDRESS: &str = "0x8b8689c7f3014a4d86e4d1d0daaf74a47f5e0f27";
    const ESPACE: SpaceNetwork = SpaceNetwork {
        space: ExplorerSpace::Espace,
        id: 71,
    };
    const INPUT: &str = r#"{"language":"Solidity","sources":{"A.sol":{"content":"contract A {}"}},
        "settings":{"optimizer":{"enabled":false,"runs":200}}}"#;

    /// A submission that is taken, with some fields changed or (with `-`) left out.
    fn submit(changes: &[(&str, &str)]) -> Result<Order, HandlerRefusal> {
        let mut fields = vec![
            ("contractaddress", ADDRESS),
            ("sourceCode", INPUT),
            ("codeformat", "solidity-standard-json-input"),
            ("contractname", "A.sol:A"),
            ("compilerversion", "v0.8.4+commit.c7e474f2"),
        ];
        for (name, value) in changes {
            fields.retain(|(other, _)| other != name);
            if *value != "-" {
                fields.push((name, value));
            }
        }
        let pairs = fields.iter().map(|(name, value)| {
            let escaped = value
                .replace('%', "%25")
                .replace('&', "%26")
                .replace('+', "%2b");
            format!("{name}={escaped}")
        });
        let body = Parameters::of_query(&pairs.collect::<Vec<_>>().join("&"));
        check_submission(&body, ESPACE, &Compiler::built_in())
    }

    fn words(changes: &[(&str, &str)]) -> String {
        match submit(changes).unwrap_err() {
            HandlerRefusal::Parameter(words) => format!("parameter: {words}"),
            HandlerRefusal::Error(words) | HandlerRefusal::Words(words) => words,
            HandlerRefusal::NotHex => "not hex".to_owned(),
        }
    }

    #[test]
    fn what_is_complete_is_taken() {
        let order = submit(&[("constructorArguements", "00ff"), ("licenseType", "3")]).unwrap();
        assert_eq!((&*order.file, &*order.contract), ("A.sol", "A"));
        assert_eq!(order.arguments.as_deref(), Some("00ff"));
        assert_eq!(order.licence, "MIT");
        let right = submit(&[("constructorArguments", "00")]).unwrap();
        assert_eq!(right.arguments.as_deref(), Some("00"));
        assert_eq!(submit(&[]).unwrap().licence, "None");
    }

    #[test]
    fn each_refusal_says_what_is_wrong() {
        let with = |optimizer: &str| INPUT.replace(r#"{"enabled":false,"runs":200}"#, optimizer);
        let table: &[(&str, &str, &str)] = &[
            ("contractaddress", "-", "contractAddress is required"),
            ("sourceCode", "-", "sourceCode is required"),
            ("compilerversion", "-", "compilerVersion is required"),
            ("contractname", "-", "fullQualifiedName is required"),
            ("codeformat", "-", "code format required"),
            (
                "codeformat",
                "solidity",
                "code format solidity not supported",
            ),
            (
                "codeformat",
                "vyper-json",
                "no compiler for code format vyper-json",
            ),
            ("compilerversion", "", "solc version required"),
            ("compilerversion", "0.8.4+commit.c7e474f2", "not supported"),
            ("sourceCode", "contract A {}", "SyntaxError"),
            ("sourceCode", "", "SyntaxError"),
            ("sourceCode", "{}", "TypeError"),
            ("sourceCode", &with("null"), "TypeError"),
            (
                "sourceCode",
                &with(r#"{"enabled":"yes"}"#),
                "optimizationUsed",
            ),
            (
                "sourceCode",
                &with(r#"{"enabled":true,"runs":0.5}"#),
                "runs",
            ),
            ("sourceCode", &with(r#"{"enabled":true,"runs":-1}"#), "runs"),
            ("libraryname1", "L", "a pair"),
            ("libraryaddress10", "0x", "a pair"),
            ("evmversion", "default", "EVM version default not supported"),
            ("licenseType", "0", "licenseType"),
            ("licenseType", "15", "licenseType"),
            ("contractaddress", "", "Bad Request"),
            ("sourceCode", &INPUT.replace("Solidity", ""), "Bad Request"),
            (
                "sourceCode",
                &INPUT.replace("content", "urls"),
                "Bad Request",
            ),
            (
                "sourceCode",
                &INPUT.replace("sources", "source"),
                "Bad Request",
            ),
        ];
        for (name, value, expected) in table {
            let found = words(&[(name, value)]);
            assert!(found.contains(expected), "{name}={value}: {found}");
        }
    }

    #[test]
    fn an_optimizer_without_fields_is_off() {
        let input = INPUT.replace(r#"{"enabled":false,"runs":200}"#, "{}");
        assert!(submit(&[("sourceCode", &input)]).is_ok());
    }

    #[test]
    fn a_single_file_becomes_a_standard_input() {
        let source = "// SPDX-License-Identifier: A\n// SPDX-License-Identifier: B";
        let order = submit(&[
            ("codeformat", "solidity-single-file"),
            ("sourceCode", source),
            ("contractname", "A"),
            ("optimizationUsed", "1"),
            ("runs", "999"),
            ("evmversion", "istanbul"),
            ("libraryname1", "L"),
            ("libraryaddress1", ADDRESS),
        ])
        .unwrap();
        let expected = json!({
            "language": "Solidity",
            "sources": { "": { "content": "// SPDX-License-Identifier: A\n// SLI: B" } },
            "settings": {
                "optimizer": { "enabled": true, "runs": 999 },
                "evmVersion": "istanbul",
                "libraries": { "": { "L": ADDRESS } },
            },
        });
        assert_eq!(order.input, expected);
        assert_eq!((&*order.file, &*order.contract), ("", "A"));
    }
}
