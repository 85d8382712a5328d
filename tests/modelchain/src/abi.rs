//! What the contracts of the model can be asked, as a table.
//!
//! - Reads: call data.
//! - Returns: which function is meant, and its arguments; answers in the form of the ABI.
//! - Never: shares a table with the provider: a wrong signature there must not be right here.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ethers_core::abi::{ParamType, Token, decode, encode};
use ethers_core::types::U256;
use ethers_core::utils::keccak256;

use crate::transaction::Account;

/// Functions of the contracts and of the chain's own register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContractFunction {
    Owner,
    Initialize,
    Manager,
    SetManager,
    Name,
    SetName,
    Ratio,
    SetRatio,
    LockPeriod,
    SetLockPeriod,
    UnlockPeriod,
    SetUnlockPeriod,
    Escrow,
    SetEscrow,
    Registered,
    Register,
    Pools,
    AddPool,
    RemovePool,
    AddressOfKey,
    KeyOfAddress,
    CrossingVotes,
    UserSummary,
    UnstakeLength,
    FirstUnstake,
    UserInterest,
    EspaceEscrow,
    LocksChanged,
    VotesChanged,
    MappedBalance,
    CrossStake,
    ClaimInterest,
    BuyVotes,
    PayInterest,
    PoolSummary,
    Restake,
    VotesOfKey,
    Stake,
    AskBack,
}

use ContractFunction as F;

/// Signature of each function, and what it takes.
const FUNCTIONS: &[(&str, ContractFunction)] = &[
    ("owner()", F::Owner),
    ("initialize()", F::Initialize),
    ("manager()", F::Manager),
    ("setManager(address)", F::SetManager),
    ("poolName()", F::Name),
    ("setPoolName(string)", F::SetName),
    ("poolUserShareRatio()", F::Ratio),
    ("setPoolUserShareRatio(uint64)", F::SetRatio),
    ("_poolLockPeriod()", F::LockPeriod),
    ("setLockPeriod(uint64)", F::SetLockPeriod),
    ("_poolUnlockPeriod()", F::UnlockPeriod),
    ("setUnlockPeriod(uint64)", F::SetUnlockPeriod),
    ("votingEscrow()", F::Escrow),
    ("setVotingEscrow(address)", F::SetEscrow),
    ("_poolRegisted()", F::Registered),
    ("register(bytes32,uint64,bytes,bytes,bytes[2])", F::Register),
    ("getPoolAddresses()", F::Pools),
    ("addPool(address)", F::AddPool),
    ("removePool(address)", F::RemovePool),
    ("identifierToAddress(bytes32)", F::AddressOfKey),
    ("addressToIdentifier(address)", F::KeyOfAddress),
    ("queryCrossingVotes()", F::CrossingVotes),
    ("queryUserSummary()", F::UserSummary),
    ("queryUnstakeLen()", F::UnstakeLength),
    ("eSpaceFirstUnstakeVotes()", F::FirstUnstake),
    ("queryInterest()", F::UserInterest),
    ("eSpaceVotingEscrow()", F::EspaceEscrow),
    ("isLockInfoChanged()", F::LocksChanged),
    ("isVoteInfoChanged()", F::VotesChanged),
    ("mappedBalance(address)", F::MappedBalance),
    ("crossStake()", F::CrossStake),
    ("syncAPYandClaimInterest()", F::ClaimInterest),
    ("modelBuyVotes(uint64)", F::BuyVotes),
    ("modelPayInterest(uint64)", F::PayInterest),
    ("poolSummary()", F::PoolSummary),
    ("_restakePosVote(uint64)", F::Restake),
    ("getVotes(bytes32)", F::VotesOfKey),
    ("modelStake(uint64)", F::Stake),
    ("modelAskBack(uint64)", F::AskBack),
];

/// One argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallArgument {
    None,
    Account(Account),
    Number(u64),
    Text(String),
    Word([u8; 32]),
    Register(Registration),
}

/// Arguments of `register`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) identifier: [u8; 32],
    pub(crate) votes: u64,
    pub(crate) bls: Vec<u8>,
    pub(crate) vrf: Vec<u8>,
}

/// First four bytes of a call.
pub(crate) fn function_selector(signature: &str) -> [u8; 4] {
    let digest = keccak256(signature);
    [digest[0], digest[1], digest[2], digest[3]]
}

/// Signature of a function.
pub(crate) fn function_signature(function: ContractFunction) -> &'static str {
    let row = FUNCTIONS.iter().find(|(_, found)| *found == function);
    row.map_or("?", |(signature, _)| signature)
}

/// Reads call data; `None` if no function of the table is meant or the arguments do not fit.
pub(crate) fn read_call(data: &[u8]) -> Option<(ContractFunction, CallArgument)> {
    static TABLE: OnceLock<BTreeMap<[u8; 4], ContractFunction>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let rows = FUNCTIONS.iter();
        rows.map(|(text, function)| (function_selector(text), *function))
            .collect()
    });
    let (head, body) = data.split_at_checked(4)?;
    let function = *table.get(head)?;
    let arguments = decode(&parameters(function), body).ok()?;
    Some((function, argument(function, arguments)?))
}

fn parameters(function: ContractFunction) -> Vec<ParamType> {
    match function {
        F::SetManager
        | F::SetEscrow
        | F::AddPool
        | F::RemovePool
        | F::KeyOfAddress
        | F::MappedBalance => vec![ParamType::Address],
        F::SetName => vec![ParamType::String],
        F::SetRatio
        | F::SetLockPeriod
        | F::SetUnlockPeriod
        | F::BuyVotes
        | F::PayInterest
        | F::Restake
        | F::Stake
        | F::AskBack => {
            vec![ParamType::Uint(64)]
        }
        F::AddressOfKey | F::VotesOfKey => vec![ParamType::FixedBytes(32)],
        F::Register => vec![
            ParamType::FixedBytes(32),
            ParamType::Uint(64),
            ParamType::Bytes,
            ParamType::Bytes,
            ParamType::FixedArray(Box::new(ParamType::Bytes), 2),
        ],
        _ => Vec::new(),
    }
}

fn argument(function: ContractFunction, mut tokens: Vec<Token>) -> Option<CallArgument> {
    if function == F::Register {
        return registration(tokens).map(CallArgument::Register);
    }
    match tokens.pop() {
        None => Some(CallArgument::None),
        Some(Token::Address(address)) => Some(CallArgument::Account(address.0)),
        Some(Token::Uint(number)) => u64::try_from(number).ok().map(CallArgument::Number),
        Some(Token::String(text)) => Some(CallArgument::Text(text)),
        Some(Token::FixedBytes(bytes)) => bytes.try_into().ok().map(CallArgument::Word),
        Some(_) => None,
    }
}

fn registration(tokens: Vec<Token>) -> Option<Registration> {
    let mut tokens = tokens.into_iter();
    Some(Registration {
        identifier: tokens.next()?.into_fixed_bytes()?.try_into().ok()?,
        votes: tokens.next()?.into_uint()?.try_into().ok()?,
        bls: tokens.next()?.into_bytes()?,
        vrf: tokens.next()?.into_bytes()?,
    })
}

/// Reads a proxy's constructor: what it points at, and its first call.
pub(crate) fn read_proxy(arguments: &[u8]) -> Option<(Account, Vec<u8>)> {
    let tokens = decode(&[ParamType::Address, ParamType::Bytes], arguments).ok()?;
    let mut tokens = tokens.into_iter();
    let target = tokens.next()?.into_address()?;
    Some((target.0, tokens.next()?.into_bytes()?))
}

pub(crate) fn answer_account(account: Account) -> Vec<u8> {
    encode(&[Token::Address(account.into())])
}

pub(crate) fn answer_number(number: u64) -> Vec<u8> {
    encode(&[Token::Uint(U256::from(number))])
}

pub(crate) fn answer_words(numbers: &[u128]) -> Vec<u8> {
    let tokens = numbers.iter().map(|number| Token::Uint((*number).into()));
    encode(&tokens.collect::<Vec<_>>())
}

/// Call data of a function that takes a number.
pub(crate) fn call_with_number(function: ContractFunction, number: u64) -> Vec<u8> {
    [
        &function_selector(function_signature(function))[..],
        &encode(&[Token::Uint(U256::from(number))]),
    ]
    .concat()
}

pub(crate) fn answer_bool(answer: bool) -> Vec<u8> {
    encode(&[Token::Bool(answer)])
}

pub(crate) fn answer_text(text: &str) -> Vec<u8> {
    encode(&[Token::String(text.to_owned())])
}

pub(crate) fn answer_word(word: [u8; 32]) -> Vec<u8> {
    word.to_vec()
}

pub(crate) fn answer_accounts(accounts: &[Account]) -> Vec<u8> {
    let tokens = accounts
        .iter()
        .map(|account| Token::Address((*account).into()));
    encode(&[Token::Array(tokens.collect())])
}

/// What a revert with a reason returns.
pub(crate) fn encode_revert(reason: &str) -> Vec<u8> {
    [
        &function_selector("Error(string)")[..],
        &answer_text(reason),
    ]
    .concat()
}

/// Call data of `register` for one vote, with keys and a proof that no chain would take.
pub(crate) fn register_call(bls: &[u8; 48], vrf: &[u8; 33]) -> (Vec<u8>, [u8; 32]) {
    let identifier = keccak256([&bls[..], &vrf[..]].concat());
    let tokens = [
        Token::FixedBytes(identifier.to_vec()),
        Token::Uint(U256::one()),
        Token::Bytes(bls.to_vec()),
        Token::Bytes(vrf.to_vec()),
        Token::FixedArray(vec![Token::Bytes(vec![7; 48]), Token::Bytes(vec![9; 32])]),
    ];
    let call = [
        &function_selector(function_signature(F::Register))[..],
        &encode(&tokens),
    ]
    .concat();
    (call, identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Selectors that conflux-rust and the reference contract have (facts of the chain, not of this code).
    #[test]
    fn well_known_selectors_come_out() {
        for (text, expected) in [
            (
                "register(bytes32,uint64,bytes,bytes,bytes[2])",
                [0xe3, 0x35, 0xb4, 0x51],
            ),
            ("identifierToAddress(bytes32)", [0xe9, 0xe4, 0xaa, 0x46]),
            ("addressToIdentifier(address)", [0x6a, 0x06, 0xea, 0x96]),
            ("initialize()", [0x81, 0x29, 0xfc, 0x1c]),
        ] {
            assert_eq!(function_selector(text), expected, "{text}");
        }
    }

    #[test]
    fn a_registration_is_read_as_it_was_written() {
        let (call, identifier) = register_call(&[1; 48], &[2; 33]);
        let Some((F::Register, CallArgument::Register(found))) = read_call(&call) else {
            panic!("not a registration");
        };
        assert_eq!((found.identifier, found.votes), (identifier, 1));
        assert_eq!((found.bls.len(), found.vrf.len()), (48, 33));
    }
}
