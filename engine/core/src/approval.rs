//! Whether a saved plan is what would be planned now: it is what was approved, and never what is carried out.
//!
//! - Reads: the plan of a file, and the plan that the current spec and look give.
//! - Returns: why the one is not the other; nothing if it is.
//! - Never: takes anything from the file. Who can write the file can so refuse an apply, and do no more.
//!
//! What moves outside while nobody changes anything is the newest look's, and no reason: notes, outputs that are numbers or
//! amounts, what a provider names ([`pospool_model::Provider::without_moving`]), and costs that became less.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use pospool_lang::config::Config;
use pospool_model::plan::{Cost, Effect, Nature, Plan, Purpose, Step};
use pospool_model::state::State;
use pospool_model::{Address, Value};
use serde_json::Value as Json;

use crate::check::sum_costs;
use crate::observe::SeenResources;
use crate::planfile::{PlanFile, this_version};
use crate::registry::Registry;

/// Most characters of a value in a reason.
const SHOWN: usize = 60;

/// Resources that would change now and that a saved plan does not touch: they are left as they are.
#[must_use]
pub fn find_untouched(approved: &Plan, now: &Plan) -> BTreeSet<Address> {
    let touched: BTreeSet<&Address> = approved.steps.iter().map(|step| &step.address).collect();
    let steps = now.steps.iter().map(|step| &step.address);
    steps
        .filter(|address| !touched.contains(address))
        .cloned()
        .collect()
}

/// Why a saved plan cannot be what would be planned now, whatever that is; empty if it can be.
#[must_use]
pub fn find_other_origin(file: &PlanFile, config: &Config, state: &State) -> Vec<String> {
    let plan = &file.plan;
    let mut reasons = Vec::new();
    if file.made_by != this_version() {
        let made_by = match file.made_by.as_str() {
            "" => "an older version",
            version => version,
        };
        reasons.push(format!(
            "pospool {made_by} made it, and this is {}",
            this_version()
        ));
    }
    if plan.spec_digest != config.digest() {
        let mut reason = "the spec or its variables changed".to_owned();
        if !file.withheld.is_empty() {
            let names: Vec<&str> = file.withheld.iter().map(String::as_str).collect();
            let names = names.join("`, `");
            let _ = write!(
                reason,
                "; a plan does not keep `{names}`, since a URL in it may hold a key: give the same value again"
            );
        }
        reasons.push(reason);
    }
    if plan.lineage != state.lineage {
        reasons.push("it was made from another state".to_owned());
    } else if plan.serial != state.serial {
        reasons.push(format!(
            "the state went from serial {} to {}",
            plan.serial, state.serial
        ));
    }
    reasons
}

/// Why a saved plan is not the plan of now; empty if it is.
#[must_use]
pub fn find_differences(
    approved: &Plan,
    now: &Plan,
    seen: &SeenResources,
    registry: &Registry,
) -> Vec<String> {
    let mut reasons = Vec::new();
    for (address, identity) in &approved.chains {
        if seen.chains.get(address) != Some(identity) {
            reasons.push(format!("`{address}` is another chain now"));
        }
    }
    for (name, then) in &approved.bindings {
        let now = seen.bindings.get(name).map_or("nothing", String::as_str);
        let is_moved = approved.counters.contains_key(name) && approved.moves_counter(name);
        if now != then && is_moved {
            reasons.push(format!("{name} went from {then} to {now}"));
        }
    }
    if approved.moved != now.moved {
        reasons.push("other resources are renamed in the state now".to_owned());
    }
    reasons.extend(find_other_steps(approved, now, seen, registry));
    let names: BTreeSet<&String> = approved.outputs.keys().chain(now.outputs.keys()).collect();
    let outputs = names.into_iter().filter(|name| {
        let both = approved.outputs.get(*name).zip(now.outputs.get(*name));
        !both.is_some_and(|(then, now)| is_alike(then, now))
    });
    reasons.extend(outputs.map(|name| format!("output `{name}` is another one now")));
    for (what, is_same) in [
        ("groups", approved.groups == now.groups),
        ("barriers", approved.barriers == now.barriers),
    ] {
        if !is_same {
            reasons.push(format!("its {what} are not those of its steps"));
        }
    }
    reasons
}

fn find_other_steps(
    approved: &Plan,
    now: &Plan,
    seen: &SeenResources,
    registry: &Registry,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let steps_now: BTreeMap<&Address, &Step> =
        now.steps.iter().map(|it| (&it.address, it)).collect();
    for then in &approved.steps {
        let address = &then.address;
        let Some(now) = steps_now.get(address) else {
            reasons.push(if seen.blocked.holds(address) {
                format!("`{address}` is blocked now, and was not")
            } else {
                format!("nothing would be done about `{address}` now")
            });
            continue;
        };
        let (then_json, now_json) = (comparable(then, registry), comparable(now, registry));
        if let Some(difference) = first_difference(&then_json, &now_json) {
            reasons.push(format!("`{address}`: {difference}"));
        } else if costs_more(&then.costs, &now.costs) {
            reasons.push(format!("`{address}` may cost more now than was approved"));
        }
    }
    let untouched = find_untouched(approved, now);
    reasons.extend(
        untouched
            .iter()
            .map(|address| format!("`{address}` would change now, and the plan does not say so")),
    );
    let order = |plan: &Plan| -> Vec<Address> {
        let steps = plan.steps.iter();
        steps.map(|step| step.address.clone()).collect()
    };
    if reasons.is_empty() && order(approved) != order(now) {
        reasons.push("its steps are in another order".to_owned());
    }
    reasons
}

/// A step without what moves by itself.
fn comparable(step: &Step, registry: &Registry) -> Json {
    let mut step = step.clone();
    step.notes.clear();
    step.costs.clear();
    if let Some(record) = &mut step.record {
        let schema = registry.schema(step.address.kind());
        let moves = |name: &str| schema.is_some_and(|schema| schema.output_moves(name));
        record.outputs.retain(|name, _| !moves(name));
    }
    for effect in &mut step.effects {
        without_moving(effect, registry);
    }
    to_json(&step)
}

fn without_moving(effect: &mut Effect, registry: &Registry) {
    if effect.nature == Nature::Wait {
        effect.summary.clear();
    }
    if let Some(provider) = registry.by_name(&effect.provider) {
        effect.payload = provider.without_moving(std::mem::take(&mut effect.payload));
    }
}

fn costs_more(then: &[Cost], now: &[Cost]) -> bool {
    let then = sum_costs(then);
    let approved = |payer: &Address, purpose: &Purpose| then.get(payer)?.get(purpose).copied();
    sum_costs(now).iter().any(|(payer, costs)| {
        let mut costs = costs.iter();
        costs.any(|(purpose, cost)| *cost > approved(payer, purpose).unwrap_or_default())
    })
}

/// Whether two values of an output differ in nothing but numbers.
fn is_alike(then: &Value, now: &Value) -> bool {
    match (then, now) {
        (Value::Integer(_), Value::Integer(_))
        | (Value::Amount(_), Value::Amount(_))
        | (Value::Blocks(_), Value::Blocks(_)) => true,
        (Value::List(then), Value::List(now)) => {
            then.len() == now.len() && then.iter().zip(now).all(|(then, now)| is_alike(then, now))
        }
        (Value::Map(then), Value::Map(now)) => {
            then.len() == now.len()
                && then
                    .iter()
                    .all(|(name, then)| now.get(name).is_some_and(|now| is_alike(then, now)))
        }
        (then, now) => then == now,
    }
}

fn to_json(value: &impl serde::Serialize) -> Json {
    serde_json::to_value(value).expect("plain data with text keys always has a JSON form")
}

/// Where two JSON values differ first, for a person.
fn first_difference(then: &Json, now: &Json) -> Option<String> {
    let (path, then, now) = first_pair(String::new(), Some(then), Some(now))?;
    let shown = |value: Option<&Json>| match value {
        None => "nothing".to_owned(),
        Some(value) => shorten(&value.to_string()),
    };
    let path = if path.is_empty() {
        "it"
    } else {
        path.trim_start_matches('.')
    };
    Some(format!(
        "{path} is {} in the file, and {} as planned now",
        shown(then),
        shown(now)
    ))
}

type Pair<'a> = (String, Option<&'a Json>, Option<&'a Json>);

fn first_pair<'a>(path: String, then: Option<&'a Json>, now: Option<&'a Json>) -> Option<Pair<'a>> {
    if then == now {
        return None;
    }
    match (then, now) {
        (Some(Json::Object(a)), Some(Json::Object(b))) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            names
                .into_iter()
                .find_map(|name| first_pair(format!("{path}.{name}"), a.get(name), b.get(name)))
        }
        (Some(Json::Array(a)), Some(Json::Array(b))) => (0..a.len().max(b.len()))
            .find_map(|nth| first_pair(format!("{path}[{nth}]"), a.get(nth), b.get(nth))),
        _ => Some((path, then, now)),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocked::Block;
    use crate::codes;
    use pospool_model::Diagnostic;

    fn differences(approved: &Plan, now: &Plan, seen: &SeenResources) -> Vec<String> {
        find_differences(approved, now, seen, &Registry::new(Vec::new()))
    }

    #[test]
    fn case_saved_vars_a_value_that_is_not_kept_is_named_where_the_digest_is_another() {
        let mut file = PlanFile::new(Plan::default(), BTreeMap::new());
        file.withheld.insert("rpc".to_owned());
        file.plan.spec_digest = "of rpc".to_owned();
        let reasons = find_other_origin(&file, &Config::default(), &State::default());
        assert!(reasons[0].contains("does not keep `rpc`"), "{reasons:?}");
    }

    #[test]
    fn case_false_alarm_a_plan_stays_fresh_while_a_service_signs_with_an_account_that_it_does_not_use()
     {
        let name = "nonce core cfx:aa";
        let mut plan = Plan::default();
        plan.bindings.insert(name.to_owned(), "5".to_owned());
        plan.counters.insert(name.to_owned(), 5);
        let stale = |plan: &Plan, now: &str| {
            let mut seen = SeenResources::default();
            seen.bindings.insert(name.to_owned(), now.to_owned());
            differences(plan, plan, &seen)
        };
        assert_eq!(stale(&plan, "7"), Vec::<String>::new());
        // The plan signs too.
        plan.counters.insert(name.to_owned(), 6);
        assert_eq!(stale(&plan, "7"), ["nonce core cfx:aa went from 5 to 7"]);
        assert_eq!(stale(&plan, "4").len(), 1, "an older chain");
        assert_eq!(stale(&plan, "nothing").len(), 1, "not seen");
        assert_eq!(stale(&plan, "5"), Vec::<String>::new());
    }

    #[test]
    fn a_step_that_is_blocked_now_is_named_as_that() {
        let step: Step = serde_json::from_value(serde_json::json!({
            "address": "thing.a", "action": "update", "reason": "differs", "changes": [], "irreversible": null,
            "notes": [], "costs": [], "effects": [], "record": null,
        }))
        .unwrap();
        let approved = Plan {
            steps: vec![step],
            ..Plan::default()
        };
        let mut seen = SeenResources::default();
        let now = Plan::default();
        let gone = ["nothing would be done about `thing.a` now"];
        assert_eq!(differences(&approved, &now, &seen), gone);
        let fault = Diagnostic::error(codes::PLAN_IN_USE, "it cannot be looked at");
        let address = "thing.a".parse().unwrap();
        seen.blocked.add(&address, Block::Faults(vec![fault]));
        let blocked = ["`thing.a` is blocked now, and was not"];
        assert_eq!(differences(&approved, &now, &seen), blocked);
    }
}
