//! What happens to one resource, and why: a table over what is there, what is recorded and what differs.

use pospool_lang::config::Config;
use pospool_model::plan::{Action, Reason};
use pospool_model::provider::Observed;
use pospool_model::state::State;
use pospool_model::{Address, Diagnostic, KindSchema};

use super::diff::Comparison;
use crate::codes;

/// One decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) action: Action,
    pub(super) reason: Reason,
}

/// Decides; `None` when there is nothing to do.
pub(super) fn decide_change(
    observed: &Observed,
    recorded: bool,
    complete: bool,
    found: &Comparison,
) -> Option<Decision> {
    let there = *observed != Observed::Absent;
    let (action, reason) = match (there, recorded, complete) {
        (false, false, _) => (Action::Create, Reason::Missing),
        (false, true, false) => (Action::Create, Reason::Incomplete),
        (false, true, true) => (Action::Create, Reason::Gone),
        (true, false, _) if found.changes.is_empty() => (Action::Adopt, Reason::Found),
        (true, false, _) => (found.action(), Reason::Found),
        (true, true, false) => (found.action(), Reason::Incomplete),
        (true, true, true) if found.changes.is_empty() => return None,
        (true, true, true) if found.all_drifted => (found.action(), Reason::Drifted),
        (true, true, true) => (found.action(), Reason::Differs),
    };
    Some(Decision { action, reason })
}

/// What differs and cannot be changed, such as the owner of a contract: the resource stays as it is, and nothing else does.
pub(super) fn find_fixed(
    config: &Config,
    address: &Address,
    decision: Decision,
    found: &Comparison,
) -> Vec<Diagnostic> {
    if decision.action == Action::Create {
        return Vec::new();
    }
    let fixed = found.refused.iter().map(|path| {
        let names: Vec<String> = path.split('.').map(ToOwned::to_owned).collect();
        Diagnostic::error(
            codes::PLAN_FIXED_ATTRIBUTE,
            format!("`{path}` of `{address}` cannot be changed once it exists"),
        )
        .at(config.span_of(address, &names))
        .help("write the old value again, or give the new one to a resource with another label")
    });
    fixed.collect()
}

/// Reasons why no part of a plan with this decision may be carried out.
pub(super) fn find_refusals(
    config: &Config,
    address: &Address,
    schema: &KindSchema,
    decision: Decision,
    state: &State,
) -> Vec<Diagnostic> {
    let mut refused = Vec::new();
    let span = || config.span_of(address, &[String::new()]);
    let lifecycle = config.get(address).map(|resource| &resource.lifecycle);
    let protected = lifecycle.is_some_and(|lifecycle| lifecycle.prevent_destroy)
        || state
            .resources
            .get(address)
            .is_some_and(|recorded| recorded.protected);
    if decision.action == Action::Replace && protected {
        refused.push(protected_error(address).at(span()));
    }
    if let Some(why) = schema.irreversible
        && matches!(decision.action, Action::Create | Action::Replace)
    {
        refused.extend(refuse_unaccepted(config, address, why));
    }
    refused
}

/// The refusal of what cannot be undone and its block does not accept.
pub(super) fn refuse_unaccepted(
    config: &Config,
    address: &Address,
    why: &str,
) -> Option<Diagnostic> {
    let block = config.get(address);
    if block.is_some_and(|block| block.lifecycle.accepts_irreversible) {
        return None;
    }
    let problem = Diagnostic::error(
        codes::PLAN_IRREVERSIBLE,
        format!("`{address}` cannot be undone: {why}"),
    );
    Some(
        problem
            .at(config.span_of(address, &[]))
            .help("read it, then write `lifecycle { irreversible = \"accept\" }` into the block"),
    )
}

/// The refusal to take down what `prevent_destroy` protects.
pub(super) fn protected_error(address: &Address) -> Diagnostic {
    Diagnostic::error(
        codes::PLAN_PROTECTED,
        format!("`{address}` is protected by `prevent_destroy` and would be taken down"),
    )
    .help("set `prevent_destroy = false` in its block and apply that first")
}

impl Comparison {
    /// In place, or made again.
    fn action(&self) -> Action {
        if self.changes.iter().any(|change| change.forces_replacement) {
            Action::Replace
        } else {
            Action::Update
        }
    }
}
