//! From a value that stands for an account or a contract to its address.
//!
//! - Reads: a value and the outputs that are known.
//! - Returns: the address, or why it is of no use.
//! - Never: takes an address of another network.

use std::collections::BTreeMap;

use pospool_model::{Address, Attributes, Problem, Value};

use crate::address::CoreAddress;

/// Returns the address that a text holds or that a resource has.
pub(crate) fn address_of(
    value: &Value,
    outputs: &BTreeMap<Address, Attributes>,
    network: u32,
    path: &[&str],
) -> Result<CoreAddress, Problem> {
    let problem = |code, summary: String| Problem::new(code, path, summary);
    let text = match value {
        Value::Resource(resource) => outputs
            .get(resource)
            .and_then(|outputs| outputs.get("address"))
            .and_then(Value::as_text)
            .ok_or_else(|| {
                problem(
                    "chain/unknown-address",
                    format!("the address of `{resource}` is not known yet"),
                )
            })?,
        Value::Text(text) => text,
        other => {
            return Err(problem(
                "chain/unknown-address",
                format!("{other} is not an address"),
            ));
        }
    };
    let address: CoreAddress = text
        .parse()
        .map_err(|error| problem("chain/bad-address", format!("{error}")))?;
    if address.network() == network {
        return Ok(address);
    }
    let other = CoreAddress::new(address.bytes(), network);
    Err(problem(
        "chain/bad-address",
        format!("{text} belongs to another network"),
    )
    .help(format!("on this network the same account is {other}")))
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
        let resource = Value::Resource("core_contract.pool".parse().unwrap());
        assert_eq!(
            address_of(&resource, &none, 1, &[]).unwrap_err().code,
            "chain/unknown-address"
        );
    }
}
