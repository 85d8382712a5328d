//! What goes on, rewritten in place on a terminal.
//!
//! - Does: keeps one line for each effect that goes on and one for all, below the lines of what has ended.
//! - Never: promises a time: most of a run waits for a network, and nobody knows its pace beforehand. Then that is said.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pospool_engine::apply::Event;
use pospool_model::plan::EffectId;

/// How often the clock of the run is drawn.
const TICK: Duration = Duration::from_secs(1);

/// Lines of a terminal.
pub(super) struct LiveBars {
    all: MultiProgress,
    /// The run as a whole.
    run: ProgressBar,
    open: BTreeMap<EffectId, ProgressBar>,
}

impl LiveBars {
    /// Begins with the line of the whole.
    pub(super) fn begin(total: usize) -> Self {
        let all = MultiProgress::new();
        let run = all.add(ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX)));
        if let Ok(style) = ProgressStyle::with_template(
            "[{bar:20}] {pos} of {len} done, {elapsed} so far{wide_msg}",
        ) {
            run.set_style(style.progress_chars("=> "));
        }
        if total > 0 {
            run.enable_steady_tick(TICK);
        }
        Self {
            all,
            run,
            open: BTreeMap::new(),
        }
    }

    /// Shows one event; `line` is what a log would have of it.
    pub(super) fn show(&mut self, event: &Event<'_>, line: String, done: usize) {
        match event {
            Event::Started { id, .. } => {
                let bar = self
                    .all
                    .insert_before(&self.run, ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                    bar.set_style(style);
                }
                bar.set_message(line);
                self.open.insert((*id).clone(), bar);
            }
            Event::Waiting { id, .. } => {
                if let Some(bar) = self.open.get(*id) {
                    bar.set_message(line);
                }
            }
            Event::Ended { id, .. } | Event::Failed { id, .. } => {
                if let Some(bar) = self.open.remove(*id) {
                    self.all.remove(&bar);
                }
                self.keep(&line);
            }
            Event::Recorded { .. } => self.keep(&line),
        }
        self.run
            .set_position(u64::try_from(done).unwrap_or(u64::MAX));
        self.run.set_message(format_left(self.open.keys()));
    }

    /// A line that stays. Nobody may look any more, and the run goes on.
    fn keep(&self, line: &str) {
        let _ = self.all.println(line);
    }
}

impl Drop for LiveBars {
    fn drop(&mut self) {
        for bar in self.open.values() {
            bar.finish_and_clear();
        }
        self.run.finish_and_clear();
    }
}

/// Why no time can be told.
fn format_left<'a>(open: impl Iterator<Item = &'a EffectId>) -> String {
    let open: Vec<String> = open.map(ToString::to_string).collect();
    if open.is_empty() {
        return String::new();
    }
    format!("; how long is left depends on {}", open.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_why_no_time_is_told() {
        let id = EffectId {
            address: "node.main".parse().unwrap(),
            name: "ready".to_owned(),
        };
        assert_eq!(format_left([].iter()), "");
        assert_eq!(
            format_left([id].iter()),
            "; how long is left depends on node.main/ready"
        );
    }
}
