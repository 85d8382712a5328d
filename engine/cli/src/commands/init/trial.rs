//! Whether a spec would be taken: asked before it is written.
//!
//! - Reads: the text of a spec.
//! - Returns: the first thing that `validate` or a node's provider would refuse.
//! - Never: writes or looks at anything.

use pospool_engine::registry::Registry;
use pospool_engine::resolve;
use pospool_lang::config::{self, VariableInputs};
use pospool_lang::spec::SourceFile;
use pospool_model::{Diagnostic, Severity};

use crate::view::template::{self, PoolNetwork};

/// Tries an image in the smallest spec that has one; returns what is wrong with it.
pub(super) fn find_image_problem(
    registry: &Registry,
    network: PoolNetwork,
    image: &str,
) -> Option<Diagnostic> {
    // What a private network needs beside the image has questions of its own.
    let public = network != PoolNetwork::Devnet;
    let problems = find_spec_problems(registry, &template::one_node(network, image), public);
    let mut problem = problems.into_iter().next()?;
    if let Some(what) = problem.summary.strip_prefix("`node.trial`: ") {
        problem.summary = what.to_owned();
    }
    Some(problem)
}

/// Errors of a spec: those of `validate`, and those of the files that its nodes would get.
pub(super) fn find_spec_problems(
    registry: &Registry,
    text: &str,
    rendered: bool,
) -> Vec<Diagnostic> {
    let file = [SourceFile::new("pool.hcl", text)];
    let inputs = VariableInputs::default();
    let (config, mut problems) = config::decode_spec(&file, &registry.kinds(), &inputs);
    let (wanted, found) = resolve::resolve_unseen(&config, registry);
    problems.extend(found);
    problems.retain(|problem| problem.severity == Severity::Error);
    if rendered && problems.is_empty() {
        for address in wanted.keys() {
            let provider = registry.of_kind(address.kind());
            if let Some(Err(problem)) = provider.map(|it| it.render(address, &wanted)) {
                problems.push(resolve::locate_problem(&config, address, &problem));
            }
        }
    }
    problems
}
