//! What pospool made, as a value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Address, Attributes, Dependency, GroupId, Groups, SecretRef, Value, dependency};

/// Everything that a state remembers between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Random name of this state, given when it was first written; another
    /// lineage is another project.
    pub lineage: String,
    /// Counts the versions of this state.
    pub serial: u64,
    /// Identity of each chain that this state speaks of, by the chain's address in the spec.
    pub chains: BTreeMap<Address, ChainIdentity>,
    /// Addresses of each account, by its address in the spec: a plan needs no key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<Address, AccountIdentity>,
    /// What was made.
    pub resources: BTreeMap<Address, Recorded>,
    /// Values of the spec's `output` blocks after the last apply.
    pub outputs: BTreeMap<String, Value>,
    /// Where each counter of the outside stood after the last whole apply, such as the next
    /// nonce of an account. Nothing is known of them once a run has begun an effect and
    /// until a run is whole again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, u64>,
    /// Random name of this very version: two copies that went different ways can have the
    /// same serial. Empty in a state of an older program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Name of the last journal whose entries are all in here, if there was one with a name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub journal: String,
    /// Groups of resources that others use together.
    #[serde(default, skip_serializing_if = "Groups::is_empty")]
    pub groups: Groups,
}

impl State {
    /// Forgets the groups that nothing uses any more.
    pub fn forget_unused_groups(&mut self) {
        if self.groups.is_empty() {
            return;
        }
        let resources = self.resources.values();
        let uses = resources.flat_map(|recorded| &recorded.depends_on);
        let inside = dependency::reached_groups(uses, &self.groups);
        let inside: BTreeSet<GroupId> = inside.into_iter().cloned().collect();
        self.groups.retain(|id, _| inside.contains(id));
    }

    /// Says `to` wherever a resource uses `from`, or nothing where there is no `to`.
    pub fn rename_dependency(&mut self, from: &Address, to: Option<&Address>) {
        let groups = dependency::rename_in_groups(&mut self.groups, from, to);
        for recorded in self.resources.values_mut() {
            let uses = std::mem::take(&mut recorded.depends_on);
            let renamed = uses
                .into_iter()
                .filter_map(|used| dependency::renamed_one(used, from, to, &groups));
            // In the order in which the spec's are compared with them.
            let renamed: BTreeSet<Dependency> = renamed.collect();
            recorded.depends_on = renamed.into_iter().collect();
        }
    }
}

/// What an account's key said when it was read. It is a hint where to look: whoever signs reads the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountIdentity {
    /// Name of the secret that holds the key: another secret is another account.
    pub secret: SecretRef,
    /// Address in Core Space.
    pub address: String,
    /// Address of the same key in eSpace.
    pub espace_address: String,
}

/// What tells one chain from every other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChainIdentity {
    /// Chain id of Core Space.
    pub core_chain_id: u64,
    /// Chain id of eSpace.
    pub espace_chain_id: u64,
    /// Hash of the block at epoch 0.
    pub genesis_hash: String,
}

/// One resource, as the last run left it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// What the spec wanted when the resource was last brought there.
    pub attributes: Attributes,
    /// What making it left behind, such as a contract's address or a container's id:
    /// enough to find it again, and to take it down without the spec.
    pub outputs: Attributes,
    /// What it uses directly; it is taken down before that.
    pub depends_on: Vec<Dependency>,
    /// `prevent_destroy` of the spec, which outlives the block.
    pub protected: bool,
    /// False while a step was begun and has not ended.
    pub complete: bool,
}
