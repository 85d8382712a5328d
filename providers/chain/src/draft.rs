//! A design in the making: the only place that hands out nonces.
//!
//! - Reads: the change, what is known around it, facts and the plan's ledger.
//! - Returns: effects with nonce, limits, price and needs; costs by payer.
//! - Never: decides what is done; that is in the designs of the kinds.

use std::collections::BTreeMap;

use pospool_conflux::hex::hex_text;
use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_tx::gas::{self, GasLimits};
use pospool_conflux_tx::{KeyRef, WaitLevel};
use pospool_model::plan::{Cost, Effect, EffectId, Nature, Need, OutputRef, Purpose};
use pospool_model::provider::{ChangeRequest, Design, PlanContext};
use pospool_model::{Address, Attributes, Drip, Problem, Value};

use crate::account;
use crate::codes;
use crate::facts::{AccountFacts, ChainFacts, ChainProviderFacts};
use crate::ledger::{AccountLedger, Funds, Shortfall};
use crate::work::{EffectWork, ElsewhereWork, RegistrationWork, RestakeWork, TransactionWork};

/// Name of this provider in plans.
pub(crate) const PROVIDER: &str = "chain";

/// Who signs and pays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender<'a> {
    pub(crate) name: &'a Address,
    pub(crate) facts: &'a AccountFacts,
    pub(crate) chain: &'a ChainFacts,
}

impl<'a> Sender<'a> {
    /// Finds an account of Core Space among the facts.
    pub(crate) fn find(facts: &'a ChainProviderFacts, name: &'a Address) -> Result<Self, Problem> {
        Self::find_in(Space::Core, facts, name)
    }

    /// Finds an account as it is in a space.
    pub(crate) fn find_in(
        space: Space,
        facts: &'a ChainProviderFacts,
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
            )
            .needing(name)),
        }
    }

    /// The space that it signs for.
    pub(crate) fn space(&self) -> Space {
        self.facts.address.space()
    }
}

/// One transaction to plan.
pub(crate) struct PlannedTransaction {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) to: Option<ChainAddress>,
    pub(crate) value: u128,
    /// What the value is for.
    pub(crate) purpose: Purpose,
    /// `None` where an input fills the blank.
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) limits: GasLimits,
    /// The limits are an estimate.
    pub(crate) estimated: bool,
    pub(crate) creates: Option<ChainAddress>,
    pub(crate) registration: Option<RegistrationWork>,
    pub(crate) restake: Option<RestakeWork>,
    pub(crate) outputs: Attributes,
    pub(crate) inputs: BTreeMap<String, OutputRef>,
    pub(crate) needs: Vec<Need>,
}

impl PlannedTransaction {
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
            estimated: false,
            creates: None,
            registration: None,
            restake: None,
            outputs: Attributes::new(),
            inputs: BTreeMap::new(),
            needs: Vec::new(),
        }
    }

    /// The same, with limits that the node gave as an estimate.
    pub(crate) fn estimated(self) -> Self {
        Self {
            estimated: true,
            ..self
        }
    }
}

/// The design of one change in the making, with all that is known around it.
pub(crate) struct ChangeDraft<'a> {
    pub(crate) task: ChangeRequest<'a>,
    pub(crate) world: PlanContext<'a>,
    pub(crate) facts: &'a ChainProviderFacts,
    ledger: &'a mut AccountLedger,
    design: Design,
}

impl<'a> ChangeDraft<'a> {
    /// Begins the design of one change. Needs are complete as they are: transactions go out together, and only what
    /// must have ended is waited for.
    pub(crate) fn new(
        task: ChangeRequest<'a>,
        world: PlanContext<'a>,
        facts: &'a ChainProviderFacts,
        ledger: &'a mut AccountLedger,
    ) -> Self {
        let design = Design {
            ordered: true,
            ..Design::default()
        };
        Self {
            task,
            world,
            facts,
            ledger,
            design,
        }
    }

    /// The object stays outside and only leaves the state; the notes say what stays.
    pub(crate) fn forget<S: Into<String>>(&mut self, notes: impl IntoIterator<Item = S>) {
        self.design.forget = true;
        self.design.notes.extend(notes.into_iter().map(Into::into));
    }

    /// Nonce of the sender's next transaction in this plan.
    pub(crate) fn next_nonce(&self, sender: Sender<'_>) -> u64 {
        self.ledger
            .next_nonce(sender.facts.address, sender.facts.nonce)
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

    /// Says what cannot be undone about the change.
    pub(crate) fn cannot_undo(&mut self, why: String) {
        let whys = &mut self.design.irreversible;
        *whys = Some(match whys.take() {
            Some(others) => format!("{others}; {why}"),
            None => why,
        });
    }

    fn id(&self, name: &str) -> EffectId {
        EffectId {
            address: self.task.address.clone(),
            name: name.to_owned(),
        }
    }

    /// Adds a wait.
    pub(crate) fn wait(
        &mut self,
        name: &str,
        summary: String,
        work: &EffectWork,
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

    /// Adds an act that is no transaction.
    pub(crate) fn act(
        &mut self,
        name: String,
        summary: String,
        work: &EffectWork,
        needs: Vec<Need>,
    ) {
        self.design.effects.push(Effect {
            name,
            provider: PROVIDER.to_owned(),
            summary,
            nature: Nature::Act,
            payload: payload(work),
            inputs: BTreeMap::new(),
            needs,
        });
    }

    /// A call by somebody whose key is not here: this plan waits for it, and the next look sees what it did. One that carries
    /// money or makes something is looked at once more before it is signed, and so must be signed here.
    fn leave_to_be_signed(
        &mut self,
        sender: Sender<'_>,
        plan: PlannedTransaction,
    ) -> Result<EffectId, Problem> {
        let is_plain = plan.value == 0 && plan.registration.is_none() && plan.restake.is_none();
        let (Some(to), Some(data), true) = (plan.to, plan.data, is_plain) else {
            return Err(no_key(sender.name, &plan.summary));
        };
        let from = sender.facts.address;
        let work = EffectWork::Elsewhere(ElsewhereWork {
            chain: sender.chain.reference.clone(),
            from,
            to,
            data: hex_text(&data),
            what: plan.summary.clone(),
        });
        let summary = format!("{} (to be signed by {from} elsewhere)", plan.summary);
        // No lane puts it behind what is made here, such as the implementation that it points a proxy at.
        let made = self.design.effects.iter();
        let made = made.filter(|effect| effect.nature == Nature::Act);
        let made = made.map(|effect| Need::ended(self.id(&effect.name)));
        let needs = plan.needs.into_iter().chain(made).collect();
        Ok(self.wait(&plan.name, summary, &work, plan.inputs, needs))
    }

    /// The key of a sender who may send this; `None` if it is not here.
    fn key_to_send(
        &self,
        sender: Sender<'_>,
        plan: &PlannedTransaction,
    ) -> Result<Option<KeyRef>, Problem> {
        if let Some(why) = self.ledger.held(sender.facts.address) {
            return Err(account_held(sender.name, why));
        }
        let most = gas::most_gas(sender.space());
        if plan.limits.gas > most {
            return Err(too_much_gas(plan, most));
        }
        Ok(sender.facts.key.clone())
    }

    /// Adds a transaction as the next one of its sender.
    pub(crate) fn send(
        &mut self,
        sender: Sender<'_>,
        plan: PlannedTransaction,
    ) -> Result<EffectId, Problem> {
        let Some(key) = self.key_to_send(sender, &plan)? else {
            return self.leave_to_be_signed(sender, plan);
        };
        let price = gas::choose_price(sender.chain.fees, sender.chain.ceiling).map_err(too_dear)?;
        let id = self.id(&plan.name);
        let taken = self
            .ledger
            .take_nonce(sender.facts.address, sender.facts.nonce, &id);
        let (nonce, before) = taken.ok_or_else(|| no_nonce_left(sender.name))?;
        let mut needs = plan.needs;
        needs.extend(before.map(Need::sent));
        // A plan is a promise: what the price may rise to on the way is in its costs.
        let collateral = gas::collateral_for(plan.limits.storage);
        let (ceiling, gas) = (sender.chain.ceiling, u128::from(plan.limits.gas));
        let costs = [
            (Purpose::Gas, gas.saturating_mul(ceiling)),
            (Purpose::Collateral, collateral),
            (plan.purpose, plan.value),
        ];
        let costs = costs.map(|(purpose, amount)| (in_space(purpose, sender), amount));
        needs.extend(self.pay(sender, costs));
        let work = EffectWork::Transaction(Box::new(TransactionWork {
            chain: sender.chain.reference.clone(),
            account: sender.name.clone(),
            key,
            from: sender.facts.address,
            nonce,
            to: plan.to,
            value: plan.value,
            data: plan.data.map(|data| hex_text(&data)),
            gas: plan.limits.gas,
            estimated: plan.estimated,
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
            restake: plan.restake,
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

    /// Adds up costs. Where the account cannot pay for what this plan asks of it so far, that is noted, and said with the
    /// whole when everything is designed. Where it only can with what is moved there by this plan, that must have ended first.
    fn pay(&mut self, sender: Sender<'_>, costs: [(Purpose, u128); 3]) -> Vec<Need> {
        for (purpose, amount) in costs.iter().filter(|(_, amount)| *amount > 0) {
            self.add_cost(sender.name, *purpose, *amount);
        }
        let (address, balance) = (sender.facts.address, sender.facts.balance);
        match self.ledger.spend(address, balance, &costs) {
            Funds::There => Vec::new(),
            Funds::After(effects) => effects.into_iter().map(Need::ended).collect(),
            Funds::Short => {
                let payer = (sender.name, balance);
                self.ledger.fall_short(address, payer, self.task.address);
                Vec::new()
            }
        }
    }

    /// Notes that an effect of this plan brings money to an account.
    pub(crate) fn bring(&mut self, to: ChainAddress, amount: u128, effect: EffectId) {
        self.ledger.bring(to, amount, effect);
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

fn payload(work: &EffectWork) -> serde_json::Value {
    serde_json::to_value(work).expect("plain data with text keys always has a JSON form")
}

/// What is paid in eSpace comes from another balance.
fn in_space(purpose: Purpose, sender: Sender<'_>) -> Purpose {
    match (purpose, sender.space()) {
        (Purpose::Gas, Space::Espace) => Purpose::EspaceGas,
        (purpose, _) => purpose,
    }
}

/// The problem of an account that cannot pay for all that a plan asks of it: the whole, with its parts.
pub(crate) fn not_enough(address: ChainAddress, short: Shortfall<'_>) -> Problem {
    let space = address.space();
    let place = match space {
        Space::Core => String::new(),
        Space::Espace => format!(" in {}", space.title()),
    };
    let income = match short.income {
        0 => String::new(),
        income => format!(", is sent {} by this plan", Drip(income)),
    };
    let parts = short.spent.iter().filter(|(_, amount)| **amount > 0);
    let parts: Vec<_> = parts
        .map(|(purpose, amount)| format!("{} {}", purpose.words(), Drip(*amount)))
        .collect();
    let summary = format!(
        "`{}` has {}{place}{income} and may need {} for this plan, at most: {}",
        short.account,
        Drip(short.balance),
        Drip(short.needed()),
        parts.join(", ")
    );
    let missing = short
        .needed()
        .saturating_sub(short.balance.saturating_add(short.income));
    let missing = Drip(missing);
    let help = match space {
        Space::Core => {
            format!("send at least {missing} to {address}; what is not used stays there")
        }
        Space::Espace => format!(
            "send at least {missing} to {address} in eSpace, or let a `funding` block move it there from the same key's account in Core Space; what is not used stays there"
        ),
    };
    // Nothing is begun that the balance does not cover to its end.
    Problem::new(codes::NOT_ENOUGH_BALANCE, &[], summary)
        .help(help)
        .holding(account::nonce_lane(address))
}

fn account_held(account: &Address, why: &str) -> Problem {
    let summary = format!("`{account}` sends nothing in this run: {why}");
    Problem::new(codes::ACCOUNT_HELD, &[], summary)
        .help("correct what the reason says, and plan again")
}

fn no_key(account: &Address, what: &str) -> Problem {
    let summary = format!("`{account}` has to sign here, and its block names no key: {what}");
    Problem::new(codes::NO_KEY, &[], summary).help(format!(
        "write `private_key = env(\"NAME\")` in `{account}`"
    ))
}

fn too_much_gas(plan: &PlannedTransaction, most: u64) -> Problem {
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
