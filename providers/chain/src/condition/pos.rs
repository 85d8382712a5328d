//! PoS as the chain's RPC shows it: its height, its committee, and who signed its last blocks.

use pospool_conflux::Space;
use pospool_conflux_rpc::quantity::field_u64;
use pospool_conflux_rpc::{Batch, BatchAnswers, CountingTransport, Rpc, RpcError, Slot};
use pospool_model::provider::{StatusContext, Target};
use pospool_model::status::MissedVotes;
use serde_json::{Value as Json, json};

use crate::chain;
use crate::observe::chain_unreachable;

/// The source of what the chain's RPC says.
pub(super) const RPC: &str = "chain RPC";

/// Blocks of PoS that are looked at for votes: ten minutes on the public networks.
const BLOCKS: u64 = 20;

/// A term that has not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ElectedTerm {
    pub(super) view: u64,
    keys: Vec<String>,
}

/// What was seen of PoS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeenPos {
    pub(super) epoch: u64,
    pub(super) height: u64,
    /// Seconds since 1970.
    pub(super) newest_block_at: Option<u64>,
    /// Keys of the committee, if the RPC names them.
    committee: Option<Vec<String>>,
    pub(super) terms: Vec<ElectedTerm>,
    /// Who signed each of the last blocks, the newest first.
    signers: Vec<Vec<String>>,
}

/// Asks the RPC of a chain; why it says nothing.
pub(super) async fn ask_pos(
    link: &CountingTransport,
    chain: &Target<'_>,
    context: &StatusContext<'_>,
) -> Result<SeenPos, String> {
    // Whoever could not be looked at is not asked a second time.
    if let Some(why) = context.unseen.get(chain.address) {
        return Err(why.clone());
    }
    let endpoints = chain::endpoints_of(chain.wanted.ok_or("it is not in the spec")?, Space::Core);
    let failed = |error: RpcError| {
        chain_unreachable(chain.address, Space::Core, error)
            .to_problem()
            .summary
    };
    let rpc = Rpc::over(link, &endpoints).map_err(failed)?;
    let mut batch = Batch::default();
    let status = batch.ask("pos_getStatus", json!([]));
    let committee = batch.ask("pos_getCommittee", json!([]));
    let answers = batch.send(&rpc).await.map_err(failed)?;
    let said = answers
        .result(status)
        .map_err(|refusal| format!("`pos_getStatus`: {refusal}"))?;
    let head = (field_u64(said, "epoch"), field_u64(said, "latestCommitted"));
    let (Some(epoch), Some(height)) = head else {
        return Err("`pos_getStatus` does not say how far PoS is".to_owned());
    };
    let mut seen = SeenPos {
        epoch,
        height,
        ..SeenPos::default()
    };
    if let Ok(said) = answers.result(committee) {
        seen.read_committee(said);
    }
    let first = height.saturating_sub(BLOCKS - 1).max(1);
    let mut batch = Batch::default();
    let slots: Vec<Slot> = (first..=height)
        .rev()
        .map(|height| batch.ask("pos_getBlockByNumber", json!([format!("{height:#x}")])))
        .collect();
    if let Ok(answers) = batch.send(&rpc).await {
        seen.read_blocks(&slots, &answers);
    }
    Ok(seen)
}

impl SeenPos {
    fn read_committee(&mut self, said: &Json) {
        let current = said.get("currentCommittee");
        self.committee = current.map(|current| keys_of(current.get("nodes"), "address"));
        let terms = said.get("elections").and_then(Json::as_array);
        let read = |term: &Json| {
            Some(ElectedTerm {
                view: field_u64(term, "startBlockNumber")?,
                keys: keys_of(term.get("topElectingNodes"), "address"),
            })
        };
        self.terms = terms.into_iter().flatten().filter_map(read).collect();
    }

    /// Reads blocks, the newest first, up to the first that is missing: none is passed over.
    fn read_blocks(&mut self, slots: &[Slot], answers: &BatchAnswers) {
        for slot in slots {
            let Some(block) = answers.get(*slot).filter(|block| block.is_object()) else {
                break;
            };
            if self.signers.is_empty() {
                // Microseconds in a block of PoS.
                self.newest_block_at = field_u64(block, "timestamp").map(|at| at / 1_000_000);
            }
            self.signers
                .push(keys_of(block.get("signatures"), "account"));
        }
    }

    /// Whether a key is in the committee; `None` where the RPC does not name that.
    pub(super) fn is_elected(&self, key: &str) -> Option<bool> {
        self.committee.as_ref().map(|keys| has_key(keys, key))
    }

    /// The view up to which a key is elected without a gap, as far as the terms are known.
    pub(super) fn elected_until(&self, key: &str) -> Option<u64> {
        if self.is_elected(key) != Some(true) {
            return None;
        }
        let gap = self.terms.iter().find(|term| !has_key(&term.keys, key));
        match (gap, self.terms.as_slice()) {
            (Some(gap), _) => Some(gap.view),
            // Each term is as long as the one before.
            (None, [.., before, last]) => Some(last.view + last.view.saturating_sub(before.view)),
            (None, [last]) => Some(last.view),
            (None, []) => None,
        }
    }

    /// How often a key had no vote in the last blocks; `None` where they were not seen.
    pub(super) fn missed(&self, key: &str) -> Option<MissedVotes> {
        // The newest block has no signatures yet while the next one is made.
        let blocks = self.signers.iter().skip_while(|signers| signers.is_empty());
        let signed: Vec<bool> = blocks.map(|signers| has_key(signers, key)).collect();
        if signed.is_empty() {
            return None;
        }
        let count = |number: usize| number as u64;
        Some(MissedVotes {
            blocks: count(signed.len()),
            missed: count(signed.iter().filter(|signed| !**signed).count()),
            in_a_row: count(signed.iter().take_while(|signed| !**signed).count()),
        })
    }
}

fn keys_of(list: Option<&Json>, field: &str) -> Vec<String> {
    let list = list.and_then(Json::as_array).into_iter().flatten();
    let keys = list.filter_map(|one| one.get(field)?.as_str());
    keys.map(str::to_ascii_lowercase).collect()
}

fn has_key(keys: &[String], key: &str) -> bool {
    keys.iter().any(|one| one.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_conflux_rpc::Refusal;

    fn seen(committee: &Json, signers: &[&[&str]]) -> SeenPos {
        let mut seen = SeenPos::default();
        seen.read_committee(committee);
        let mut batch = Batch::default();
        let slots: Vec<Slot> = signers
            .iter()
            .map(|_| batch.ask("pos_getBlockByNumber", json!([])))
            .collect();
        let block = |keys: &&[&str]| -> Result<Json, Refusal> {
            let signatures = keys
                .iter()
                .map(|key| json!({ "account": key, "votes": "0x1" }));
            let signatures: Vec<Json> = signatures.collect();
            Ok(json!({ "timestamp": "0xf4240", "signatures": signatures }))
        };
        seen.read_blocks(
            &slots,
            &BatchAnswers::of(signers.iter().map(block).collect()),
        );
        seen
    }

    #[test]
    fn v1_blocks_without_a_vote_are_counted_from_the_newest() {
        let seen = seen(
            &json!({}),
            &[&[], &["0xcd"], &["0xcd"], &["0xAB", "0xcd"], &["0xcd"]],
        );
        let missed = MissedVotes {
            blocks: 4,
            missed: 3,
            in_a_row: 2,
        };
        assert_eq!(seen.missed("0xab"), Some(missed));
        assert_eq!(seen.newest_block_at, Some(1));
        assert_eq!(SeenPos::default().missed("0xab"), None);
        // Who is elected is not said.
        assert_eq!(SeenPos::default().is_elected("0xab"), None);
    }

    #[test]
    fn a_key_is_elected_until_the_first_term_without_it() {
        let term = |view: &str, keys: &[&str]| {
            let nodes = keys.iter().map(|key| json!({ "address": key }));
            json!({ "startBlockNumber": view, "topElectingNodes": nodes.collect::<Vec<_>>() })
        };
        let committee = |terms: Vec<Json>| json!({ "currentCommittee": { "nodes": [{ "address": "0xAB" }] }, "elections": terms });
        for (terms, until) in [
            (
                vec![term("0x64", &["0xab"]), term("0x6e", &["0xab"])],
                Some(120),
            ),
            (vec![term("0x64", &["0xab"]), term("0x6e", &[])], Some(110)),
            (vec![term("0x64", &[]), term("0x6e", &["0xab"])], Some(100)),
            (vec![], None),
        ] {
            let seen = seen(&committee(terms), &[]);
            assert_eq!(seen.is_elected("0xab"), Some(true));
            assert_eq!(seen.elected_until("0xab"), until);
            assert_eq!(seen.elected_until("0xcd"), None);
        }
    }
}
