//! Whether an account made the contracts of a spec before, of which nothing is recorded: then the state may be lost.
//!
//! - Reads: the wanted code and its owner's nonce; the chain, at addresses that the owner's creations of this code had.
//! - Returns: what was found, in words.
//! - Never: takes a contract up; asks anything where something is recorded. In eSpace an address says nothing of the code, so
//!   nothing is asked there.

use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Slot};
use pospool_model::Address;
use pospool_model::provider::{ObserveContext, Target};

use super::schema::space_of_kind;
use super::{CodeName, ContractSpec, artifact};
use crate::facts::{AccountFacts, ChainProviderFacts};

/// How many nonces are tried from the first one on, and how many before the next one: pools are made by new accounts, or lately.
const TRIED: u64 = 32;

/// A creation that may have been.
pub(crate) struct AskedCreation<'a> {
    target: &'a Address,
    owner: &'a Address,
    created: ChainAddress,
    slot: Slot,
}

/// Asks for each contract of the spec in Core Space whether its owner made it before.
pub(crate) fn ask_creations<'a>(
    targets: &[&Target<'a>],
    scene: &ObserveContext<'a>,
    facts: &ChainProviderFacts,
    batch: &mut Batch,
    at: At,
    network: u32,
) -> Vec<AskedCreation<'a>> {
    if targets.iter().any(|target| target.recorded.is_some()) {
        return Vec::new();
    }
    let mut asked = Vec::new();
    for target in targets {
        let Some((owner, init)) = first_creation(target, scene, network) else {
            continue;
        };
        let Some(account) = facts.accounts.get(owner) else {
            continue;
        };
        for nonce in tried_nonces(account) {
            let created = account.address.of_creation(nonce, &init);
            asked.push(AskedCreation {
                target: target.address,
                owner,
                created,
                slot: batch.code(created, at),
            });
        }
    }
    asked
}

/// What was found, by the resource that it stands for.
pub(crate) fn read_creations(
    asked: &[AskedCreation<'_>],
    answers: &BatchAnswers,
) -> Vec<(Address, String)> {
    let there = asked.iter();
    let there = there.filter(|asked| answers.has_code(asked.slot) == Some(true));
    let said = there.map(|asked| {
        let AskedCreation { owner, created, .. } = asked;
        let what = format!("`{owner}` made a contract of this code before, at {created}");
        (asked.target.clone(), what)
    });
    let mut said: Vec<_> = said.collect();
    said.dedup_by(|one, before| one.0 == before.0);
    said
}

/// The first creation of a contract: its owner and the code; `None` where these are not known, or it is in eSpace.
fn first_creation<'a>(
    target: &Target<'a>,
    scene: &ObserveContext<'a>,
    network: u32,
) -> Option<(&'a Address, Vec<u8>)> {
    if space_of_kind(target.address.kind()) != Some(Space::Core) {
        return None;
    }
    let block = target.wanted?;
    let wanted = ContractSpec::read(block);
    let owner = wanted.owner.known()?;
    let code = CodeName::read(wanted.code.known()?)?;
    let found = artifact::find_artifact(scene.outputs, &code).ok()?;
    let init = found.wanted_init(block, Space::Core, scene.outputs, network);
    Some((owner, init.ok()?))
}

fn tried_nonces(account: &AccountFacts) -> impl Iterator<Item = u64> {
    let next = account.nonce;
    let late = next.saturating_sub(TRIED).max(TRIED);
    (0..next.min(TRIED)).chain(late..next)
}
