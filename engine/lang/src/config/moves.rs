//! `moved` and `removed` blocks: what became of names that the spec had before.
//!
//! - Reads: the blocks of all files, and the names of the resources.
//! - Returns: old names with their new ones, and names that are only forgotten.
//! - Never: knows whether the state still has the old name: a block stays in the spec for those who apply it later.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::structure::{Attribute, Block, Structure};
use pospool_model::{Address, Span};

use super::blocks::{Resource, header_range};
use super::problems::Problems;
use crate::spec::{self, File, SourceFile};

/// The blocks' names.
pub(super) const MOVED: &str = "moved";
pub(super) const REMOVED: &str = "removed";

/// A `moved` block: a resource that has another name now.
#[derive(Clone, Debug)]
pub struct Move {
    /// Its name before.
    pub from: Address,
    /// Its name now, or before the next move.
    pub to: Address,
    /// The first line of the block.
    pub span: Span,
}

/// What all these blocks say.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    pub(super) moved: Vec<Move>,
    pub(super) removed: BTreeSet<Address>,
}

/// A block with its addresses, before it is known whether they fit the rest of the spec.
struct MoveBlock<'a> {
    source: &'a SourceFile,
    block: &'a Block,
}

/// Reads the blocks.
pub(super) fn read_moves(
    files: &[File],
    resources: &BTreeMap<Address, Resource>,
    problems: &mut Problems,
) -> Moves {
    let mut moves = Moves::default();
    for file in files {
        let blocks = file.body.iter().filter_map(Structure::as_block);
        for block in blocks.filter(|it| it.has_ident(MOVED) || it.has_ident(REMOVED)) {
            let source = &file.source;
            let read = MoveBlock { source, block };
            if let Err((what, span)) = read.read(resources, &mut moves) {
                let help = match block.ident.as_str() {
                    MOVED => {
                        "write `moved { from = kind.old to = kind.new }`, each on a line of its own"
                    }
                    _ => "write `removed { from = kind.name }`",
                };
                problems.error_with_help(spec::BAD_MOVE, what, span, help);
            }
        }
    }
    check_ends(&moves, resources, problems);
    moves
}

/// Each old name leads to a resource of the spec, perhaps by way of others.
fn check_ends(moves: &Moves, resources: &BTreeMap<Address, Resource>, problems: &mut Problems) {
    let next: BTreeMap<&Address, &Address> =
        moves.moved.iter().map(|it| (&it.from, &it.to)).collect();
    for it in &moves.moved {
        let mut end = &it.to;
        // As many steps as there are moves: more go round in a circle.
        for _ in &moves.moved {
            end = next.get(end).copied().unwrap_or(end);
        }
        if !resources.contains_key(end) {
            let what = format!(
                "`{}` is moved to `{end}`, and the spec has no such resource",
                it.from
            );
            let help =
                "rename the block of the resource too, or write `removed` if it is to be forgotten";
            problems.error_with_help(spec::BAD_MOVE, what, it.span.clone(), help);
        }
    }
}

type Fault = (String, Span);

impl MoveBlock<'_> {
    fn read(
        &self,
        resources: &BTreeMap<Address, Resource>,
        moves: &mut Moves,
    ) -> Result<(), Fault> {
        let (name, header) = (self.block.ident.as_str(), self.header());
        if !self.block.labels.is_empty() {
            return Err((format!("`{name}` has no label"), header));
        }
        let known: &[&str] = if name == MOVED {
            &["from", "to"]
        } else {
            &["from"]
        };
        let mut found: BTreeMap<&str, (Address, Span)> = BTreeMap::new();
        for part in &self.block.body {
            let attribute = match part {
                Structure::Attribute(it) if known.contains(&it.key.as_str()) => it,
                Structure::Attribute(it) => {
                    let what = format!("`{name}` has no attribute `{}`", it.key.as_str());
                    return Err((what, self.source.place(&it.key)));
                }
                Structure::Block(it) => {
                    let what = format!("`{name}` has no block `{}`", it.ident.as_str());
                    return Err((what, self.source.place(&it.ident)));
                }
            };
            let address = self.address(attribute)?;
            found.insert(attribute.key.as_str(), address);
        }
        let mut take = |key: &str| {
            let missing = || (format!("`{name}` lacks `{key}`"), self.header());
            found.remove(key).ok_or_else(missing)
        };
        let (from, place) = take("from")?;
        if resources.contains_key(&from) {
            return Err((format!("`{from}` is still in the spec"), place));
        }
        let was_moved = moves.moved.iter().any(|it| it.from == from);
        if was_moved || moves.removed.contains(&from) {
            return Err((format!("`{from}` is moved or removed a second time"), place));
        }
        if name == REMOVED {
            moves.removed.insert(from);
            return Ok(());
        }
        let (to, place) = take("to")?;
        if to.kind() != from.kind() || to == from {
            let what =
                format!("`{from}` cannot become `{to}`: only the name of a resource changes");
            return Err((what, place));
        }
        let span = header;
        moves.moved.push(Move { from, to, span });
        Ok(())
    }

    /// An attribute that names a resource, which need not be there.
    fn address(&self, attribute: &Attribute) -> Result<(Address, Span), Fault> {
        let span = self.source.place(&attribute.value);
        let key = attribute.key.as_str();
        let what = || format!("`{key}` is the name of a resource: `kind.name`");
        match named_address(&attribute.value) {
            Some(address) => Ok((address, span)),
            None => Err((what(), span)),
        }
    }

    fn header(&self) -> Span {
        self.source.span(header_range(self.block))
    }
}

/// `kind.name`, and nothing more.
fn named_address(value: &Expression) -> Option<Address> {
    let Expression::Traversal(traversal) = value else {
        return None;
    };
    let kind = traversal.expr.as_variable()?;
    let [operator] = traversal.operators.as_slice() else {
        return None;
    };
    match operator.value() {
        TraversalOperator::GetAttr(name) => Address::new(kind.as_str(), name.as_str()).ok(),
        _ => None,
    }
}
