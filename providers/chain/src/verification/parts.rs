//! What should be where: the parts of a contract, with the code that the compiler made of their sources.
//!
//! - Reads: wanted attributes and outputs of the contracts, outputs of sources and chains.
//! - Returns: one [`Part`] for a contract, two where it has a proxy.
//! - Never: looks at a chain.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pospool_conflux::hex::hex_bytes;
use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_tx::ChainRef;
use pospool_model::{Address, Attributes, Problem, Value};
use serde_json::Value as Json;

use super::compare::Hole;
use super::contracts;
use crate::chain;
use crate::chain::ChainSpec;
use crate::codes;
use crate::contract::artifact::{self, PROXY};
use crate::contract::creation::PROXY_ARGUMENTS;
use crate::contract::schema::{ContractSpec, space_of_kind};
use crate::contract::{CodeName, is_proxied};
use crate::resolve::argument_of;

type AttributesByAddress = BTreeMap<Address, Attributes>;

/// The other resources, as far as they are known.
#[derive(Clone, Copy)]
pub(super) struct KnownResources<'a> {
    pub(super) wanted: &'a AttributesByAddress,
    pub(super) outputs: &'a AttributesByAddress,
}

/// One code on the chain that should be that of a source.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The resource in the spec.
    pub(super) contract: Address,
    pub(super) is_proxy: bool,
    pub(super) space: Space,
    /// Its space.
    pub(super) chain: ChainRef,
    /// Name of the network: `testnet`.
    pub(super) network: String,
    /// Where it is; `None` as long as nobody knows.
    pub(super) address: Option<String>,
    /// What a proxy must point at.
    pub(super) points_at: Option<String>,
    pub(super) compiled: CompiledPart,
    /// Encoded arguments of the constructor.
    pub(super) arguments: Vec<u8>,
}

impl Part {
    /// What it is, for a person.
    pub(super) fn what(&self) -> String {
        if self.is_proxy {
            format!("the proxy of `{}`", self.contract)
        } else {
            format!("`{}`", self.contract)
        }
    }
}

/// What the compiler made, as far as a verification needs it.
#[derive(Clone, Debug)]
pub(crate) struct CompiledPart {
    /// Fully qualified: `contracts/PoSPool.sol:PoSPool`.
    pub(crate) name: String,
    /// Long version: `0.8.4+commit.c7e474f2`.
    pub(crate) compiler: String,
    /// File with the compiler's standard JSON input.
    pub(crate) input: PathBuf,
    pub(crate) runtime: Vec<u8>,
    pub(crate) holes: Vec<Hole>,
}

/// The code that stays on the chain, as a source tells it, with the places that a constructor fills; `None` if it does not.
pub(crate) fn read_runtime(value: &Value) -> Option<(Vec<u8>, Vec<Hole>)> {
    let text = |name: &str| value.as_map()?.get(name).and_then(Value::as_text);
    let runtime = hex_bytes(text("runtime")?).filter(|runtime| !runtime.is_empty())?;
    let immutables = match text("immutables") {
        Some(text) => holes(&serde_json::from_str(text).ok()?),
        None => Vec::new(),
    };
    Some((runtime, immutables))
}

impl CompiledPart {
    /// Reads a compiled contract of a source.
    pub(crate) fn read(value: &Value) -> Result<Self, Problem> {
        let text = |name: &str| value.as_map()?.get(name).and_then(Value::as_text);
        let compiled = || {
            Some(Self {
                name: format!("{}:{}", text("file")?, text("contract")?),
                compiler: text("compiler")?.to_owned(),
                input: text("input")?.into(),
                runtime: hex_bytes(text("runtime")?)?,
                holes: holes(&serde_json::from_str(text("immutables")?).ok()?),
            })
        };
        compiled()
            .filter(|found| !found.runtime.is_empty())
            .ok_or_else(|| {
                let name = text("contract").unwrap_or(PROXY);
                let summary = format!("the source does not tell what `{name}` was compiled from");
                Problem::new(codes::NO_CODE, &["contract"], summary)
            })
    }
}

/// Returns the parts of all contracts that a verification names.
pub(super) fn parts_of(
    wanted: &Attributes,
    around: KnownResources<'_>,
) -> Result<Vec<Part>, Problem> {
    let mut parts = Vec::new();
    for contract in contracts(wanted) {
        parts.extend(of_contract(contract, around)?);
    }
    Ok(parts)
}

/// Whether a contract is about to get other code than it has: the code of the last run is not the wanted one.
pub(super) fn changes_code(contract: &Address, around: KnownResources<'_>) -> bool {
    let code = |map: &AttributesByAddress| map.get(contract)?.get("code").and_then(CodeName::read);
    let recorded = code(around.outputs);
    recorded.is_some() && recorded != code(around.wanted)
}

fn of_contract(contract: &Address, around: KnownResources<'_>) -> Result<Vec<Part>, Problem> {
    let nothing = Attributes::new();
    let wanted = around.wanted.get(contract).unwrap_or(&nothing);
    let outputs = around.outputs.get(contract).unwrap_or(&nothing);
    let text = |name: &str| {
        outputs
            .get(name)
            .and_then(Value::as_text)
            .map(ToOwned::to_owned)
    };
    let block = ContractSpec::read(wanted);
    let code = block.code.known().and_then(CodeName::read).ok_or_else(|| {
        let summary = format!("the code of `{contract}` is not known yet");
        Problem::new(codes::NO_CODE, &["contract"], summary).needing(contract)
    })?;
    let home = Home::of(contract, wanted, around)?;
    let part = |is_proxy, address, points_at, compiled, arguments| Part {
        contract: contract.clone(),
        is_proxy,
        space: home.space,
        chain: home.chain.clone(),
        network: home.name.clone(),
        address,
        points_at,
        compiled,
        arguments,
    };
    let value = artifact::artifact_value(around.outputs, &code)?;
    let (found, compiled) = (
        artifact::find_artifact(around.outputs, &code)?,
        CompiledPart::read(value)?,
    );
    let given = block.constructor.known();
    let resolve = |value: &Value| home.resolve(value, around.outputs);
    let init = found.init_with(given.unwrap_or_default(), &resolve)?;
    let arguments = init[found.init.len()..].to_vec();
    if !is_proxied(wanted) {
        return Ok(vec![part(
            false,
            text("address"),
            None,
            compiled,
            arguments,
        )]);
    }
    let implementation = text("implementation");
    let proxy = CompiledPart::read(artifact::proxy_value(around.outputs, &code)?)?;
    let target = implementation.as_deref().and_then(bytes_of);
    // An upgrade changes what the proxy points at, and not what it was made with.
    let made_with = text(PROXY_ARGUMENTS).and_then(|hex| hex_bytes(&hex));
    let behind = made_with.unwrap_or_else(|| found.proxy_arguments(target.unwrap_or_default()));
    Ok(vec![
        part(false, implementation.clone(), None, compiled, arguments),
        part(true, text("address"), implementation, proxy, behind),
    ])
}

/// Where a contract lives.
struct Home {
    space: Space,
    chain: ChainRef,
    name: String,
    network: u32,
}

impl Home {
    fn of(
        contract: &Address,
        wanted: &Attributes,
        around: KnownResources<'_>,
    ) -> Result<Self, Problem> {
        let unknown = || {
            let summary = format!("the chain of `{contract}` is not known");
            Problem::new(codes::NOT_A_NODE, &["contract"], summary)
                .help("name it with `chain` in the contract's block")
        };
        let named = ContractSpec::read(wanted).chain.known();
        let chain = named.or_else(|| {
            let mut chains = around
                .wanted
                .keys()
                .filter(|address| address.kind() == "chain");
            chains.next().filter(|_| chains.next().is_none())
        });
        let chain = chain.ok_or_else(unknown)?;
        let unknown = || unknown().needing(chain);
        let attributes = around.wanted.get(chain).ok_or_else(unknown)?;
        let outputs = around.outputs.get(chain).ok_or_else(unknown)?;
        let space = space_of_kind(contract.kind()).unwrap_or(Space::Core);
        let name = ChainSpec::read(attributes).network.known();
        let network = outputs.get("core_chain_id").and_then(Value::as_integer);
        Ok(Self {
            space,
            chain: chain::reference_of(chain, attributes, outputs, space).ok_or_else(unknown)?,
            name: name.unwrap_or_default().to_owned(),
            network: network
                .and_then(|id| id.try_into().ok())
                .ok_or_else(unknown)?,
        })
    }

    /// The address behind a constructor's argument.
    fn resolve(&self, value: &Value, outputs: &AttributesByAddress) -> Result<[u8; 20], Problem> {
        argument_of(value, self.space, outputs, self.network, &["contract"])
    }
}

/// The 20 bytes of an address in either form.
pub(super) fn bytes_of(text: &str) -> Option<[u8; 20]> {
    text.parse::<ChainAddress>().ok().map(ChainAddress::bytes)
}

/// Reads the compiler's list of immutables: number -> places.
fn holes(references: &Json) -> Vec<Hole> {
    let number = |place: &Json, name: &str| {
        let number = place.get(name).and_then(Json::as_u64)?;
        usize::try_from(number).ok()
    };
    let all = references.as_object().into_iter().flatten();
    let places = all.flat_map(|(name, list)| {
        let list = list.as_array().into_iter().flatten();
        list.map(move |place| (name, place))
    });
    places
        .filter_map(|(name, place)| {
            Some(Hole {
                name: name.clone(),
                start: number(place, "start")?,
                length: number(place, "length")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn immutables_are_read_with_all_their_places() {
        let list = json!({
            "12": [{ "start": 3, "length": 32 }, { "start": 90, "length": 32 }],
            "7": [{ "start": 1, "length": 20 }, { "start": -1, "length": 2 }],
        });
        let found = holes(&list);
        let places: Vec<_> = found
            .iter()
            .map(|hole| (hole.name.as_str(), hole.start))
            .collect();
        assert_eq!(places, [("12", 3), ("12", 90), ("7", 1)]);
        assert_eq!(holes(&Json::Null), []);
    }
}
