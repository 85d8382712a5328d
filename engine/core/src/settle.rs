//! The first thing of every apply: ends what an earlier run left open.
//!
//! - Reads: the open tickets of the journal.
//! - Does: has the provider of each say what became of it. A transaction that proves itself is found done, done once, or
//!   proven never to be; anything else is closed, since the next look shows what is there (decision 35).
//! - Needs: providers that know the current spec (`Registry::configure`): a ticket does not say where to ask.
//! - Never: makes a new attempt, or believes a ticket. Until one is settled, what was sent may be invisible, and a plan
//!   made from what is visible would send it a second time: so what such an effect touches is blocked (decision 29).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::stream::{FuturesUnordered, StreamExt};
use pospool_model::diagnostic::format_with_causes;
use pospool_model::plan::EffectId;
use pospool_model::provider::{Progress, Settlement, Ticket};
use pospool_model::{Diagnostic, ProviderError};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::apply::{Amendment, Event, Listener, Logged};
use crate::blocked::{Block, Blocked};
use crate::codes;
use crate::registry::Registry;
use crate::store::{JournalEntry, OpenEffect, Store, StoreError};

/// An effect that could not be settled now, and why.
pub type Unsettled = (EffectId, ProviderError);

/// What nothing may be done with while these effects are open: their resources, and the lanes that they are in. What does
/// not prove itself may be anybody's, and only has the lane that it claims.
#[must_use]
pub fn block_unsettled(unsettled: &[Unsettled], store: &Store, registry: &Registry) -> Blocked {
    let mut blocked = Blocked::default();
    for (id, error) in unsettled {
        let what = format!(
            "an earlier run began `{id}`, and it cannot be settled now: {}",
            format_with_causes(error)
        );
        if !is_foreign(error) {
            let fault = Diagnostic::error(error.code(), &what).help(AGAIN);
            blocked.add(&id.address, Block::Faults(vec![fault]));
        }
        let open = store.open_effects().iter().find(|open| open.id == *id);
        let provider = open.and_then(|open| registry.by_name(&open.provider));
        if let Some((open, provider)) = open.zip(provider) {
            let lanes = provider.held_lanes(&open.ticket).into_iter();
            blocked.lanes.extend(lanes.map(|lane| (lane, what.clone())));
        }
    }
    blocked
}

/// Whether it is a ticket that does not prove itself.
#[must_use]
pub fn is_foreign(error: &ProviderError) -> bool {
    error.code() == codes::STATE_FOREIGN_TICKET
}

/// What a person must hear of tickets that do not prove themselves.
pub fn warn_of_foreign(unsettled: &[Unsettled]) -> impl Iterator<Item = Diagnostic> {
    let foreign = unsettled.iter().filter(|(_, error)| is_foreign(error));
    foreign.map(|(id, error)| {
        // Who writes a ticket names it too, and may put lines into the name that look like ours.
        let name = id.to_string();
        let id = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let what = format!("the ticket `{id}` in the journal: {error}");
        Diagnostic::warning(codes::STATE_FOREIGN_TICKET, what).help(format!(
            "nothing is sent for it; if nobody knows it, close it: `pospool state settle --drop {id}`"
        ))
    })
}

/// What to do about an effect that stays open.
const AGAIN: &str =
    "run `pospool apply` again: it asks about the same attempt and never makes a second one";

/// Settles all open effects, and saves the state once none is left.
pub async fn settle_tickets(
    store: &mut Store,
    registry: &Registry,
    listener: &dyn Listener,
    cancel: &Arc<AtomicBool>,
) -> Result<Vec<Unsettled>, StoreError> {
    if store.open_effects().is_empty() {
        if store.replayed() > 0 {
            store.save()?;
        }
        return Ok(Vec::new());
    }
    let listener = &Logged(listener);
    let open: Vec<OpenEffect> = store.open_effects().to_vec();
    let (amend, mut amendments) = unbounded_channel();
    let mut settling: FuturesUnordered<_> = open
        .iter()
        .map(|open| settle(open, registry, listener, cancel, &amend))
        .collect();
    let mut unsettled = Vec::new();
    let mut done = 0;
    loop {
        let (open, result) = tokio::select! {
            biased;
            Some((id, amendment)) = amendments.recv() => {
                Amendment::write(amendment, id, store)?;
                continue;
            }
            ended = settling.next() => match ended {
                Some(ended) => ended,
                None => break,
            },
        };
        let id = open.id.clone();
        let error = match end_of(&id, result) {
            Ok(entry) => {
                done += 1;
                listener.hear(&Event::Ended {
                    id: &id,
                    seconds: 0,
                    done,
                    total: store.open_effects().len() + done - 1,
                });
                store.record(entry)?;
                store.sync()?;
                continue;
            }
            Err(error) => error,
        };
        listener.hear(&Event::Failed {
            id: &id,
            error: &error,
        });
        if matches!(error, ProviderError::Refused { .. }) {
            let code = error.code().to_string();
            store.record(JournalEntry::NoEffect { id, code })?;
            store.sync()?;
        } else {
            unsettled.push((id, error));
        }
    }
    drop(settling);
    store.save()?;
    Ok(unsettled)
}

/// What the journal says of an effect from now on, if it has ended.
fn end_of(
    id: &EffectId,
    settled: Result<Settlement, ProviderError>,
) -> Result<JournalEntry, ProviderError> {
    let id = id.clone();
    match settled? {
        Settlement::Ended(outputs) => Ok(JournalEntry::End { id, outputs }),
        Settlement::Closed => {
            let code = codes::STATE_CLOSED_TICKET.to_string();
            Ok(JournalEntry::NoEffect { id, code })
        }
        Settlement::Foreign(what) => Err(ProviderError::OutcomeUnknown {
            code: codes::STATE_FOREIGN_TICKET,
            what,
            source: None,
        }),
    }
}

/// Asks what became of one open ticket.
async fn settle<'a>(
    open: &'a OpenEffect,
    registry: &Registry,
    listener: &dyn Listener,
    cancel: &Arc<AtomicBool>,
    amend: &UnboundedSender<(EffectId, Amendment)>,
) -> (&'a OpenEffect, Result<Settlement, ProviderError>) {
    listener.hear(&Event::Started {
        id: &open.id,
        summary: "settle what an earlier run began",
    });
    let voice = SettleReporter {
        id: &open.id,
        listener,
        cancel,
        amend,
    };
    let result = match registry.by_name(&open.provider) {
        Some(provider) => provider.settle(&open.ticket, &voice).await,
        // Without its provider nothing can be said of the effect: it stays open.
        None => Err(ProviderError::OutcomeUnknown {
            code: codes::APPLY_UNKNOWN_PROVIDER,
            what: format!("this build has no provider `{}`", open.provider),
            source: None,
        }),
    };
    (open, result)
}

struct SettleReporter<'a> {
    id: &'a EffectId,
    listener: &'a dyn Listener,
    cancel: &'a Arc<AtomicBool>,
    amend: &'a UnboundedSender<(EffectId, Amendment)>,
}

#[async_trait]
impl Progress for SettleReporter<'_> {
    fn sent(&self) {}

    fn waiting(&self, what: &str) {
        self.listener.hear(&Event::Waiting {
            id: self.id,
            what,
            seconds: 0,
        });
    }

    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    async fn amend(&self, ticket: &Ticket) -> Result<(), ProviderError> {
        Amendment::through(ticket, |amendment| {
            // The receiver lives as long as what is being settled.
            let _ = self.amend.send((self.id.clone(), amendment));
        })
        .await
    }
}
