//! A saved plan: written by `plan --out`, carried out by `apply FILE`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use pospool_lang::config::Config;
use pospool_model::endpoint::any_key_in;
use pospool_model::plan::Plan;
use pospool_model::state::State;
use pospool_model::{Address, Value};
use serde::{Deserialize, Serialize};

use crate::blocked::Block;
use crate::observe::SeenResources;
use crate::store::{
    FIRST, Mark, StoreError, VERSION, check_groups, parse_form, read_bounded, refuse_foreign_place,
    replace_own_file,
};

/// How a plan file begins.
const MARK: Mark = "{\"format\":\"pospool-plan\"";

/// Most bytes of a plan that are read.
const MAX_BYTES: u64 = 256 << 20;

/// The plan file.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// Always `pospool-plan`.
    pub format: String,
    /// Version of this form.
    pub version: u64,
    /// The plan itself.
    pub plan: Plan,
    /// Values of the spec's variables that it was made with; a variable is never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// Variables whose values are not kept, since a URL in them may hold a key: they are given again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub withheld: BTreeSet<String>,
}

impl PlanFile {
    /// The file of a plan that was made with these variables.
    #[must_use]
    pub fn new(plan: Plan, variables: BTreeMap<String, Value>) -> Self {
        let is_whole = plan.blocked.is_empty() && plan.left_out.is_empty();
        let is_first = plan.groups.is_empty() && plan.barriers.is_empty() && is_whole;
        let is_first = is_first && variables.is_empty() && plan.moved.is_empty();
        let (withheld, variables): (BTreeMap<_, _>, _) = variables
            .into_iter()
            .partition(|(_, value)| any_key_in(&value.to_string()));
        Self {
            format: "pospool-plan".to_owned(),
            version: if is_first { FIRST } else { VERSION },
            plan,
            variables,
            withheld: withheld.into_keys().collect(),
        }
    }
}

/// Refuses a place for a plan where something else is.
pub fn check_place(path: &Path) -> Result<(), StoreError> {
    refuse_foreign_place(path, MARK).map(|_| ())
}

/// Writes a plan; the file is private to its owner.
pub fn save_plan(path: &Path, file: &PlanFile) -> Result<(), StoreError> {
    let text = serde_json::to_vec(file).map_err(|source| StoreError::Encode { source })?;
    replace_own_file(path, &text, MARK)
}

/// Reads a plan that [`save_plan`] wrote.
pub fn load_plan(path: &Path) -> Result<PlanFile, StoreError> {
    let Some(bytes) = read_bounded(path, MAX_BYTES)? else {
        return Err(StoreError::Io {
            verb: "read",
            path: path.to_owned(),
            source: std::io::Error::from(std::io::ErrorKind::NotFound),
        });
    };
    decode_plan(path, &bytes)
}

/// Reads the bytes of a plan file; `name` is for messages.
pub fn decode_plan(name: &Path, bytes: &[u8]) -> Result<PlanFile, StoreError> {
    let file: PlanFile = parse_form(name, bytes, "pospool-plan", VERSION)?;
    let records = file
        .plan
        .steps
        .iter()
        .filter_map(|step| step.record.as_ref());
    check_groups(
        name,
        records.flat_map(|record| &record.depends_on),
        &file.plan.groups,
    )?;
    Ok(file)
}

/// Why a saved plan must not be applied any more; empty when it is fresh.
#[must_use]
pub fn find_stale_reasons(
    file: &PlanFile,
    config: &Config,
    state: &State,
    seen: &SeenResources,
) -> Vec<String> {
    let plan = &file.plan;
    let mut reasons = Vec::new();
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
    // Of a resource with one attribute that stays as it is, everything else was planned.
    let blocked = plan.blocked.iter().filter(|one| one.attribute.is_none());
    let known: BTreeSet<&Address> = blocked.map(|one| &one.address).collect();
    for (address, block) in &seen.blocked.resources {
        if *block != Block::LeftOut && !known.contains(address) {
            reasons.push(format!("`{address}` is blocked now, and was not"));
        }
    }
    for (address, identity) in &plan.chains {
        if seen.chains.get(address) != Some(identity) {
            reasons.push(format!("`{address}` is another chain now"));
        }
    }
    for (name, then) in &plan.bindings {
        let now = seen.bindings.get(name).map_or("nothing", String::as_str);
        let went_on = || number(now) > number(then) && seen.is_moved_by_service(name, plan);
        if now != then && !went_on() {
            reasons.push(format!("{name} went from {then} to {now}"));
        }
    }
    reasons
}

/// A fact that is a number.
fn number(fact: &str) -> Option<u64> {
    fact.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;
    use pospool_model::Diagnostic;
    use pospool_model::plan::BlockedResource;

    fn file(plan: &Plan) -> PlanFile {
        PlanFile::new(plan.clone(), BTreeMap::new())
    }

    #[test]
    fn case_saved_vars_a_value_that_may_hold_a_key_is_named_and_not_kept() {
        let text = |text: &str| Value::List(vec![Value::from(text)]);
        let variables = BTreeMap::from([
            ("n".to_owned(), Value::Integer(7)),
            (
                "rpc".to_owned(),
                text("https://rpc.example/v1/0a1b2c3d4e5f60718293"),
            ),
        ]);
        let file = PlanFile::new(Plan::default(), variables);
        assert_eq!(file.version, VERSION);
        let bytes = serde_json::to_vec(&file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("0a1b2c"));
        let mut read = decode_plan(Path::new("p"), &bytes).unwrap();
        assert!(read.variables.keys().eq(["n"]) && read.withheld.iter().eq(["rpc"]));
        read.plan.spec_digest = "of rpc".to_owned();
        let (config, seen) = (Config::default(), SeenResources::default());
        let reasons = find_stale_reasons(&read, &config, &State::default(), &seen);
        assert!(reasons[0].contains("does not keep `rpc`"), "{reasons:?}");
    }

    #[test]
    fn one_attribute_that_was_not_seen_is_not_the_whole_resource() {
        let address: Address = "thing.a".parse().unwrap();
        let mut plan = Plan::default();
        plan.blocked.push(BlockedResource {
            address: address.clone(),
            attribute: Some("value".to_owned()),
            code: codes::PLAN_IN_USE.to_string(),
            summary: "it cannot be looked at".to_owned(),
            help: None,
            needs: None,
        });
        let mut seen = SeenResources::default();
        let fault = Diagnostic::error(codes::PLAN_IN_USE, "it cannot be looked at");
        seen.blocked.add(&address, Block::Faults(vec![fault]));
        let stale = |plan: &Plan| {
            find_stale_reasons(&file(plan), &Config::default(), &State::default(), &seen)
        };
        assert_eq!(stale(&plan), ["`thing.a` is blocked now, and was not"]);
        plan.blocked[0].attribute = None;
        assert_eq!(stale(&plan), Vec::<String>::new());
    }

    #[test]
    fn case_false_alarm_a_plan_stays_fresh_while_a_service_signs_with_an_account_that_it_does_not_use()
     {
        let name = "nonce core cfx:aa";
        let mut plan = Plan::default();
        plan.bindings.insert(name.to_owned(), "5".to_owned());
        plan.counters.insert(name.to_owned(), 5);
        let stale = |plan: &Plan, now: &str, account: &str| {
            let mut seen = SeenResources::default();
            seen.bindings.insert(name.to_owned(), now.to_owned());
            seen.service_accounts.insert(account.to_owned());
            find_stale_reasons(&file(plan), &Config::default(), &State::default(), &seen)
        };
        let moved = ["nonce core cfx:aa went from 5 to 7"];
        assert_eq!(stale(&plan, "7", "cfx:aa"), Vec::<String>::new());
        assert_eq!(stale(&plan, "7", "cfx:ab"), moved, "of another account");
        assert_eq!(stale(&plan, "4", "cfx:aa").len(), 1, "an older chain");
        assert_eq!(stale(&plan, "nothing", "cfx:aa").len(), 1, "not seen");
        plan.counters.insert(name.to_owned(), 6);
        assert_eq!(stale(&plan, "7", "cfx:aa"), moved, "the plan signs too");
    }
}
