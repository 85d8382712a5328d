//! What is there of a registration.
//!
//! - Reads: the register of the chain at one epoch, and what PoS counts for the key now.
//! - Returns: the bond as present, even if no state knows of it, and what is wrong with its votes; problems when key or pool
//!   are bound elsewhere.
//! - Never: takes a bond to another contract for ours.

use pospool_conflux::hex::{hex_text, hex_word};
use pospool_conflux::{CoreAddress, RegisterData, abi};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Slot};
use pospool_model::provider::{ObserveContext, Observed, Target};
use pospool_model::{Address, Attributes, Drip, Finding, Problem, Value};
use serde_json::json;

use super::votes::{PosVotes, VotesSeen, find_vote_troubles};
use super::{DEPOSIT, RegistrationSpec, ask_address, ask_identifier};
use crate::codes;
use crate::facts::RegistrationFacts;
use crate::internal::pos_register;

/// Questions about one registration.
pub(crate) struct AskedRegistration<'a> {
    target: Target<'a>,
    network: u32,
    /// The pool, and the key that it is bound to.
    pool: Option<(CoreAddress, Slot)>,
    key: Option<AskedKey>,
    /// The spec names a node that has not the registered key.
    other_node: Option<Problem>,
}

struct AskedKey {
    identifier: [u8; 32],
    /// Whom it is bound to.
    bound_to: Slot,
    account: Slot,
}

impl AskedRegistration<'_> {
    /// All questions whose answers say what is there.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        let pool = self.pool.map(|(_, slot)| slot);
        let key = self.key.as_ref().map(|key| key.bound_to);
        pool.into_iter().chain(key)
    }
}

/// Asks about one registration, as far as pool and key are known.
pub(crate) fn ask_registration<'a>(
    target: Target<'a>,
    scene: &ObserveContext<'_>,
    batch: &mut Batch,
    at: At,
    network: u32,
) -> AskedRegistration<'a> {
    let register = pos_register(network);
    let pool = pool_address(target, scene).filter(|pool| pool.network() == network);
    AskedRegistration {
        target,
        network,
        other_node: refuse_other_node(target, scene).err(),
        pool: pool.map(|pool| (pool, batch.view(register, &ask_identifier(pool), at))),
        key: identifier(target, scene).map(|identifier| AskedKey {
            identifier,
            bound_to: batch.view(register, &ask_address(identifier), at),
            account: ask_votes(batch, &hex_text(&identifier)),
        }),
    }
}

/// Asks what PoS counts for a key.
pub(crate) fn ask_votes(batch: &mut Batch, pos_address: &str) -> Slot {
    batch.ask("pos_getAccount", json!([pos_address]))
}

/// The block as the spec wants it, and as the last run recorded it.
fn both_sides(target: Target<'_>) -> impl Iterator<Item = RegistrationSpec<'_>> {
    let recorded = target.recorded.map(|recorded| &recorded.attributes);
    let sides = [target.wanted, recorded].into_iter().flatten();
    sides.map(RegistrationSpec::read)
}

fn pool_address(target: Target<'_>, scene: &ObserveContext<'_>) -> Option<CoreAddress> {
    let pool = both_sides(target).find_map(|block| block.pool.known())?;
    scene
        .outputs
        .get(pool)?
        .get("address")?
        .as_text()?
        .parse()
        .ok()
}

/// The key: what the last run recorded, what the node says, or what the register data holds.
fn identifier(target: Target<'_>, scene: &ObserveContext<'_>) -> Option<[u8; 32]> {
    let recorded = target
        .recorded
        .and_then(|recorded| recorded.outputs.get("pos_address"));
    let node = || {
        let node = both_sides(target).find_map(|block| block.node.known())?;
        scene.outputs.get(node)?.get("pos_address")
    };
    if let Some(text) = recorded.or_else(node).and_then(Value::as_text) {
        return hex_word(text);
    }
    if let Some(text) = both_sides(target).find_map(|block| block.pos_address.known()) {
        return hex_word(text);
    }
    let data = both_sides(target).find_map(|block| block.register_data.known())?;
    RegisterData::read(data).ok().map(|data| data.identifier)
}

/// The node that the spec names must have the key that is registered: else nobody votes for the pool.
fn refuse_other_node(target: Target<'_>, scene: &ObserveContext<'_>) -> Result<(), Problem> {
    let text = |address: &Address, output: &str| {
        let value = scene.outputs.get(address)?.get(output)?;
        value.as_text().map(str::to_owned)
    };
    let recorded = target.recorded;
    let said = target.wanted.map(RegistrationSpec::read);
    let said = said.and_then(|block| block.pos_address.known());
    let key = recorded.and_then(|it| it.outputs.get("pos_address")?.as_text());
    if let (Some(said), Some(key)) = (said, key)
        && !said.eq_ignore_ascii_case(key)
    {
        let what = format!("the registered PoS key is {key}, and `pos_address` says {said}");
        return Err(Problem::new(codes::OTHER_KEY, &["pos_address"], what));
    }
    let (Some(recorded), Some(node)) = (
        recorded,
        target
            .wanted
            .and_then(|wanted| RegistrationSpec::read(wanted).node.known()),
    ) else {
        return Ok(());
    };
    let key = recorded.outputs.get("pos_address").and_then(Value::as_text);
    let (Some(key), Some(before)) = (
        key,
        RegistrationSpec::read(&recorded.attributes).node.known(),
    ) else {
        return Ok(());
    };
    let what = match text(node, "pos_address") {
        Some(theirs) if theirs.eq_ignore_ascii_case(key) => return Ok(()),
        Some(theirs) => format!("the registered PoS key is {key}, and `{node}` has {theirs}"),
        // It is not up for the first time yet, as when it was registered.
        None if before == node => return Ok(()),
        None => {
            let data = scene.wanted.get(node).and_then(|wanted| wanted.get("data"));
            let data = data.and_then(Value::as_resource);
            let volume = data.and_then(|data| text(data, "name"));
            if volume.is_some() && volume == text(before, "volume") {
                return Ok(());
            }
            format!(
                "the registered PoS key {key} is with `{before}`, and `{node}` has no key yet: it would get another one"
            )
        }
    };
    Err(Problem::new(codes::OTHER_KEY, &["node"], what).help(format!(
        "write `node = {before}`, or name here the node that has the volume with the registered key; a key is bound to one \
         pool for ever, so another key needs another pool"
    )))
}

/// What there is of a registration.
pub(crate) struct SeenRegistration {
    pub(crate) observed: Observed,
    pub(crate) facts: RegistrationFacts,
    pub(crate) finding: Option<Finding>,
}

impl SeenRegistration {
    fn absent(facts: RegistrationFacts) -> Self {
        Self {
            observed: Observed::Absent,
            facts,
            finding: None,
        }
    }
}

/// Reads the answers about one registration; `now` is in seconds since 1970.
pub(crate) fn read_registration(
    asked: &AskedRegistration<'_>,
    answers: &BatchAnswers,
    now: u64,
) -> Result<SeenRegistration, Problem> {
    let pool_identifier = asked
        .pool
        .and_then(|(_, slot)| answers.bytes(slot))
        .and_then(|bytes| abi::read_word(&bytes))
        .filter(|word| *word != [0; 32]);
    let facts = RegistrationFacts {
        pool_identifier,
        ..RegistrationFacts::default()
    };
    let Some(key) = &asked.key else {
        return Ok(SeenRegistration::absent(facts));
    };
    let bound_to = answers
        .bytes(key.bound_to)
        .and_then(|bytes| abi::read_address(&bytes))
        .filter(|bytes| *bytes != [0; 20])
        .map(|bytes| CoreAddress::new(bytes, asked.network));
    let pool = asked.pool.map(|(pool, _)| pool);
    if let Some(holder) = bound_to {
        if Some(holder) == pool {
            if let Some(problem) = &asked.other_node {
                return Err(problem.clone());
            }
            return Ok(present(asked, key, answers, facts, now));
        }
        return Err(key_taken(&key.identifier, holder));
    }
    match (pool, pool_identifier) {
        (Some(pool), Some(other)) => Err(pool_taken(pool, &other)),
        _ => Ok(SeenRegistration::absent(facts)),
    }
}

fn key_taken(identifier: &[u8; 32], holder: CoreAddress) -> Problem {
    let summary = format!(
        "the PoS key {} is bound to {holder} already, and a key is bound once for ever",
        hex_text(identifier)
    );
    Problem::new(codes::ALREADY_REGISTERED, &["pool"], summary)
        .help("name that contract as `pool`, or give the node a new PoS key")
        // A state that was lost looks like this: everything else would be made a second time.
        .against_everything()
}

/// The problem of a pool whose key is another one.
pub(crate) fn pool_taken(pool: CoreAddress, other: &[u8; 32]) -> Problem {
    let summary = format!(
        "the pool {pool} is bound to the PoS key {} already",
        hex_text(other)
    );
    Problem::new(codes::POOL_REGISTERED, &["pool"], summary)
        .help("let the node with that key vote: `pospool key restore` brings it back. The contract takes no second key (docs/guide/lost-key.md), so another key needs another pool")
}

fn present(
    asked: &AskedRegistration<'_>,
    key: &AskedKey,
    answers: &BatchAnswers,
    mut facts: RegistrationFacts,
    now: u64,
) -> SeenRegistration {
    let target = asked.target;
    facts.votes = answers.get(key.account).and_then(PosVotes::read);
    let refusal = match answers.result(key.account) {
        Err(refusal) => refusal.to_string(),
        Ok(_) => "the answer of `pos_getAccount` does not say it".to_owned(),
    };
    let place = VotesSeen {
        now,
        network: asked.network,
    };
    let votes = facts.votes.as_ref().ok_or(refusal.as_str());
    // What is to be forgotten need not be well.
    let finding = target
        .wanted
        .and_then(|_| find_vote_troubles(target.address, votes, place));
    let pos_address = Value::Text(hex_text(&key.identifier));
    let mut outputs = Attributes::from([
        ("pos_address".to_owned(), pos_address.clone()),
        ("identifier".to_owned(), pos_address),
    ]);
    if let Some(votes) = &facts.votes {
        for (name, number) in [
            ("votes", votes.working),
            ("votes_leaving", votes.leaving_votes()),
            ("votes_unlocked", votes.unlocked),
        ] {
            outputs.insert(name.to_owned(), votes_value(number));
        }
    }
    // The register says which pool has which key. A bond that no state knows of was made with what the spec says.
    let recorded = target.recorded.map(|recorded| &recorded.attributes);
    let mut seen = Attributes::from([("deposit".to_owned(), Value::Amount(Drip(DEPOSIT)))]);
    for name in ["pool", "node", "register_data", "pos_address", "chain"] {
        let value = recorded.and_then(|attributes| attributes.get(name));
        let value = value.or_else(|| target.wanted.and_then(|wanted| wanted.get(name)));
        if let Some(value) = value {
            seen.insert(name.to_owned(), value.clone());
        }
    }
    SeenRegistration {
        observed: Observed::Present {
            attributes: seen,
            outputs,
        },
        facts,
        finding,
    }
}

/// Votes as an output.
pub(crate) fn votes_value(votes: u64) -> Value {
    Value::Integer(i64::try_from(votes).unwrap_or(i64::MAX))
}
