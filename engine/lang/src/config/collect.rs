//! Parsed blocks to named things; no expression is looked at yet.
//!
//! - Reads: the blocks of all files, and the kinds.
//! - Returns: resources, variables, locals and outputs by name; and what is wrong with
//!   names, labels and attributes.
//! - Never: evaluates anything.

use std::collections::BTreeSet;

use hcl_edit::structure::{Attribute, Block, Structure};
use pospool_model::{Address, KindSchema, Presence, Span};

use super::blocks::{AttributePlace, Lifecycle, Names, Resource, header_range};
use super::moves::{MOVED, REMOVED};
use super::problems::Problems;
use super::{Kinds, state_place};
use crate::spec::{self, File, SourceFile, bytes_of};

/// Gives names to the blocks of all files.
pub(super) fn collect_names(files: &[File], kinds: &Kinds, problems: &mut Problems) -> Names {
    let mut collector = Collector {
        files,
        kinds,
        problems,
        names: Names::default(),
    };
    for (position, file) in files.iter().enumerate() {
        for (index, structure) in file.body.iter().enumerate() {
            match structure {
                Structure::Attribute(attribute) => collector.stray(&file.source, attribute),
                Structure::Block(block) => collector.block(position, index, block),
            }
        }
    }
    let names = collector.names;
    state_place::read_state_block(files, problems);
    names
}

/// Gathers names while it goes through the blocks.
pub(super) struct Collector<'a> {
    pub(super) files: &'a [File],
    kinds: &'a Kinds,
    pub(super) problems: &'a mut Problems,
    pub(super) names: Names,
}

impl<'a> Collector<'a> {
    pub(super) fn source(&self, file: usize) -> &'a SourceFile {
        &self.files[file].source
    }

    fn stray(&mut self, source: &SourceFile, attribute: &Attribute) {
        let name = attribute.key.as_str();
        self.problems.error_with_help(
            spec::STRAY_ATTRIBUTE,
            format!("`{name}` is set outside every block"),
            source.place(&attribute.key),
            format!("write `locals {{ {name} = … }}` to use it as `local.{name}`"),
        );
    }

    fn block(&mut self, file: usize, index: usize, block: &'a Block) {
        match block.ident.as_str() {
            "variable" => self.variable(file, index, block),
            "locals" => self.locals(file, index, block),
            "output" => self.output(file, index, block),
            state_place::STATE | MOVED | REMOVED => {}
            kind => match self.kinds.get(kind) {
                Some(schema) => self.resource(schema, file, index, block),
                None => self.unknown_kind(file, block),
            },
        }
    }

    fn unknown_kind(&mut self, file: usize, block: &Block) {
        let kind = block.ident.as_str();
        let others = ["variable", "locals", "output", state_place::STATE];
        let names = self.kinds.names().chain(others);
        let names = names.chain([MOVED, REMOVED]);
        let help = self
            .problems
            .did_you_mean(kind, names, ToOwned::to_owned)
            .unwrap_or_else(|| "`pospool explain` lists the kinds".to_owned());
        let span = self.source(file).place(&block.ident);
        let summary = format!("there is no kind `{kind}`");
        self.problems
            .error_with_help(spec::UNKNOWN_KIND, summary, span, help);
    }

    /// Returns the one label of a block, if it is a good one.
    pub(super) fn label(&mut self, file: usize, block: &Block) -> Option<Address> {
        let (kind, source) = (block.ident.as_str(), self.source(file));
        let [label] = block.labels.as_slice() else {
            let summary = format!(
                "`{kind}` has {} labels, and one is needed",
                block.labels.len()
            );
            let help = format!("write `{kind} \"name\" {{ … }}`");
            let span = source.span(header_range(block));
            self.problems
                .error_with_help(spec::LABEL_COUNT, summary, span, help);
            return None;
        };
        match Address::new(kind, label.as_str()) {
            Ok(address) => Some(address),
            Err(error) => {
                let span = source.place(label);
                self.problems
                    .error(spec::BAD_LABEL, error.to_string(), span);
                None
            }
        }
    }

    pub(super) fn duplicate(&mut self, what: &str, first: (usize, usize), second: Span) {
        let line = self.problems.line_of(self.source(first.0), first.1);
        let summary = format!("{what} is declared a second time; the first is at {line}");
        self.problems.error_with_help(
            spec::DUPLICATE_NAME,
            summary,
            second,
            "remove one of them, or give it another name",
        );
    }

    fn resource(
        &mut self,
        schema: &'static KindSchema,
        file: usize,
        index: usize,
        block: &'a Block,
    ) {
        let span = self.source(file).span(header_range(block));
        let Some(address) = self.label(file, block) else {
            self.names.nameless.insert(schema.kind.to_owned());
            return;
        };
        let mut resource = Resource {
            address,
            schema,
            lifecycle: Lifecycle::default(),
            depends_on: BTreeSet::new(),
            named_early: BTreeSet::new(),
            span,
            attributes: Vec::with_capacity(block.body.len()),
            implied: Vec::new(),
            after: None,
        };
        self.parts(&mut resource, file, index, block);
        self.missing(&resource, block);
        if let Some(first) = self.names.resources.get(&resource.address) {
            let file = self
                .files
                .iter()
                .position(|file| file.source.name == first.span.file);
            let first = (file.unwrap_or_default(), first.span.bytes.start);
            self.duplicate(&format!("`{}`", resource.address), first, resource.span);
            return;
        }
        self.names
            .resources
            .insert(resource.address.clone(), resource);
    }

    /// Sorts the parts of a resource's block.
    fn parts(&mut self, resource: &mut Resource, file: usize, index: usize, block: &'a Block) {
        let mut lifecycle = None;
        for (position, structure) in block.body.iter().enumerate() {
            let place = AttributePlace {
                file,
                block: index,
                attribute: position,
            };
            match structure {
                Structure::Attribute(attribute) if attribute.has_key("depends_on") => {
                    resource.after = Some(place);
                }
                Structure::Attribute(attribute) => {
                    match resource.schema.attribute(attribute.key.as_str()) {
                        Some(schema) => resource.attributes.push((schema, place)),
                        None => self.unknown_attribute(resource, file, attribute),
                    }
                }
                Structure::Block(inner) if inner.has_ident("lifecycle") => {
                    if let Some(first) = lifecycle.replace(header_range(inner).start) {
                        let second = self.source(file).span(header_range(inner));
                        self.duplicate("`lifecycle`", (file, first), second);
                    }
                    resource.lifecycle = self.lifecycle(file, inner);
                }
                Structure::Block(inner) => self.unknown_block(resource, file, inner),
            }
        }
    }

    fn unknown_attribute(&mut self, resource: &Resource, file: usize, attribute: &Attribute) {
        let (name, schema) = (attribute.key.as_str(), resource.schema);
        let known = schema.attributes.iter().map(|attribute| attribute.name);
        let is_output = schema.outputs.iter().any(|output| output.name == name);
        let help = if is_output {
            format!(
                "`{name}` is an output: it is read as `{}.{name}`, and not set",
                resource.address
            )
        } else {
            self.problems
                .did_you_mean(name, known.chain(["depends_on"]), ToOwned::to_owned)
                .unwrap_or_else(|| {
                    format!("`pospool explain {}` lists the attributes", schema.kind)
                })
        };
        let summary = format!("`{}` has no attribute `{name}`", schema.kind);
        let span = self.source(file).place(&attribute.key);
        self.problems
            .error_with_help(spec::UNKNOWN_ATTRIBUTE, summary, span, help);
    }

    fn unknown_block(&mut self, resource: &Resource, file: usize, inner: &Block) {
        let (name, schema) = (inner.ident.as_str(), resource.schema);
        let help = if schema.attribute(name).is_some() {
            format!("`{name}` is an attribute: write `{name} = {{ … }}`")
        } else {
            self.problems
                .did_you_mean(name, ["lifecycle"], ToOwned::to_owned)
                .unwrap_or_else(|| "the only block inside is `lifecycle`".to_owned())
        };
        let summary = format!("`{}` has no block `{name}`", schema.kind);
        let span = self.source(file).place(&inner.ident);
        self.problems
            .error_with_help(spec::UNKNOWN_BLOCK, summary, span, help);
    }

    fn missing(&mut self, resource: &Resource, block: &Block) {
        for attribute in resource.schema.attributes {
            if attribute.presence == Presence::Required && !block.body.has_attribute(attribute.name)
            {
                let name = attribute.name;
                self.problems.error_with_help(
                    spec::MISSING_ATTRIBUTE,
                    format!("`{}` lacks `{name}`", resource.address),
                    resource.span.clone(),
                    format!("write `{name} = …`: {}", attribute.doc),
                );
            }
        }
    }

    fn lifecycle(&mut self, file: usize, block: &Block) -> Lifecycle {
        let mut lifecycle = Lifecycle::default();
        let mut bad = Vec::new();
        if !block.labels.is_empty() {
            bad.push((header_range(block), "`lifecycle` has no label"));
        }
        for structure in &block.body {
            match structure {
                Structure::Attribute(part) if part.has_key("irreversible") => {
                    lifecycle.accepts_irreversible = part.value.as_str() == Some("accept");
                    if !lifecycle.accepts_irreversible {
                        bad.push((
                            bytes_of(&part.value),
                            "`irreversible` can only be `\"accept\"`",
                        ));
                    }
                }
                Structure::Attribute(part) if part.has_key("prevent_destroy") => {
                    match part.value.as_bool() {
                        Some(value) => lifecycle.prevent_destroy = value,
                        None => bad.push((
                            bytes_of(&part.value),
                            "`prevent_destroy` is `true` or `false`, written out",
                        )),
                    }
                }
                Structure::Attribute(part) => {
                    bad.push((bytes_of(&part.key), "`lifecycle` has no such attribute"));
                }
                Structure::Block(part) => {
                    bad.push((header_range(part), "`lifecycle` has no blocks"));
                }
            }
        }
        for (bytes, summary) in bad {
            self.problems.error_with_help(
                spec::BAD_LIFECYCLE,
                summary,
                self.source(file).span(bytes),
                "write `irreversible = \"accept\"` or `prevent_destroy = true`",
            );
        }
        lifecycle
    }
}
