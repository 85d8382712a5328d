//! The spec of a pool that was made without pospool.
//!
//! - Reads: blocks that say what is there.
//! - Returns: a commented spec.
//! - Never: lets a text that somebody put on a chain be anything but a text.

use std::fmt::Write as _;

use pospool_model::provider::FoundBlock;
use pospool_model::{Drip, Value};

use super::template::{PoolNetwork, SourceLocation, quoted, source};

/// What the block of the chain says.
#[derive(Clone, Copy, Debug)]
pub struct ChainLines<'a> {
    /// Which network.
    pub network: PoolNetwork,
    /// Its RPC in Core Space, if it is not the public one.
    pub core_rpc: Option<&'a str>,
    /// The one in eSpace.
    pub espace_rpc: Option<&'a str>,
}

const HEAD: &str = "\
# A Conflux PoS pool that was made without pospool, as it was found. `pospool plan` shows what differs; from here on a
# changed line changes the pool.
";

const ACCOUNT: &str = "\
# Owns contracts below. To sign with it, name its key, which is read when it is used and is in no file of pospool:
#   private_key = env(\"POSPOOL_OPERATOR_KEY\")
# Without one, `pospool apply --unsigned DIR` writes its calls for a wallet.
";

const REGISTRATION: &str = "\
# The registered PoS key, with a node that pospool does not run. To have pospool run it: docs/guide/import.md, step 4.
";

/// Writes the spec.
#[must_use]
pub fn write_found_spec(
    chain: ChainLines<'_>,
    code: &SourceLocation,
    blocks: &[FoundBlock],
) -> String {
    let mut parts = vec![HEAD.to_owned(), write_chain(chain), source(code)];
    parts.extend(blocks.iter().map(write_block));
    parts.join("\n")
}

fn write_chain(chain: ChainLines<'_>) -> String {
    let mut text = format!(
        "chain \"conflux\" {{\n  network = {}\n",
        quoted(chain.network.name())
    );
    for (name, url) in [
        ("core_rpc", chain.core_rpc),
        ("espace_rpc", chain.espace_rpc),
    ] {
        if let Some(url) = url {
            let _ = writeln!(text, "  {name} = {}", quoted(url));
        }
    }
    text + "}\n"
}

fn write_block(block: &FoundBlock) -> String {
    let (kind, label) = (block.address.kind(), block.address.label());
    let mut text = match kind {
        "account" => ACCOUNT.to_owned(),
        "pos_registration" => REGISTRATION.to_owned(),
        _ => String::new(),
    };
    let _ = writeln!(text, "{kind} {} {{", quoted(label));
    if let Some(code) = block.code {
        let _ = writeln!(text, "  code = source.reference.{code}");
    }
    for (name, value) in &block.attributes {
        let _ = writeln!(text, "  {name} = {}", write_value(value, 1));
    }
    text + "}\n"
}

/// A value as a spec writes it; maps of settings take a line for each.
fn write_value(value: &Value, depth: usize) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Blocks(blocks) => format!("blocks({})", blocks.0),
        Value::Amount(drip) if drip.0 % Drip::PER_CFX == 0 => {
            format!("cfx({})", drip.0 / Drip::PER_CFX)
        }
        Value::Amount(drip) => format!("drip(\"{}\")", drip.0),
        Value::List(list) => {
            let entries: Vec<_> = list.iter().map(|it| write_value(it, depth + 1)).collect();
            format!("[{}]", entries.join(", "))
        }
        Value::Map(map) if depth > 1 => {
            let entries = map.iter();
            let entries =
                entries.map(|(name, it)| format!("{name} = {}", write_value(it, depth + 1)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let mut text = "{\n".to_owned();
            for (name, it) in map {
                let _ = writeln!(text, "    {name} = {}", write_value(it, depth + 1));
            }
            text + "  }"
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::is_bidi;
    use pospool_lang::config::{Kinds, Scope, VariableInputs, decode_spec};
    use pospool_lang::spec::SourceFile;
    use std::collections::BTreeMap;

    #[test]
    fn what_somebody_put_on_a_chain_is_a_text() {
        let hostile =
            "x\"\n}\nhost \"e\" { docker = \"${env(\\\"KEY\\\")}\" }\u{1b}[2J%{ if true }\u{202e}";
        let written = write_value(&Value::from(hostile), 1);
        let moves = |letter: char| letter.is_control() || is_bidi(letter);
        assert!(!written.chars().any(moves), "{written}");
        let file = SourceFile::new(
            "pool.hcl",
            format!("output \"o\" {{\n  value = {written}\n}}\n"),
        );
        let (config, problems) =
            decode_spec(&[file], &Kinds::default(), &VariableInputs::default());
        assert_eq!(problems, []);
        let (wanted, outputs) = (BTreeMap::new(), BTreeMap::new());
        let scope = Scope {
            wanted: &wanted,
            outputs: &outputs,
            locals: &config.local_values(),
        };
        assert_eq!(config.evaluate_output("o", &scope).0, Value::from(hostile));
    }

    #[test]
    fn money_is_whole_or_in_drip() {
        let written = |drip| write_value(&Value::Amount(Drip(drip)), 1);
        assert_eq!(written(1000 * Drip::PER_CFX), "cfx(1000)");
        assert_eq!(written(Drip::PER_CFX + 1), "drip(\"1000000000000000001\")");
    }
}
