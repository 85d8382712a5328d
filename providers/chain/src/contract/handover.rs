//! Whose a contract is, and what giving it away means.
//!
//! - Reads: settings as they are wanted, who owns and administers the contract now, accounts of the spec.
//! - Returns: the account that signs; what cannot be undone.
//! - Never: plans a call by somebody whose key no account of the spec has.

use pospool_conflux::{ChainAddress, Space};
use pospool_model::provider::PlanContext;
use pospool_model::{Address, Attributes, Problem, Value};

use super::ContractSpec;
use super::schema::space_of_kind;
use super::settings::OWNER;
use crate::codes;
use crate::draft::Sender;
use crate::facts::ChainProviderFacts;
use crate::resolve::chain_address_of;

/// The account of the spec that has an address in a space.
pub(crate) fn account_with(
    facts: &ChainProviderFacts,
    space: Space,
    bytes: [u8; 20],
) -> Option<Sender<'_>> {
    let mut accounts = facts.accounts_in(space).iter();
    let (name, _) = accounts.find(|(_, account)| account.address.bytes() == bytes)?;
    Sender::find_in(space, facts, name).ok()
}

/// The value of `settings.owner`, if the spec writes it.
fn new_owner(wanted: &Attributes) -> Option<&Value> {
    ContractSpec::read(wanted).settings.known()?.get(OWNER)
}

/// Who owns it now: the account that made it, or, once the settings say whose it is to be, whoever the chain names.
/// The address is that of an owner whose key no account has.
pub(super) fn owner_now<'a>(
    wanted: &Attributes,
    facts: &'a ChainProviderFacts,
    maker: Sender<'a>,
    owner: Option<[u8; 20]>,
) -> (Sender<'a>, Option<ChainAddress>) {
    match owner.filter(|_| new_owner(wanted).is_some()) {
        None => (maker, None),
        Some(bytes) => match account_with(facts, maker.space(), bytes) {
            Some(sender) => (sender, None),
            None => (maker, Some(maker.facts.address.beside(bytes))),
        },
    }
}

/// Who owns a contract when all changes of its own are made: the one that its settings name, or who made it.
pub(crate) fn owner_in_the_end<'a>(
    contract: &Address,
    world: &PlanContext<'a>,
    facts: &'a ChainProviderFacts,
    path: &[&str],
) -> Result<Sender<'a>, Problem> {
    let wanted = world.wanted.get(contract);
    let maker = wanted.and_then(|wanted| ContractSpec::read(wanted).owner.known());
    let maker = maker.ok_or_else(|| {
        let summary = format!("the owner of `{contract}` is not an account of the spec");
        Problem::new(codes::UNKNOWN_ADDRESS, path, summary)
    })?;
    let space = space_of_kind(contract.kind()).unwrap_or(Space::Core);
    let maker = Sender::find_in(space, facts, maker)?;
    let Some(owner) = wanted.and_then(new_owner) else {
        return Ok(maker);
    };
    let network = maker.chain.network;
    let owner = chain_address_of(owner, space, world.outputs, network, path)?;
    account_with(facts, space, owner.bytes()).ok_or_else(|| not_owner("owner", owner, path))
}

/// The problem of a contract whose owner or admin is nobody of the spec.
pub(super) fn not_owner(what: &str, address: ChainAddress, path: &[&str]) -> Problem {
    let summary =
        format!("only the {what} {address} may do this, and no account of the spec has its key");
    Problem::new(codes::NOT_OWNER, path, summary).help("add an `account` with that key")
}

#[cfg(test)]
mod tests;
