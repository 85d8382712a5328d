//! What is verified.
//!
//! - Reads: the ends of orders.
//! - Returns: [`VerifiedContract`]s by address, and which of two is the better one.
//! - Never: replaces a record by one that is not better.

use std::collections::BTreeMap;

use ethers_core::abi;
use ethers_core::utils::hex;
use serde_json::Value as Json;

use crate::address::ContractAddress;
use crate::compare::Match;
use crate::compile::CompiledContract;
use crate::failure::VerifyFailure;
use crate::submission::Order;

/// A verified contract.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VerifiedContract {
    pub(crate) file: String,
    pub(crate) contract: String,
    /// Long version, without `v`.
    pub(crate) compiler: String,
    pub(crate) abi: Json,
    /// The input that was handed in.
    pub(crate) input: Json,
    pub(crate) licence: &'static str,
    pub(crate) runtime: Option<Match>,
    pub(crate) creation: Option<Match>,
    /// Arguments of the constructor, found behind the creating code.
    pub(crate) arguments: Option<Vec<u8>>,
    /// Code on the chain when it was verified.
    pub(crate) code: Vec<u8>,
    /// The contract of the same code that it took its verification from.
    pub(crate) similar: Option<ContractAddress>,
}

impl VerifiedContract {
    /// Compares what was compiled with what the chain has.
    ///
    /// `created` is the code of the creating transaction, where it was found.
    pub(crate) fn of(
        order: &Order,
        compiled: CompiledContract,
        code: Vec<u8>,
        created: Option<&[u8]>,
    ) -> Result<Self, VerifyFailure> {
        let (ours, theirs) = (compiled.runtime.bytes.len(), code.len());
        if ours != theirs {
            let words = format!("compiled {ours} bytes, and the chain has {theirs}");
            return Err(VerifyFailure::new("bytecode_length_mismatch", words));
        }
        let runtime = compiled.runtime.agrees(&code);
        let began = created.and_then(|created| compiled.creation.begins(created));
        let began = began.filter(|(_, rest)| are_arguments(&compiled.abi, rest));
        if runtime.is_none() && began.is_none() {
            return Err(VerifyFailure::no_match(
                "the compiled code and the chain's differ",
            ));
        }
        if let (Some(given), Some((_, found))) = (&order.arguments, &began) {
            same_arguments(given, found)?;
        }
        Ok(Self {
            file: order.file.clone(),
            contract: order.contract.clone(),
            compiler: order.compiler.version.clone(),
            abi: compiled.abi,
            input: order.input.clone(),
            licence: order.licence,
            runtime,
            creation: began.map(|(level, _)| level),
            arguments: began
                .map(|(_, rest)| rest.to_vec())
                .filter(|rest| !rest.is_empty()),
            code,
            similar: None,
        })
    }

    /// Does it agree in one of the codes further than another, and in neither less far?
    fn is_better_than(&self, other: &Self) -> bool {
        let (ours, theirs) = (
            (self.runtime, self.creation),
            (other.runtime, other.creation),
        );
        ours != theirs && ours.0 >= theirs.0 && ours.1 >= theirs.1
    }

    /// Do both codes agree in every byte?
    pub(crate) fn is_exact(&self) -> bool {
        (self.runtime, self.creation) == (Some(Match::Exact), Some(Match::Exact))
    }
}

/// Can the bytes be decoded by the constructor's types, and come out the same again?
fn are_arguments(abi: &Json, bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return true;
    }
    let Ok(contract) = serde_json::from_value::<abi::Contract>(abi.clone()) else {
        return false;
    };
    let Some(constructor) = contract.constructor() else {
        return false;
    };
    let types: Vec<_> = constructor
        .inputs
        .iter()
        .map(|input| input.kind.clone())
        .collect();
    abi::decode(&types, bytes).is_ok_and(|values| abi::encode(&values) == bytes)
}

/// Compares given arguments with those of the chain. What the original does with wrong ones is not public;
/// here they are no match, so that a client that encodes wrongly is found out.
fn same_arguments(given: &str, found: &[u8]) -> Result<(), VerifyFailure> {
    if given.to_lowercase() == hex::encode(found) {
        return Ok(());
    }
    let hint = match given.strip_prefix("0x") {
        Some(_) => "; they are written without 0x",
        None => "",
    };
    let found = hex::encode(found);
    let words = format!("the constructor's arguments are {found} on the chain{hint}");
    Err(VerifyFailure::no_match(words))
}

/// All that is verified in a space.
#[derive(Debug, Default)]
pub(crate) struct Records(BTreeMap<ContractAddress, VerifiedContract>);

impl Records {
    /// Keeps a record, unless there is one that is as good.
    pub(crate) fn keep(
        &mut self,
        address: ContractAddress,
        record: VerifiedContract,
    ) -> Result<(), VerifyFailure> {
        let kept = self.0.get(&address);
        if kept.is_some_and(|kept| !record.is_better_than(kept)) {
            let words = "the contract is verified, and this is not a better match";
            return Err(VerifyFailure::new("already_verified", words));
        }
        self.0.insert(address, record);
        Ok(())
    }

    pub(crate) fn get(&self, address: ContractAddress) -> Option<&VerifiedContract> {
        self.0.get(&address)
    }

    /// Finds a contract with the same code on the chain.
    pub(crate) fn similar(&self, code: &[u8]) -> Option<VerifiedContract> {
        let mut same = self.0.iter().filter(|(_, record)| record.code == code);
        let (address, record) = same.next()?;
        Some(VerifiedContract {
            similar: Some(*address),
            creation: None,
            arguments: None,
            ..record.clone()
        })
    }

    pub(crate) fn forget(&mut self, address: ContractAddress) {
        self.0.remove(&address);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ContractAddress, &VerifiedContract)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(runtime: Option<Match>, creation: Option<Match>) -> VerifiedContract {
        VerifiedContract {
            file: "A.sol".into(),
            contract: "A".into(),
            compiler: "0.8.4".into(),
            abi: json!([]),
            input: json!({}),
            licence: "None",
            runtime,
            creation,
            arguments: None,
            code: vec![1],
            similar: None,
        }
    }

    #[test]
    fn only_a_better_record_replaces_one() {
        use Match::{Exact, Partial};
        let address = ContractAddress([1; 20]);
        let mut records = Records::default();
        let mut keep = |runtime, creation| {
            let kept = records.keep(address, record(runtime, creation));
            kept.map_err(|failure| failure.to_string().split(':').next().map(str::to_owned))
        };
        let verified = Err(Some("already_verified".to_owned()));
        assert_eq!(keep(Some(Partial), None), Ok(()));
        assert_eq!(keep(Some(Partial), None), verified);
        assert_eq!(
            keep(None, Some(Exact)),
            verified,
            "better in one, worse in the other"
        );
        assert_eq!(keep(Some(Exact), None), Ok(()));
        assert_eq!(keep(Some(Exact), Some(Partial)), Ok(()));
        assert_eq!(keep(Some(Partial), Some(Partial)), verified);
    }

    #[test]
    fn arguments_must_fit_the_constructor() {
        let inputs = json!([{ "name": "owner", "type": "address" }]);
        let abi =
            json!([{ "type": "constructor", "stateMutability": "nonpayable", "inputs": inputs }]);
        let word = |byte: u8| [[0; 31].as_slice(), &[byte]].concat();
        assert!(are_arguments(&abi, &word(1)));
        assert!(
            !are_arguments(&abi, &[word(1), word(2)].concat()),
            "too many"
        );
        assert!(!are_arguments(&abi, &[1; 32]), "no address");
        assert!(are_arguments(&json!([]), &[]));
        assert!(!are_arguments(&json!([]), &word(1)));
    }

    #[test]
    fn given_arguments_are_hex_without_0x() {
        assert!(same_arguments("0A", &[10]).is_ok());
        let words = same_arguments("0x0a", &[10]).unwrap_err().to_string();
        assert!(
            words.starts_with("no_match:") && words.ends_with("without 0x"),
            "{words}"
        );
        assert!(same_arguments("0b", &[10]).is_err());
    }
}
