//! Where a contract is, as its block says it: one that this state did not make, or does not know any more.
//!
//! - Reads: the attribute `address`, and what the last run recorded.
//! - Returns: the address, or why it is of no use.
//! - Never: takes a state's word over the spec's.

use pospool_conflux::{ChainAddress, CoreAddress, Space};
use pospool_model::provider::Target;
use pospool_model::{Attributes, Problem, Value};

use super::ContractSpec;
use crate::codes;

/// The attribute.
pub(crate) const ADDRESS: &str = "address";

/// The address that a block says.
pub(crate) fn stated_address(wanted: &Attributes) -> Option<ChainAddress> {
    ContractSpec::read(wanted).address.known()?.parse().ok()
}

/// The same as the outputs that others read.
pub(crate) fn stated_outputs(wanted: &Attributes) -> Attributes {
    let stated = stated_address(wanted);
    let outputs = stated.map(|address| (ADDRESS.to_owned(), Value::Text(address.to_string())));
    outputs.into_iter().collect()
}

/// Brings the attribute into its normal form.
pub(super) fn normalise_address(space: Space, attributes: &mut Attributes) -> Option<Problem> {
    let text = ContractSpec::read(attributes).address.known()?;
    let wrong = |why: String| Some(Problem::new(codes::BAD_ADDRESS, &[ADDRESS], why));
    match text.parse::<ChainAddress>() {
        Err(error) => wrong(error.to_string()),
        Ok(address) if address.space() != space => {
            let other = address.space().title();
            wrong(format!("`{text}` is an address of {other}"))
        }
        Ok(address) => {
            attributes.insert(ADDRESS.to_owned(), Value::Text(address.to_string()));
            None
        }
    }
}

/// Refuses an address of another network, and one beside which the last run recorded another.
pub(crate) fn check_place(target: Target<'_>, network: u32) -> Result<(), Problem> {
    let Some(stated) = target.wanted.and_then(stated_address) else {
        return Ok(());
    };
    if let ChainAddress::Core(core) = stated
        && core.network() != network
    {
        let here = CoreAddress::new(core.bytes(), network);
        let what = format!("`{stated}` is an address of another network");
        return Err(Problem::new(codes::BAD_ADDRESS, &[ADDRESS], what)
            .help(format!("on this network the same address is {here}")));
    }
    let recorded = target
        .recorded
        .and_then(|it| it.outputs.get(ADDRESS)?.as_text());
    match recorded {
        Some(recorded) if recorded != stated.to_string() => {
            let what =
                format!("the block says {stated}, and the state knows this contract at {recorded}");
            Err(Problem::new(codes::OTHER_PLACE, &[ADDRESS], what).help(
                "take the line out to keep the one of the state, or have the state forget it: `removed { from = … }`, apply, then the line again",
            ))
        }
        _ => Ok(()),
    }
}

/// The problem of an address at which there is nothing.
pub(crate) fn nothing_there(stated: ChainAddress) -> Problem {
    let what = format!("there is no contract at {stated}");
    Problem::new(codes::NOTHING_THERE, &[ADDRESS], what).help(
        "see whether it is the address of this network (an explorer shows it); without `address` the contract is made",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_model::Address;
    use pospool_model::state::Recorded;
    use std::collections::BTreeSet;

    fn wanted(text: &str) -> Attributes {
        Attributes::from([(ADDRESS.to_owned(), Value::from(text))])
    }

    fn core(last: u8, network: u32) -> String {
        CoreAddress::new([last; 20], network).to_string()
    }

    #[test]
    fn an_address_is_one_of_the_kinds_space() {
        let refused = |space, text: &str| normalise_address(space, &mut wanted(text)).is_some();
        assert!(!refused(Space::Core, &core(0x88, 1)));
        assert!(refused(Space::Espace, &core(0x88, 1)));
        assert!(!refused(
            Space::Espace,
            "0x8888888888888888888888888888888888888888"
        ));
        assert!(refused(
            Space::Core,
            "0x8888888888888888888888888888888888888888"
        ));
        assert!(refused(Space::Core, "pool"));
        let mut capitals = wanted(&core(0x88, 1).to_uppercase());
        assert_eq!(normalise_address(Space::Core, &mut capitals), None);
        assert_eq!(capitals, wanted(&core(0x88, 1)));
    }

    #[test]
    fn the_network_and_the_record_must_agree_with_it() {
        let address: Address = "core_contract.pool".parse().unwrap();
        let used = BTreeSet::new();
        let check = |text: &str, recorded: Option<&str>| {
            let wanted = wanted(text);
            let recorded = recorded.map(|text| Recorded {
                outputs: self::wanted(text),
                ..Recorded::default()
            });
            let target = Target {
                address: &address,
                wanted: Some(&wanted),
                recorded: recorded.as_ref(),
                used: &used,
            };
            check_place(target, 1).map_err(|problem| problem.code)
        };
        let (here, there) = (core(0x88, 1), core(0x89, 1));
        assert_eq!(check(&here, None), Ok(()));
        assert_eq!(check(&here, Some(&here)), Ok(()));
        assert_eq!(check(&here, Some(&there)), Err(codes::OTHER_PLACE));
        assert_eq!(check(&core(0x88, 1029), None), Err(codes::BAD_ADDRESS));
    }
}
