//! The way from files to a checked plan, which several commands share.
//!
//! - Reads: the spec, variables, the state, and the outside.
//! - Returns: the plan and every problem on the way.
//! - Never: changes anything outside.

use std::collections::{BTreeMap, BTreeSet};

use pospool_engine::blocked::Blocked;
use pospool_engine::moves::{self, MovedState};
use pospool_engine::observe::{self, SeenResources};
use pospool_engine::plan::{self, Options, PlannedChanges};
use pospool_engine::registry::Registry;
use pospool_engine::scope::Scope;
use pospool_engine::{check, resolve};
use pospool_lang::config::{self, Config};
use pospool_lang::spec::SourceFile;
use pospool_model::diagnostic::did_you_mean;
use pospool_model::plan::Plan;
use pospool_model::state::State;
use pospool_model::{Address, Diagnostic, Severity, Value};
use serde_json::{Value as Json, json};

use crate::args::{ScopeArgs, Variables};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;
use crate::view::Paint;
use crate::view::plan::Around;

use super::Session;

/// A decoded spec.
pub(super) struct Spec {
    pub(super) config: Config,
    /// All texts that a problem may speak of.
    pub(super) files: Vec<SourceFile>,
    pub(super) warnings: Vec<Diagnostic>,
}

/// Reads and decodes the spec; any error in it is a failure that holds all of them.
pub(super) fn require_spec(
    session: &Session<'_, '_>,
    variables: &Variables,
) -> Result<Spec, Failure> {
    require_spec_of_plan(session, variables, &BTreeMap::new())
}

/// The same with the values of variables that a saved plan was made with.
pub(super) fn require_spec_of_plan(
    session: &Session<'_, '_>,
    variables: &Variables,
    saved: &BTreeMap<String, Value>,
) -> Result<Spec, Failure> {
    match session.project.read_spec()? {
        Some(file) => decode(session, variables, saved, file),
        None => Err(Failure::NoSpec(session.project.spec_name.clone())),
    }
}

/// The same where a spec that is not there is an empty one.
pub(super) fn load_spec(session: &Session<'_, '_>, variables: &Variables) -> Result<Spec, Failure> {
    let nothing = || SourceFile::new(&session.project.spec_name, "");
    let file = session.project.read_spec()?.unwrap_or_else(nothing);
    decode(session, variables, &BTreeMap::new(), file)
}

pub(super) fn decode(
    session: &Session<'_, '_>,
    variables: &Variables,
    saved: &BTreeMap<String, Value>,
    file: SourceFile,
) -> Result<Spec, Failure> {
    let (project, registry) = (session.project, session.registry);
    let mut inputs = project.variable_inputs(variables)?;
    inputs.saved.clone_from(saved);
    let spec_files = [file];
    let (config, problems) = config::decode_spec(&spec_files, &registry.kinds(), &inputs);
    let mut files = Vec::from(spec_files);
    files.extend(inputs.files);
    let given = inputs.assignments.into_iter();
    files.extend(given.map(|(_, text, origin)| SourceFile::new(origin, text)));
    let spec = Spec {
        config,
        files,
        warnings: problems,
    };
    if !has_errors(&spec.warnings) {
        // Before anything of an earlier run is settled.
        let wanted = resolve::resolve_first(&spec.config, registry);
        registry.configure(&wanted);
        let of_state = project.named_key()?;
        let problems = resolve::find_reused_secrets(&spec.config, &wanted, of_state);
        if problems.is_empty() {
            return Ok(spec);
        }
        let files = spec.files;
        return Err(Failure::Problems { problems, files });
    }
    // What the providers have to say of the values is worth knowing in the same run.
    let mut problems = spec.warnings.clone();
    for problem in spec.check_values(registry) {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    Err(Failure::Problems {
        problems,
        files: spec.files,
    })
}

impl Spec {
    /// What providers say of the wanted attributes before anything outside is known.
    pub(super) fn check_values(&self, registry: &Registry) -> Vec<Diagnostic> {
        resolve::resolve_unseen(&self.config, registry).1
    }
}

/// A plan, and what it was made from.
pub(super) struct PlannedSpec {
    pub(super) plan: Plan,
    pub(super) seen: SeenResources,
    /// Problems of every stage. With an error among them the plan must not be applied.
    pub(super) problems: Vec<Diagnostic>,
    /// Faults that block a part of the plan, and no more than that.
    pub(super) faults: Vec<Diagnostic>,
    /// The user asked to take everything down.
    pub(super) destroy: bool,
}

/// Looks at the outside, plans, and checks the plan.
pub(super) async fn make_plan(
    spec: &Spec,
    state: &State,
    registry: &Registry,
    options: &Options,
    mut blocked: Blocked,
) -> Result<PlannedSpec, Failure> {
    if options.destroy {
        blocked.unlooked = observe::unlooked_by_destroy(&spec.config, state, registry, &blocked);
    }
    let mut seen = refresh_resources(spec, state, registry, blocked).await?;
    if options.destroy {
        // How well it is does not matter to what goes.
        seen.findings.clear();
    }
    Ok(plan_seen(spec, state, registry, options, seen))
}

/// Plans from what was seen, and checks the plan.
pub(super) fn plan_seen(
    spec: &Spec,
    state: &State,
    registry: &Registry,
    options: &Options,
    seen: SeenResources,
) -> PlannedSpec {
    let PlannedChanges {
        plan,
        refusals: mut problems,
        faults,
    } = plan::plan_changes(&spec.config, state, &seen, registry, options);
    problems.extend(check::check_plan(&plan, state, &seen));
    problems.extend(seen.warnings.iter().cloned());
    PlannedSpec {
        plan,
        seen,
        problems,
        faults,
        destroy: options.destroy,
    }
}

/// The state under the names that the spec has now.
pub(super) fn move_resources(
    spec: &Spec,
    state: &State,
    registry: &Registry,
) -> Result<MovedState, Failure> {
    let named = moves::move_resources(&spec.config, state, registry);
    named.map_err(|problems| Failure::Problems {
        problems,
        files: spec.files.clone(),
    })
}

/// Looks at the outside, but for what is blocked before. Only a spec that is wrong leaves nothing to plan from.
pub(super) async fn refresh_resources(
    spec: &Spec,
    state: &State,
    registry: &Registry,
    blocked: Blocked,
) -> Result<SeenResources, Failure> {
    let mut seen = observe::observe_resources(&spec.config, state, registry, blocked).await;
    if has_errors(&seen.problems) {
        let mut problems = spec.warnings.clone();
        problems.append(&mut seen.problems);
        return Err(Failure::Problems {
            problems,
            files: spec.files.clone(),
        });
    }
    Ok(seen)
}

/// Refuses a name that neither the spec nor the state has: a slip must not read as "nothing".
pub(super) fn require_known(address: &Address, known: &BTreeSet<&Address>) -> Result<(), Failure> {
    if known.contains(address) {
        return Ok(());
    }
    let names = known.iter().map(|known| known.as_str());
    Err(Failure::UnknownResource {
        address: address.to_string(),
        meant: did_you_mean(address.as_str(), names).map(ToOwned::to_owned),
    })
}

/// The part of spec and state that the user names.
pub(super) fn read_scope(spec: &Spec, state: &State, args: &ScopeArgs) -> Result<Scope, Failure> {
    let wanted = spec.config.resources().map(|resource| &resource.address);
    let known = wanted.chain(state.resources.keys()).collect();
    for address in args.target.iter().chain(&args.exclude) {
        require_known(address, &known)?;
    }
    Ok(Scope {
        target: args.target.iter().cloned().collect(),
        exclude: args.exclude.iter().cloned().collect(),
    })
}

impl PlannedSpec {
    /// Everything that its reader is told beside it: problems, then faults, then what the spec is warned of.
    fn diagnostics(&self, spec: &Spec) -> Vec<Diagnostic> {
        let mut all = self.problems.clone();
        all.extend(self.faults.iter().cloned());
        all.extend(spec.warnings.iter().cloned());
        all
    }

    /// It as JSON, with everything that its reader is told beside it.
    pub(super) fn to_json(&self, spec: &Spec) -> Json {
        let problems = self.diagnostics(spec);
        json!({
            "format_version": view::FORMAT_VERSION,
            "plan": self.plan,
            "findings": self.seen.findings,
            "diagnostics": view::diagnostics::diagnostics_to_json(&problems, &spec.files),
            "summary": view::plan::summarise_plan(&self.plan),
        })
    }

    fn around<'a>(&'a self, before: &'a State, paint: Paint) -> Around<'a> {
        Around {
            findings: &self.seen.findings,
            outputs: &before.outputs,
            destroy: self.destroy,
            refused: has_errors(&self.problems),
            paint,
        }
    }

    /// The same as a comment of a pull request.
    pub(super) fn to_comment(&self, spec: &Spec, before: &State) -> String {
        let around = self.around(before, Paint::PLAIN);
        let problems = self.diagnostics(spec);
        let problems = view::diagnostics::format_diagnostics(&problems, &spec.files, Paint::PLAIN);
        view::comment::format_comment(&self.plan, around, &problems)
    }

    /// The same for people: what it does on one stream, what is wrong on the other.
    pub(super) fn tell(
        &self,
        console: &mut Console<'_>,
        spec: &Spec,
        before: &State,
    ) -> Result<(), Failure> {
        let around = self.around(before, console.out_paint);
        console.say(&view::plan::format_plan(&self.plan, around))?;
        let problems = self.diagnostics(spec);
        if !problems.is_empty() {
            let paint = console.err_paint;
            let text = view::diagnostics::format_diagnostics(&problems, &spec.files, paint);
            console.tell(&format!("\n{text}"));
        }
        Ok(())
    }

    /// How a run ends that could do everything but what is blocked; `None` if nothing is.
    pub(super) fn blocked_exit(&self) -> Option<Exit> {
        Exit::of_blocked(&self.plan.blocked)
    }
}

pub(super) fn has_errors(problems: &[Diagnostic]) -> bool {
    problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
}
