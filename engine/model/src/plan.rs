//! The plan: plain data, complete, with a reason for each step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::state::{AccountIdentity, ChainIdentity};
use crate::{Address, Attributes, Dependency, Drip, Groups, Value};

/// Everything that an apply will do, in an order in which it can be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Digest of the spec and its variables.
    pub spec_digest: String,
    /// Lineage of the state that it was made from.
    pub lineage: String,
    /// Serial of that state.
    pub serial: u64,
    /// The chains that were looked at.
    pub chains: BTreeMap<Address, ChainIdentity>,
    /// Accounts whose keys were read, or were before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<Address, AccountIdentity>,
    /// Facts of the outside that the steps rely on, such as an account's nonce; a
    /// plan whose facts have changed is stale.
    pub bindings: BTreeMap<String, String>,
    /// Resources that are renamed in the state before anything else, with their new names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<Address, Address>,
    /// What changed outside since the last run.
    pub drift: Vec<Drift>,
    /// What will be done, dependencies first.
    pub steps: Vec<Step>,
    /// Outputs of the spec after the apply, as far as they are known.
    pub outputs: BTreeMap<String, Value>,
    /// Where each counter of the outside will stand after the apply.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, u64>,
    /// Groups of resources that the records of the steps use.
    #[serde(default, skip_serializing_if = "Groups::is_empty")]
    pub groups: Groups,
    /// What many steps wait for together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub barriers: BTreeMap<String, Barrier>,
    /// What nothing is planned for, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<BlockedResource>,
    /// What the user left out: it was not looked at, and nothing is planned for it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub left_out: BTreeSet<Address>,
}

impl Plan {
    /// Whether outputs of the state stay that it does not have: it is about a part of the spec alone.
    #[must_use]
    pub fn keeps_outputs(&self) -> bool {
        !self.left_out.is_empty()
    }

    /// Money that its steps may need.
    pub fn costs(&self) -> impl Iterator<Item = &Cost> {
        self.steps.iter().flat_map(|step| &step.costs)
    }

    /// Whether a step of it moves a counter, as far as that can be told: then the counter must be exactly as it was planned.
    #[must_use]
    pub fn moves_counter(&self, name: &str) -> bool {
        let planned = self.counters.get(name).map(u64::to_string);
        planned.as_ref() != self.bindings.get(name)
    }

    /// Those of these outputs that are none any more after it.
    pub fn dropped_outputs<'a>(
        &'a self,
        before: &'a BTreeMap<String, Value>,
    ) -> impl Iterator<Item = &'a String> {
        let names = before.keys().filter(|_| !self.keeps_outputs());
        names.filter(|name| !self.outputs.contains_key(*name))
    }

    /// Whether these outputs are others after it.
    #[must_use]
    pub fn changes_outputs(&self, before: &BTreeMap<String, Value>) -> bool {
        let mut outputs = self.outputs.iter();
        outputs.any(|(name, after)| before.get(name) != Some(after))
            || self.dropped_outputs(before).next().is_some()
    }
}

/// A resource that stays as it is because of a fault, whatever the spec says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BlockedResource {
    /// Which resource.
    pub address: Address,
    /// The only attribute that stays as it is; everything else was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Stable code of the fault.
    pub code: String,
    /// What is wrong.
    pub summary: String,
    /// What to do about it, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The resource that it needs and that is blocked itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Address>,
}

/// Something that many steps wait for: it is passed when all in it has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Barrier {
    /// Effects that must have happened.
    pub needs: Vec<Need>,
    /// Other barriers that must be passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barriers: Vec<String>,
}

/// A difference between what the last run left and what is there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// Which resource.
    pub address: Address,
    /// What is different; empty when the whole object is gone.
    pub changes: Vec<AttributeChange>,
    /// Whether the object is gone.
    pub gone: bool,
}

/// One resource's part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which resource.
    pub address: Address,
    /// What happens to it.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Attributes before and after.
    pub changes: Vec<AttributeChange>,
    /// What cannot be undone about it, if anything.
    pub irreversible: Option<String>,
    /// What stays behind when it is taken down or forgotten, and other remarks.
    pub notes: Vec<String>,
    /// Money that it may need, at most.
    pub costs: Vec<Cost>,
    /// What will be done, in order.
    pub effects: Vec<Effect>,
    /// Barriers that must be passed before any of the effects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barriers: Vec<String>,
    /// What the state will say when all effects have ended; `None` removes it.
    pub record: Option<Record>,
}

/// What the state will say of a resource after its step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Wanted attributes in their normal form.
    pub attributes: Attributes,
    /// Outputs known in the plan; effects add theirs.
    pub outputs: Attributes,
    /// What it uses directly.
    pub depends_on: Vec<Dependency>,
    /// `prevent_destroy` of the spec.
    pub protected: bool,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is there already, and from now on belongs to this state.
    Adopt,
    /// It is changed in place.
    Update,
    /// It is taken down and made again.
    Replace,
    /// It is taken down.
    Delete,
    /// It leaves the state and stays outside.
    Forget,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Forget => "forget",
        })
    }
}

/// Why a step is in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Wanted, and never made.
    Missing,
    /// Made by an earlier run, and no longer there: drift.
    Gone,
    /// The spec says something else than before.
    Differs,
    /// Somebody changed it outside: drift.
    Drifted,
    /// An earlier run did not finish it.
    Incomplete,
    /// No longer in the spec.
    Unwanted,
    /// It is there and not in this state.
    Found,
}

impl Reason {
    /// Whether the outside moved and not the spec.
    #[must_use]
    pub fn is_drift(self) -> bool {
        matches!(self, Self::Gone | Self::Drifted)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "not there yet",
            Self::Gone => "gone outside",
            Self::Differs => "the spec differs",
            Self::Drifted => "changed outside",
            Self::Incomplete => "an earlier run did not finish it",
            Self::Unwanted => "no longer in the spec",
            Self::Found => "found outside, not in the state",
        })
    }
}

/// One attribute before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AttributeChange {
    /// Path such as `settings.user_share_ratio`.
    pub path: String,
    /// Value before.
    pub before: Value,
    /// Value after.
    pub after: Value,
    /// Whether this change is why the object must be made again.
    pub forces_replacement: bool,
}

/// Money that a step may need, at most; what is not used stays with the payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Whose money: the account's address in the spec.
    pub payer: Address,
    /// What for.
    pub purpose: Purpose,
    /// How much, in drip (written as text in JSON).
    #[serde(with = "drip_text")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub amount: Drip,
}

/// What money is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Gas limit times the highest price.
    Gas,
    /// Storage collateral: comes back when the storage is freed.
    Collateral,
    /// Stake: comes back after unlocking.
    Stake,
    /// Moved to the payer's own account in eSpace.
    Crossing,
    /// Gas in eSpace, paid from the payer's account there.
    EspaceGas,
}

impl Purpose {
    /// It in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Gas => "gas",
            Self::Collateral => "storage collateral",
            Self::Stake => "stake",
            Self::Crossing => "for eSpace",
            Self::EspaceGas => "gas in eSpace",
        }
    }

    /// Whether it is paid from the account whose balance is the payer's `balance`; the provider looks after the other one.
    #[must_use]
    pub fn is_from_balance(self) -> bool {
        self != Self::EspaceGas
    }
}

/// Name of one effect: the resource, and a name unique within its step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EffectId {
    /// Which resource.
    pub address: Address,
    /// Which of its effects.
    pub name: String,
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.name)
    }
}

/// One change or one wait, with every choice made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Name, unique within the step: `proxy`, `set user_share_ratio`.
    pub name: String,
    /// Who carries it out: [`crate::Provider::name`].
    pub provider: String,
    /// What a person reads.
    pub summary: String,
    /// Whether it changes something outside.
    pub nature: Nature,
    /// What the provider needs, in its own form; never a secret.
    pub payload: serde_json::Value,
    /// Blanks of the payload: name of the blank, and the resource output that fills it
    /// when the effects in `needs` have ended.
    pub inputs: BTreeMap<String, OutputRef>,
    /// What must have happened before.
    pub needs: Vec<Need>,
}

/// Whether an effect changes something outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// It does: its intent is on disk before.
    Act,
    /// It only waits for or reads something: it may be repeated at will.
    Wait,
}

/// An output of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OutputRef {
    /// Which resource.
    pub address: Address,
    /// Which of its outputs.
    pub output: String,
}

/// One effect that must come before another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Which effect.
    pub effect: EffectId,
    /// How far it must be.
    pub level: Level,
}

impl Need {
    /// The effect must have ended.
    #[must_use]
    pub const fn ended(effect: EffectId) -> Self {
        let level = Level::Done;
        Self { effect, level }
    }

    /// The effect must be in its place of order.
    #[must_use]
    pub const fn sent(effect: EffectId) -> Self {
        let level = Level::Sent;
        Self { effect, level }
    }
}

/// How far an effect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Handed to the outside in its place of order, such as a transaction in the pool.
    Sent,
    /// Ended, with its outputs.
    Done,
}

mod drip_text {
    use super::Drip;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(drip: &Drip, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&drip.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Drip, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Drip).map_err(serde::de::Error::custom)
    }
}
