//! The only plug: what the engine asks of Docker, of a chain, of a compiler, or of a fake.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::Code;
use crate::codes;
use crate::diagnostic::format_with_causes;
use crate::plan::{Action, Cost, Effect, EffectId};
use crate::state::{AccountIdentity, ChainIdentity, Recorded};
use crate::status::StatusPart;
use crate::{Address, Attributes, Finding, KindSchema, Problem, Value};

/// One outside system: Docker, the chain, a compiler, or a fake.
///
/// Implementations hold connections, and how the current spec says to make them ([`Provider::configure`]), but no plan
/// and no state: everything they may decide on is in the arguments. Observing and preparing change nothing
/// outside; designing does not even look.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Name in plans and journals.
    fn name(&self) -> &'static str;

    /// Kinds that this provider answers for.
    fn kinds(&self) -> &'static [KindSchema];

    /// Brings wanted attributes into their normal form and checks what a schema
    /// cannot say: equal wishes must become equal values, in the form in which
    /// `observe` returns them. Pure; attributes may hold unknown values. Defaults
    /// that take part in the diff are filled in here.
    fn normalise(&self, kind: &str, attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
        let _ = kind;
        Ok(attributes)
    }

    /// The same for a kind that takes over what a resource that it names says: `wanted` holds those in normal form.
    /// What it takes over is part of its own wish then, so that a change of it is seen as one.
    fn normalise_among(
        &self,
        kind: &str,
        attributes: Attributes,
        wanted: &BTreeMap<Address, Attributes>,
    ) -> Result<Attributes, Vec<Problem>> {
        let _ = wanted;
        self.normalise(kind, attributes)
    }

    /// What is known of the outputs of a kind before anything is looked at, such as which contract one is; `used` are the
    /// names that the spec reads. It lets `normalise` check more of the spec alone. Pure.
    fn foreseen_outputs(&self, kind: &str, used: &BTreeSet<String>) -> Attributes {
        let _ = (kind, used);
        Attributes::new()
    }

    /// Outputs that a block says itself, such as where a contract is that somebody else made: they are known before anything
    /// is looked at, and whatever no state knows. `wanted` is in normal form. Pure.
    fn stated_outputs(&self, kind: &str, wanted: &Attributes) -> Attributes {
        let _ = (kind, wanted);
        Attributes::new()
    }

    /// Hears what the current spec wants of every resource, in normal form, before anything else is asked: how to
    /// reach something is only ever taken from there, and neither from a plan nor from a ticket. It is called again
    /// when more is known.
    fn configure(&self, wanted: &BTreeMap<Address, Attributes>) {
        let _ = wanted;
    }

    /// Whether a resource can have another address in the state, where an object outside was made under the one that it has:
    /// `recorded` is what the state says of it. Pure.
    fn check_rename(
        &self,
        lineage: &str,
        to: &Address,
        recorded: &Recorded,
    ) -> Result<(), Problem> {
        let _ = (lineage, to, recorded);
        Ok(())
    }

    /// Looks at all of this provider's resources at once.
    ///
    /// It is called first for resources whose role is given, and then, with
    /// their outputs in [`ObserveContext::outputs`], for the managed ones.
    async fn observe(
        &self,
        targets: &[Target<'_>],
        scene: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError>;

    /// Whether what the look found that gave these facts is still all that a look would find to do: a question or two,
    /// for whoever looks again and again. Changes nothing. `false` also where nobody can tell: then it is time to look.
    async fn still(&self, facts: &Facts) -> bool {
        let _ = facts;
        false
    }

    /// Goes out from a few places, such as the address of one contract, to all that belongs together, and writes the blocks
    /// that would say what is there. `around` are the blocks that say how to get there, in normal form. Changes nothing.
    async fn explore(
        &self,
        from: &[String],
        around: &BTreeMap<Address, Attributes>,
    ) -> Result<Vec<FoundBlock>, ProviderError> {
        let _ = (from, around);
        Ok(Vec::new())
    }

    /// Says how everything of this provider is, for people who watch it: called after the look, with what that found. Changes
    /// nothing and needs no key; what cannot be seen is a figure that says so, and never an error.
    async fn collect_status(
        &self,
        targets: &[Target<'_>],
        context: &StatusContext<'_>,
    ) -> Vec<StatusPart> {
        let _ = (targets, context);
        Vec::new()
    }

    /// The last lines that programs of this provider have written, for somebody who helps: at most so many of each. Changes
    /// nothing.
    async fn collect_logs(
        &self,
        targets: &[Target<'_>],
        context: &StatusContext<'_>,
        lines: usize,
    ) -> BTreeMap<Address, Vec<String>> {
        let _ = (targets, context, lines);
        BTreeMap::new()
    }

    /// Writes what a resource's attributes become inside of its container, for somebody who wants to read it. Pure but
    /// for files that the attributes name: no engine, chain, key or state is asked. `wanted` are the attributes of every
    /// resource of the spec, in normal form.
    fn render(
        &self,
        address: &Address,
        wanted: &BTreeMap<Address, Attributes>,
    ) -> Result<Rendered, Problem> {
        let _ = (address, wanted);
        Ok(Rendered::default())
    }

    /// Whether a change of a resource needs that another one, which it names, could be looked at. Where it does not, the design
    /// makes do with what the spec says and the state records of that one, and refuses what it cannot know.
    fn needs_sight(&self, address: &Address, of: &Address) -> bool {
        let _ = (address, of);
        true
    }

    /// Whether what this provider made stays outside when it is taken down, whatever is there: then it needs no look for
    /// that.
    fn leaves_behind(&self) -> bool {
        false
    }

    /// What else must wait until it is known what became of a ticket, by names as in [`Planner::hold`], such as the nonces
    /// of an account. Pure.
    fn held_lanes(&self, ticket: &Ticket) -> Vec<String> {
        let _ = ticket;
        Vec::new()
    }

    /// Begins to plan: one planner designs all changes of one plan.
    fn planner(&self) -> Box<dyn Planner + '_>;

    /// The payload of an effect without what moves by itself while nobody changes anything, such as the price of gas: by it
    /// a saved plan is compared with the plan of now, which is the one that is carried out. It names no receiver, value, key,
    /// image or path. Pure.
    fn without_moving(&self, payload: serde_json::Value) -> serde_json::Value {
        payload
    }

    /// The call that somebody signs elsewhere, where an effect waits for one. Pure.
    fn unsigned_call(&self, payload: &serde_json::Value) -> Option<UnsignedCall> {
        let _ = payload;
        None
    }

    /// Proves what only a state says of resources, before anything is done with what they said. It may read a secret for that.
    fn prove_used(&self, used: &BTreeSet<Address>) -> Result<(), ProviderError> {
        let _ = used;
        Ok(())
    }

    /// Checks, before anything of a plan is begun, what these effects will need and can be checked now: that secrets are there and
    /// fit. Changes nothing and keeps no secret; with an error comes the position of its effect.
    fn check_ready(&self, effects: &[&Effect]) -> Result<(), (usize, ProviderError)> {
        let _ = effects;
        Ok(())
    }

    /// Makes an effect ready without any change outside, such as by signing.
    /// `inputs` holds the blanks of [`Effect::inputs`], filled in. Effects that
    /// share a lane are prepared in their order.
    async fn prepare(&self, effect: &Effect, inputs: &Attributes) -> Result<Ticket, ProviderError>;

    /// Carries a ticket out, or finds it carried out; returns the effect's outputs.
    ///
    /// However often one ticket is committed, and from however many runs of the
    /// program, it takes effect at most once.
    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError>;

    /// Says what became of a ticket of another run. Who can write a journal can write a ticket: so it is carried out only if
    /// it proves itself, such as by a signature, and nothing else that it says is believed. What a look shows needs no
    /// ticket, and that is so of everything but transactions.
    async fn settle(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Settlement, ProviderError> {
        let _ = (ticket, progress);
        Ok(Settlement::Closed)
    }
}

/// Nobody hears of it, and nobody stops it.
#[derive(Clone, Copy, Debug)]
pub struct NoProgress;

#[async_trait]
impl Progress for NoProgress {
    fn sent(&self) {}

    fn waiting(&self, _: &str) {}

    fn cancelled(&self) -> bool {
        false
    }

    async fn amend(&self, _: &Ticket) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// A call for somebody whose key is not here: a hardware wallet, a multisig.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnsignedCall {
    /// Chain id of its space.
    pub chain_id: u64,
    /// `core` or `espace`.
    pub space: String,
    /// Who signs.
    pub from: String,
    /// The contract that is called.
    pub to: String,
    /// Money that goes with it, in drip.
    pub value_drip: String,
    /// Call data in hex.
    pub data: String,
    /// Signature of the function that the data calls; `None` if the provider does not know it.
    pub function: Option<String>,
    /// What it is given.
    pub arguments: Vec<CallArgument>,
}

/// An argument of a call, for a person to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallArgument {
    /// Its type, as the signature has it.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is: an address in the form of its space, a number in digits, a text as it is.
    pub value: String,
    /// The same in the words of a spec, where these are others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What is to be done about a ticket of another run.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// It took effect, and left these outputs behind.
    Ended(Attributes),
    /// It is not carried out any more, and the next look shows what is there.
    Closed,
    /// It does not prove itself, and may be under way all the same: it waits, and so does what it would collide with
    /// ([`Provider::held_lanes`]). Why it does not count.
    Foreign(String),
}

/// Plans the changes of one plan for one provider. It owns what they share, such as nonces that were handed out and money
/// that was asked for; a function is one whose changes share nothing.
pub trait Planner {
    /// Hears, before anything is designed, which lanes no effect of this plan may enter, and why: a design that needs one
    /// is refused.
    fn hold(&mut self, lanes: &BTreeMap<String, String>) {
        let _ = lanes;
    }

    /// Plans the effects of one change. Deterministic; it is called in dependency order (deletes: in reverse order, after
    /// everything else).
    fn design(
        &mut self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
    ) -> Result<Design, Vec<Problem>>;

    /// What all that was designed needs together and is not there, such as money: each with the first resource that goes without.
    /// It is asked when everything is designed, so that the whole is named at once.
    fn shortfalls(&self) -> Vec<(Address, Problem)> {
        Vec::new()
    }

    /// Numbers of [`Observation::counters`] as they are after all that was designed; one that is not here stays.
    fn counters(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

impl<F> Planner for F
where
    F: FnMut(&ChangeRequest<'_>, &PlanContext<'_>) -> Result<Design, Vec<Problem>>,
{
    fn design(
        &mut self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
    ) -> Result<Design, Vec<Problem>> {
        self(task, world)
    }
}

/// One resource to look at.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its name in the spec or the state.
    pub address: &'a Address,
    /// What the spec wants, in normal form; `None` when it is no longer in the spec.
    pub wanted: Option<&'a Attributes>,
    /// What the last run recorded; `None` if nothing.
    pub recorded: Option<&'a Recorded>,
    /// Names of its outputs that other resources read.
    pub used: &'a BTreeSet<String>,
}

/// What the engine knows of the other resources while it looks.
#[derive(Clone, Copy, Debug)]
pub struct ObserveContext<'a> {
    /// Lineage of the state: the owner's name on everything that is made.
    pub lineage: &'a str,
    /// Wanted attributes of every resource of the spec.
    pub wanted: &'a BTreeMap<Address, Attributes>,
    /// What the keys of accounts said in earlier runs.
    pub accounts: &'a BTreeMap<Address, AccountIdentity>,
    /// Outputs as far as they are known: of given resources from the first look, of
    /// managed ones as recorded.
    pub outputs: &'a BTreeMap<Address, Attributes>,
}

/// What a look has found, for [`Provider::collect_status`].
#[derive(Clone, Copy, Debug)]
pub struct StatusContext<'a> {
    /// What the engine knows of all resources; outputs are those of this look where it saw them.
    pub scene: ObserveContext<'a>,
    /// The provider's own facts of the look.
    pub facts: &'a Facts,
    /// What is there.
    pub objects: &'a BTreeMap<Address, Observed>,
    /// What could not be looked at, and why.
    pub unseen: &'a BTreeMap<Address, String>,
    /// The time of the look, in seconds since 1970.
    pub now: u64,
}

/// What a look found.
#[derive(Default)]
pub struct Observation {
    /// What is there, by resource. A target that is missing here and has no problem counts as absent, unless something that
    /// it uses is blocked: who could not look says [`Observed::Absent`] of nothing.
    pub objects: BTreeMap<Address, Observed>,
    /// Identity of the chains that were looked at.
    pub chains: BTreeMap<Address, ChainIdentity>,
    /// What keys of accounts say, or said before.
    pub accounts: BTreeMap<Address, AccountIdentity>,
    /// Facts that a plan relies on, such as nonces, by a name that is unique among providers.
    pub bindings: BTreeMap<String, String>,
    /// Numbers outside that only what was made or sent for this state moves, each by a known
    /// step, such as the next nonce of an account; named as in [`Planner::counters`].
    pub counters: BTreeMap<String, u64>,
    /// Addresses of the accounts that a service made for this state signs with between two applies, such as a syncer:
    /// what moves their counters is no other hand.
    pub service_accounts: BTreeSet<String>,
    /// What a planner needs to know of the outside, in the provider's own type.
    pub facts: Facts,
    /// Why it is better to stop a resource that is there later and not now, where there is a reason.
    pub bad_moments: BTreeMap<Address, String>,
    /// What could not be looked at, or must not be touched as it is, and why, by resource: it is blocked, and so is what
    /// needs it.
    pub problems: Vec<(Address, Problem)>,
    /// Attributes of what is there that could not be looked at: they count as they are recorded.
    pub unseen: Vec<(Address, &'static str, Problem)>,
    /// Attributes that are not as the last run left them because of the spec, or of this program, and of nobody outside:
    /// they differ and are no drift.
    pub edits: BTreeMap<Address, BTreeSet<&'static str>>,
    /// Advice that stops nothing, by resource: it is said beside the plan, also beside one without changes.
    pub warnings: Vec<(Address, Problem)>,
    /// Signs outside that something was made for a resource of the spec before, under another state. Only looked for where
    /// nothing is recorded.
    pub earlier: Vec<EarlierSign>,
    /// What is wrong, what cannot be seen, and what is on its way. It stops nothing, and nothing is called well beside it.
    pub findings: Vec<Finding>,
}

/// Something outside that was made for a resource of the spec, and that no record of the state knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierSign {
    /// Which resource.
    pub address: Address,
    /// What was found, as the start of a sentence.
    pub what: String,
    /// Lineage of the state that made it, where it says so.
    pub lineage: Option<String>,
    /// Where it is, for a kind whose block can say that (`address`).
    pub place: Option<String>,
}

/// A block of a spec that says what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundBlock {
    /// Kind and label.
    pub address: Address,
    /// Its attributes in their order. Texts may be anybody's: who made what is there chose them.
    pub attributes: Vec<(String, Value)>,
    /// For an attribute that names something compiled: the name of it in its source.
    pub code: Option<&'static str>,
}

/// Facts of the outside in a provider's own type.
#[derive(Clone, Default)]
pub struct Facts(Option<Arc<dyn Any + Send + Sync>>);

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").finish_non_exhaustive()
    }
}

impl Facts {
    /// Wraps a provider's facts.
    pub fn new<T: Any + Send + Sync>(facts: T) -> Self {
        Self(Some(Arc::new(facts)))
    }

    /// Returns them to the provider that made them.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_deref()?.downcast_ref()
    }
}

/// What is there of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Observed {
    /// Nothing.
    #[default]
    Absent,
    /// Something.
    Present {
        /// Those attributes that can be seen from outside, in normal form.
        attributes: Attributes,
        /// Outputs, as now seen; recorded ones that are not here are kept.
        outputs: Attributes,
    },
}

/// One change to plan.
#[derive(Clone, Copy, Debug)]
pub struct ChangeRequest<'a> {
    /// Which resource.
    pub address: &'a Address,
    /// What is to happen to it. [`Action::Adopt`] is never asked for.
    pub action: Action,
    /// What the spec wants, in normal form, with the outputs of other resources
    /// filled in as far as they are known; empty for a delete.
    pub wanted: &'a Attributes,
    /// What is there.
    pub observed: &'a Observed,
    /// What the last run recorded.
    pub recorded: Option<&'a Recorded>,
    /// Paths that differ and whose change does something outside, such as `settings.name`;
    /// empty for delete.
    pub changed: &'a [String],
    /// Whether the user named this resource as one that may really be deleted.
    pub delete_by_name: bool,
}

/// What is known around one change.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    /// Lineage of the state.
    pub lineage: &'a str,
    /// The provider's own facts, from `observe`.
    pub facts: &'a Facts,
    /// Wanted attributes of every resource of the spec.
    pub wanted: &'a BTreeMap<Address, Attributes>,
    /// Recorded resources.
    pub recorded: &'a BTreeMap<Address, Recorded>,
    /// Outputs of the resources planned so far; unknown ones are [`crate::Value::Unknown`].
    ///
    /// Resources that name each other inside of their settings are planned in rounds: in
    /// the first one an identity may be unknown, and the design then holds a placeholder
    /// in its place. The plan that is given out is made with the real one.
    pub outputs: &'a BTreeMap<Address, Attributes>,
    /// Effects of the resources planned so far.
    pub effects: &'a BTreeMap<Address, Vec<EffectId>>,
}

/// What a resource's attributes become inside of its container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Texts by the name of their file. Never a secret.
    pub files: BTreeMap<String, String>,
    /// What else goes in, and what is not known yet.
    pub notes: Vec<String>,
}

/// How one change will be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Design {
    /// Effects in order. Where `ordered` is false the engine lets each one wait for
    /// the one before it, and the first one for all effects of all dependencies.
    pub effects: Vec<Effect>,
    /// The effects' needs are complete as they are.
    pub ordered: bool,
    /// Outputs after the change, as far as they are known.
    pub outputs: Attributes,
    /// Money that it may need.
    pub costs: Vec<Cost>,
    /// Remarks for the plan's reader, such as what stays behind.
    pub notes: Vec<String>,
    /// The object stays outside and only leaves the state.
    pub forget: bool,
    /// What cannot be undone about this change, beyond what is so of its kind: its block must accept that.
    pub irreversible: Option<String>,
}

impl Design {
    /// The object stays outside and only leaves the state; `notes` say what stays.
    #[must_use]
    pub fn forgotten(notes: Vec<String>) -> Self {
        Self {
            forget: true,
            notes,
            ..Self::default()
        }
    }
}

/// One attempt at one effect: enough to make it, and to ask later what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Name of the attempt outside: a transaction hash, a container's name.
    pub key: String,
    /// What the provider needs, such as the signed bytes; never a secret.
    pub payload: serde_json::Value,
}

/// Hears how a commit goes on.
#[async_trait]
pub trait Progress: Send + Sync {
    /// The effect is in its place of order outside: what only needs that may go on.
    fn sent(&self);

    /// What is waited for, and how far it is, for a person: `epoch 120 of 400`.
    fn waiting(&self, what: &str);

    /// Whether the user asked to stop: a wait should end with [`ProviderError::Cancelled`].
    fn cancelled(&self) -> bool;

    /// Puts another form of the ticket into the journal; it is on the disk when this
    /// returns, and the next run is given this one. The new form must still be able to
    /// find everything that the old one may have done, such as an earlier transaction
    /// with the same nonce. On an error nothing new may be sent.
    async fn amend(&self, ticket: &Ticket) -> Result<(), ProviderError>;
}

/// Cause of a provider's failure.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// How a provider call failed, by what the engine may do next.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The outside refused or the effect failed for good, and it will not take place any more.
    #[error("{what}")]
    Refused {
        /// Stable code: `chain/reverted`.
        code: Code,
        /// What was refused and what to do.
        what: String,
        /// Why.
        #[source]
        source: Option<Cause>,
    },
    /// Nothing was sent, so nothing happened.
    #[error("{what} cannot be reached")]
    Unreachable {
        /// Stable code: `docker/unreachable`.
        code: Code,
        /// Which service.
        what: String,
        /// Why.
        #[source]
        source: Option<Cause>,
    },
    /// It was sent and no answer came: only the same ticket may be tried again.
    #[error("{what}: the outcome is not known yet")]
    OutcomeUnknown {
        /// Stable code: `chain/outcome-unknown`.
        code: Code,
        /// Of what.
        what: String,
        /// Why.
        #[source]
        source: Option<Cause>,
    },
    /// It goes on outside, and the time to wait for it is over.
    #[error("{what}")]
    Converging {
        /// What is waited for, how far it is, and when to look again.
        what: String,
    },
    /// The user asked to stop while it was waited for.
    #[error("stopped while waiting")]
    Cancelled,
}

impl ProviderError {
    /// A refusal without a deeper cause.
    #[must_use]
    pub fn refused(code: Code, what: impl Into<String>) -> Self {
        Self::Refused {
            code,
            what: what.into(),
            source: None,
        }
    }

    /// The failure as the problem of one resource, with its causes.
    #[must_use]
    pub fn to_problem(&self) -> Problem {
        Problem::new(self.code(), &[], format_with_causes(self))
    }

    /// Stable code of the failure.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Refused { code, .. }
            | Self::Unreachable { code, .. }
            | Self::OutcomeUnknown { code, .. } => *code,
            Self::Converging { .. } => codes::APPLY_CONVERGING,
            Self::Cancelled => codes::APPLY_CANCELLED,
        }
    }
}
