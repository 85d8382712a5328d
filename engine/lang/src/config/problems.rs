//! Problems as they are found.
//!
//! - Reads: nothing.
//! - Returns: all of them, in the order of the text.
//! - Never: drops one.

use std::collections::BTreeMap;

use pospool_model::{Code, Diagnostic, Span, diagnostic};

use crate::spec::{File, SourceFile};

/// After so many problems no more hints are searched: each search reads all names,
/// and a spec with thousands of problems needs one look, not thousands of hints.
const MOST_HINTS: usize = 100;

/// Collects problems.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Diagnostic>,
}

impl Problems {
    /// Adds a problem.
    pub(super) fn push(&mut self, problem: Diagnostic) {
        self.list.push(problem);
    }

    /// Adds an error with its place.
    pub(super) fn error(&mut self, code: Code, summary: impl Into<String>, span: Span) {
        self.push(Diagnostic::error(code, summary).at(span));
    }

    /// Adds an error with its place and what to do.
    pub(super) fn error_with_help(
        &mut self,
        code: Code,
        summary: impl Into<String>,
        span: Span,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, summary).at(span).help(help));
    }

    /// Asks for the name that `word` was meant to be, as a help text around it.
    pub(super) fn did_you_mean<'a>(
        &self,
        word: &str,
        names: impl IntoIterator<Item = &'a str>,
        write: impl FnOnce(&str) -> String,
    ) -> Option<String> {
        if self.list.len() >= MOST_HINTS {
            return None;
        }
        diagnostic::did_you_mean(word, names)
            .map(|meant| format!("did you mean `{}`?", write(meant)))
    }

    /// Writes the line of an earlier place, for "it is declared at …".
    pub(super) fn line_of(&self, source: &SourceFile, offset: usize) -> String {
        if self.list.len() >= MOST_HINTS {
            return source.name.clone();
        }
        source.line_of(offset)
    }

    /// Adds all of another list.
    pub(super) fn extend(&mut self, other: Self) {
        self.list.extend(other.list);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Forgets those after the first `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        self.list.truncate(length);
    }

    /// Returns all, as they were found.
    pub(super) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }

    /// Returns all in the order of the text; those outside the files come first.
    pub(super) fn sorted(self, files: &[File]) -> Vec<Diagnostic> {
        let order: BTreeMap<&str, usize> = files
            .iter()
            .enumerate()
            .map(|(position, file)| (file.source.name.as_str(), position))
            .collect();
        let mut list = self.list;
        // The sort keeps the order of what has the same key: all that is outside.
        list.sort_by_key(|problem| {
            let span = problem.span.as_ref()?;
            let file = order.get(span.file.as_str())?;
            Some((*file, span.bytes.start, span.bytes.end))
        });
        list
    }
}
