//! The spec that a syncer runs with: a chain, an account, one `bridge_service`.
//!
//! - Reads: the syncer's desired config, and its chain as the pool's spec wants it.
//! - Returns: a text; equal desired configs give equal texts.
//! - Never: holds a key: the account's comes over standard input, and so does each endpoint that has one.

use std::fmt::Write as _;

use pospool_model::{Attributes, Problem, Value};

use super::endpoints::{endpoint_expressions, is_keyed};
use super::image::KEY_PATH;
use super::wish::DesiredSyncer;
use crate::attributes::attribute_text;
use crate::codes;

/// Renders the spec.
pub(crate) fn render_spec(desired: &DesiredSyncer, chain: &Attributes) -> Result<String, Problem> {
    let list = desired.rpcs(chain)?;
    let key = match desired.key.mounted() {
        Some(_) if list.iter().any(is_keyed) => {
            let what = "an endpoint with a key is handed over at each start, and nobody is there when this syncer starts";
            return Err(Problem::new(codes::BAD_VALUE, &["private_key"], what).help(
                "write `core_rpc` in the syncer's block without a key, or the private key as `env(…)` or `file(…)`",
            ));
        }
        Some(_) => KEY_PATH,
        None => "/dev/stdin",
    };
    let rpcs = endpoint_expressions(&list, quoted);
    let mut chain_lines = format!(
        "  network  = {}\n  core_rpc = [{}]\n",
        quoted(attribute_text(chain, "network").unwrap_or_default()),
        rpcs.join(", ")
    );
    if let Some(level) = attribute_text(chain, "wait_level") {
        let _ = writeln!(chain_lines, "  wait_level = {}", quoted(level));
    }
    if let Some(Value::Amount(price)) = chain.get("max_gas_price") {
        let _ = writeln!(chain_lines, "  max_gas_price = drip(\"{}\")", price.0);
    }
    let mut service = format!("  bridge = {}\n", quoted(&desired.bridge));
    if let Some(every) = desired.claim_every {
        let _ = writeln!(service, "  claim_every = blocks({})", every.0);
    }
    if let Some(from) = desired.claim_from {
        let _ = writeln!(service, "  claim_from = drip(\"{}\")", from.0);
    }
    Ok(format!(
        "chain \"pool\" {{\n{chain_lines}}}\n\n\
         account \"syncer\" {{\n  private_key = file({})\n}}\n\n\
         bridge_service \"main\" {{\n{service}}}\n",
        quoted(key)
    ))
}

/// A text of the spec's language, in which no template begins.
fn quoted(text: &str) -> String {
    let text = Value::from(text.replace("${", "$${").replace("%{", "%%{"));
    // A text always has a JSON form.
    serde_json::to_string(&text).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use pospool_model::{Blocks, Drip, Endpoint, SecretRef};

    use super::super::wish::tests::{BRIDGE, attributes};
    use super::*;

    /// A chain in normal form.
    pub(crate) fn chain() -> Attributes {
        let rpc = Value::List(vec!["https://rpc.example".into()]);
        Attributes::from([
            ("network".to_owned(), "testnet".into()),
            ("core_rpc".to_owned(), rpc),
            ("wait_level".to_owned(), "confirmed".into()),
            ("max_gas_price".to_owned(), Value::Amount(Drip(7))),
        ])
    }

    #[test]
    fn the_spec_is_small_and_names_standard_input() {
        let desired = DesiredSyncer::read(&attributes(&[
            ("claim_every", Value::Blocks(Blocks(40))),
            ("claim_from", Value::Amount(Drip(1))),
        ]));
        let expected = format!(
            r#"chain "pool" {{
  network  = "testnet"
  core_rpc = ["https://rpc.example"]
  wait_level = "confirmed"
  max_gas_price = drip("7")
}}

account "syncer" {{
  private_key = file("/dev/stdin")
}}

bridge_service "main" {{
  bridge = "{BRIDGE}"
  claim_every = blocks(40)
  claim_from = drip("1")
}}
"#
        );
        assert_eq!(render_spec(&desired.unwrap(), &chain()).unwrap(), expected);
    }

    #[test]
    fn case_reboot_a_mounted_key_is_a_file_and_goes_with_no_endpoint_that_has_one() {
        let mounted = Value::Secret(SecretRef::Mount("/etc/pospool/syncer".into()));
        let own = |rpc: &str| {
            let attributes =
                attributes(&[("private_key", mounted.clone()), ("core_rpc", rpc.into())]);
            render_spec(&DesiredSyncer::read(&attributes).unwrap(), &chain())
        };
        let text = own("https://rpc.example").unwrap();
        assert!(
            text.contains("private_key = file(\"/run/pospool/private_key\")"),
            "{text}"
        );
        let problem = own("https://rpc.example/hunter2").unwrap_err();
        assert_eq!(problem.code, "docker/bad-value");
    }

    /// Its state is on its own volume, without a seal; nothing of the pool's state, and no other secret, goes into its image.
    #[test]
    fn it_names_no_state_and_no_secret_but_its_own() {
        let secret = |name: &str| Value::Secret(SecretRef::Env(name.into()));
        let named = Endpoint::named(SecretRef::Env("THEIR_RPC".into()));
        let keyed = Endpoint::parse("https://user:hunter2@rpc.example/v1/hunter2").unwrap();
        let mut chain = chain();
        chain.insert(
            "core_rpc".to_owned(),
            Value::List(vec![named.into(), keyed.into()]),
        );
        for name in ["key", "private_key", "api_key", "state", "url"] {
            chain.insert(name.to_owned(), secret("OTHER"));
        }
        let block = attributes(&[]);
        let text = render_spec(&DesiredSyncer::read(&block).unwrap(), &chain).unwrap();
        for part in ["hunter2", "OTHER", "THEIR_RPC", "SYNCER", "env(", "state"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
        let files: Vec<_> = text.matches("file(\"").collect();
        assert_eq!(files.len(), 3, "its key and two URLs: {text}");
        assert_eq!(text.matches("file(\"/dev/stdin").count(), 3, "{text}");
    }

    #[test]
    fn no_template_begins_in_a_text() {
        assert_eq!(quoted("a\"${b}%{c"), r#""a\"$${b}%%{c""#);
    }
}
