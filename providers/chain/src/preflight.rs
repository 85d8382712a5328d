//! The last look before a transaction is signed.
//!
//! - Reads: the chain as it is now, in one round trip.
//! - Returns: the epoch height to sign with, or why this transaction must not be signed.
//! - Never: lets 1,000 CFX go to what is not proven, and never sends.

use pospool_conflux::hex::{hex_text, hex_word};
use pospool_conflux::{Space, abi};
use pospool_conflux_rpc::quantity::{field_u64, quantity_text, read_u64};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Refusal, Rpc, RpcError, Slot, revert};
use pospool_conflux_tx::{AskedIdentity, ask_identity, gas, pending, rpc_attribute};
use pospool_model::{Code, Drip, ProviderError};
use serde_json::{Value as Json, json};

use crate::codes;
use crate::internal::pos_register;
use crate::registration::ask_address;
use crate::registration::observe::ask_votes;
use crate::registration::votes::PosVotes;
use crate::restake::due::SeenStake;
use crate::restake::{ask_available, ask_registered};
use crate::work::{RegistrationWork, RestakeWork, TransactionWork};

/// Code of the refusal that time alone may mend.
pub(crate) const UNCONFIRMED: Code = codes::POOL_UNCONFIRMED;

/// Call data, and the key in it if it registers one.
pub(crate) struct Data {
    pub(crate) bytes: Vec<u8>,
    pub(crate) identifier: Option<[u8; 32]>,
}

/// Signature of the getter that says whether a pool has a key.
const IS_REGISTERED: &str = "_poolRegisted()";

/// Questions right before signing, in one round trip.
struct AskedPreflight {
    place: AskedPlace,
    nonces: pending::AskedNonces,
    balance: Slot,
    target: Option<Slot>,
    simulation: Option<Slot>,
    proof: Option<AskedProof>,
    restake: Option<AskedRestake>,
}

/// Questions before votes are staked again.
struct AskedRestake {
    account: Slot,
    available: Slot,
    registered: Slot,
}

/// Questions about which chain the node is on.
enum AskedPlace {
    Core { status: Slot, genesis: Slot },
    Espace(AskedIdentity),
}

impl AskedPlace {
    fn ask(batch: &mut Batch, space: Space) -> Self {
        match space {
            Space::Core => Self::Core {
                status: batch.ask("cfx_getStatus", json!([])),
                genesis: batch.ask("cfx_getBlockByEpochNumber", json!(["0x0", false])),
            },
            Space::Espace => Self::Espace(ask_identity(batch)),
        }
    }

    fn slots(&self) -> [Slot; 2] {
        match self {
            Self::Core { status, genesis } => [*status, *genesis],
            Self::Espace(identity) => identity.slots(),
        }
    }
}

/// Questions before money is sent.
struct AskedProof {
    identifier: [u8; 32],
    finalised: Slot,
    pointed_at: Slot,
    implementation: Option<Slot>,
    bound_to: Slot,
    registered: Slot,
}

/// Looks at the chain as it is now; returns the epoch height to sign with, which eSpace has not.
pub(crate) async fn look_before_signing(
    rpc: &Rpc,
    work: &TransactionWork,
    data: &Data,
) -> Result<Option<u64>, ProviderError> {
    let mut batch = Batch::default();
    let asked = ask(&mut batch, work, data);
    let answers = batch.send(rpc).await;
    let answers = answers.map_err(|error| unreachable(work, error))?;
    let [first, second] = asked.place.slots();
    for slot in [first, second, asked.balance] {
        told(work, answers.silence(slot))?;
    }
    told(work, asked.nonces.trouble(&answers))?;
    let epoch = check_chain(work, &asked, &answers)?;
    check_account(work, &asked, &answers)?;
    if let (Some(proof), Some(registration)) = (&asked.proof, &work.registration) {
        check_proof(registration, &asked, proof, &answers)?;
    }
    if let (Some(asked), Some(restake)) = (&asked.restake, &work.restake) {
        check_restake(work, restake, asked, &answers)?;
    }
    check_simulation(work, &asked, &answers)?;
    Ok(epoch)
}

fn unreachable(work: &TransactionWork, error: RpcError) -> ProviderError {
    ProviderError::Unreachable {
        code: codes::UNREACHABLE,
        what: format!(
            "the {} RPC that `{}` pays on",
            work.space().title(),
            work.account
        ),
        source: Some(Box::new(error)),
    }
}

/// A node in trouble says nothing about the chain: it must not be taken for one of another chain, or for a contract that
/// refuses.
fn told(work: &TransactionWork, refusal: Option<&Refusal>) -> Result<(), ProviderError> {
    let refused = |refusal: &Refusal| RpcError::Refused {
        method: "a question before signing".to_owned(),
        refusal: refusal.clone(),
    };
    match refusal {
        None => Ok(()),
        Some(refusal) => Err(unreachable(work, refused(refusal))),
    }
}

fn ask(batch: &mut Batch, work: &TransactionWork, data: &Data) -> AskedPreflight {
    let now = At::LatestState;
    AskedPreflight {
        place: AskedPlace::ask(batch, work.space()),
        nonces: pending::ask_nonces(batch, work.from),
        balance: batch.balance(work.from, now),
        target: work.to.map(|to| batch.code(to, now)),
        simulation: work.to.map(|to| {
            let request = json!({
                "from": work.from.to_string(),
                "to": to.to_string(),
                "value": quantity_text(work.value),
                "data": hex_text(&data.bytes),
            });
            match work.space() {
                Space::Core => batch.ask(
                    "cfx_estimateGasAndCollateral",
                    json!([request, "latest_state"]),
                ),
                Space::Espace => batch.ask("eth_estimateGas", json!([request, "latest"])),
            }
        }),
        restake: work
            .restake
            .as_ref()
            .map(|restake| ask_restake(batch, work, restake)),
        proof: work
            .registration
            .as_ref()
            .zip(data.identifier)
            .map(|(registration, identifier)| {
                let register = pos_register(work.chain.network);
                AskedProof {
                    identifier,
                    finalised: batch.code(registration.pool, At::LatestFinalised),
                    pointed_at: batch.implementation(registration.pool, now),
                    implementation: registration
                        .implementation
                        .map(|implementation| batch.code(implementation, At::LatestFinalised)),
                    bound_to: batch.view(register, &ask_address(identifier), now),
                    registered: batch.view(
                        registration.pool,
                        &abi::function_selector(IS_REGISTERED),
                        now,
                    ),
                }
            }),
    }
}

fn ask_restake(batch: &mut Batch, work: &TransactionWork, restake: &RestakeWork) -> AskedRestake {
    let now = At::LatestState;
    let identifier = hex_word(&restake.pos_address).unwrap_or_default();
    let register = pos_register(work.chain.network);
    AskedRestake {
        account: ask_votes(batch, &restake.pos_address),
        available: batch.view(restake.pool, &ask_available(), now),
        registered: batch.view(register, &ask_registered(identifier), now),
    }
}

/// What the plan wants to stake is still due: users may have asked it back since, or PoS may have retired the key again.
fn check_restake(
    work: &TransactionWork,
    restake: &RestakeWork,
    asked: &AskedRestake,
    answers: &BatchAnswers,
) -> Result<(), ProviderError> {
    let refused = |what: String| {
        let what = format!("{what}; nothing was sent: plan again");
        Err(ProviderError::refused(codes::RESTAKE_CHANGED, what))
    };
    for slot in [asked.account, asked.available, asked.registered] {
        told(work, answers.silence(slot))?;
    }
    let bytes = |slot| answers.bytes(slot).unwrap_or_default();
    let votes = answers.get(asked.account).and_then(PosVotes::read);
    let stake = SeenStake::read(&bytes(asked.available), &bytes(asked.registered));
    let (Some(votes), Some(stake)) = (votes, stake) else {
        return refused("nobody says what the pool and its key have".to_owned());
    };
    if let Some(view) = votes.retired_at {
        return refused(format!("PoS retired the key at view {view}"));
    }
    if votes.is_disputed() {
        return refused("the votes of the key are disputed".to_owned());
    }
    let (planned, due) = (restake.votes, stake.idle());
    if due < planned {
        return refused(format!(
            "{planned} votes were to be staked again, and {due} are due now"
        ));
    }
    Ok(())
}

/// The chain is the planned one; returns the newest epoch of Core Space.
fn check_chain(
    work: &TransactionWork,
    asked: &AskedPreflight,
    answers: &BatchAnswers,
) -> Result<Option<u64>, ProviderError> {
    let other_chain = || {
        let what = format!(
            "the node at `{}` is on another chain than the plan; nothing was signed",
            rpc_attribute(work.space())
        );
        Err(ProviderError::refused(codes::WRONG_NETWORK, what))
    };
    let (status, genesis) = match &asked.place {
        AskedPlace::Core { status, genesis } => (answers.get(*status), answers.get(*genesis)),
        AskedPlace::Espace(identity) => {
            return match identity.is_on(&work.chain, answers) {
                Some(true) => Ok(None),
                _ => other_chain(),
            };
        }
    };
    let chain_id = status.and_then(|status| field_u64(status, "chainId"));
    let genesis = genesis
        .and_then(|block| block.get("hash"))
        .and_then(Json::as_str);
    if chain_id != Some(work.chain.network.into()) || genesis != Some(&work.chain.genesis_hash) {
        return other_chain();
    }
    let epoch = status.and_then(|status| field_u64(status, "epochNumber"));
    epoch.map(Some).ok_or_else(|| {
        ProviderError::refused(codes::NOT_A_NODE, "the node does not tell its epoch")
    })
}

/// The nonce is free and the balance suffices.
fn check_account(
    work: &TransactionWork,
    asked: &AskedPreflight,
    answers: &BatchAnswers,
) -> Result<(), ProviderError> {
    let nonces = pending::read_nonces(asked.nonces, answers);
    if nonces.is_some_and(|nonces| !nonces.is_free(work.nonce)) {
        return Err(ProviderError::refused(
            codes::NONCE_TAKEN,
            format!(
                "nonce {} of `{}` is used by another transaction, so somebody else signs with this key; nothing was sent: plan again",
                work.nonce, work.account
            ),
        ));
    }
    let needed = work
        .value
        .saturating_add(gas::collateral_for(work.storage_limit))
        .saturating_add(u128::from(work.gas).saturating_mul(work.price.highest()));
    match answers.number(asked.balance) {
        Some(balance) if balance < needed => Err(ProviderError::refused(
            codes::NOT_ENOUGH_BALANCE,
            format!(
                "`{}` has {} and this transaction may need {}: send CFX to {}",
                work.account,
                Drip(balance),
                Drip(needed),
                work.from
            ),
        )),
        _ => Ok(()),
    }
}

/// What must hold before 1,000 CFX leave. Its code and that behind its proxy are asked for at `latest_finalized`: what
/// is there cannot be undone, and what is not there is not proven, whatever `latest_state` says.
fn check_proof(
    registration: &RegistrationWork,
    asked: &AskedPreflight,
    proof: &AskedProof,
    answers: &BatchAnswers,
) -> Result<(), ProviderError> {
    let there = |slot: Slot| answers.has_code(slot) == Some(true);
    let unproven = |what: String| ProviderError::refused(codes::POOL_UNPROVEN, what);
    let pool = registration.pool;
    if !there(proof.finalised) || !proof.implementation.is_none_or(there) {
        let what = format!(
            "PoS has not finalised the code of the pool at {pool} yet; money sent there now could be lost"
        );
        return Err(ProviderError::refused(UNCONFIRMED, what));
    }
    let pointed_at = answers.pointed_at(proof.pointed_at);
    let expected = registration
        .implementation
        .map(|implementation| implementation.bytes());
    if !asked.target.is_some_and(there) || pointed_at != expected {
        return Err(unproven(format!(
            "what is at {pool} is not what the plan was made with: plan again"
        )));
    }
    let taken = |what: String| ProviderError::refused(codes::ALREADY_REGISTERED, what);
    let bound_to = answers
        .bytes(proof.bound_to)
        .and_then(|bytes| abi::read_address(&bytes));
    match bound_to {
        Some(holder) if holder == [0; 20] => {}
        Some(_) => {
            return Err(taken(format!(
                "the PoS key {} was bound since the plan was made; nothing was sent: plan again",
                hex_text(&proof.identifier)
            )));
        }
        None => {
            return Err(unproven(
                "the register of PoS keys gave no answer".to_owned(),
            ));
        }
    }
    match answers
        .bytes(proof.registered)
        .and_then(|bytes| abi::read_bool(&bytes))
    {
        Some(false) => Ok(()),
        Some(true) => Err(taken(format!(
            "the pool at {pool} was registered since the plan was made: plan again"
        ))),
        None => Err(unproven(format!(
            "what is at {pool} is not a pool: it has no `{IS_REGISTERED}`"
        ))),
    }
}

/// A call of a contract that is there is tried out first, so that a revert costs nothing.
fn check_simulation(
    work: &TransactionWork,
    asked: &AskedPreflight,
    answers: &BatchAnswers,
) -> Result<(), ProviderError> {
    let (Some(target), Some(simulation)) = (asked.target, asked.simulation) else {
        return Ok(());
    };
    if answers.has_code(target) != Some(true) {
        // It follows its contract in the same pipeline: there is nothing to try it on yet.
        return Ok(());
    }
    let executed = pending::read_nonces(asked.nonces, answers).map(|nonces| nonces.executed);
    if work.registration.is_none() && executed != Some(work.nonce) {
        // Earlier ones of the same pipeline are not executed yet, such as `initialize()`: the state to try it on is
        // still to come. Money waits for all of them, so a registration is always tried.
        return Ok(());
    }
    told(work, answers.silence(simulation))?;
    let estimate = answers.result(simulation).map_err(reverted)?;
    let number = |field: &str| estimate.get(field).and_then(read_u64).unwrap_or_default();
    let (gas, storage) = match work.space() {
        Space::Core => (number("gasLimit"), number("storageCollateralized")),
        Space::Espace => (read_u64(estimate).unwrap_or_default(), 0),
    };
    if gas > work.gas || storage > work.storage_limit {
        return Err(ProviderError::refused(
            codes::OVER_LIMIT,
            format!(
                "it would use {gas} gas and {storage} bytes of storage, and the plan allows {} and {}; nothing was sent",
                work.gas, work.storage_limit
            ),
        ));
    }
    Ok(())
}

fn reverted(refusal: &Refusal) -> ProviderError {
    ProviderError::refused(
        codes::REVERTED,
        format!(
            "the contract would refuse this call: {}; nothing was sent",
            revert::refusal_reason(refusal)
        ),
    )
}

#[cfg(test)]
mod tests;
