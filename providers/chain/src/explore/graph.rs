//! Contracts that name each other.
//!
//! - Reads: the getters of all tables of settings; a contract is what most of whose getters it answers.
//! - Returns: each contract with its settings, its owner and whether it is behind a proxy; the key that its pool registered.
//! - Never: goes on for ever: a pool has some ten contracts, and whoever made one may have had it name others without end.

use std::collections::{BTreeMap, BTreeSet};

use pospool_conflux::abi::{self, Argument};
use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Rpc, RpcError, Slot};
use pospool_model::{ProviderError, Value};

use super::around::Around;
use crate::contract::settings::{Getter, OWNER, Setting, SettingType, TABLES, Table};
use crate::internal::pos_register;
use crate::observe::chain_unreachable;
use crate::registration::ask_identifier;

/// Most contracts that are looked at.
const MOST: usize = 32;

/// A contract that was found.
pub(super) struct FoundContract {
    pub(super) at: ChainAddress,
    pub(super) table: &'static Table,
    pub(super) proxied: bool,
    pub(super) owner: Option<ChainAddress>,
    pub(super) settings: Vec<(&'static Setting, Value)>,
}

/// All that was found.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) contracts: Vec<FoundContract>,
    /// The PoS key of each pool of Core Space that has one.
    pub(super) keys: BTreeMap<ChainAddress, [u8; 32]>,
}

/// Questions about one address.
struct Asked {
    at: ChainAddress,
    code: Slot,
    pointed_at: Slot,
    owner: Slot,
    /// The key that it is registered with.
    key: Option<Slot>,
    views: BTreeMap<&'static str, Slot>,
}

impl Graph {
    /// Goes from contract to contract.
    pub(super) async fn walk(
        around: &Around<'_>,
        start: Vec<ChainAddress>,
    ) -> Result<Self, ProviderError> {
        let mut graph = Self::default();
        let mut seen: BTreeSet<ChainAddress> = BTreeSet::new();
        let mut open = start;
        while !open.is_empty() && seen.len() < MOST {
            open.retain(|at| seen.insert(*at));
            let mut next = Vec::new();
            for space in [Space::Core, Space::Espace] {
                let here = open.iter().copied().filter(|at| at.space() == space);
                let here: Vec<_> = here.take(MOST).collect();
                let rpc = match space {
                    Space::Core => Some(&around.core),
                    Space::Espace => around.espace.as_ref(),
                };
                if let (Some(rpc), false) = (rpc, here.is_empty()) {
                    let failed = |error| chain_unreachable(around.chain, space, error);
                    let found = graph.look(rpc, &here, around.network).await;
                    next.extend(found.map_err(failed)?);
                }
            }
            open = next;
        }
        let failed = |error| chain_unreachable(around.chain, Space::Core, error);
        graph.pair_up(&around.core).await.map_err(failed)?;
        Ok(graph)
    }

    /// Asks each list of pools which pool of eSpace belongs to those that were found.
    async fn pair_up(&mut self, rpc: &Rpc) -> Result<(), RpcError> {
        let pools: Vec<ChainAddress> = self.pools_of_core().collect();
        let (mut batch, mut asked) = (Batch::default(), Vec::new());
        for (position, found) in self.contracts.iter().enumerate() {
            let settings = found.table.settings.iter();
            let paired = settings.filter(|setting| setting.ty == SettingType::Pairs);
            for (setting, pool) in paired.flat_map(|it| pools.iter().map(move |pool| (it, *pool))) {
                if let Getter::View(signature) = setting.getter {
                    let argument = [Argument::Address(pool.bytes())];
                    let data = abi::encode_call(signature, &argument);
                    let slot = batch.view(found.at, &data, At::LatestState);
                    asked.push((position, setting, pool, slot));
                }
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let answers = batch.send(rpc).await?;
        for (position, setting, pool, slot) in asked {
            let bytes = answers.bytes(slot).unwrap_or_default();
            let Some(pair) = Setting::read_pair(pool, &bytes) else {
                continue;
            };
            let settings = &mut self.contracts[position].settings;
            match settings
                .iter_mut()
                .find(|(known, _)| known.name == setting.name)
            {
                Some((_, Value::List(pairs))) => pairs.push(pair),
                _ => settings.push((setting, Value::List(vec![pair]))),
            }
        }
        Ok(())
    }

    /// Looks at some addresses of one space; returns those that they name.
    async fn look(
        &mut self,
        rpc: &Rpc,
        here: &[ChainAddress],
        network: u32,
    ) -> Result<Vec<ChainAddress>, RpcError> {
        let mut batch = Batch::default();
        let asked = here.iter().map(|at| ask(*at, network, &mut batch));
        let asked: Vec<Asked> = asked.collect();
        let answers = batch.send(rpc).await?;
        let mut next = Vec::new();
        for asked in asked {
            if let Some(key) = asked.key.and_then(|slot| answers.bytes(slot)) {
                let key = abi::read_word(&key).filter(|key| *key != [0; 32]);
                self.keys.extend(key.map(|key| (asked.at, key)));
            }
            if let Some(found) = read(&asked, &answers, network) {
                next.extend(found.named());
                self.contracts.push(found);
            }
        }
        Ok(next)
    }

    fn pools_of_core(&self) -> impl Iterator<Item = ChainAddress> {
        let pools = self.contracts.iter();
        pools
            .filter(|it| it.table.contract == "PoSPool")
            .map(|it| it.at)
    }
}

/// Getters without an argument, whose answers are settings.
fn plain_views(
    space: Space,
) -> impl Iterator<Item = (&'static Table, &'static Setting, &'static str)> {
    let tables = TABLES.iter().filter(move |table| table.space == space);
    tables.flat_map(|table| {
        table.settings.iter().filter_map(move |setting| {
            let Getter::View(signature) = setting.getter else {
                return None;
            };
            let is_plain = signature.ends_with("()") && setting.name != OWNER;
            is_plain.then_some((table, setting, signature))
        })
    })
}

fn ask(at: ChainAddress, network: u32, batch: &mut Batch) -> Asked {
    let now = At::LatestState;
    let mut views = BTreeMap::new();
    for (_, _, signature) in plain_views(at.space()) {
        views
            .entry(signature)
            .or_insert_with(|| batch.view(at, &abi::function_selector(signature), now));
    }
    let key = match at {
        ChainAddress::Core(core) => {
            Some(batch.view(pos_register(network), &ask_identifier(core), now))
        }
        ChainAddress::Espace(_) => None,
    };
    Asked {
        at,
        code: batch.code(at, now),
        pointed_at: batch.implementation(at, now),
        owner: batch.view(at, &abi::function_selector("owner()"), now),
        key,
        views,
    }
}

/// What a contract is by the getters that it answers: at least half of a table's, and of no other one more.
fn read(asked: &Asked, answers: &BatchAnswers, network: u32) -> Option<FoundContract> {
    if answers.has_code(asked.code) != Some(true) {
        return None;
    }
    let answered = |signature: &str| {
        let bytes = answers.bytes(*asked.views.get(signature)?)?;
        (bytes.len() >= 32).then_some(bytes)
    };
    let mut tables: BTreeMap<&str, (&Table, usize, usize)> = BTreeMap::new();
    for (table, _, signature) in plain_views(asked.at.space()) {
        let entry = tables.entry(table.contract).or_insert((table, 0, 0));
        entry.1 += usize::from(answered(signature).is_some());
        entry.2 += 1;
    }
    let likely = tables
        .into_values()
        .filter(|(_, told, all)| told * 2 >= *all && *told > 0);
    let (table, ..) = likely.max_by_key(|(_, told, all)| (told * 100 / all, *told))?;
    let mut settings = Vec::new();
    for setting in table.settings {
        let value = match (setting.getter, setting.ty) {
            (Getter::View(signature), _) if setting.name != OWNER => {
                let bytes = answered(signature);
                bytes.map_or(Value::Null, |bytes| setting.read(&bytes, network))
            }
            _ => Value::Null,
        };
        // What a spec could not say is left as it is, and in no line.
        let is_said = value != Value::Null && value != Value::List(Vec::new());
        if is_said && setting.normal(value.clone()).is_ok() {
            settings.push((setting, value));
        }
    }
    let owner = answers.bytes(asked.owner);
    let owner = owner.and_then(|bytes| abi::read_address(&bytes));
    Some(FoundContract {
        at: asked.at,
        table,
        proxied: answers.pointed_at(asked.pointed_at).is_some(),
        owner: owner
            .filter(|it| *it != [0; 20])
            .map(|it| asked.at.beside(it)),
        settings,
    })
}

impl FoundContract {
    /// Contracts that its settings name. A list of many pools is one of many operators, and not followed.
    fn named(&self) -> Vec<ChainAddress> {
        let mut named = Vec::new();
        let is_shared = self.listed_pools().len() > 1;
        for (_, value) in self.settings.iter().filter(|_| !is_shared) {
            collect_addresses(value, &mut named);
        }
        named
    }

    /// Pools that it lists, if it is a list of pools.
    pub(super) fn listed_pools(&self) -> Vec<ChainAddress> {
        let mut listed = Vec::new();
        let pools = self
            .settings
            .iter()
            .filter(|(setting, _)| setting.name == "pools");
        pools.for_each(|(_, value)| collect_addresses(value, &mut listed));
        listed
    }
}

fn collect_addresses(value: &Value, into: &mut Vec<ChainAddress>) {
    match value {
        Value::Text(text) => into.extend(text.parse::<ChainAddress>()),
        Value::List(list) => list.iter().for_each(|it| collect_addresses(it, into)),
        Value::Map(map) => map.values().for_each(|it| collect_addresses(it, into)),
        _ => {}
    }
}
