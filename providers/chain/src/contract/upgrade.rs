//! How a contract gets other code: its proxy is pointed at a new implementation, and its storage stays.
//!
//! - Reads: the wanted code, the recorded storage layout, what the proxy points at and what code is there.
//! - Returns: a creation, the call of `upgradeTo`, the wished call after it, and a look at the proxy's slot.
//! - Never: replaces a contract without a proxy, sends anything for other comments, or puts code on a storage that it
//!   would misread.

mod storage;

use pospool_conflux::{ChainAddress, abi};
use pospool_conflux_tx::gas;
use pospool_model::plan::{EffectId, Need};
use pospool_model::provider::ChangeRequest;
use pospool_model::{Problem, Value};

use self::storage::Storage;
use super::artifact::{self, DeployableCode};
use super::steps::{DeployScope, draft_deployment, own_implementation};
use super::{CodeName, ContractSpec, is_proxied};
use crate::codes;
use crate::draft::{ChangeDraft, PlannedTransaction};
use crate::verification::Likeness;
use crate::work::{CheckCode, CheckedPart, EffectWork};

/// Attribute with the call that follows an upgrade.
pub(super) const MIGRATE: &str = "migrate";
/// Output: where the code keeps its variables.
pub(crate) const STORAGE: &str = "storage";
/// Output of an upgrade whose migration has not ended: the digest of the code.
const UPGRADED: &str = "upgraded";

/// Designs the way to the wanted code, if there is one.
pub(super) fn design_upgrade(
    scope: &DeployScope<'_>,
    contract: ChainAddress,
    draft: &mut ChangeDraft<'_>,
) -> Result<(), Problem> {
    let (task, world) = (draft.task, draft.world);
    let found = artifact::find_artifact(world.outputs, &scope.code)?;
    let known = &scope.known;
    let alike = matches!(
        known.likeness,
        Some(Likeness::Exact | Likeness::ButForMetadata)
    );
    let migration = migration(&task, &found)?;
    let storage = storage_of(artifact::artifact_value(world.outputs, &scope.code)?);
    if migration.is_some() && scope.owner.facts.key.is_none() {
        return Err(unseen_migration());
    }
    let points_there = known.pointed_at.is_some() && known.pointed_at == known.implementation;
    if alike && (points_there || !is_proxied(task.wanted)) {
        match migration.filter(|_| is_unmigrated(&task, &scope.code)) {
            Some(call) => drop(migrate(scope, contract, &call, draft)?),
            None => draft.note(
                "only comments or names of the source are others: the code on the chain does the same, and nothing is sent"
                    .to_owned(),
            ),
        }
    } else if is_proxied(task.wanted) {
        fits(draft, scope, storage.as_ref())?;
        let made = if alike {
            own_implementation(scope, &found, draft)?
        } else {
            None
        };
        let new = implementation(scope, &found, made, draft)?;
        let mut last = point(scope, contract, new, migration.is_some(), draft)?;
        if let Some(call) = &migration {
            last = migrate(scope, contract, call, draft)?;
        }
        look(scope, (contract, new), last, draft)?;
        draft.output("implementation", Value::Text(new.to_string()));
    } else {
        return Err(no_proxy(&task));
    }
    draft.output("code", scope.code.value());
    if let Some(storage) = storage {
        draft.output(STORAGE, storage.record());
    }
    Ok(())
}

/// The implementation that an earlier run left behind, or a new one.
fn implementation(
    scope: &DeployScope<'_>,
    found: &DeployableCode,
    made: Option<ChainAddress>,
    draft: &mut ChangeDraft<'_>,
) -> Result<ChainAddress, Problem> {
    if let Some(made) = made {
        draft.note(format!(
            "goes on with the implementation at {made}, which an earlier run made"
        ));
        return Ok(made);
    }
    // It is in use only when the proxy points at it, so it does not change the output `code`.
    let outputs = |address: ChainAddress| {
        let text = Value::Text(address.to_string());
        vec![("implementation", text)]
    };
    draft_deployment(scope, found, "implementation", &outputs, draft)
}

/// The layout that a source tells of some code.
pub(super) fn storage_of(value: &Value) -> Option<Storage> {
    let text = value.as_map()?.get("storage_layout")?.as_text()?;
    Storage::of_compiler(text)
}

/// Both layouts must be known, and the new code must find each variable where the old one left it.
fn fits(
    draft: &ChangeDraft<'_>,
    scope: &DeployScope<'_>,
    new: Option<&Storage>,
) -> Result<(), Problem> {
    let (task, world) = (draft.task, draft.world);
    let recorded = task.recorded;
    let kept = recorded.and_then(|recorded| Storage::of_record(recorded.outputs.get(STORAGE)?));
    let old = kept.or_else(|| {
        let code = CodeName::read(ContractSpec::read(&recorded?.attributes).code.known()?)?;
        storage_of(artifact::artifact_value(world.outputs, &code).ok()?)
    });
    let (Some(old), Some(new)) = (old, new) else {
        let summary = format!(
            "nobody knows where the code of `{}` keeps its variables, so it cannot be upgraded",
            task.address
        );
        return Err(Problem::new(codes::UNKNOWN_STORAGE, &["code"], summary).help(
            "keep the source of the old code in the spec as another `source`, with an `output` that names its contract",
        ));
    };
    let clashes = old.clashes(new);
    if clashes.is_empty() {
        return Ok(());
    }
    let summary = format!(
        "the new `{}` would misread what the old one has stored: {}",
        scope.code.contract,
        clashes.join("; ")
    );
    Err(Problem::new(codes::STORAGE_CLASH, &["code"], summary).help(
        "keep all variables in their order with their types, and add new ones behind the others",
    ))
}

/// The call that the spec wants after an upgrade.
fn migration(task: &ChangeRequest<'_>, found: &DeployableCode) -> Result<Option<String>, Problem> {
    let Some(call) = ContractSpec::read(task.wanted).migrate.known() else {
        return Ok(None);
    };
    let name = call.trim_end_matches("()");
    if abi::has_plain_function(&found.abi, name) {
        return Ok(Some(format!("{name}()")));
    }
    let summary = format!("the new code has no function `{name}()`");
    Err(Problem::new(codes::NO_MIGRATION, &[MIGRATE], summary)
        .help("name a function without arguments, such as \"migrate()\""))
}

/// An earlier run pointed the proxy at this code and came no further.
fn is_unmigrated(task: &ChangeRequest<'_>, code: &CodeName) -> bool {
    let output = |name: &str| {
        task.recorded
            .and_then(|recorded| recorded.outputs.get(name))
    };
    let upgraded = output(UPGRADED).and_then(Value::as_text) == Some(&code.digest);
    upgraded && output("code").and_then(CodeName::read).as_ref() != Some(code)
}

fn point(
    scope: &DeployScope<'_>,
    proxy: ChainAddress,
    new: ChainAddress,
    migrates: bool,
    draft: &mut ChangeDraft<'_>,
) -> Result<EffectId, Problem> {
    let data = abi::encode_call("upgradeTo(address)", &[abi::Argument::Address(new.bytes())]);
    let instead = scope
        .known
        .pointed_at
        .map(|old| format!(" instead of {old}"))
        .unwrap_or_default();
    let summary = format!("point the proxy at {new}{instead}");
    let mut plan = PlannedTransaction::new(
        "upgrade",
        summary,
        gas::call_limits(scope.owner.space(), &data, 2),
    );
    plan.to = Some(proxy);
    plan.data = Some(data);
    let (name, value) = if migrates {
        (UPGRADED, Value::from(scope.code.digest.as_str()))
    } else {
        ("code", scope.code.value())
    };
    plan.outputs.insert(name.to_owned(), value);
    draft.send(scope.owner, plan)
}

fn migrate(
    scope: &DeployScope<'_>,
    proxy: ChainAddress,
    call: &str,
    draft: &mut ChangeDraft<'_>,
) -> Result<EffectId, Problem> {
    let data = abi::function_selector(call);
    let limits = gas::call_limits(scope.owner.space(), &data, 16);
    let mut plan = PlannedTransaction::new(MIGRATE, format!("call `{call}` once"), limits);
    plan.to = Some(proxy);
    plan.data = Some(data.to_vec());
    plan.outputs.insert("code".to_owned(), scope.code.value());
    draft.send(scope.owner, plan)
}

/// Adds a look at what is there afterwards: the code, and the slot of the proxy.
fn look(
    scope: &DeployScope<'_>,
    (proxy, implementation): (ChainAddress, ChainAddress),
    after: EffectId,
    draft: &mut ChangeDraft<'_>,
) -> Result<(), Problem> {
    let chain = &scope.owner.chain.reference;
    let address = draft.task.address;
    let code = artifact::artifact_value(draft.world.outputs, &scope.code)?;
    let what = format!("`{address}`");
    let behind = CheckedPart::at(what, implementation, chain, code)?;
    let what = format!("the proxy of `{address}`");
    let front = CheckedPart::pointing(what, proxy, chain, implementation);
    let work = EffectWork::CheckCode(CheckCode {
        parts: vec![behind, front],
    });
    let needs = vec![Need::ended(after)];
    let summary = "look at the code, and at where the proxy points".to_owned();
    draft.wait("check", summary, &work, [].into(), needs);
    Ok(())
}

/// Whether a call that somebody signs elsewhere was sent after the upgrade is seen by nobody.
fn unseen_migration() -> Problem {
    let summary = "the owner signs elsewhere, and nobody would see whether `migrate` was called";
    Problem::new(codes::NO_MIGRATION, &[MIGRATE], summary)
        .help("take `migrate` out, and have the owner call it right after `upgradeTo`")
}

fn no_proxy(task: &ChangeRequest<'_>) -> Problem {
    let summary = format!(
        "`{}` has no proxy, so its code stays what it is",
        task.address
    );
    Problem::new(codes::NO_UPGRADE, &["code"], summary).help(
        "name the old source again, or write the new code into a block with another label: that is another contract with another address",
    )
}

#[cfg(test)]
mod tests;
