//! Contracts of a spec that its accounts made before, of which nothing is recorded: then the state may be lost.
//!
//! - Reads: the wanted code and its owner's nonce; the chain, at addresses that creations of the owner had.
//! - Returns: what was found, in words, and where.
//! - Never: takes a contract up, or chooses one of two; asks anything where something is recorded.
//!
//! An address of Core Space is made of sender, nonce and init code, so a creation of the wanted code is looked for. In eSpace it
//! is made of sender and nonce alone, so the code that is there is compared with what the sources compile to.

use std::collections::BTreeMap;

use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Rpc, RpcError, Slot};
use pospool_model::provider::{EarlierSign, ObserveContext, Target};
use pospool_model::{Address, Value};

use super::artifact::{self, DeployableCode};
use super::place::stated_address;
use super::schema::space_of_kind;
use super::{CodeName, ContractSpec, is_proxied};
use crate::facts::{AccountFacts, ChainProviderFacts};
use crate::own_node::send_beside;
use crate::verification::{Likeness, compare_code, read_runtime};

/// How many nonces are tried from the first one on, and how many before the next one: pools are made by new accounts, or lately.
const TRIED: u64 = 32;

/// Where a search goes on.
pub(crate) struct SearchScope<'a> {
    pub(crate) rpc: &'a Rpc,
    pub(crate) space: Space,
    pub(crate) at: At,
    /// Network id of Core addresses.
    pub(crate) network: u32,
    pub(crate) scene: &'a ObserveContext<'a>,
    pub(crate) facts: &'a ChainProviderFacts,
}

/// A contract that nobody knows, with the account that would make it.
struct Unknown<'a> {
    address: &'a Address,
    wanted: &'a pospool_model::Attributes,
    owner: &'a Address,
    account: &'a AccountFacts,
    code: CodeName,
}

/// Finds each contract of the spec in one space that its owner made before.
pub(crate) async fn find_earlier_contracts(
    scope: &SearchScope<'_>,
    targets: &[&Target<'_>],
) -> Result<Vec<EarlierSign>, RpcError> {
    if targets.iter().any(|target| target.recorded.is_some()) {
        return Ok(Vec::new());
    }
    let unknown: Vec<_> = targets
        .iter()
        .filter_map(|target| read_unknown(target, scope))
        .collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    match scope.space {
        Space::Core => find_in_core(scope, &unknown).await,
        Space::Espace => find_in_espace(scope, &unknown).await,
    }
}

fn read_unknown<'a>(target: &Target<'a>, scope: &SearchScope<'a>) -> Option<Unknown<'a>> {
    let wanted = target.wanted?;
    if space_of_kind(target.address.kind()) != Some(scope.space) || stated_address(wanted).is_some()
    {
        return None;
    }
    let block = ContractSpec::read(wanted);
    let owner = block.owner.known()?;
    let account = scope.facts.accounts_in(scope.space).get(owner)?;
    (account.nonce > 0).then_some(Unknown {
        address: target.address,
        wanted,
        owner,
        account,
        code: CodeName::read(block.code.known()?)?,
    })
}

fn tried_nonces(account: &AccountFacts) -> impl Iterator<Item = u64> {
    let next = account.nonce;
    let late = next.saturating_sub(TRIED).max(TRIED);
    (0..next.min(TRIED)).chain(late..next)
}

impl Unknown<'_> {
    /// `place` is where users call it, if that is known too.
    fn sign(&self, made: ChainAddress, place: Option<ChainAddress>) -> EarlierSign {
        let owner = self.owner;
        EarlierSign {
            address: self.address.clone(),
            what: format!("`{owner}` made a contract of this code before, at {made}"),
            lineage: None,
            place: place.map(|place| place.to_string()),
        }
    }

    fn found<'o>(&self, scope: &SearchScope<'o>) -> Option<&'o Value> {
        artifact::artifact_value(scope.scene.outputs, &self.code).ok()
    }
}

/// Creations that may have been, each with its question.
struct Tried<'a> {
    of: &'a Unknown<'a>,
    created: ChainAddress,
    slot: Slot,
    /// The implementation that this is a proxy of.
    behind: Option<ChainAddress>,
}

fn ask_creations<'a>(
    of: &'a Unknown<'a>,
    init: &[u8],
    behind: Option<ChainAddress>,
    (batch, at): (&mut Batch, At),
) -> Vec<Tried<'a>> {
    let tried = tried_nonces(of.account).map(|nonce| {
        let created = of.account.address.of_creation(nonce, init);
        Tried {
            of,
            created,
            slot: batch.code(created, at),
            behind,
        }
    });
    tried.collect()
}

fn keep_there<'a>(tried: Vec<Tried<'a>>, answers: &BatchAnswers) -> Vec<Tried<'a>> {
    let there = tried.into_iter();
    there
        .filter(|tried| answers.has_code(tried.slot) == Some(true))
        .collect()
}

async fn find_in_core(
    scope: &SearchScope<'_>,
    unknown: &[Unknown<'_>],
) -> Result<Vec<EarlierSign>, RpcError> {
    let SearchScope { rpc, at, .. } = *scope;
    let (mut batch, mut tried) = (Batch::default(), Vec::new());
    for one in unknown {
        if let Some((_, init)) = code_of(one, scope) {
            tried.extend(ask_creations(one, &init, None, (&mut batch, at)));
        }
    }
    let answers = send_beside(&batch, rpc, None, &[]).await?;
    let (behind, mut signs): (Vec<_>, Vec<_>) = keep_there(tried, &answers)
        .into_iter()
        .partition(|found| is_proxied(found.of.wanted));
    let (mut batch, mut tried) = (Batch::default(), Vec::new());
    for found in &behind {
        let proxy = artifact::find_proxy(scope.scene.outputs, &found.of.code);
        if let (Ok(proxy), Some((code, _))) = (proxy, code_of(found.of, scope)) {
            let arguments = code.proxy_arguments(found.created.bytes());
            let (init, made) = ([proxy.init, arguments].concat(), Some(found.created));
            tried.extend(ask_creations(found.of, &init, made, (&mut batch, at)));
        }
    }
    if !tried.is_empty() {
        let answers = send_beside(&batch, rpc, None, &[]).await?;
        let proxies = keep_there(tried, &answers);
        let is_alone = |made: &Tried<'_>| {
            let mut proxies = proxies.iter();
            !proxies.any(|proxy| proxy.behind == Some(made.created))
        };
        // An implementation that no proxy was begun with is a sign as well, with no place to call.
        signs.extend(behind.into_iter().filter(is_alone));
        signs.extend(proxies);
    }
    let signs = signs.into_iter().map(|it| {
        let is_place = it.behind.is_some() || !is_proxied(it.of.wanted);
        it.of.sign(it.created, is_place.then_some(it.created))
    });
    Ok(signs.collect())
}

/// The compiled code, and the init code of the wanted contract, where all that it takes is known.
fn code_of(of: &Unknown<'_>, scope: &SearchScope<'_>) -> Option<(DeployableCode, Vec<u8>)> {
    let outputs = scope.scene.outputs;
    let code = artifact::find_artifact(outputs, &of.code).ok()?;
    let init = code.wanted_init(of.wanted, scope.space, outputs, scope.network);
    let init = init.ok()?;
    Some((code, init))
}

/// Code that an account put somewhere, and what the proxy's slot of it says.
struct Placed {
    at: ChainAddress,
    code: Vec<u8>,
    points_at: Option<ChainAddress>,
}

async fn find_in_espace(
    scope: &SearchScope<'_>,
    unknown: &[Unknown<'_>],
) -> Result<Vec<EarlierSign>, RpcError> {
    let owners: BTreeMap<&Address, &AccountFacts> =
        unknown.iter().map(|one| (one.owner, one.account)).collect();
    let (mut batch, mut asked) = (Batch::default(), Vec::new());
    for (owner, account) in owners {
        for nonce in tried_nonces(account) {
            let at = account.address.of_creation(nonce, &[]);
            let code = batch.whole_code(at, scope.at);
            asked.push((owner, at, code, batch.implementation(at, scope.at)));
        }
    }
    let answers = send_beside(&batch, scope.rpc, None, &[]).await?;
    let mut placed: BTreeMap<&Address, Vec<Placed>> = BTreeMap::new();
    for (owner, at, code, slot) in asked {
        let code = answers.bytes(code).unwrap_or_default();
        let points_at = answers.pointed_at(slot).map(|bytes| at.beside(bytes));
        if !code.is_empty() {
            placed.entry(owner).or_default().push(Placed {
                at,
                code,
                points_at,
            });
        }
    }
    let signs = unknown.iter().flat_map(|one| {
        let placed = placed.get(one.owner).map(Vec::as_slice).unwrap_or_default();
        find_alike(one, placed, scope)
    });
    Ok(signs.collect())
}

/// What of an account's creations runs the wanted code.
fn find_alike(of: &Unknown<'_>, placed: &[Placed], scope: &SearchScope<'_>) -> Vec<EarlierSign> {
    let Some((runtime, holes)) = of.found(scope).and_then(read_runtime) else {
        return Vec::new();
    };
    let is_it = |placed: &&Placed| {
        let likeness = compare_code(&runtime, &holes, &placed.code);
        !matches!(likeness, Likeness::Different { .. })
    };
    let alike: Vec<&Placed> = placed.iter().filter(is_it).collect();
    if !is_proxied(of.wanted) {
        return alike.iter().map(|it| of.sign(it.at, Some(it.at))).collect();
    }
    let proxies = placed.iter().filter(|it| {
        let mut alike = alike.iter();
        it.points_at.is_some() && alike.any(|behind| it.points_at == Some(behind.at))
    });
    let proxies: Vec<_> = proxies.map(|it| of.sign(it.at, Some(it.at))).collect();
    if proxies.is_empty() {
        return alike.iter().map(|it| of.sign(it.at, None)).collect();
    }
    proxies
}
