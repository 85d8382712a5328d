//! Specs of these tests beside the one that `pospool init` writes.
//!
//! - Reads: the network of the test process.
//! - Returns: texts.

use super::Secrets;
use crate::live::project::{contracts, network};

/// A node alone, with its configuration files from elsewhere.
pub(super) fn node(core_rpc: &str, files: &str) -> String {
    let network = network();
    format!(
        r#"
chain "conflux" {{
  network    = "devnet"
  core_rpc   = "{core_rpc}"
  node_files = "{files}"
  bootnodes  = "{}"
}}
host "main" {{}}
volume "main" {{}}
node "main" {{
  image            = "{}"
  data             = volume.main
  docker_network   = "{}"
  pos_key_password = env("POSPOOL_POS_KEY_PASSWORD")
}}
"#,
        network.bootnode, network.image, network.docker_network
    )
}

/// A contract alone, with a name.
pub(super) fn contract(core_rpc: &str, name: &str) -> String {
    let (network, contracts) = (network(), contracts());
    format!(
        r#"
chain "conflux" {{
  network    = "devnet"
  core_rpc   = "{core_rpc}"
  node_files = "{}"
  bootnodes  = "{}"
}}
account "operator" {{
  private_key = env("POSPOOL_OPERATOR_KEY")
}}
source "reference" {{
  path = "{}"
}}
core_contract "pool" {{
  code     = source.reference.PoSPool
  settings = {{ name = {} }}
}}
"#,
        network.node_files.display(),
        network.bootnode,
        contracts.display(),
        quoted(name)
    )
}

/// Specs in which somebody wrote a secret instead of its name, each with the code of what is
/// wrong with it.
pub(super) fn mistakes(secrets: &Secrets) -> Vec<(&'static str, String)> {
    let key = secrets.operator.private_key.trim_start_matches("0x");
    let password = quoted(&secrets.password);
    let open = password.trim_end_matches('"');
    let account = |line: String| format!("account \"operator\" {{\n  {line}\n}}\n");
    let node = |line: String| format!("node \"main\" {{\n  {line}\n}}\n");
    vec![
        (
            "spec/secret-written",
            account(format!("private_key = \"{key}\"")),
        ),
        (
            "spec/secret-written",
            account(format!("private_key = \"0x{key}\"")),
        ),
        ("spec/unknown-name", account(format!("private_key = {key}"))),
        (
            "spec/unknown-name",
            account(format!("private_key = env({key})")),
        ),
        (
            "spec/secret-written",
            account(format!("private_key = env(\"{key} \")")),
        ),
        (
            "spec/unknown-attribute",
            account(format!("private_kee = \"{key}\"")),
        ),
        ("spec/unknown-attribute", account(format!("{key} = 1"))),
        (
            "spec/wrong-type",
            account(format!("private_key = [\"{key}\"]")),
        ),
        ("spec/syntax", account(format!("private_key = 0x{key}"))),
        (
            "spec/secret-written",
            node(format!("pos_key_password = {password}")),
        ),
        (
            "spec/unknown-attribute",
            node(format!("pos_key_pasword = {password}")),
        ),
        (
            "spec/wrong-type",
            node(format!("pos_key_password = [{password}]")),
        ),
        ("spec/syntax", node(format!("pos_key_password = {open}"))),
        (
            "spec/syntax",
            node(format!("pos_key_password = env(\"X\") {password}")),
        ),
    ]
}

/// A text as a spec writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
