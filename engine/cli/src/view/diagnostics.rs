//! Problems, each with its place in the text.
//!
//! - Reads: problems, and the texts that they speak of.
//! - Returns: text in the look of rustc, or JSON.
//! - Never: hides a problem behind another one.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use pospool_lang::spec::{self, SourceFile};
use pospool_model::endpoint::any_key_in;
use pospool_model::{Diagnostic, Severity, Span};
use serde_json::{Value as Json, json};

use super::{Paint, clean_text, format_count, is_bidi};

/// All problems in the order of the text, with a last line that counts them; empty without problems.
#[must_use]
pub fn format_diagnostics(problems: &[Diagnostic], files: &[SourceFile], paint: Paint) -> String {
    let texts = Texts::new(files);
    let mut text = String::new();
    for problem in texts.sorted(problems) {
        text.push_str(&one(problem, &texts, paint));
        text.push_str("\n\n");
    }
    if !problems.is_empty() {
        text.push_str(&paint.bold(&counts(problems)));
        text.push('\n');
    }
    text
}

/// All problems as JSON.
#[must_use]
pub fn diagnostics_to_json(problems: &[Diagnostic], files: &[SourceFile]) -> Json {
    let texts = Texts::new(files);
    let sorted = texts.sorted(problems);
    let list = sorted.into_iter().map(|problem| {
        let span = problem.span.as_ref();
        let place = span.and_then(|span| texts.place(span));
        json!({
            "severity": problem.severity,
            "code": problem.code,
            "summary": told(problem, &problem.summary),
            "help": problem.help.as_ref().map(|help| told(problem, help)),
            "file": span.map(|span| &span.file),
            "line": place.as_ref().map(|place| place.line),
            "column": place.as_ref().map(|place| place.column),
            "bytes": span.map(|span| [span.bytes.start, span.bytes.end]),
        })
    });
    Json::Array(list.collect())
}

/// `2 errors, 1 warning`.
fn counts(problems: &[Diagnostic]) -> String {
    let errors = problems
        .iter()
        .filter(|p| p.severity == Severity::Error)
        .count();
    let warnings = problems.len() - errors;
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(format_count(errors, "error", "errors"));
    }
    if warnings > 0 {
        parts.push(format_count(warnings, "warning", "warnings"));
    }
    parts.join(", ")
}

fn one(problem: &Diagnostic, texts: &Texts<'_>, paint: Paint) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(clean_text(&told(problem, &problem.summary)))
        .id(problem.code.as_str());
    let mut group = Group::with_title(title);
    let place = problem.span.as_ref().and_then(|span| texts.place(span));
    if let Some(place) = place
        .as_ref()
        .filter(|place| may_hold_secret(problem, place))
    {
        let origin = Origin::path(place.file).line(place.line);
        group = group.element(origin.char_column(place.column));
    } else if let Some(place) = place {
        let snippet = Snippet::source(place.excerpt)
            .path(place.file)
            .line_start(place.first_line)
            .annotation(AnnotationKind::Primary.span(place.within));
        group = group.element(snippet);
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(clean_text(&told(problem, help))));
    }
    let renderer = if paint.colors {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let shown = renderer.decor_style(DecorStyle::Ascii).render(&[group]);
    // The renderer shows the oldest control characters of an excerpt in words, and knows no others.
    let harmless = |c: char| {
        if is_terminal_control(c) {
            '\u{fffd}'
        } else {
            c
        }
    };
    shown.chars().map(harmless).collect()
}

/// Control characters that a renderer does not make itself: `U+009B` begins a colour as well as `ESC [` does.
fn is_terminal_control(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}') || is_bidi(c)
}

/// Words of the attributes whose value is a secret, and of what is written for them by mistake.
const SECRET_WORDS: [&str; 5] = ["private", "pos_key", "passw", "secret", "mnemonic"];

/// Fewest hexadecimal digits that may be a private key.
const KEY_DIGITS: usize = 64;

/// Whether the line must not be shown: what stands where a secret's name belongs may be
/// the secret, and so may any long run of hexadecimal digits, and a part of a URL.
fn may_hold_secret(problem: &Diagnostic, place: &DiagnosticPlace<'_>) -> bool {
    let text = place.excerpt.to_ascii_lowercase();
    problem.code == spec::SECRET_WRITTEN
        || SECRET_WORDS.iter().any(|word| text.contains(word))
        || keys(&text).next().is_some()
        || any_key_in(place.excerpt)
}

/// What a problem says, without what may be a private key: a key without quotes is read as
/// a name, and names are repeated.
fn told(problem: &Diagnostic, text: &str) -> String {
    if !problem.code.as_str().starts_with("spec/") {
        return text.to_owned();
    }
    keys(text).fold(text.to_owned(), |told, key| {
        told.replace(key, "(long hexadecimal digits, not shown)")
    })
}

/// Runs of hexadecimal digits that are long enough to be private keys.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    let runs = text.split(|c: char| !c.is_ascii_hexdigit());
    runs.filter(|run| run.len() >= KEY_DIGITS)
}

/// A place in a text.
struct DiagnosticPlace<'a> {
    file: &'a str,
    /// Line and column of its start, counted from 1; columns are characters.
    line: usize,
    column: usize,
    /// The lines around it, and the number of the first of them.
    excerpt: &'a str,
    first_line: usize,
    /// The place within them.
    within: Range<usize>,
}

/// The texts by name, with the starts of their lines, so that each problem costs
/// its own lines and not the whole text.
struct Texts<'a> {
    files: BTreeMap<&'a str, (usize, &'a str, Vec<usize>)>,
}

impl<'a> Texts<'a> {
    fn new(files: &'a [SourceFile]) -> Self {
        let indexed = files.iter().enumerate().map(|(position, file)| {
            let breaks = file
                .text
                .bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n');
            let starts = [0]
                .into_iter()
                .chain(breaks.map(|(at, _)| at + 1))
                .collect();
            (file.name.as_str(), (position, file.text.as_str(), starts))
        });
        Self {
            files: indexed.collect(),
        }
    }

    /// By file and place; what has no place comes last.
    fn sorted<'b>(&self, problems: &'b [Diagnostic]) -> Vec<&'b Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = problems.iter().collect();
        sorted.sort_by_key(|problem| {
            let span = problem.span.as_ref();
            let file = span.and_then(|span| self.files.get(span.file.as_str()));
            let position = file.map_or(usize::MAX, |(position, ..)| *position);
            (
                span.is_none(),
                position,
                span.map(|span| (span.bytes.start, span.bytes.end)),
            )
        });
        sorted
    }

    /// Finds a place; whatever its bytes are, the result lies within the text.
    fn place(&self, span: &Span) -> Option<DiagnosticPlace<'a>> {
        let (file, (_, text, starts)) = self.files.get_key_value(span.file.as_str())?;
        let from = text.floor_char_boundary(span.bytes.start.min(text.len()));
        let to = text.ceil_char_boundary(span.bytes.end.clamp(from, text.len()));
        let first = starts.partition_point(|&start| start <= from) - 1;
        let last = starts.partition_point(|&start| start <= to.saturating_sub(1).max(from)) - 1;
        let begin = starts[first];
        let end = starts.get(last + 1).copied().unwrap_or(text.len());
        Some(DiagnosticPlace {
            file,
            line: first + 1,
            column: text[begin..from].chars().count() + 1,
            excerpt: &text[begin..end],
            first_line: first + 1,
            within: from - begin..to - begin,
        })
    }
}

#[cfg(test)]
mod tests {
    use pospool_model::Code;

    use super::*;

    #[test]
    fn a_line_that_may_hold_a_secret_is_not_shown() {
        let key = "ab".repeat(32);
        let lines = format!("a = \"hunter2\"\nb = \"{key}\" x\nc_password = \"hunter2\n");
        let file = SourceFile::new("pool.hcl", lines);
        let problems = [
            at(
                spec::SECRET_WRITTEN,
                "a secret is never written in the spec",
                4..13,
            ),
            at(spec::SYNTAX, "expected a line break", 85..86),
            at(spec::SYNTAX, "the text does not end on its line", 100..101),
        ];
        let shown = format_diagnostics(&problems, &[file], Paint::default());
        assert!(
            !shown.contains("hunter2") && !shown.contains(&key),
            "{shown}"
        );
        for line in ["pool.hcl:1:5", "pool.hcl:2:", "pool.hcl:3:"] {
            assert!(shown.contains(line), "{shown}");
        }
    }

    #[test]
    fn a_key_that_was_taken_for_a_name_is_not_repeated() {
        let key = "ab".repeat(32);
        let unknown = |code| {
            let summary = format!("nothing here is called `{key}`");
            [at(code, &summary, 0..1).help(format!("declare `{key}`"))]
        };
        let both = |problems: &[Diagnostic]| {
            let shown = format_diagnostics(problems, &[], Paint::default());
            format!("{shown}{}", diagnostics_to_json(problems, &[]))
        };
        let shown = both(&unknown(spec::UNKNOWN_NAME));
        assert!(!shown.contains(&key), "{shown}");
        // What comes from outside, such as a hash, is what the user needs to see.
        let shown = both(&unknown(pospool_chain::codes::REVERTED));
        assert_eq!(shown.matches(&key).count(), 4, "{shown}");
    }

    fn at(code: Code, summary: &str, bytes: Range<usize>) -> Diagnostic {
        Diagnostic::error(code, summary).at(Span {
            file: "pool.hcl".to_owned(),
            bytes,
        })
    }

    #[test]
    fn problems_come_in_the_order_of_the_text_with_code_and_help() {
        let file = SourceFile::new("pool.hcl", "record \"é\" {\n  valu = \"é\"\n}\n");
        let mut warning = Diagnostic::error(crate::codes::STATE_OPEN_EFFECTS, "2 effects are open");
        warning.severity = Severity::Warning;
        let problems = [
            warning.help("run `pospool apply`"),
            at(
                spec::UNKNOWN_ATTRIBUTE,
                "`record` has no attribute `valu`",
                16..20,
            )
            .help("did you mean `value`?"),
            at(spec::BAD_LABEL, "the label is wrong", 7..11),
        ];
        insta::assert_snapshot!(format_diagnostics(&problems, &[file], Paint::PLAIN), @r#"
        error[spec/bad-label]: the label is wrong
         --> pool.hcl:1:8
          |
        1 | record "é" {
          |        ^^^

        error[spec/unknown-attribute]: `record` has no attribute `valu`
         --> pool.hcl:2:3
          |
        2 |   valu = "é"
          |   ^^^^
          |
          = help: did you mean `value`?

        warning[state/open-effects]: 2 effects are open
         |
         = help: run `pospool apply`

        2 errors, 1 warning
        "#);
    }

    #[test]
    fn json_counts_lines_and_columns_from_one() {
        let file = SourceFile::new("pool.hcl", "a = \"é\" b\nc");
        let problems = [at(spec::SYNTAX, "x", 9..10)];
        insta::assert_snapshot!(diagnostics_to_json(&problems, &[file]), @r#"[{"bytes":[9,10],"code":"spec/syntax","column":9,"file":"pool.hcl","help":null,"line":1,"severity":"error","summary":"x"}]"#);
    }

    #[test]
    fn no_place_is_outside_the_text() {
        let file = SourceFile::new("pool.hcl", "é\n\n");
        let (plain, files) = (Paint::PLAIN, [file]);
        for start in 0..8 {
            for end in 0..8 {
                let problem = at(spec::SYNTAX, "x", start..end);
                assert!(format_diagnostics(&[problem], &files, plain).contains("pool.hcl"));
            }
        }
        let elsewhere = Diagnostic::error(spec::SYNTAX, "x").at(Span::default());
        assert!(format_diagnostics(&[elsewhere], &files, plain).contains("spec/syntax"));
    }

    /// Found by fuzzing: `U+009B` in a spec reached the terminal.
    #[test]
    fn an_excerpt_cannot_move_the_terminal() {
        let file = SourceFile::new("pool.hcl", "a = \u{9b}31m\u{1b}[31m\u{202e}\u{7f}x\n");
        let shown = format_diagnostics(&[at(spec::SYNTAX, "x", 0..1)], &[file], Paint::PLAIN);
        assert_eq!(shown, super::clean_text(&shown));
        assert!(shown.contains("31m"), "{shown}");
    }
}
