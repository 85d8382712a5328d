//! The table of points and outcomes.

use std::collections::BTreeMap;
use std::fmt;

/// What a row of the printed table stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// All points with the same operation on the same file, or the same call.
    EachKind,
    /// One point.
    EachPoint,
}

/// What the apply after the crash had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Settle what was open, and the rest.
    Settled,
    /// Begin anew what had not been begun.
    Went,
    /// Nothing outside.
    Nothing,
}

/// What is wrong after the apply after the crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Something that was there is not known any more, or the state is refused.
    Lost(String),
    /// Something took effect twice.
    Doubled(String),
    /// The spec is not reached, or something is left to do.
    Unfinished(String),
}

/// How one trial ended.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) next: Next,
    pub(super) wrong: Vec<Wrong>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    points: usize,
    trials: usize,
    settled: usize,
    went: usize,
    nothing: usize,
    lost: usize,
    doubled: usize,
    unfinished: usize,
}

/// Verdicts by point: the apply that it is of, its number there, its kind.
#[derive(Debug, Default)]
pub(super) struct Table {
    by_point: BTreeMap<(&'static str, usize, String), Vec<Verdict>>,
}

impl Table {
    /// Notes the verdicts on one point.
    pub(super) fn note(
        &mut self,
        apply: &'static str,
        number: usize,
        kind: String,
        verdicts: Vec<Verdict>,
    ) {
        let key = (apply, number, kind);
        self.by_point.entry(key).or_default().extend(verdicts);
    }

    /// Everything that went wrong, with its point.
    pub(super) fn wrong(&self) -> Vec<String> {
        let all = self.by_point.iter();
        all.flat_map(|((apply, number, kind), verdicts)| {
            let wrong = verdicts.iter().flat_map(|verdict| &verdict.wrong);
            wrong.map(move |wrong| format!("{apply}, point {number}, {kind}: {wrong:?}"))
        })
        .collect()
    }

    /// The sum of all rows.
    fn sum(&self) -> Row {
        let mut sum = Row::default();
        for verdicts in self.by_point.values() {
            sum.add(verdicts);
        }
        sum
    }

    /// Points in the table.
    pub(super) fn points(&self) -> usize {
        self.by_point.len()
    }

    /// Points whose kind begins with this.
    pub(super) fn points_of(&self, start: &str) -> usize {
        let kinds = self.by_point.keys().map(|(_, _, kind)| kind);
        kinds.filter(|kind| kind.starts_with(start)).count()
    }

    /// Trials that found a state lost, and trials that found something doubled.
    pub(super) fn lost_and_doubled(&self) -> (usize, usize) {
        let sum = self.sum();
        (sum.lost, sum.doubled)
    }

    /// Prints it, and fails when anything was wrong.
    #[track_caller]
    pub(super) fn assert_good(&self, title: &str, rows: Rows) {
        self.print(title, rows);
        let wrong = self.wrong();
        let first = &wrong[..wrong.len().min(3)];
        assert!(
            wrong.is_empty(),
            "{} wrong, the first: {first:#?}",
            wrong.len()
        );
    }

    fn print(&self, title: &str, rows: Rows) {
        let mut lines: BTreeMap<String, Row> = BTreeMap::new();
        for ((apply, number, kind), verdicts) in &self.by_point {
            let name = match rows {
                Rows::EachKind => kind.clone(),
                Rows::EachPoint => format!("{apply}, {number:>3} {kind}"),
            };
            lines.entry(name).or_default().add(verdicts);
        }
        let width = lines.keys().map(String::len).max().unwrap_or_default();
        println!("\n{title}\n{:<width$} {}", "point", Row::HEAD);
        for (name, row) in &lines {
            println!("{name:<width$} {row}");
        }
        let sum = self.sum();
        println!("{:<width$} {sum}", "all");
        println!("states lost {}, effects doubled {}", sum.lost, sum.doubled);
    }
}

impl Row {
    const HEAD: &str = "points trials | settled went-on nothing | lost doubled unfinished";

    fn add(&mut self, verdicts: &[Verdict]) {
        self.points += 1;
        for verdict in verdicts {
            self.trials += 1;
            match verdict.next {
                Next::Settled => self.settled += 1,
                Next::Went => self.went += 1,
                Next::Nothing => self.nothing += 1,
            }
            let has = |is: fn(&Wrong) -> bool| usize::from(verdict.wrong.iter().any(is));
            self.lost += has(|wrong| matches!(wrong, Wrong::Lost(_)));
            self.doubled += has(|wrong| matches!(wrong, Wrong::Doubled(_)));
            self.unfinished += has(|wrong| matches!(wrong, Wrong::Unfinished(_)));
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>6} {:>6} | {:>7} {:>7} {:>7} | {:>4} {:>7} {:>10}",
            self.points,
            self.trials,
            self.settled,
            self.went,
            self.nothing,
            self.lost,
            self.doubled,
            self.unfinished
        )
    }
}
