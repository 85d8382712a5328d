//! A design in the making: the only place that hands out nonces.
//!
//! - Reads: facts and the planner's counters and lanes.
//! - Returns: effects with nonce, limits, price and needs; costs by payer.
//! - Never: decides what is done; that is in the designs of the kinds.

use std::collections::BTreeMap;

use pospool_conflux::hex::hex_text;
use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_tx::WaitLevel;
use pospool_conflux_tx::gas::{self, GasLimits};
use pospool_model::plan::{Cost, Effect, EffectId, Level, Nature, Need, OutputRef, Purpose};
use pospool_model::provider::{Design, World};
use pospool_model::{Address, Attributes, Drip, Problem, Value};

use crate::account::nonce_lane;
use crate::codes;
use crate::facts::{AccountFacts, ChainFacts, Facts};
use crate::kinds::PROVIDER;
use crate::work::{RegistrationWork, TransactionWork, Work};

/// Who signs and pays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender<'a> {
    pub(crate) name: &'a Address,
    pub(crate) facts: &'a AccountFacts,
    pub(crate) chain: &'a ChainFacts,
}

impl<'a> Sender<'a> {
    /// Finds an account of Core Space among the facts.
    pub(crate) fn find(facts: &'a Facts, name: &'a Address) -> Result<Self, Problem> {
        Self::find_in(Space::Core, facts, name)
    }

    /// Finds an account as it is in a space.
    pub(crate) fn find_in(
        space: Space,
        facts: &'a Facts,
        name: &'a Address,
    ) -> Result<Self, Problem> {
        let account = facts.accounts_in(space).get(name);
        let chain = account.and_then(|account| facts.chains_in(space).get(&account.chain));
        match (account, chain) {
            (Some(facts), Some(chain)) => Ok(Self { name, facts, chain }),
            _ => Err(Problem::new(
                codes::UNKNOWN_ACCOUNT,
                &[],
                format!("`{name}` was not found in {} of the chain", space.title()),
            )),
        }
    }

    /// Nonce of the next transaction of this plan.
    pub(crate) fn nonce(&self, world: &World<'_>) -> u64 {
        let handed_out = world.counters.get(&nonce_lane(self.facts.address));
        handed_out.copied().unwrap_or(self.facts.nonce)
    }

    /// The space that it signs for.
    pub(crate) fn space(&self) -> Space {
        self.facts.address.space()
    }
}

/// One transaction to plan.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) to: Option<ChainAddress>,
    pub(crate) value: u128,
    /// What the value is for.
    pub(crate) purpose: Purpose,
    /// `None` where an input fills the blank.
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) limits: GasLimits,
    pub(crate) creates: Option<ChainAddress>,
    pub(crate) registration: Option<RegistrationWork>,
    pub(crate) outputs: Attributes,
    pub(crate) inputs: BTreeMap<String, OutputRef>,
    pub(crate) needs: Vec<Need>,
}

impl Plan {
    /// A transaction that only needs its place in the lane.
    pub(crate) fn new(
        name: impl Into<String>,
        summary: impl Into<String>,
        limits: GasLimits,
    ) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            to: None,
            value: 0,
            purpose: Purpose::Stake,
            data: None,
            limits,
            creates: None,
            registration: None,
            outputs: Attributes::new(),
            inputs: BTreeMap::new(),
            needs: Vec::new(),
        }
    }
}

/// A design in the making.
pub(crate) struct Draft<'a> {
    address: &'a Address,
    design: Design,
}

impl<'a> Draft<'a> {
    /// Begins the design of one resource. Needs are complete as they are: transactions go out together, and only what
    /// must have ended is waited for.
    pub(crate) fn new(address: &'a Address) -> Self {
        let design = Design {
            ordered: true,
            ..Design::default()
        };
        Self { address, design }
    }

    /// Ends the design.
    pub(crate) fn done(self) -> Design {
        self.design
    }

    /// Sets an output that is known now.
    pub(crate) fn output(&mut self, name: &str, value: Value) {
        self.design.outputs.insert(name.to_owned(), value);
    }

    /// Adds a remark.
    pub(crate) fn note(&mut self, note: String) {
        self.design.notes.push(note);
    }

    fn id(&self, name: &str) -> EffectId {
        EffectId {
            address: self.address.clone(),
            name: name.to_owned(),
        }
    }

    /// Adds a wait.
    pub(crate) fn wait(
        &mut self,
        name: &str,
        summary: String,
        work: &Work,
        inputs: BTreeMap<String, OutputRef>,
        needs: Vec<Need>,
    ) -> EffectId {
        self.design.effects.push(Effect {
            name: name.to_owned(),
            provider: PROVIDER.to_owned(),
            summary,
            nature: Nature::Wait,
            payload: payload(work),
            inputs,
            needs,
        });
        self.id(name)
    }

    /// Adds a transaction as the next one of its sender.
    pub(crate) fn send(
        &mut self,
        world: &mut World<'_>,
        sender: Sender<'_>,
        plan: Plan,
    ) -> Result<EffectId, Problem> {
        let most = gas::most_gas(sender.space());
        if plan.limits.gas > most {
            return Err(too_much_gas(&plan, most));
        }
        let price = gas::choose_price(sender.chain.fees, sender.chain.ceiling).map_err(too_dear)?;
        let lane = nonce_lane(sender.facts.address);
        let nonce = sender.nonce(world);
        let next = nonce
            .checked_add(1)
            .ok_or_else(|| no_nonce_left(sender.name))?;
        world.counters.insert(lane.clone(), next);
        let id = self.id(&plan.name);
        let mut needs = plan.needs;
        if let Some(before) = world.lanes.insert(lane, id.clone()) {
            needs.push(Need {
                effect: before,
                level: Level::Sent,
            });
        }
        // A plan is a promise: what the price may rise to on the way is in its costs.
        let collateral = gas::collateral_for(plan.limits.storage);
        let (ceiling, gas) = (sender.chain.ceiling, u128::from(plan.limits.gas));
        let costs = [
            (Purpose::Gas, gas.saturating_mul(ceiling)),
            (Purpose::Collateral, collateral),
            (plan.purpose, plan.value),
        ];
        let costs = costs.map(|(purpose, amount)| (in_space(purpose, sender), amount));
        needs.extend(self.pay(world, sender, costs)?);
        let work = Work::Transaction(Box::new(TransactionWork {
            chain: sender.chain.reference.clone(),
            account: sender.name.clone(),
            key: sender.facts.key.clone(),
            from: sender.facts.address,
            nonce,
            to: plan.to,
            value: plan.value,
            data: plan.data.map(|data| hex_text(&data)),
            gas: plan.limits.gas,
            storage_limit: plan.limits.storage,
            price,
            ceiling,
            level: if plan.value > 0 {
                WaitLevel::Finalised
            } else {
                sender.chain.level
            },
            creates: plan.creates,
            registration: plan.registration,
            outputs: plan.outputs,
        }));
        self.design.effects.push(Effect {
            name: plan.name,
            provider: PROVIDER.to_owned(),
            summary: format!("{} (nonce {nonce})", plan.summary),
            nature: Nature::Act,
            payload: payload(&work),
            inputs: plan.inputs,
            needs,
        });
        Ok(id)
    }

    /// Adds up costs, and stops where the account cannot pay for what this plan asks of it so far. Where it only can
    /// with what is moved there by this plan, that must have ended first.
    fn pay(
        &mut self,
        world: &mut World<'_>,
        sender: Sender<'_>,
        costs: [(Purpose, u128); 3],
    ) -> Result<Option<Need>, Problem> {
        let mut sum: u128 = 0;
        for (purpose, amount) in costs.into_iter().filter(|(_, amount)| *amount > 0) {
            sum = sum.saturating_add(amount);
            self.add_cost(sender.name, purpose, amount);
        }
        let (space, address) = (sender.space(), sender.facts.address);
        let counter = format!("spend {} {address}", space.word());
        let gdrip = u64::try_from(sum.div_ceil(GDRIP)).unwrap_or(u64::MAX);
        let spent = world.counters.entry(counter).or_default();
        *spent = spent.saturating_add(gdrip);
        let needed = u128::from(*spent) * GDRIP;
        if needed <= sender.facts.balance {
            return Ok(None);
        }
        let income = income(address);
        let more = world.counters.get(&income).copied().unwrap_or_default();
        let more = u128::from(more) * GDRIP;
        if needed <= sender.facts.balance.saturating_add(more) {
            let effect = world.lanes.get(&income).cloned();
            return Ok(effect.map(|effect| Need {
                effect,
                level: Level::Done,
            }));
        }
        Err(not_enough(sender, needed, more))
    }

    /// Notes that an effect of this plan brings money to an account.
    pub(crate) fn bring(world: &mut World<'_>, to: ChainAddress, amount: u128, effect: EffectId) {
        let name = income(to);
        let gdrip = u64::try_from(amount / GDRIP).unwrap_or(u64::MAX);
        world.counters.insert(name.clone(), gdrip);
        world.lanes.insert(name, effect);
    }

    fn add_cost(&mut self, payer: &Address, purpose: Purpose, amount: u128) {
        let costs = &mut self.design.costs;
        let same = costs
            .iter_mut()
            .find(|cost| cost.payer == *payer && cost.purpose == purpose);
        match same {
            Some(cost) => cost.amount = Drip(cost.amount.0.saturating_add(amount)),
            None => costs.push(Cost {
                payer: payer.clone(),
                purpose,
                amount: Drip(amount),
            }),
        }
    }
}

fn payload(work: &Work) -> serde_json::Value {
    serde_json::to_value(work).expect("plain data with text keys always has a JSON form")
}

/// Counters hold 64 bits; a Gdrip is fine enough for what is counted in them.
const GDRIP: u128 = 1_000_000_000;

/// Name of what this plan brings to an account, among counters and lanes.
fn income(to: ChainAddress) -> String {
    format!("income {} {to}", to.space().word())
}

/// What is paid in eSpace comes from another balance.
fn in_space(purpose: Purpose, sender: Sender<'_>) -> Purpose {
    match (purpose, sender.space()) {
        (Purpose::Gas, Space::Espace) => Purpose::EspaceGas,
        (purpose, _) => purpose,
    }
}

fn not_enough(sender: Sender<'_>, needed: u128, more: u128) -> Problem {
    let (space, address) = (sender.space(), sender.facts.address);
    let place = match space {
        Space::Core => String::new(),
        Space::Espace => format!(" in {}", space.title()),
    };
    let more = match more {
        0 => String::new(),
        more => format!(", is sent {} by this plan", Drip(more)),
    };
    let summary = format!(
        "`{}` has {}{place}{more} and may need {} for this plan up to here: gas, collateral and stake at most",
        sender.name,
        Drip(sender.facts.balance),
        Drip(needed)
    );
    let help = match space {
        Space::Core => format!("send CFX to {address}; what is not used stays there"),
        Space::Espace => format!(
            "send CFX to {address} in eSpace, or let a `funding` block move it there from the same key's account in Core Space; what is not used stays there"
        ),
    };
    Problem::new(codes::NOT_ENOUGH_BALANCE, &[], summary).help(help)
}

fn too_much_gas(plan: &Plan, most: u64) -> Problem {
    let summary = format!(
        "{}: {} gas may be needed, and one transaction may have {} at most",
        plan.summary, plan.limits.gas, most
    );
    Problem::new(codes::TOO_MUCH_GAS, &[], summary)
        .help("make the contract smaller, for example with the compiler's optimizer")
}

fn no_nonce_left(account: &Address) -> Problem {
    let summary =
        format!("the node says that `{account}` has sent 2^64 transactions, which nobody can have");
    Problem::new(codes::NOT_A_NODE, &[], summary).help("check `core_rpc` of the chain")
}

fn too_dear(dear: gas::TooDear) -> Problem {
    let summary = format!(
        "one unit of gas costs {} Gdrip now, more than `max_gas_price` allows",
        dear.price / 1_000_000_000
    );
    Problem::new(codes::GAS_PRICE, &[], summary)
        .help("wait for a quieter time, or raise `max_gas_price` of the chain")
}
