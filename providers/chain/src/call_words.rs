//! A call in words, for a person who signs it elsewhere.
//!
//! - Reads: call data, and the tables of settings.
//! - Returns: the function and each argument; `None` for a call that is none of ours, bit by bit.
//! - Never: asks the chain.

use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::hex_text;
use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress, Space};
use pospool_model::provider::CallArgument;
use pospool_model::{Drip, Value};

use crate::contract::settings::{Caller, Holds, PAIR, Setting, SettingType, TABLES};

/// What an argument means.
#[derive(Clone, Copy, Debug)]
enum Meaning {
    /// An address of the space that is called.
    Here,
    Address(Holds),
    /// A value that the getter of a setting answers too.
    Value(&'static Setting),
    /// Whole CFX.
    Price,
    /// Money in drip.
    Money,
    /// What it says.
    Plain,
}

/// Calls that set nothing: of proxies, of a pool's profit, and of a bridge's duties.
const OTHERS: &[(&str, &[Meaning])] = &[
    ("upgradeTo(address)", &[Meaning::Here]),
    ("_updatePoolProfit()", &[]),
    ("claimInterest(uint256)", &[Meaning::Money]),
    (
        "_withdrawPoolProfit(uint256,address)",
        &[Meaning::Money, Meaning::Address(Holds::Core)],
    ),
    ("crossStake()", &[]),
    ("withdrawVotesByVotes(uint64)", &[Meaning::Plain]),
    ("handleOneUnstake()", &[]),
    ("syncAPYandClaimInterest()", &[]),
    ("syncLockInfo()", &[]),
    ("syncVoteInfo()", &[]),
];

/// A function and what it is given.
pub(crate) type CallWords = (&'static str, Vec<CallArgument>);

/// Puts a call into words.
pub(crate) fn describe_call(
    from: ChainAddress,
    to: ChainAddress,
    data: &[u8],
) -> Option<CallWords> {
    let network = match (from, to) {
        (ChainAddress::Core(core), _) | (_, ChainAddress::Core(core)) => core.network(),
        // No address of Core Space is an argument of a call in eSpace.
        (ChainAddress::Espace(_), ChainAddress::Espace(_)) => 0,
    };
    let others = OTHERS.iter().map(|(name, means)| (*name, means.to_vec()));
    let mut known = setters(to.space()).chain(others);
    known.find_map(|(signature, means)| {
        let arguments = abi::read_call(signature, data)?;
        let kinds = abi::parameter_types(signature)?;
        let arguments = kinds.zip(&arguments).zip(means);
        let words = arguments.map(|((kind, argument), meaning)| {
            let (value, words) = argument_words(argument, meaning, to, network);
            CallArgument {
                kind: kind.to_owned(),
                value,
                words,
            }
        });
        Some((signature, words.collect()))
    })
}

/// The functions that set something in a space.
fn setters(space: Space) -> impl Iterator<Item = (&'static str, Vec<Meaning>)> {
    let tables = TABLES.iter().filter(move |table| table.space == space);
    let settings = tables.flat_map(|table| table.settings);
    settings.flat_map(|setting| {
        let meaning = meaning_of(setting);
        let remover = match setting.ty {
            SettingType::Addresses { remover, .. } | SettingType::Members { remover, .. } => {
                Some((remover, vec![meaning]))
            }
            _ => None,
        };
        [Some((setting.setter, setter_arguments(setting)))]
            .into_iter()
            .chain([remover])
            .flatten()
    })
}

fn setter_arguments(setting: &'static Setting) -> Vec<Meaning> {
    if setting.ty == SettingType::Pairs {
        return PAIR.map(|(_, holds)| Meaning::Address(holds)).to_vec();
    }
    let meaning = meaning_of(setting);
    // The chain's own contract for admins is told of which contract it is.
    match setting.caller {
        Caller::Admin => vec![Meaning::Here, meaning],
        Caller::Owner | Caller::Manager => vec![meaning],
    }
}

fn meaning_of(setting: &'static Setting) -> Meaning {
    match setting.ty {
        SettingType::Text | SettingType::Pairs => Meaning::Plain,
        SettingType::Ratio | SettingType::Blocks => Meaning::Value(setting),
        SettingType::Price => Meaning::Price,
        SettingType::Address(holds)
        | SettingType::Addresses { holds, .. }
        | SettingType::Members { holds, .. }
        | SettingType::Growing(holds) => Meaning::Address(holds),
    }
}

/// What an argument is, and the same in the words of a spec.
fn argument_words(
    argument: &Argument,
    meaning: Meaning,
    to: ChainAddress,
    network: u32,
) -> (String, Option<String>) {
    let words = match (argument, meaning) {
        (Argument::Number(_), Meaning::Value(setting)) => {
            let answer = abi::encode_arguments(std::slice::from_ref(argument));
            let value = setting.read(&answer, network);
            match value {
                Value::Null => None,
                Value::Text(text) => Some(text),
                other => Some(other.to_string()),
            }
        }
        (Argument::Number(number), Meaning::Price) => {
            let drip = number.checked_mul(Drip::PER_CFX);
            drip.map(|drip| Drip(drip).to_string())
        }
        (Argument::Number(number), Meaning::Money) => Some(Drip(*number).to_string()),
        _ => None,
    };
    let value = match argument {
        Argument::Text(text) => text.clone(),
        Argument::Number(number) => number.to_string(),
        Argument::Bool(value) => value.to_string(),
        Argument::Word(word) => hex_text(word),
        Argument::Address(bytes) => match meaning {
            Meaning::Address(Holds::Core | Holds::User) => {
                CoreAddress::new(*bytes, network).to_string()
            }
            Meaning::Address(_) => EspaceAddress::new(*bytes).to_string(),
            _ => to.beside(*bytes).to_string(),
        },
    };
    (value, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_conflux::abi::{encode_call, function_selector};

    const NETWORK: u32 = 1;

    fn core(first: u8) -> ChainAddress {
        let mut bytes = [7; 20];
        bytes[0] = first;
        CoreAddress::new(bytes, NETWORK).into()
    }

    /// Function, and value and words of each argument.
    fn words(to: ChainAddress, data: &[u8]) -> Option<(String, Vec<(String, String)>)> {
        let (function, arguments) = describe_call(core(0x17), to, data)?;
        let arguments = arguments
            .into_iter()
            .map(|it| (it.value, it.words.unwrap_or_default()));
        Some((function.to_owned(), arguments.collect()))
    }

    #[test]
    fn each_setter_of_the_tables_and_each_other_call_is_put_in_words() {
        let one = |kind: &str| match kind {
            "address" => Argument::Address([0x17; 20]),
            "string" => Argument::Text("a \u{1b}[2J name".to_owned()),
            "uint64" | "uint256" => Argument::Number(8_500),
            other => panic!("no example of {other}"),
        };
        for (space, to) in [
            (Space::Core, core(0x87)),
            (Space::Espace, EspaceAddress::new([9; 20]).into()),
        ] {
            let signatures = setters(space).map(|(signature, _)| signature);
            for signature in signatures.chain(OTHERS.iter().map(|it| it.0)) {
                let kinds: Vec<&str> = abi::parameter_types(signature).unwrap().collect();
                let arguments: Vec<Argument> = kinds.iter().map(|kind| one(kind)).collect();
                let data = encode_call(signature, &arguments);
                let (function, read) = words(to, &data).unwrap();
                assert_eq!((function.as_str(), read.len()), (signature, kinds.len()));
                assert_eq!(words(to, &[&data[..], &[0]].concat()), None, "{signature}");
            }
        }
    }

    #[test]
    fn values_are_in_the_words_of_a_spec_and_addresses_of_their_space() {
        let pool = core(0x87);
        let said = |signature: &str, argument: Argument| {
            let (_, read) = words(pool, &encode_call(signature, &[argument])).unwrap();
            read[0].clone()
        };
        let share = said("setPoolUserShareRatio(uint64)", Argument::Number(8_550));
        assert_eq!(share, ("8550".to_owned(), "85.5%".to_owned()));
        let price = said("setCfxCountOfOneVote(uint256)", Argument::Number(1_000));
        assert_eq!(price.1, "1,000 CFX");
        let account = core(0x17);
        let address = Argument::Address(account.bytes());
        let given = said("transferOwnership(address)", address.clone());
        assert_eq!(given, (account.to_string(), String::new()));
        assert!(given.0.starts_with("cfxtest:"), "{given:?}");
        let espace = said("setESpacePoolAddress(address)", address.clone());
        assert_eq!(espace.0, EspaceAddress::new(account.bytes()).to_string());
        let admin = encode_call(
            "setAdmin(address,address)",
            &[Argument::Address(pool.bytes()), address.clone()],
        );
        let (_, read) = words(core(0x08), &admin).unwrap();
        assert_eq!(
            (&read[0].0, &read[1].0),
            (&pool.to_string(), &account.to_string())
        );
        // The same bytes in eSpace are another address.
        let there = EspaceAddress::new([9; 20]).into();
        let data = encode_call("transferOwnership(address)", &[address]);
        let (_, read) = words(there, &data).unwrap();
        assert!(read[0].0.starts_with("0x"), "{read:?}");
    }

    #[test]
    fn a_call_that_is_none_of_ours_has_no_words() {
        for signature in ["destroy()", "migrate()"] {
            assert_eq!(words(core(0x87), &function_selector(signature)), None);
        }
        assert_eq!(words(core(0x87), &[]), None);
    }
}
