//! Making an effect ready: look once more, then sign. Nothing outside changes.
//!
//! - Reads: the effect's payload, its filled blanks, the chain as it is now, and the key.
//! - Returns: a ticket with the signed bytes; or why this transaction must not be sent.
//! - Never: changes a choice of the plan: nonce, limits, price and data are as planned.

use std::collections::BTreeSet;

use pospool_conflux::hex::{hex_bytes, hex_word};
use pospool_conflux::{
    ChainAddress, CoreTransaction, EspaceTransaction, RegisterData, UnsignedTransaction,
};
use pospool_conflux_rpc::{CountingTransport, Rpc};
use pospool_conflux_tx::{KeyRef, SignedForm, SignedWork, read_account_key, rpc_attribute};
use pospool_model::plan::Effect;
use pospool_model::provider::Ticket;
use pospool_model::{Address, Attributes, ProviderError, Value};

use crate::account::{self, AccountAddresses, AddressSource};
use crate::chains::{ChainCheck, Chains, Lost};
use crate::codes;
use crate::own_node::OwnNodes;
use crate::preflight::{Data, look_before_signing};
use crate::work::{AwaitVotes, EffectWork, TicketAttempt, TransactionWork};

/// Makes an effect ready.
pub(crate) async fn prepare_effect(
    link: &CountingTransport,
    chains: &Chains,
    own_nodes: &OwnNodes,
    effect: &Effect,
    inputs: &Attributes,
) -> Result<Ticket, ProviderError> {
    let work: EffectWork = serde_path_to_error::deserialize(&effect.payload).map_err(|error| {
        ProviderError::Refused {
            code: codes::BAD_PAYLOAD,
            what: format!("the payload of `{}` is not of this version", effect.name),
            source: Some(Box::new(error)),
        }
    })?;
    match work {
        EffectWork::AwaitCode(work) => Ok(ticket("code", &TicketAttempt::AwaitCode(work))),
        EffectWork::AwaitVotes(work) => {
            let pos_address = work.pos_address.or_else(|| input(inputs, "pos_address"));
            let pos_address = pos_address.ok_or_else(|| missing("pos_address"))?;
            let work = AwaitVotes {
                pos_address: Some(pos_address.clone()),
                ..work
            };
            Ok(ticket(&pos_address, &TicketAttempt::AwaitVotes(work)))
        }
        EffectWork::AwaitFree(work) => {
            let key = work.pos_address.clone();
            Ok(ticket(&key, &TicketAttempt::AwaitFree(work)))
        }
        EffectWork::Elsewhere(work) => {
            let call = SpokenCall {
                from: work.from,
                to: Some(work.to),
                data: &hex_bytes(&work.data).unwrap_or_default(),
            };
            prove_accounts(chains, call)?;
            let key = work.to.to_string();
            Ok(ticket(&key, &TicketAttempt::Elsewhere(work)))
        }
        EffectWork::CheckCode(work) => Ok(ticket("code", &TicketAttempt::CheckCode(work))),
        EffectWork::Verify(work) => {
            let key = format!("{} at {}", work.address, work.api);
            Ok(ticket(&key, &TicketAttempt::Verify(work)))
        }
        EffectWork::Transaction(mut work) => {
            let data = data_of(&work, inputs)?;
            let node = work.registration.as_ref().and_then(|it| it.node.as_ref());
            if let (Some(node), Some(key)) = (node, data.identifier) {
                own_nodes.expect_key(node, key).await?;
            }
            let call = SpokenCall {
                from: work.from,
                to: work.to,
                data: &data.bytes,
            };
            prove_accounts(chains, call)?;
            let space = work.space();
            let reached = chains.reach(link, &mut work.chain, space, ChainCheck::Later);
            reached.await.map_err(Lost::unsent)?;
            let rpc = client(link, &work)?;
            let epoch_height = look_before_signing(&rpc, &work, &data).await?;
            let signed = sign(&work, data.bytes, epoch_height)?;
            Ok(ticket_of(signed))
        }
    }
}

/// Before anything is signed, or written for somebody who signs elsewhere, each account says by its key that it has the
/// addresses that were planned with: what only the state says may be anybody's, and a call may speak of it in a form that
/// cannot be told, such as a mapped address. Of what the block says, only an account that the call speaks of is asked.
fn prove_accounts(chains: &Chains, call: SpokenCall<'_>) -> Result<(), ProviderError> {
    prove_accounts_of(chains, &|addresses, source| match source {
        AddressSource::State => true,
        AddressSource::Spec => call.speaks_of(addresses),
        AddressSource::Key => false,
    })
}

/// Before a container, a page or anything else takes the address of a contract: the account whose creation proves where that is
/// must be what the state says.
pub(crate) fn prove_makers(chains: &Chains, used: &BTreeSet<Address>) -> Result<(), ProviderError> {
    let makers: Vec<_> = used.iter().filter_map(|it| chains.maker(it)).collect();
    prove_accounts_of(chains, &|addresses, source| {
        let is_maker = |maker: &ChainAddress| match maker {
            ChainAddress::Core(core) => core.bytes() == addresses.core,
            ChainAddress::Espace(espace) => Some(espace.bytes()) == addresses.espace,
        };
        source == AddressSource::State && makers.iter().any(is_maker)
    })
}

/// Has the keys of some accounts say their addresses.
fn prove_accounts_of(
    chains: &Chains,
    is_meant: &dyn Fn(AccountAddresses, AddressSource) -> bool,
) -> Result<(), ProviderError> {
    let recorded = chains.recorded_accounts();
    for (name, wanted) in chains.accounts() {
        let found = account::known_addresses(&wanted, recorded.get(&name));
        let Ok(Some((addresses, source))) = found else {
            continue;
        };
        let who = match source {
            AddressSource::State => "the state alone",
            AddressSource::Spec if account::key_of(&wanted).is_some() => "its block",
            _ => continue,
        };
        if !is_meant(addresses, source) || chains.is_proven(&name, addresses) {
            continue;
        }
        account::prove_addresses(&wanted, addresses).map_err(|why| {
            ProviderError::refused(
                codes::NO_KEY,
                format!(
                    "the address of `{name}` is known from {who}, and its key does not say so: {why}; with `address` in its block no key is asked"
                ),
            )
        })?;
        chains.proved(&name, addresses);
    }
    Ok(())
}

/// What a call speaks of.
#[derive(Clone, Copy)]
struct SpokenCall<'a> {
    from: ChainAddress,
    to: Option<ChainAddress>,
    data: &'a [u8],
}

impl SpokenCall<'_> {
    fn speaks_of(self, addresses: AccountAddresses) -> bool {
        let all = [Some(addresses.core), addresses.espace];
        all.into_iter().flatten().any(|address| {
            self.from.bytes() == address
                || self.to.is_some_and(|to| to.bytes() == address)
                || self.data.windows(address.len()).any(|it| it == address)
        })
    }
}

/// The ticket of a signed transaction: its key is the hash of its first form, whatever is signed later.
pub(crate) fn ticket_of(signed: SignedWork) -> Ticket {
    let key = signed.first.hash.clone();
    ticket(&key, &TicketAttempt::Transaction(Box::new(signed)))
}

fn ticket(key: &str, attempt: &TicketAttempt) -> Ticket {
    Ticket {
        key: key.to_owned(),
        payload: serde_json::to_value(attempt)
            .expect("plain data with text keys always has a JSON form"),
    }
}

fn input(inputs: &Attributes, name: &str) -> Option<String> {
    inputs
        .get(name)
        .and_then(Value::as_text)
        .map(ToOwned::to_owned)
}

fn missing(name: &str) -> ProviderError {
    ProviderError::refused(codes::MISSING_INPUT, format!("the node gave no `{name}`"))
}

fn client(link: &CountingTransport, work: &TransactionWork) -> Result<Rpc, ProviderError> {
    Rpc::over(link, &work.chain.endpoints).map_err(|error| ProviderError::Refused {
        code: codes::BAD_RPC,
        what: format!(
            "an endpoint in `{}` cannot be used",
            rpc_attribute(work.space())
        ),
        source: Some(Box::new(error)),
    })
}

/// Takes the planned data, or fills the blank with what the node gave; data that comes with money is checked again.
fn data_of(work: &TransactionWork, inputs: &Attributes) -> Result<Data, ProviderError> {
    let text = match &work.data {
        Some(text) => text.clone(),
        None => input(inputs, "register_data").ok_or_else(|| missing("register_data"))?,
    };
    if work.registration.is_none() {
        let bytes = hex_bytes(&text).ok_or_else(|| {
            ProviderError::refused(codes::BAD_PAYLOAD, "the planned call data is not hex text")
        })?;
        return Ok(Data {
            bytes,
            identifier: None,
        });
    }
    let read = RegisterData::read(&text).and_then(|data| {
        match inputs
            .get("pos_address")
            .and_then(Value::as_text)
            .and_then(hex_word)
        {
            Some(expected) => data.expect(expected),
            None => Ok(data),
        }
    });
    let data =
        read.map_err(|error| ProviderError::refused(codes::BAD_REGISTER_DATA, error.to_string()))?;
    Ok(Data {
        identifier: Some(data.identifier),
        bytes: data.bytes,
    })
}

/// Reads the key of each account that signs, and drops it: nothing of a plan is begun that could not be signed to its end. What
/// is proven right before a call is signed is proven here already.
pub(crate) fn check_keys(
    chains: &Chains,
    effects: &[&Effect],
) -> Result<(), (usize, ProviderError)> {
    let mut checked: Vec<(KeyRef, ChainAddress)> = Vec::new();
    for (position, effect) in effects.iter().enumerate() {
        // What cannot be read is told when it is prepared.
        let Ok(EffectWork::Transaction(work)) = serde_json::from_value(effect.payload.clone())
        else {
            continue;
        };
        let data = work.data.as_deref().and_then(hex_bytes);
        let call = SpokenCall {
            from: work.from,
            to: work.to,
            data: &data.unwrap_or_default(),
        };
        prove_accounts(chains, call).map_err(|error| (position, error))?;
        let signer = (work.key.clone(), work.from);
        if checked.contains(&signer) {
            continue;
        }
        read_account_key(&work.key, work.from)
            .map_err(|what| (position, ProviderError::refused(codes::NO_KEY, what)))?;
        checked.push(signer);
    }
    Ok(())
}

fn sign(
    work: &TransactionWork,
    data: Vec<u8>,
    epoch_height: Option<u64>,
) -> Result<SignedWork, ProviderError> {
    let key = read_account_key(&work.key, work.from)
        .map_err(|what| ProviderError::refused(codes::NO_KEY, what))?;
    let unsigned = unsigned_of(work, data, epoch_height);
    Ok(SignedWork {
        chain: work.chain.clone(),
        from: work.from,
        key: work.key.clone(),
        nonce: work.nonce,
        epoch_height,
        first: SignedForm::of(&unsigned, work.price, &key),
        raised: Vec::new(),
        ceiling: work.ceiling,
        creates: work.creates,
        level: work.level,
        outputs: work.outputs.clone(),
    })
}

/// Puts planned work into the form of its space. Without an epoch height it is one of eSpace.
fn unsigned_of(
    work: &TransactionWork,
    data: Vec<u8>,
    epoch_height: Option<u64>,
) -> UnsignedTransaction {
    let (price, chain_id) = (work.price.into(), work.chain.network.into());
    let to = work.to.map(ChainAddress::bytes);
    match epoch_height {
        Some(epoch_height) => UnsignedTransaction::Core(CoreTransaction {
            nonce: work.nonce,
            price,
            gas: work.gas,
            to,
            value: work.value,
            storage_limit: work.storage_limit,
            epoch_height,
            chain_id,
            data,
        }),
        None => UnsignedTransaction::Espace(EspaceTransaction {
            nonce: work.nonce,
            price,
            gas: work.gas,
            to,
            value: work.value,
            chain_id,
            data,
        }),
    }
}
