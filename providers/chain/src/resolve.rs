//! From a value that stands for an account or a contract to its address.
//!
//! - Reads: a value and the outputs that are known.
//! - Returns: the address, or why it is of no use.
//! - Never: takes an address of another network, or of the other space.

use std::collections::BTreeMap;

use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress, Space};
use pospool_model::{Address, Attributes, Problem, Value};

use crate::account;
use crate::codes;
use crate::contract::schema::space_of_kind;

/// Returns the address in Core Space that a text holds or that a resource has; never a placeholder.
pub(crate) fn address_of(
    value: &Value,
    outputs: &BTreeMap<Address, Attributes>,
    network: u32,
    path: &[&str],
) -> Result<CoreAddress, Problem> {
    if let Value::Resource(resource) = value
        && is_foretold(resource, outputs)
    {
        return Err(not_known(resource, path));
    }
    match chain_address_of(value, Space::Core, outputs, network, path)? {
        ChainAddress::Core(address) => Ok(address),
        ChainAddress::Espace(_) => Err(wrong_space(value, Space::Core, path)),
    }
}

/// Returns the address that a text holds or that a resource has, in whichever space it is. An account has one in
/// each: that of `space` is meant. While a circle is opened, an address that nobody knows yet is a placeholder.
pub(crate) fn chain_address_of(
    value: &Value,
    space: Space,
    outputs: &BTreeMap<Address, Attributes>,
    network: u32,
    path: &[&str],
) -> Result<ChainAddress, Problem> {
    let problem = |code, summary: String| Problem::new(code, path, summary);
    let text = match value {
        Value::Resource(resource) if is_foretold(resource, outputs) => {
            return Ok(placeholder(
                space_of_kind(resource.kind()).unwrap_or(space),
                network,
            ));
        }
        Value::Resource(resource) if resource.kind() == "account" && space == Space::Espace => {
            output_text(resource, account::output_of(space), outputs, path)?
        }
        Value::Resource(resource) => output_text(resource, "address", outputs, path)?,
        Value::Text(text) => text,
        other => {
            return Err(problem(
                codes::UNKNOWN_ADDRESS,
                format!("{other} is not an address"),
            ));
        }
    };
    let address: ChainAddress = text
        .parse()
        .map_err(|error| problem(codes::BAD_ADDRESS, format!("{error}")))?;
    let address = match address {
        ChainAddress::Core(address) if address.network() != network => address,
        fitting => return Ok(fitting),
    };
    let other = CoreAddress::new(address.bytes(), network);
    Err(problem(
        codes::BAD_ADDRESS,
        format!("{text} belongs to another network"),
    )
    .help(format!("on this network the same account is {other}")))
}

/// Returns the bytes of a constructor's argument of type `address`. A Core account stands in eSpace for the one that it
/// acts through there; Core Space has no such account for one of eSpace, whose own bytes count.
pub(crate) fn argument_of(
    value: &Value,
    space: Space,
    outputs: &BTreeMap<Address, Attributes>,
    network: u32,
    path: &[&str],
) -> Result<[u8; 20], Problem> {
    let address = chain_address_of(value, space, outputs, network, path)?;
    Ok(match space {
        Space::Core => address.bytes(),
        Space::Espace => address.in_espace().bytes(),
    })
}

/// The problem of an address of the wrong space.
pub(crate) fn wrong_space(value: &Value, meant: Space, path: &[&str]) -> Problem {
    let summary = format!("{value} is not in {}", meant.title());
    let help = match meant {
        Space::Core => "name a `core_contract`, or write a Core address in base32",
        Space::Espace => "name an `espace_contract`, or write an eSpace address in hex",
    };
    Problem::new(codes::WRONG_SPACE, path, summary).help(help)
}

/// A resource whose address a later round of planning finds out.
fn is_foretold(resource: &Address, outputs: &BTreeMap<Address, Attributes>) -> bool {
    let address = outputs
        .get(resource)
        .and_then(|outputs| outputs.get("address"));
    address == Some(&Value::Unknown)
}

/// Stands for an address that is not known yet; as long as any other, with no byte that is zero, since call data
/// costs by its bytes.
fn placeholder(space: Space, network: u32) -> ChainAddress {
    let core = CoreAddress::new([0x8f; 20], network);
    match space {
        Space::Core => core.into(),
        Space::Espace => EspaceAddress::new(core.bytes()).into(),
    }
}

fn output_text<'a>(
    resource: &Address,
    name: &str,
    outputs: &'a BTreeMap<Address, Attributes>,
    path: &[&str],
) -> Result<&'a str, Problem> {
    let output = outputs.get(resource).and_then(|outputs| outputs.get(name));
    output
        .and_then(Value::as_text)
        .ok_or_else(|| not_known(resource, path))
}

fn not_known(resource: &Address, path: &[&str]) -> Problem {
    let summary = format!("the address of `{resource}` is not known yet");
    Problem::new(codes::UNKNOWN_ADDRESS, path, summary).needing(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_another_network_is_refused() {
        let text = Value::Text(CoreAddress::new([1; 20], 1).to_string());
        let none = BTreeMap::new();
        assert!(address_of(&text, &none, 1, &[]).is_ok());
        let problem = address_of(&text, &none, 1029, &["owner"]).unwrap_err();
        assert!(problem.help.unwrap().contains("cfx:"));
        let espace = Value::from("0x0101010101010101010101010101010101010101");
        let problem = address_of(&espace, &none, 1, &["owner"]).unwrap_err();
        assert_eq!(problem.code, "chain/wrong-space");
        let resource = Value::Resource("core_contract.pool".parse().unwrap());
        assert_eq!(
            address_of(&resource, &none, 1, &[]).unwrap_err().code,
            "chain/unknown-address"
        );
    }

    /// Money never goes to a placeholder; only settings hold one, in a round of planning that is not the last.
    #[test]
    fn a_placeholder_stands_in_settings_only() {
        let pool: Address = "core_contract.pool".parse().unwrap();
        let unknown = Attributes::from([("address".to_owned(), Value::Unknown)]);
        let outputs = BTreeMap::from([(pool.clone(), unknown)]);
        let value = Value::Resource(pool);
        let found = chain_address_of(&value, Space::Espace, &outputs, 1, &[]).unwrap();
        assert_eq!(found.space(), Space::Core, "that of the resource's kind");
        let problem = address_of(&value, &outputs, 1, &[]).unwrap_err();
        assert_eq!(problem.code, "chain/unknown-address");
    }
}
