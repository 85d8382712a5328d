//! Calls and answers of contracts, as bytes.
//!
//! - Reads: signatures such as `setPoolName(string)`, ABI JSON for constructors, bytes that a node answered.
//! - Returns: call data, decoded values, and the reason of a revert in words.
//! - Never: lets a type of the ABI library out of this crate.

use ethers_core::abi::{self, ParamType, Token};
use ethers_core::types::U256;
use ethers_core::utils::keccak256;
use serde::Deserialize;

use crate::hex::hex_text;

/// An argument or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `string`.
    Text(String),
    /// `uint256`, or a smaller one.
    Number(u128),
    /// `address`.
    Address([u8; 20]),
    /// `bool`.
    Bool(bool),
    /// `bytes32`.
    Word([u8; 32]),
}

impl Argument {
    fn token(&self) -> Token {
        match self {
            Self::Text(text) => Token::String(text.clone()),
            Self::Number(number) => Token::Uint(U256::from(*number)),
            Self::Address(bytes) => Token::Address((*bytes).into()),
            Self::Bool(value) => Token::Bool(*value),
            Self::Word(word) => Token::FixedBytes(word.to_vec()),
        }
    }

    /// `None` for a value that none of ours can hold.
    fn of_token(token: Token) -> Option<Self> {
        Some(match token {
            Token::String(text) => Self::Text(text),
            Token::Uint(number) => Self::Number(u128::try_from(number).ok()?),
            Token::Address(bytes) => Self::Address(bytes.0),
            Token::Bool(value) => Self::Bool(value),
            Token::FixedBytes(bytes) => Self::Word(bytes.try_into().ok()?),
            _ => return None,
        })
    }
}

/// First four bytes of the hash of a signature.
#[must_use]
pub fn function_selector(signature: &str) -> [u8; 4] {
    let digest = keccak256(signature);
    [digest[0], digest[1], digest[2], digest[3]]
}

/// Encodes a call; the signature's types must be those of the arguments.
pub fn encode_call(signature: &str, arguments: &[Argument]) -> Vec<u8> {
    let tokens: Vec<Token> = arguments.iter().map(Argument::token).collect();
    [&function_selector(signature)[..], &abi::encode(&tokens)].concat()
}

/// Reads a call of a function; `None` unless the bytes are exactly what encoding its arguments again gives.
#[must_use]
pub fn read_call(signature: &str, call: &[u8]) -> Option<Vec<Argument>> {
    let arguments = call.strip_prefix(&function_selector(signature))?;
    let types: Option<Vec<ParamType>> = parameter_types(signature)?.map(parameter_type).collect();
    let tokens = abi::decode(&types?, arguments).ok()?;
    let read: Option<Vec<Argument>> = tokens.into_iter().map(Argument::of_token).collect();
    read.filter(|read| encode_call(signature, read) == call)
}

/// The names of a signature's types.
#[must_use]
pub fn parameter_types(signature: &str) -> Option<impl Iterator<Item = &str>> {
    let (_, types) = signature.strip_suffix(')')?.split_once('(')?;
    Some(types.split(',').filter(|name| !name.is_empty()))
}

/// The type of a name; only those that an [`Argument`] can have.
fn parameter_type(name: &str) -> Option<ParamType> {
    Some(match name {
        "address" => ParamType::Address,
        "bool" => ParamType::Bool,
        "bytes32" => ParamType::FixedBytes(32),
        "string" => ParamType::String,
        "uint64" => ParamType::Uint(64),
        "uint256" => ParamType::Uint(256),
        _ => return None,
    })
}

/// Reads an answer of type `string`.
#[must_use]
pub fn read_text(answer: &[u8]) -> Option<String> {
    one(answer, &ParamType::String)?.into_string()
}

/// Reads an answer of type `uint…`.
#[must_use]
pub fn read_number(answer: &[u8]) -> Option<u128> {
    let number = one(answer, &ParamType::Uint(256))?.into_uint()?;
    u128::try_from(number).ok()
}

/// Reads one of an answer's values of type `uint…`, by its place.
#[must_use]
pub fn read_nth_number(answer: &[u8], nth: usize) -> Option<u128> {
    read_number(answer.get(32 * nth..32 * (nth + 1))?)
}

/// Reads an answer of type `bool`.
#[must_use]
pub fn read_bool(answer: &[u8]) -> Option<bool> {
    one(answer, &ParamType::Bool)?.into_bool()
}

/// Reads an answer of type `bytes32`.
#[must_use]
pub fn read_word(answer: &[u8]) -> Option<[u8; 32]> {
    answer.try_into().ok()
}

/// Reads an answer of type `address`.
#[must_use]
pub fn read_address(answer: &[u8]) -> Option<[u8; 20]> {
    Some(one(answer, &ParamType::Address)?.into_address()?.0)
}

/// Reads an answer of type `address[]`.
#[must_use]
pub fn read_addresses(answer: &[u8]) -> Option<Vec<[u8; 20]>> {
    let list = one(answer, &ParamType::Array(Box::new(ParamType::Address)))?.into_array()?;
    list.into_iter()
        .map(|token| token.into_address().map(|address| address.0))
        .collect()
}

fn one(answer: &[u8], ty: &ParamType) -> Option<Token> {
    abi::decode(std::slice::from_ref(ty), answer).ok()?.pop()
}

/// Where an entry of a list lies in storage whose length is in `slot`: behind the hash of that slot's number.
#[must_use]
pub fn list_slot(slot: u64, number: u64) -> [u8; 32] {
    let mut place = [0; 32];
    place[24..].copy_from_slice(&slot.to_be_bytes());
    let first = U256::from_big_endian(&keccak256(place));
    first
        .overflowing_add(number.into())
        .0
        .to_big_endian(&mut place);
    place
}

/// Fields of the call that binds a PoS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterCall {
    /// Hash of both keys.
    pub identifier: [u8; 32],
    /// How many votes are bought.
    pub votes: u64,
    /// Public key of its votes.
    pub bls_key: Vec<u8>,
    /// Public key of its lots.
    pub vrf_key: Vec<u8>,
}

/// Signature of the call that binds a PoS key: the same for a pool and for the chain's own register.
pub const REGISTER: &str = "register(bytes32,uint64,bytes,bytes,bytes[2])";

/// Reads the arguments of [`REGISTER`]; `None` unless the bytes are exactly what encoding them again gives.
#[must_use]
pub fn read_register(arguments: &[u8]) -> Option<RegisterCall> {
    let types = [
        ParamType::FixedBytes(32),
        ParamType::Uint(64),
        ParamType::Bytes,
        ParamType::Bytes,
        ParamType::FixedArray(Box::new(ParamType::Bytes), 2),
    ];
    let tokens = abi::decode(&types, arguments).ok()?;
    if abi::encode(&tokens) != arguments {
        return None;
    }
    let mut tokens = tokens.into_iter();
    let identifier = tokens.next()?.into_fixed_bytes()?.try_into().ok()?;
    let votes = u64::try_from(tokens.next()?.into_uint()?).ok()?;
    let bls_key = tokens.next()?.into_bytes()?;
    let vrf_key = tokens.next()?.into_bytes()?;
    Some(RegisterCall {
        identifier,
        votes,
        bls_key,
        vrf_key,
    })
}

/// One entry of an ABI, as far as a deployment needs it.
#[derive(Deserialize)]
struct AbiEntry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    inputs: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    #[serde(default)]
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Whether an ABI has a function of that name without parameters.
#[must_use]
pub fn has_plain_function(abi_json: &str, name: &str) -> bool {
    let is_it = |entry: &AbiEntry| {
        entry.kind == "function" && entry.name == name && entry.inputs.is_empty()
    };
    parse(abi_json).is_some_and(|entries| entries.iter().any(is_it))
}

/// Names and types of a constructor's parameters; `None` if the ABI cannot be read.
#[must_use]
pub fn constructor_parameters(abi_json: &str) -> Option<Vec<(String, String)>> {
    let constructor = parse(abi_json)?
        .into_iter()
        .find(|entry| entry.kind == "constructor");
    let inputs = constructor
        .map(|entry| entry.inputs)
        .unwrap_or_default()
        .into_iter();
    Some(inputs.map(|input| (input.name, input.kind)).collect())
}

/// Reads an ABI. The library's own reader panics on some types, such as `tuple[é]`.
fn parse(abi_json: &str) -> Option<Vec<AbiEntry>> {
    serde_json::from_str(abi_json).ok()
}

/// Encodes constructor arguments, to be put behind the init code.
pub fn encode_arguments(arguments: &[Argument]) -> Vec<u8> {
    let tokens: Vec<Token> = arguments.iter().map(Argument::token).collect();
    abi::encode(&tokens)
}

/// Arguments of `Proxy1967`'s constructor: the implementation and its first call.
#[must_use]
pub fn proxy_arguments(implementation: [u8; 20], first_call: &[u8]) -> Vec<u8> {
    abi::encode(&[
        Token::Address(implementation.into()),
        Token::Bytes(first_call.to_vec()),
    ])
}

/// Says why a call was reverted, from the bytes that it answered; `None` if it gave no reason.
#[must_use]
pub fn revert_reason(data: &[u8]) -> Option<String> {
    let (head, rest) = data.split_at_checked(4)?;
    if head == function_selector("Error(string)") {
        return read_text(rest);
    }
    if head == function_selector("Panic(uint256)") {
        let number = read_number(rest)?;
        return Some(match panic_words(number) {
            Some(words) => format!("the contract panicked: {words}"),
            None => format!("the contract panicked with code {number:#x}"),
        });
    }
    Some(format!("the contract's own error {}", hex_text(head)))
}

/// Panic codes of the Solidity documentation that a pool can meet.
fn panic_words(code: u128) -> Option<&'static str> {
    Some(match code {
        0x01 => "an assertion failed",
        0x11 => "an arithmetic overflow",
        0x12 => "a division by zero",
        0x21 => "a value outside its enumeration",
        0x31 => "a pop from an empty array",
        0x32 => "an index outside its array",
        0x41 => "too much memory",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex_bytes;

    #[test]
    fn selectors_are_those_that_the_chain_uses() {
        for (signature, expected) in [
            (REGISTER, "0xe335b451"),
            ("identifierToAddress(bytes32)", "0xe9e4aa46"),
            ("addressToIdentifier(address)", "0x6a06ea96"),
            ("initialize()", "0x8129fc1c"),
        ] {
            assert_eq!(
                hex_text(&function_selector(signature)),
                expected,
                "{signature}"
            );
        }
    }

    #[test]
    fn calls_are_encoded_and_answers_decoded() {
        let data = encode_call("setPoolUserShareRatio(uint64)", &[Argument::Number(9000)]);
        assert_eq!(hex_text(&data[4..]), format!("0x{:064x}", 9000));
        let text = encode_arguments(&[Argument::Text("Harbour pool".to_owned())]);
        assert_eq!(read_text(&text).as_deref(), Some("Harbour pool"));
        assert_eq!(read_number(&[0xff; 32]), None);
        assert_eq!(read_number(&[]), None);
        let two = encode_arguments(&[Argument::Number(7), Argument::Number(8)]);
        let nth = [0, 1, 2].map(|nth| read_nth_number(&two, nth));
        assert_eq!(nth, [Some(7), Some(8), None]);
        assert_eq!(
            read_bool(&encode_arguments(&[Argument::Bool(true)])),
            Some(true)
        );
        let list = format!("{:064x}{:064x}{:064x}", 32, 1, 7);
        let address = read_addresses(&hex_bytes(&list).unwrap()).unwrap();
        assert_eq!(address[0][19], 7);
    }

    #[test]
    fn a_call_is_read_only_if_it_is_what_encoding_it_again_gives() {
        let arguments = [Argument::Address([7; 20]), Argument::Number(5)];
        let signature = "give(address,uint64)";
        let call = encode_call(signature, &arguments);
        assert_eq!(read_call(signature, &call), Some(arguments.to_vec()));
        let text = [Argument::Text("Harbour".to_owned())];
        let named = encode_call("name(string)", &text);
        assert_eq!(read_call("name(string)", &named), Some(text.to_vec()));
        let plain = function_selector("go()");
        assert_eq!(read_call("go()", &plain), Some(Vec::new()));
        // Another function, too little, too much, bits before an address, a number of more bits than its type.
        assert_eq!(read_call("give(address,uint256)", &call), None);
        assert_eq!(read_call(signature, &call[..call.len() - 1]), None);
        assert_eq!(read_call(signature, &[&call[..], &[0; 32]].concat()), None);
        for at in [4, 36] {
            let mut other = call.clone();
            other[at] = 1;
            assert_eq!(read_call(signature, &other), None, "{at}");
        }
        for signature in ["give", "give(int8)", ""] {
            let call = function_selector(signature);
            assert_eq!(read_call(signature, &call), None, "{signature}");
        }
    }

    #[test]
    fn a_revert_is_put_in_words() {
        let reason = encode_arguments(&[Argument::Text("not the manager".to_owned())]);
        let data = [&function_selector("Error(string)")[..], &reason].concat();
        assert_eq!(revert_reason(&data).as_deref(), Some("not the manager"));
        let data = encode_call("Panic(uint256)", &[Argument::Number(0x11)]);
        assert!(revert_reason(&data).unwrap().contains("overflow"));
        let data = encode_call("Custom(uint256)", &[Argument::Number(1)]);
        assert!(
            revert_reason(&data)
                .unwrap()
                .contains(&hex_text(&data[..4]))
        );
        assert_eq!(revert_reason(&[]), None);
        assert_eq!(revert_reason(&function_selector("Error(string)")), None);
    }

    #[test]
    fn an_abi_says_what_a_contract_needs() {
        let abi = r#"[{"type":"constructor","inputs":[{"name":"a","type":"address"}]},
            {"type":"function","name":"initialize","inputs":[],"outputs":[],"stateMutability":"nonpayable"}]"#;
        assert!(has_plain_function(abi, "initialize"));
        assert!(!has_plain_function(abi, "init"));
        assert!(!has_plain_function("[]", "initialize"));
        let parameters = constructor_parameters(abi).unwrap();
        assert_eq!(parameters, [("a".to_owned(), "address".to_owned())]);
        assert_eq!(constructor_parameters("[]"), Some(Vec::new()));
        assert_eq!(constructor_parameters("no"), None);
    }

    /// Found by fuzzing: a type that ends inside of a letter.
    #[test]
    fn an_odd_type_in_an_abi_is_no_panic() {
        let abi = r#"[{"type":"constructor","inputs":[{"name":"a","type":"tuple[é[]","components":[]}]}]"#;
        let parameters = constructor_parameters(abi).unwrap();
        assert_eq!(parameters, [("a".to_owned(), "tuple[é[]".to_owned())]);
        assert!(!has_plain_function(abi, "initialize"));
    }
}
