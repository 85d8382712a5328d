//! A syncer as the spec wants it: its normal form, and in types.
//!
//! - Reads: attributes of one block; some may be unknown yet.
//! - Returns: the normal form or every problem at once; a [`DesiredSyncer`], or the first thing that is not known yet.
//! - Never: holds a key, only its name.

use pospool_model::{
    Address, Attributes, Blocks, Drip, Endpoint, EndpointError, Problem, SecretRef, Value,
};

use super::endpoints::CORE_RPC;
use crate::attributes::{attribute_text, missing_attribute, require_attribute};
use crate::codes;
use crate::names::Name;
use crate::rows::AS_MADE;
use crate::syncer::schema::SyncerSpec;
use crate::ui::is_core_address;

/// Time between two rounds.
const EVERY: &str = "30s";
const HERE: [&str; 4] = ["localhost", "127.", "0.0.0.0", "[::1]"];

/// One syncer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredSyncer {
    pub(crate) chain: Address,
    pub(crate) bridge: String,
    pub(crate) key: SecretRef,
    /// None: those of the chain.
    pub(crate) core_rpc: Option<Vec<Value>>,
    pub(crate) docker_network: Option<Name>,
    pub(crate) every: String,
    pub(crate) claim_every: Option<Blocks>,
    pub(crate) claim_from: Option<Drip>,
    pub(crate) ca_bundle: Option<String>,
}

impl DesiredSyncer {
    /// Reads attributes that `normalise` let through.
    pub(crate) fn read(attributes: &Attributes) -> Result<Self, Problem> {
        if let Some((name, _)) = attributes.iter().find(|(_, value)| value.has_unknown()) {
            let what =
                format!("`{name}` is not known before the apply, and the syncer is made from it");
            return Err(Problem::new(codes::UNKNOWN_VALUE, &[name], what)
                .help("write the value, or a reference to something that is known in the plan"));
        }
        let block = SyncerSpec::read(attributes);
        let network = block.docker_network.known().map(Name::new).transpose();
        let bridge = require_attribute("bridge", block.bridge)?;
        Ok(Self {
            chain: require_attribute("chain", block.chain)?.clone(),
            bridge: bridge.to_owned(),
            key: require_attribute("private_key", block.private_key)?.clone(),
            core_rpc: block.core_rpc.known().map(list_of),
            docker_network: network.map_err(|error| error.problem(&["docker_network"]))?,
            every: block.every.known().unwrap_or(EVERY).to_owned(),
            claim_every: block.claim_every.known(),
            claim_from: block.claim_from.known(),
            ca_bundle: block.ca_bundle.known().map(str::to_owned),
        })
    }

    /// The RPCs that the container asks: its own, or those of its chain.
    pub(crate) fn rpcs(&self, chain: &Attributes) -> Result<Vec<Value>, Problem> {
        let list = match &self.core_rpc {
            Some(own) => own.clone(),
            None => chain.get(CORE_RPC).map(list_of).unwrap_or_default(),
        };
        if list.is_empty() {
            return Err(missing_attribute(CORE_RPC));
        }
        match list.iter().find_map(|rpc| refusal("syncer", rpc)) {
            Some(problem) => Err(problem),
            None => Ok(list),
        }
    }
}

/// Brings a syncer's attributes into their normal form.
pub(crate) fn normalise_syncer(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    for (name, value) in [
        ("every", EVERY),
        ("state", "running"),
        ("hardening", AS_MADE),
    ] {
        let value = || value.into();
        attributes.entry(name.to_owned()).or_insert_with(value);
    }
    for (name, only) in [("state", "running"), ("hardening", AS_MADE)] {
        if attribute_text(attributes, name).is_some_and(|found| found != only) {
            let what = format!("`{name}` may only be `{only}`: it only shows drift");
            problems.push(Problem::new(codes::BAD_VALUE, &[name], what));
        }
    }
    if let Some(bridge) = SyncerSpec::read(attributes)
        .bridge
        .known()
        .filter(|it| !is_core_address(it))
    {
        let what = format!("`{bridge}` is not a Core Space address");
        problems.push(
            Problem::new(codes::BAD_VALUE, &["bridge"], what)
                .help("write `core_contract.bridge.address`"),
        );
    }
    if let Some(every) = SyncerSpec::read(attributes)
        .every
        .known()
        .filter(|every| !is_time(every))
    {
        let what = format!("`{every}` is not a time such as `30s`, `5m` or `1h`");
        problems.push(Problem::new(codes::BAD_TIME, &["every"], what));
    }
    normalise_endpoints("syncer", attributes, problems);
    network(attributes, problems);
}

/// One URL is a list of one.
pub(crate) fn normalise_endpoints(
    kind: &str,
    attributes: &mut Attributes,
    problems: &mut Vec<Problem>,
) {
    let Some(value) = attributes.get_mut(CORE_RPC) else {
        return;
    };
    let own = match std::mem::take(value) {
        Value::List(list) => list,
        one => vec![one],
    };
    let mut list = Vec::with_capacity(own.len());
    for one in own {
        let endpoint = match one {
            Value::Text(text) => Endpoint::parse(&text).map(Value::from),
            Value::Secret(name) => Ok(Endpoint::named(name).into()),
            Value::Endpoint(_) | Value::Unknown => Ok(one),
            _ => Err(EndpointError::NotUrl),
        };
        match endpoint {
            Ok(endpoint) => list.push(endpoint),
            // What was written is not repeated: it may hold a key.
            Err(error) => {
                let what = format!("`{CORE_RPC}` holds what is {error}");
                problems.push(Problem::new(codes::BAD_URL, &[CORE_RPC], what));
            }
        }
    }
    if list.is_empty() && problems.is_empty() {
        let what = "`core_rpc` is a URL or a list of them";
        problems.push(Problem::new(codes::BAD_URL, &[CORE_RPC], what));
    }
    problems.extend(list.iter().filter_map(|rpc| refusal(kind, rpc)));
    *value = Value::List(list);
}

fn network(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let Some(network) = SyncerSpec::read(attributes).docker_network.known() else {
        return;
    };
    if let Err(error) = Name::new(network) {
        problems.push(error.problem(&["docker_network"]));
    }
    if matches!(network, "host" | "none" | "default") {
        let what = format!("a syncer cannot be in the network `{network}`");
        problems.push(
            Problem::new(codes::BAD_NETWORK, &["docker_network"], what)
                .help("leave it out: the syncer gets a network of its own"),
        );
    }
}

fn list_of(value: &Value) -> Vec<Value> {
    value.as_list().unwrap_or_default().to_vec()
}

/// Why a container cannot ask this RPC; what a secret names is not known here.
fn refusal(kind: &str, rpc: &Value) -> Option<Problem> {
    let shown = match rpc {
        Value::Text(text) => text.as_str().into(),
        Value::Endpoint(endpoint) => endpoint.shown(),
        _ => return None,
    };
    let host = shown.split_once("://").map_or("", |(_, host)| host);
    let here = HERE.iter().any(|start| host.starts_with(start));
    here.then(|| {
        let what = format!("`{shown}` would be the {kind}'s own container");
        Problem::new(codes::INNER_RPC, &[CORE_RPC], what).help(format!(
            "write `core_rpc` in the {kind}'s block, as the container reaches it: a public RPC, or a node's address in \
             the network of `docker_network`"
        ))
    })
}

fn is_time(text: &str) -> bool {
    let number = text.strip_suffix(['s', 'm', 'h']);
    let number = number.and_then(|number| number.parse::<u32>().ok());
    number.is_some_and(|number| number > 0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const BRIDGE: &str = "cfxtest:acaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    /// Attributes of a syncer, in normal form.
    pub(crate) fn attributes(extra: &[(&str, Value)]) -> Attributes {
        let (normal, problems) = normal(extra);
        assert_eq!(problems, []);
        normal
    }

    fn normal(extra: &[(&str, Value)]) -> (Attributes, Vec<Problem>) {
        let resource = |text: &str| Value::Resource(text.parse().unwrap());
        let mut attributes = Attributes::from([
            ("host".to_owned(), resource("host.main")),
            ("chain".to_owned(), resource("chain.net")),
            ("bridge".to_owned(), Value::from(BRIDGE)),
            (
                "private_key".to_owned(),
                Value::Secret(SecretRef::Env("SYNCER".into())),
            ),
        ]);
        let extra = extra.iter();
        attributes.extend(extra.map(|(name, value)| ((*name).to_owned(), value.clone())));
        let mut problems = Vec::new();
        normalise_syncer(&mut attributes, &mut problems);
        (attributes, problems)
    }

    #[test]
    fn every_problem_is_named_at_its_place() {
        let (_, problems) = normal(&[
            ("bridge", "0x12".into()),
            ("every", "soon".into()),
            ("core_rpc", "http://127.0.0.1:12537/hunter2".into()),
            ("docker_network", "host".into()),
            ("state", "stopped".into()),
        ]);
        let found: Vec<_> = problems
            .iter()
            .map(|problem| (problem.code.as_str(), problem.path.concat()))
            .collect();
        let expected = [
            ("docker/bad-value", "state"),
            ("docker/bad-value", "bridge"),
            ("docker/bad-time", "every"),
            ("docker/inner-rpc", "core_rpc"),
            ("docker/bad-network", "docker_network"),
        ];
        assert_eq!(found, expected.map(|(code, path)| (code, path.to_owned())));
        let (_, more) = normal(&[("core_rpc", "ws://u:hunter2@a".into())]);
        assert_eq!(more[0].code, "docker/bad-url");
        assert!(!format!("{problems:?} {more:?}").contains("hunter2"));
    }

    #[test]
    fn one_rpc_is_a_list_of_one_and_the_chain_s_are_the_default() {
        let one = attributes(&[("core_rpc", "http://172.18.0.2:12537".into())]);
        let own = DesiredSyncer::read(&one).unwrap();
        let chain = |url: &str| {
            let list = Value::List(vec![url.into()]);
            Attributes::from([("core_rpc".to_owned(), list)])
        };
        let nowhere = chain("http://localhost:12537");
        let inner = [Value::from("http://172.18.0.2:12537")];
        assert_eq!(own.rpcs(&nowhere).unwrap(), inner);
        let none = DesiredSyncer::read(&attributes(&[])).unwrap();
        let public = chain("https://test.confluxrpc.com");
        let there = [Value::from("https://test.confluxrpc.com")];
        assert_eq!(none.rpcs(&public).unwrap(), there);
        assert_eq!(none.rpcs(&nowhere).unwrap_err().code, "docker/inner-rpc");
    }

    #[test]
    fn values_of_earlier_steps_may_be_unknown_before_the_plan() {
        let unknown = attributes(&[("bridge", Value::Unknown), ("core_rpc", Value::Unknown)]);
        let error = DesiredSyncer::read(&unknown).unwrap_err();
        assert_eq!(error.code, "docker/unknown-value");
    }
}
