//! `chain`: a network, how to reach it, and that it is the one it is said to be.
//!
//! - Reads: attributes of a `chain` block; the node's status, genesis and fees.
//! - Returns: normal attributes, facts, outputs and identity; or a problem when the network is another one.
//! - Never: follows an endpoint to a network of another id.

mod schema;

use pospool_conflux::Space;
use pospool_conflux_rpc::networks::{PUBLIC, PublicNetwork, oracle_of, public_network};
use pospool_conflux_rpc::quantity::field_u64;
use pospool_conflux_rpc::{Batch, BatchAnswers, CountingTransport, Refusal, Slot};
use pospool_conflux_tx::{ChainRef, WaitLevel, rpc_attribute};
use pospool_model::state::ChainIdentity;
use pospool_model::{Address, Attributes, Drip, Endpoint, EndpointError, Problem, Value};
use serde_json::{Value as Json, json};

pub(crate) use self::schema::{CHAIN, ChainSpec};
use crate::codes;

/// 100 Gdrip: the price of a very busy day.
const DEFAULT_CEILING: u128 = 100_000_000_000;

/// Attribute that names a wait level.
const WAIT_LEVEL: &str = "wait_level";
/// Attribute that says how many calls a second endpoints take.
const CALLS_PER_SECOND: &str = "calls_per_second";

/// Network id that a spec's network must have; `None` for a devnet, whose id only its node knows.
pub(crate) fn expected_network(attributes: &Attributes) -> Option<u32> {
    let name = ChainSpec::read(attributes).network.known()?;
    public_network(name).map(|public| public.network)
}

/// Whether a chain of the spec may have this chain id in a space: a devnet may have any that is none of a public network.
pub(crate) fn may_be(attributes: &Attributes, space: Space, id: u32) -> bool {
    let of = |public: &PublicNetwork| match space {
        Space::Core => public.network,
        Space::Espace => public.espace,
    };
    let name = ChainSpec::read(attributes).network.known();
    match name.and_then(public_network) {
        Some(public) => of(public) == id,
        None => PUBLIC.iter().all(|public| of(public) != id),
    }
}

/// Endpoints of a space in normal attributes.
pub(crate) fn endpoints_of(attributes: &Attributes, space: Space) -> Vec<Endpoint> {
    let endpoint = |value: &Value| match value {
        Value::Text(text) => Endpoint::parse(text).ok(),
        Value::Endpoint(endpoint) => Some(endpoint.clone()),
        _ => None,
    };
    values(attributes, space).filter_map(endpoint).collect()
}

fn values(attributes: &Attributes, space: Space) -> impl Iterator<Item = &Value> {
    let list = attributes
        .get(rpc_attribute(space))
        .and_then(Value::as_list);
    list.unwrap_or_default().iter()
}

/// Most that a unit of gas may cost.
pub(crate) fn gas_price_ceiling(attributes: &Attributes) -> u128 {
    let most = ChainSpec::read(attributes).max_gas_price.known();
    most.map_or(DEFAULT_CEILING, |drip| drip.0)
}

/// Has a link keep to the pace that the spec names for a chain's endpoints.
pub(crate) fn keep_pace(link: &CountingTransport, attributes: &Attributes) {
    let number = ChainSpec::read(attributes).calls_per_second.known();
    let Some(number) = number.and_then(|number| u32::try_from(number).ok()) else {
        return;
    };
    for space in [Space::Core, Space::Espace] {
        // One that cannot be read now is said where it is asked.
        for url in endpoints_of(attributes, space)
            .iter()
            .filter_map(|it| it.url().ok())
        {
            link.allow(&url, number);
        }
    }
}

/// How deep a transaction without value must be in the chain.
pub(crate) fn wait_level(attributes: &Attributes) -> WaitLevel {
    let word = ChainSpec::read(attributes).wait_level.known();
    word.and_then(level_of).unwrap_or(WaitLevel::Confirmed)
}

fn level_of(word: &str) -> Option<WaitLevel> {
    let mut levels = WaitLevel::ALL.iter().copied();
    levels.find(|level| level.words().0 == word)
}

/// Fills in defaults; the endpoints become lists.
pub(crate) fn normalise_chain(mut attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
    let mut problems = Vec::new();
    let network = ChainSpec::read(&attributes).network.known();
    let network = network.unwrap_or_default().to_owned();
    let known = public_network(&network);
    if known.is_none() && network != "devnet" {
        let summary = format!("`{network}` is not a network that pospool knows");
        problems.push(
            Problem::new(codes::UNKNOWN_NETWORK, &["network"], summary)
                .help("write \"mainnet\", \"testnet\", or \"devnet\" for a private network"),
        );
    }
    let defaults = known.map_or(&[][..], |public| public.core_rpc);
    match rpc_list(&mut attributes, Space::Core, defaults) {
        Ok(list) if list.is_empty() => problems.push(
            Problem::new(codes::NO_RPC, &["network"], "a devnet has no public RPC")
                .help("write `core_rpc = \"http://127.0.0.1:12537\"`, or where its node listens"),
        ),
        Ok(list) => {
            attributes.insert("core_rpc".to_owned(), Value::List(list));
        }
        Err(problem) => problems.push(problem),
    }
    let defaults = known.map_or(&[][..], |public| public.espace_rpc);
    match rpc_list(&mut attributes, Space::Espace, defaults) {
        Ok(list) if list.is_empty() => {}
        Ok(list) => {
            attributes.insert("espace_rpc".to_owned(), Value::List(list));
        }
        Err(problem) => problems.push(problem),
    }
    // A devnet is for trying things out, and its only user cannot be surprised by a reorganisation.
    let usual = if known.is_some() {
        WaitLevel::Confirmed
    } else {
        WaitLevel::Executed
    };
    let level = attributes
        .entry(WAIT_LEVEL.to_owned())
        .or_insert_with(|| Value::from(usual.words().0));
    problems.extend(bad_level(level));
    problems.extend(bad_pace(attributes.get(CALLS_PER_SECOND)));
    attributes
        .entry("max_gas_price".to_owned())
        .or_insert(Value::Amount(Drip(DEFAULT_CEILING)));
    if problems.is_empty() {
        Ok(attributes)
    } else {
        Err(problems)
    }
}

fn bad_level(value: &Value) -> Option<Problem> {
    if *value == Value::Unknown || value.as_text().and_then(level_of).is_some() {
        return None;
    }
    let summary = format!("{value} is not a level that a transaction can wait for");
    let problem = Problem::new(codes::BAD_WAIT_LEVEL, &[WAIT_LEVEL], summary);
    Some(problem.help("write \"executed\", \"confirmed\" or \"finalised\""))
}

fn bad_pace(value: Option<&Value>) -> Option<Problem> {
    let number = value?.as_integer()?;
    if (1..=1_000_000).contains(&number) {
        return None;
    }
    let summary = format!("{number} is not a number of calls a second");
    let problem = Problem::new(codes::BAD_PACE, &[CALLS_PER_SECOND], summary);
    Some(problem.help("write what the endpoint's operator allows, from 1 on, or leave it out for the free public endpoints"))
}

fn rpc_list(
    attributes: &mut Attributes,
    space: Space,
    defaults: &[&str],
) -> Result<Vec<Value>, Problem> {
    let list = match attributes.remove(rpc_attribute(space)) {
        None | Some(Value::Null) => defaults.iter().map(|text| Value::from(*text)).collect(),
        Some(Value::List(list)) => list,
        Some(one) => vec![one],
    };
    let mut endpoints = Vec::with_capacity(list.len());
    for value in list {
        endpoints.push(match value {
            // What everybody knows is no key, whatever its path.
            Value::Text(text) if defaults.contains(&text.as_str()) => Value::Text(text),
            Value::Text(text) => match Endpoint::parse(&text) {
                Ok(endpoint) => endpoint.into(),
                Err(error) => return Err(bad_rpc(space, &error)),
            },
            Value::Secret(name) => Endpoint::named(name).into(),
            Value::Endpoint(_) | Value::Unknown => value,
            _ => return Err(bad_rpc(space, &EndpointError::NotUrl)),
        });
    }
    Ok(endpoints)
}

/// What was written is not repeated: it may hold a key.
fn bad_rpc(space: Space, error: &EndpointError) -> Problem {
    let summary = format!("`{}` holds what is {error}", rpc_attribute(space));
    Problem::new(codes::BAD_RPC, &[rpc_attribute(space)], summary).help(
        "write \"http://…\" or \"https://…\", or env(\"NAME\") or file(\"PATH\") that holds such a URL, or a list of them",
    )
}

/// Questions about a chain.
pub(crate) struct AskedChain {
    status: Slot,
    genesis: Slot,
    version: Slot,
}

/// What a chain answered.
pub(crate) struct SeenChain {
    /// Network id of its Core addresses.
    pub(crate) network: u32,
    pub(crate) identity: ChainIdentity,
    /// The newest epoch whose state is known: what this run looks at.
    pub(crate) epoch: u64,
    pub(crate) version: String,
}

/// Asks which chain it is, and how far. What gas costs is asked by the look at what is made.
pub(crate) fn ask_chain(batch: &mut Batch) -> AskedChain {
    AskedChain {
        status: batch.ask("cfx_getStatus", json!([])),
        genesis: batch.ask("cfx_getBlockByEpochNumber", json!(["0x0", false])),
        version: batch.ask("cfx_clientVersion", json!([])),
    }
}

/// Reads the answers about a chain; `None` if they are not those of a Conflux node.
pub(crate) fn read_chain(asked: &AskedChain, answers: &BatchAnswers) -> Option<SeenChain> {
    let status = answers.get(asked.status)?;
    let network = u32::try_from(field_u64(status, "chainId")?).ok()?;
    let genesis = answers.get(asked.genesis)?.get("hash")?.as_str()?;
    let version = answers
        .get(asked.version)
        .and_then(Json::as_str)
        .unwrap_or_default();
    Some(SeenChain {
        identity: ChainIdentity {
            core_chain_id: network.into(),
            espace_chain_id: field_u64(status, "ethereumSpaceChainId")?,
            genesis_hash: genesis.to_owned(),
        },
        network,
        epoch: field_u64(status, "latestState")?,
        version: version.to_owned(),
    })
}

/// An RPC that everybody may know: the first one if it is text, which has no key; else the public one of the network.
fn open_rpc(wanted: &Attributes, space: Space) -> Option<Value> {
    let first = values(wanted, space).next()?;
    if let Value::Text(_) = first {
        return Some(first.clone());
    }
    let network = public_network(ChainSpec::read(wanted).network.known()?)?;
    let defaults = match space {
        Space::Core => network.core_rpc,
        Space::Espace => network.espace_rpc,
    };
    defaults.first().map(|url| Value::from(*url))
}

/// What is known of one space of a chain, from the chain's outputs.
pub(crate) fn reference_of(
    chain: &Address,
    wanted: &Attributes,
    outputs: &Attributes,
    space: Space,
) -> Option<ChainRef> {
    let id = match space {
        Space::Core => "core_chain_id",
        Space::Espace => "espace_chain_id",
    };
    Some(ChainRef {
        address: Some(chain.clone()),
        endpoints: endpoints_of(wanted, space),
        network: outputs.get(id)?.as_integer()?.try_into().ok()?,
        genesis_hash: outputs.get("genesis_hash")?.as_text()?.to_owned(),
    })
}

impl AskedChain {
    /// The first question that the node refused. A node in trouble must not be taken for something else than a node.
    pub(crate) fn trouble<'a>(
        &self,
        answers: &'a BatchAnswers,
    ) -> Option<(&'static str, &'a Refusal)> {
        let slots = [
            ("cfx_getStatus", self.status),
            ("cfx_getBlockByEpochNumber", self.genesis),
        ];
        answers.first_trouble(&slots)
    }
}

/// Whether the node is on the network that the spec names.
pub(crate) fn check_network(wanted: &Attributes, found: u32) -> Result<(), Problem> {
    let name = ChainSpec::read(wanted).network.known().unwrap_or_default();
    let summary = match (
        public_network(name),
        PUBLIC.iter().find(|public| public.network == found),
    ) {
        (Some(public), _) if public.network != found => {
            format!(
                "`{name}` has chain id {}, and the node at `core_rpc` is on chain {found}",
                public.network
            )
        }
        (None, Some(other)) => {
            format!(
                "`{name}` means a private network, and the node at `core_rpc` is on {}",
                other.name
            )
        }
        _ => return Ok(()),
    };
    Err(Problem::new(codes::WRONG_NETWORK, &["network"], summary)
        .help("name the network of that node, or the RPC of the network that is meant"))
}

/// Outputs of a chain.
pub(crate) fn chain_outputs(wanted: &Attributes, seen: &SeenChain) -> Attributes {
    let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let mut outputs = Attributes::from([
        (
            "core_chain_id".to_owned(),
            number(seen.identity.core_chain_id),
        ),
        (
            "espace_chain_id".to_owned(),
            number(seen.identity.espace_chain_id),
        ),
        (
            "genesis_hash".to_owned(),
            Value::from(seen.identity.genesis_hash.as_str()),
        ),
        ("epoch".to_owned(), number(seen.epoch)),
        (
            "client_version".to_owned(),
            Value::from(seen.version.as_str()),
        ),
    ]);
    if let Some(network) = ChainSpec::read(wanted).network.known() {
        outputs.insert("network".to_owned(), Value::from(network));
        if let Some(oracle) = oracle_of(network) {
            outputs.insert("core_space_oracle".to_owned(), oracle.into());
        }
    }
    for space in [Space::Core, Space::Espace] {
        if let Some(first) = values(wanted, space).next() {
            outputs.insert(rpc_attribute(space).to_owned(), first.clone());
        }
        if let Some(open) = open_rpc(wanted, space) {
            outputs.insert(format!("public_{}", rpc_attribute(space)), open);
        }
    }
    outputs
}

#[cfg(test)]
mod tests;
