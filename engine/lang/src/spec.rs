//! Spec text to blocks with places.
//!
//! - Reads: the text of one file.
//! - Returns: its blocks, in which every word knows its byte range; or the first
//!   syntax error, since the parser stops there.
//! - Never: opens a file, or knows what a block means. It is the only user of
//!   hcl-edit's parser.

mod codes;
mod edit;
mod scan;

use std::ops::Range;

use hcl_edit::expr::Expression;
use hcl_edit::parser;
use hcl_edit::structure::Body;
use pospool_model::{Code, Diagnostic, Span};

pub use codes::*;
pub use edit::add_line;

/// The longest spec, in bytes: what the parser can hold in 250 MB of memory.
const LONGEST: usize = 8_000_000;

/// A file as the user gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Name as shown to users.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl SourceFile {
    /// Names a text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// Returns the place of a byte range in this file.
    pub(crate) fn span(&self, bytes: Range<usize>) -> Span {
        Span {
            file: self.name.clone(),
            bytes,
        }
    }

    /// Returns what the parser noted as the place of `node`.
    pub(crate) fn place(&self, node: &impl hcl_edit::Span) -> Span {
        self.span(bytes_of(node))
    }

    /// Writes a place for a message: `pool.hcl:3`.
    pub(crate) fn line_of(&self, offset: usize) -> String {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|&&byte| byte == b'\n').count();
        format!("{}:{line}", self.name)
    }
}

/// Returns the byte range of something that the parser made.
pub(crate) fn bytes_of(node: &impl hcl_edit::Span) -> Range<usize> {
    node.span().unwrap_or_default()
}

/// A file that could be parsed.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Its name and text.
    pub(crate) source: SourceFile,
    /// Its blocks.
    pub(crate) body: Body,
}

/// Parses a whole file.
pub(crate) fn parse_file(file: &SourceFile) -> Result<File, Diagnostic> {
    let source = prepared(file)?;
    match parser::parse_body(&source.text) {
        Ok(body) => Ok(File { source, body }),
        Err(error) => Err(explain(&source, &error)),
    }
}

/// Parses one expression, such as the text of a variable.
pub(crate) fn parse_expression(source: &SourceFile) -> Result<Expression, Diagnostic> {
    let source = prepared(source)?;
    parser::parse_expr(&source.text).map_err(|error| explain(&source, &error))
}

/// Refuses what the parser would be slow with, and hides a byte order mark.
fn prepared(file: &SourceFile) -> Result<SourceFile, Diagnostic> {
    let mut source = file.clone();
    if source.text.len() > LONGEST {
        let summary = format!(
            "the file has {} bytes, and {LONGEST} is the most",
            source.text.len()
        );
        return Err(Diagnostic::error(TOO_LARGE, summary)
            .at(source.span(0..0))
            .help("split the spec into several files"));
    }
    if source.text.starts_with('\u{feff}') {
        // Blanks of the same length keep every place true to the user's file.
        source.text.replace_range(..3, "   ");
    }
    let found = scan::scan_text(&source.text);
    if let Some(crowded) = found.crowded {
        let summary = format!("an object has more than {} keys", scan::MOST_KEYS);
        return Err(Diagnostic::error(TOO_LARGE, summary)
            .at(source.span(crowded..crowded + 1))
            .help("split the object, and join the parts with `merge(…)`"));
    }
    if let Some(tangled) = found.tangled {
        let most = scan::MOST_TANGLES;
        let summary = format!("operators are nested in each other more than {most} times");
        return Err(Diagnostic::error(TOO_DEEP, summary)
            .at(source.span(tangled..tangled + 1))
            .help("give the inner expressions names in `locals`"));
    }
    if let Some(open) = found.unterminated {
        return Err(Diagnostic::error(
            SYNTAX,
            "the text that starts here does not end on its line",
        )
        .at(source.span(open..open + 1))
        .help("write `\"` where it ends; text of several lines is written `<<EOT` … `EOT`"));
    }
    Ok(source)
}

/// Turns the parser's error into one that says what to do.
fn explain(source: &SourceFile, error: &parser::Error) -> Diagnostic {
    let offset = source.text.floor_char_boundary(error.location().offset());
    let next = source.text[offset..].chars().next();
    if let Some(open) = scan::scan_text(&source.text).unclosed
        && source.text[offset..].trim().len() <= 1
    {
        let bracket = &source.text[open..=open];
        let summary = format!("`{bracket}` is never closed");
        return Diagnostic::error(SYNTAX, summary).at(source.span(open..open + 1));
    }
    let message = error.message();
    let end = offset + next.map_or(0, char::len_utf8);
    let code = if message.contains("redefined") {
        DUPLICATE_ATTRIBUTE
    } else if message.contains("nest") || message.contains("chained") {
        TOO_DEEP
    } else {
        SYNTAX
    };
    let summary = match next {
        _ if code == DUPLICATE_ATTRIBUTE => "this name was set before in the same place".to_owned(),
        Some(next) if message == "unexpected token" && !next.is_whitespace() => {
            format!("unexpected `{next}`")
        }
        _ if message.starts_with("invalid expression") => "expected a value".to_owned(),
        _ => message.to_owned(),
    };
    let mut diagnostic = Diagnostic::error(code, summary).at(source.span(offset..end));
    diagnostic.help = advice(code, message, next).map(str::to_owned);
    diagnostic
}

/// Says what to do about a syntax error, where that is clear.
fn advice(code: Code, message: &str, next: Option<char>) -> Option<&'static str> {
    if code == DUPLICATE_ATTRIBUTE {
        return Some("remove one of the two");
    }
    if next == Some('\'') {
        return Some("write text in double quotes");
    }
    if message.contains("heredoc end") {
        return Some("write the word after `<<` once more, alone on the line after the text");
    }
    (message.contains("block body") || message.contains("newline or eof")).then_some(
        "write each attribute on a line of its own; a block on one line holds one attribute and no block",
    )
}

#[cfg(test)]
mod tests;
