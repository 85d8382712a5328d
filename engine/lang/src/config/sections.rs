//! Blocks that no provider knows: `variable`, `locals` and `output`.
//!
//! - Reads: one block.
//! - Returns: its names, for the [`Collector`].
//! - Never: evaluates anything.

use std::collections::BTreeSet;

use hcl_edit::structure::{Attribute, Block, Structure};

use super::blocks::{AttributePlace, Declaration, Local, OutputBlock, header_range};
use super::collect::Collector;
use super::problems::Problems;
use crate::spec::{self, File, SourceFile, bytes_of};

impl<'a> Collector<'a> {
    pub(super) fn variable(&mut self, file: usize, index: usize, block: &'a Block) {
        let Some(label) = self.label(file, block) else {
            return;
        };
        let declaration = Declaration {
            file,
            block: index,
            header: header_range(block),
        };
        if let Some(first) = self.names.variables.get(label.label()) {
            let first = (first.file, first.header.start);
            let second = self.source(file).span(declaration.header);
            self.duplicate(&format!("variable `{}`", label.label()), first, second);
            return;
        }
        self.names
            .variables
            .insert(label.label().to_owned(), declaration);
    }

    pub(super) fn locals(&mut self, file: usize, index: usize, block: &'a Block) {
        let source = self.source(file);
        if !block.labels.is_empty() {
            let span = source.span(header_range(block));
            let help = "write `locals { … }`";
            self.problems
                .error_with_help(spec::LABEL_COUNT, "`locals` has no label", span, help);
        }
        for (position, structure) in block.body.iter().enumerate() {
            let attribute = match structure {
                Structure::Attribute(attribute) => attribute,
                Structure::Block(inner) => {
                    let name = inner.ident.as_str();
                    let summary = format!("`locals` has no block `{name}`");
                    let help = format!("write `{name} = {{ … }}`");
                    let span = source.place(&inner.ident);
                    self.problems
                        .error_with_help(spec::UNKNOWN_BLOCK, summary, span, help);
                    continue;
                }
            };
            let place = AttributePlace {
                file,
                block: index,
                attribute: position,
            };
            let name = attribute.key.as_str();
            if let Some(first) = self.names.locals.get(name) {
                let first = first.place;
                let start = key_start(self.files, first);
                let second = source.place(&attribute.key);
                self.duplicate(&format!("local `{name}`"), (first.file, start), second);
                continue;
            }
            let local = Local {
                place,
                constant: None,
                uses: BTreeSet::new(),
            };
            self.names.locals.insert(name.to_owned(), local);
        }
    }

    pub(super) fn output(&mut self, file: usize, index: usize, block: &'a Block) {
        let Some(label) = self.label(file, block) else {
            return;
        };
        let name = label.label();
        let span = self.source(file).span(header_range(block));
        if let Some(first) = self.names.outputs.get(name) {
            let position = self
                .files
                .iter()
                .position(|file| file.source.name == first.span.file);
            let first = (position.unwrap_or_default(), first.span.bytes.start);
            self.duplicate(&format!("output `{name}`"), first, span);
            return;
        }
        let mut output = OutputBlock {
            description: None,
            depends_on: BTreeSet::new(),
            span,
            value: None,
        };
        for (attribute, part) in declared_attributes(
            &self.files[file].source,
            block,
            &["value", "description"],
            self.problems,
        ) {
            if part.has_key("value") {
                output.value = Some(AttributePlace {
                    file,
                    block: index,
                    attribute,
                });
            } else {
                output.description = part.value.as_str().map(str::to_owned);
            }
        }
        if output.value.is_none() {
            let summary = format!("output `{name}` lacks `value`");
            let help = "write `value = …`";
            self.problems.error_with_help(
                spec::MISSING_ATTRIBUTE,
                summary,
                output.span.clone(),
                help,
            );
        }
        self.names.outputs.insert(name.to_owned(), output);
    }
}

fn key_start(files: &[File], place: AttributePlace) -> usize {
    let attribute = files[place.file]
        .body
        .get(place.block)
        .and_then(Structure::as_block)
        .and_then(|block| block.body.get(place.attribute))
        .and_then(Structure::as_attribute);
    attribute.map_or(0, |attribute| bytes_of(&attribute.key).start)
}

/// Returns the attributes of a `variable` or `output` block with their positions,
/// and reports what else stands in it.
pub(super) fn declared_attributes<'a>(
    source: &SourceFile,
    block: &'a Block,
    known: &[&str],
    problems: &mut Problems,
) -> Vec<(usize, &'a Attribute)> {
    let what = block.ident.as_str();
    let mut found = Vec::new();
    for (position, structure) in block.body.iter().enumerate() {
        let (name, span) = match structure {
            Structure::Attribute(part) if known.contains(&part.key.as_str()) => {
                found.push((position, part));
                if part.has_key("description") && part.value.as_str().is_none() {
                    let summary = "`description` is text, written out";
                    problems.error(spec::BAD_VARIABLE, summary, source.place(&part.value));
                }
                continue;
            }
            Structure::Attribute(part) => (part.key.as_str(), source.place(&part.key)),
            Structure::Block(part) => (part.ident.as_str(), source.place(&part.ident)),
        };
        if name == "sensitive" {
            problems.error_with_help(
                spec::SENSITIVE_VARIABLE,
                format!("`{what}` cannot be sensitive: its value is part of the plan"),
                span,
                "write `env(\"NAME\")` or `file(\"PATH\")` where the secret is used",
            );
            continue;
        }
        let help = problems
            .did_you_mean(name, known.iter().copied(), ToOwned::to_owned)
            .unwrap_or_else(|| format!("it has `{}`", known.join("`, `")));
        problems.error_with_help(
            spec::BAD_VARIABLE,
            format!("`{what}` has no `{name}`"),
            span,
            help,
        );
    }
    found
}
