//! How contracts are verified: one comparison with the chain, then one submission for each part.
//!
//! - Reads: what is wanted, and the contracts as they are planned so far.
//! - Returns: the steps. The comparison waits for the contracts' own steps, a submission for the comparison.
//! - Never: hands anything in before the code on the chain is known to be that of the source.

use pospool_conflux::hex::hex_text;
use pospool_model::plan::{Action, Need};
use pospool_model::provider::PlanContext;
use pospool_model::{Address, Attributes, Problem, Value};

use super::parts::{self, KnownResources, Part};
use super::{VerificationSpec, contracts, site};
use crate::draft::ChangeDraft;
use crate::work::{CheckCode, CheckedPart, EffectWork, VerifyWork};

/// Name of the comparison among the steps.
const CHECK: &str = "check";

/// Designs one change.
pub(crate) fn design_verification(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    if matches!(draft.task.action, Action::Delete | Action::Forget) {
        draft.forget(["what an explorer has verified stays so"]);
        return Ok(());
    }
    let (wanted, world) = (draft.task.wanted, draft.world);
    let around = KnownResources {
        wanted: world.wanted,
        outputs: world.outputs,
    };
    let parts = parts::parts_of(wanted, around)?;
    let parts: Vec<Part> = parts.into_iter().map(placed).collect();
    let check = EffectWork::CheckCode(CheckCode {
        parts: parts.iter().filter_map(CheckedPart::of).collect(),
    });
    let summary = format!("compare the code of {} with its source", list(&parts));
    let checked = draft.wait(CHECK, summary, &check, [].into(), needs(wanted, &world));
    let mut links = Vec::new();
    for part in &parts {
        let Some(order) = order_of(wanted, part)? else {
            continue;
        };
        links.push(Value::from(order.link.as_str()));
        let summary = format!("verify {} at {}", part.what(), order.api);
        let needs = vec![Need::ended(checked.clone())];
        let name = format!("verify {}", part.what());
        draft.act(name, summary, &EffectWork::Verify(Box::new(order)), needs);
    }
    draft.output("links", Value::List(links));
    Ok(())
}

/// While the planner still looks for an address, the part is nowhere; the plan that is given out has the real one.
fn placed(part: Part) -> Part {
    let address = Some(part.address.unwrap_or_default());
    Part { address, ..part }
}

/// All steps of the contracts must have ended.
fn needs(wanted: &Attributes, world: &PlanContext<'_>) -> Vec<Need> {
    let effects = |contract: &Address| world.effects.get(contract).cloned().unwrap_or_default();
    let all = contracts(wanted).into_iter().flat_map(effects);
    all.map(Need::ended).collect()
}

/// What an explorer must be told of a part; `None` without an explorer.
pub(super) fn order_of(wanted: &Attributes, part: &Part) -> Result<Option<VerifyWork>, Problem> {
    let Some(site) = site(wanted, &part.network, part.space)? else {
        return Ok(None);
    };
    let address = part.address.clone().unwrap_or_default();
    let api_key = VerificationSpec::read(wanted).api_key.known().cloned();
    Ok(Some(VerifyWork {
        what: part.what(),
        space: part.space,
        link: format!("{}/address/{address}", site.pages),
        api: site.api,
        api_key,
        address,
        name: part.compiled.name.clone(),
        compiler: part.compiled.compiler.clone(),
        input: part.compiled.input.clone(),
        arguments: hex_text(&part.arguments)
            .trim_start_matches("0x")
            .to_owned(),
    }))
}

fn list(parts: &[Part]) -> String {
    let names: Vec<_> = parts.iter().map(Part::what).collect();
    names.join(", ")
}
