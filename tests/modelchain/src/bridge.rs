//! The bridge between the spaces, as far as a syncer can tell.
//!
//! - Reads: a call and who makes it.
//! - Returns: the answer, the deed, or the reason of a revert.
//! - Never: holds eSpace itself: what its users and PoS do to the bridge are two more functions, which anybody may call.

use crate::abi::{self, CallArgument, ContractFunction as F};
use crate::amounts::VOTE;
use crate::called::{CallOutcome, CallResult, require_sender};
use crate::transaction::Account;

/// Storage of a bridge, and what it sees of eSpace and the pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BridgeStorage {
    pub(crate) owner: Account,
    /// Votes that were bought in eSpace and are not carried; their money has arrived.
    crossing: u64,
    /// Votes that were carried.
    carried: u64,
    /// Interest that is not claimed, in drip.
    interest: u64,
}

impl BridgeStorage {
    pub(crate) fn new(owner: Account) -> Self {
        Self {
            owner,
            ..Self::default()
        }
    }

    /// Money that has arrived for it, in drip.
    pub(crate) fn mapped(&self) -> u128 {
        u128::from(self.crossing) * VOTE
    }

    pub(crate) fn call(
        &mut self,
        sender: Account,
        function: F,
        argument: &CallArgument,
    ) -> CallResult {
        match (function, argument) {
            (F::CrossStake, _) => {
                require_sender(sender, self.owner, "owner")?;
                self.carried += std::mem::take(&mut self.crossing);
            }
            (F::ClaimInterest, _) => {
                require_sender(sender, self.owner, "owner")?;
                self.interest = 0;
            }
            (F::BuyVotes, CallArgument::Number(votes)) => self.crossing += votes,
            (F::PayInterest, CallArgument::Number(drip)) => self.interest += drip,
            (view, _) => {
                let answer = self.view(view).ok_or_else(String::new)?;
                return Ok(CallOutcome::Answer(answer));
            }
        }
        Ok(CallOutcome::Changed)
    }

    fn view(&self, function: F) -> Option<Vec<u8>> {
        let votes = self.carried.into();
        Some(match function {
            F::Owner => abi::answer_account(self.owner),
            F::CrossingVotes => abi::answer_number(self.crossing),
            F::UserSummary => abi::answer_words(&[votes, votes, 0, 0, 0, 0]),
            F::UserInterest => abi::answer_number(self.interest),
            F::UnstakeLength | F::FirstUnstake => abi::answer_number(0),
            F::EspaceEscrow => abi::answer_account(Account::default()),
            F::LocksChanged | F::VotesChanged => abi::answer_bool(false),
            _ => return None,
        })
    }
}
