//! Carrying a signed transaction out, or finding it carried out.
//!
//! - Reads: the ticket's forms, looks at the chain, the table of `flight`.
//! - Returns: where in the chain it was seen executed; or how far it got.
//! - Never: decides; that is in the table. Never sends bytes that are not journalled, and signs again only the same
//!   transaction with a higher price: all forms share the nonce, so they take effect at most once.

mod act;
mod words;

use pospool_conflux_rpc::{CountingTransport, RpcError};
use pospool_model::ProviderError;
use pospool_model::provider::{Progress, Ticket};
use tokio::time::Instant;
use tracing::debug;

use crate::codes;
use crate::fee_bump::Bid;
use crate::flight::History;
use crate::flight::{self, Endpoints, Next, Pool, Row, Sight};
use crate::look::view_of;
use crate::pace::Pace;
use crate::signed::SignedWork;
use crate::ways::{EndpointPool, LookError, SeenTransaction};

use self::words::LastWords;

/// Every so many looks all endpoints are asked, and closely: one that lags or lies is found out, and what the pool
/// says and what gas costs is seen.
const CLOSE_EVERY: u32 = 10;

/// The ticket of a signed transaction, in the form that the caller journals.
pub type TicketForm = fn(SignedWork) -> Ticket;

/// Carries one ticket out, and returns the epoch (in eSpace the block) at which it was seen to have ended. `history` is [`History::Unsent`] only if this run signed it and has not committed it before.
pub async fn carry_out(
    link: &CountingTransport,
    pace: Pace,
    signed: SignedWork,
    history: History,
    ticket_form: TicketForm,
    progress: &dyn Progress,
) -> Result<u64, ProviderError> {
    let mut run = SendRun::new(link, signed, history, ticket_form, progress)?;
    let started = Instant::now();
    loop {
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        let trouble = match run.step().await {
            Ok(Some(height)) => return Ok(height),
            Ok(None) => None,
            Err(StepError::Over(error)) => return Err(error),
            Err(StepError::Trouble(error)) => Some(error),
        };
        if started.elapsed() >= pace.wait {
            return Err(words::outcome_unknown(
                &run.signed,
                run.words.last(),
                trouble,
            ));
        }
        tokio::time::sleep(pace.pause(started.elapsed())).await;
    }
}

/// Why a step did not end well.
enum StepError {
    /// For good.
    Over(ProviderError),
    /// For now.
    Trouble(RpcError),
}

struct SendRun<'a> {
    ways: EndpointPool,
    signed: SignedWork,
    progress: &'a dyn Progress,
    history: History,
    ticket_form: TicketForm,
    bid: Bid,
    /// What the pool said at the last look, and at the last close one.
    pool: Pool,
    reason: Pool,
    said_sent: bool,
    words: LastWords,
    looks: u32,
}

impl<'a> SendRun<'a> {
    fn new(
        link: &CountingTransport,
        signed: SignedWork,
        history: History,
        ticket_form: TicketForm,
        progress: &'a dyn Progress,
    ) -> Result<Self, ProviderError> {
        let ways = EndpointPool::over(link, &signed);
        Ok(Self {
            ways: ways
                .map_err(|error| words::outcome_unknown(&signed, "not looked at", Some(error)))?,
            signed,
            progress,
            history,
            ticket_form,
            bid: Bid::default(),
            pool: Pool::Unknown,
            reason: Pool::Unknown,
            said_sent: false,
            words: LastWords::default(),
            looks: 0,
        })
    }

    /// Looks, and does what follows; `None` means: look again later.
    async fn step(&mut self) -> Result<Option<u64>, StepError> {
        self.looks += 1;
        let mut seen = if self.looks.is_multiple_of(CLOSE_EVERY) {
            self.look_everywhere().await?
        } else {
            let seen = self.ways.look(&self.signed).await;
            seen.map_err(|trouble| self.trouble(trouble))?
        };
        let mut row = self.decide(&seen);
        if row.next == Next::Ask {
            seen = self.look_everywhere().await?;
            row = self.decide(&seen);
        }
        let sight = &seen.look.sight;
        self.remember(sight);
        match row.next {
            Next::Done => self.done(sight),
            Next::Failed => Err(StepError::Over(self.failed(sight))),
            Next::Replaced => Err(self.given_up(codes::NONCE_TAKEN, row)),
            Next::Expired => Err(self.given_up(codes::EXPIRED, row)),
            Next::Send => self.hand_in(row.why).await,
            Next::Raise => self.raise(row.why).await,
            Next::Wait | Next::Ask => {
                let details = words::wait_details(&self.signed, sight, &self.ways);
                self.say(&format!("{}{details}", row.why));
                Ok(None)
            }
        }
    }

    async fn look_everywhere(&mut self) -> Result<SeenTransaction, StepError> {
        let seen = self.ways.look_everywhere(&self.signed).await;
        let seen = seen.map_err(|trouble| self.trouble(trouble))?;
        self.bid.fees = seen.look.fees.or(self.bid.fees);
        self.reason = seen.look.sight.pool;
        Ok(seen)
    }

    fn decide(&self, seen: &SeenTransaction) -> &'static Row {
        let (sight, endpoints) = (&seen.look.sight, seen.endpoints);
        let ours = view_of(&self.signed);
        let price = self.bid.price(&self.signed);
        let mut case = sight.situation(ours, price, endpoints, self.history);
        // Why the pool keeps it is asked at close looks only.
        if case.pool == Pool::Ready && endpoints == Endpoints::Unasked && self.reason.is_pooled() {
            case.pool = self.reason;
        }
        let row = flight::decide_row(&case);
        let (hash, next, reason) = (&self.signed.first.hash, row.next, row.why);
        debug!(hash, ?case, ?next, reason, "flight table");
        row
    }

    fn remember(&mut self, sight: &Sight) {
        self.pool = sight.pool;
        let seen = if sight.is_executed() {
            History::Executed
        } else if sight.pool == Pool::Unknown {
            self.history
        } else {
            History::Sent
        };
        self.history = self.history.max(seen);
        if self.history >= History::Sent {
            self.sent();
        }
    }

    fn sent(&mut self) {
        if !self.said_sent {
            self.said_sent = true;
            self.progress.sent();
        }
    }

    fn say(&mut self, what: &str) {
        self.words.say(what, self.progress);
    }

    fn trouble(&self, trouble: LookError) -> StepError {
        match trouble {
            LookError::OtherChain => StepError::Over(words::other_chain(&self.signed)),
            LookError::Silent(error) => StepError::Trouble(error),
        }
    }
}

#[cfg(test)]
mod tests;
