//! `funding`: money for an account in eSpace, from an account in Core Space.
//!
//! - Reads: attributes of a block, what both accounts have.
//! - Returns: one transfer through the chain's `CrossSpaceCall`, of what is missing to the amount.
//! - Never: takes a balance that went down for drift. Gas is there to be spent: the amount is looked at when the block is
//!   new, when its amount or its receiver changes, and never else.

mod schema;

use pospool_conflux::{ChainAddress, Space, abi};
use pospool_conflux_tx::gas;
use pospool_model::kind::Attribute;
use pospool_model::plan::{Action, EffectId, Purpose};
use pospool_model::provider::Observed;
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Drip, Problem, Value};

pub(crate) use self::schema::FUNDING;
use self::schema::FundingSpec;
use crate::codes;
use crate::draft::{ChangeDraft, PlannedTransaction, Sender};
use crate::facts::AccountFacts;
use crate::internal::cross_space_call;

/// The function of `CrossSpaceCall` that moves its value to an account in eSpace.
const TRANSFER: &str = "transferEVM(bytes20)";

/// Fills in whom it is for: the account that pays.
pub(crate) fn normalise_funding(mut attributes: Attributes) -> Attributes {
    if FundingSpec::read(&attributes).to.is_absent()
        && let Some(from) = attributes.get("from").cloned()
    {
        attributes.insert("to".to_owned(), from);
    }
    attributes
}

/// What was done once is there, whatever became of the money. A run that was cut off after the transfer has recorded
/// no attributes: they are what the spec wants, as only the same plan can have begun it.
pub(crate) fn observe_funding(recorded: &Recorded, wanted: Option<&Attributes>) -> Observed {
    let wanted = wanted.into_iter().flatten();
    let missing = wanted.filter(|(name, _)| !recorded.attributes.contains_key(*name));
    Observed::Present {
        attributes: missing
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        outputs: recorded.outputs.clone(),
    }
}

/// Designs one change.
pub(crate) fn design_funding(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    match draft.task.action {
        Action::Delete | Action::Forget => {
            leave(draft);
            Ok(())
        }
        Action::Create | Action::Replace | Action::Update | Action::Adopt => top_up(draft),
    }
}

fn leave(draft: &mut ChangeDraft<'_>) {
    let outputs = draft.task.recorded.map(|recorded| &recorded.outputs);
    let address = outputs
        .and_then(|outputs| outputs.get("address"))
        .and_then(Value::as_text)
        .unwrap_or("its account");
    draft.forget([format!(
        "what is left of the money stays at {address} in eSpace"
    )]);
}

fn top_up(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    let (task, facts) = (draft.task, draft.facts);
    let wanted = FundingSpec::read(task.wanted);
    let payer = Sender::find(facts, account("from", wanted.from)?)?;
    let to = account("to", wanted.to)?;
    let receiver = facts.espace_accounts.get(to).ok_or_else(|| {
        let summary = format!("`{to}` was not found in {}", Space::Espace.title());
        Problem::new(codes::UNKNOWN_ACCOUNT, &["to"], summary)
    })?;
    let amount = wanted.amount.known().map_or(0, |amount| amount.0);
    let address = receiver.address;
    draft.output("address", Value::Text(address.to_string()));
    let missing = amount.saturating_sub(receiver.balance);
    if missing == 0 {
        let has = Drip(receiver.balance);
        draft.note(format!("{address} has {has} in eSpace already"));
        return Ok(());
    }
    let effect = transfer(payer, receiver, missing, draft)?;
    draft.bring(address, missing, effect);
    Ok(())
}

fn account<'a>(name: &str, account: Attribute<&'a Address>) -> Result<&'a Address, Problem> {
    account.known().ok_or_else(|| {
        let summary = format!("`{name}` is not an account of the spec");
        Problem::new(codes::UNKNOWN_ACCOUNT, &[name], summary)
    })
}

fn transfer(
    payer: Sender<'_>,
    receiver: &AccountFacts,
    missing: u128,
    draft: &mut ChangeDraft<'_>,
) -> Result<EffectId, Problem> {
    let summary = format!("move {} to {} in eSpace", Drip(missing), receiver.address);
    let data = transfer_data(receiver.address);
    let mut plan = PlannedTransaction::new("transfer", summary, gas::crossing_limits(&data));
    plan.to = Some(cross_space_call(payer.chain.network).into());
    plan.value = missing;
    plan.purpose = Purpose::Crossing;
    plan.data = Some(data);
    draft.send(payer, plan)
}

/// A `bytes20` stands at the start of its word, unlike an address.
fn transfer_data(to: ChainAddress) -> Vec<u8> {
    [&abi::function_selector(TRANSFER)[..], &to.bytes(), &[0; 12]].concat()
}

#[cfg(test)]
mod tests;
