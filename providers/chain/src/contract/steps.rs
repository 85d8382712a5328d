//! Transactions that making a contract and changing it share.
//!
//! - Returns: what is added to a draft, in the order of nonces.
//! - Never: decides whether a step is needed.

use pospool_conflux::{ChainAddress, Space, abi, keccak256};
use pospool_conflux_tx::gas;
use pospool_model::plan::{EffectId, Need};
use pospool_model::provider::ChangeRequest;
use pospool_model::{Attributes, Problem, Value};

use super::artifact::{DeployableCode, INITIALIZE};
use super::creation::{MADE_WITH, record_creation};
use super::origin::find_maker;
use super::setters::{self, SetterCall};
use super::settings::{Caller, Holds, OWNER, Setting, settings_of};
use super::{CodeName, ContractSpec, handover};
use crate::codes;
use crate::contract::schema::space_of_kind;
use crate::draft::{ChangeDraft, PlannedTransaction, Sender};
use crate::facts::{ChainProviderFacts, ContractFacts};
use crate::internal::admin_control;
use crate::resolve::{chain_address_of, wrong_space};

/// What both ways need.
pub(super) struct DeployScope<'a> {
    pub(super) code: CodeName,
    /// Who signs what only the owner may.
    pub(super) owner: Sender<'a>,
    /// Who made it.
    maker: Sender<'a>,
    /// The real owner, if that is nobody of the spec.
    pub(super) stranger: Option<ChainAddress>,
    pub(super) known: ContractFacts,
}

impl<'a> DeployScope<'a> {
    pub(super) fn new(
        task: &ChangeRequest<'a>,
        facts: &'a ChainProviderFacts,
    ) -> Result<Self, Problem> {
        let space = space_of_kind(task.address.kind()).unwrap_or(Space::Core);
        let block = ContractSpec::read(task.wanted);
        let code =
            block.code.known().and_then(CodeName::read).ok_or_else(|| {
                Problem::new(codes::NO_CODE, &["code"], "the code is not known yet")
            })?;
        let owner = block.owner.known().ok_or_else(|| {
            let summary = "the owner is not an account of the spec";
            Problem::new(codes::UNKNOWN_ACCOUNT, &["owner"], summary)
        })?;
        let known = facts.contracts.get(task.address).cloned();
        let known = known.unwrap_or_default();
        let maker = Sender::find_in(space, facts, owner)?;
        let (owner, stranger) = handover::owner_now(task.wanted, facts, maker, known.owner);
        Ok(Self {
            code,
            owner,
            maker,
            stranger,
            known,
        })
    }

    /// Who creates what belongs to it: the owner, or who made it where the owner's key is not here. Whose an implementation is
    /// means nothing: the proxy's storage says who owns the contract.
    pub(super) fn creator(&self) -> Sender<'a> {
        if self.owner.facts.key.is_some() {
            self.owner
        } else {
            self.maker
        }
    }

    /// What only the owner may do can be signed.
    pub(super) fn check_owner(&self) -> Result<(), Problem> {
        match self.stranger {
            None => Ok(()),
            Some(owner) => Err(handover::not_owner("owner", owner, &["settings", OWNER])),
        }
    }
}

pub(super) fn address_text(address: ChainAddress) -> Value {
    Value::Text(address.to_string())
}

/// A creation with the constructor's arguments.
pub(super) fn draft_deployment(
    scope: &DeployScope<'_>,
    found: &DeployableCode,
    name: &str,
    outputs: &dyn Fn(ChainAddress) -> Vec<(&'static str, Value)>,
    draft: &mut ChangeDraft<'_>,
) -> Result<ChainAddress, Problem> {
    let creator = scope.creator();
    let (known, network) = (draft.world.outputs, creator.chain.network);
    let space = creator.space();
    let init = found.wanted_init(draft.task.wanted, space, known, network)?;
    let address = creation_address(draft, creator, &init);
    let made_with = record_creation(draft.next_nonce(creator), &init);
    let what = if name == "implementation" {
        " implementation"
    } else {
        ""
    };
    let summary = format!("create the {}{what} at {address}", scope.code.contract);
    let mut plan = PlannedTransaction::new(
        name,
        summary,
        gas::creation_limits(space, &init, found.runtime_length),
    );
    plan.data = Some(init);
    plan.creates = Some(address);
    let named = outputs(address).into_iter();
    plan.outputs = named
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if name != "implementation" {
        draft.output(MADE_WITH, made_with.clone());
        plan.outputs.insert(MADE_WITH.to_owned(), made_with);
    }
    draft.send(creator, plan)?;
    Ok(address)
}

/// An implementation that an earlier run left behind, if an account of the spec made it: a state may name anybody's, who can
/// have put any code there, or take it away again.
pub(super) fn own_implementation(
    scope: &DeployScope<'_>,
    found: &DeployableCode,
    draft: &ChangeDraft<'_>,
) -> Result<Option<ChainAddress>, Problem> {
    let Some(at) = scope.known.implementation else {
        return Ok(None);
    };
    let creator = scope.creator();
    let (known, network) = (draft.world.outputs, creator.chain.network);
    let init = found.wanted_init(draft.task.wanted, creator.space(), known, network)?;
    let makers = draft.facts.accounts_in(creator.space()).values();
    let makers: Vec<_> = makers.map(|it| (it.address, it.nonce)).collect();
    Ok(Some(at).filter(|at| find_maker(*at, &keccak256(&init), &makers).is_some()))
}

/// Where the next transaction of an account puts a contract.
pub(super) fn creation_address(
    draft: &ChangeDraft<'_>,
    sender: Sender<'_>,
    init: &[u8],
) -> ChainAddress {
    let nonce = draft.next_nonce(sender);
    sender.facts.address.of_creation(nonce, init)
}

pub(super) fn draft_initialisation(
    owner: Sender<'_>,
    address: ChainAddress,
    draft: &mut ChangeDraft<'_>,
) -> Result<(), Problem> {
    let data = abi::function_selector(INITIALIZE);
    let mut plan = PlannedTransaction::new(
        "initialize",
        "give it its first settings",
        gas::call_limits(owner.space(), &data, 16),
    );
    plan.to = Some(address);
    plan.data = Some(data.to_vec());
    draft.send(owner, plan).map(|_| ())
}

pub(super) fn send_call(
    sender: Sender<'_>,
    contract: ChainAddress,
    call: SetterCall,
    needs: Vec<Need>,
    draft: &mut ChangeDraft<'_>,
) -> Result<EffectId, Problem> {
    let to = match call.caller {
        Caller::Owner | Caller::Manager => contract,
        Caller::Admin => admin_control(sender.chain.network).into(),
    };
    let limits = gas::call_limits(sender.space(), &call.data, call.keys);
    let mut plan = PlannedTransaction::new(call.name, call.summary, limits);
    plan.to = Some(to);
    plan.data = Some(call.data);
    plan.needs = needs;
    draft.send(sender, plan)
}

/// Calls for the wanted settings, in the table's order.
pub(super) fn wanted_calls(
    draft: &ChangeDraft<'_>,
    scope: &DeployScope<'_>,
    contract: ChainAddress,
    there: &Attributes,
    is_meant: &dyn Fn(&Setting) -> bool,
) -> Result<Vec<SetterCall>, Problem> {
    let Some(wanted) = ContractSpec::read(draft.task.wanted).settings.known() else {
        return Ok(Vec::new());
    };
    let table = settings_of(&scope.code.contract);
    let network = scope.owner.chain.network;
    let mut calls = Vec::new();
    for setting in table.map(|table| table.settings).unwrap_or_default() {
        let Some(value) = wanted.get(setting.name).filter(|_| is_meant(setting)) else {
            continue;
        };
        // An address that is written out is checked too: it may be one of another network.
        let path = ["settings", setting.name];
        let resolve = |value: &Value, holds: Holds| {
            let space = holds.space();
            let address = chain_address_of(value, space, draft.world.outputs, network, &path)?;
            let stored = holds.stored(address);
            stored
                .map(address_text)
                .ok_or_else(|| wrong_space(value, space, &path))
        };
        let nothing = Value::Null;
        let now = there.get(setting.name).unwrap_or(&nothing);
        calls.extend(setters::setter_calls(
            setting, contract, value, now, &resolve,
        )?);
    }
    Ok(calls)
}
