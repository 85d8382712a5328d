//! The first thing of every apply: ends what an earlier run left open.
//!
//! - Reads: the open tickets of the journal.
//! - Does: commits each of them again, which finds it done, does it once, or proves
//!   that it will never be.
//! - Needs: providers that know the current spec (`resolve::configure_providers`): a ticket does not say where to ask.
//! - Never: makes a new attempt. Until one is settled, what was sent may be invisible, and a plan made from what is
//!   visible would send it a second time: so what such an effect touches is blocked (decision 29).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::stream::{FuturesUnordered, StreamExt};
use pospool_model::diagnostic::format_with_causes;
use pospool_model::plan::EffectId;
use pospool_model::provider::{Progress, Ticket};
use pospool_model::{Attributes, Diagnostic, ProviderError};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::apply::{Amendment, Event, Listener, Logged};
use crate::blocked::{Block, Blocked};
use crate::codes;
use crate::registry::Registry;
use crate::store::{JournalEntry, OpenEffect, Store, StoreError};

/// An effect that could not be settled now, and why.
pub type Unsettled = (EffectId, ProviderError);

/// What nothing may be done with while these effects are open: their resources, and the lanes that they are in.
#[must_use]
pub fn block_unsettled(unsettled: &[Unsettled], store: &Store, registry: &Registry) -> Blocked {
    let mut blocked = Blocked::default();
    for (id, error) in unsettled {
        let what = format!(
            "an earlier run began `{id}`, and it cannot be settled now: {}",
            format_with_causes(error)
        );
        let fault = Diagnostic::error(error.code(), &what).help(AGAIN);
        blocked.add(&id.address, Block::Faults(vec![fault]));
        let open = store.open_effects().iter().find(|open| open.id == *id);
        let provider = open.and_then(|open| registry.by_name(&open.provider));
        if let Some((open, provider)) = open.zip(provider) {
            let lanes = provider.held_lanes(&open.ticket).into_iter();
            blocked.lanes.extend(lanes.map(|lane| (lane, what.clone())));
        }
    }
    blocked
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
    let mut commits: FuturesUnordered<_> = open
        .iter()
        .map(|open| commit(open, registry, listener, cancel, &amend))
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
            ended = commits.next() => match ended {
                Some(ended) => ended,
                None => break,
            },
        };
        let id = open.id.clone();
        let error = match result {
            Ok(outputs) => {
                done += 1;
                listener.hear(&Event::Ended {
                    id: &open.id,
                    seconds: 0,
                    done,
                    total: store.open_effects().len() + done - 1,
                });
                store.record(JournalEntry::End { id, outputs })?;
                store.sync()?;
                continue;
            }
            Err(error) => error,
        };
        listener.hear(&Event::Failed {
            id: &open.id,
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
    drop(commits);
    store.save()?;
    Ok(unsettled)
}

/// Commits one open ticket again.
async fn commit<'a>(
    open: &'a OpenEffect,
    registry: &Registry,
    listener: &dyn Listener,
    cancel: &Arc<AtomicBool>,
    amend: &UnboundedSender<(EffectId, Amendment)>,
) -> (&'a OpenEffect, Result<Attributes, ProviderError>) {
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
        Some(provider) => provider.commit(&open.ticket, &voice).await,
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
            // The receiver lives as long as the commits.
            let _ = self.amend.send((self.id.clone(), amendment));
        })
        .await
    }
}
