//! A look at what of a retired pool's votes can be staked again.
//!
//! - Reads: the pool and the register at the epoch that the first look pinned, what the look before found of votes, manager and
//!   accounts, the pool's node, an estimate.
//! - Returns: the attribute `restake_due`, whose wanted value is nothing; warnings for what is due and cannot be done.
//! - Never: asks about a key of which no vote ever left.

use pospool_conflux::hex::hex_word;
use pospool_conflux::{CoreAddress, Space};
use pospool_conflux_rpc::{At, Batch, CountingTransport, Rpc, RpcError};
use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::{Address, Problem, Value};

use super::due::{DueRestake, SeenStake, restake_due};
use super::{RESTAKE_DUE, ask_available, ask_registered, restake_call};
use crate::codes;
use crate::estimate::{CallerStanding, ask_estimate, obstacle, read_estimate};
use crate::facts::{ChainProviderFacts, RestakeFacts};
use crate::internal::pos_register;
use crate::observe::{chain_of, chain_unreachable};
use crate::own_node::{OwnNodes, PoolNode, follows_chain, node_at};
use crate::registration::RegistrationSpec;
use crate::registration::votes::{PosVotes, bar_of};

/// A registered pool of whose key votes have left.
struct LeftPool<'a> {
    address: &'a Address,
    chain: &'a Address,
    pool: CoreAddress,
    identifier: [u8; 32],
    votes: PosVotes,
    /// Who may have the votes work again.
    manager: CoreAddress,
    node: Option<(&'a Address, PoolNode<'a>)>,
    epoch: u64,
}

impl<'a> LeftPool<'a> {
    /// `None` where nothing can be due, or where nobody says whose the votes are.
    fn find(
        target: &Target<'a>,
        scene: &ObserveContext<'a>,
        own_nodes: &'a OwnNodes,
        made: &ChainProviderFacts,
    ) -> Option<Self> {
        let block = RegistrationSpec::read(target.wanted?);
        let chain = chain_of(target.wanted, scene)?;
        let votes = made.registrations.get(target.address)?.votes.clone()?;
        let left = votes.unlocked > 0 || !votes.leaving.is_empty() || votes.retired_at.is_some();
        let name = block
            .pool
            .known()
            .filter(|_| left && !votes.is_disputed())?;
        let output = |of: &Address, name: &str| scene.outputs.get(of)?.get(name).cloned();
        let pool: CoreAddress = output(name, "address")?.as_text()?.parse().ok()?;
        let identifier = target.recorded?.outputs.get("pos_address")?;
        let node = block.node.known();
        Some(Self {
            address: target.address,
            chain,
            pool,
            identifier: hex_word(identifier.as_text()?)?,
            votes,
            manager: CoreAddress::new(made.contracts.get(name)?.manager?, pool.network()),
            node: node.and_then(|node| Some((node, node_at(own_nodes, node, scene)?))),
            epoch: output(chain, "epoch")?.as_integer()?.try_into().ok()?,
        })
    }

    /// Why nothing is staked now.
    async fn waits(&self, rpc: &Rpc, made: &ChainProviderFacts) -> Option<String> {
        if let Some((name, node)) = self.node
            && !follows_chain(node, rpc).await
        {
            return Some(format!(
                "`{name}` does not follow the chain and its PoS now, and would be retired again"
            ));
        }
        obstacle(CallerStanding::find(self.manager, made))
    }
}

/// Looks at the votes of these registrations, which a look has found before.
pub(crate) async fn look_at_restakes(
    link: &CountingTransport,
    own_nodes: &OwnNodes,
    targets: &[&Target<'_>],
    scene: &ObserveContext<'_>,
    observation: &mut Observation,
    facts: &mut ChainProviderFacts,
) {
    for target in targets
        .iter()
        .filter(|target| target.address.kind() == "pos_registration")
    {
        let Some(pool) = LeftPool::find(target, scene, own_nodes, facts) else {
            continue;
        };
        let Some(chain) = facts.chains.get(pool.chain) else {
            continue;
        };
        let failed = |error| chain_unreachable(pool.chain, Space::Core, error);
        let asked = async {
            let rpc = Rpc::over(link, &chain.reference.endpoints).map_err(failed)?;
            look_at_one(&pool, &rpc, facts).await.map_err(failed)
        };
        let found = match asked.await {
            Ok(found) => found,
            Err(error) => {
                let unseen = (pool.address.clone(), RESTAKE_DUE, error.to_problem());
                observation.unseen.push(unseen);
                continue;
            }
        };
        let known = match found {
            Ok(None) => continue,
            Ok(Some(known)) => known,
            Err(why) => {
                let summary =
                    format!("votes of the pool could be staked again, and cannot be: {why}");
                let problem = Problem::new(codes::RESTAKE_WAITS, &[], summary);
                observation.warnings.push((pool.address.clone(), problem));
                continue;
            }
        };
        if let Some(Observed::Present { attributes, .. }) =
            observation.objects.get_mut(pool.address)
        {
            let due = known.texts().into_iter().map(Value::Text);
            attributes.insert(RESTAKE_DUE.to_owned(), Value::List(due.collect()));
        }
        if let Some(registration) = facts.registrations.get_mut(pool.address) {
            registration.restake = Some(known);
        }
    }
}

/// What is due of one pool, if anything is, or why it cannot be done.
async fn look_at_one(
    pool: &LeftPool<'_>,
    rpc: &Rpc,
    made: &ChainProviderFacts,
) -> Result<Result<Option<RestakeFacts>, String>, RpcError> {
    let at = At::Epoch(pool.epoch);
    let mut batch = Batch::default();
    let available = batch.view(pool.pool, &ask_available(), at);
    let register = pos_register(pool.pool.network());
    let registered = batch.view(register, &ask_registered(pool.identifier), at);
    let answers = batch.send(rpc).await?;
    for slot in [available, registered] {
        if let Some(refusal) = answers.silence(slot) {
            return Err(RpcError::refused(
                "a question about a pool's votes",
                refusal,
            ));
        }
    }
    let told = |slot| answers.bytes(slot).unwrap_or_default();
    let Some(stake) = SeenStake::read(&told(available), &told(registered)) else {
        return Ok(Err("the pool does not say what its users have".to_owned()));
    };
    let due = restake_due(&pool.votes, &stake, bar_of(pool.pool.network()));
    if due == DueRestake::default() {
        return Ok(Ok(None));
    }
    let manager = pool.manager;
    let mut accounts = made.accounts.values();
    if !accounts.any(|account| account.address == manager.into()) {
        let why = format!(
            "only the manager {manager} may have them work again, and no account of the spec has that key"
        );
        return Ok(Err(why));
    }
    let mut known = RestakeFacts {
        pool: pool.pool,
        manager: manager.bytes(),
        identifier: pool.identifier,
        due,
        working: pool.votes.working,
        limits: None,
        waits: None,
        sees_node: pool.node.is_some(),
    };
    if due.now == 0 {
        return Ok(Ok(Some(known)));
    }
    known.waits = pool.waits(rpc, made).await;
    if known.waits.is_none() {
        let mut batch = Batch::default();
        let data = restake_call(due.now);
        let slot = ask_estimate(&mut batch, manager, pool.pool, &data);
        let answers = batch.send(rpc).await?;
        match read_estimate(&answers, slot) {
            Ok((_, limits)) => known.limits = Some(limits),
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(Some(known)))
}
