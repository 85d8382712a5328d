//! Which keys of a node's configuration a spec may set.
//!
//! - Reads: one key and its value.
//! - Returns: the reason why it is refused, if it is.
//! - Never: lets a key through that could publish the node's inner RPC, its key or its password, move its data
//!   off the volume, or make it follow other rules than its network.

use pospool_model::Value;

use crate::toml;

/// Patterns with one `*` at an end, and why such a key is refused; the first that fits counts.
const REFUSED: &[(&str, &str)] = &[
    (
        "dev_pos_private_key_encryption_password",
        "the password would lie in the image for everybody to read; name it in `pos_key_password`",
    ),
    (
        "pos_private_key_path",
        "the PoS key lies on the node's volume, at pos_config/pos_key",
    ),
    (
        "pos_started_as_voter",
        "pospool decides which node votes, so that never two do with one key",
    ),
    ("pos_config_path", OWNED),
    ("pos_initial_nodes_path", OWNED),
    ("pos_*", RULE),
    (
        "jsonrpc_local_*",
        "the local port offers every call without a password, and pospool uses it from inside the container",
    ),
    ("conflux_data_dir", DATA),
    ("block_db_dir", DATA),
    ("netconf_dir", DATA),
    ("log_conf", OWNED),
    (
        "net_key",
        "it is a secret, and a spec must not contain one; the node makes its own on its volume",
    ),
    (
        "bootnodes",
        "write it as an attribute of the node, beside `config`",
    ),
    ("tcp_port", PORT),
    ("udp_port", PORT),
    ("mode", RULE),
    ("chain_id", RULE),
    ("evm_chain_id", RULE),
    ("dev_*", RULE),
    ("genesis_*", RULE),
    ("cip*", RULE),
    ("hydra_*", RULE),
    ("default_transition_time", RULE),
    ("*_transition_height", RULE),
    ("*_transition_number", RULE),
    ("*_transition_view", RULE),
    (
        "stratum_secret",
        "it is a secret, and a spec must not contain one",
    ),
    (
        "mining_*",
        "pospool runs nodes for PoS; a miner is set up in another way",
    ),
];

const OWNED: &str = "pospool writes this file and sets its place";
const DATA: &str =
    "everything that the node keeps lies on its volume, where a new image finds it again";
const PORT: &str = "it is the number of `publish_p2p`, inside of the container and outside: a node announces its own number to others";
const RULE: &str = "it is a rule of the network, and a node with another one leaves it; a private network has \
                    its rules in the `node.toml` of its chain";

/// Sets of RPC calls that must never be public.
const PRIVATE_APIS: &[&str] = &["all", "test", "debug"];

/// Returns why a key may not be set, if so.
pub(crate) fn key_refusal(key: &str, value: &Value) -> Option<String> {
    if !toml::is_key(key) {
        return Some("a key has lower-case letters, digits and `_`".to_owned());
    }
    if let Some((_, reason)) = REFUSED.iter().find(|(pattern, _)| fits(pattern, key)) {
        return Some((*reason).to_owned());
    }
    if let Some(api) = private_api(key, value) {
        return Some(format!(
            "`{api}` would let everybody who reaches the port stop or misuse the PoS key; use `safe,pos`"
        ));
    }
    if !value.has_unknown() && toml::toml_value(value).is_none() {
        return Some(format!(
            "expected text, a number, a bool or a list of them, found {}",
            value.type_name()
        ));
    }
    None
}

/// Whether pospool itself sets a key, so that a private network's `node.toml` cannot.
pub(crate) fn is_owned(key: &str) -> bool {
    const OWN: &[&str] = &[
        "dev_pos_private_key_encryption_password",
        "pos_private_key_path",
        "pos_started_as_voter",
        "pos_config_path",
        "pos_initial_nodes_path",
        "conflux_data_dir",
        "block_db_dir",
        "netconf_dir",
        "log_conf",
        "net_key",
        "bootnodes",
        "tcp_port",
        "udp_port",
    ];
    OWN.contains(&key) || key.starts_with("jsonrpc_local_")
}

/// Returns the API set that must not be public, if the value names one.
pub(crate) fn private_api(key: &str, value: &Value) -> Option<&'static str> {
    if key != "public_rpc_apis" && key != "public_evm_rpc_apis" {
        return None;
    }
    let text = value.as_text()?;
    PRIVATE_APIS
        .iter()
        .find(|api| {
            text.split(',')
                .any(|part| part.trim().eq_ignore_ascii_case(api))
        })
        .copied()
}

fn fits(pattern: &str, key: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => key.ends_with(end),
        (_, Some(start)) => key.starts_with(start),
        _ => key == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_keys_are_refused_with_a_reason() {
        for key in [
            "dev_pos_private_key_encryption_password",
            "pos_private_key_path",
            "jsonrpc_local_http_port",
            "conflux_data_dir",
            "pos_started_as_voter",
            "pos_round_per_term",
            "chain_id",
            "cip1559_transition_height",
            "osaka_opcode_transition_height",
            "net_key",
            "Bad-Key",
        ] {
            assert!(key_refusal(key, &Value::from("x")).is_some(), "{key}");
        }
        for key in [
            "public_address",
            "node_type",
            "use_isolated_db_for_mpt_table",
            "jsonrpc_http_port",
        ] {
            assert_eq!(key_refusal(key, &Value::from("x")), None, "{key}");
        }
    }

    #[test]
    fn private_calls_never_become_public() {
        for text in ["all", "safe,test", "safe, Debug", "cfx,debug,pos"] {
            assert!(
                key_refusal("public_rpc_apis", &Value::from(text)).is_some(),
                "{text}"
            );
        }
        assert_eq!(
            key_refusal("public_rpc_apis", &Value::from("safe,pos")),
            None
        );
        assert_eq!(
            key_refusal("public_rpc_apis", &Value::from("cfx,-debug")),
            None
        );
    }

    #[test]
    fn values_without_a_toml_form_are_refused() {
        assert!(key_refusal("a", &Value::Null).is_some());
        assert!(key_refusal("a", &Value::Resource("node.a".parse().unwrap())).is_some());
        assert_eq!(key_refusal("a", &Value::Unknown), None);
        assert_eq!(
            key_refusal("a", &Value::List(vec![Value::Integer(1)])),
            None
        );
    }
}
