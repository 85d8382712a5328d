//! A saved plan: written by `plan --out`, carried out by `apply FILE`.

use std::collections::BTreeSet;
use std::path::Path;

use pospool_lang::config::Config;
use pospool_model::Address;
use pospool_model::plan::Plan;
use pospool_model::state::State;
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
}

impl PlanFile {
    /// The file of a plan.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let is_whole = plan.blocked.is_empty() && plan.left_out.is_empty();
        let is_first = plan.groups.is_empty() && plan.barriers.is_empty() && is_whole;
        Self {
            format: "pospool-plan".to_owned(),
            version: if is_first { FIRST } else { VERSION },
            plan,
        }
    }
}

/// Refuses a place for a plan where something else is.
pub fn check_place(path: &Path) -> Result<(), StoreError> {
    refuse_foreign_place(path, MARK).map(|_| ())
}

/// Writes a plan; the file is private to its owner.
pub fn save_plan(path: &Path, plan: &Plan) -> Result<(), StoreError> {
    let file = PlanFile::new(plan.clone());
    let text = serde_json::to_vec(&file).map_err(|source| StoreError::Encode { source })?;
    replace_own_file(path, &text, MARK)
}

/// Reads a plan that [`save_plan`] wrote.
pub fn load_plan(path: &Path) -> Result<Plan, StoreError> {
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
pub fn decode_plan(name: &Path, bytes: &[u8]) -> Result<Plan, StoreError> {
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
    Ok(file.plan)
}

/// Why a saved plan must not be applied any more; empty when it is fresh.
#[must_use]
pub fn find_stale_reasons(
    plan: &Plan,
    config: &Config,
    state: &State,
    seen: &SeenResources,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if plan.spec_digest != config.digest() {
        reasons.push("the spec or its variables changed".to_owned());
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
        let stale =
            |plan: &Plan| find_stale_reasons(plan, &Config::default(), &State::default(), &seen);
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
            find_stale_reasons(plan, &Config::default(), &State::default(), &seen)
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
