//! How contracts are verified: one comparison with the chain, then one submission for each part.
//!
//! - Reads: what is wanted, and the contracts as they are planned so far.
//! - Returns: the steps. The comparison waits for the contracts' own steps, a submission for the comparison.
//! - Never: hands anything in before the code on the chain is known to be that of the source.

use pospool_conflux::hex::hex_text;
use pospool_model::plan::{Action, Effect, EffectId, Level, Nature, Need};
use pospool_model::provider::{Design, Task, World};
use pospool_model::{Address, Attributes, Problem, Value};

use super::parts::{self, Part, Surroundings};
use super::{contracts, site};
use crate::kinds::PROVIDER;
use crate::work::{CheckCode, CheckedPart, VerifyWork, Work};

/// Name of the comparison among the steps.
const CHECK: &str = "check";

/// Designs one change.
pub(crate) fn design_verification(
    task: &Task<'_>,
    world: &World<'_>,
) -> Result<Design, Vec<Problem>> {
    if matches!(task.action, Action::Delete | Action::Forget) {
        return Ok(Design::forgotten(vec![
            "what an explorer has verified stays so".to_owned(),
        ]));
    }
    make(task, world).map_err(|problem| vec![problem])
}

fn make(task: &Task<'_>, world: &World<'_>) -> Result<Design, Problem> {
    let around = Surroundings {
        wanted: world.wanted,
        outputs: world.outputs,
    };
    let parts: Vec<Part> = parts::parts_of(task.wanted, around)?
        .into_iter()
        .map(placed)
        .collect();
    let mut design = Design {
        ordered: true,
        ..Design::default()
    };
    design.effects.push(Effect {
        name: CHECK.to_owned(),
        provider: PROVIDER.to_owned(),
        summary: format!("compare the code of {} with its source", list(&parts)),
        nature: Nature::Wait,
        payload: payload(&Work::CheckCode(CheckCode {
            parts: parts.iter().filter_map(CheckedPart::of).collect(),
        })),
        inputs: [].into(),
        needs: needs(task.wanted, world),
    });
    let checked = EffectId {
        address: task.address.clone(),
        name: CHECK.to_owned(),
    };
    let mut links = Vec::new();
    for part in &parts {
        let Some(order) = order_of(task.wanted, part)? else {
            continue;
        };
        links.push(Value::from(order.link.as_str()));
        design.effects.push(Effect {
            name: format!("verify {}", part.what()),
            provider: PROVIDER.to_owned(),
            summary: format!("verify {} at {}", part.what(), order.api),
            nature: Nature::Act,
            payload: payload(&Work::Verify(Box::new(order))),
            inputs: [].into(),
            needs: vec![Need {
                effect: checked.clone(),
                level: Level::Done,
            }],
        });
    }
    design
        .outputs
        .insert("links".to_owned(), Value::List(links));
    Ok(design)
}

/// While the planner still looks for an address, the part is nowhere; the plan that is given out has the real one.
fn placed(part: Part) -> Part {
    let address = Some(part.address.unwrap_or_default());
    Part { address, ..part }
}

/// All steps of the contracts must have ended.
fn needs(wanted: &Attributes, world: &World<'_>) -> Vec<Need> {
    let effects = |contract: &Address| world.effects.get(contract).cloned().unwrap_or_default();
    let all = contracts(wanted).into_iter().flat_map(effects);
    all.map(|effect| Need {
        effect,
        level: Level::Done,
    })
    .collect()
}

/// What an explorer must be told of a part; `None` without an explorer.
pub(super) fn order_of(wanted: &Attributes, part: &Part) -> Result<Option<VerifyWork>, Problem> {
    let Some(site) = site(wanted, &part.network, part.space)? else {
        return Ok(None);
    };
    let address = part.address.clone().unwrap_or_default();
    let api_key = match wanted.get("api_key") {
        Some(Value::Secret(reference)) => Some(reference.clone()),
        _ => None,
    };
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

fn payload(work: &Work) -> serde_json::Value {
    serde_json::to_value(work).expect("plain data with text keys always has a JSON form")
}
