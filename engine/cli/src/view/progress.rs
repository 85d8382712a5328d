//! A run while it happens.
//!
//! - Reads: events of the engine.
//! - Does: writes a line for each of them, and at most one in five seconds for a wait.
//! - Never: fails: a run goes on when nobody reads of it any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pospool_engine::apply::{Event, Listener};
use pospool_model::plan::EffectId;
use pospool_model::{Address, ProviderError};
use serde_json::{Value as Json, json};

use super::live_bars::LiveBars;
use super::{Paint, clean_line, failure};
use crate::console::Out;

/// How often a wait says that it still waits.
const QUIET: Duration = Duration::from_secs(5);

/// How progress is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressForm {
    /// Lines for people in front of a terminal: what goes on is rewritten in place.
    Terminal(Paint),
    /// Lines for people.
    Text(Paint),
    /// One JSON object a line.
    Json,
}

/// Writes a run's events.
pub struct ProgressPrinter<'a>(Mutex<PrinterState<'a>>);

struct PrinterState<'a> {
    out: Out<'a>,
    form: ProgressForm,
    /// What is rewritten in place, on a terminal.
    bars: Option<LiveBars>,
    done: usize,
    total: usize,
    started: BTreeMap<EffectId, Instant>,
    /// What each effect that has begun is about, for its last line.
    summaries: BTreeMap<EffectId, String>,
    said: BTreeMap<EffectId, Instant>,
    /// Resources whose effects were heard of.
    heard: BTreeSet<Address>,
}

impl<'a> ProgressPrinter<'a> {
    /// Follows a run of so many effects.
    #[must_use]
    pub fn new(out: Out<'a>, form: ProgressForm, total: usize) -> Self {
        Self(Mutex::new(PrinterState {
            out,
            form,
            bars: matches!(form, ProgressForm::Terminal(_)).then(|| LiveBars::begin(total)),
            done: 0,
            total,
            started: BTreeMap::new(),
            summaries: BTreeMap::new(),
            said: BTreeMap::new(),
            heard: BTreeSet::new(),
        }))
    }
}

impl Listener for ProgressPrinter<'_> {
    fn hear(&self, event: &Event<'_>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.hear(event, Instant::now());
    }
}

impl PrinterState<'_> {
    fn hear(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::Started { id, summary } => {
                self.heard.insert(id.address.clone());
                self.started.insert((*id).clone(), now);
                self.summaries.insert((*id).clone(), (*summary).to_owned());
            }
            Event::Waiting { id, .. } if self.bars.is_none() && !self.may_say(id, now) => return,
            Event::Ended { done, .. } => self.done = *done,
            // A resource with effects has said enough.
            Event::Recorded { address }
                if self.heard.contains(*address) && self.form != ProgressForm::Json =>
            {
                return;
            }
            _ => {}
        }
        let text = match self.form {
            ProgressForm::Text(paint) | ProgressForm::Terminal(paint) => {
                self.text(event, now, paint)
            }
            ProgressForm::Json => self.json(event, now).to_string(),
        };
        if let Some(bars) = &mut self.bars {
            return bars.show(event, text, self.done);
        }
        // Nobody may read it any more, and the run still has to be recorded.
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    fn may_say(&mut self, id: &EffectId, now: Instant) -> bool {
        let quiet = self
            .said
            .get(id)
            .is_some_and(|said| now.duration_since(*said) < QUIET);
        if !quiet {
            self.said.insert(id.clone(), now);
        }
        !quiet
    }

    /// Seconds since an effect was begun, by the engine's clock or, where it has none, ours.
    fn seconds(&self, id: &EffectId, engine: u64, now: Instant) -> u64 {
        let ours = self
            .started
            .get(id)
            .map_or(0, |begun| now.duration_since(*begun).as_secs());
        engine.max(ours)
    }

    fn text(&self, event: &Event<'_>, now: Instant, paint: Paint) -> String {
        let width = self.total.to_string().len();
        let place = match self.total {
            0 => String::new(),
            total => format!("[{:>width$}/{total}] ", self.done),
        };
        // A journal may have been written by anybody, and so the names in it.
        let named = |id: &EffectId| format!("{place}{}", clean_line(&id.to_string()));
        match event {
            Event::Started { id, summary } => format!("{}: {}", named(id), clean_line(summary)),
            Event::Waiting { id, what, seconds } => {
                let seconds = self.seconds(id, *seconds, now);
                paint.dim(&format!("{}: {}, {seconds} s", named(id), clean_line(what)))
            }
            Event::Ended { id, seconds, .. } => {
                let seconds = self.seconds(id, *seconds, now);
                // On a terminal the line that said what it is about is gone.
                let about = self.summaries.get(*id).filter(|_| self.bars.is_some());
                let about = about.map(|about| format!("{}: ", clean_line(about)));
                let (about, done) = (about.unwrap_or_default(), paint.green("done"));
                format!("{}: {about}{done}, {seconds} s", named(id))
            }
            Event::Failed { id, error } => format!("{}: {}", named(id), failed(error, paint)),
            Event::Recorded { address } => format!("{place}{address}: recorded"),
        }
    }

    fn json(&self, event: &Event<'_>, now: Instant) -> Json {
        match event {
            Event::Started { id, summary } => {
                json!({"event": "started", "effect": id.to_string(), "summary": summary})
            }
            Event::Waiting { id, what, seconds } => json!({
                "event": "waiting",
                "effect": id.to_string(),
                "what": what,
                "seconds": self.seconds(id, *seconds, now),
            }),
            Event::Ended {
                id,
                seconds,
                done,
                total,
            } => json!({
                "event": "ended",
                "effect": id.to_string(),
                "seconds": self.seconds(id, *seconds, now),
                "done": done,
                "total": total,
            }),
            Event::Failed { id, error } => {
                json!({"event": "failed", "failure": failure::effect_json(id, error)})
            }
            Event::Recorded { address } => json!({"event": "recorded", "address": address}),
        }
    }
}

/// One line; the whole failure with its causes comes at the end of the run.
fn failed(error: &ProviderError, paint: Paint) -> String {
    match error {
        ProviderError::Converging { what } => {
            format!(
                "{}: {}",
                paint.yellow("still in progress"),
                clean_line(what)
            )
        }
        ProviderError::Cancelled => paint.yellow("stopped while waiting"),
        other => format!(
            "{}: {}",
            paint.red(&format!("failed [{}]", other.code())),
            clean_line(&other.to_string())
        ),
    }
}

/// What `apply --when-safe` waits for.
#[must_use]
pub fn format_moment(address: &Address, why: &str) -> String {
    format!(
        "waiting for a better moment to stop {address}: {}\n",
        clean_line(why)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> EffectId {
        EffectId {
            address: "core_contract.pool".parse().unwrap(),
            name: name.to_owned(),
        }
    }

    fn said(form: ProgressForm) -> String {
        let mut out = Vec::new();
        let progress = ProgressPrinter::new(&mut out, form, 12);
        let start = Instant::now();
        let hear = |second, event: &Event<'_>| {
            let now = start + Duration::from_secs(second);
            progress.0.lock().unwrap().hear(event, now);
        };
        let (id, summary) = (&id("proxy"), "create the proxy");
        hear(0, &Event::Started { id, summary });
        let (seconds, done, total) = (4, 3, 12);
        #[rustfmt::skip]
        hear(4, &Event::Ended { id, seconds, done, total });
        hear(
            4,
            &Event::Recorded {
                address: &id.address,
            },
        );
        let (id, summary) = (&self::id("wait"), "wait for the vote");
        hear(5, &Event::Started { id, summary });
        let (what, seconds) = ("PoS round 7 of 60", 0);
        for second in 6..12 {
            hear(second, &Event::Waiting { id, what, seconds });
        }
        let error =
            &ProviderError::refused(pospool_chain::codes::REVERTED, "it was \u{1b}[1mreverted");
        hear(12, &Event::Failed { id, error });
        let address = &"record.note".parse().unwrap();
        hear(12, &Event::Recorded { address });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_wait_speaks_once_in_five_seconds() {
        insta::assert_snapshot!(said(ProgressForm::Text(Paint::PLAIN)), @r"
        [ 0/12] core_contract.pool/proxy: create the proxy
        [ 3/12] core_contract.pool/proxy: done, 4 s
        [ 3/12] core_contract.pool/wait: wait for the vote
        [ 3/12] core_contract.pool/wait: PoS round 7 of 60, 1 s
        [ 3/12] core_contract.pool/wait: PoS round 7 of 60, 6 s
        [ 3/12] core_contract.pool/wait: failed [chain/reverted]: it was �[1mreverted
        [ 3/12] record.note: recorded
        ");
    }

    #[test]
    fn programs_get_one_object_a_line() {
        insta::assert_snapshot!(said(ProgressForm::Json), @r#"
        {"effect":"core_contract.pool/proxy","event":"started","summary":"create the proxy"}
        {"done":3,"effect":"core_contract.pool/proxy","event":"ended","seconds":4,"total":12}
        {"address":"core_contract.pool","event":"recorded"}
        {"effect":"core_contract.pool/wait","event":"started","summary":"wait for the vote"}
        {"effect":"core_contract.pool/wait","event":"waiting","seconds":1,"what":"PoS round 7 of 60"}
        {"effect":"core_contract.pool/wait","event":"waiting","seconds":6,"what":"PoS round 7 of 60"}
        {"event":"failed","failure":{"causes":[],"code":"chain/reverted","effect":"core_contract.pool/wait","help":"mend the cause, then run `pospool apply` again: it plans what is left","summary":"it was \u001b[1mreverted"}}
        {"address":"record.note","event":"recorded"}
        "#);
    }
}
