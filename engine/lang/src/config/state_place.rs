//! The `state` block: where the spec says that its state is, and what it is sealed with.
//!
//! - Reads: the blocks of files, literal text and named secrets only: the state is needed before anything
//!   can be evaluated.
//! - Returns: what the block says; and what is wrong with it.
//! - Never: knows what places there are, or reads the key.

use hcl_edit::expr::{Expression, FuncCall};
use hcl_edit::structure::{Attribute, Block, Structure};
use pospool_model::{CredentialName, Diagnostic, SecretRef};

use super::blocks::header_range;
use super::problems::Problems;
use crate::spec::{self, File, SourceFile};

/// The block's name.
pub(super) const STATE: &str = "state";

const FORM: &str = "write `state { url = \"s3://bucket/name.json\" }`";
const KEY_FORM: &str =
    "write `key = env(\"POSPOOL_STATE_KEY\")`, `file(\"PATH\")` or `credential(\"NAME\")`";

/// What the `state` block says; nothing of it where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateBlock {
    /// Where the state is.
    pub url: Option<String>,
    /// What it is sealed with.
    pub key: Option<SecretRef>,
    /// Whether it can only be read with the key.
    pub encrypt: bool,
}

/// Reads what is said of the state, before the spec is decoded. A spec without the block says nothing.
pub fn state_block(file: &SourceFile) -> Result<StateBlock, Vec<Diagnostic>> {
    // Most specs have none, and need not be parsed a second time for that.
    let mut lines = file.text.lines();
    if !lines.any(|line| line.trim_start().starts_with(STATE)) {
        return Ok(StateBlock::default());
    }
    let file = spec::parse_file(file).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    let block = read_state_block(std::slice::from_ref(&file), &mut problems);
    if problems.len() > 0 {
        return Err(problems.into_list());
    }
    Ok(block)
}

/// Reads the block of all files, of which there may be one.
pub(super) fn read_state_block(files: &[File], problems: &mut Problems) -> StateBlock {
    let blocks = files.iter().flat_map(|file| {
        let blocks = file.body.iter().filter_map(Structure::as_block);
        let named = blocks.filter(|block| block.has_ident(STATE));
        named.map(move |block| (&file.source, block))
    });
    let mut read = StateBlock::default();
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
        read = read_block(source, block, problems);
    }
    read
}

fn read_block(source: &SourceFile, block: &Block, problems: &mut Problems) -> StateBlock {
    let span = || source.span(header_range(block));
    if !block.labels.is_empty() {
        problems.error_with_help(spec::LABEL_COUNT, "`state` has no label", span(), FORM);
    }
    let mut read = StateBlock::default();
    let (mut has_key, mut written) = (false, false);
    for part in &block.body {
        match part {
            Structure::Attribute(attribute) if attribute.has_key("url") => {
                written = true;
                read.url = text(source, attribute, problems);
            }
            Structure::Attribute(attribute) if attribute.has_key("key") => {
                (written, has_key) = (true, true);
                read.key = key(source, attribute, problems);
            }
            Structure::Attribute(attribute) if attribute.has_key("encrypt") => {
                read.encrypt = truth(source, attribute, problems);
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
    if read.encrypt && !has_key {
        let summary = "`state` is to be encrypted, and has no key";
        problems.error_with_help(spec::MISSING_ATTRIBUTE, summary, span(), KEY_FORM);
    } else if !written {
        let summary = "`state` says nothing of its place, and names no key";
        problems.error_with_help(spec::MISSING_ATTRIBUTE, summary, span(), FORM);
    }
    read
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

fn truth(source: &SourceFile, attribute: &Attribute, problems: &mut Problems) -> bool {
    if let Expression::Bool(truth) = &attribute.value {
        return **truth;
    }
    let summary = "`encrypt` is neither `true` nor `false`";
    let span = source.place(&attribute.value);
    problems.error_with_help(spec::NOT_CONSTANT, summary, span, "write `encrypt = true`");
    false
}

/// The name of the key: the secret itself is read by who opens the state.
fn key(source: &SourceFile, attribute: &Attribute, problems: &mut Problems) -> Option<SecretRef> {
    let span = source.place(&attribute.value);
    match &attribute.value {
        Expression::FuncCall(call) => {
            if let Some(key) = named(call) {
                return Some(key);
            }
            let summary = "the key of the state is no secret that pospool can read before the spec is evaluated";
            problems.error_with_help(spec::NOT_CONSTANT, summary, span, KEY_FORM);
        }
        Expression::String(_) => {
            let summary = "the key of the state is written in the spec";
            problems.error_with_help(spec::SECRET_WRITTEN, summary, span, KEY_FORM);
        }
        _ => {
            let summary = "the key of the state is needed before anything is evaluated";
            problems.error_with_help(spec::NOT_CONSTANT, summary, span, KEY_FORM);
        }
    }
    None
}

/// The secret that a call names; `None` for one that only a container reads, and for any other call.
fn named(call: &FuncCall) -> Option<SecretRef> {
    let mut arguments = call.args.iter();
    let (Some(Expression::String(name)), None) = (arguments.next(), arguments.next()) else {
        return None;
    };
    let name = name.as_str();
    match call.name.name.as_str() {
        _ if call.name.is_namespaced() || name.is_empty() => None,
        "env" => Some(SecretRef::Env(name.to_owned())),
        "file" => Some(SecretRef::File(name.into())),
        "credential" => CredentialName::new(name).ok().map(SecretRef::Credential),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<Option<String>, Vec<&'static str>> {
        block(text).map(|block| block.url)
    }

    fn block(text: &str) -> Result<StateBlock, Vec<&'static str>> {
        let read = state_block(&SourceFile::new("pool.hcl", text));
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
                "state {\n  url = \"a\"\n  region = \"b\"\n}\n",
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

    #[test]
    fn the_key_is_named_and_never_written() {
        let read = |text: &str| block(&format!("state {{\n  {text}\n}}\n"));
        let key = |text: &str| read(text).map(|block| block.key.unwrap().to_string());
        assert_eq!(key("key = env(\"K\")"), Ok("env:K".to_owned()));
        assert_eq!(key("key = file(\"a/b\")"), Ok("file:a/b".to_owned()));
        assert_eq!(
            key("key = credential(\"k\")"),
            Ok("credential:k".to_owned())
        );
        let encrypted = read("url = \"a\"\n  key = env(\"K\")\n  encrypt = true").unwrap();
        assert_eq!(
            (encrypted.url.as_deref(), encrypted.encrypt),
            (Some("a"), true)
        );
        for (wrong, code) in [
            ("key = \"hunter2hunter2hunter2\"", "spec/secret-written"),
            ("key = var.key", "spec/not-constant"),
            ("key = env(var.name)", "spec/not-constant"),
            ("key = env(\"\")", "spec/not-constant"),
            ("key = env(\"A\", \"B\")", "spec/not-constant"),
            ("key = mount(\"/run/key\")", "spec/not-constant"),
            ("key = credential(\"/../k\")", "spec/not-constant"),
            ("key = a::env(\"K\")", "spec/not-constant"),
            ("url = \"a\"\n  encrypt = true", "spec/missing-attribute"),
            ("key = env(\"K\")\n  encrypt = \"yes\"", "spec/not-constant"),
        ] {
            assert_eq!(read(wrong), Err(vec![code]), "{wrong}");
        }
    }
}
