//! Wanted attributes in their normal form, and what a schema cannot check.
//!
//! - Reads: attributes of one resource; some may be unknown yet.
//! - Returns: the normal form, or every problem at once.
//! - Never: looks outside.

use pospool_model::{Attributes, Problem, Value};

use crate::client;
use crate::config_keys;
use crate::kinds::AS_MADE;
use crate::names::{ImageRef, Name};
use crate::node::wish::{bytes, bytes_text};
use crate::place::Folder;

/// Least memory that Docker accepts for a container.
const LEAST_MEMORY: i64 = 6 << 20;

/// Brings attributes of one kind into their normal form.
pub(crate) fn normalise(
    kind: &str,
    mut attributes: Attributes,
) -> Result<Attributes, Vec<Problem>> {
    attributes.retain(|_, value| *value != Value::Null);
    let mut problems = Vec::new();
    match kind {
        "host" => host(&attributes, &mut problems),
        "volume" => volume(&mut attributes, &mut problems),
        "node" => node(&mut attributes, &mut problems),
        "ui" => crate::ui::normalise(&mut attributes, &mut problems),
        "syncer" => crate::syncer::normalise(&mut attributes, &mut problems),
        _ => {}
    }
    if problems.is_empty() {
        Ok(attributes)
    } else {
        Err(problems)
    }
}

fn host(attributes: &Attributes, problems: &mut Vec<Problem>) {
    if let Some(Value::Text(url)) = attributes.get("docker")
        && let Err(what) = client::socket(url)
    {
        problems.push(
            Problem::new("docker/host", &["docker"], what)
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
            Problem::new("docker/volume-path", &["path"], what)
                .help("write an absolute path, such as `/srv/pool`"),
        ),
    }
}

fn node(attributes: &mut Attributes, problems: &mut Vec<Problem>) {
    default(attributes, "state", "running");
    default(attributes, "hardening", AS_MADE);
    choice(attributes, "state", &["running", "stopped"], problems);
    choice(attributes, "hardening", &[AS_MADE], problems);
    image(attributes, problems);
    memory(attributes, problems);
    port(attributes, problems);
    network(attributes, problems);
    if let Some(Value::Text(text)) = attributes.get("bootnodes")
        && let Err(what) = check_bootnodes(text)
    {
        problems.push(Problem::new("docker/bad-bootnodes", &["bootnodes"], what));
    }
    crate::snapshot::normalise(attributes, problems);
    config(attributes, problems);
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
            "docker/bad-value",
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
            Problem::new("docker/bad-image", &["image"], what).help("write `name:tag@sha256:…`")
        }
        Ok(image) if image.digest().is_none() && matches!(image.tag(), None | Some("latest")) => {
            Problem::new(
                "docker/bad-image",
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
    match bytes(text).filter(|bytes| *bytes >= LEAST_MEMORY) {
        Some(bytes) => {
            attributes.insert("memory".to_owned(), bytes_text(bytes).into());
        }
        None => problems.push(
            Problem::new(
                "docker/bad-memory",
                &["memory"],
                format!("`{text}` is not an amount of memory"),
            )
            .help("write a whole number and `m` or `g`, such as `16g`"),
        ),
    }
}

fn port(attributes: &Attributes, problems: &mut Vec<Problem>) {
    if let Some(Value::Integer(port)) = attributes.get("publish_p2p")
        && !(1..=65535).contains(port)
    {
        problems.push(Problem::new(
            "docker/bad-port",
            &["publish_p2p"],
            format!("{port} is not a port: use 1 to 65535"),
        ));
    }
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
            Problem::new("docker/bad-network", &["docker_network"], why)
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
                    "docker/bad-config",
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
        if let Some(reason) = config_keys::refusal(key, value) {
            problems.push(
                Problem::new(
                    "docker/refused-key",
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
        let normal = normalise(
            "node",
            node_with(&[("memory", "16384m".into()), ("bootnodes", Value::Null)]),
        )
        .unwrap();
        assert_eq!(normal["state"], Value::from("running"));
        assert_eq!(normal["hardening"], Value::from(AS_MADE));
        assert_eq!(normal["memory"], Value::from("16g"));
        assert!(!normal.contains_key("bootnodes"));
        assert_eq!(normalise("node", normal.clone()).unwrap(), normal);
    }

    #[test]
    fn every_problem_is_reported_in_one_run() {
        let config = Value::Map([("chain_id".to_owned(), Value::Integer(1))].into());
        let problems = normalise(
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
            normalise("host", attributes).unwrap_err()[0].code,
            "docker/host"
        );
    }

    #[test]
    fn values_of_earlier_steps_may_be_unknown() {
        let attributes = node_with(&[("bootnodes", Value::Unknown), ("memory", Value::Unknown)]);
        assert!(normalise("node", attributes).is_ok());
    }
}
