//! The kind `source` as a provider: its outputs are compiled contracts.
//!
//! - Reads: sources, through [`crate::compile_contracts`]; only the contracts that the spec names.
//! - Returns: each contract as a map of text values, code in hexadecimal digits.
//! - Never: has an effect on anything but the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use pospool_model::plan::Effect;
use pospool_model::provider::{
    ChangeRequest, Design, Observation, ObserveContext, Observed, PlanContext, Planner, Progress,
    Target, Ticket,
};
use pospool_model::{
    AttributeSchema, Attributes, KindSchema, OnChange, OutputSchema, Presence, Problem, Provider,
    ProviderError, Role, Type, Value,
};

use crate::codes;
use crate::{
    Artifact, Cache, SourceError, SourceRequest, compile_contracts, find_source_tree, input_file,
};

/// The proxy that `core_contract` puts in front of a contract; compiled with every source that has it.
const PROXY: &str = "Proxy1967";
/// Output that is the folder of all files, for what is built from other parts of a source than its contracts.
const TREE: &str = "tree";

const fn attribute(name: &'static str, doc: &'static str) -> AttributeSchema {
    AttributeSchema {
        name,
        ty: Type::Text,
        presence: Presence::Optional,
        on_change: OnChange::Update,
        doc,
    }
}

const SOURCE: KindSchema = KindSchema {
    kind: "source",
    doc: "Solidity sources, compiled by a pinned solc with the npm packages of their own lock file. \
          `source.NAME.CONTRACT` is a compiled contract. Needs `node` and `npm` on this machine, and `git` for `git`.",
    role: Role::Given,
    attributes: &[
        attribute("git", "Url of a repository; needs `rev`."),
        attribute(
            "rev",
            "Full commit hash of 40 hexadecimal digits; a branch or a tag is refused, since it can move.",
        ),
        attribute("path", "A folder of this machine, instead of `git`."),
        attribute(
            "subdir",
            "Folder of the project in the tree. Default: `contract`, if that is there and the tree itself has no `contracts`.",
        ),
        attribute(
            "compiler",
            "Exact version of solc. Default: 0.8.4, as the reference uses.",
        ),
        attribute(
            "compiler_integrity",
            "Hash (`sha512-...`) of the npm package `solc` of that version, for versions that pospool does not know.",
        ),
    ],
    outputs: &[OutputSchema::new(
        TREE,
        "Folder of this machine with all its files, for a `ui` that is built from them.",
    )],
    open_outputs: true,
    identity: None,
    irreversible: None,
    example: "source \"reference\" {\n  git = \"https://github.com/conflux-fans/pos-pool\"\n  \
              rev = \"8d144489b18bd924ae34186420b45f95849ff8f1\"\n}\n",
};

/// Answers for `source`.
#[derive(Clone, Debug)]
pub struct SourceProvider {
    cache: Cache,
}

impl SourceProvider {
    /// Keeps what it loads and compiles in `cache`.
    #[must_use]
    pub fn new(cache: impl Into<Cache>) -> Self {
        Self {
            cache: cache.into(),
        }
    }

    fn request(&self, wanted: &Attributes) -> SourceRequest {
        let text = |name: &str| {
            wanted
                .get(name)
                .and_then(Value::as_text)
                .map(ToOwned::to_owned)
        };
        let mut request = SourceRequest::folder(PathBuf::new(), self.cache.clone());
        request.git = text("git");
        request.rev = text("rev");
        request.path = text("path").map(PathBuf::from);
        request.subdir = text("subdir");
        request.compiler_integrity = text("compiler_integrity");
        if let Some(compiler) = text("compiler") {
            request.compiler = compiler;
        }
        request
    }
}

#[async_trait]
impl Provider for SourceProvider {
    fn name(&self) -> &'static str {
        "source"
    }

    fn kinds(&self) -> &'static [KindSchema] {
        &[SOURCE]
    }

    /// Which contract an output is, is in its name; the rest is known once it is compiled.
    fn foreseen_outputs(&self, _: &str, used: &BTreeSet<String>) -> Attributes {
        let contracts = used
            .iter()
            .filter(|name| *name != TREE && SOURCE.attribute(name).is_none());
        let foreseen = contracts.map(|name| {
            let contract = name.rsplit(':').next().unwrap_or(name);
            let unknown = CONTRACT_PARTS.map(|part| (part.to_owned(), Value::Unknown));
            let mut parts = BTreeMap::from(unknown);
            parts.insert("contract".to_owned(), Value::from(contract));
            (name.clone(), Value::Map(parts))
        });
        foreseen.collect()
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        _: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        let mut found = Observation::default();
        for target in targets {
            let Some(wanted) = target.wanted else {
                continue;
            };
            let used = target.used.iter();
            let names: Vec<String> = used
                .filter(|name| SOURCE.attribute(name).is_none())
                .cloned()
                .collect();
            let request = self.request(wanted);
            let compiled = tokio::task::spawn_blocking(move || outputs(&request, names)).await;
            match compiled {
                Err(source) => {
                    let failed = ProviderError::Unreachable {
                        code: codes::PANIC,
                        what: "the compiler's thread".to_owned(),
                        source: Some(Box::new(source)),
                    };
                    let problem = failed.to_problem();
                    found.problems.push((target.address.clone(), problem));
                }
                Ok(Ok(outputs)) => {
                    let present = Observed::Present {
                        attributes: Attributes::new(),
                        outputs,
                    };
                    found.objects.insert(target.address.clone(), present);
                }
                Ok(Err(error)) => found
                    .problems
                    .push((target.address.clone(), problem(&error))),
            }
        }
        Ok(found)
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        Box::new(|_: &ChangeRequest<'_>, _: &PlanContext<'_>| Ok(Design::default()))
    }

    async fn prepare(&self, effect: &Effect, _: &Attributes) -> Result<Ticket, ProviderError> {
        Err(no_effect(&effect.name))
    }

    async fn commit(&self, ticket: &Ticket, _: &dyn Progress) -> Result<Attributes, ProviderError> {
        Err(no_effect(&ticket.key))
    }
}

/// What the spec reads of a source.
fn outputs(request: &SourceRequest, mut names: Vec<String>) -> Result<Attributes, SourceError> {
    let wants_tree = names.iter().any(|name| name == TREE);
    names.retain(|name| name != TREE);
    let artifacts = compile_all(request, names)?;
    let mut outputs: Attributes = artifacts
        .iter()
        .map(|(name, artifact)| (name.clone(), value(artifact, &request.cache.folder)))
        .collect();
    if wants_tree {
        let folder = find_source_tree(request)?.display().to_string();
        outputs.insert(TREE.to_owned(), Value::from(folder));
    }
    Ok(outputs)
}

/// Compiles what is named, and the proxy where the source has one.
fn compile_all(
    request: &SourceRequest,
    mut names: Vec<String>,
) -> Result<BTreeMap<String, Artifact>, SourceError> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    if names.iter().any(|name| name == PROXY) {
        return compile_contracts(request, &names);
    }
    let mut artifacts = compile_contracts(request, &names)?;
    names = vec![PROXY.to_owned()];
    match compile_contracts(request, &names) {
        Ok(proxy) => artifacts.extend(proxy),
        Err(SourceError::UnknownContract { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(artifacts)
}

/// What [`value`] tells of a contract beside its name.
const CONTRACT_PARTS: [&str; 9] = [
    "abi",
    "bytecode",
    "compiler",
    "digest",
    "file",
    "immutables",
    "input",
    "runtime",
    "storage_layout",
];

/// A compiled contract: code and ABI to deploy it; compiler, places of immutables and the file of the compiler's
/// input to have it verified.
fn value(artifact: &Artifact, cache: &Path) -> Value {
    let text = |text: &str| Value::from(text);
    let input = input_file(cache, artifact);
    Value::Map(BTreeMap::from([
        ("abi".to_owned(), Value::from(artifact.abi.to_string())),
        ("bytecode".to_owned(), text(&artifact.bytecode)),
        ("compiler".to_owned(), text(&artifact.compiler)),
        ("contract".to_owned(), text(&artifact.contract)),
        ("digest".to_owned(), text(&artifact.digest)),
        ("file".to_owned(), text(&artifact.file)),
        (
            "immutables".to_owned(),
            Value::from(artifact.immutables.to_string()),
        ),
        ("input".to_owned(), text(&input.to_string_lossy())),
        ("runtime".to_owned(), text(&artifact.runtime)),
        (
            "storage_layout".to_owned(),
            Value::from(artifact.storage_layout.to_string()),
        ),
    ]))
}

/// The error and its causes in one sentence, as a problem of the block.
fn problem(error: &SourceError) -> Problem {
    let mut summary = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        summary = format!("{summary}: {inner}");
        cause = inner.source();
    }
    let mut problem = Problem::new(error.code(), &[], summary);
    problem.help = error.help();
    problem
}

fn no_effect(name: &str) -> ProviderError {
    ProviderError::refused(
        codes::NO_EFFECT,
        format!("a source has no effect outside, and the plan names `{name}`"),
    )
}
