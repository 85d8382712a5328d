//! A plan for people, and its summary for programs.
//!
//! - Reads: a plan, and the outputs before it.
//! - Returns: what changed outside, what will be done and why, what cannot be undone, what it costs.
//! - Never: leaves out a step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use pospool_engine::check;
use pospool_model::finding::has_trouble;
use pospool_model::plan::{Action, Drift, Plan, Purpose, Reason, Step};
use pospool_model::{Address, Drip, Finding, Value};
use serde_json::{Value as Json, json};

use super::findings::{format_findings, summarise_findings};
use super::{Paint, changes, clean_line, format_count, indent_lines};

/// Actions in the order in which the last line counts them.
const ACTIONS: [Action; 6] = [
    Action::Create,
    Action::Adopt,
    Action::Update,
    Action::Replace,
    Action::Delete,
    Action::Forget,
];

/// What a plan's text depends on beside the plan.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// What the look found that no step mends.
    pub findings: &'a [Finding],
    /// Outputs of the state before it.
    pub outputs: &'a BTreeMap<String, Value>,
    /// The user asked to take everything down.
    pub destroy: bool,
    /// Errors were found, so that the plan must not be applied.
    pub refused: bool,
    /// Colours.
    pub paint: Paint,
}

/// The plan as text.
#[must_use]
pub fn format_plan(plan: &Plan, around: Around<'_>) -> String {
    let paint = around.paint;
    let mut sections = Vec::new();
    if !plan.left_out.is_empty() {
        let number = format_count(plan.left_out.len(), "resource is", "resources are");
        let text = format!("a part only: {number} left out and not looked at");
        sections.push(format!("{}\n", paint.bold(&text)));
    }
    sections.extend(moved(plan, paint));
    sections.extend(format_findings(around.findings, paint));
    if !plan.drift.is_empty() {
        let title = paint.bold("changed outside since the last run:");
        let drifts: String = plan
            .drift
            .iter()
            .map(|drift| drifted(drift, paint))
            .collect();
        sections.push(format!("{title}\n{drifts}"));
    }
    sections.extend(plan.steps.iter().map(|step| stepped(step, around)));
    sections.extend(blocked(plan, paint));
    let outputs = outputs(plan, around.outputs, paint);
    let counts = counts(plan, around, outputs.is_some());
    sections.extend(outputs);
    sections.extend(irreversible(plan, paint));
    sections.extend(money(plan, paint));
    sections.push(format!("{}\n", paint.bold(&counts)));
    sections.join("\n")
}

/// What a program wants to know of a plan without reading it.
#[must_use]
pub fn summarise_plan(plan: &Plan) -> Json {
    let steps = ACTIONS.map(|action| (action.to_string(), json!(of(plan, action))));
    let costs: BTreeMap<String, Json> = check::sum_costs(plan.costs())
        .into_iter()
        .map(|(payer, costs)| {
            let costs: BTreeMap<&str, String> = costs
                .into_iter()
                .map(|(purpose, drip)| (key(purpose), drip.0.to_string()))
                .collect();
            (payer.to_string(), json!(costs))
        })
        .collect();
    json!({
        "steps": plan.steps.len(),
        "actions": BTreeMap::from(steps),
        "effects": count_effects(plan),
        "blocked": count_blocked(plan),
        "left_out": plan.left_out.len(),
        "drift": plan.drift.len(),
        "only_drift": only_drift(plan),
        "irreversible": plan.steps.iter().filter(|step| step.irreversible.is_some()).count(),
        "costs_in_drip": costs,
    })
}

/// Whether there are steps, and all of them only mend what moved outside.
#[must_use]
pub fn only_drift(plan: &Plan) -> bool {
    !plan.steps.is_empty() && plan.steps.iter().all(|step| step.reason.is_drift())
}

/// Effects of all steps.
#[must_use]
pub fn count_effects(plan: &Plan) -> usize {
    plan.steps.iter().map(|step| step.effects.len()).sum()
}

/// What gets another name in the state.
fn moved(plan: &Plan, paint: Paint) -> Option<String> {
    let lines = plan
        .moved
        .iter()
        .map(|(from, to)| format!("  {from} → {to}\n"));
    let lines: String = lines.collect();
    let title = paint.bold("renamed in the state:");
    (!lines.is_empty()).then(|| format!("{title}\n{lines}"))
}

/// What stays as it is because of a fault.
fn blocked(plan: &Plan, paint: Paint) -> Option<String> {
    let mut lines = String::new();
    for one in &plan.blocked {
        let attribute = one.attribute.iter().map(|name| format!(", `{name}` alone"));
        let attribute: String = attribute.collect();
        let what = clean_line(&one.summary);
        let _ = writeln!(
            lines,
            "  {} {}{attribute} ({}): {what}",
            paint.red("!"),
            one.address,
            one.code,
        );
    }
    let title = paint.bold("blocked, and left as it is:");
    (!lines.is_empty()).then(|| format!("{title}\n{lines}"))
}

/// How many resources are blocked, wholly or in one attribute.
#[must_use]
pub fn count_blocked(plan: &Plan) -> usize {
    let addresses: BTreeSet<&Address> = plan.blocked.iter().map(|one| &one.address).collect();
    addresses.len()
}

fn drifted(drift: &Drift, paint: Paint) -> String {
    let address = &drift.address;
    if drift.gone {
        return format!("  {} {address} is gone\n", paint.red("!"));
    }
    let mut text = format!("  {} {address}\n", paint.yellow("!"));
    for change in &drift.changes {
        let lines = changes::format_change(change, false, paint).join("\n");
        text.push_str(&indent_lines(&lines, 6));
    }
    text
}

fn stepped(step: &Step, around: Around<'_>) -> String {
    let paint = around.paint;
    let head = format!("{} {}", mark(step.action), step.action);
    let head = match step.action {
        Action::Create | Action::Adopt => paint.green(&head),
        Action::Update | Action::Forget => paint.yellow(&head),
        Action::Replace | Action::Delete => paint.red(&head),
    };
    let address = paint.bold(step.address.as_str());
    let reason = match step.reason {
        Reason::Unwanted if around.destroy => "everything is taken down".to_owned(),
        reason => reason.to_string(),
    };
    let mut text = format!("{head} {address} ({reason})\n");
    let shown = !matches!(step.action, Action::Delete | Action::Forget);
    for change in step.changes.iter().filter(|_| shown) {
        let created = step.action == Action::Create;
        let lines = changes::format_change(change, created, paint).join("\n");
        text.push_str(&indent_lines(&lines, 4));
    }
    for effect in &step.effects {
        let _ = writeln!(text, "  → {}", clean_line(&effect.summary));
    }
    for note in &step.notes {
        let _ = writeln!(text, "  note: {}", clean_line(note));
    }
    text
}

fn mark(action: Action) -> char {
    match action {
        Action::Create => '+',
        Action::Adopt => '=',
        Action::Update => '~',
        Action::Replace => '±',
        Action::Delete => '-',
        Action::Forget => '>',
    }
}

fn outputs(plan: &Plan, before: &BTreeMap<String, Value>, paint: Paint) -> Option<String> {
    let mut lines = String::new();
    for (name, after) in &plan.outputs {
        match before.get(name) {
            Some(before) if before == after => {}
            Some(before) => {
                let (before, after) = changes::format_value_pair(before, after);
                let _ = writeln!(lines, "  {}: {before} → {after}", clean_line(name));
            }
            None => lines.push_str(&indent_lines(
                &changes::format_named_value(name, after).join("\n"),
                2,
            )),
        }
    }
    for name in plan.dropped_outputs(before) {
        let _ = writeln!(lines, "  {}: removed", clean_line(name));
    }
    (!lines.is_empty()).then(|| format!("{}\n{lines}", paint.bold("outputs:")))
}

pub(super) fn irreversible(plan: &Plan, paint: Paint) -> Option<String> {
    let mut lines = String::new();
    for step in &plan.steps {
        if let Some(why) = &step.irreversible {
            let _ = writeln!(
                lines,
                "  {} {}: {}",
                paint.red("!"),
                step.address,
                clean_line(why)
            );
        }
    }
    (!lines.is_empty()).then(|| format!("{}\n{lines}", paint.bold("cannot be undone:")))
}

pub(super) fn money(plan: &Plan, paint: Paint) -> Option<String> {
    let totals = check::sum_costs(plan.costs());
    if totals.is_empty() {
        return None;
    }
    let mut text = format!("{}\n", paint.bold("money, at most:"));
    for (payer, costs) in &totals {
        text.push_str(&payment(payer, costs));
    }
    Some(text)
}

fn payment(payer: &Address, costs: &BTreeMap<Purpose, Drip>) -> String {
    let from_balance = costs
        .iter()
        .filter(|(purpose, _)| purpose.is_from_balance());
    let all = from_balance
        .map(|(_, cost)| *cost)
        .try_fold(Drip(0), Drip::checked_add);
    let all = match all {
        None => ": too much to add".to_owned(),
        // All of it is paid from another account.
        Some(Drip(0)) => String::new(),
        Some(sum) => format!(": {sum}"),
    };
    let mut text = format!("  {payer}{all}\n");
    let amounts = align_amounts(costs.values());
    for (purpose, amount) in costs.keys().zip(amounts) {
        let what = match purpose {
            Purpose::Gas => "gas; what is not used stays with the payer",
            Purpose::Collateral => "storage collateral; comes back when the storage is freed",
            Purpose::Stake => "stake; comes back after unlocking",
            Purpose::Crossing => "moved to the payer's account in eSpace",
            Purpose::EspaceGas => "gas in eSpace, from the payer's account there",
        };
        let _ = writeln!(text, "    {amount} {what}");
    }
    text
}

/// Amounts below each other, with their points in one column.
fn align_amounts<'a>(amounts: impl Iterator<Item = &'a Drip>) -> Vec<String> {
    let texts: Vec<String> = amounts.map(Drip::to_string).collect();
    let split = |text: &'_ String| {
        let number = text.trim_end_matches(" CFX");
        let whole = number.find('.').unwrap_or(number.len());
        (whole, number.len() - whole)
    };
    let widest = |part: fn((usize, usize)) -> usize| {
        let widths = texts.iter().map(|text| part(split(text)));
        widths.max().unwrap_or_default()
    };
    let (wholes, fractions) = (widest(|(whole, _)| whole), widest(|(_, fraction)| fraction));
    let aligned = texts.iter().map(|text| {
        let (whole, fraction) = split(text);
        let number = text.trim_end_matches(" CFX");
        let (left, right) = (wholes - whole, fractions - fraction);
        format!("{:left$}{number}{:right$} CFX", "", "")
    });
    aligned.collect()
}

/// The last line: how many of what.
fn counts(plan: &Plan, around: Around<'_>, outputs: bool) -> String {
    let counted = ACTIONS.map(|action| (action, of(plan, action)));
    let parts: Vec<String> = counted
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(action, number)| format!("{number} to {action}"))
        .collect();
    let planned = parts.join(", ");
    if around.refused {
        let planned = if parts.is_empty() {
            planned
        } else {
            format!("{planned}; ")
        };
        return format!("{planned}cannot be applied because of the errors");
    }
    let found = summarise_findings(around.findings);
    let blocked = count_blocked(plan);
    let blocked_text = (blocked > 0).then(|| format!("{blocked} blocked"));
    let also = |text: String| {
        let more = [&found, &blocked_text].into_iter().flatten();
        more.fold(text, |text, more| format!("{text}; {more}"))
    };
    match count_effects(plan) {
        _ if parts.is_empty() && outputs => also("only outputs change".to_owned()),
        _ if parts.is_empty() && !plan.moved.is_empty() => {
            also("only names in the state change".to_owned())
        }
        // What is blocked may be otherwise than the spec says: nobody can tell.
        _ if parts.is_empty() && blocked > 0 => also("nothing else can be done".to_owned()),
        _ if parts.is_empty() && !plan.left_out.is_empty() => {
            also("nothing to do in this part".to_owned())
        }
        _ if parts.is_empty() && around.destroy => "nothing to do: nothing is left".to_owned(),
        _ if parts.is_empty() && has_trouble(around.findings) => {
            also("no changes to make".to_owned())
        }
        _ if parts.is_empty() && found.is_some() => also("nothing to do but wait".to_owned()),
        _ if parts.is_empty() => "nothing to do: everything is as the spec says".to_owned(),
        0 => also(planned),
        effects => {
            let outside = format_count(effects, "effect outside", "effects outside");
            also(format!("{planned}; {outside}"))
        }
    }
}

fn of(plan: &Plan, action: Action) -> usize {
    plan.steps
        .iter()
        .filter(|step| step.action == action)
        .count()
}

fn key(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Gas => "gas",
        Purpose::Collateral => "collateral",
        Purpose::Stake => "stake",
        Purpose::Crossing => "crossing",
        Purpose::EspaceGas => "espace_gas",
    }
}

/// What `start` says of something that runs.
#[must_use]
pub fn format_running(address: &Address) -> String {
    format!("{address} runs: there is nothing to start\n")
}

/// The values that a saved plan was made with, and those that it does not keep.
#[must_use]
pub fn format_variables(
    variables: &BTreeMap<String, Value>,
    withheld: &BTreeSet<String>,
) -> String {
    let kept = variables
        .iter()
        .map(|(name, value)| format!("  {} = {value}\n", clean_line(name)));
    let others = withheld.iter().map(|name| {
        let name = clean_line(name);
        format!("  {name}: not kept, since a URL in it may hold a key; give it again\n")
    });
    let lines: String = kept.chain(others).collect();
    if lines.is_empty() {
        return lines;
    }
    format!("variables of the plan:\n{lines}\n")
}

/// What `plan --out` says.
#[must_use]
pub fn format_plan_saved(path: &Path) -> String {
    let path = path.display();
    format!(
        "saved `{path}`; `pospool apply {path}` does exactly this, or nothing if it is stale then\n"
    )
}

/// What changed since a saved plan was made, and is none of its business.
#[must_use]
pub fn format_untouched(untouched: &BTreeSet<Address>) -> String {
    let mut text =
        "would change by now, and stays, since the saved plan does not touch it (`pospool plan` shows what):\n".to_owned();
    for address in untouched {
        text.push_str("  ");
        text.push_str(address.as_str());
        text.push('\n');
    }
    text
}

/// What a killed run left behind.
#[must_use]
pub fn under_way(open: usize) -> String {
    let effects = format_count(open, "effect was", "effects were");
    format!("{effects} under way when the last run stopped, so this plan may change")
}
