//! The `state` block: where the spec says that its state is.
//!
//! - Reads: the blocks of files, literal text only: the state is needed before anything
//!   can be evaluated.
//! - Returns: the text of `url`; and what is wrong with the block.
//! - Never: knows what places there are.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Structure};
use pospool_model::Diagnostic;

use super::blocks::header_range;
use super::problems::Problems;
use crate::spec::{self, File, SourceFile};

/// The block's name.
pub(super) const STATE: &str = "state";

const FORM: &str = "write `state { url = \"s3://bucket/name.json\" }`";

/// Reads where the state is, before the spec is decoded. A spec without the block says nothing.
pub fn state_url(file: &SourceFile) -> Result<Option<String>, Vec<Diagnostic>> {
    // Most specs have none, and need not be parsed a second time for that.
    let mut lines = file.text.lines();
    if !lines.any(|line| line.trim_start().starts_with(STATE)) {
        return Ok(None);
    }
    let file = spec::parse_file(file).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    let url = read_state_block(std::slice::from_ref(&file), &mut problems);
    if problems.len() > 0 {
        return Err(problems.into_list());
    }
    Ok(url)
}

/// Reads the block of all files, of which there may be one.
pub(super) fn read_state_block(files: &[File], problems: &mut Problems) -> Option<String> {
    let blocks = files.iter().flat_map(|file| {
        let blocks = file.body.iter().filter_map(Structure::as_block);
        let named = blocks.filter(|block| block.has_ident(STATE));
        named.map(move |block| (&file.source, block))
    });
    let mut url = None;
    let mut first: Option<(&SourceFile, usize)> = None;
    for (source, block) in blocks {
        if let Some((source_of_first, start)) = first {
            let line = problems.line_of(source_of_first, start);
            let summary = format!("`state` is written a second time; the first is at {line}");
            let span = source.span(header_range(block));
            problems.error_with_help(spec::DUPLICATE_NAME, summary, span, "remove one of them");
            continue;
        }
        first = Some((source, header_range(block).start));
        url = url_of(source, block, problems);
    }
    url
}

fn url_of(source: &SourceFile, block: &Block, problems: &mut Problems) -> Option<String> {
    let span = || source.span(header_range(block));
    if !block.labels.is_empty() {
        problems.error_with_help(spec::LABEL_COUNT, "`state` has no label", span(), FORM);
    }
    let mut url = None;
    let mut written = false;
    for part in &block.body {
        match part {
            Structure::Attribute(attribute) if attribute.has_key("url") => {
                written = true;
                url = text(source, attribute, problems);
            }
            Structure::Attribute(attribute) => {
                let summary = format!("`state` has no attribute `{}`", attribute.key.as_str());
                let span = source.place(&attribute.key);
                problems.error_with_help(spec::UNKNOWN_ATTRIBUTE, summary, span, FORM);
            }
            Structure::Block(inner) => {
                let summary = format!("`state` has no block `{}`", inner.ident.as_str());
                let span = source.place(&inner.ident);
                problems.error_with_help(spec::UNKNOWN_BLOCK, summary, span, FORM);
            }
        }
    }
    if !written {
        let summary = "`state` says nothing of its place";
        problems.error_with_help(spec::MISSING_ATTRIBUTE, summary, span(), FORM);
    }
    url
}

fn text(source: &SourceFile, attribute: &Attribute, problems: &mut Problems) -> Option<String> {
    if let Expression::String(text) = &attribute.value {
        return Some(text.as_str().to_owned());
    }
    let summary =
        "the place of the state is not plain text; it is needed before anything is evaluated";
    let help = "write the text itself, or leave the block out and set POSPOOL_STATE or --state";
    let span = source.place(&attribute.value);
    problems.error_with_help(spec::NOT_CONSTANT, summary, span, help);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<Option<String>, Vec<&'static str>> {
        let read = state_url(&SourceFile::new("pool.hcl", text));
        read.map_err(|problems| {
            problems
                .iter()
                .map(|problem| problem.code.as_str())
                .collect()
        })
    }

    #[test]
    fn the_place_is_plain_text() {
        assert_eq!(url("record \"a\" {}\n"), Ok(None));
        assert_eq!(url("record \"states\" {\n  state = {}\n}\n"), Ok(None));
        let written = "state {\n  url = \"s3://harbour/a.json\"\n}\n";
        assert_eq!(url(written), Ok(Some("s3://harbour/a.json".to_owned())));
        for (wrong, code) in [
            ("state {\n  url = var.place\n}\n", "spec/not-constant"),
            (
                "state {\n  url = \"s3://${local.b}/a\"\n}\n",
                "spec/not-constant",
            ),
            ("state {}\n", "spec/missing-attribute"),
            ("state \"a\" { url = \"a\" }\n", "spec/label-count"),
            (
                "state {\n  url = \"a\"\n  key = \"b\"\n}\n",
                "spec/unknown-attribute",
            ),
            (
                "state {\n  url = \"a\"\n  lock {}\n}\n",
                "spec/unknown-block",
            ),
            (
                "state {\n  url = \"a\"\n}\nstate {\n  url = \"b\"\n}\n",
                "spec/duplicate-name",
            ),
            ("state {\n  url = \n}\n", "spec/syntax"),
        ] {
            assert_eq!(url(wrong), Err(vec![code]), "{wrong}");
        }
    }
}
