//! How chains, accounts and registered keys are, for people who watch them.
//!
//! - Reads: what a look has found; PoS once more, at the chain's RPC.
//! - Returns: parts of a status, in which each figure says its source, or why it is not known.
//! - Never: changes anything, or takes what does not answer for well.

mod account;
mod key;
mod pos;

use futures_util::future::join_all;
use pospool_conflux_rpc::CountingTransport;
use pospool_model::Address;
use pospool_model::provider::{StatusContext, Target};
use pospool_model::status::{ChainStatus, Figure, StatusPart};

use self::pos::{RPC, SeenPos};
use crate::facts::ChainProviderFacts;
use crate::observe::chain_of;

/// Says how everything is that this provider looks after.
pub(crate) async fn collect_status(
    link: &CountingTransport,
    targets: &[Target<'_>],
    context: &StatusContext<'_>,
) -> Vec<StatusPart> {
    let nothing = ChainProviderFacts::default();
    let facts = context.facts.get().unwrap_or(&nothing);
    let wanted = targets.iter().filter(|target| target.wanted.is_some());
    let chains = wanted
        .clone()
        .filter(|target| target.address.kind() == "chain");
    let asked = chains.map(|chain| async move {
        let pos = pos::ask_pos(link, chain, context).await;
        (chain.address, pos)
    });
    let seen: Vec<(&Address, Result<SeenPos, String>)> = join_all(asked).await;
    let mut parts: Vec<StatusPart> = seen
        .iter()
        .map(|(chain, pos)| StatusPart::Chain(chain_status(chain, pos.as_ref(), context)))
        .collect();
    parts.extend(
        account::account_statuses(targets, context, facts)
            .into_iter()
            .map(StatusPart::Account),
    );
    let keys = wanted.filter(|target| target.address.kind() == "pos_registration");
    parts.extend(keys.map(|target| {
        let chain = chain_of(target.wanted, &context.scene);
        let pos = seen.iter().find(|(address, _)| Some(*address) == chain);
        let unnamed = Err("the spec names no chain for it".to_owned());
        let pos = pos.map_or(&unnamed, |(_, pos)| pos);
        StatusPart::Key(Box::new(key::key_status(
            target,
            context,
            facts,
            pos.as_ref(),
        )))
    }));
    parts
}

fn chain_status(
    chain: &Address,
    pos: Result<&SeenPos, &String>,
    context: &StatusContext<'_>,
) -> ChainStatus {
    let outputs = context.scene.outputs.get(chain);
    let epoch = outputs.and_then(|outputs| outputs.get("epoch")?.as_integer());
    let epoch = epoch.and_then(|epoch| u64::try_from(epoch).ok());
    let why = context.unseen.get(chain).map_or("", String::as_str);
    match pos {
        Ok(pos) => ChainStatus {
            epoch: Figure::said(RPC, epoch, 0, why),
            pos_epoch: Figure::seen(RPC, pos.epoch),
            pos_height: Figure::seen(RPC, pos.height),
            pos_stands_seconds: Figure::said(
                RPC,
                pos.newest_block_at.map(|at| context.now.saturating_sub(at)),
                0,
                "the RPC does not give the newest block of PoS",
            ),
            ..ChainStatus::new(chain)
        },
        Err(no_pos) => ChainStatus {
            epoch: Figure::said(RPC, epoch, 0, why),
            pos_epoch: Figure::not_seen(RPC, no_pos),
            pos_height: Figure::not_seen(RPC, no_pos),
            pos_stands_seconds: Figure::not_seen(RPC, no_pos),
            ..ChainStatus::new(chain)
        },
    }
}
