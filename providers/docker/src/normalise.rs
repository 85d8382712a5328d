//! Wanted attributes in their normal form, and what a schema cannot check.
//!
//! - Reads: attributes of one resource; some may be unknown yet.
//! - Returns: the normal form, or every problem at once.
//! - Never: does I/O.

use pospool_model::{Attributes, Problem, Value};

use crate::client;
use crate::codes;
use crate::config_keys;
use crate::kinds::{DockerKind, kind_named};
use crate::memory::{format_memory, parse_memory};
use crate::names::{ImageRef, Name};
use crate::node::bound;
use crate::place::Folder;
use crate::render::layout::LOCAL_PORT;
use crate::render::release::Release;
use crate::rows::AS_MADE;

/// A person hands the secret over at each start, or nobody has to.
const ATTENDED: &str = "attended";
const UNATTENDED: &str = "unattended";
/// Least memory that Docker accepts for a container.
const LEAST_MEMORY: i64 = 6 << 20;

/// Brings attributes of one kind into their normal form.
pub(crate) fn normalise_kind(
    kind: &str,
    mut attributes: Attributes,
) -> Result<Attributes, Vec<Problem>> {
    attributes.retain(|_, value| *value != Value::Null);
    let mut problems = Vec::new();
    match kind_named(kind) {
        DockerKind::Host => host(&attributes, &mut problems),
        DockerKind::Volume => volume(&mut attributes, &mut problems),
        DockerKind::Container(kind) => {
            unwritten(&attributes, &mut problems);
            kind.normalise(&mut attributes, &mut problems);
        }
    }
    if problems.is_empty() {
        Ok(attributes)
    } else {
        Err(problems)
    }
}

/// What is there to show drift has no place in a spec.
fn unwritten(attributes: &Attributes, problems: &mut Vec<Problem>) {
    if attributes.contains_key("runtime") {
        let what = "`runtime` only shows drift, and is never written";
        problems.push(Problem::new(codes::BAD_VALUE, &["runtime"], what).help("leave it out"));
    }
}

fn host(attributes: &Attributes, problems: &mut Vec<Problem>) {
    if let Some(Value::Text(url)) = attributes.get("docker")
        && let Err(what) = client::socket_path(url)
    {
        problems.push(
            Problem::new(codes::HOST, &["docker"], what)
                .help("run pospool on that machine and write `unix:///var/run/docker.sock`"),
        );
    }
}

fn volume(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    let Some(Value::Text(text)) = attributes.get("path") else {
        return;
    };
    match Folder::new(text) {
        Ok(folder) => {
            attributes.insert("path".to_owned(), folder.to_string().into());
        }
        Err(what) => problems.push(
            Problem::new(codes::VOLUME_PATH, &["path"], what)
                .help("write an absolute path, such as `/srv/pool`"),
        ),
    }
}

pub(crate) fn normalise_node(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    default(attributes, "state", "running");
    default(attributes, "hardening", AS_MADE);
    default(attributes, "rollback_after", bound::DEFAULT_BOUND);
    starts(attributes, problems);
    choice(attributes, "state", &["running", "stopped"], problems);
    choice(attributes, "hardening", &[AS_MADE], problems);
    choice(attributes, "release_form", &Release::names(), problems);
    choice(attributes, "old_release", &["accept"], problems);
    image(attributes, problems);
    memory(attributes, problems);
    bound::check_bound(attributes, problems);
    port(attributes, problems);
    network(attributes, problems);
    if let Some(Value::Text(text)) = attributes.get("bootnodes")
        && let Err(what) = check_bootnodes(text)
    {
        problems.push(Problem::new(codes::BAD_BOOTNODES, &["bootnodes"], what));
    }
    crate::syncer::normalise_endpoints("node", attributes, problems);
    crate::snapshot::normalise_snapshot(attributes, problems);
    config(attributes, problems);
    announced(attributes, problems);
}

/// Whether Docker starts the container without a person follows from where the password comes.
fn starts(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    let starts = match attributes.get("pos_key_password") {
        Some(Value::Secret(secret)) if secret.mounted().is_some() => UNATTENDED,
        Some(Value::Secret(_)) => ATTENDED,
        _ => return,
    };
    default(attributes, "starts", starts);
    choice(attributes, "starts", &[starts], problems);
}

fn default(attributes: &mut Attributes, name: &str, value: &str) {
    attributes
        .entry(name.to_owned())
        .or_insert_with(|| value.into());
}

fn choice(attributes: &Attributes, name: &str, allowed: &[&str], problems: &mut Vec<Problem>) {
    if let Some(Value::Text(text)) = attributes.get(name)
        && !allowed.contains(&text.as_str())
    {
        let list = allowed
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(" or ");
        problems.push(Problem::new(
            codes::BAD_VALUE,
            &[name],
            format!("`{name}` is {list}, found `{text}`"),
        ));
    }
}

fn image(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let Some(Value::Text(text)) = attributes.get("image") else {
        return;
    };
    let problem = match ImageRef::parse(text) {
        Err(what) => {
            Problem::new(codes::BAD_IMAGE, &["image"], what).help("write `name:tag@sha256:…`")
        }
        Ok(image) if image.digest().is_none() && matches!(image.tag(), None | Some("latest")) => {
            Problem::new(
                codes::BAD_IMAGE,
                &["image"],
                format!("`{text}` names no release, and what `latest` means changes"),
            )
            .help("write the release's tag, and pin it: `name:tag@sha256:…`")
        }
        Ok(_) => return,
    };
    problems.push(problem);
}

fn memory(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    let Some(Value::Text(text)) = attributes.get("memory") else {
        return;
    };
    match parse_memory(text).filter(|bytes| *bytes >= LEAST_MEMORY) {
        Some(bytes) => {
            attributes.insert("memory".to_owned(), format_memory(bytes).into());
        }
        None => problems.push(
            Problem::new(
                codes::BAD_MEMORY,
                &["memory"],
                format!("`{text}` is not an amount of memory"),
            )
            .help("write a whole number and `m` or `g`, such as `16g`"),
        ),
    }
}

/// Ports below this one need rights that the node's container does not have.
const FIRST_PORT: i64 = 1024;

fn port(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let Some(Value::Integer(port)) = attributes.get("publish_p2p") else {
        return;
    };
    let (what, help) = if !(FIRST_PORT..=65535).contains(port) {
        (
            format!(
                "{port} is not a port that a node without root can listen on: use 1024 to 65535"
            ),
            "the usual one is 32323",
        )
    } else if let Some(other) = other_use(attributes, *port) {
        (
            format!("{port} is the port of {other} inside of the container"),
            "the node listens for others under the published number: choose another one, such as 32323",
        )
    } else {
        return;
    };
    problems.push(Problem::new(codes::BAD_PORT, &["publish_p2p"], what).help(help));
}

/// What else listens on a port inside of the container.
fn other_use(attributes: &Attributes, port: i64) -> Option<String> {
    if port == i64::from(LOCAL_PORT) {
        return Some("the node's local RPC".to_owned());
    }
    let config = attributes.get("config").and_then(Value::as_map)?;
    let (key, _) = config.iter().find(|(key, value)| {
        key.ends_with("_port") && *key != PUBLIC_PORT && value.as_integer() == Some(port)
    })?;
    Some(format!("`{key}`"))
}

/// Keys of `config` that say where other nodes reach this one.
const PUBLIC_ADDRESS: &str = "public_address";
const PUBLIC_PORT: &str = "public_tcp_port";

/// What the node tells others about where it is must be true: they dial it.
fn announced(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let config = attributes.get("config").and_then(Value::as_map);
    let Some(Value::Text(address)) = config.and_then(|config| config.get(PUBLIC_ADDRESS)) else {
        return;
    };
    let path = &["config", PUBLIC_ADDRESS];
    if let Err((what, help)) = check_public_address(address) {
        problems.push(Problem::new(codes::BAD_PUBLIC_ADDRESS, path, what).help(help));
    }
    if !attributes.contains_key("publish_p2p") {
        let what = format!(
            "the node would announce `{address}`, and none of its ports is published: nothing listens there"
        );
        problems.push(
            Problem::new(codes::ADDRESS_WITHOUT_PORT, path, what).help(
                "write `publish_p2p = 32323` and open that port (TCP and UDP), or leave `public_address` out: the node then only connects out",
            ),
        );
    }
}

/// Checks what a node announces as its address; what is wrong, and what to write.
pub(crate) fn check_public_address(text: &str) -> Result<(), (String, &'static str)> {
    let bare = text.trim_start_matches('[').split(['%', ']']).next();
    if bare.is_some_and(|bare| bare.parse::<std::net::Ipv6Addr>().is_ok()) {
        return Err((
            format!(
                "`{text}` is an IPv6 address, and conflux-rust cuts what it announces at the first colon"
            ),
            "write the IPv4 address; a machine with IPv6 alone can run a node that only connects out",
        ));
    }
    if let Some((host, _)) = text.split_once(':') {
        return Err((
            format!("`{text}` has a port, and conflux-rust ignores everything after the colon"),
            if host.is_empty() {
                "write an IPv4 address, such as 203.0.113.7"
            } else {
                "write the address alone; the port is the one of `publish_p2p`"
            },
        ));
    }
    let is_name = text.contains('.')
        && !text.starts_with('.')
        && !text.ends_with('.')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    let digits = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if !is_name || (digits && text.parse::<std::net::Ipv4Addr>().is_err()) {
        return Err((
            format!("`{text}` is no IPv4 address or name of a host"),
            "write it as 203.0.113.7",
        ));
    }
    Ok(())
}

fn network(attributes: &Attributes, problems: &mut Vec<Problem>) {
    let Some(Value::Text(text)) = attributes.get("docker_network") else {
        return;
    };
    if let Err(error) = Name::new(text.as_str()) {
        problems.push(error.problem(&["docker_network"]));
    }
    if matches!(text.as_str(), "host" | "none" | "default") {
        let why = if text == "host" {
            "`host` would open the node's inner RPC, which needs no password, to every user of the machine"
        } else {
            "the node must be able to reach other nodes"
        };
        problems.push(
            Problem::new(codes::BAD_NETWORK, &["docker_network"], why)
                .help("leave it out: the node gets a network of its own"),
        );
    }
}

/// Checks a list of bootnodes: `cfxnode://<128 hex digits>@<ip>:<port>`, with commas.
pub(crate) fn check_bootnodes(text: &str) -> Result<(), String> {
    for node in text.split(',') {
        let ok = node.strip_prefix("cfxnode://").is_some_and(|rest| {
            rest.split_once('@').is_some_and(|(key, place)| {
                key.len() == 128
                    && key.bytes().all(|b| b.is_ascii_hexdigit())
                    && place.parse::<std::net::SocketAddr>().is_ok()
            })
        });
        if !ok {
            return Err(format!(
                "`{node}` is not `cfxnode://<128 hex digits>@<ip>:<port>`; several of them have commas between"
            ));
        }
    }
    Ok(())
}

fn config(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    let map = match attributes.get_mut("config") {
        None | Some(Value::Unknown) => return,
        Some(Value::Map(map)) => map,
        Some(other) => {
            let found = other.type_name();
            problems.push(
                Problem::new(
                    codes::BAD_CONFIG,
                    &["config"],
                    format!("`config` is a map, found {found}"),
                )
                .help("write `config = { key = value }`"),
            );
            return;
        }
    };
    map.retain(|_, value| *value != Value::Null);
    for (key, value) in &*map {
        if let Some(reason) = config_keys::key_refusal(key, value) {
            problems.push(
                Problem::new(
                    codes::REFUSED_KEY,
                    &["config", key],
                    format!("`{key}` cannot be set: {reason}"),
                )
                .help(format!("remove `{key}`, or write what the reason asks for")),
            );
        }
    }
    if map.is_empty() {
        attributes.remove("config");
    }
}

#[cfg(test)]
mod tests {
    use pospool_model::SecretRef;

    use super::*;

    fn node_with(extra: &[(&str, Value)]) -> Attributes {
        let mut attributes = Attributes::from([
            ("image".to_owned(), Value::from("conflux:3.0.2")),
            (
                "pos_key_password".to_owned(),
                Value::Secret(SecretRef::Env("P".into())),
            ),
        ]);
        attributes.extend(
            extra
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        attributes
    }

    #[test]
    fn defaults_are_filled_in_and_equal_wishes_become_equal() {
        let normal = normalise_kind(
            "node",
            node_with(&[("memory", "16384m".into()), ("bootnodes", Value::Null)]),
        )
        .unwrap();
        assert_eq!(normal["state"], Value::from("running"));
        assert_eq!(normal["hardening"], Value::from(AS_MADE));
        assert_eq!(normal["memory"], Value::from("16g"));
        assert!(!normal.contains_key("bootnodes"));
        assert_eq!(normalise_kind("node", normal.clone()).unwrap(), normal);
    }

    #[test]
    fn every_problem_is_reported_in_one_run() {
        let config = Value::Map([("chain_id".to_owned(), Value::Integer(1))].into());
        let problems = normalise_kind(
            "node",
            node_with(&[
                ("image", "conflux".into()),
                ("state", "off".into()),
                ("hardening", "none".into()),
                ("memory", "lots".into()),
                ("publish_p2p", Value::Integer(0)),
                ("docker_network", "host".into()),
                ("bootnodes", "cfxnode://1@a:1".into()),
                ("config", config),
            ]),
        )
        .unwrap_err();
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(
            codes,
            [
                "docker/bad-value",
                "docker/bad-value",
                "docker/bad-image",
                "docker/bad-memory",
                "docker/bad-port",
                "docker/bad-network",
                "docker/bad-bootnodes",
                "docker/refused-key",
            ]
        );
        assert_eq!(problems[7].path, ["config", "chain_id"]);
    }

    #[test]
    fn a_host_that_this_build_cannot_reach_is_a_problem() {
        let attributes = Attributes::from([("docker".to_owned(), Value::from("ssh://ops@a"))]);
        assert_eq!(
            normalise_kind("host", attributes).unwrap_err()[0].code,
            "docker/host"
        );
    }

    fn codes(extra: &[(&str, Value)]) -> Vec<pospool_model::Code> {
        let problems = normalise_kind("node", node_with(extra))
            .err()
            .unwrap_or_default();
        problems.into_iter().map(|problem| problem.code).collect()
    }

    fn public(address: &str) -> (&'static str, Value) {
        let config = [("public_address".to_owned(), address.into())];
        ("config", Value::Map(config.into()))
    }

    #[test]
    fn case_address_without_port_is_a_problem_of_the_spec() {
        let open = ("publish_p2p", Value::Integer(32323));
        assert_eq!(
            codes(&[public("203.0.113.7")]),
            ["docker/address-without-port"]
        );
        assert_eq!(codes(&[public("203.0.113.7"), open.clone()]), [""; 0]);
        assert_eq!(codes(&[public("node.example.org"), open.clone()]), [""; 0]);
        // A port that is not known yet is there.
        assert_eq!(
            codes(&[public("203.0.113.7"), ("publish_p2p", Value::Unknown)]),
            [""; 0]
        );
        assert_eq!(codes(&[open]), [""; 0]);
    }

    #[test]
    fn an_address_that_the_node_would_cut_is_refused_with_the_reason() {
        let open = || ("publish_p2p", Value::Integer(32323));
        for (text, word) in [
            ("2001:db8::7", "IPv6"),
            ("[2001:db8::7]", "IPv6"),
            ("fe80::1%eth0", "IPv6"),
            ("203.0.113.7:32323", "has a port"),
            ("[2001:db8::7]:32323", "IPv6"),
            ("203.0.113", "no IPv4 address"),
            ("203.0.113.256", "no IPv4 address"),
            ("localhost", "no IPv4 address"),
            ("", "no IPv4 address"),
        ] {
            let problems = normalise_kind("node", node_with(&[public(text), open()])).unwrap_err();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!(problems[0].code, "docker/bad-public-address");
            assert_eq!(problems[0].path, ["config", "public_address"]);
            assert!(problems[0].summary.contains(word), "{problems:?}");
        }
    }

    #[test]
    fn a_published_port_is_free_inside_of_the_container_too() {
        let port = |port: i64| ("publish_p2p", Value::Integer(port));
        for wrong in [0, 80, 1023, 12539, 65536] {
            assert_eq!(codes(&[port(wrong)]), ["docker/bad-port"], "{wrong}");
        }
        let rpc = [("jsonrpc_http_port".to_owned(), Value::Integer(12537))];
        let config = ("config", Value::Map(rpc.into()));
        assert_eq!(codes(&[config.clone(), port(12537)]), ["docker/bad-port"]);
        assert_eq!(codes(&[config, port(40000)]), [""; 0]);
    }

    #[test]
    fn values_of_earlier_steps_may_be_unknown() {
        let attributes = node_with(&[("bootnodes", Value::Unknown), ("memory", Value::Unknown)]);
        assert!(normalise_kind("node", attributes).is_ok());
    }
}
