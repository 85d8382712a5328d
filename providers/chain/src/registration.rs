//! `pos_registration`: the bond between a node's PoS key and a pool.
//!
//! - Reads: attributes of a block, register data of the node, what the chain's register and PoS answer.
//! - Returns: normal forms here; looks and designs in the modules below.
//! - Never: lets 1,000 CFX go to anything but a proven pool, with proven data.

pub(crate) mod design;
pub(crate) mod observe;
pub(crate) mod schema;
pub(crate) mod votes;

use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::hex_word;
use pospool_conflux::{CoreAddress, RegisterData};
use pospool_model::{Attributes, Drip, Problem};

pub(crate) use self::schema::{POS_REGISTRATION, RegistrationSpec};
use crate::codes;
use crate::restake::RESTAKE_DUE;

/// Price of the vote that a registration takes: 1,000 CFX (conflux-rust `POS_VOTE_PRICE`).
pub(crate) const DEPOSIT: u128 = 1000 * Drip::PER_CFX;

/// Asks the register who a key is bound to.
pub(crate) fn ask_address(identifier: [u8; 32]) -> Vec<u8> {
    abi::encode_call(
        "identifierToAddress(bytes32)",
        &[Argument::Word(identifier)],
    )
}

/// Asks the register which key a contract is bound to.
pub(crate) fn ask_identifier(contract: CoreAddress) -> Vec<u8> {
    abi::encode_call(
        "addressToIdentifier(address)",
        &[Argument::Address(contract.bytes())],
    )
}

/// Checks what a schema cannot say.
pub(crate) fn normalise_registration(attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
    let mut problems = Vec::new();
    let wanted = RegistrationSpec::read(&attributes);
    let deposit = wanted.deposit.known();
    if let Some(drip) = deposit.filter(|drip| drip.0 != DEPOSIT) {
        problems.push(
            Problem::new(
                codes::BAD_DEPOSIT,
                &["deposit"],
                format!("a pool is registered with one vote, which costs 1000 CFX and not {drip}"),
            )
            .help("write `deposit = cfx(1000)`; more stake is added through the pool afterwards"),
        );
    }
    problems.extend(find_key_problem(&wanted));
    if let Some(text) = wanted.pos_address.known()
        && hex_word(text).is_none()
    {
        let summary = format!("`{text}` is no address in PoS: `0x` and 64 hexadecimal digits");
        problems.push(Problem::new(
            codes::BAD_REGISTER_DATA,
            &["pos_address"],
            summary,
        ));
    }
    if !wanted.restake_due.is_absent() {
        let summary = "`restake_due` shows what there is to do, and is not written";
        let problem = Problem::new(codes::SHOWN_ONLY, &[RESTAKE_DUE], summary);
        problems.push(problem.help("take the line out"));
    }
    if let Some(text) = wanted.register_data.known()
        && let Err(error) = RegisterData::read(text)
    {
        problems.push(bad_data(&error.to_string()));
    }
    if problems.is_empty() {
        Ok(attributes)
    } else {
        Err(problems)
    }
}

/// Exactly one attribute says whose key it is.
fn find_key_problem(wanted: &RegistrationSpec<'_>) -> Option<Problem> {
    let given = [
        ("node", !wanted.node.is_absent()),
        ("register_data", !wanted.register_data.is_absent()),
        ("pos_address", !wanted.pos_address.is_absent()),
    ];
    let given: Vec<&str> = given.iter().filter(|it| it.1).map(|it| it.0).collect();
    match given[..] {
        [_] => None,
        [] => Some(
            Problem::new(
                codes::NO_KEY_TO_REGISTER,
                &[],
                "neither `node` nor `register_data` says whose key is registered",
            )
            .help("write `node = node.main`"),
        ),
        [one, other, ..] => Some(
            Problem::new(
                codes::TWO_KEYS,
                &[other],
                format!("`{one}` and `{other}` are both given"),
            )
            .help("keep `node` for a node of this spec, `register_data` for any other, `pos_address` for a registration that is there"),
        ),
    }
}

/// The PoS address of register data, if it is whole.
pub fn registered_key(text: &str) -> Result<String, String> {
    let data = RegisterData::read(text).map_err(|error| error.to_string())?;
    Ok(pospool_conflux::hex::hex_text(&data.identifier))
}

/// The problem of register data that must not be sent.
pub(crate) fn bad_data(why: &str) -> Problem {
    Problem::new(codes::BAD_REGISTER_DATA, &["register_data"], why)
        .help("ask the node again: `conflux rpc local pos register --power 1`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::good_registration;
    use pospool_model::Value;

    fn wanted(pairs: &[(&str, Value)]) -> Attributes {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    }

    fn codes(pairs: &[(&str, Value)]) -> Vec<pospool_model::Code> {
        let problems = normalise_registration(wanted(pairs))
            .err()
            .unwrap_or_default();
        problems.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn a_registration_takes_one_key_and_one_price() {
        let deposit = ("deposit", Value::Amount(Drip(DEPOSIT)));
        let cheap = ("deposit", Value::Amount(Drip(1)));
        let node = ("node", Value::Resource("node.main".parse().unwrap()));
        let data = ("register_data", Value::Text(good_registration().0));
        assert!(codes(&[deposit.clone(), node.clone()]).is_empty());
        assert!(codes(&[deposit.clone(), data.clone()]).is_empty());
        assert_eq!(
            codes(&[deposit.clone(), node.clone(), data]),
            ["chain/two-keys"]
        );
        assert_eq!(
            codes(std::slice::from_ref(&deposit)),
            ["chain/no-key-to-register"]
        );
        assert_eq!(codes(&[cheap, node]), ["chain/bad-deposit"]);
        let forged = ("register_data", Value::from("0xe335b451"));
        assert_eq!(codes(&[deposit, forged]), ["chain/bad-register-data"]);
    }
}
