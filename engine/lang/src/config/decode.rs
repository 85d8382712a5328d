//! The whole of decoding, step by step.
//!
//! - Reads: texts, kinds and variables.
//! - Returns: a config, and every problem that can be seen before the outside is known.
//! - Never: stops at the first problem: a half-good resource takes part in all steps.

use std::collections::BTreeMap;

use pospool_model::{Diagnostic, Value, hex};
use sha3::{Digest as _, Sha3_256};

use super::evaluate::Evaluator;
use super::problems::Problems;
use super::{Config, Kinds, Scope, VariableInputs, collect, linking, moves, resource, variables};
use crate::spec::{self, SourceFile};

/// Decodes the files of one spec.
#[must_use]
pub fn decode_spec(
    files: &[SourceFile],
    kinds: &Kinds,
    inputs: &VariableInputs,
) -> (Config, Vec<Diagnostic>) {
    let mut config = Config::default();
    let mut problems = Problems::default();
    for file in files {
        match spec::parse_file(file) {
            Ok(file) => config.files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    // What a broken file declares is not known, so every name in the others would
    // be reported as missing.
    if problems.len() == 0 {
        build(&mut config, kinds, inputs, &mut problems);
    }
    config.digest = digest(files, &config.variables);
    let problems = problems.sorted(&config.files);
    (config, problems)
}

fn build(config: &mut Config, kinds: &Kinds, inputs: &VariableInputs, problems: &mut Problems) {
    let names = collect::collect_names(&config.files, kinds, problems);
    config.resources = names.resources;
    config.locals = names.locals;
    config.outputs = names.outputs;
    config.moves = moves::read_moves(&config.files, &config.resources, problems);
    config.variables =
        variables::resolve_variables(config, kinds, &names.variables, inputs, problems);
    linking::link_config(config, kinds, &names.nameless, problems);
    check(config, problems);
}

/// Evaluates everything while nothing of the outside is known, for the problems alone.
fn check(config: &Config, problems: &mut Problems) {
    let (wanted, outputs) = (BTreeMap::new(), BTreeMap::new());
    let locals = config.local_values();
    let scope = Scope {
        wanted: &wanted,
        outputs: &outputs,
        locals: &locals,
    };
    let mut found = Vec::new();
    for local in config
        .locals
        .values()
        .filter(|local| local.constant.is_none())
    {
        if let Some((source, attribute)) = config.attribute(local.place) {
            let mut evaluator = Evaluator::new(config, &scope, source).quiet(true);
            evaluator.whole(&attribute.value);
            found.extend(evaluator.problems.into_list());
        }
    }
    for resource in config.resources.values() {
        found.extend(resource::evaluate_resource(config, resource, &scope, true).1);
    }
    for output in config.outputs.values() {
        found.extend(resource::evaluate_output(config, output, &scope, true).1);
    }
    for problem in found {
        problems.push(problem);
    }
}

/// Digests the texts as a set, so that neither names nor order of files matter.
fn digest(files: &[SourceFile], variables: &BTreeMap<String, Value>) -> String {
    let mut texts: Vec<[u8; 32]> = files
        .iter()
        .map(|file| Sha3_256::digest(file.text.as_bytes()).into())
        .collect();
    texts.sort_unstable();
    let mut hasher = Sha3_256::new();
    hasher.update(b"pospool spec 1\n");
    hasher.update(texts.len().to_be_bytes());
    for text in &texts {
        hasher.update(text);
    }
    hasher.update(serde_json::to_string(variables).unwrap_or_default());
    hex::encode(&hasher.finalize())
}
