//! How a key is bound to a pool.
//!
//! - Reads: the pool's and the node's outputs as far as they are known, and facts.
//! - Returns: a wait for the proof of the pool's code, the transaction, and a wait for the votes.
//! - Never: sends value before the proof; a transfer to an address without code succeeds and is lost.

use std::collections::BTreeMap;

use pospool_conflux::hex::{hex_text, hex_word};
use pospool_conflux::{ChainAddress, CoreAddress, RegisterData};
use pospool_conflux_tx::gas;
use pospool_model::plan::{Action, Need, OutputRef};
use pospool_model::provider::{ChangeRequest, Observed, PlanContext};
use pospool_model::{Address, Problem, Value};

use super::observe::pool_taken;
use super::{DEPOSIT, RegistrationSpec, bad_data};
use crate::codes;
use crate::contract::handover::owner_in_the_end;
use crate::contract::origin::check_origin;
use crate::draft::{ChangeDraft, PlannedTransaction, Sender};
use crate::facts::ChainProviderFacts;
use crate::resolve::address_of;
use crate::restake::design::design_restake;
use crate::work::{AwaitCode, AwaitVotes, EffectWork, RegistrationWork};

/// Designs one change.
pub(crate) fn design_registration(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    match draft.task.action {
        Action::Delete | Action::Forget => {
            draft.forget(LEFT);
            Ok(())
        }
        Action::Create | Action::Replace => create(draft),
        Action::Update | Action::Adopt => {
            if design_restake(draft)? {
                return Ok(());
            }
            wait_on(draft)
        }
    }
}

/// What a reader of a plan should know that leaves a registration behind.
const LEFT: [&str; 2] = [
    "the PoS key stays bound to the pool for ever, and its votes go on while the node votes",
    "to get the stake back: decreaseStake through the pool, wait until PoS has unlocked the votes, then withdrawStake",
];

/// The pool and who owns it.
struct TargetPool<'a> {
    name: &'a Address,
    address: CoreAddress,
    implementation: Option<CoreAddress>,
    owner: Sender<'a>,
}

impl<'a> TargetPool<'a> {
    fn find(
        task: &ChangeRequest<'a>,
        world: &PlanContext<'a>,
        facts: &'a ChainProviderFacts,
    ) -> Result<Self, Problem> {
        let problem = |summary: String| Problem::new(codes::UNKNOWN_ADDRESS, &["pool"], summary);
        let name = RegistrationSpec::read(task.wanted).pool.known();
        let name = name.ok_or_else(|| problem("the pool is not known".to_owned()))?;
        let owner = owner_in_the_end(name, world, facts, &["pool"])?;
        let network = owner.chain.network;
        let resource = Value::Resource(name.clone());
        let implementation = world
            .outputs
            .get(name)
            .and_then(|outputs| outputs.get("implementation"));
        Ok(Self {
            name,
            address: address_of(&resource, world.outputs, network, &["pool"])?,
            implementation: implementation
                .filter(|value| **value != Value::Unknown)
                .map(|value| address_of(value, world.outputs, network, &["pool"]))
                .transpose()?,
            owner,
        })
    }
}

/// The key, as far as it is known while planning.
struct PlannedKey {
    data: Option<RegisterData>,
    identifier: Option<[u8; 32]>,
    node: Option<Address>,
}

impl PlannedKey {
    fn find(task: &ChangeRequest<'_>, world: &PlanContext<'_>) -> Result<Self, Problem> {
        let wanted = RegistrationSpec::read(task.wanted);
        if let Some(text) = wanted.register_data.known() {
            let data = RegisterData::read(text).map_err(|error| bad_data(&error.to_string()))?;
            return Ok(Self {
                identifier: Some(data.identifier),
                data: Some(data),
                node: None,
            });
        }
        if let Some(text) = wanted.pos_address.known() {
            let summary = format!("PoS knows no registration of {text} with this pool");
            return Err(Problem::new(codes::NO_KEY_TO_REGISTER, &["pos_address"], summary).help(
                "`pos_address` takes up a registration that is there; to make one, name `node`, or `register_data` of a node elsewhere",
            ));
        }
        let node = wanted
            .node
            .known()
            .ok_or_else(|| Problem::new(codes::NO_KEY_TO_REGISTER, &[], "the node is not known"))?;
        let output = |name: &str| world.outputs.get(node)?.get(name)?.as_text();
        let mut identifier = output("pos_address").and_then(hex_word);
        let mut data = None;
        if let Some(text) = output("register_data") {
            let read = RegisterData::read(text).and_then(|data| match identifier {
                Some(expected) => data.expect(expected),
                None => Ok(data),
            });
            let read = read.map_err(|error| bad_data(&error.to_string()))?;
            identifier = Some(read.identifier);
            data = Some(read);
        }
        Ok(Self {
            data,
            identifier,
            node: Some(node.clone()),
        })
    }

    /// Whether the node, which is not up, has a key on its volume: it will be that one and no new one.
    fn is_kept(&self, world: &PlanContext<'_>) -> bool {
        let volume = || {
            let node = world.wanted.get(self.node.as_ref()?)?;
            let volume = node.get("data")?.as_resource()?;
            world.outputs.get(volume)?.get("holds")
        };
        self.identifier.is_none() && volume().is_some()
    }

    /// Blanks that the node fills once it runs.
    fn inputs(&self, names: &[&str]) -> BTreeMap<String, OutputRef> {
        let node = self.node.iter().flat_map(|node| {
            names.iter().map(|name| {
                let from = OutputRef {
                    address: node.clone(),
                    output: (*name).to_owned(),
                };
                ((*name).to_owned(), from)
            })
        });
        node.collect()
    }
}

fn create(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    let (task, world, facts) = (draft.task, draft.world, draft.facts);
    let pool = TargetPool::find(&task, &world, facts)?;
    let key = PlannedKey::find(&task, &world)?;
    if let Some(identifier) = key.identifier {
        let text = Value::Text(hex_text(&identifier));
        draft.output("pos_address", text.clone());
        draft.output("identifier", text);
    }
    let known = facts
        .registrations
        .get(task.address)
        .and_then(|known| known.pool_identifier);
    let needs = match known {
        // The node's key was not known when the chain was asked, and the pool has it already.
        Some(bound) if key.identifier == Some(bound) => ended(&world, key.node.as_ref()),
        // Whose key the node has is known when it runs: nothing is sent, and if it is another one the next look says so.
        Some(bound) if key.is_kept(&world) => {
            let bound = hex_text(&bound);
            draft.note(format!(
                "the pool is registered already, with {bound}: the node must have that key"
            ));
            ended(&world, key.node.as_ref())
        }
        Some(bound) => return Err(pool_taken(pool.address, &bound)),
        None => {
            check_origin(pool.name, pool.address, &world, &makers(draft))?;
            register(&pool, &key, draft)?
        }
    };
    await_votes(&pool.owner, &key, needs, draft);
    Ok(())
}

/// Accounts of Core Space that can have made a contract by the end of this plan, with their next nonces.
fn makers(draft: &ChangeDraft<'_>) -> Vec<(CoreAddress, u64)> {
    let accounts = draft.facts.accounts.keys();
    let senders = accounts.filter_map(|name| Sender::find(draft.facts, name).ok());
    let makers = senders.filter_map(|sender| match sender.facts.address {
        ChainAddress::Core(core) => Some((core, draft.next_nonce(sender))),
        ChainAddress::Espace(_) => None,
    });
    makers.collect()
}

/// All effects of a resource in this plan.
fn ended(world: &PlanContext<'_>, address: Option<&Address>) -> Vec<Need> {
    let effects = address.and_then(|address| world.effects.get(address));
    let effects = effects.into_iter().flatten();
    effects.cloned().map(Need::ended).collect()
}

fn register(
    pool: &TargetPool<'_>,
    key: &PlannedKey,
    draft: &mut ChangeDraft<'_>,
) -> Result<Vec<Need>, Problem> {
    let world = draft.world;
    let contracts = [Some(pool.address), pool.implementation];
    let proof = EffectWork::AwaitCode(AwaitCode {
        chain: pool.owner.chain.reference.clone(),
        contracts: contracts.into_iter().flatten().collect(),
    });
    let summary = format!(
        "prove that the code of {} is confirmed at {}",
        pool.name, pool.address
    );
    let proof = draft.wait(
        "proof",
        summary,
        &proof,
        BTreeMap::new(),
        ended(&world, Some(pool.name)),
    );
    let summary = format!("register the PoS key with 1,000 CFX at {}", pool.address);
    let mut plan = PlannedTransaction::new("register", summary, gas::registration_limits());
    plan.to = Some(pool.address.into());
    plan.value = DEPOSIT;
    plan.needs = ended(&world, key.node.as_ref());
    plan.needs.extend(ended(&world, Some(pool.name)));
    plan.needs.push(Need::ended(proof));
    match &key.data {
        Some(data) => {
            plan.data = Some(data.bytes.clone());
            if let Some(node) = &key.node {
                draft.note(format!(
                    "the register data is that of `{node}` as it is now"
                ));
            }
        }
        None => plan.inputs = key.inputs(&["pos_address", "register_data"]),
    }
    plan.registration = Some(RegistrationWork {
        pool: pool.address,
        implementation: pool.implementation,
        node: key.node.clone(),
    });
    let effect = draft.send(pool.owner, plan)?;
    Ok(vec![Need::ended(effect)])
}

fn await_votes(
    owner: &Sender<'_>,
    key: &PlannedKey,
    needs: Vec<Need>,
    draft: &mut ChangeDraft<'_>,
) {
    let work = EffectWork::AwaitVotes(AwaitVotes {
        chain: owner.chain.reference.clone(),
        pos_address: key.identifier.map(|identifier| hex_text(&identifier)),
        at_least: None,
    });
    let inputs = match key.identifier {
        Some(_) => BTreeMap::new(),
        None => key.inputs(&["pos_address"]),
    };
    draft.wait(
        "vote",
        "wait until PoS counts the vote".to_owned(),
        &work,
        inputs,
        needs,
    );
}

/// The bond is there, and an earlier run did not see the vote.
fn wait_on(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    let (task, world) = (draft.task, draft.world);
    let pool = TargetPool::find(&task, &world, draft.facts)?;
    let observed = match task.observed {
        Observed::Present { outputs, .. } => outputs.get("pos_address"),
        Observed::Absent => None,
    };
    let identifier = observed.and_then(Value::as_text).and_then(hex_word);
    let key = PlannedKey {
        data: None,
        identifier,
        node: RegistrationSpec::read(task.wanted).node.known().cloned(),
    };
    let needs = ended(&world, key.node.as_ref());
    await_votes(&pool.owner, &key, needs, draft);
    Ok(())
}

#[cfg(test)]
mod tests;
