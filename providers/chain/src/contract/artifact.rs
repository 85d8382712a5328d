//! Finding compiled code by its digest, and putting constructor arguments behind it.
//!
//! - Reads: outputs of sources.
//! - Returns: [`DeployableCode`], or why there is none.
//! - Never: takes code of another digest.

use std::collections::BTreeMap;

use pospool_conflux::Space;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::hex_bytes;
use pospool_model::{Address, Attributes, Problem, Value};

use super::{CodeName, ContractSpec};
use crate::codes;
use crate::resolve::argument_of;

/// Name of the proxy's contract in a source.
pub(crate) const PROXY: &str = "Proxy1967";

/// The call that gives a contract its first settings.
pub(crate) const INITIALIZE: &str = "initialize()";

/// Compiled code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeployableCode {
    pub(crate) init: Vec<u8>,
    /// Bytes of code that stay on the chain.
    pub(crate) runtime_length: usize,
    pub(crate) abi: String,
}

type SourceOutputs = BTreeMap<Address, Attributes>;

/// Finds the code that a digest stands for.
pub(crate) fn find_artifact(
    outputs: &SourceOutputs,
    code: &CodeName,
) -> Result<DeployableCode, Problem> {
    let found = source_of(outputs, code).and_then(|(_, value)| read(value));
    found.ok_or_else(|| no_code(code))
}

/// Finds all that a source tells of the code that a digest stands for.
pub(crate) fn artifact_value<'a>(
    outputs: &'a SourceOutputs,
    code: &CodeName,
) -> Result<&'a Value, Problem> {
    let found = source_of(outputs, code).map(|(_, value)| value);
    found.ok_or_else(|| no_code(code))
}

fn no_code(code: &CodeName) -> Problem {
    let summary = format!(
        "no source of the spec holds `{}` of digest {}",
        code.contract, code.digest
    );
    Problem::new(codes::NO_CODE, &["code"], summary)
}

/// Finds the proxy of the source that some code is from.
pub(crate) fn find_proxy(
    outputs: &SourceOutputs,
    code: &CodeName,
) -> Result<DeployableCode, Problem> {
    read(proxy_value(outputs, code)?).ok_or_else(no_proxy)
}

/// Finds all that a source tells of the proxy of some code: that of the same source, else of any.
pub(crate) fn proxy_value<'a>(
    outputs: &'a SourceOutputs,
    code: &CodeName,
) -> Result<&'a Value, Problem> {
    let filled = |source: &'a Attributes| source.get(PROXY).filter(|value| read(value).is_some());
    let own = source_of(outputs, code).and_then(|(source, _)| filled(source));
    own.or_else(|| of_sources(outputs).find_map(filled))
        .ok_or_else(no_proxy)
}

fn no_proxy() -> Problem {
    let summary = format!("no source of the spec holds `{PROXY}`, which `proxy = true` needs");
    Problem::new(codes::NO_PROXY_CODE, &["proxy"], summary)
        .help("take the code from a source that has it, or write `proxy = false`")
}

fn of_sources(outputs: &SourceOutputs) -> impl Iterator<Item = &Attributes> {
    let sources = outputs
        .iter()
        .filter(|(address, _)| address.kind() == "source");
    sources.map(|(_, attributes)| attributes)
}

fn source_of<'a>(
    outputs: &'a SourceOutputs,
    code: &CodeName,
) -> Option<(&'a Attributes, &'a Value)> {
    of_sources(outputs).find_map(|source| {
        let value = source
            .values()
            .find(|value| CodeName::read(value).as_ref() == Some(code));
        value.map(|value| (source, value))
    })
}

fn read(value: &Value) -> Option<DeployableCode> {
    let map = value.as_map()?;
    let text = |name: &str| map.get(name).and_then(Value::as_text);
    let init = hex_bytes(text("bytecode")?)?;
    if init.is_empty() {
        return None;
    }
    let runtime = text("runtime").and_then(hex_bytes).unwrap_or_default();
    Some(DeployableCode {
        // The code that stays is never longer than the code that makes it.
        runtime_length: if runtime.is_empty() {
            init.len()
        } else {
            runtime.len()
        },
        init,
        abi: text("abi").unwrap_or("[]").to_owned(),
    })
}

impl DeployableCode {
    /// Whether the contract has an `initialize()` of its own.
    pub(crate) fn has_initialize(&self) -> bool {
        abi::has_plain_function(&self.abi, "initialize")
    }

    /// Init code of a contract as its block wants it.
    pub(crate) fn wanted_init(
        &self,
        wanted: &Attributes,
        space: Space,
        outputs: &SourceOutputs,
        network: u32,
    ) -> Result<Vec<u8>, Problem> {
        let arguments = ContractSpec::read(wanted).constructor.known();
        let resolve = |value: &Value| argument_of(value, space, outputs, network, &["constructor"]);
        self.init_with(arguments.unwrap_or_default(), &resolve)
    }

    /// What the constructor of its proxy is given, with the call that gives it its first settings: in the same transaction, so
    /// that nobody can call it in between.
    pub(crate) fn proxy_arguments(&self, implementation: [u8; 20]) -> Vec<u8> {
        let call = abi::function_selector(INITIALIZE);
        let call = if self.has_initialize() {
            &call[..]
        } else {
            &[]
        };
        abi::proxy_arguments(implementation, call)
    }

    /// Init code with the constructor's arguments. `resolve` turns addresses and resources into bytes.
    pub(crate) fn init_with(
        &self,
        values: &[Value],
        resolve: &dyn Fn(&Value) -> Result<[u8; 20], Problem>,
    ) -> Result<Vec<u8>, Problem> {
        let problem =
            |summary: String| Problem::new(codes::BAD_CONSTRUCTOR, &["constructor"], summary);
        let parameters = abi::constructor_parameters(&self.abi)
            .ok_or_else(|| problem("the contract's ABI cannot be read".to_owned()))?;
        if parameters.len() != values.len() {
            return Err(problem(format!(
                "the constructor takes {} arguments, and `constructor` holds {}",
                parameters.len(),
                values.len()
            )));
        }
        let mut arguments = Vec::new();
        for ((name, ty), value) in parameters.iter().zip(values) {
            arguments.push(argument(ty, value, resolve)?.ok_or_else(|| {
                problem(format!(
                    "{value} does not fit the parameter `{name}` of type `{ty}`"
                ))
                .help("texts, whole numbers, booleans and addresses can be passed in this version")
            })?);
        }
        Ok([&self.init[..], &abi::encode_arguments(&arguments)].concat())
    }
}

fn argument(
    ty: &str,
    value: &Value,
    resolve: &dyn Fn(&Value) -> Result<[u8; 20], Problem>,
) -> Result<Option<Argument>, Problem> {
    Ok(match (ty, value) {
        ("string", Value::Text(text)) => Some(Argument::Text(text.clone())),
        ("bool", Value::Bool(value)) => Some(Argument::Bool(*value)),
        ("address", value) => Some(Argument::Address(resolve(value)?)),
        (ty, Value::Integer(number)) => u128::try_from(*number)
            .ok()
            .filter(|number| fits(ty, *number))
            .map(Argument::Number),
        ("uint256", Value::Amount(drip)) => Some(Argument::Number(drip.0)),
        ("uint256" | "uint64", Value::Blocks(blocks)) => Some(Argument::Number(blocks.0.into())),
        _ => None,
    })
}

/// Whether a number fits a type such as `uint64`.
fn fits(ty: &str, number: u128) -> bool {
    let bits = ty
        .strip_prefix("uint")
        .and_then(|bits| bits.parse::<u32>().ok());
    bits.is_some_and(|bits| bits >= 128 || number < 1 << bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABI: &str = r#"[{"type":"constructor","inputs":[{"name":"to","type":"address"},{"name":"n","type":"uint8"}]}]"#;

    fn outputs() -> SourceOutputs {
        let code = |contract: &str, digest: &str, bytecode: &str| {
            let pairs = [
                ("contract", contract),
                ("digest", digest),
                ("bytecode", bytecode),
                ("abi", ABI),
            ];
            Value::Map(
                pairs
                    .map(|(name, text)| (name.to_owned(), Value::from(text)))
                    .into(),
            )
        };
        let source = Attributes::from([
            ("PoSPool".to_owned(), code("PoSPool", "0x01", "0x6001")),
            ("Proxy1967".to_owned(), code("Proxy1967", "0x02", "0x6002")),
        ]);
        SourceOutputs::from([("source.reference".parse().unwrap(), source)])
    }

    fn name(contract: &str, digest: &str) -> CodeName {
        CodeName {
            contract: contract.to_owned(),
            digest: digest.to_owned(),
        }
    }

    #[test]
    fn code_is_found_by_its_digest_only() {
        let found = find_artifact(&outputs(), &name("PoSPool", "0x01")).unwrap();
        assert_eq!(found.init, [0x60, 1]);
        assert_eq!(
            find_artifact(&outputs(), &name("PoSPool", "0x09"))
                .unwrap_err()
                .code,
            "chain/no-code"
        );
        assert_eq!(
            find_proxy(&outputs(), &name("PoSPool", "0x01"))
                .unwrap()
                .init,
            [0x60, 2]
        );
    }

    #[test]
    fn a_source_without_proxy_is_told() {
        let mut outputs = outputs();
        for source in outputs.values_mut() {
            source.remove(PROXY);
        }
        let problem = find_proxy(&outputs, &name("PoSPool", "0x01")).unwrap_err();
        assert_eq!(problem.code, "chain/no-proxy-code");
    }

    #[test]
    fn constructor_arguments_must_fit() {
        let artifact = find_artifact(&outputs(), &name("PoSPool", "0x01")).unwrap();
        let resolve = |_: &Value| Ok([7; 20]);
        let to = Value::from("cfxtest:…");
        let init = artifact
            .init_with(&[to.clone(), Value::Integer(255)], &resolve)
            .unwrap();
        assert_eq!(init.len(), 2 + 64);
        for wrong in [
            vec![],
            vec![to.clone(), Value::Integer(256)],
            vec![to, Value::from("1")],
        ] {
            assert!(artifact.init_with(&wrong, &resolve).is_err());
        }
    }
}
