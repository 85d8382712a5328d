//! What a row of the table asks for.
//!
//! - Reads: the transaction's forms; answers of the endpoints.
//! - Does: hands bytes in, signs a dearer form once it is journalled, ends the effect.
//! - Never: hands in what is not on the disk.

use pospool_conflux::ChainAddress;
use pospool_conflux_rpc::revert::receipt_reason;
use pospool_model::{Code, Drip, ProviderError};

use super::{SendRun, StepError};
use crate::codes;
use crate::fee_bump::sign_bump;
use crate::flight::History;
use crate::flight::{self, Answer, Pool, Row, Sight, Then};
use crate::signed::SignedForm;
use crate::ways::{Handed, Reply};

/// Answers to handed-in bytes, from the most hopeful on.
fn hope_of(then: Then, answer: Answer) -> u8 {
    match then {
        Then::Sent => 0,
        Then::Raise => 1,
        // It has not taken them, and says nothing of them.
        Then::Later if answer == Answer::Busy => 4,
        Then::Later => 2,
        Then::Never(_) => 3,
    }
}

impl SendRun<'_> {
    /// Hands the bytes in: the newest form, and a cheaper one where the account cannot pay for it.
    pub(super) async fn hand_in(&mut self, why: &str) -> Result<Option<u64>, StepError> {
        // Said of the pool as it was before.
        self.reason = Pool::Unknown;
        let forms: Vec<SignedForm> = self.signed.forms().cloned().collect();
        for form in forms.iter().rev() {
            let replies = match self.ways.hand_in(&form.raw).await {
                Handed::Answered(replies) => replies,
                // The next look tells whether a node took them.
                Handed::Lost => {
                    self.history = self.history.max(History::Unsure);
                    return Ok(None);
                }
            };
            let cheaper = form.hash != self.signed.first.hash
                && replies.iter().all(|reply| reply.answer == Answer::TooPoor);
            if !cheaper {
                return self.answered(why, &replies);
            }
        }
        Ok(None)
    }

    fn answered(&mut self, why: &str, replies: &[Reply]) -> Result<Option<u64>, StepError> {
        let room = self.bid.room(&self.signed);
        let rows = replies.iter().map(|reply| {
            let row = flight::row_after(reply.answer, self.history, room);
            (row, reply)
        });
        let Some((row, reply)) = rows.min_by_key(|(row, reply)| hope_of(row.then, reply.answer))
        else {
            return Ok(None);
        };
        match row.then {
            Then::Sent => {
                if self.history >= History::Sent {
                    self.say(why);
                }
                self.history = self.history.max(History::Sent);
                self.sent();
            }
            Then::Raise => {
                self.bid.refused = true;
                self.say(&format!("{}; {}", row.why, reply.what));
            }
            Then::Later => {
                // Only against a form of our own may we bid: a foreign one is waited for.
                if reply.answer == Answer::NonceTaken && self.pool.is_pooled() {
                    self.bid.demanded = reply.demanded;
                    self.bid.refused = true;
                }
                self.say(&format!("{}; {}", row.why, reply.what));
            }
            Then::Never(code) => {
                let what = format!("{}: {}", row.why, reply.what);
                return Err(StepError::Over(self.refused(code, &what)));
            }
        }
        Ok(None)
    }

    /// Signs a dearer form, puts it on the disk, and hands it in.
    pub(super) async fn raise(&mut self, why: &str) -> Result<Option<u64>, StepError> {
        let Some(price) = self.bid.next(&self.signed) else {
            return Ok(None);
        };
        let form = match sign_bump(&self.signed, price) {
            Ok(form) => form,
            Err(error) => {
                self.bid.keyless = true;
                self.say(&format!("its price is too low and cannot rise: {error}"));
                return Ok(None);
            }
        };
        let mut amended = self.signed.clone();
        amended.raised.push(form);
        let ticket = (self.ticket_form)(amended.clone());
        self.progress
            .amend(&ticket)
            .await
            .map_err(StepError::Over)?;
        self.signed = amended;
        self.bid.refused = false;
        self.bid.demanded = None;
        let highest = Drip(price.highest());
        self.say(&format!("{why}: a unit of gas may cost {highest} now"));
        self.hand_in(why).await
    }

    pub(super) fn done(&mut self, sight: &Sight) -> Result<Option<u64>, StepError> {
        let height = sight.receipt.as_ref().and_then(|receipt| receipt.height);
        let height = height.unwrap_or(sight.heads.newest);
        let (Some(expected), Some(receipt)) = (self.signed.creates, &sight.receipt) else {
            return Ok(Some(height));
        };
        if !sight.is_executed() {
            return Ok(Some(height));
        }
        let found = receipt.created.as_deref().unwrap_or("nowhere");
        if found.parse::<ChainAddress>().ok() != Some(expected) {
            let what = format!("the contract was created at {found}, and the plan said {expected}");
            return Err(StepError::Over(self.refused(codes::WRONG_ADDRESS, &what)));
        }
        if !sight.shown {
            self.say("executed; waiting until the node shows the code");
            return Ok(None);
        }
        Ok(Some(height))
    }

    pub(super) fn failed(&self, sight: &Sight) -> ProviderError {
        let reason = sight.receipt.as_ref().and_then(|it| it.reason.as_deref());
        let reason = receipt_reason(reason);
        self.refused(
            codes::REVERTED,
            &format!("it was executed and failed: {reason}"),
        )
    }

    pub(super) fn given_up(&self, code: Code, row: &Row) -> StepError {
        StepError::Over(self.refused(code, &format!("{}: plan again", row.why)))
    }

    fn refused(&self, code: Code, what: &str) -> ProviderError {
        let hash = &self.signed.newest().hash;
        ProviderError::refused(code, format!("transaction {hash}: {what}"))
    }
}
