//! Problems as values: a code, what is wrong, where, and what to do.

use std::error::Error;
use std::ops::Range;

use serde::Serialize;

use crate::{Address, Code};

/// Where in which input something was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Name of the input, such as `pool.hcl`.
    pub file: String,
    /// Byte range in that input.
    pub bytes: Range<usize>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is done until it is mended.
    Error,
    /// Worth knowing; the run goes on.
    Warning,
}

/// One problem, with the place that caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code: `spec/unknown-attribute`.
    pub code: Code,
    /// What is wrong, as one sentence in lower case without a full stop.
    pub summary: String,
    /// The cause; `None` only when no text caused the problem.
    pub span: Option<Span>,
    /// What to do about it, if the program knows.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    #[must_use]
    pub fn error(code: Code, summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            summary: summary.into(),
            span: None,
            help: None,
        }
    }

    /// A warning without a place yet.
    #[must_use]
    pub fn warning(code: Code, summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, summary)
        }
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A problem that a provider found in one resource; the engine adds the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable code: `chain/bad-ratio`.
    pub code: Code,
    /// Path of names from the resource's body to the value: `["settings", "name"]`.
    pub path: Vec<String>,
    /// What is wrong.
    pub summary: String,
    /// What to do about it, if the provider knows.
    pub help: Option<String>,
    /// What it has to do with other resources, if it has.
    #[serde(skip)]
    pub beyond: Option<Box<Beyond>>,
}

/// What a problem of one resource has to do with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Nothing may enter this lane because of it, as in [`crate::provider::Planner::hold`].
    Lane(String),
    /// Nothing can be said of its resource without this one.
    Needs(Address),
    /// Nothing at all may be done beside it: the spec or the state does not speak of what is there.
    Everything,
}

impl Problem {
    /// A problem of the value at `path`.
    #[must_use]
    pub fn new(code: Code, path: &[&str], summary: impl Into<String>) -> Self {
        Self {
            code,
            path: path.iter().map(|&name| name.to_owned()).collect(),
            summary: summary.into(),
            help: None,
            beyond: None,
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says that it is only because of another resource: where that one is blocked, its fault is the one to tell of.
    #[must_use]
    pub fn needing(mut self, needed: &Address) -> Self {
        self.beyond = Some(Box::new(Beyond::Needs(needed.clone())));
        self
    }

    /// The resource without which nothing can be said of its own.
    #[must_use]
    pub fn needs(&self) -> Option<&Address> {
        match self.beyond.as_deref() {
            Some(Beyond::Needs(needed)) => Some(needed),
            _ => None,
        }
    }

    /// The lane that nothing may enter because of it.
    #[must_use]
    pub fn lane(&self) -> Option<&str> {
        match self.beyond.as_deref() {
            Some(Beyond::Lane(lane)) => Some(lane),
            _ => None,
        }
    }

    /// Says that nothing at all may be done beside it.
    #[must_use]
    pub fn against_everything(mut self) -> Self {
        self.beyond = Some(Box::new(Beyond::Everything));
        self
    }

    /// Whether nothing at all may be done beside it.
    #[must_use]
    pub fn is_against_everything(&self) -> bool {
        matches!(self.beyond.as_deref(), Some(Beyond::Everything))
    }

    /// Says which lane nothing may enter because of it.
    #[must_use]
    pub fn holding(mut self, lane: String) -> Self {
        self.beyond = Some(Box::new(Beyond::Lane(lane)));
        self
    }
}

/// A failure and its causes as one line; a cause that is a part of what stands before it is left out.
#[must_use]
pub fn format_with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}

/// Returns the candidate that is most like `word`, if one is close enough to be meant; two swapped letters are one slip.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let names = ["memory_mb", "image", "data"];
        assert_eq!(did_you_mean("memry_mb", names), Some("memory_mb"));
        assert_eq!(did_you_mean("img", names), None);
        assert_eq!(did_you_mean("imagee", names), Some("image"));
        assert_eq!(
            did_you_mean("dtaa", names),
            Some("data"),
            "swapped letters are one slip"
        );
    }
}
